/* What the files of a pass share: how its work is cut, and its operands. */
#ifndef MNIST_NN_PARTS_H
#define MNIST_NN_PARTS_H

#include "base/memory.h"
#include "nn/pass.h"

/* Work is cut into blocks of these many rows: small enough that a few workers share a small layer
 * evenly, large enough that a block is worth a call. Multiples of the kernels' tile heights. */
#define IMAGE_BLOCK  24u /* images, in forward and in backward through a layer */
#define WEIGHT_BLOCK 48u

static inline size_t blocks_of(size_t count, size_t block)
{
    return (count + block - 1) / block;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Blocks of rows in one panel of the weight gradient, the bias row counted in. */
static inline size_t weight_blocks(const mnist_layer *layer)
{
    return blocks_of(layer->inputs + 1, WEIGHT_BLOCK);
}

/* Columns of one panel. */
typedef struct panel_row {
    _Alignas(MNIST_ALIGN) float value[MNIST_PANEL];
} panel_row;

/* Makes operands of what products have left at `column`, width wide, of rows [first, end) of the
 * pass: in pairs or, with pairs NULL, as floats, rounded in place. first is even, and end unless it
 * is the batch's. For a pass that has half. */
void mnist_pass_make_operands(const mnist_pass *pass, float *values,
                              const struct mnist_pairs *pairs, size_t row, size_t first, size_t end,
                              size_t column, size_t width);

/* The first layer's weights as operands: rounded, and infinite ones as the largest finite: a weight
 * too large for the format would make 0 times it matter, which zeros left out must not. */
void mnist_pass_round_weights(const mnist_pass *pass, const float *weights, size_t count,
                              float *out);

/* Weights of rows [k, k + depth) of a panel, in pairs of rows. */
void mnist_pass_pair_weights(const mnist_pass *pass, const float *weights, size_t width,
                             size_t depth, mnist_pair *out);

/* Forward through all layers but the last, which goes by images: [*first, *end) are this
 * worker's. */
void mnist_pass_forward_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker,
                             size_t *first, size_t *end);

/* Losses, predictions and, if wanted, the gradient at the logits of rows [first, end) of the
 * pass. */
void mnist_pass_loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient,
                          size_t first, size_t end);

#endif
