/* Forward: layers, activations, loss. */
#include "nn/parts.h"

#include "base/fetch.h"

#include <string.h>

/* Rows of a panel's weights that are rounded at a time, in a buffer that stays in a first-level
 * cache. */
#define ROUNDED_ROWS 112u
#define PAIRED_ROWS  128u
#define BYTE_ROWS    112u /* in pairs, of two panels */

/* b + shift * column sums of W, for one panel of the first layer; with batch normalisation, which
 * adds b later, without it. */
static void shifted_bias(const mnist_pass *pass, size_t panel, float shift, float *out)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    size_t width = mnist_panel_width(layer, panel);
    pass->kernels->product(&(mnist_product){
        .out = out,
        .init = mnist_layer_normalizes(layer)
                    ? NULL
                    : pass->mlp->parameters + mnist_panel_row(layer, panel, layer->inputs),
        .x = &shift, /* every input's */
        .w = pass->mlp->parameters + mnist_panel_row(layer, panel, 0),
        .w_stride = width,
        .rows = 1,
        .depth = layer->inputs,
        .width = width,
    });
}

/* z = x W + b of rows [first, end) of the pass, one panel of the first layer, or, of bytes, two:
 * `depth` inputs from k on, whose weights are w. */
static void forward_inputs(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                           size_t panels, const float *init, size_t init_stride, float *z,
                           size_t first, size_t end, size_t k, size_t depth, const float *w)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t image = first - batch->row, width = mnist_panel_width(layer, panel);
    if (batch->x) {
        pass->kernels->product(&(mnist_product){
            .out = z,
            .out_stride = layer->row,
            .init = init,
            .init_stride = init_stride,
            .x = batch->x + image * batch->x_stride + k,
            .x_row = batch->x_stride,
            .x_step = 1,
            .w = w,
            .w_stride = width,
            .rows = end - first,
            .depth = depth,
            .width = width,
        });
        return;
    }
    pass->kernels->byte_product(&(mnist_byte_product){
        .out = z,
        .out_stride = layer->row,
        .init = init,
        .init_stride = init_stride,
        .init_panel = MNIST_PANEL,
        .x = batch->bytes + (batch->index ? 0 : image * layer->inputs) + k,
        .index = batch->index ? batch->index + image : NULL,
        .x_stride = layer->inputs,
        .table = batch->table,
        .w = w,
        .w_stride = width,
        .w_panel = MNIST_PANEL * layer->rows,
        .rows = end - first,
        .depth = depth,
        .width = panels * width,
    });
}

/* The same of bytes by pairs, all inputs, a block of weights at a time, and of one panel or two. */
static void forward_byte_pairs(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                               size_t panels, const float *bias, float *z, size_t first, size_t end)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t image = first - batch->row, width = mnist_panel_width(layer, panel);
    const size_t blocks = blocks_of(layer->inputs, BYTE_ROWS);
    _Alignas(MNIST_ALIGN) mnist_pair pairs[2][BYTE_ROWS / 2 * MNIST_PANEL];
    for (size_t block = 0, k = 0, next; block < blocks; block++, k = next) { /* nearly of a size */
        next = block + 1 < blocks ? layer->inputs * (block + 1) / blocks / 2 * 2 : layer->inputs;
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
            .rows = end - first,
            .depth = next - k,
            .width = width,
            .panels = panels,
            .out_panel = MNIST_PANEL,
            .init_panel = MNIST_PANEL,
            .w_panel = BYTE_ROWS / 2 * MNIST_PANEL,
        });
    }
}

/* The same as floats, one panel, or two of fp32. Mixed precision makes infinite weights the largest
 * finite: 0 times one would matter, which zeros left out must not. */
static void forward_floats(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                           size_t panels, const float *bias, float *z, size_t first, size_t end)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const float *weights = pass->mlp->parameters + mnist_panel_row(layer, panel, 0);
    const size_t width = mnist_panel_width(layer, panel);
    if (!pass->half) {
        forward_inputs(pass, batch, panel, panels, bias, 0, z, first, end, 0, layer->inputs,
                       weights);
        return;
    }
    _Alignas(MNIST_ALIGN) float rounded[ROUNDED_ROWS * MNIST_PANEL];
    for (size_t k = 0; k < layer->inputs; k += ROUNDED_ROWS) {
        size_t depth = smaller(layer->inputs - k, ROUNDED_ROWS);
        pass->half->round_finite(weights + k * width, rounded, depth * width);
        forward_inputs(pass, batch, panel, 1, k == 0 ? bias : z, k == 0 ? 0 : layer->row, z, first,
                       end, k, depth, rounded);
    }
}

/* z = x W + b of rows [first, end) of the pass, one panel of the first layer or two. */
static void forward_first(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                          size_t panels, float *z, size_t first, size_t end)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t width = mnist_panel_width(layer, panel);
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
    if (mnist_pass_pairs_bytes(pass, batch, bias, panels * width)) {
        forward_byte_pairs(pass, batch, panel, panels, bias, z, first, end);
        return;
    }
    const size_t together = pass->half ? 1 : panels;
    for (size_t p = 0; p < panels; p += together) {
        forward_floats(pass, batch, panel + p, together, bias + p * MNIST_PANEL,
                       z + p * MNIST_PANEL, first, end);
    }
}

/* z = a W + b of rows [first, end) of the pass, one panel of a layer above the first. */
static void forward_above(const mnist_pass *pass, unsigned l, size_t panel, const float *bias,
                          float *z, size_t first, size_t end)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const float *weights = pass->mlp->parameters + mnist_panel_row(layer, panel, 0);
    const size_t width = mnist_panel_width(layer, panel), row = pass->mlp->layers[l - 1].row;
    if (!pass->half) {
        pass->kernels->product(&(mnist_product){
            .out = z,
            .out_stride = layer->row,
            .init = bias,
            .x = pass->activations[l - 1] + first * row,
            .x_row = row,
            .x_step = 1,
            .w = weights,
            .w_stride = width,
            .rows = end - first,
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
            .x = pass->activation_pairs[l - 1].along + (first * row + k) / 2,
            .x_row = row / 2,
            .x_step = 1,
            .w = pairs,
            .w_stride = width,
            .rows = end - first,
            .depth = (depth + 1) / 2,
            .width = width,
        });
    }
}

/* a = f(z) of rows [first, end), columns [column, column + width) of hidden layer l, with what
 * dropout leaves of it. */
static void activate(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l, float *z,
                     float *a, size_t column, size_t width, size_t first, size_t end)
{
    const size_t row = pass->mlp->layers[l].row;
    const mnist_activation activation = pass->mlp->config.activation;
    /* z's place then keeps f(z) as it is before dropout */
    const bool keep = z != a && !mnist_activation_keeps_input(activation);
    for (size_t i = 0; i < end - first; i++) {
        pass->kernels->activate[activation](z + i * row, (keep ? z : a) + i * row, width);
        if (keep) {
            memcpy(a + i * row, z + i * row, width * sizeof *a);
        }
    }
    mnist_pass_drop(pass, batch, l, a, column, width, first, end);
}

/* z = a W + b of rows [first, end) of the pass, one panel of layer l, or two where
 * mnist_pass_panels says so; f(z) too if it is a hidden layer. */
static void forward_panels(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                           size_t panel, size_t panels, size_t first, size_t end)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    size_t width = panels * mnist_panel_width(layer, panel), column = panel * MNIST_PANEL;
    size_t at = first * layer->row + column;
    float *a = pass->activations[l] + at;
    float *z = pass->inputs[l] ? pass->inputs[l] + at : a;
    if (l > 0) {
        const float *bias = mlp->parameters + mnist_panel_row(layer, panel, layer->inputs);
        forward_above(pass, l, panel, mnist_layer_normalizes(layer) ? NULL : bias, z, first, end);
    } else {
        forward_first(pass, batch, panel, panels, z, first, end);
    }
    if (l + 1 == mlp->layer_count) {
        return;
    }
    for (size_t p = 0; mnist_layer_normalizes(layer) && p < panels; p++) {
        mnist_pass_normalize(pass, batch, l, panel + p, z + p * MNIST_PANEL);
    }
    activate(pass, batch, l, z, a, column, width, first, end);
    if (pass->half) {
        mnist_pass_make_operands(pass, pass->activations[l], &pass->activation_pairs[l], layer->row,
                                 first, end, column, width);
    }
}

/* Where a panel's outputs go, other workers have read in the step before. */
static void fetch_outputs(const mnist_pass *pass, unsigned l, size_t panel, size_t panels,
                          size_t first, size_t end)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t at = first * layer->row + panel * MNIST_PANEL;
    mnist_fetch_rows_to_write(pass->activations[l] + at, layer->row * sizeof(float), end - first,
                              panels * mnist_panel_width(layer, panel) * sizeof(float));
}

void mnist_pass_forward_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker,
                             size_t *first, size_t *end)
{
    const mnist_mlp *mlp = pass->mlp;
    const size_t rows = batch->row + batch->count;
    unsigned last = mlp->layer_count - 1;
    for (unsigned l = 0; l < last; l++) {
        /* normalised over the batch, a panel's images are all one worker's */
        const size_t block_rows =
            mnist_layer_normalizes(&mlp->layers[l]) ? batch->count : IMAGE_BLOCK;
        const size_t image_blocks = blocks_of(batch->count, block_rows);
        size_t unit, units_end;
        mnist_worker_share(worker, mlp->layers[l].panels * image_blocks, &unit, &units_end);
        while (unit < units_end) { /* a panel at a time, as many of its blocks as are mine */
            size_t panel = unit / image_blocks, block = unit % image_blocks;
            size_t panels = mnist_pass_panels(pass, batch, l, unit, units_end, image_blocks);
            size_t blocks = smaller(image_blocks - block, units_end - unit);
            size_t row = batch->row + block * block_rows;
            size_t rows_end = smaller(batch->row + (block + blocks) * block_rows, rows);
            if (worker.count > 1) {
                fetch_outputs(pass, l, panel, panels, row, rows_end);
            }
            forward_panels(pass, batch, l, panel, panels, row, rows_end);
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
        forward_panels(pass, batch, last, panel, 1, *first, *end);
    }
}

void mnist_pass_loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient,
                          size_t first, size_t end)
{
    unsigned last = pass->mlp->layer_count - 1;
    size_t stride = pass->mlp->layers[last].row;
    /* of the images as they are, for the virtual adversary to differ from */
    float *probabilities = gradient && pass->probabilities && batch->row == 0
                               ? pass->probabilities + first * stride
                               : NULL;
    pass->kernels->softmax(&(mnist_softmax){
        .z = pass->activations[last] + first * stride,
        .dz = gradient ? pass->deltas[last] + first * stride : NULL,
        .stride = stride,
        .labels = batch->labels ? batch->labels + (first - batch->row) : NULL,
        .targets = batch->targets ? batch->targets + (first - batch->row) * stride : NULL,
        .probabilities = probabilities,
        .losses = pass->losses + first,
        .predicted = pass->predicted + first,
        .rows = end - first,
        .classes = pass->mlp->config.outputs,
        .smoothing = batch->smoothing,
        .scale = (batch->weight > 0.0f ? batch->weight : 1.0f) *
                 (batch->loss_scale > 0.0f ? batch->loss_scale : 1.0f) / (float)batch->count,
        .confidence = gradient && !batch->virtual ? pass->regularization.confidence_penalty : 0.0f,
    });
    if (gradient && pass->half) {
        const mnist_layer *layer = &pass->mlp->layers[last];
        mnist_pass_make_operands(pass, pass->deltas[last], &pass->delta_pairs[last], layer->row,
                                 first, end, 0, layer->stride);
    }
}

void mnist_pass_evaluate(mnist_pass *pass, const mnist_pass_batch *batch)
{
    const mnist_mlp *mlp = pass->mlp;
    const size_t end = batch->row + batch->count;
    for (unsigned l = 0; l < mlp->layer_count && batch->count > 0; l++) {
        for (size_t panel = 0, panels; panel < mlp->layers[l].panels; panel += panels) {
            panels = mnist_pass_panels(pass, batch, l, panel, mlp->layers[l].panels, 1);
            forward_panels(pass, batch, l, panel, panels, batch->row, end);
        }
    }
    mnist_pass_loss_part(pass, batch, false, batch->row, end);
}

void mnist_pass_probabilities(mnist_pass *pass, size_t row, size_t count)
{
    unsigned last = pass->mlp->layer_count - 1;
    size_t stride = pass->mlp->layers[last].row;
    float *z = pass->activations[last] + row * stride;
    pass->kernels->softmax(&(mnist_softmax){.z = z,
                                            .dz = z,
                                            .stride = stride,
                                            .rows = count,
                                            .classes = pass->mlp->config.outputs,
                                            .scale = 1.0f});
}
