/* A step of training: forward, deltas, changed images, gradients, update. */
#include "nn/masked.h"
#include "nn/parts.h"

#include "base/fetch.h"

#include <math.h>

typedef void (*weight_block_visit)(mnist_pass *pass, const mnist_weight_block *block,
                                   void *context);

/* Calls visit for each block of the gradient that is this worker's. In every step these are the
 * same. */
static void visit_weight_blocks(mnist_pass *pass, const mnist_pass_batch *batch,
                                mnist_worker worker, weight_block_visit visit, void *context)
{
    double *norms = pass->norms;
    for (unsigned l = 0; l < pass->mlp->layer_count; l++) {
        const mnist_layer *layer = &pass->mlp->layers[l];
        size_t rows = layer->trained, blocks = weight_blocks(layer), unit, units_end;
        mnist_worker_share(worker, pass->rates[l] > 0.0f ? layer->panels * blocks : 0, &unit,
                           &units_end);
        while (unit < units_end) { /* to the end of a panel, or of two */
            size_t panels =
                pass->half ? mnist_pass_panels(pass, batch, l, unit, units_end, blocks) : 1;
            size_t run = smaller(blocks - unit % blocks, units_end - unit);
            for (size_t k = unit; k < unit + run; k++) {
                size_t first = k % blocks * WEIGHT_BLOCK;
                visit(pass,
                      &(mnist_weight_block){.layer = l,
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
    size_t fetched, fetch;      /* images of the next batch: how many have been fetched, and how
                                 * many at a time */
    mnist_optimizer *optimizer; /* NULL: gradient only */
    mnist_update update;
    bool fetch_weights;
    bool measure; /* the whole gradient, or its norm, is needed before any of it is used */
} weight_step;

/* Where a block's values are in an arena, and the distance between those of two panels. */
static size_t block_at(const mnist_pass *pass, const mnist_weight_block *block, size_t *next_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[block->layer];
    *next_panel = MNIST_PANEL * layer->rows;
    return mnist_panel_row(layer, block->panel, block->first);
}

static void update_block(const mnist_pass *pass, const mnist_weight_block *block,
                         const weight_step *step, const float *gradient, size_t next_panel)
{
    mnist_update update = step->update;
    update.lr *= pass->rates[block->layer];
    for (size_t p = 0; p < block->panels; p++) {
        const mnist_panel_rows rows = {.layer = &pass->mlp->layers[block->layer],
                                       .panel = block->panel + p,
                                       .first = block->first,
                                       .end = block->end};
        mnist_optimizer_update(step->optimizer, pass->kernels, pass->mlp, &rows,
                               gradient + p * next_panel, update);
    }
}

static void update_weight_block(mnist_pass *pass, const mnist_weight_block *block, void *context)
{
    size_t next_panel, at = block_at(pass, block, &next_panel);
    update_block(pass, block, context, pass->gradient + at, next_panel);
}

/* Fetches images of the next batch. They are read in random order from more memory than caches
 * hold, which no hardware can predict. The first layer's weight gradient takes long and works in
 * cache, so memory has time for them. They go only as far as the second-level cache, as the first
 * is in full use. */
static void fetch_next(weight_step *step, size_t inputs)
{
    const mnist_pass_batch *batch = step->batch;
    size_t end = smaller(step->fetched + step->fetch, batch->next_count);
    for (; step->fetched < end; step->fetched++) {
        mnist_fetch_later(batch->bytes + batch->next[step->fetched] * inputs, inputs);
    }
}

/* The weights and velocities of a large net come from memory or the last cache. They are asked for
 * before the block's gradient is computed, and are there when it is. */
#define FETCH_WEIGHTS                                                                              \
    ((size_t)1 << 20) /* bytes a worker has: about the size of a second-level cache */

static void fetch_weights(const mnist_pass *pass, const mnist_weight_block *block,
                          const mnist_optimizer *optimizer)
{
    size_t width = mnist_panel_width(&pass->mlp->layers[block->layer], block->panel);
    size_t next_panel, at = block_at(pass, block, &next_panel);
    for (size_t p = 0; p < block->panels; p++, at += next_panel) {
        const size_t bytes = (block->end - block->first) * width * sizeof(float);
        mnist_fetch_later(mnist_optimizer_values(optimizer, pass->mlp) + at, bytes);
        for (size_t s = 0; s < MNIST_OPTIMIZER_STATES && optimizer->state[s]; s++) {
            mnist_fetch_later(optimizer->state[s] + at, bytes);
        }
    }
}

/* More than a first-level cache holds is not worth asking for at once. */
#define FETCH_DELTAS ((size_t)32 << 10)

static void make_weight_block(mnist_pass *pass, const mnist_weight_block *block, void *context)
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
        mnist_pass_weight_gradient(pass, step->batch, block, gradient, WEIGHT_BLOCK * MNIST_PANEL);
        update_block(pass, block, step, gradient, WEIGHT_BLOCK * MNIST_PANEL);
        return;
    }
    size_t next_panel, at = block_at(pass, block, &next_panel);
    mnist_pass_weight_gradient(pass, step->batch, block, pass->gradient + at, next_panel);
    for (size_t p = 0; step->measure && p < block->panels; p++) {
        const mnist_layer *layer = &pass->mlp->layers[block->layer];
        block->norm[p * block->next_norm] = pass->kernels->sum_squares(
            pass->gradient + at + p * next_panel,
            (block->end - block->first) * mnist_panel_width(layer, block->panel));
    }
}

/* The norm of the gradient: each worker adds up the blocks' sums, in their order; those of frozen
 * layers stay 0. */
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

/* The update that had to wait for the whole gradient: tied, clipped, divided by the loss scale, or left out (then
 * false). */
static bool finish_update(mnist_pass *pass, weight_step *step, mnist_worker worker)
{
    const float loss_scale = step->batch->loss_scale, clip = step->optimizer->config.clip_norm;
    step->update.scale = loss_scale > 0.0f ? 1.0f / loss_scale : 1.0f;
    mnist_pool_barrier(worker);
    if (pass->tie.side > 1) {
        mnist_pass_tie_part(pass, worker);
        mnist_pool_barrier(worker);
    }
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
        mnist_worker_share(worker, pass->rates[l] > 0.0f ? layer->panels : 0, &panel, &end);
        for (; panel < end; panel++) {
            mnist_optimizer_limit(optimizer, pass->kernels, pass->mlp, layer, panel);
        }
    }
}

/* Fetches the first layer's deltas of this worker's panels, which all workers have made, as they
 * divided the work by images. */
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
    if (pass->training && mnist_sparse_train_part(pass, batch, optimizer, lr, worker)) {
        return;
    }
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
        .measure = optimizer && (optimizer->config.clip_norm > 0.0f || batch->loss_scale > 0.0f ||
                                 pass->tie.side > 1)};
    if (worker.count > 1 && pass->lowest == 0) {
        fetch_deltas(pass, batch, worker);
    }
    visit_weight_blocks(pass, batch, worker, make_weight_block, &step);
    bool updated = !step.measure || finish_update(pass, &step, worker);
    if (optimizer && updated && optimizer->config.max_norm > 0.0f) {
        limit_part(pass, optimizer, worker);
    }
    if (pass->training && optimizer) { /* which this step was not for */
        mnist_pool_barrier(worker);
        if (worker.index == 0) {
            mnist_sparse_training_refresh(pass->training, pass->mlp);
        }
    }
}
