#define _POSIX_C_SOURCE 200809L
#include "cli/terminal/show.h"

#include "cli/terminal/color.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 80u

mnist_show_style mnist_show_choose(bool color)
{
    const char *term = getenv("TERM");
    if (!mnist_locale_is_utf8() || !term || strcmp(term, "dumb") == 0) {
        return MNIST_SHOW_ASCII;
    }
    return color ? MNIST_SHOW_BLOCKS : MNIST_SHOW_SHADES;
}

/* Every step-th pixel of a picture. */
typedef struct thinned {
    const uint8_t *pixels;
    unsigned rows, cols, step;
} thinned;

static unsigned at(const thinned *t, unsigned row, unsigned col)
{
    const unsigned y = row * t->step, x = col * t->step;
    return y < t->rows && x < t->cols ? t->pixels[(size_t)y * t->cols + x] : 0;
}

/* Prints a row: each pixel twice, since a character is twice as high as wide. */
static void show_row(const thinned *t, unsigned row, unsigned cols, const char *const *shades,
                     unsigned count, FILE *out)
{
    for (unsigned col = 0; col < cols; col++) {
        const char *shade = shades[at(t, row, col) * count / 256];
        fputs(shade, out);
        fputs(shade, out);
    }
    fputc('\n', out);
}

/* Prints two rows in one line: an upper half block in the upper pixel's colour, on a ground of the
 * lower one's. Greys are colours 232 to 255. */
static void show_half_rows(const thinned *t, unsigned row, unsigned cols, FILE *out)
{
    for (unsigned col = 0; col < cols; col++) {
        fprintf(out, "\x1b[38;5;%u;48;5;%um\xE2\x96\x80", 232 + at(t, row, col) * 24 / 256,
                232 + at(t, row + 1, col) * 24 / 256);
    }
    fputs("\x1b[0m\n", out);
}

void mnist_show(const uint8_t *pixels, unsigned rows, unsigned cols, mnist_show_style style,
                FILE *out)
{
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"};
    static const char *const shades[] = {" ", "\xE2\x96\x91", "\xE2\x96\x92", "\xE2\x96\x93",
                                         "\xE2\x96\x88"};
    const bool half = style == MNIST_SHOW_BLOCKS;
    const unsigned room = half ? WIDTH : WIDTH / 2;
    const thinned t = {pixels, rows, cols, (cols + room - 1) / room};
    const unsigned high = (rows + t.step - 1) / t.step, wide = (cols + t.step - 1) / t.step;
    for (unsigned row = 0; row < high; row += half ? 2 : 1) {
        if (half) {
            show_half_rows(&t, row, wide, out);
        } else if (style == MNIST_SHOW_SHADES) {
            show_row(&t, row, wide, shades, 5, out);
        } else {
            show_row(&t, row, wide, ascii, 10, out);
        }
    }
}
