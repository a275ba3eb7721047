/* Operands of mixed precision: what products read instead of floats. */
#include "nn/parts.h"

void mnist_pass_make_operands(const mnist_pass *pass, float *values,
                              const struct mnist_pairs *pairs, size_t row, const mnist_block *block)
{
    const size_t first = block->first, end = block->end, column = block->column,
                 width = block->width;
    for (size_t i = first; i < end; i++) {
        float *at = values + i * row + column;
        if (pairs->along) {
            pass->half->pair_along(at, pairs->along + (i * row + column) / 2, width);
        } else {
            pass->half->round(at, at, width);
        }
    }
    for (size_t i = first; pairs->across && i < end; i += 2) {
        const float *at = values + i * row + column;
        pass->half->pair_across(at, i + 1 < end ? at + row : NULL,
                                pairs->across + i / 2 * row + column, width);
    }
}

void mnist_pass_pair_weights(const mnist_pass *pass, const float *weights, size_t width,
                             size_t depth, bool finite, mnist_pair *out)
{
    const size_t pairs = depth / 2 * 2;
    for (size_t r = 0; r < depth; r += 2) {
        const float *row = weights + r * width, *next = r < pairs ? row + width : NULL;
        (finite ? pass->half->pair_across_finite
                : pass->half->pair_across)(row, next, out + r / 2 * width, width);
    }
}

bool mnist_pass_pairs_bytes(const mnist_pass *pass, const mnist_pass_batch *batch,
                            const float *init, size_t width)
{
    if (!pass->half || !pass->half->byte_product || batch->x) {
        return false;
    }
    for (size_t n = 0; init && n < width; n++) {
        if (half_init(init[n]) != init[n]) { /* or NaN, with which it does not matter */
            return false;
        }
    }
    return true;
}

size_t mnist_pass_panels(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                         size_t unit, size_t end, size_t blocks)
{
    const bool whole = unit % blocks == 0 && end - unit >= 2 * blocks &&
                       pass->mlp->layers[l].stride >= (unit / blocks + 2) * MNIST_PANEL;
    const bool bytes = l == 0 && !batch->x && (!pass->half || pass->half->byte_product);
    return whole && bytes ? 2 : 1;
}
