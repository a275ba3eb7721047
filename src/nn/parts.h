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

/* Makes operands of what products have left at `column`, width wide, of rows [first, end) of the
 * pass: in those pairs that there are; without pairs along rows the floats are rounded in place.
 * first is even, and end unless it is the batch's. For a pass that has half. */
void mnist_pass_make_operands(const mnist_pass *pass, float *values,
                              const struct mnist_pairs *pairs, size_t row, size_t first, size_t end,
                              size_t column, size_t width);

/* depth rows of a panel's weights, width wide, in pairs of rows. finite: infinite ones as the
 * largest finite. */
void mnist_pass_pair_weights(const mnist_pass *pass, const float *weights, size_t width,
                             size_t depth, bool finite, mnist_pair *out);

/* Does a product of the batch's bytes go by pairs? init is the row that its sums start from, NULL:
 * from 0. A value below 2^-102 in it (no net comes to that) bars pairs, as it would have to count
 * as 0 there, and does not where bytes meet floats: the bits agree where both may be taken. */
bool mnist_pass_pairs_bytes(const mnist_pass *pass, const mnist_pass_batch *batch,
                            const float *init, size_t width);

/* Panels of layer l are cut into `blocks` blocks each; from block `unit` on, before block `end`,
 * how many whole panels are best done at once? Two where the images' bytes are then looked through
 * but once; else 1, which need not be whole. */
size_t mnist_pass_panels(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                         size_t unit, size_t end, size_t blocks);

/* Forward through all layers but the last, which goes by images: [*first, *end) are this
 * worker's. */
void mnist_pass_forward_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker,
                             size_t *first, size_t *end);

/* Losses, predictions and, if wanted, the gradient at the logits of rows [first, end) of the
 * pass. */
void mnist_pass_loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient,
                          size_t first, size_t end);

#endif
