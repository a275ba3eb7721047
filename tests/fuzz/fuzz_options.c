/* Command lines: the first byte chooses the program, the rest are the words, one a line. */
#define _POSIX_C_SOURCE 200809L
#include "config_check.h"
#include "fuzz.h"

#include "cli/describe/programs.h"

#define MOST_WORDS 64

static void *defaults_of(const mnist_program *program)
{
    void *settings = calloc(1, program->settings_size);
    PROMISED(settings);
    program->defaults(settings);
    return settings;
}

static bool has_option(const mnist_program *program, mnist_option_type type)
{
    mnist_option_ref ref = mnist_option_at(program, 0);
    while (ref.option && ref.option->type != type) {
        ref = mnist_option_at(program, ref.index + 1);
    }
    return ref.option;
}

/* Values are in range in every program: --print-config prints them, and reads them back. */
static void check_print(const mnist_program *program, const void *found)
{
    if (!has_option(program, MNIST_OPTION_ACTION_PRINT_CONFIG)) {
        return;
    }
    char *printed = print_config(program, found);
    if (printed) {
        void *again = defaults_of(program);
        mnist_parsed parsed = {.program = program};
        mnist_error err;
        PROMISED(mnist_options_parse_config(printed, strlen(printed), "printed", &parsed, &err));
        PROMISED(mnist_options_apply_config(program, "printed", again, &parsed, &err));
        char *twice = print_config(program, again);
        PROMISED(twice && strcmp(printed, twice) == 0);
        mnist_options_free(&parsed);
        free(again);
        free(printed);
        free(twice);
    }
}

static void parse(const mnist_program *program, int argc, char **argv, bool print)
{
    void *found = defaults_of(program);
    mnist_parsed parsed;
    mnist_error err;
    switch (mnist_options_parse(program, argc, argv, found, &parsed, &err)) {
    case MNIST_PARSE_ERROR: /* or the status of a file that settings come from */
        check_failure(program->adopt && err.status == MNIST_ERR_NOT_FOUND ? MNIST_ERR_NOT_FOUND
                                                                          : MNIST_ERR_ARGUMENT,
                      &err);
        break;
    case MNIST_PARSE_RUN:
    case MNIST_PARSE_PRINT_CONFIG:
        PROMISED(parsed.operand_count >= program->operand_min &&
                 parsed.operand_count <= program->operand_max);
        if (print) {
            check_print(program, found);
        }
        break;
    default:
        break;
    }
    mnist_options_free(&parsed);
    free(found);
}

/* For programs without kept inputs: each option by itself, with a number, and with a word. */
static void every_option(const mnist_program *program)
{
    size_t count = 0;
    char name[] = "program", words[3][MNIST_OPTION_TEXT], operand[] = "x";
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1), count++) {
        snprintf(words[0], sizeof words[0], "--%s", ref.option->name);
        snprintf(words[1], sizeof words[1], "--%s=1", ref.option->name);
        snprintf(words[2], sizeof words[2], "--%s=x", ref.option->name);
        for (size_t i = 0; i < 3; i++) {
            char *argv[] = {name, words[i], operand, NULL};
            parse(program, program->operand_min > 0 ? 3 : 2, argv, true);
        }
    }
    fprintf(stderr, "%s: %zu options\n", program->name, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t programs = 0;
    while (mnist_programs[programs]) {
        programs++;
    }
    if (size == 0) {
        for (size_t i = 0; i < programs; i++) {
            every_option(mnist_programs[i]);
        }
        return 0;
    }
    char *text = text_of(data + 1, size - 1), *argv[MOST_WORDS + 1], name[] = "program";
    int argc = 0;
    argv[argc++] = name;
    for (char *p = text; p && argc < MOST_WORDS;) {
        argv[argc++] = p;
        p = strchr(p, '\n');
        if (p) {
            *p++ = '\0';
        }
    }
    argv[argc] = NULL;
    for (char *p = text; p < text + size - 1; p++) {
        *p = *p == '/' ? '_' : *p; /* no file is read: --config finds none by such a name */
    }
    /* printing takes ten times as long as all the rest */
    parse(mnist_programs[data[0] % programs], argc, argv, chosen(data, size, 16));
    free(text);
    return 0;
}
