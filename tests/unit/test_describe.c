/* Manual pages and completion: of a table made of hard cases, and that every option of every
 * program is in all of them. Whether shells and man read them is tested by
 * tests/cli/test_describe.sh. */
#define _POSIX_C_SOURCE 200809L

#include "cli/describe/programs.h"
#include "cli/options/describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef enum kind { MAN, BASH, ZSH, FISH, KINDS } kind;

static const char *const program_names[] = {"mnist-train", "mnist-eval", "tricky-one", NULL};

/* What is written about a program; to be freed. */
static char *described(kind which, const mnist_program *program, const void *settings)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    switch (which) {
    case MAN:
        mnist_describe_man(program, settings, program_names, out);
        break;
    case BASH:
        mnist_describe_bash(program, out);
        break;
    case ZSH:
        mnist_describe_zsh(program, out);
        break;
    default:
        mnist_describe_fish(program, out);
        break;
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("lacks |%s|:\n%s", part, text);
    }
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("has |%s|:\n%s", part, text);
    }
}

/* Every option. */

/* name as the kind writes it: dashes of a manual page are \-. */
static void check_name(kind which, const char *text, const char *name, const char *before,
                       const char *after)
{
    char escaped[300] = "";
    for (const char *c = name; *c; c++) {
        strcat(escaped, which == MAN && *c == '-' ? "\\-" : (char[]){*c, '\0'});
    }
    char part[400];
    snprintf(part, sizeof part, "%s%s%s", before, escaped, after);
    assert_has(text, part);
}

static void check_program(const mnist_program *program, const void *settings)
{
    static const struct {
        const char *before, *after;
    } around[KINDS] = {[MAN] = {"\\fB\\-\\-", "\\fR"},
                       [BASH] = {"--", ""},
                       [ZSH] = {")--", ""},
                       [FISH] = {" -l ", " -"}};
    assert_non_null(program->summary);
    for (kind which = 0; which < KINDS; which++) {
        char *text = described(which, program, settings);
        char off[64];
        size_t count = 0;
        mnist_option_ref ref = mnist_option_at(program, 0);
        for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
            const mnist_option *option = ref.option;
            check_name(which, text, option->name, around[which].before, around[which].after);
            if (option->type == MNIST_OPTION_SWITCH) {
                snprintf(off, sizeof off, "no-%s", option->name);
                check_name(which, text, off, around[which].before, around[which].after);
            }
            for (int i = 0; option->choice && option->choice(i); i++) {
                check_name(which, text, option->choice(i), "", "");
            }
            count++;
        }
        assert_true(count > 5);
        for (const char *c = text; *c; c++) { /* so that no encoding matters */
            assert_true((*c >= ' ' && *c <= '~') || *c == '\n');
        }
        free(text);
    }
}

static void test_every_option(void **state)
{
    (void)state;
    for (size_t i = 0; mnist_programs[i]; i++) {
        void *settings = calloc(1, mnist_programs[i]->settings_size);
        assert_non_null(settings);
        mnist_programs[i]->defaults(settings);
        check_program(mnist_programs[i], settings);
        free(settings);
    }
}

/* All characters that roff or a shell could interpret. */

typedef struct tricky_settings {
    bool flag, on;
    unsigned count;
    const char *file, *folder, *spec;
    int choice;
} tricky_settings;

static const char *tricky_name(int value)
{
    static const char *const names[] = {"one-by-one", "two"};
    return value >= 0 && value < 2 ? names[value] : NULL;
}

static const char *only_name(int value)
{
    return value == 0 ? "fast" : NULL;
}

#define T tricky_settings
static const mnist_option tricky_options[] = {
    {.type = MNIST_OPTION_FLAG,
     .offset = MNIST_OPTION_FIELD(bool, T, flag),
     .name = "flag",
     .help = ".hidden 'quoted' \\n back\\slash, [brackets]: $HOME `id` warm-up and -1 of \"it\""},
    {.type = MNIST_OPTION_SWITCH,
     .offset = MNIST_OPTION_FIELD(bool, T, on),
     .letter = 'x',
     .name = "on-off",
     .help = "is it on? goes with --flag; see mnist-eval"},
    {.type = MNIST_OPTION_UNSIGNED,
     .offset = MNIST_OPTION_FIELD(unsigned, T, count),
     .whole = {1, 7},
     .argument = "N",
     .letter = 'c',
     .name = "count",
     .help = "how many"},
    {.type = MNIST_OPTION_STRING,
     .offset = MNIST_OPTION_FIELD(const char *, T, file),
     .argument = "FILE",
     .name = "file",
     .help = "what to read"},
    {.type = MNIST_OPTION_STRING,
     .offset = MNIST_OPTION_FIELD(const char *, T, folder),
     .argument = "DIR",
     .name = "folder",
     .help = "sgd: where"},
    {.type = MNIST_OPTION_STRING,
     .offset = MNIST_OPTION_FIELD(const char *, T, spec),
     .argument = "A:B",
     .name = "spec",
     .suggested = tricky_name,
     .help = "how"},
    {.type = MNIST_OPTION_CHOICE,
     .offset = MNIST_OPTION_FIELD(int, T, choice),
     .argument = "NAME",
     .name = "choice",
     .choice = tricky_name,
     .help = "which"},
    {.type = MNIST_OPTION_ACTION_RECIPE,
     .name = "recipe",
     .argument = "NAME",
     .choice = only_name,
     .help = "begin so"},
};
#undef T

static const mnist_option_section tricky_sections[] = {
    {.title = "All", .options = tricky_options, .count = LENGTH(tricky_options)},
};
static const mnist_recipe_setting fast_settings[] = {{"count", "5"}, {"on-off", "false"}};
static const mnist_recipe tricky_recipes[] = {
    {"fast", "it's: quick", fast_settings, LENGTH(fast_settings)},
    {NULL, NULL, NULL, 0},
};
static const mnist_example tricky_examples[] = {{"tricky-one 'a b' \\", "try. it"}};
static const mnist_exit_text tricky_exits[] = {{2, "bad command line"}};
static const mnist_named_text tricky_files[] = {{".rc", "first"}, {NULL, NULL}};

static const mnist_program tricky = {
    .name = "tricky-one",
    .summary = "be tricky",
    .description = "First. Second, with a word-by-word hyphen. .PP is no macro.",
    .operand = "MODEL",
    .operand_max = 9,
    .sections = tricky_sections,
    .section_count = 1,
    .recipes = tricky_recipes,
    .examples = tricky_examples,
    .example_count = 1,
    .exits = tricky_exits,
    .exit_count = 1,
    .files = tricky_files,
};

static void test_man(void **state)
{
    (void)state;
    const tricky_settings settings = {.on = true, .count = 3};
    char *text = described(MAN, &tricky, &settings);
    assert_has(text, ".TH TRICKY\\-ONE 1 ");
    assert_has(text, ".SH NAME\ntricky\\-one \\- be tricky\n.SH SYNOPSIS\n"
                     "\\fBtricky\\-one\\fR [\\fIOPTION\\fR]... \\fIMODEL\\fR...\n");
    /* a sentence begins a line, and no line begins with a macro's full stop */
    assert_has(text, "\nFirst.\nSecond, with a word-by-word hyphen.\n\\&.PP is no macro.\n");
    assert_has(text, ".TP\n\\fB\\-\\-flag\\fR\n\\&.hidden \\(aqquoted\\(aq \\en back\\eslash, "
                     "[brackets]: $HOME \\(gaid\\(ga\nwarm-up and \\-1 of \\(dqit\\(dq.\n");
    assert_has(text,
               "\\fB\\-x\\fR, \\fB\\-\\-on\\-off\\fR, \\fB\\-\\-no\\-on\\-off\\fR\nIs it on?\n"
               "goes with \\%\\fB\\-\\-flag\\fR; see \\%\\fBmnist\\-eval\\fR.\nDefault: on.\n");
    assert_has(text, "\\fB\\-c\\fR, \\fB\\-\\-count\\fR \\fIN\\fR\nHow many.\n"
                     "Takes a whole number from 1 to 7.\nDefault: 3.\n");
    assert_has(text, "\nsgd: where.\n.TP\n");
    assert_has(text, "One of \\fBone\\-by\\-one\\fR or \\fBtwo\\fR.\nDefault: one-by-one.\n");
    assert_has(text, ".TP\n\\fBfast\\fR\nit\\(aqs: quick.\n.br\n\\%\\fB\\-\\-count\\fR 5 "
                     "\\%\\fB\\-\\-no\\-on\\-off\\fR\n");
    assert_has(text, ".TP\n\\fBtricky\\-one \\(aqa b\\(aq \\e\\fR\nTry.\nit.\n");
    assert_has(text, ".SH EXIT STATUS\n.TP\n\\fB2\\fR\nBad command line.\n");
    assert_has(text, ".SH FILES\n.TP\n\\fB.rc\\fR\nFirst.\n");
    assert_lacks(text, ".SH ENVIRONMENT"); /* it names none */
    assert_has(text, ".SH SEE ALSO\n\\fBmnist\\-train\\fR(1),\n\\fBmnist\\-eval\\fR(1)\n");
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 80 && length > 0 && line[length - 1] != ' ');
        line += length + 1;
    }
    free(text);
}

static void test_shells(void **state)
{
    (void)state;
    char *text = described(BASH, &tricky, NULL);
    assert_has(text, "complete -F _tricky_one tricky-one\n");
    assert_has(text, "    --file)\n        compopt -o default\n");
    assert_has(text, "    --folder)\n        compopt -o dirnames\n");
    assert_has(text, "    -c | --count)\n        return\n");
    assert_has(text, "    --spec)\n        words='one-by-one two'\n");
    assert_has(text, "    --recipe)\n        words='fast list'\n");
    assert_has(text, " --on-off --no-on-off ");
    assert_has(text, "if [[ $cur != -* ]]; then\n            compopt -o default\n");
    free(text);

    text = described(ZSH, &tricky, NULL);
    assert_has(text, "#compdef tricky-one\n");
    assert_has(text, "    '(--flag)--flag[.hidden '\\''quoted'\\'' \\\\n back\\\\slash, "
                     "\\[brackets\\]\\: $HOME `id` warm-up and -1 of \"it\"]'\n");
    assert_has(text, "    '(--on-off -x --no-on-off)-x[");
    assert_has(text, "    '(--on-off -x --no-on-off)--no-on-off[");
    assert_has(text, "    '(--count -c)-c+[how many]:N: '\n");
    assert_has(text, "    '(--file)--file=[what to read]:FILE:_files'\n");
    assert_has(text, "    '(--folder)--folder=[sgd\\: where]:DIR:_files -/'\n");
    assert_has(text, "    '(--spec)--spec=[how]:A\\:B:(one-by-one two)'\n");
    assert_has(text, "]:NAME:_tricky_one_recipe'\n");
    assert_has(text, "        'fast:it'\\''s: quick'\n        'list:show");
    assert_has(text, "    '*:MODEL:_files'\n");
    free(text);

    text = described(FISH, &tricky, NULL);
    assert_lacks(text, "-c tricky-one -f\n"); /* operands are files */
    assert_has(text,
               " -l flag -d '.hidden \\'quoted\\' \\\\n back\\\\slash, [brackets]: $HOME `id` "
               "warm-up and -1 of \"it\"'\n");
    assert_has(text, " -s x -l on-off -d ");
    assert_has(text, "complete -c tricky-one -l no-on-off -d ");
    assert_has(text, " -s c -l count -x -d 'how many'\n");
    assert_has(text, " -l file -r -F -d ");
    assert_has(text, " -l folder -x -a '(__fish_complete_directories)' -d ");
    assert_has(text, " -l spec -x -a 'one-by-one two' -d 'how'\n");
    assert_has(text, " -l recipe -x -d 'begin so'\n");
    assert_has(text, " -l recipe -x -a fast -d 'it\\'s: quick'\n");
    assert_has(text, " -l recipe -x -a list -d ");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_man),
        cmocka_unit_test(test_shells),
    };
    return cmocka_run_group_tests_name("describe", tests, NULL, NULL);
}
