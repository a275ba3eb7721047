/* Backward: deltas from the logits down, weight gradients, the update. */
#include "nn/parts.h"

#include "base/fetch.h"

#include <math.h>
#include <string.h>

/* d(loss)/da of the layer below l, or of the inputs: rows [first, end) of the pass, one block of
 * MNIST_PANEL columns, to out, whose first row is `first`. The weights are turned on their side a
 * block at a time, so that the product runs along contiguous rows. Pairs are read where deltas are
 * in pairs, which the first layer's never are along rows. */
static void backward_product(const mnist_pass *pass, unsigned l, size_t block, size_t first,
                             size_t end, float *out, size_t out_stride)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    _Alignas(MNIST_ALIGN) float turned[MNIST_PANEL * MNIST_PANEL];
    const size_t k = block * MNIST_PANEL;
    const size_t inputs = smaller(layer->inputs - k, MNIST_PANEL), width = mnist_pad(inputs);
    if (inputs < MNIST_PANEL) {
        memset(turned, 0, sizeof turned); /* padding stays zero */
    }
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t outputs = smaller(layer->outputs - panel * MNIST_PANEL, MNIST_PANEL);
        const size_t column = panel * MNIST_PANEL;
        const float *weights = mlp->parameters + mnist_panel_row(layer, panel, k);
        if (pass->half && l > 0) {
            _Alignas(MNIST_ALIGN) mnist_pair pairs[MNIST_PANEL / 2 * MNIST_PANEL];
            pass->half->pair_turned(weights, mnist_panel_width(layer, panel), pairs, MNIST_PANEL,
                                    inputs, mnist_panel_width(layer, panel));
            pass->half->product(&(mnist_pair_product){
                .out = out,
                .out_stride = out_stride,
                .init = panel == 0 ? NULL : out,
                .init_stride = out_stride,
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
        pass->kernels->transpose(weights, mnist_panel_width(layer, panel), turned, MNIST_PANEL,
                                 inputs, mnist_panel_width(layer, panel));
        if (pass->half) {
            pass->half->round_finite(turned, turned, MNIST_PANEL * MNIST_PANEL);
        }
        pass->kernels->product(&(mnist_product){
            .out = out,
            .out_stride = out_stride,
            .init = panel == 0 ? NULL : out,
            .init_stride = out_stride,
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
}

/* Deltas of the layer below l: d(loss)/da, through dropout, times f'. With batch normalisation they
 * are not yet those at z. */
static void backward_block(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                           size_t block, size_t first, size_t end)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *below = &mlp->layers[l - 1];
    const size_t k = block * MNIST_PANEL, at = first * below->row + k;
    const size_t width = mnist_pad(smaller(mlp->layers[l].inputs - k, MNIST_PANEL));
    float *delta = pass->deltas[l - 1] + at;
    backward_product(pass, l, block, first, end, delta, below->row);
    mnist_pass_drop(pass, batch, l - 1, delta, k, width, first, end);
    const float *from = (pass->inputs[l - 1] ? pass->inputs[l - 1] : pass->activations[l - 1]) + at;
    for (size_t i = 0; i < end - first; i++) {
        const size_t row = i * below->row;
        pass->kernels->activate_backward[mlp->config.activation](from + row, from + row,
                                                                 delta + row, width);
    }
    if (pass->half && !mnist_layer_normalizes(below)) {
        mnist_pass_make_operands(pass, pass->deltas[l - 1], &pass->delta_pairs[l - 1], below->row,
                                 first, end, k, width);
    }
}

void mnist_pass_input_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                               size_t end, float *out)
{
    const size_t blocks = blocks_of(pass->mlp->layers[0].inputs, MNIST_PANEL);
    for (size_t block = 0; block < blocks && first < end; block++) {
        backward_product(pass, 0, block, batch->row + first, batch->row + end,
                         out + first * pass->perturbed_stride + block * MNIST_PANEL,
                         pass->perturbed_stride);
    }
}

/* db = sum of dz over the first count rows, of one panel: the bias is a weight whose input is
 * always 1. */
static void bias_gradient(const mnist_pass *pass, unsigned l, size_t panel, size_t count,
                          float *out)
{
    static const float one = 1.0f;
    const mnist_layer *layer = &pass->mlp->layers[l];
    pass->kernels->product(&(mnist_product){
        .out = out,
        .x = &one,
        .w = pass->deltas[l] + panel * MNIST_PANEL,
        .w_stride = layer->row,
        .rows = 1,
        .depth = count,
        .width = mnist_panel_width(layer, panel),
    });
}

/* shift * db, from which the sums of the first layer's dW begin. */
static void shifted_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                             float *out)
{
    _Alignas(MNIST_ALIGN) float bias[MNIST_PANEL];
    bias_gradient(pass, 0, panel, batch->count, bias);
    pass->kernels->product(&(mnist_product){
        .out = out,
        .x = &batch->shift,
        .w = bias,
        .rows = 1,
        .depth = 1,
        .width = mnist_panel_width(&pass->mlp->layers[0], panel),
    });
}

/* A block of the gradient, of one panel, or of two where mnist_pass_panels says so: which one, and
 * where its sum of squares goes; the second panel's goes next_norm behind it. */
typedef struct weight_block {
    unsigned layer;
    size_t panel, panels, first, end;
    double *norm;
    size_t next_norm;
} weight_block;

/* dW = x^T dz of the first layer, from bytes; out_panel lies between two panels of out. */
static void byte_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                          const weight_block *block, float *out, size_t out_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t width = mnist_panel_width(layer, block->panel),
                 column = block->panel * MNIST_PANEL;
    const size_t rows = smaller(block->end, layer->inputs) - block->first;
    const uint8_t *x = batch->turned + block->first * batch->turned_stride;
    _Alignas(MNIST_ALIGN) float shifted[2 * MNIST_PANEL];
    const float *init = batch->shift != 0.0f ? shifted : NULL;
    for (size_t p = 0; init && p < block->panels; p++) {
        shifted_gradient(pass, batch, block->panel + p, shifted + p * MNIST_PANEL);
    }
    if (mnist_pass_pairs_bytes(pass, batch, init, block->panels * width)) {
        pass->half->byte_product(&(mnist_pair_byte_product){
            .out = out,
            .out_stride = width,
            .init = init,
            .x = x,
            .x_stride = batch->turned_stride,
            .table = batch->table,
            .w = pass->delta_pairs[0].across + column,
            .w_stride = layer->row,
            .rows = rows,
            .depth = batch->count,
            .width = width,
            .panels = block->panels,
            .out_panel = out_panel,
            .init_panel = MNIST_PANEL,
            .w_panel = MNIST_PANEL,
            .alike = true, /* as neighbouring pixels are */
        });
        return;
    }
    for (size_t p = 0; p < block->panels; p++) {
        pass->kernels->byte_product(&(mnist_byte_product){
            .out = out + p * out_panel,
            .out_stride = width,
            .init = init ? init + p * MNIST_PANEL : NULL,
            .x = x,
            .x_stride = batch->turned_stride,
            .table = batch->table,
            .w = pass->deltas[0] + column + p * MNIST_PANEL,
            .w_stride = layer->row,
            .rows = rows,
            .depth = batch->count,
            .width = width,
        });
    }
}

/* dW = a^T dz, as floats or, above the first layer, as pairs: one panel. */
static void dense_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                           const weight_block *block, float *out)
{
    const unsigned l = block->layer;
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t width = mnist_panel_width(layer, block->panel),
                 column = block->panel * MNIST_PANEL;
    const size_t first = block->first, rows = smaller(block->end, layer->inputs) - first;
    const size_t rows_of_pass = mnist_pass_rows(pass, batch);
    _Alignas(MNIST_ALIGN) float shifted[MNIST_PANEL];
    const float *init = NULL;
    if (l == 0 && batch->shift != 0.0f) {
        shifted_gradient(pass, batch, block->panel, shifted);
        init = shifted;
    }
    if (l > 0 && pass->half) {
        pass->half->product(&(mnist_pair_product){
            .out = out,
            .out_stride = width,
            .x = pass->activation_pairs[l - 1].across + first,
            .x_row = 1,
            .x_step = pass->mlp->layers[l - 1].row,
            .w = pass->delta_pairs[l].across + column,
            .w_stride = layer->row,
            .rows = rows,
            .depth = (rows_of_pass + 1) / 2,
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
            .w = pass->deltas[l] + column,
            .w_stride = layer->row,
            .rows = rows,
            .depth = l == 0 ? batch->count : rows_of_pass,
            .width = width,
        });
    }
}

/* The changed images' part of the first layer's dW, added to out. */
static void perturbed_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                               const weight_block *block, float *out, size_t out_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t width = mnist_panel_width(layer, block->panel);
    for (size_t p = 0; p < block->panels; p++) {
        pass->kernels->product(&(mnist_product){
            .out = out + p * out_panel,
            .out_stride = width,
            .init = out + p * out_panel,
            .init_stride = width,
            .x = pass->perturbed + block->first,
            .x_row = 1,
            .x_step = pass->perturbed_stride,
            .w = pass->deltas[0] + mnist_pass_perturbed_row(batch) * layer->row +
                 (block->panel + p) * MNIST_PANEL,
            .w_stride = layer->row,
            .rows = smaller(block->end, layer->inputs) - block->first,
            .depth = batch->count,
            .width = width,
        });
    }
}

/* Gradients of the rows that are no weights, [first, end), of one panel: bias, gamma. */
static void other_gradients(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                            size_t panel, size_t first, size_t end, float *out)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t width = mnist_panel_width(layer, panel);
    for (size_t row = first; row < end; row++, out += width) {
        if (mnist_layer_normalizes(layer)) {
            memcpy(out,
                   pass->normalized[l].gradients + (row - layer->inputs) * layer->stride +
                       panel * MNIST_PANEL,
                   width * sizeof *out);
        } else {
            bias_gradient(pass, l, panel, mnist_pass_rows(pass, batch), out);
        }
    }
}

/* dW and db of a block, to out; out_panel lies between two panels. */
static void weight_gradient_block(const mnist_pass *pass, const mnist_pass_batch *batch,
                                  const weight_block *block, float *out, size_t out_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[block->layer];
    const size_t width = mnist_panel_width(layer, block->panel);
    const size_t others = block->first > layer->inputs ? block->first : layer->inputs;
    if (block->first < layer->inputs) {
        if (block->layer == 0 && !batch->x) {
            byte_gradient(pass, batch, block, out, out_panel);
        } else {
            dense_gradient(pass, batch, block, out);
        }
        if (block->layer == 0 && pass->perturbed) {
            perturbed_gradient(pass, batch, block, out, out_panel);
        }
    }
    for (size_t p = 0; block->end > others && p < block->panels; p++) {
        other_gradients(pass, batch, block->layer, block->panel + p, others, block->end,
                        out + p * out_panel + (others - block->first) * width);
    }
}

/* Batch normalisation of layer l, whose deltas are there for all images: back to z. */
static void normalize_backward_part(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                                    mnist_worker worker)
{
    if (mnist_layer_normalizes(&pass->mlp->layers[l])) {
        size_t panel, end;
        mnist_worker_share(worker, pass->mlp->layers[l].panels, &panel, &end);
        for (; panel < end; panel++) {
            mnist_pass_normalize_backward(pass, batch, l, panel);
        }
        mnist_pool_barrier(worker);
    }
}

void mnist_pass_backward_part(mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                              size_t end, mnist_worker worker)
{
    const mnist_mlp *mlp = pass->mlp;
    unsigned last = mlp->layer_count - 1;
    /* The last layer still goes by images: no barrier stands between its logits and here. */
    size_t blocks = last == 0 ? 0 : blocks_of(mlp->layers[last].inputs, MNIST_PANEL);
    if (last > 0 && worker.count > 1) { /* others have read them in the step before */
        const mnist_layer *below = &mlp->layers[last - 1];
        mnist_fetch_rows_to_write(pass->deltas[last - 1] + first * below->row,
                                  below->row * sizeof(float), end - first,
                                  below->stride * sizeof(float));
    }
    for (size_t block = 0; block < blocks && first < end; block++) {
        backward_block(pass, batch, last, block, first, end);
    }
    mnist_pool_barrier(worker);
    const size_t image_blocks = blocks_of(batch->count, IMAGE_BLOCK);
    const size_t rows_end = batch->row + batch->count;
    for (unsigned l = last; l-- > 0;) {
        size_t unit, units_end;
        normalize_backward_part(pass, batch, l, worker);
        if (l == 0) {
            break;
        }
        blocks = blocks_of(mlp->layers[l].inputs, MNIST_PANEL);
        mnist_worker_share(worker, blocks * image_blocks, &unit, &units_end);
        while (unit < units_end) { /* weights are turned once for all images that are mine */
            const size_t image_block = unit % image_blocks;
            const size_t run = smaller(image_blocks - image_block, units_end - unit);
            const size_t row = batch->row + image_block * IMAGE_BLOCK;
            backward_block(pass, batch, l, unit / image_blocks, row,
                           smaller(row + run * IMAGE_BLOCK, rows_end));
            unit += run;
        }
        mnist_pool_barrier(worker);
    }
}

typedef void (*weight_block_visit)(mnist_pass *pass, const weight_block *block, void *context);

/* Calls visit for every block of the gradient that is this worker's: always the same ones. */
static void visit_weight_blocks(mnist_pass *pass, const mnist_pass_batch *batch,
                                mnist_worker worker, weight_block_visit visit, void *context)
{
    double *norms = pass->norms;
    for (unsigned l = 0; l < pass->mlp->layer_count; l++) {
        const mnist_layer *layer = &pass->mlp->layers[l];
        size_t rows = layer->trained, blocks = weight_blocks(layer), unit, units_end;
        mnist_worker_share(worker, layer->panels * blocks, &unit, &units_end);
        while (unit < units_end) { /* to the end of a panel, or of two */
            size_t panels =
                pass->half ? mnist_pass_panels(pass, batch, l, unit, units_end, blocks) : 1;
            size_t run = smaller(blocks - unit % blocks, units_end - unit);
            for (size_t k = unit; k < unit + run; k++) {
                size_t first = k % blocks * WEIGHT_BLOCK;
                visit(pass,
                      &(weight_block){.layer = l,
                                      .panel = k / blocks,
                                      .panels = panels,
                                      .first = first,
                                      .end = smaller(first + WEIGHT_BLOCK, rows),
                                      .norm = norms + k,
                                      .next_norm = blocks},
                      context);
            }
            unit += panels * run;
        }
        norms += layer->panels * blocks;
    }
}

typedef struct weight_step {
    const mnist_pass_batch *batch;
    size_t fetched, fetch;      /* of the next batch's images: how many have been, and a block */
    mnist_optimizer *optimizer; /* NULL: gradient only */
    mnist_update update;
    bool fetch_weights;
    bool measure; /* the whole gradient's norm, before any of it is used */
} weight_step;

/* Where a block's values are in an arena, and what lies between those of two panels. */
static size_t block_at(const mnist_pass *pass, const weight_block *block, size_t *next_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[block->layer];
    *next_panel = MNIST_PANEL * layer->rows;
    return mnist_panel_row(layer, block->panel, block->first);
}

static void update_block(const mnist_pass *pass, const weight_block *block, const weight_step *step,
                         const float *gradient, size_t next_panel)
{
    for (size_t p = 0; p < block->panels; p++) {
        mnist_optimizer_update(step->optimizer, pass->kernels, pass->mlp, gradient + p * next_panel,
                               &pass->mlp->layers[block->layer], block->panel + p, block->first,
                               block->end, step->update);
    }
}

static void update_weight_block(mnist_pass *pass, const weight_block *block, void *context)
{
    size_t next_panel, at = block_at(pass, block, &next_panel);
    update_block(pass, block, context, pass->gradient + at, next_panel);
}

/* Images are read in random order from more memory than caches hold, and no hardware guesses which
 * comes next. The weight gradient of the first layer, long and all in cache, leaves memory the time
 * to bring them; only into the second-level cache, since the first has its hands full. */
static void fetch_next(weight_step *step, size_t inputs)
{
    const mnist_pass_batch *batch = step->batch;
    size_t end = smaller(step->fetched + step->fetch, batch->next_count);
    for (; step->fetched < end; step->fetched++) {
        mnist_fetch_later(batch->bytes + batch->next[step->fetched] * inputs, inputs);
    }
}

/* A large net's weights and velocities come from memory or the last cache: asked for before the
 * block's gradient is made, they are there when it is. */
#define FETCH_WEIGHTS ((size_t)1 << 20) /* bytes a worker has: about a second-level cache */

static void fetch_weights(const mnist_pass *pass, const weight_block *block,
                          const mnist_optimizer *optimizer)
{
    size_t width = mnist_panel_width(&pass->mlp->layers[block->layer], block->panel);
    size_t next_panel, at = block_at(pass, block, &next_panel);
    for (size_t p = 0; p < block->panels; p++, at += next_panel) {
        const size_t bytes = (block->end - block->first) * width * sizeof(float);
        mnist_fetch_later(pass->mlp->parameters + at, bytes);
        mnist_fetch_later(optimizer->first + at, bytes);
        if (optimizer->second) {
            mnist_fetch_later(optimizer->second + at, bytes);
        }
    }
}

/* More than a first-level cache holds is not worth asking for at once. */
#define FETCH_DELTAS ((size_t)32 << 10)

static void make_weight_block(mnist_pass *pass, const weight_block *block, void *context)
{
    weight_step *step = context;
    if (step->fetch_weights) {
        fetch_weights(pass, block, step->optimizer);
    }
    for (size_t p = 0; block->layer == 0 && p < block->panels; p++) {
        fetch_next(step, pass->mlp->layers[0].inputs);
    }
    if (step->optimizer && !step->measure) { /* used up while in cache, never in memory */
        _Alignas(MNIST_ALIGN) float gradient[2 * WEIGHT_BLOCK * MNIST_PANEL];
        weight_gradient_block(pass, step->batch, block, gradient, WEIGHT_BLOCK * MNIST_PANEL);
        update_block(pass, block, step, gradient, WEIGHT_BLOCK * MNIST_PANEL);
        return;
    }
    size_t next_panel, at = block_at(pass, block, &next_panel);
    weight_gradient_block(pass, step->batch, block, pass->gradient + at, next_panel);
    for (size_t p = 0; step->measure && p < block->panels; p++) {
        const mnist_layer *layer = &pass->mlp->layers[block->layer];
        block->norm[p * block->next_norm] = pass->kernels->sum_squares(
            pass->gradient + at + p * next_panel,
            (block->end - block->first) * mnist_panel_width(layer, block->panel));
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

/* The update that had to wait for the norm: clipped, freed of the loss scale, or left out (then
 * false). */
static bool finish_update(mnist_pass *pass, weight_step *step, mnist_worker worker)
{
    const float loss_scale = step->batch->loss_scale, clip = step->optimizer->config.clip_norm;
    step->update.scale = loss_scale > 0.0f ? 1.0f / loss_scale : 1.0f;
    mnist_pool_barrier(worker);
    const double norm = gradient_norm(pass) * (double)step->update.scale;
    const bool left_out = loss_scale > 0.0f && !isfinite(norm);
    if (worker.index == 0) {
        pass->norm = norm;
        pass->left_out = left_out;
    }
    if (left_out) {
        return false;
    }
    if (clip > 0.0f && norm > (double)clip) {
        step->update.scale = (float)((double)step->update.scale * ((double)clip / norm));
    }
    visit_weight_blocks(pass, step->batch, worker, update_weight_block, step);
    return true;
}

/* After all updates: max-norm, which needs all of a unit's weights. */
static void limit_part(const mnist_pass *pass, const mnist_optimizer *optimizer,
                       mnist_worker worker)
{
    mnist_pool_barrier(worker);
    for (unsigned l = 0; l < pass->mlp->layer_count; l++) {
        const mnist_layer *layer = &pass->mlp->layers[l];
        size_t panel, end;
        mnist_worker_share(worker, layer->panels, &panel, &end);
        for (; panel < end; panel++) {
            mnist_optimizer_limit(optimizer, pass->kernels, pass->mlp, layer, panel);
        }
    }
}

/* The first layer's deltas of this worker's panels, made by image and so by all workers. */
static void fetch_deltas(const mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    size_t blocks = weight_blocks(layer), unit, end;
    mnist_worker_share(worker, layer->panels * blocks, &unit, &end);
    const size_t column = unit / blocks * MNIST_PANEL;
    const size_t columns = smaller(blocks_of(end, blocks) * MNIST_PANEL, layer->stride) - column;
    if (unit < end && batch->count * columns * sizeof(float) <= FETCH_DELTAS) {
        mnist_fetch_rows(pass->deltas[0] + column, layer->row * sizeof(float), batch->count,
                         columns * sizeof(float));
    }
}

void mnist_pass_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                           mnist_optimizer *optimizer, float lr, mnist_worker worker)
{
    size_t first, end;
    mnist_pass_batch clean = *batch;
    if (pass->perturbed && pass->regularization.virtual_epsilon <= 0.0f) {
        clean.weight = 1.0f - pass->regularization.adversarial_share;
    }
    mnist_pass_forward_part(pass, &clean, worker, &first, &end);
    mnist_pass_loss_part(pass, &clean, true, first, end);
    mnist_pass_backward_part(pass, &clean, first, end, worker);
    if (pass->perturbed) {
        mnist_pass_adversary_part(pass, batch, worker);
    }
    size_t block, blocks_end; /* of the first layer, this worker's */
    mnist_worker_share(worker, pass->mlp->layers[0].panels * weight_blocks(&pass->mlp->layers[0]),
                       &block, &blocks_end);
    weight_step step = {
        .batch = batch,
        .fetch = blocks_of(batch->next_count, blocks_end > block ? blocks_end - block : 1),
        .optimizer = optimizer,
        .update = {.lr = lr, .scale = 1.0f},
        .fetch_weights =
            optimizer && 2 * pass->mlp->arena_size * sizeof(float) / worker.count > FETCH_WEIGHTS,
        .measure = optimizer && (optimizer->config.clip_norm > 0.0f || batch->loss_scale > 0.0f)};
    if (worker.count > 1) {
        fetch_deltas(pass, batch, worker);
    }
    visit_weight_blocks(pass, batch, worker, make_weight_block, &step);
    bool updated = !step.measure || finish_update(pass, &step, worker);
    if (optimizer && updated && optimizer->config.max_norm > 0.0f) {
        limit_part(pass, optimizer, worker);
    }
}
