/* Manual pages. The tables hold plain text: characters that mean something to roff are escaped
 * here, and nowhere else. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/describe.h"

#include <ctype.h>
#include <string.h>

/* When the texts in this file last changed; those of the tables belong to the version. */
#define PAGE_DATE "2026-11-29"

enum { LINE = 72, WORD = 2 * MNIST_OPTION_TEXT };

/* The page as it is written: words fill lines, and a sentence begins a line, as roff wants it. */
typedef struct page {
    FILE *out;
    size_t column;
    bool sentence_over;
} page;

/* roff prints - as a hyphen, and ' ` ^ ~ " as other characters that look better: these escapes
 * print what can be copied into a shell. */
static const char *escaped(char c, bool hyphens)
{
    switch (c) {
    case '\\':
        return "\\e";
    case '-':
        return hyphens ? "-" : "\\-";
    case '\'':
        return "\\(aq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    case '"':
        return "\\(dq";
    default:
        return NULL;
    }
}

/* Appends text to word, escaped, as far as it fits. */
static void append(char word[WORD], const char *text, size_t length, bool hyphens)
{
    size_t used = strlen(word);
    for (size_t i = 0; i < length && used + 12 < WORD; i++) {
        const char *escape = escaped(text[i], hyphens);
        const char plain[2] = {text[i], '\0'};
        used += (size_t)snprintf(word + used, WORD - used, "%s", escape ? escape : plain);
    }
}

static void end_line(page *p)
{
    if (p->column > 0) {
        fputc('\n', p->out);
    }
    p->column = 0;
    p->sentence_over = false;
}

/* Adds a word that is already escaped. (roff takes a line that begins with a full stop for a
 * macro.) */
static void put_word(page *p, const char *word)
{
    size_t length = strlen(word);
    if (p->sentence_over || (p->column > 0 && p->column + 1 + length > LINE)) {
        end_line(p);
    }
    const char *guard = p->column == 0 && word[0] == '.' ? "\\&" : "";
    p->column += (size_t)fprintf(p->out, "%s%s%s", p->column > 0 ? " " : "", guard, word);
    p->sentence_over = length > 0 && strchr(".?!", word[length - 1]) != NULL;
}

static void macro(page *p, const char *text)
{
    end_line(p);
    fprintf(p->out, "%s\n", text);
}

static void put_heading(page *p, const char *name, const char *text)
{
    char word[WORD] = "";
    end_line(p);
    append(word, text, strlen(text), true);
    fprintf(p->out, ".%s %s\n", name, word);
}

/* "--option", "-o", "mnist-eval" */
static bool is_name(const char *core, size_t length)
{
    return (length > 1 && core[0] == '-' && !isdigit((unsigned char)core[1])) ||
           (strncmp(core, "mnist-", 6) == 0 &&
            strspn(core, "abcdefghijklmnopqrstuvwxyz-") >= length);
}

/* "warm-up": letters with hyphens between them */
static bool is_hyphenated(const char *core, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isalpha((unsigned char)core[i]) && (core[i] != '-' || i == 0 || i + 1 == length)) {
            return false;
        }
    }
    return true;
}

/* A word of prose: names are bold, without what surrounds them. */
static void put_prose_word(page *p, const char *text, size_t length)
{
    char word[WORD] = "";
    size_t before = strspn(text, "(\""), after = 0;
    before = before < length ? before : 0;
    while (after + before < length && strchr(",.;:)?!\"", text[length - 1 - after])) {
        after++;
    }
    const char *core = text + before;
    const size_t core_length = length - before - after;
    const bool name = is_name(core, core_length);
    append(word, text, before, true);
    if (name) {
        strcat(word, "\\%\\fB"); /* \%: not hyphenated. There is room: append leaves some */
    }
    append(word, core, core_length, !name && is_hyphenated(core, core_length));
    if (name) {
        strcat(word, "\\fR");
    }
    append(word, core + core_length, after, true);
    put_word(p, word);
}

static void put_prose(page *p, const char *text)
{
    for (const char *word = text + strspn(text, " "); *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        put_prose_word(p, word, length);
        word += length;
    }
}

static void put_full_stop(page *p)
{
    fputc('.', p->out);
    p->column++;
    p->sentence_over = true;
}

/* A sentence of text that has a small initial and no full stop. What begins with a word of the
 * command line ("sgd: momentum") keeps it as it is. */
static void put_sentence(page *p, const char *text)
{
    char sentence[1024];
    snprintf(sentence, sizeof sentence, "%s%s", text,
             text[0] && strchr(".?!", text[strlen(text) - 1]) ? "" : ".");
    size_t first = strspn(sentence, "abcdefghijklmnopqrstuvwxyz'");
    if (first > 0 && strchr(" .", sentence[first])) {
        sentence[0] = (char)toupper((unsigned char)sentence[0]);
    }
    put_prose(p, sentence);
}

/* Text to be typed as it stands, in bold, followed by `after`. */
static void put_literal(page *p, const char *text, const char *after)
{
    char word[WORD] = "\\fB";
    append(word, text, strlen(text), false);
    strcat(word, "\\fR");
    strncat(word, after, 2);
    put_word(p, word);
}

static void put_names(page *p, const char *lead, const char *(*name)(int))
{
    put_word(p, lead);
    for (int value = 0; name(value); value++) {
        bool last = !name(value + 1);
        if (value && last) {
            put_word(p, "or");
        }
        put_literal(p, name(value), last ? "." : name(value + 2) ? "," : "");
    }
}

static void put_values(page *p, const mnist_option *option)
{
    char expected[MNIST_OPTION_TEXT];
    switch (option->type) {
    case MNIST_OPTION_CHOICE:
        put_names(p, "One of", option->choice);
        return;
    case MNIST_OPTION_UNSIGNED:
    case MNIST_OPTION_SIZE:
    case MNIST_OPTION_UINT64:
    case MNIST_OPTION_FLOAT:
    case MNIST_OPTION_DOUBLE:
    case MNIST_OPTION_PERCENT:
    case MNIST_OPTION_SHARE:
    case MNIST_OPTION_WIDTHS:
    case MNIST_OPTION_RATES:
    case MNIST_OPTION_CLASSES:
    case MNIST_OPTION_INTERVAL:
        mnist_option_expected(option, expected);
        put_word(p, "Takes");
        put_prose(p, expected);
        put_full_stop(p);
        return;
    default:
        return;
    }
}

static void put_option(page *p, mnist_option_ref ref, const void *settings)
{
    const mnist_option *option = ref.option;
    char tag[WORD] = "", text[MNIST_OPTION_TEXT];
    macro(p, ".TP");
    if (option->letter) {
        snprintf(tag, sizeof tag, "\\fB\\-%c\\fR, ", option->letter);
    }
    strcat(tag, "\\fB\\-\\-");
    append(tag, option->name, strlen(option->name), false);
    strcat(tag, "\\fR");
    if (option->type == MNIST_OPTION_SWITCH) {
        strcat(tag, ", \\fB\\-\\-no\\-");
        append(tag, option->name, strlen(option->name), false);
        strcat(tag, "\\fR");
    }
    if (option->argument) {
        strcat(tag, " \\fI");
        append(tag, option->argument, strlen(option->argument), false);
        strcat(tag, "\\fR");
    }
    fprintf(p->out, "%s\n", tag);
    put_sentence(p, option->help);
    put_values(p, option);
    mnist_option_default(ref, settings, text);
    if (text[0]) {
        put_word(p, "Default:");
        put_prose(p, text);
        put_full_stop(p);
    }
}

static void put_recipes(page *p, const mnist_program *program)
{
    if (!program->recipes) {
        return;
    }
    put_heading(p, "SH", "RECIPES");
    put_prose(p, "What --recipe NAME sets:");
    for (const mnist_recipe *recipe = program->recipes; recipe->name; recipe++) {
        macro(p, ".TP");
        put_literal(p, recipe->name, "");
        end_line(p);
        put_sentence(p, recipe->help);
        if (recipe->count > 0) {
            macro(p, ".br");
        }
        for (size_t k = 0; k < recipe->count; k++) {
            char text[MNIST_OPTION_TEXT];
            mnist_recipe_setting_text(program, &recipe->settings[k], text);
            put_prose(p, text);
        }
    }
}

static void put_named(page *p, const char *heading, const mnist_named_text *named)
{
    if (!named || !named->name) {
        return;
    }
    put_heading(p, "SH", heading);
    for (; named->name; named++) {
        macro(p, ".TP");
        put_literal(p, named->name, "");
        end_line(p);
        put_sentence(p, named->text);
    }
}

static void put_title(page *p, const mnist_program *program)
{
    char title[WORD] = "", name[WORD] = "";
    for (const char *c = program->name; *c; c++) {
        const char capital = (char)toupper((unsigned char)*c);
        append(title, &capital, 1, false);
    }
    append(name, program->name, strlen(program->name), false);
    fprintf(p->out,
            ".\\\" Made from the option table of %s.\n"
            ".TH %s 1 %s \"mnist\\-train %s\" \"User Commands\"\n",
            program->name, title, PAGE_DATE, mnist_version());
    put_heading(p, "SH", "NAME");
    fprintf(p->out, "%s \\-", name);
    p->column = strlen(name) + 3;
    put_prose(p, program->summary);
    put_heading(p, "SH", "SYNOPSIS");
    fprintf(p->out, "\\fB%s\\fR [\\fIOPTION\\fR]...", name);
    if (program->operand) {
        fprintf(p->out, " \\fI%s\\fR", program->operand);
    }
    if (program->more_operands) {
        fprintf(p->out, program->operand_min > 1 ? " \\fI%s\\fR" : " [\\fI%s\\fR]",
                program->more_operands);
    }
    if (program->operand_max > (program->more_operands ? 2 : 1)) {
        fputs("...", p->out);
    }
    fputc('\n', p->out);
}

static void put_rest(page *p, const mnist_program *program, const char *const *programs)
{
    put_recipes(p, program);
    if (program->example_count > 0) {
        put_heading(p, "SH", "EXAMPLES");
    }
    for (size_t i = 0; i < program->example_count; i++) {
        macro(p, ".TP");
        put_literal(p, program->examples[i].command, "");
        end_line(p);
        put_sentence(p, program->examples[i].text);
    }
    if (program->exit_count > 0) {
        put_heading(p, "SH", "EXIT STATUS");
    }
    for (size_t i = 0; i < program->exit_count; i++) {
        macro(p, ".TP");
        fprintf(p->out, "\\fB%d\\fR\n", program->exits[i].code);
        put_sentence(p, program->exits[i].text);
    }
    put_named(p, "ENVIRONMENT", program->environment);
    put_named(p, "FILES", program->files);
    size_t others = 0;
    for (const char *const *name = programs; *name; name++) {
        if (strcmp(*name, program->name) == 0) {
            continue;
        }
        if (others++ == 0) {
            put_heading(p, "SH", "SEE ALSO");
        } else {
            fputs(",\n", p->out);
        }
        char word[WORD] = "";
        append(word, *name, strlen(*name), false);
        fprintf(p->out, "\\fB%s\\fR(1)", word);
    }
    if (others > 0) {
        fputc('\n', p->out);
    }
}

void mnist_describe_man(const mnist_program *program, const void *settings,
                        const char *const *programs, FILE *out)
{
    page p = {.out = out};
    put_title(&p, program);
    put_heading(&p, "SH", "DESCRIPTION");
    put_prose(&p, program->description);
    if (program->operand) {
        macro(&p, ".PP");
        put_prose(&p, "Options may stand before and after the operands; -- ends them.");
    }
    put_heading(&p, "SH", "OPTIONS");
    const char *title = "";
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        if (strcmp(title, ref.section->title) != 0) {
            title = ref.section->title;
            put_heading(&p, "SS", title);
        }
        put_option(&p, ref, settings);
    }
    put_rest(&p, program, programs);
    end_line(&p);
}
