/* Forward: layers, activations, loss. */
#include "nn/parts.h"

#include "base/fetch.h"

#include <string.h>

/* How many rows of a panel's weights are rounded at a time, into a buffer that stays in a
 * first-level cache. */
#define ROUNDED_ROWS 112u
#define PAIRED_ROWS  128u
#define BYTE_ROWS    112u /* the same, in pairs, of two panels */

/* b + shift * column sums of W, for one panel of the first layer; without b if it has batch
 * normalisation, which adds b later. */
static void shifted_bias(const mnist_pass *pass, size_t panel, float shift, float *out)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    size_t width = mnist_panel_width(layer, panel);
    pass->kernels->product(&(mnist_product){
        .out = out,
        .init = mnist_layer_normalizes(layer)
                    ? NULL
                    : pass->mlp->parameters + mnist_panel_row(layer, panel, layer->inputs),
        .x = &shift, /* the same for every input */
        .w = pass->mlp->parameters + mnist_panel_row(layer, panel, 0),
        .w_stride = width,
        .rows = 1,
        .depth = layer->inputs,
        .width = width,
    });
}

/* A part of the first layer's inputs: the `depth` inputs from k on, with their weights, of one
 * panel or of two, and what the sums start from. */
typedef struct input_part {
    size_t k, depth;
    const float *w;
    const float *init;
    size_t init_stride;
} input_part;

/* z = x W + init for a block of the first layer: one panel, or two if the images are bytes. */
static void forward_inputs(const mnist_pass *pass, const mnist_pass_batch *batch,
                           const mnist_block *block, const input_part *part, float *z)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t image = block->first - batch->row, rows = block->end - block->first;
    const size_t w_stride = mnist_panel_width(layer, block->column / MNIST_PANEL);
    if (batch->x) {
        pass->kernels->product(&(mnist_product){
            .out = z,
            .out_stride = layer->row,
            .init = part->init,
            .init_stride = part->init_stride,
            .x = batch->x + image * batch->x_stride + part->k,
            .x_row = batch->x_stride,
            .x_step = 1,
            .w = part->w,
            .w_stride = w_stride,
            .rows = rows,
            .depth = part->depth,
            .width = block->width,
        });
        return;
    }
    pass->kernels->byte_product(&(mnist_byte_product){
        .out = z,
        .out_stride = layer->row,
        .init = part->init,
        .init_stride = part->init_stride,
        .init_panel = MNIST_PANEL,
        .x = batch->bytes + (batch->index ? 0 : image * layer->inputs) + part->k,
        .index = batch->index ? batch->index + image : NULL,
        .x_stride = layer->inputs,
        .table = batch->table,
        .w = part->w,
        .w_stride = w_stride,
        .w_panel = MNIST_PANEL * layer->rows,
        .rows = rows,
        .depth = part->depth,
        .width = block->width,
    });
}

/* The same for bytes, in pairs: all inputs, a few rows of weights at a time, for one panel or two.
 */
static void forward_byte_pairs(const mnist_pass *pass, const mnist_pass_batch *batch,
                               const mnist_block *block, const float *bias, float *z)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t panel = block->column / MNIST_PANEL, panels = mnist_block_panels(block);
    const size_t image = block->first - batch->row, width = block->width / panels;
    const size_t parts = blocks_of(layer->inputs, BYTE_ROWS);
    _Alignas(MNIST_ALIGN) mnist_pair pairs[2][BYTE_ROWS / 2 * MNIST_PANEL];
    /* parts of nearly one size */
    for (size_t part = 0, k = 0, next; part < parts; part++, k = next) {
        next = part + 1 < parts ? layer->inputs * (part + 1) / parts / 2 * 2 : layer->inputs;
        for (size_t p = 0; p < panels; p++) {
            mnist_pass_pair_weights(pass,
                                    pass->mlp->parameters + mnist_panel_row(layer, panel + p, k),
                                    width, next - k, true, pairs[p]);
        }
        pass->half->byte_product(&(mnist_pair_byte_product){
            .out = z,
            .out_stride = layer->row,
            .init = k == 0 ? bias : z,
            .init_stride = k == 0 ? 0 : layer->row,
            .x = batch->bytes + (batch->index ? 0 : image * layer->inputs) + k,
            .index = batch->index ? batch->index + image : NULL,
            .x_stride = layer->inputs,
            .table = batch->table,
            .w = pairs[0],
            .w_stride = width,
            .rows = block->end - block->first,
            .depth = next - k,
            .width = width,
            .panels = panels,
            .out_panel = MNIST_PANEL,
            .init_panel = MNIST_PANEL,
            .w_panel = BYTE_ROWS / 2 * MNIST_PANEL,
        });
    }
}

/* The same in floats: one panel, or two in fp32. In mixed precision infinite weights become the
 * largest finite number: 0 times infinity is NaN, so leaving zeros out would make a difference. */
static void forward_floats(const mnist_pass *pass, const mnist_pass_batch *batch,
                           const mnist_block *block, const float *bias, float *z)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const float *weights =
        pass->mlp->parameters + mnist_panel_row(layer, block->column / MNIST_PANEL, 0);
    if (!pass->half) {
        forward_inputs(pass, batch, block,
                       &(input_part){.depth = layer->inputs, .w = weights, .init = bias}, z);
        return;
    }
    _Alignas(MNIST_ALIGN) float rounded[ROUNDED_ROWS * MNIST_PANEL];
    for (size_t k = 0; k < layer->inputs; k += ROUNDED_ROWS) {
        size_t depth = smaller(layer->inputs - k, ROUNDED_ROWS);
        pass->half->round_finite(weights + k * block->width, rounded, depth * block->width);
        forward_inputs(pass, batch, block,
                       &(input_part){.k = k,
                                     .depth = depth,
                                     .w = rounded,
                                     .init = k == 0 ? bias : z,
                                     .init_stride = k == 0 ? 0 : layer->row},
                       z);
    }
}

/* z = x W + b for a block of the first layer, one panel or two. */
static void forward_first(const mnist_pass *pass, const mnist_pass_batch *batch,
                          const mnist_block *block, float *z)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t panel = block->column / MNIST_PANEL, panels = mnist_block_panels(block);
    const size_t width = block->width / panels;
    _Alignas(MNIST_ALIGN) float bias[2 * MNIST_PANEL] = {0};
    for (size_t p = 0; p < panels; p++) {
        if (batch->shift != 0.0f) {
            shifted_bias(pass, panel + p, batch->shift, bias + p * MNIST_PANEL);
        } else if (!mnist_layer_normalizes(layer)) {
            memcpy(bias + p * MNIST_PANEL,
                   pass->mlp->parameters + mnist_panel_row(layer, panel + p, layer->inputs),
                   width * sizeof *bias);
        }
    }
    if (mnist_pass_pairs_bytes(pass, batch, bias, block->width)) {
        forward_byte_pairs(pass, batch, block, bias, z);
    } else if (!pass->half) {
        forward_floats(pass, batch, block, bias, z);
    } else {
        for (size_t p = 0; p < panels; p++) {
            const mnist_block one = mnist_block_of(layer, panel + p, 1, block->first, block->end);
            forward_floats(pass, batch, &one, bias + p * MNIST_PANEL, z + p * MNIST_PANEL);
        }
    }
}

/* z = a W + b for a block of a layer above the first, one panel. */
static void forward_above(const mnist_pass *pass, unsigned l, const mnist_block *block,
                          const float *bias, float *z)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const float *weights =
        pass->mlp->parameters + mnist_panel_row(layer, block->column / MNIST_PANEL, 0);
    const size_t width = block->width, row = pass->mlp->layers[l - 1].row;
    if (!pass->half) {
        pass->kernels->product(&(mnist_product){
            .out = z,
            .out_stride = layer->row,
            .init = bias,
            .x = pass->activations[l - 1] + block->first * row,
            .x_row = row,
            .x_step = 1,
            .w = weights,
            .w_stride = width,
            .rows = block->end - block->first,
            .depth = layer->inputs,
            .width = width,
        });
        return;
    }
    _Alignas(MNIST_ALIGN) mnist_pair pairs[PAIRED_ROWS / 2 * MNIST_PANEL];
    for (size_t k = 0; k < layer->inputs; k += PAIRED_ROWS) {
        size_t depth = smaller(layer->inputs - k, PAIRED_ROWS);
        mnist_pass_pair_weights(pass, weights + k * width, width, depth, false, pairs);
        pass->half->product(&(mnist_pair_product){
            .out = z,
            .out_stride = layer->row,
            .init = k == 0 ? bias : z,
            .init_stride = k == 0 ? 0 : layer->row,
            .x = pass->activation_pairs[l - 1].along + (block->first * row + k) / 2,
            .x_row = row / 2,
            .x_step = 1,
            .w = pairs,
            .w_stride = width,
            .rows = block->end - block->first,
            .depth = (depth + 1) / 2,
            .width = width,
        });
    }
}

/* a = f(z) for a block of hidden layer l, and dropout of a. z and a point to the block's beginning.
 */
static void activate(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                     const mnist_block *block, float *z, float *a)
{
    const size_t row = pass->mlp->layers[l].row;
    const mnist_activation activation = pass->mlp->config.activation;
    /* f(z), as it is before dropout, then takes the memory of z */
    const bool keep = z != a && mnist_activation_reads(activation) != MNIST_SLOPE_READS_INPUT;
    for (size_t i = 0; i < block->end - block->first; i++) {
        pass->kernels->activate[activation](z + i * row, (keep ? z : a) + i * row, block->width);
        if (keep) {
            memcpy(a + i * row, z + i * row, block->width * sizeof *a);
        }
    }
    mnist_pass_drop(pass, batch, l, block, a);
}

/* z = a W + b for a block of layer l: one panel, or two where mnist_pass_panels says so; and f(z)
 * if it is a hidden layer. */
static void forward_block(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                          const mnist_block *block)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    const size_t panel = block->column / MNIST_PANEL;
    const size_t at = block->first * layer->row + block->column;
    float *a = pass->activations[l] + at;
    float *z = pass->inputs[l] ? pass->inputs[l] + at : a;
    if (l > 0) {
        const float *bias = mlp->parameters + mnist_panel_row(layer, panel, layer->inputs);
        forward_above(pass, l, block, mnist_layer_normalizes(layer) ? NULL : bias, z);
    } else {
        forward_first(pass, batch, block, z);
    }
    if (l + 1 == mlp->layer_count) {
        return;
    }
    for (size_t p = 0; mnist_layer_normalizes(layer) && p < mnist_block_panels(block); p++) {
        mnist_pass_normalize(pass, batch, l, panel + p, z + p * MNIST_PANEL);
    }
    activate(pass, batch, l, block, z, a);
    if (pass->half) {
        mnist_pass_make_operands(pass, pass->activations[l], &pass->activation_pairs[l], layer->row,
                                 block);
    }
}

void mnist_pass_forward_layer(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    for (size_t panel = 0, panels; panel < layer->panels; panel += panels) {
        panels = mnist_pass_panels(pass, batch, l, panel, layer->panels, 1);
        const mnist_block block =
            mnist_block_of(layer, panel, panels, batch->row, batch->row + batch->count);
        forward_block(pass, batch, l, &block);
    }
}

/* Fetches the memory of a block's outputs, which other workers have read in the step before. */
static void fetch_outputs(const mnist_pass *pass, unsigned l, const mnist_block *block)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t at = block->first * layer->row + block->column;
    mnist_fetch_rows_to_write(pass->activations[l] + at, layer->row * sizeof(float),
                              block->end - block->first, block->width * sizeof(float));
}

void mnist_pass_forward_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker,
                             size_t *first, size_t *end)
{
    const mnist_mlp *mlp = pass->mlp;
    const size_t rows = batch->row + batch->count;
    unsigned last = mlp->layer_count - 1;
    for (unsigned l = 0; l < last; l++) {
        /* with batch normalisation all of a panel's images are one worker's */
        const size_t block_rows =
            mnist_layer_normalizes(&mlp->layers[l]) ? batch->count : IMAGE_BLOCK;
        const size_t image_blocks = blocks_of(batch->count, block_rows);
        size_t unit, units_end;
        mnist_worker_share(worker, mlp->layers[l].panels * image_blocks, &unit, &units_end);
        while (unit < units_end) { /* a panel at a time: this worker's blocks of it */
            size_t panel = unit / image_blocks, block = unit % image_blocks;
            size_t panels = mnist_pass_panels(pass, batch, l, unit, units_end, image_blocks);
            size_t blocks = smaller(image_blocks - block, units_end - unit);
            const mnist_block mine =
                mnist_block_of(&mlp->layers[l], panel, panels, batch->row + block * block_rows,
                               smaller(batch->row + (block + blocks) * block_rows, rows));
            if (worker.count > 1) {
                fetch_outputs(pass, l, &mine);
            }
            forward_block(pass, batch, l, &mine);
            unit += panels * blocks;
        }
        mnist_pool_barrier(worker);
    }
    mnist_pass_images(batch->count, worker, first, end);
    *first += batch->row;
    *end += batch->row;
    if (last > 0 && worker.count > 1) {
        const mnist_layer *below = &mlp->layers[last - 1];
        mnist_fetch_rows(pass->activations[last - 1] + *first * below->row,
                         below->row * sizeof(float), *end - *first, below->stride * sizeof(float));
    }
    for (size_t panel = 0; panel < mlp->layers[last].panels && *first < *end; panel++) {
        const mnist_block mine = mnist_block_of(&mlp->layers[last], panel, 1, *first, *end);
        forward_block(pass, batch, last, &mine);
    }
}

/* How many floats of logits the loss against soft targets takes at a time. */
#define SOFT_FLOATS 2048u

/* Losses and gradient against the soft targets of rows [first, end), for the batch's factor, put
 * beside those against the labels, which losses and deltas hold; or in their place, where soft
 * targets are all. */
static void add_soft_loss(mnist_pass *pass, const mnist_pass_batch *batch, float factor,
                          size_t first, size_t end)
{
    _Alignas(MNIST_ALIGN) float z[SOFT_FLOATS], dz[SOFT_FLOATS], losses[SOFT_FLOATS / MNIST_LANES];
    const unsigned last = pass->mlp->layer_count - 1;
    const size_t stride = pass->mlp->layers[last].row, most = SOFT_FLOATS / stride;
    const float temperature = batch->temperature, weight = batch->soft_weight;
    const float loss_weight = weight * temperature * temperature;
    for (size_t row = first, rows; row < end; row += rows) {
        rows = smaller(end - row, most);
        const size_t image = row - batch->row;
        float *delta = pass->deltas[last] + row * stride;
        for (size_t k = 0; k < rows * stride; k++) {
            z[k] = pass->activations[last][row * stride + k] / temperature;
        }
        pass->kernels->softmax(&(mnist_softmax){.z = z,
                                                .dz = dz,
                                                .stride = stride,
                                                .targets = batch->soft + image * stride,
                                                .losses = losses,
                                                .rows = rows,
                                                .classes = pass->mlp->config.outputs,
                                                .scale = weight * temperature * factor});
        for (size_t k = 0; k < rows * stride; k++) {
            delta[k] = weight < 1.0f ? delta[k] + dz[k] : dz[k];
        }
        for (size_t i = 0; i < rows; i++) { /* KL: the cross-entropy less the target's entropy */
            const float soft = loss_weight * (losses[i] - batch->soft_entropies[image + i]);
            float *loss = &pass->losses[row + i];
            *loss = weight < 1.0f ? (1.0f - weight) * *loss + soft : soft;
        }
    }
}

void mnist_pass_loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient,
                          size_t first, size_t end)
{
    unsigned last = pass->mlp->layer_count - 1;
    size_t stride = pass->mlp->layers[last].row;
    /* kept for virtual adversarial training, which needs those of the unchanged images */
    float *probabilities = gradient && pass->probabilities && batch->row == 0
                               ? pass->probabilities + first * stride
                               : NULL;
    const float factor = (batch->weight > 0.0f ? batch->weight : 1.0f) *
                         (batch->loss_scale > 0.0f ? batch->loss_scale : 1.0f) /
                         (float)batch->count;
    const float share = batch->soft ? 1.0f - batch->soft_weight : 1.0f; /* of the labels */
    const bool hard = share > 0.0f;
    pass->kernels->softmax(&(mnist_softmax){
        .z = pass->activations[last] + first * stride,
        .dz = gradient && hard ? pass->deltas[last] + first * stride : NULL,
        .stride = stride,
        .labels = batch->labels && hard ? batch->labels + (first - batch->row) : NULL,
        .targets = batch->targets && hard ? batch->targets + (first - batch->row) * stride : NULL,
        .probabilities = probabilities,
        .losses = pass->losses + first,
        .predicted = pass->predicted + first,
        .rows = end - first,
        .classes = pass->mlp->config.outputs,
        .smoothing = batch->smoothing,
        .scale = share * factor,
        .confidence = gradient && !batch->virtual ? pass->regularization.confidence_penalty : 0.0f,
    });
    if (gradient && batch->soft) {
        add_soft_loss(pass, batch, factor, first, end);
    }
    if (gradient && pass->half) {
        const mnist_layer *layer = &pass->mlp->layers[last];
        mnist_pass_make_operands(
            pass, pass->deltas[last], &pass->delta_pairs[last], layer->row,
            &(mnist_block){.first = first, .end = end, .width = layer->stride});
    }
}
