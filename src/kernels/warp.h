/* Resampling of a picture of bytes along an affine map and a field of displacements, in integers,
 * so that the bits are the same everywhere. */
#ifndef MNIST_KERNELS_WARP_H
#define MNIST_KERNELS_WARP_H

#include <stddef.h>
#include <stdint.h>

/* Positions have 16 fractional bits: WARP_ONE is a pixel. Displacements have 8. */
#define MNIST_WARP_ONE 65536

/* A canvas is a picture in a frame of zeros: it lies in rows 1 to rows and columns 1 to cols of
 * (rows + 3, stride), all else is 0. Its rows, those of quads and those of out are this long: */
static inline size_t mnist_warp_lanes(size_t columns)
{
    return (columns + 15) / 16 * 16;
}

static inline size_t mnist_warp_canvas_stride(size_t cols)
{
    return mnist_warp_lanes(cols + 2) + 16;
}

/* out(y, x) = the canvas at the position
 *   (px, py) = (x_0 + x_per_x x + x_per_y y + 256 dx(y, x), y_0 + y_per_x x + y_per_y y + 256 dy(y,
 * x)) clamped to [0, cols + 1] x [0, rows + 1] pixels, where all is 0, by bilinear interpolation
 * between the four pixels around it with weights of 8 bits, and rounded to nearest. With f = bits 8
 * to 15 of px, g of py, p the canvas from (py >> 16, px >> 16) on: a = 256 p00 + f (p01 - p00),  b
 * = 256 p10 + f (p11 - p10), out = (256 a + g (b - a) + 32768) >> 16 where p is 0 past the canvas'
 * frame. dx(y, x) is field((dx_row + y) % field_rows, dx_column + x), dy likewise; without a field
 * both are 0. No position may overflow, for columns up to mnist_warp_lanes(cols). */
typedef struct mnist_warp {
    const uint8_t *canvas; /* (rows + 3, mnist_warp_canvas_stride(cols)) */
    uint32_t *quads;       /* working memory */
    uint8_t *out;          /* columns past cols are meaningless */
    size_t rows, cols;
    int32_t x_0, x_per_x, x_per_y;
    int32_t y_0, y_per_x, y_per_y;
    const int16_t *field; /* (field_rows, field_stride), or NULL; any alignment */
    size_t field_stride;
    size_t field_rows;        /* a power of two */
    size_t dx_row, dx_column; /* columns up to _column + mnist_warp_lanes(cols) are there */
    size_t dy_row, dy_column;
} mnist_warp;

#endif
