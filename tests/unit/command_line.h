/* Command lines in one string, for the tests of the options. */
#ifndef MNIST_TESTS_COMMAND_LINE_H
#define MNIST_TESTS_COMMAND_LINE_H

#include "cli/eval/settings.h"
#include "cli/train/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_WORDS     16

/* A command line, and the outcome of parsing it. */
typedef struct outcome {
    mnist_train_settings train;
    mnist_eval_settings eval;
    mnist_parsed parsed;
    mnist_parse_result result;
    mnist_error err;
    char line[2048]; /* settings borrow strings from argv, which must live as long */
    char *argv[MAX_WORDS + 2];
} outcome;

/* Words are separated by single blanks; two in a row make an empty word. */
static inline void parse_words(outcome *o, const mnist_program *program, const char *words)
{
    int argc = 0;
    memset(o, 0, sizeof *o);
    o->train = mnist_train_settings_defaults();
    o->eval = mnist_eval_settings_defaults();
    assert_true(strlen(words) < sizeof o->line);
    strcpy(o->line, words);
    o->argv[argc++] = (char *)(uintptr_t)program->name;
    for (char *p = *words ? o->line : NULL; p;) {
        assert_true(argc <= MAX_WORDS);
        o->argv[argc++] = p;
        p = strchr(p, ' ');
        if (p) {
            *p++ = '\0';
        }
    }
    void *settings = program == &mnist_eval_program ? (void *)&o->eval : (void *)&o->train;
    o->result = mnist_options_parse(program, argc, o->argv, settings, &o->parsed, &o->err);
}

static inline void parse_train(outcome *o, const char *words)
{
    parse_words(o, &mnist_train_program, words);
}

static inline void assert_runs(const outcome *o)
{
    if (o->result != MNIST_PARSE_RUN) {
        fail_msg("refused: %s", o->err.text);
    }
}

/* What has been written to a file, as a string to be freed; closes the file. */
static inline char *contents(FILE *file)
{
    long size = ftell(file);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    rewind(file);
    text[fread(text, 1, (size_t)size, file)] = '\0';
    fclose(file);
    return text;
}

static inline char *printed_config(const mnist_train_settings *settings)
{
    mnist_error err = {0};
    FILE *out = tmpfile();
    assert_non_null(out);
    assert_true(mnist_options_print_config(&mnist_train_program, settings, out, &err));
    return contents(out);
}

static inline char *printed_help(const mnist_program *program, const void *settings)
{
    FILE *out = tmpfile();
    assert_non_null(out);
    mnist_options_print_help(program, settings, out);
    return contents(out);
}

#endif
