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

/* Blocks of rows in one panel of the weight gradient, bias and gamma counted in. */
static inline size_t weight_blocks(const mnist_layer *layer)
{
    return blocks_of(layer->trained, WEIGHT_BLOCK);
}

/* How many rows of the pass a step fills, those of changed images included; row from which on these
 * lie: even, so that no pair of rows is half of one kind. */
static inline size_t mnist_pass_perturbed_row(const mnist_pass_batch *batch)
{
    return (batch->count + 1) / 2 * 2;
}

static inline size_t mnist_pass_rows(const mnist_pass *pass, const mnist_pass_batch *batch)
{
    return pass->perturbed ? mnist_pass_perturbed_row(batch) + batch->count : batch->count;
}

/* A block of a layer's values as a pass holds them: columns [column, column + width) of rows
 * [first, end). column is a multiple of MNIST_PANEL, width of MNIST_LANES; first is even, and so is
 * end, unless it is the end of the batch. */
typedef struct mnist_block {
    size_t first, end;
    size_t column, width;
} mnist_block;

/* Rows [first, end) of so many panels of a layer, from `panel` on: one of any width, or more that
 * are whole. */
static inline mnist_block mnist_block_of(const mnist_layer *layer, size_t panel, size_t panels,
                                         size_t first, size_t end)
{
    return (mnist_block){.first = first,
                         .end = end,
                         .column = panel * MNIST_PANEL,
                         .width = panels * mnist_panel_width(layer, panel)};
}

static inline size_t mnist_block_panels(const mnist_block *block)
{
    return blocks_of(block->width, MNIST_PANEL);
}

/* Makes operands of what products have left in a block of values, (rows of the pass, row): in those
 * pairs that there are; without pairs along rows the floats are rounded in place. For a pass that
 * has half. */
void mnist_pass_make_operands(const mnist_pass *pass, float *values,
                              const struct mnist_pairs *pairs, size_t row,
                              const mnist_block *block);

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

/* Dropout of a block of hidden layer l: of its activations, or of the deltas at them; values is
 * where the block begins. */
void mnist_pass_drop(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                     const mnist_block *block, float *values);

/* Batch normalisation of one panel of hidden layer l, all images of the batch: z to
 * gamma (z - mean) / deviation + bias in place; and back: deltas at that to deltas at z. */
void mnist_pass_normalize(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l, size_t panel,
                          float *z);
void mnist_pass_normalize_backward(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                                   size_t panel);

/* Deltas of all layers, from the logits, of which [first, end) are this worker's, down. On return
 * every worker may read them all. */
void mnist_pass_backward_part(mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                              size_t end, mnist_worker worker);

/* A block of the gradient, of one panel, or of two where mnist_pass_panels says so: which one, and
 * where its sum of squares goes; the second panel's goes next_norm behind it. */
typedef struct mnist_weight_block {
    unsigned layer;
    size_t panel, panels, first, end;
    double *norm;
    size_t next_norm;
} mnist_weight_block;

/* dW and db of a block, whose layer's deltas are there, to out; out_panel lies between two panels
 * of it. */
void mnist_pass_weight_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                                const mnist_weight_block *block, float *out, size_t out_panel);

/* dL/dx of images [first, end) of the batch, whose deltas are there, to out
 * (count, perturbed_stride). */
void mnist_pass_input_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                               size_t end, float *out);

/* The changed images of a step whose forward and backward are done: their forward and backward.
 * On return every worker may read all. */
void mnist_pass_adversary_part(mnist_pass *pass, const mnist_pass_batch *batch,
                               mnist_worker worker);

/* Losses, predictions and, if wanted, the gradient at the logits of rows [first, end) of the
 * pass. */
void mnist_pass_loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient,
                          size_t first, size_t end);

#endif
