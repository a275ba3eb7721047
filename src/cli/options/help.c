/* --help, and the list of recipes. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/options.h"

#include <string.h>

enum {
    COLUMNS = 80, /* of the narrowest terminal that people use */
    RECIPE_COLUMN = 15,
    HELP_COLUMN = 27, /* where an option's help begins */
    EXIT_COLUMN = 6
};

/* A paragraph being filled: words go on the line as long as they fit. */
typedef struct paragraph {
    FILE *out;
    int indent;
    int column;      /* where the next character goes */
    bool first_word; /* of the line: no blank before it */
} paragraph;

static void start_line(paragraph *p)
{
    fprintf(p->out, "\n%*s", p->indent, "");
    p->column = p->indent;
    p->first_word = true;
}

/* Breaks a word that is wider than a line, so that no line is too wide. */
static void put_word(paragraph *p, const char *word, int length)
{
    if (!p->first_word && p->column + 1 + length > COLUMNS) {
        start_line(p);
    }
    if (!p->first_word) {
        fputc(' ', p->out);
        p->column++;
    }
    while (p->column + length > COLUMNS) {
        int part = COLUMNS - p->column;
        fprintf(p->out, "%.*s", part, word);
        word += part;
        length -= part;
        start_line(p);
    }
    fprintf(p->out, "%.*s", length, word);
    p->column += length;
    p->first_word = false;
}

static void put_text(paragraph *p, const char *text)
{
    for (const char *word = text; *word; word += strspn(word, " ")) {
        int length = (int)strcspn(word, " ");
        put_word(p, word, length);
        word += length;
    }
}

void mnist_option_default(mnist_option_ref ref, const void *settings, char text[MNIST_OPTION_TEXT])
{
    const mnist_option *option = ref.option;
    text[0] = '\0';
    if (option->type == MNIST_OPTION_FLAG) {
        return; /* flags are off by default */
    }
    mnist_option_format(option, (const char *)settings + ref.section->offset + option->offset,
                        text);
    if (option->type == MNIST_OPTION_SWITCH) {
        snprintf(text, MNIST_OPTION_TEXT, "%s", text[0] == 't' ? "on" : "off");
    } else if (option->zero && strcmp(text, "0") == 0) {
        snprintf(text, MNIST_OPTION_TEXT, "%s", option->zero);
    }
    if (text[0] && ref.section->default_text) {
        snprintf(text, MNIST_OPTION_TEXT, "%s", ref.section->default_text);
    }
}

/* "activation of the hidden layers: relu, tanh or gelu (default: relu)" */
static void print_option_help(mnist_option_ref ref, const void *settings, paragraph *p)
{
    const mnist_option *option = ref.option;
    char text[MNIST_OPTION_TEXT], word[MNIST_OPTION_TEXT + 16];
    bool choice = option->type == MNIST_OPTION_CHOICE;
    snprintf(word, sizeof word, "%s%s", option->help, choice ? ":" : "");
    put_text(p, word);
    for (int value = 0; choice && option->choice(value); value++) {
        bool last = !option->choice(value + 1);
        if (value && last) {
            put_text(p, "or");
        }
        bool comma = !last && option->choice(value + 2);
        snprintf(word, sizeof word, "%s%s", option->choice(value), comma ? "," : "");
        put_text(p, word);
    }
    mnist_option_default(ref, settings, text);
    if (text[0]) {
        int length = snprintf(word, sizeof word, "(default: %s)", text);
        put_word(p, word, length); /* not torn apart */
    }
}

static void print_option(mnist_option_ref ref, const void *settings, FILE *out)
{
    const mnist_option *option = ref.option;
    char left[2 * COLUMNS];
    char letter[8] = "    ";
    if (option->letter) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    int width = snprintf(left, sizeof left, "  %s--%s%s%s%s", letter,
                         option->type == MNIST_OPTION_SWITCH ? "[no-]" : "", option->name,
                         option->argument ? " " : "", option->argument ? option->argument : "");
    fputs(left, out);
    paragraph p = {.out = out, .indent = HELP_COLUMN, .column = width, .first_word = true};
    if (width + 2 > HELP_COLUMN) {
        start_line(&p);
    } else {
        fprintf(out, "%*s", HELP_COLUMN - width, "");
        p.column = HELP_COLUMN;
    }
    print_option_help(ref, settings, &p);
    fputc('\n', out);
}

static void print_paragraph(const char *text, int indent, FILE *out)
{
    fprintf(out, "%*s", indent, "");
    paragraph p = {.out = out, .indent = indent, .column = indent, .first_word = true};
    put_text(&p, text);
    fputc('\n', out);
}

static void print_recipe(const mnist_recipe *recipe, FILE *out)
{
    char name[RECIPE_COLUMN]; /* longer names push their text to the right */
    snprintf(name, sizeof name, "%s", recipe->name);
    int width = fprintf(out, "  %-*s", RECIPE_COLUMN - 3, name);
    paragraph p = {.out = out, .indent = RECIPE_COLUMN, .column = width};
    put_text(&p, recipe->help);
    fputc('\n', out);
}

void mnist_recipe_setting_text(const mnist_program *program, const mnist_recipe_setting *setting,
                               char text[MNIST_OPTION_TEXT])
{
    const mnist_option *option = mnist_option_find(program, setting->option).option;
    bool is_switch =
        option && (option->type == MNIST_OPTION_SWITCH || option->type == MNIST_OPTION_FLAG);
    bool off = is_switch && strcmp(setting->text, "false") == 0;
    snprintf(text, MNIST_OPTION_TEXT, "--%s%s%s%s", off ? "no-" : "", setting->option,
             is_switch ? "" : " ", is_switch ? "" : setting->text);
}

void mnist_options_print_recipes(const mnist_program *program, FILE *out)
{
    for (const mnist_recipe *recipe = program->recipes; recipe && recipe->name; recipe++) {
        fprintf(out, "%s%s: ", recipe > program->recipes ? "\n" : "", recipe->name);
        paragraph p = {
            .out = out, .indent = 4, .column = (int)strlen(recipe->name) + 2, .first_word = true};
        put_text(&p, recipe->help);
        if (recipe->count > 0) {
            start_line(&p);
        }
        for (size_t k = 0; k < recipe->count; k++) {
            char word[MNIST_OPTION_TEXT];
            mnist_recipe_setting_text(program, &recipe->settings[k], word);
            put_word(&p, word, (int)strlen(word)); /* not torn apart */
        }
        fputc('\n', out);
    }
}

void mnist_options_print_help(const mnist_program *program, const void *settings, FILE *out)
{
    fprintf(out, "Usage: %s [OPTION]...%s%s", program->name, program->operand ? " " : "",
            program->operand ? program->operand : "");
    if (program->more_operands) {
        fprintf(out, program->operand_min > 1 ? " %s" : " [%s]", program->more_operands);
    }
    fputs(program->operand_max > (program->more_operands ? 2 : 1) ? "...\n" : "\n", out);
    fputc('\n', out);
    print_paragraph(program->description, 0, out);
    const char *title = "";
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        if (strcmp(title, ref.section->title) != 0) {
            title = ref.section->title;
            fprintf(out, "\n%s:\n", title);
        }
        print_option(ref, settings, out);
    }
    if (program->recipes) {
        fputs("\nRecipes:\n", out);
    }
    for (const mnist_recipe *r = program->recipes; r && r->name; r++) {
        print_recipe(r, out);
    }
    if (program->example_count > 0) {
        fputs("\nExamples:\n", out);
    }
    for (size_t i = 0; i < program->example_count; i++) {
        print_paragraph(program->examples[i].command, 2, out);
        print_paragraph(program->examples[i].text, 6, out);
    }
    if (program->exit_count > 0) {
        fputs("\nExit codes:\n", out);
    }
    for (size_t i = 0; i < program->exit_count; i++) {
        int width = fprintf(out, "%5d ", program->exits[i].code);
        paragraph p = {out, EXIT_COLUMN, width, true};
        put_text(&p, program->exits[i].text);
        fputc('\n', out);
    }
}
