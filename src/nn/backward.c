/* Backward: deltas from the logits down, weight gradients, the update. */
#include "nn/parts.h"

#include <math.h>
#include <string.h>

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
    if (inputs < MNIST_PANEL) {
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
            mnist_pass_pair_weights(pass, turned, MNIST_PANEL, outputs, pairs);
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
        mnist_pass_make_operands(pass, pass->deltas[l - 1],
                                 l > 1 ? &pass->delta_pairs[l - 1] : NULL, below->row, first, end,
                                 k, width);
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
            .alike = true, /* as neighbouring pixels are */
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
    size_t fetched, fetch;      /* of the next batch's images: how many have been, and a block */
    mnist_optimizer *optimizer; /* NULL: gradient only */
    float lr, scale;
    bool fetch_weights;
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

/* A large net's weights and velocities come from memory or the last cache: asked for before the
 * block's gradient is made, they are there when it is. */
#define FETCH_WEIGHTS ((size_t)1 << 20) /* bytes a worker has: about a second-level cache */

static void fetch_weights(const mnist_pass *pass, const weight_block *block,
                          const mnist_optimizer *optimizer)
{
#if defined(__GNUC__)
    const mnist_layer *layer = &pass->mlp->layers[block->layer];
    size_t at = mnist_panel_row(layer, block->panel, block->first);
    size_t end = at + (block->end - block->first) * mnist_panel_width(layer, block->panel);
    for (; at < end; at += MNIST_LANES) {
        __builtin_prefetch(pass->mlp->parameters + at, 1, 2);
        __builtin_prefetch(optimizer->velocity + at, 1, 2);
    }
#else
    (void)pass;
    (void)block;
    (void)optimizer;
#endif
}

static void make_weight_block(mnist_pass *pass, const weight_block *block, void *context)
{
    weight_step *step = context;
    if (step->fetch_weights) {
        fetch_weights(pass, block, step->optimizer);
    }
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
    mnist_pass_forward_part(pass, batch, worker, &first, &end);
    mnist_pass_loss_part(pass, batch, true, first, end);
    backward_part(pass, batch, first, end, worker);
    size_t block, blocks_end; /* of the first layer, this worker's */
    mnist_worker_share(worker, pass->mlp->layers[0].panels * weight_blocks(&pass->mlp->layers[0]),
                       &block, &blocks_end);
    weight_step step = {
        .batch = batch,
        .fetch = blocks_of(batch->next_count, blocks_end > block ? blocks_end - block : 1),
        .optimizer = optimizer,
        .lr = lr,
        .scale = 1.0f,
        .fetch_weights =
            optimizer && 2 * pass->mlp->arena_size * sizeof(float) / worker.count > FETCH_WEIGHTS,
        .measure = optimizer && (optimizer->sgd.clip_norm > 0.0f || batch->loss_scale > 0.0f)};
    visit_weight_blocks(pass, worker, make_weight_block, &step);
    if (step.measure) {
        finish_update(pass, &step, worker);
    }
}
