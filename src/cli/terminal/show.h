/* Small pictures for a terminal. */
#ifndef MNIST_CLI_TERMINAL_SHOW_H
#define MNIST_CLI_TERMINAL_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum mnist_show_style {
    MNIST_SHOW_ASCII,  /* two characters a pixel, of " .:-=+*#%@" */
    MNIST_SHOW_SHADES, /* two characters a pixel: a blank, three shades and a block, in UTF-8 */
    MNIST_SHOW_BLOCKS  /* half a character a pixel, in UTF-8 and 24 greys of 256 colours */
} mnist_show_style;

/* What the terminal can do: UTF-8 if the locale says so (mnist_locale_is_utf8) and TERM is not
 * dumb, and then greys if color, which mnist_color_wanted has settled. */
mnist_show_style mnist_show_choose(bool color);

/* pixels (rows, cols), 0 dark and 255 bright, in at most 80 columns; larger pictures are thinned
 * out. */
void mnist_show(const uint8_t *pixels, unsigned rows, unsigned cols, mnist_show_style style,
                FILE *out);

#endif
