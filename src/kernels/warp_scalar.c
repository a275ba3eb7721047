/* The oracle of mnist_warp, a pixel at a time. */
#include "kernels/kernels.h"

void mnist_warp_scalar(const mnist_warp *w);

static int32_t clamp(int32_t position, size_t end)
{
    const int32_t high = (int32_t)end * MNIST_WARP_ONE;
    position = position < 0 ? 0 : position;
    return position > high ? high : position;
}

static int32_t displacement(const mnist_warp *w, size_t row, size_t column)
{
    return w->field ? w->field[(row & (w->field_rows - 1)) * w->field_stride + column] * 256 : 0;
}

void mnist_warp_scalar(const mnist_warp *w)
{
    const size_t stride = mnist_warp_canvas_stride(w->cols), out_stride = mnist_warp_lanes(w->cols);
    for (size_t y = 0; y < w->rows; y++) {
        for (size_t x = 0; x < w->cols; x++) {
            const int32_t column = (int32_t)x, row = (int32_t)y;
            const int32_t px = clamp(w->x_0 + w->x_per_x * column + w->x_per_y * row +
                                         displacement(w, w->dx_row + y, w->dx_column + x),
                                     w->cols + 1);
            const int32_t py = clamp(w->y_0 + w->y_per_x * column + w->y_per_y * row +
                                         displacement(w, w->dy_row + y, w->dy_column + x),
                                     w->rows + 1);
            const uint8_t *p = w->canvas + (size_t)(py >> 16) * stride + (size_t)(px >> 16);
            const int32_t f = px >> 8 & 255, g = py >> 8 & 255;
            const int32_t a = 256 * p[0] + f * (p[1] - p[0]);
            const int32_t b = 256 * p[stride] + f * (p[stride + 1] - p[stride]);
            w->out[y * out_stride + x] = (uint8_t)((256 * a + g * (b - a) + 32768) >> 16);
        }
    }
}
