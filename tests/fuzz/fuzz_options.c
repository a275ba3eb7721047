/* Command lines: the first byte chooses the program and what is looked at, the rest are the words,
 * one a line. */
#define _POSIX_C_SOURCE 200809L
#include "config_check.h"
#include "fuzz.h"

#include "cli/bench/settings.h"
#include "cli/eval/settings.h"
#include "cli/predict/settings.h"
#include "cli/train/settings.h"

#define MOST_WORDS 64

typedef union settings {
    mnist_train_settings train;
    mnist_eval_settings eval;
    mnist_bench_settings bench;
    mnist_predict_settings predict;
} settings;

/* What was given is in range whatever the program: --print-config prints it, and reads it back. */
static void check_print(const mnist_program *program, const settings *found)
{
    if (program != &mnist_train_program) {
        return;
    }
    char *printed = print_config(program, found);
    if (printed) {
        mnist_train_settings again = mnist_train_settings_defaults();
        mnist_parsed parsed = {.program = program};
        mnist_error err;
        PROMISED(mnist_options_parse_config(printed, strlen(printed), "printed", &parsed, &err));
        PROMISED(mnist_options_apply_config(program, "printed", &again, &parsed, &err));
        char *twice = print_config(program, &again);
        PROMISED(twice && strcmp(printed, twice) == 0);
        mnist_options_free(&parsed);
        free(printed);
        free(twice);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mnist_program *const programs[] = {&mnist_train_program, &mnist_eval_program,
                                                    &mnist_bench_program};
    settings found;
    mnist_parsed parsed;
    mnist_error err;
    if (size == 0) {
        return 0;
    }
    const mnist_program *program = data[0] >= 192 ? &mnist_predict_program : programs[data[0] % 3];
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
    if (program == &mnist_train_program) {
        found.train = mnist_train_settings_defaults();
    } else if (program == &mnist_eval_program) {
        found.eval = mnist_eval_settings_defaults();
    } else if (program == &mnist_predict_program) {
        found.predict = mnist_predict_settings_defaults();
    } else {
        found.bench = mnist_bench_settings_defaults();
    }
    switch (mnist_options_parse(program, argc, argv, &found, &parsed, &err)) {
    case MNIST_PARSE_ERROR:
        check_failure(MNIST_ERR_ARGUMENT, &err);
        break;
    case MNIST_PARSE_RUN:
    case MNIST_PARSE_PRINT_CONFIG:
        PROMISED(parsed.operand_count >= program->operand_min &&
                 parsed.operand_count <= program->operand_max);
        if (chosen(data, size, 16)) { /* it takes ten times as long as all the rest */
            check_print(program, &found);
        }
        break;
    default:
        break;
    }
    mnist_options_free(&parsed);
    free(text);
    return 0;
}
