/* The oracle of mixed precision: each function as its contract says, one value at a time. */
#include "kernels/half.h"
#include "kernels/kernels.h"

#include <math.h>

#define DEFINE_FORMAT(format, largest)                                                             \
    static void format##_round(const float *in, float *out, size_t n)                              \
    {                                                                                              \
        for (size_t k = 0; k < n; k++) {                                                           \
            out[k] = format##_value(format##_code(in[k]));                                         \
        }                                                                                          \
    }                                                                                              \
    static float format##_finite(float value) /* NaN stays NaN */                                  \
    {                                                                                              \
        value = value > (largest) ? (largest) : value;                                             \
        return value < -(largest) ? -(largest) : value;                                            \
    }                                                                                              \
    static void format##_round_finite(const float *in, float *out, size_t n)                       \
    {                                                                                              \
        for (size_t k = 0; k < n; k++) {                                                           \
            out[k] = format##_finite(format##_value(format##_code(in[k])));                        \
        }                                                                                          \
    }                                                                                              \
    static void format##_along(const float *in, mnist_pair *out, size_t n)                         \
    {                                                                                              \
        for (size_t k = 0; k < n / 2; k++) {                                                       \
            out[k] = format##_code(in[2 * k]) << 16 | format##_code(in[2 * k + 1]);                \
        }                                                                                          \
    }                                                                                              \
    static void format##_across(const float *a, const float *b, mnist_pair *out, size_t n)         \
    {                                                                                              \
        for (size_t k = 0; k < n; k++) {                                                           \
            out[k] = format##_code(a[k]) << 16 | (b ? format##_code(b[k]) : 0);                    \
        }                                                                                          \
    }                                                                                              \
    static void format##_across_finite(const float *a, const float *b, mnist_pair *out, size_t n)  \
    {                                                                                              \
        for (size_t k = 0; k < n; k++) {                                                           \
            out[k] = format##_code(format##_finite(a[k])) << 16 |                                  \
                     (b ? format##_code(format##_finite(b[k])) : 0);                               \
        }                                                                                          \
    }                                                                                              \
    static void format##_transpose(const float *in, size_t in_stride, mnist_pair *out,             \
                                   size_t out_stride, size_t rows, size_t columns)                 \
    {                                                                                              \
        for (size_t r = 0; r < (rows + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES; r++) {        \
            for (size_t p = 0; p < columns / 2; p++) {                                             \
                const float *two = in + r * in_stride + 2 * p;                                     \
                out[p * out_stride + r] =                                                          \
                    r < rows ? format##_code(two[0]) << 16 | format##_code(two[1]) : 0;            \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void format##_product(const mnist_pair_product *p)                                      \
    {                                                                                              \
        for (size_t i = 0; i < p->rows; i++) {                                                     \
            for (size_t n = 0; n < p->width; n++) {                                                \
                float sum = p->init ? half_init(p->init[i * p->init_stride + n]) : 0.0f;           \
                for (size_t r = 0; r < p->depth; r++) {                                            \
                    mnist_pair x = p->x[i * p->x_row + r * p->x_step];                             \
                    mnist_pair w = p->w[r * p->w_stride + n];                                      \
                    sum = fmaf(format##_value(x >> 16), format##_value(w >> 16), sum);             \
                    sum = fmaf(format##_value(x & 0xffff), format##_value(w & 0xffff), sum);       \
                }                                                                                  \
                p->out[i * p->out_stride + n] = sum;                                               \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void format##_byte_panel(const mnist_pair_byte_product *p)                              \
    {                                                                                              \
        for (size_t i = 0; i < p->rows; i++) {                                                     \
            const uint8_t *x = p->x + (p->index ? p->index[i] : i) * p->x_stride;                  \
            for (size_t n = 0; n < p->width; n++) {                                                \
                float sum = p->init ? p->init[i * p->init_stride + n] : 0.0f;                      \
                for (size_t r = 0; r < p->depth; r += 2) {                                         \
                    mnist_pair w = p->w[r / 2 * p->w_stride + n];                                  \
                    uint8_t second = r + 1 < p->depth ? x[r + 1] : 0;                              \
                    if (x[r] != 0 || second != 0) {                                                \
                        sum = fmaf(p->table[x[r]], format##_value(w >> 16), sum);                  \
                        sum = fmaf(p->table[second], format##_value(w & 0xffff), sum);             \
                    }                                                                              \
                }                                                                                  \
                p->out[i * p->out_stride + n] = sum;                                               \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void format##_byte_product(const mnist_pair_byte_product *p)                            \
    {                                                                                              \
        mnist_pair_byte_product panel = *p;                                                        \
        for (size_t k = 0; k < p->panels; k++) {                                                   \
            format##_byte_panel(&panel);                                                           \
            panel.out += p->out_panel;                                                             \
            panel.init = p->init ? panel.init + p->init_panel : NULL;                              \
            panel.w += p->w_panel;                                                                 \
        }                                                                                          \
    }                                                                                              \
    const mnist_half mnist_half_scalar_##format = {                                                \
        .round = format##_round,                                                                   \
        .round_finite = format##_round_finite,                                                     \
        .pair_along = format##_along,                                                              \
        .pair_across = format##_across,                                                            \
        .pair_across_finite = format##_across_finite,                                              \
        .pair_transpose = format##_transpose,                                                      \
        .product = format##_product,                                                               \
        .byte_product = format##_byte_product,                                                     \
    };

extern const mnist_half mnist_half_scalar_bf16, mnist_half_scalar_fp16;
DEFINE_FORMAT(bf16, BF16_MOST)
DEFINE_FORMAT(fp16, FP16_MOST)
