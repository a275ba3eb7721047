/* Operands of mixed precision: what products read instead of floats. */
#include "nn/parts.h"

void mnist_pass_make_operands(const mnist_pass *pass, float *values,
                              const struct mnist_pairs *pairs, size_t row, size_t first, size_t end,
                              size_t column, size_t width)
{
    for (size_t i = first; i < end; i++) {
        float *at = values + i * row + column;
        if (pairs) {
            pass->half->pair_along(at, pairs->along + (i * row + column) / 2, width);
        } else {
            pass->half->round(at, at, width);
        }
    }
    for (size_t i = first; pairs && i < end; i += 2) {
        const float *at = values + i * row + column;
        pass->half->pair_across(at, i + 1 < end ? at + row : NULL,
                                pairs->across + i / 2 * row + column, width);
    }
}

void mnist_pass_round_weights(const mnist_pass *pass, const float *weights, size_t count,
                              float *out)
{
    const float most = pass->half->most;
    pass->half->round(weights, out, count);
    for (size_t i = 0; i < count; i++) { /* NaN stays NaN */
        out[i] = out[i] > most ? most : out[i];
        out[i] = out[i] < -most ? -most : out[i];
    }
}

void mnist_pass_pair_weights(const mnist_pass *pass, const float *weights, size_t width,
                             size_t depth, mnist_pair *out)
{
    for (size_t r = 0; r < depth; r += 2) {
        const float *row = weights + r * width;
        pass->half->pair_across(row, r + 1 < depth ? row + width : NULL, out + r / 2 * width,
                                width);
    }
}
