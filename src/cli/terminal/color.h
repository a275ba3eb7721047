/* What a terminal shows: colours, and characters beyond ASCII. */
#ifndef MNIST_CLI_TERMINAL_COLOR_H
#define MNIST_CLI_TERMINAL_COLOR_H

#include <stdbool.h>

typedef enum mnist_color_mode {
    MNIST_COLOR_AUTO, /* on a terminal that is not dumb, unless NO_COLOR is set (no-color.org) */
    MNIST_COLOR_ALWAYS,
    MNIST_COLOR_NEVER,
    MNIST_COLOR_MODES
} mnist_color_mode;

/* "auto", "always", "never"; NULL past the end. */
const char *mnist_color_mode_name(mnist_color_mode mode);

/* Shall text for fd be coloured? Reads TERM and NO_COLOR. */
bool mnist_color_wanted(mnist_color_mode mode, int fd);

/* Do LC_ALL, LC_CTYPE and LANG select UTF-8? false too where the locale that they name is not
 * installed. */
bool mnist_locale_is_utf8(void);

/* Is fd a terminal that understands more than carriage return? Reads TERM. */
bool mnist_is_terminal(int fd);

#endif
