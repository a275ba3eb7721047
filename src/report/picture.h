/* Small pictures within the page. */
#ifndef MNIST_REPORT_PICTURE_H
#define MNIST_REPORT_PICTURE_H

#include "report/text.h"

/* The most pixels, plus one byte a row, that fit one stored block. */
#define MNIST_PICTURE_MOST 65535u

/* A "data:" address of a PNG picture (W3C, "Portable Network Graphics"), pixels (rows, cols).
 * colors (count, 4) are red, green, blue and opacity of each value; count 0: values are greys. Its
 * bytes are not compressed, so they are the same with every zlib, and take no time. Asserts that it
 * has at most MNIST_PICTURE_MOST bytes. */
void mnist_picture_put(mnist_text *text, const uint8_t *pixels, unsigned rows, unsigned cols,
                       const uint8_t (*colors)[4], unsigned count);

#endif
