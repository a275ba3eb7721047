/* A step of training without the weights that a mask holds at 0. All values of units lie as (units,
 * images), MNIST_SPARSE_IMAGES images in a row, tile after tile of them. */
#include "nn/masked.h"

#include "base/fetch.h"
#include "nn/parts.h"

#include <string.h>

#define ROWS 16u /* of units: the least that a worker takes of a layer */

/* What a step works with, in every function of it. */
typedef struct masked_step {
    mnist_pass *pass;
    struct mnist_sparse_training *t;
    const mnist_pass_batch *batch;
    mnist_worker worker;
    size_t tiles;
} masked_step;

/* How many images of a tile are computed: a multiple of MNIST_LANES. */
static size_t images_of(const masked_step *s, size_t tile)
{
    return smaller(mnist_pad(s->batch->count) - tile * MNIST_SPARSE_IMAGES, MNIST_SPARSE_IMAGES);
}

/* Where row `unit` of a tile of values (tiles, units, images) begins. */
static size_t tile_at(size_t units, size_t tile, size_t unit)
{
    return (tile * units + unit) * MNIST_SPARSE_IMAGES;
}

static void check(const masked_step *s, bool finite)
{
    if (!finite) {
        atomic_store(&s->t->broken, s->batch->step + 1);
    }
}

/* Calls `each` for this worker's runs of rows [first, end) of a tile, of `units` rows a tile. */
typedef void (*rows_visit)(const masked_step *s, unsigned l, size_t tile, size_t first, size_t end);

static void visit_rows(const masked_step *s, unsigned l, size_t units, rows_visit each)
{
    const size_t groups = blocks_of(units, ROWS);
    size_t group, end;
    mnist_worker_share(s->worker, groups * s->tiles, &group, &end);
    while (group < end) {
        const size_t tile = group / groups, from = group % groups;
        const size_t run = smaller(groups - from, end - group);
        each(s, l, tile, from * ROWS, smaller((from + run) * ROWS, units));
        group += run;
    }
}

/* The pixels as floats. The bytes are transposed already. */
static void take_pixels(const masked_step *s, unsigned l, size_t tile, size_t first, size_t end)
{
    (void)l;
    const mnist_pass_batch *batch = s->batch;
    mnist_sparse_matrix rows = s->t->layers[0].by_input;
    rows.starts += first;
    s->pass->kernels->sparse->pixels(batch->transposed + first * batch->transposed_stride +
                                         tile * MNIST_SPARSE_IMAGES,
                                     batch->transposed_stride, batch->table, &rows,
                                     s->t->x + tile_at(s->pass->mlp->config.inputs, tile, first),
                                     end - first, images_of(s, tile));
}

/* Inputs of layer l. */
static const float *inputs_of(const masked_step *s, unsigned l, size_t tile)
{
    const float *all = l == 0 ? s->t->x : s->t->layers[l - 1].a;
    return all + tile_at(s->pass->mlp->layers[l].inputs, tile, 0);
}

static void forward_rows(const masked_step *s, unsigned l, size_t tile, size_t first, size_t end)
{
    const mnist_mlp *mlp = s->pass->mlp;
    const mnist_masked_layer *m = &s->t->layers[l];
    const size_t images = images_of(s, tile), at = tile_at(mlp->layers[l].outputs, tile, 0);
    float *a = m->a + at, *z = m->z ? m->z + at : a;
    check(s, s->pass->kernels->sparse->product(&(mnist_sparse_product){.out = z,
                                                                       .init = m->bias,
                                                                       .w = &m->by_output,
                                                                       .x = inputs_of(s, l, tile),
                                                                       .first = first,
                                                                       .end = end,
                                                                       .images = images}));
    for (size_t n = first; n < end; n++) {
        const size_t row = n * MNIST_SPARSE_IMAGES;
        s->pass->kernels->activate[mlp->config.activation](z + row, a + row, images);
    }
}

/* The last layer, the loss, and its deltas, for some images: all of these by one worker. */
static void last_layer(const masked_step *s, size_t tile, size_t first, size_t images)
{
    const unsigned last = s->pass->mlp->layer_count - 1;
    const mnist_layer *layer = &s->pass->mlp->layers[last];
    const mnist_masked_layer *m = &s->t->layers[last];
    const size_t at = tile_at(layer->outputs, tile, 0) + first;
    const size_t image = tile * MNIST_SPARSE_IMAGES + first;
    const size_t count = smaller(images, s->batch->count - image);
    float *rows = s->pass->activations[last] + image * layer->row;
    check(s, s->pass->kernels->sparse->product(
                 &(mnist_sparse_product){.out = m->a + at,
                                         .init = m->bias,
                                         .w = &m->by_output,
                                         .x = inputs_of(s, last, tile) + first,
                                         .end = layer->outputs,
                                         .images = images}));
    for (size_t n = 0; n < layer->outputs; n += MNIST_PANEL) {
        s->pass->kernels->transpose(m->a + at + n * MNIST_SPARSE_IMAGES, MNIST_SPARSE_IMAGES,
                                    rows + n, layer->row, smaller(layer->outputs - n, MNIST_PANEL),
                                    count);
    }
    mnist_pass_loss_part(s->pass, s->batch, true, image, image + count);
    const float *deltas = s->pass->deltas[last] + image * layer->row;
    for (size_t n = 0; n < layer->outputs; n++) { /* a few outputs */
        float *d = m->d + at + n * MNIST_SPARSE_IMAGES;
        for (size_t i = 0; i < images; i++) {
            d[i] = i < count ? deltas[i * layer->row + n] : 0.0f;
        }
    }
}

static void last_layer_part(const masked_step *s)
{
    size_t line, end; /* of MNIST_LANES images */
    mnist_worker_share(s->worker, mnist_pad(s->batch->count) / MNIST_LANES, &line, &end);
    const size_t lines = MNIST_SPARSE_IMAGES / MNIST_LANES;
    while (line < end) {
        const size_t run = smaller(lines - line % lines, end - line);
        last_layer(s, line / lines, line % lines * MNIST_LANES, run * MNIST_LANES);
        line += run;
    }
}

/* Deltas of the layer below l. */
static void backward_rows(const masked_step *s, unsigned l, size_t tile, size_t first, size_t end)
{
    const mnist_mlp *mlp = s->pass->mlp;
    const mnist_masked_layer *m = &s->t->layers[l], *below = &s->t->layers[l - 1];
    const size_t images = images_of(s, tile), at = tile_at(mlp->layers[l].inputs, tile, 0);
    const float *from = (below->z ? below->z : below->a) + at;
    check(s, s->pass->kernels->sparse->product(
                 &(mnist_sparse_product){.out = below->d + at,
                                         .w = &m->by_input,
                                         .x = m->d + tile_at(mlp->layers[l].outputs, tile, 0),
                                         .first = first,
                                         .end = end,
                                         .images = images}));
    for (size_t k = first; k < end; k++) {
        const size_t row = k * MNIST_SPARSE_IMAGES;
        s->pass->kernels->activate_backward[mlp->config.activation](from + row, from + row,
                                                                    below->d + at + row, images);
    }
}

/* Adds up the deltas of a panel's units over a tile's images, in their order: their biases' gradient. */
static void add_deltas(const masked_step *s, const float *d, size_t units, size_t tile, float *out)
{
    static const float one = 1.0f;
    _Alignas(MNIST_ALIGN) float rows[MNIST_SPARSE_IMAGES * MNIST_PANEL];
    if (units < MNIST_PANEL) {
        memset(rows, 0, sizeof rows); /* padding stays zero */
    }
    s->pass->kernels->transpose(d, MNIST_SPARSE_IMAGES, rows, MNIST_PANEL, units,
                                images_of(s, tile));
    s->pass->kernels->product(&(mnist_product){.out = out,
                                               .init = tile > 0 ? out : NULL,
                                               .x = &one,
                                               .w = rows,
                                               .w_stride = MNIST_PANEL,
                                               .rows = 1,
                                               .depth = images_of(s, tile),
                                               .width = mnist_pad(units)});
}

/* Gradients of the weights and biases of one panel. */
static void panel_gradient(const masked_step *s, unsigned l, size_t panel)
{
    const mnist_layer *layer = &s->pass->mlp->layers[l];
    const mnist_masked_layer *m = &s->t->layers[l];
    const size_t first = panel * MNIST_PANEL, end = smaller(first + MNIST_PANEL, layer->outputs);
    for (size_t tile = 0; tile < s->tiles; tile++) {
        const float *d = m->d + tile_at(layer->outputs, tile, 0);
        s->pass->kernels->sparse->gradient(&(mnist_sparse_gradient){.out = m->gradient,
                                                                    .w = &m->by_output,
                                                                    .x = inputs_of(s, l, tile),
                                                                    .d = d,
                                                                    .first = first,
                                                                    .end = end,
                                                                    .images = images_of(s, tile),
                                                                    .more = tile > 0});
        add_deltas(s, d + first * MNIST_SPARSE_IMAGES, end - first, tile, m->bias_gradient + first);
    }
}

/* Updates a panel with its gradient, and what steps keep of its parameters. */
static void update_panel(const masked_step *s, const mnist_optimizer *optimizer, unsigned l,
                         size_t panel, mnist_update update)
{
    mnist_mlp *mlp = s->pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    mnist_masked_layer *m = &s->t->layers[l];
    const uint32_t first = m->panels[panel], end = m->panels[panel + 1];
    mnist_optimizer_update_places(optimizer, s->pass->kernels, mlp->parameters,
                                  &(mnist_places){.places = m->places + first,
                                                  .gradient = m->gradient,
                                                  .gradient_places = m->at_output + first,
                                                  .count = end - first},
                                  update);
    const mnist_panel_rows bias = {
        .layer = layer, .panel = panel, .first = layer->inputs, .end = layer->trained};
    mnist_optimizer_update(optimizer, s->pass->kernels, mlp, &bias,
                           m->bias_gradient + panel * MNIST_PANEL, update);
    for (uint32_t e = first; e < end; e++) {
        const float w = mlp->parameters[m->places[e]];
        m->by_output.values[m->at_output[e]] = w;
        m->by_input.values[m->at_input[e]] = w;
    }
    memcpy(m->bias + panel * MNIST_PANEL,
           mlp->parameters + mnist_panel_row(layer, panel, layer->inputs),
           mnist_panel_width(layer, panel) * sizeof *m->bias);
}

static void update_part(const masked_step *s, const mnist_optimizer *optimizer, float lr)
{
    for (unsigned l = 0; l < s->pass->mlp->layer_count; l++) {
        size_t panel, end;
        mnist_worker_share(s->worker, s->pass->rates[l] > 0.0f ? s->pass->mlp->layers[l].panels : 0,
                           &panel, &end);
        for (; panel < end; panel++) {
            panel_gradient(s, l, panel);
            update_panel(s, optimizer, l, panel,
                         (mnist_update){.lr = lr * s->pass->rates[l], .scale = 1.0f});
        }
    }
}

/* The images of the next step come from more memory than caches hold. */
static void fetch_next(const masked_step *s)
{
    const mnist_pass_batch *batch = s->batch;
    const size_t inputs = s->pass->mlp->config.inputs;
    size_t i, end;
    mnist_worker_share(s->worker, batch->next_count, &i, &end);
    for (; i < end; i++) {
        mnist_fetch_later(batch->bytes + batch->next[i] * inputs, inputs);
    }
}

bool mnist_sparse_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                             mnist_optimizer *optimizer, float lr, mnist_worker worker)
{
    const unsigned last = pass->mlp->layer_count - 1;
    /* sums that begin with the shift, and a loss scale, are the dense step's */
    if (batch->x || !batch->transposed || batch->row != 0 || batch->shift != 0.0f || // NOLINT
        batch->loss_scale > 0.0f || !optimizer) {
        return false;
    }
    const masked_step step = {.pass = pass,
                              .t = pass->training,
                              .batch = batch,
                              .worker = worker,
                              .tiles = blocks_of(batch->count, MNIST_SPARSE_IMAGES)};
    mnist_pool_barrier(worker); /* all of the transposed bytes are there, and all weights */
    visit_rows(&step, 0, pass->mlp->config.inputs, take_pixels);
    mnist_pool_barrier(worker);
    for (unsigned l = 0; l < last; l++) {
        visit_rows(&step, l, pass->mlp->layers[l].outputs, forward_rows);
        mnist_pool_barrier(worker);
    }
    last_layer_part(&step);
    fetch_next(&step);
    mnist_pool_barrier(worker);
    for (unsigned l = last; l > pass->lowest; l--) {
        visit_rows(&step, l, pass->mlp->layers[l].inputs, backward_rows);
        mnist_pool_barrier(worker);
    }
    if (atomic_load(&step.t->broken) == batch->step + 1) {
        return false;
    }
    update_part(&step, optimizer, lr);
    return true;
}
