/* What the files of a pass share: how its work is divided, and its operands. */
#ifndef MNIST_NN_PARTS_H
#define MNIST_NN_PARTS_H

#include "base/memory.h"
#include "nn/pass.h"

/* Work is cut into blocks of this many rows: small enough that a few workers share a small layer
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

/* Number of blocks of rows in one panel of the weight gradient, bias and gamma included. */
static inline size_t weight_blocks(const mnist_layer *layer)
{
    return blocks_of(layer->trained, WEIGHT_BLOCK);
}

/* How many rows of the pass a step fills, those of changed images included; and the row at which
 * the changed images begin. It is even, so that no pair of rows holds one of each kind. */
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

/* Rows [first, end) of `panels` panels of a layer, from `panel` on: one of any width, or several
 * that are whole. */
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

/* Makes operands from the results of products in a block of values, (rows of the pass, row): pairs
 * of each kind that `pairs` has; if it has none along rows, the floats are rounded in place. For a
 * pass that has half. */
void mnist_pass_make_operands(const mnist_pass *pass, float *values,
                              const struct mnist_pairs *pairs, size_t row,
                              const mnist_block *block);

/* depth rows of a panel's weights, width wide, in pairs of rows. finite: infinite ones become the
 * largest finite number. */
void mnist_pass_pair_weights(const mnist_pass *pass, const float *weights, size_t width,
                             size_t depth, bool finite, mnist_pair *out);

/* Does a product of the batch's bytes use pairs? init is the row that its sums start from; NULL:
 * from 0. It does not if init has a magnitude below 2^-102 (no real net has): pairs would take that
 * for 0, bytes and floats would not. Where both can be used they give the same bits. */
bool mnist_pass_pairs_bytes(const mnist_pass *pass, const mnist_pass_batch *batch,
                            const float *init, size_t width);

/* How many whole panels are best done at once? Panels of layer l are cut into `blocks` blocks each;
 * the work goes on at block `unit` and ends before block `end`. Two if the images' bytes are then
 * searched only once; else 1, which need not be whole. */
size_t mnist_pass_panels(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                         size_t unit, size_t end, size_t blocks);

/* Forward through all layers but the last; that one is divided by images, of which [*first, *end)
 * are this worker's. */
void mnist_pass_forward_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker,
                             size_t *first, size_t *end);

/* Forward of all images of the batch through layer l, by one worker alone. */
void mnist_pass_forward_layer(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l);

/* Dropout of a block of hidden layer l: of its activations, or of their deltas; values points to
 * the block's beginning. */
void mnist_pass_drop(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                     const mnist_block *block, float *values);

/* Batch normalisation of one panel of hidden layer l, for all images of the batch: forward, from z
 * to gamma (z - mean) / deviation + bias, in place; and backward, from deltas of that to deltas of
 * z. */
void mnist_pass_normalize(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l, size_t panel,
                          float *z);
void mnist_pass_normalize_backward(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                                   size_t panel);

/* The deltas of all layers, from the logits down; of the logits' rows [first, end) are this
 * worker's. On return every worker may read all deltas. */
void mnist_pass_backward_part(mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                              size_t end, mnist_worker worker);

/* A block of the gradient, of one panel, or of two where mnist_pass_panels says so: which one, and
 * where its sum of squares goes; that of the second panel goes next_norm places further. */
typedef struct mnist_weight_block {
    unsigned layer;
    size_t panel, panels, first, end;
    double *norm;
    size_t next_norm;
} mnist_weight_block;

/* dW and db of a block, written to out; the layer's deltas are complete. out_panel is the distance
 * between two panels in out. */
void mnist_pass_weight_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                                const mnist_weight_block *block, float *out, size_t out_panel);

/* dL/dx of images [first, end) of the batch, whose deltas are complete, written to out (count,
 * perturbed_stride). */
void mnist_pass_input_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                               size_t end, float *out);

/* Makes the changed images of a step whose forward and backward are done, and does their forward
 * and backward. On return every worker may read all of it. */
void mnist_pass_adversary_part(mnist_pass *pass, const mnist_pass_batch *batch,
                               mnist_worker worker);

/* Ties the first layer's gradient, which is complete, and its norms: this worker's panels. */
void mnist_pass_tie_part(mnist_pass *pass, mnist_worker worker);

/* Losses, predictions and, if wanted, the gradient at the logits of rows [first, end) of the
 * pass. */
void mnist_pass_loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient,
                          size_t first, size_t end);

#endif
