#include "nn/pass.h"

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Work is cut into blocks of these many rows: small enough that a few workers share a small layer
 * evenly, large enough that a block is worth a call. Multiples of the kernels' tile heights. */
#define IMAGE_BLOCK  24u /* images, in forward and in backward through a layer */
#define WEIGHT_BLOCK 48u /* weight rows, in the weight gradient and update */

static size_t blocks_of(size_t count, size_t block)
{
    return (count + block - 1) / block;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Blocks of rows in one panel of the weight gradient, the bias row counted in. */
static size_t weight_blocks(const mnist_layer *layer)
{
    return blocks_of(layer->inputs + 1, WEIGHT_BLOCK);
}

static bool allocate_pairs(const mnist_pass *pass, struct mnist_pairs *pairs,
                           const mnist_layer *layer)
{
    pairs->along = mnist_alloc(pass->capacity * (layer->row / 2), sizeof *pairs->along);
    pairs->across = mnist_alloc((pass->capacity + 1) / 2 * layer->row, sizeof *pairs->across);
    return pairs->along && pairs->across;
}

static bool allocate(mnist_pass *pass, bool gradient)
{
    const mnist_mlp *mlp = pass->mlp;
    bool keeps_input = mnist_activation_keeps_input(mlp->config.activation);
    bool ok = true;
    size_t norm_count = 0;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        if (layer->row > SIZE_MAX / sizeof(float) / pass->capacity) {
            return false;
        }
        size_t size = pass->capacity * layer->row;
        pass->activations[l] = mnist_alloc(size, sizeof(float));
        ok = ok && pass->activations[l];
        if (gradient) {
            pass->deltas[l] = mnist_alloc(size, sizeof(float));
            ok = ok && pass->deltas[l];
        }
        if (pass->half && l + 1 < mlp->layer_count) {
            ok = ok && allocate_pairs(pass, &pass->activation_pairs[l], layer);
        }
        if (pass->half && l > 0) {
            ok = ok && allocate_pairs(pass, &pass->delta_pairs[l], layer);
        }
        if (keeps_input && l + 1 < mlp->layer_count) {
            pass->inputs[l] = mnist_alloc(size, sizeof(float));
            ok = ok && pass->inputs[l];
        }
        norm_count += layer->panels * weight_blocks(layer);
    }
    pass->losses = mnist_alloc(pass->capacity, sizeof(float));
    pass->predicted = mnist_alloc(pass->capacity, 1);
    ok = ok && pass->losses && pass->predicted;
    if (gradient) {
        pass->gradient = mnist_alloc(mlp->arena_size, sizeof(float));
        pass->norms = mnist_alloc(norm_count, sizeof(double));
        ok = ok && pass->gradient && pass->norms;
    }
    return ok;
}

mnist_status mnist_pass_create_with(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool,
                                    size_t capacity, mnist_pass_options options, mnist_error *err)
{
    *out = NULL;
    if (capacity < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "capacity of a pass: expected at least 1 image");
    }
    if (mlp->config.outputs > 256) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "outputs: expected at most 256, found %u",
                          mlp->config.outputs);
    }
    mnist_pass *pass = mnist_alloc(1, sizeof *pass);
    if (!pass) {
        return mnist_fail_memory(err, sizeof *pass, "a pass");
    }
    pass->mlp = mlp;
    pass->pool = pool;
    pass->kernels = mnist_kernels_select();
    pass->half = options.forward_only ? NULL : pass->kernels->half[options.precision];
    pass->capacity = capacity;
    if (!allocate(pass, !options.forward_only)) {
        mnist_pass_free(pass);
        return mnist_fail(err, MNIST_ERR_MEMORY,
                          "out of memory: activations and gradients of %zu images could not be "
                          "had; try a smaller batch or net",
                          capacity);
    }
    *out = pass;
    return MNIST_OK;
}

mnist_status mnist_pass_create(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool, size_t capacity,
                               mnist_error *err)
{
    return mnist_pass_create_with(out, mlp, pool, capacity, (mnist_pass_options){0}, err);
}

void mnist_pass_free(mnist_pass *pass)
{
    if (!pass) {
        return;
    }
    for (unsigned l = 0; l <= MNIST_MAX_HIDDEN; l++) {
        mnist_free(pass->activations[l]);
        mnist_free(pass->inputs[l]);
        mnist_free(pass->deltas[l]);
        mnist_free(pass->activation_pairs[l].along);
        mnist_free(pass->activation_pairs[l].across);
        mnist_free(pass->delta_pairs[l].along);
        mnist_free(pass->delta_pairs[l].across);
    }
    mnist_free(pass->gradient);
    mnist_free(pass->norms);
    mnist_free(pass->losses);
    mnist_free(pass->predicted);
    mnist_free(pass);
}

/* Columns of one panel. */
typedef struct panel_row {
    _Alignas(MNIST_ALIGN) float value[MNIST_PANEL];
} panel_row;

/* b + shift * column sums of W, for one panel of the first layer. */
static void shifted_bias(const mnist_pass *pass, size_t panel, float shift, panel_row *out)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    size_t width = mnist_panel_width(layer, panel);
    pass->kernels->product(&(mnist_product){
        .out = out->value,
        .init = pass->mlp->parameters + mnist_panel_row(layer, panel, layer->inputs),
        .x = &shift, /* every input's */
        .w = pass->mlp->parameters + mnist_panel_row(layer, panel, 0),
        .w_stride = width,
        .rows = 1,
        .depth = layer->inputs,
        .width = width,
    });
}

/* Rows of a panel's weights that are rounded at a time, in a buffer that stays in a first-level
 * cache. */
#define ROUNDED_ROWS 112u
#define PAIRED_ROWS  128u

/* Makes operands of what products have left at `column`, width wide, of rows [first, end) of the
 * pass: in pairs or, with pairs NULL, as floats, rounded in place. first is even, and end unless it
 * is the batch's. */
static void make_operands(const mnist_pass *pass, float *values, const struct mnist_pairs *pairs,
                          size_t row, size_t first, size_t end, size_t column, size_t width)
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

/* Weights of rows [k, k + depth) of a panel, in pairs of rows. */
static void pair_weights(const mnist_pass *pass, const float *weights, size_t width, size_t depth,
                         mnist_pair *out)
{
    for (size_t r = 0; r < depth; r += 2) {
        const float *row = weights + r * width;
        pass->half->pair_across(row, r + 1 < depth ? row + width : NULL, out + r / 2 * width,
                                width);
    }
}

/* z = x W + b of rows [first, end) of the pass, one panel of the first layer, `depth` inputs from
 * k on, whose weights are w. */
static void forward_inputs(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                           const float *init, size_t init_stride, float *z, size_t first,
                           size_t end, size_t k, size_t depth, const float *w)
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
        .x = batch->bytes + (batch->index ? 0 : image * layer->inputs) + k,
        .index = batch->index ? batch->index + image : NULL,
        .x_stride = layer->inputs,
        .table = batch->table,
        .w = w,
        .w_stride = width,
        .rows = end - first,
        .depth = depth,
        .width = width,
    });
}

static void forward_first(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                          const float *bias, float *z, size_t first, size_t end)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const float *weights = pass->mlp->parameters + mnist_panel_row(layer, panel, 0);
    const size_t width = mnist_panel_width(layer, panel);
    if (!pass->half) {
        forward_inputs(pass, batch, panel, bias, 0, z, first, end, 0, layer->inputs, weights);
        return;
    }
    _Alignas(MNIST_ALIGN) float rounded[ROUNDED_ROWS * MNIST_PANEL];
    for (size_t k = 0; k < layer->inputs; k += ROUNDED_ROWS) {
        size_t depth = smaller(layer->inputs - k, ROUNDED_ROWS);
        pass->half->round(weights + k * width, rounded, depth * width);
        forward_inputs(pass, batch, panel, k == 0 ? bias : z, k == 0 ? 0 : layer->row, z, first,
                       end, k, depth, rounded);
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
        pair_weights(pass, weights + k * width, width, depth, pairs);
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

/* z = a W + b of rows [first, end) of the pass, one panel of layer l; f(z) too if it is a hidden
 * layer. */
static void forward_panel(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                          size_t panel, size_t first, size_t end)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    size_t width = mnist_panel_width(layer, panel), column = panel * MNIST_PANEL;
    size_t at = first * layer->row + column;
    float *a = pass->activations[l] + at;
    float *z = pass->inputs[l] ? pass->inputs[l] + at : a;
    const float *bias = mlp->parameters + mnist_panel_row(layer, panel, layer->inputs);
    if (l > 0) {
        forward_above(pass, l, panel, bias, z, first, end);
    } else {
        panel_row shifted;
        if (batch->shift != 0.0f) {
            shifted_bias(pass, panel, batch->shift, &shifted);
            bias = shifted.value;
        }
        forward_first(pass, batch, panel, bias, z, first, end);
    }
    if (l + 1 == mlp->layer_count) {
        return;
    }
    for (size_t i = 0; i < end - first; i++) {
        pass->kernels->activate[mlp->config.activation](z + i * layer->row, a + i * layer->row,
                                                        width);
    }
    if (pass->half) {
        make_operands(pass, pass->activations[l], &pass->activation_pairs[l], layer->row, first,
                      end, column, width);
    }
}

/* d(loss)/da of the layer below l, times f': images [first, end), inputs of one block of
 * MNIST_PANEL. The weights are turned on their side a block at a time, so that the product runs
 * along contiguous rows. */
static void backward_block(mnist_pass *pass, unsigned l, size_t block, size_t first, size_t end)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    const mnist_layer *below = &mlp->layers[l - 1];
    _Alignas(MNIST_ALIGN) float turned[MNIST_PANEL * MNIST_PANEL];
    size_t k = block * MNIST_PANEL;
    size_t inputs = smaller(layer->inputs - k, MNIST_PANEL), width = mnist_pad(inputs);
    size_t at = first * below->row + k;
    float *delta = pass->deltas[l - 1] + at;
    if (width != inputs) {
        memset(turned, 0, sizeof turned); /* padding stays zero */
    }
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t outputs = smaller(layer->outputs - panel * MNIST_PANEL, MNIST_PANEL);
        const size_t column = panel * MNIST_PANEL;
        pass->kernels->transpose(mlp->parameters + mnist_panel_row(layer, panel, k),
                                 mnist_panel_width(layer, panel), turned, MNIST_PANEL, inputs,
                                 mnist_panel_width(layer, panel));
        if (pass->half) {
            _Alignas(MNIST_ALIGN) mnist_pair pairs[MNIST_PANEL / 2 * MNIST_PANEL];
            pair_weights(pass, turned, MNIST_PANEL, outputs, pairs);
            pass->half->product(&(mnist_pair_product){
                .out = delta,
                .out_stride = below->row,
                .init = panel == 0 ? NULL : delta,
                .init_stride = below->row,
                .x = pass->delta_pairs[l].along + (first * layer->row + column) / 2,
                .x_row = layer->row / 2,
                .x_step = 1,
                .w = pairs,
                .w_stride = MNIST_PANEL,
                .rows = end - first,
                .depth = (outputs + 1) / 2,
                .width = width,
            });
            continue;
        }
        pass->kernels->product(&(mnist_product){
            .out = delta,
            .out_stride = below->row,
            .init = panel == 0 ? NULL : delta,
            .init_stride = below->row,
            .x = pass->deltas[l] + first * layer->row + column,
            .x_row = layer->row,
            .x_step = 1,
            .w = turned, /* (outputs, inputs) */
            .w_stride = MNIST_PANEL,
            .rows = end - first,
            .depth = outputs,
            .width = width,
        });
    }
    const float *a = pass->activations[l - 1] + at;
    const float *z = pass->inputs[l - 1] ? pass->inputs[l - 1] + at : a;
    for (size_t i = 0; i < end - first; i++) {
        size_t row = i * below->row;
        pass->kernels->activate_backward[mlp->config.activation](z + row, a + row, delta + row,
                                                                 width);
    }
    if (pass->half) {
        make_operands(pass, pass->deltas[l - 1], l > 1 ? &pass->delta_pairs[l - 1] : NULL,
                      below->row, first, end, k, width);
    }
}

/* db = sum of dz over the batch, of one panel: the bias is a weight whose input is always 1. */
static void bias_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                          size_t panel, float *out)
{
    static const float one = 1.0f;
    const mnist_layer *layer = &pass->mlp->layers[l];
    pass->kernels->product(&(mnist_product){
        .out = out,
        .x = &one,
        .w = pass->deltas[l] + panel * MNIST_PANEL,
        .w_stride = layer->row,
        .rows = 1,
        .depth = batch->count,
        .width = mnist_panel_width(layer, panel),
    });
}

/* shift * db, from which the sums of the first layer's dW begin. */
static void shifted_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                             panel_row *out)
{
    panel_row bias;
    bias_gradient(pass, batch, 0, panel, bias.value);
    pass->kernels->product(&(mnist_product){
        .out = out->value,
        .x = &batch->shift,
        .w = bias.value,
        .rows = 1,
        .depth = 1,
        .width = mnist_panel_width(&pass->mlp->layers[0], panel),
    });
}

/* dW = a^T dz and db: rows [first, end) of one panel, to out. */
static void weight_gradient_block(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                                  size_t panel, size_t first, size_t end, float *out)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    size_t width = mnist_panel_width(layer, panel);
    const float *deltas = pass->deltas[l] + panel * MNIST_PANEL, *init = NULL;
    panel_row shifted;
    if (l == 0 && batch->shift != 0.0f) {
        shifted_gradient(pass, batch, panel, &shifted);
        init = shifted.value;
    }
    if (l == 0 && !batch->x) {
        pass->kernels->byte_product(&(mnist_byte_product){
            .out = out,
            .out_stride = width,
            .init = init,
            .x = batch->turned + first * batch->turned_stride,
            .x_stride = batch->turned_stride,
            .table = batch->table,
            .w = deltas,
            .w_stride = layer->row,
            .rows = smaller(end, layer->inputs) - first,
            .depth = batch->count,
            .width = width,
        });
    } else if (l > 0 && pass->half) {
        pass->half->product(&(mnist_pair_product){
            .out = out,
            .out_stride = width,
            .x = pass->activation_pairs[l - 1].across + first,
            .x_row = 1,
            .x_step = pass->mlp->layers[l - 1].row,
            .w = pass->delta_pairs[l].across + panel * MNIST_PANEL,
            .w_stride = layer->row,
            .rows = smaller(end, layer->inputs) - first,
            .depth = (batch->count + 1) / 2,
            .width = width,
        });
    } else {
        pass->kernels->product(&(mnist_product){
            .out = out,
            .out_stride = width,
            .init = init,
            .x = (l == 0 ? batch->x : pass->activations[l - 1]) + first, /* down its columns */
            .x_row = 1,
            .x_step = l == 0 ? batch->x_stride : pass->mlp->layers[l - 1].row,
            .w = deltas,
            .w_stride = layer->row,
            .rows = smaller(end, layer->inputs) - first,
            .depth = batch->count,
            .width = width,
        });
    }
    if (end > layer->inputs) {
        bias_gradient(pass, batch, l, panel, out + (layer->inputs - first) * width);
    }
}

/* Forward through all layers but the last, which goes by images: [*first, *end) are this
 * worker's. */
static void forward_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker,
                         size_t *first, size_t *end)
{
    const mnist_mlp *mlp = pass->mlp;
    size_t image_blocks = blocks_of(batch->count, IMAGE_BLOCK);
    unsigned last = mlp->layer_count - 1;
    for (unsigned l = 0; l < last; l++) {
        size_t unit, units_end;
        mnist_worker_share(worker, mlp->layers[l].panels * image_blocks, &unit, &units_end);
        while (unit < units_end) { /* a panel at a time, as many of its blocks as are mine */
            size_t panel = unit / image_blocks, block = unit % image_blocks;
            size_t blocks = smaller(image_blocks - block, units_end - unit);
            forward_panel(pass, batch, l, panel, block * IMAGE_BLOCK,
                          smaller((block + blocks) * IMAGE_BLOCK, batch->count));
            unit += blocks;
        }
        mnist_pool_barrier(worker);
    }
    mnist_pass_images(batch->count, worker, first, end);
    for (size_t panel = 0; panel < mlp->layers[last].panels && *first < *end; panel++) {
        forward_panel(pass, batch, last, panel, *first, *end);
    }
}

/* Losses, predictions and, if wanted, the gradient at the logits of rows [first, end) of the
 * pass. */
static void loss_part(mnist_pass *pass, const mnist_pass_batch *batch, bool gradient, size_t first,
                      size_t end)
{
    unsigned last = pass->mlp->layer_count - 1;
    size_t stride = pass->mlp->layers[last].row;
    pass->kernels->softmax(&(mnist_softmax){
        .z = pass->activations[last] + first * stride,
        .dz = gradient ? pass->deltas[last] + first * stride : NULL,
        .stride = stride,
        .labels = batch->labels ? batch->labels + (first - batch->row) : NULL,
        .losses = pass->losses + first,
        .predicted = pass->predicted + first,
        .rows = end - first,
        .classes = pass->mlp->config.outputs,
        .smoothing = batch->smoothing,
        .scale = (batch->loss_scale > 0.0f ? batch->loss_scale : 1.0f) / (float)batch->count,
    });
    if (gradient && pass->half) {
        const mnist_layer *layer = &pass->mlp->layers[last];
        make_operands(pass, pass->deltas[last], last > 0 ? &pass->delta_pairs[last] : NULL,
                      layer->row, first, end, 0, layer->stride);
    }
}

void mnist_pass_evaluate(mnist_pass *pass, const mnist_pass_batch *batch)
{
    const mnist_mlp *mlp = pass->mlp;
    const size_t end = batch->row + batch->count;
    for (unsigned l = 0; l < mlp->layer_count && batch->count > 0; l++) {
        for (size_t panel = 0; panel < mlp->layers[l].panels; panel++) {
            forward_panel(pass, batch, l, panel, batch->row, end);
        }
    }
    loss_part(pass, batch, false, batch->row, end);
}

/* Deltas of all layers, from the logits down. On return every worker may read them all. */
static void backward_part(mnist_pass *pass, const mnist_pass_batch *batch, size_t first, size_t end,
                          mnist_worker worker)
{
    const mnist_mlp *mlp = pass->mlp;
    unsigned last = mlp->layer_count - 1;
    /* The last layer still goes by images: no barrier stands between its logits and here. */
    size_t blocks = last == 0 ? 0 : blocks_of(mlp->layers[last].inputs, MNIST_PANEL);
    for (size_t block = 0; block < blocks && first < end; block++) {
        backward_block(pass, last, block, first, end);
    }
    mnist_pool_barrier(worker);
    size_t image_blocks = blocks_of(batch->count, IMAGE_BLOCK);
    for (unsigned l = last; l-- > 1;) {
        size_t unit, units_end;
        blocks = blocks_of(mlp->layers[l].inputs, MNIST_PANEL);
        mnist_worker_share(worker, blocks * image_blocks, &unit, &units_end);
        while (unit < units_end) { /* weights are turned once for all images that are mine */
            size_t image_block = unit % image_blocks;
            size_t run = smaller(image_blocks - image_block, units_end - unit);
            backward_block(pass, l, unit / image_blocks, image_block * IMAGE_BLOCK,
                           smaller((image_block + run) * IMAGE_BLOCK, batch->count));
            unit += run;
        }
        mnist_pool_barrier(worker);
    }
}

/* A block of the gradient: which one, and where its sum of squares goes. */
typedef struct weight_block {
    unsigned layer;
    size_t panel, first, end;
    double *norm;
} weight_block;

typedef void (*weight_block_visit)(mnist_pass *pass, const weight_block *block, void *context);

/* Calls visit for every block of the gradient that is this worker's: always the same ones. */
static void visit_weight_blocks(mnist_pass *pass, mnist_worker worker, weight_block_visit visit,
                                void *context)
{
    double *norms = pass->norms;
    for (unsigned l = 0; l < pass->mlp->layer_count; l++) {
        const mnist_layer *layer = &pass->mlp->layers[l];
        size_t rows = layer->inputs + 1, blocks = weight_blocks(layer), unit, units_end;
        mnist_worker_share(worker, layer->panels * blocks, &unit, &units_end);
        for (; unit < units_end; unit++) {
            size_t first = unit % blocks * WEIGHT_BLOCK;
            visit(pass,
                  &(weight_block){.layer = l,
                                  .panel = unit / blocks,
                                  .first = first,
                                  .end = smaller(first + WEIGHT_BLOCK, rows),
                                  .norm = norms + unit},
                  context);
        }
        norms += layer->panels * blocks;
    }
}

typedef struct weight_step {
    const mnist_pass_batch *batch;
    size_t fetched, fetch; /* of the next batch's images: how many have been, and a block */
    mnist_optimizer *optimizer; /* NULL: gradient only */
    float lr, scale;
    bool measure; /* the whole gradient's norm, before any of it is used */
} weight_step;

static float *gradient_of(const mnist_pass *pass, const weight_block *block)
{
    return pass->gradient +
           mnist_panel_row(&pass->mlp->layers[block->layer], block->panel, block->first);
}

static void update_weight_block(mnist_pass *pass, const weight_block *block, void *context)
{
    const weight_step *step = context;
    mnist_optimizer_update(step->optimizer, pass->kernels, pass->mlp, gradient_of(pass, block),
                           &pass->mlp->layers[block->layer], block->panel, block->first, block->end,
                           step->lr, step->scale);
}

/* Images are read in random order from more memory than caches hold, and no hardware guesses which
 * comes next. The weight gradient of the first layer, long and all in cache, leaves memory the time
 * to bring them; only into the second-level cache, since the first has its hands full. */
static void fetch_next(weight_step *step, size_t inputs)
{
#if defined(__GNUC__)
    const mnist_pass_batch *batch = step->batch;
    size_t end = smaller(step->fetched + step->fetch, batch->next_count);
    for (; step->fetched < end; step->fetched++) {
        const uint8_t *image = batch->bytes + batch->next[step->fetched] * inputs;
        for (size_t p = 0; p < inputs; p += 64) {
            __builtin_prefetch(image + p, 0, 2);
        }
    }
#else
    (void)step;
    (void)inputs;
#endif
}

static void make_weight_block(mnist_pass *pass, const weight_block *block, void *context)
{
    weight_step *step = context;
    if (block->layer == 0) {
        fetch_next(step, pass->mlp->layers[0].inputs);
    }
    if (step->optimizer && !step->measure) { /* used up while in cache, never in memory */
        _Alignas(MNIST_ALIGN) float gradient[WEIGHT_BLOCK * MNIST_PANEL];
        weight_gradient_block(pass, step->batch, block->layer, block->panel, block->first,
                              block->end, gradient);
        mnist_optimizer_update(step->optimizer, pass->kernels, pass->mlp, gradient,
                               &pass->mlp->layers[block->layer], block->panel, block->first,
                               block->end, step->lr, 1.0f);
        return;
    }
    float *gradient = gradient_of(pass, block);
    weight_gradient_block(pass, step->batch, block->layer, block->panel, block->first, block->end,
                          gradient);
    if (step->measure) {
        const mnist_layer *layer = &pass->mlp->layers[block->layer];
        *block->norm = pass->kernels->sum_squares(
            gradient, (block->end - block->first) * mnist_panel_width(layer, block->panel));
    }
}

/* The norm of the gradient: added up over blocks in their order, by every worker alike. */
static double gradient_norm(const mnist_pass *pass)
{
    size_t count = 0;
    for (unsigned l = 0; l < pass->mlp->layer_count; l++) {
        count += pass->mlp->layers[l].panels * weight_blocks(&pass->mlp->layers[l]);
    }
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += pass->norms[i];
    }
    return sqrt(sum);
}

/* The update that had to wait for the norm: clipped, freed of the loss scale, or left out. */
static void finish_update(mnist_pass *pass, weight_step *step, mnist_worker worker)
{
    const float loss_scale = step->batch->loss_scale, clip = step->optimizer->sgd.clip_norm;
    step->scale = loss_scale > 0.0f ? 1.0f / loss_scale : 1.0f;
    mnist_pool_barrier(worker);
    const double norm = gradient_norm(pass) * (double)step->scale;
    if (worker.index == 0) {
        pass->norm = norm;
    }
    if (loss_scale > 0.0f && !isfinite(norm)) {
        return;
    }
    if (clip > 0.0f && norm > (double)clip) {
        step->scale = (float)((double)step->scale * ((double)clip / norm));
    }
    visit_weight_blocks(pass, worker, update_weight_block, step);
}

void mnist_pass_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                           mnist_optimizer *optimizer, float lr, mnist_worker worker)
{
    size_t first, end;
    forward_part(pass, batch, worker, &first, &end);
    loss_part(pass, batch, true, first, end);
    backward_part(pass, batch, first, end, worker);
    size_t block, blocks_end; /* of the first layer, this worker's */
    mnist_worker_share(worker, pass->mlp->layers[0].panels * weight_blocks(&pass->mlp->layers[0]),
                       &block, &blocks_end);
    weight_step step = {.batch = batch,
                        .fetch = blocks_of(batch->next_count,
                                           blocks_end > block ? blocks_end - block : 1),
                        .optimizer = optimizer,
                        .lr = lr,
                        .scale = 1.0f,
                        .measure = optimizer && (optimizer->sgd.clip_norm > 0.0f ||
                                                 batch->loss_scale > 0.0f)};
    visit_weight_blocks(pass, worker, make_weight_block, &step);
    if (step.measure) {
        finish_update(pass, &step, worker);
    }
}

/* The public calls: one batch, run by the pool, results copied out. */

typedef struct pass_call {
    mnist_pass *pass;
    mnist_pass_batch batch;
    bool gradient;
} pass_call;

static void run_call(void *argument, mnist_worker worker)
{
    pass_call *call = argument;
    if (call->gradient) {
        mnist_pass_train_part(call->pass, &call->batch, NULL, 0.0f, worker);
    } else {
        mnist_pass_batch mine = call->batch; /* no index, no labels */
        size_t end;
        mnist_worker_share(worker, call->batch.count, &mine.row, &end);
        mine.x += mine.row * mine.x_stride;
        mine.count = end - mine.row;
        mnist_pass_evaluate(call->pass, &mine);
    }
}

void mnist_pass_forward(mnist_pass *pass, const float *x, size_t count, float *logits)
{
    assert(count >= 1 && count <= pass->capacity);
    const mnist_mlp *mlp = pass->mlp;
    pass_call call = {.pass = pass,
                      .batch = {.x = x, .x_stride = mlp->config.inputs, .count = count}};
    mnist_pool_run(pass->pool, run_call, &call);
    unsigned last = mlp->layer_count - 1;
    for (size_t i = 0; i < count; i++) {
        memcpy(logits + i * mlp->config.outputs,
               pass->activations[last] + i * mlp->layers[last].row,
               mlp->config.outputs * sizeof *logits);
    }
}

void mnist_pass_gradient(mnist_pass *pass, const float *x, const uint8_t *labels, size_t count,
                         float smoothing, float *losses)
{
    assert(count >= 1 && count <= pass->capacity && labels);
    pass_call call = {.pass = pass,
                      .gradient = true,
                      .batch = {.x = x,
                                .x_stride = pass->mlp->config.inputs,
                                .labels = labels,
                                .count = count,
                                .smoothing = smoothing}};
    mnist_pool_run(pass->pool, run_call, &call);
    if (losses) {
        memcpy(losses, pass->losses, count * sizeof *losses);
    }
}

void mnist_pass_get_gradient(const mnist_pass *pass, unsigned layer, float *weights, float *bias)
{
    assert(layer < pass->mlp->layer_count);
    mnist_layer_read(&pass->mlp->layers[layer], pass->gradient, weights, bias);
}
