/* A sheet of paper on which images are drawn side by side, to be saved as a picture. */
#ifndef MNIST_CLI_SHARED_SHEET_H
#define MNIST_CLI_SHARED_SHEET_H

#include <mnist/base.h>

#define MNIST_SHEET_MOST 30000u /* rows and columns that a picture may have */

typedef struct mnist_sheet {
    uint8_t *pixels; /* (height, width) */
    size_t width, height;
} mnist_sheet;

typedef struct mnist_sheet_image {
    const uint8_t *pixels; /* (rows, cols) */
    unsigned rows, cols;
} mnist_sheet_image;

/* Dark grey all over, so that black and white images stand out. false: memory is short. */
bool mnist_sheet_create(mnist_sheet *out, size_t height, size_t width);
void mnist_sheet_free(mnist_sheet *sheet);

/* What is drawn lies on the sheet. */
void mnist_sheet_fill(mnist_sheet *sheet, size_t top, size_t left, size_t rows, size_t cols,
                      uint8_t value);
/* Each pixel of the image becomes zoom x zoom. */
void mnist_sheet_draw(mnist_sheet *sheet, size_t top, size_t left, mnist_sheet_image image,
                      unsigned zoom);

/* As mnist_png_save. */
mnist_status mnist_sheet_save(const mnist_sheet *sheet, const char *path, mnist_error *err);

#endif
