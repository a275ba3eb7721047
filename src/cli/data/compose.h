/* Lines of digits as pictures: dark ink on white paper, in whole numbers, so that every machine draws the same. */
#ifndef MNIST_CLI_DATA_COMPOSE_H
#define MNIST_CLI_DATA_COMPOSE_H

#include "cli/data/settings.h"

#include <mnist/data.h>

#define MNIST_LINE_DIGITS 100

typedef struct mnist_composed {
    uint8_t *pixels; /* (rows, cols), by malloc */
    unsigned rows, cols;
    size_t count;
    uint8_t digits[MNIST_LINE_DIGITS]; /* their labels */
} mnist_composed;

/* The line of that number: a function of view, style, seed and number. Images without ink are not taken; the view has
 * some that are not. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_compose_line(mnist_composed *out, mnist_view view, const mnist_line_style *style,
                                uint64_t seed, size_t number, mnist_error *err);
void mnist_composed_free(mnist_composed *line);

#endif
