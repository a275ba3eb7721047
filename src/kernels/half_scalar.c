/* The oracle's half: mixed precision as its contract says it, one value at a time. */
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
    const mnist_half mnist_half_scalar_##format = {.most = largest,                                \
                                                   .round = format##_round,                        \
                                                   .pair_along = format##_along,                   \
                                                   .pair_across = format##_across,                 \
                                                   .product = format##_product};

extern const mnist_half mnist_half_scalar_bf16, mnist_half_scalar_fp16;
DEFINE_FORMAT(bf16, BF16_MOST)
DEFINE_FORMAT(fp16, FP16_MOST)
