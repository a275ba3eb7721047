/* Settings as --print-config prints them. Define _POSIX_C_SOURCE before the first header. */
#ifndef MNIST_TESTS_FUZZ_CONFIG_CHECK_H
#define MNIST_TESTS_FUZZ_CONFIG_CHECK_H

#include "fuzz.h"

#include "cli/options/options.h"

/* To be freed. */
static inline char *print_config(const mnist_program *program, const void *settings)
{
    char *text = NULL;
    size_t size;
    mnist_error err;
    FILE *out = open_memstream(&text, &size);
    PROMISED(out);
    bool good = mnist_options_print_config(program, settings, out, &err);
    PROMISED(fclose(out) == 0 && text);
    if (!good) { /* from a command line, which may hold what is no UTF-8 */
        check_failure(MNIST_ERR_ARGUMENT, &err);
        free(text);
        return NULL;
    }
    return text;
}

#endif
