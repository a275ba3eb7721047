#include "cli/shared/sheet.h"

#include <mnist/io.h>
#include <stdlib.h>
#include <string.h>

enum { BACKGROUND = 64 };

bool mnist_sheet_create(mnist_sheet *out, size_t height, size_t width)
{
    *out = (mnist_sheet){.pixels = malloc(height * width), .width = width, .height = height};
    if (!out->pixels) {
        return false;
    }
    memset(out->pixels, BACKGROUND, height * width);
    return true;
}

void mnist_sheet_free(mnist_sheet *sheet)
{
    free(sheet->pixels);
    *sheet = (mnist_sheet){.pixels = NULL};
}

void mnist_sheet_fill(mnist_sheet *sheet, size_t top, size_t left, size_t rows, size_t cols,
                      uint8_t value)
{
    for (size_t y = top; y < top + rows; y++) {
        memset(sheet->pixels + y * sheet->width + left, value, cols);
    }
}

void mnist_sheet_draw(mnist_sheet *sheet, size_t top, size_t left, mnist_sheet_image image,
                      unsigned zoom)
{
    for (size_t y = 0; y < (size_t)image.rows * zoom; y++) {
        uint8_t *row = sheet->pixels + (top + y) * sheet->width + left;
        for (size_t x = 0; x < (size_t)image.cols * zoom; x++) {
            row[x] = image.pixels[y / zoom * image.cols + x / zoom];
        }
    }
}

mnist_status mnist_sheet_save(const mnist_sheet *sheet, const char *path, mnist_error *err)
{
    return mnist_png_save(path, sheet->pixels, (unsigned)sheet->height, (unsigned)sheet->width,
                          err);
}
