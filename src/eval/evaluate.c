#include <mnist/eval.h>

#include "base/fetch.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "data/batch.h"
#include "eval/tally.h"
#include "nn/integers.h"
#include "nn/sparse.h"

#include <string.h>

/* How many images a worker takes at a time: many, since the weights are then read once for all of
 * them, but so few that their activations take only part of a second-level cache. */
#define LEAST_ROWS      48u
#define MOST_ROWS       96u
#define ACTIVATION_SIZE ((size_t)128 << 10) /* bytes */

/* Every worker goes through its share of the images by itself, in its own rows of the pass. */
typedef struct evaluator {
    mnist_view view;
    float table[256], shift; /* of the normalisation */
    size_t rows;             /* that each worker takes at a time */
    mnist_pass *pass;        /* with rows of its own for each worker */
    float *x;                /* (rows of each worker, stride); NULL: bytes as they are */
    size_t stride;
    float *outputs;     /* (view.count, outputs of the net); NULL: not wanted */
    bool logits;        /* outputs are logits, else probabilities */
    float *losses;      /* (view.count); meaningless without labels */
    uint8_t *predicted; /* (view.count) */
} evaluator;

/* Fetches images ahead. They lie one after the other, but a first layer reads them block by block,
 * which hardware does not predict: while some are processed, the next ones are asked for. */
static void fetch_images(const evaluator *e, size_t image, size_t end)
{
    const size_t pixels = (size_t)e->view.rows * e->view.cols;
    mnist_fetch_later(e->view.images + image * pixels, (end - image) * pixels);
}

/* Copies rows of the pass to the images' outputs, without padding. */
static void keep_outputs(const evaluator *e, size_t image, size_t count, size_t row)
{
    const mnist_mlp *mlp = e->pass->mlp;
    const unsigned last = mlp->layer_count - 1;
    const size_t stride = mlp->layers[last].row, classes = mlp->config.outputs;
    if (!e->logits) {
        mnist_pass_probabilities(e->pass, row, count);
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(e->outputs + (image + i) * classes, e->pass->activations[last] + (row + i) * stride,
               classes * sizeof *e->outputs);
    }
}

static void share_task(void *argument, mnist_worker worker)
{
    evaluator *e = argument;
    size_t image, end, row = worker.index * e->rows;
    mnist_worker_share(worker, e->view.count, &image, &end);
    while (image < end) {
        size_t count = end - image < e->rows ? end - image : e->rows, next = image + count;
        fetch_images(e, next, next + count < end ? next + count : end);
        mnist_pass_batch batch = {.x_stride = e->stride,
                                  .table = e->table,
                                  .shift = e->shift,
                                  .labels = e->view.labels ? e->view.labels + image : NULL,
                                  .count = count,
                                  .row = row};
        if (e->x) {
            float *x = e->x + row * e->stride;
            mnist_batch_gather(&(mnist_gather){.view = e->view,
                                               .first = image,
                                               .count = count,
                                               .table = e->table,
                                               .x = x,
                                               .x_stride = e->stride});
            batch.x = x;
        } else {
            batch.bytes = e->view.images + image * e->view.rows * e->view.cols;
        }
        mnist_pass_evaluate(e->pass, &batch);
        memcpy(e->losses + image, e->pass->losses + row, count * sizeof *e->losses);
        memcpy(e->predicted + image, e->pass->predicted + row, count);
        if (e->outputs) {
            keep_outputs(e, image, count, row);
        }
        image += count;
    }
}

static mnist_status check_view(const mnist_mlp *mlp, mnist_view view, bool with_figures,
                               mnist_error *err)
{
    const mnist_mlp_config *shape = mnist_mlp_shape(mlp);
    if (view.count < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "there are no images to evaluate on");
    }
    if ((size_t)view.rows * view.cols != shape->inputs) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "the images are %u x %u = %zu pixels, but the net has %u inputs",
                          view.rows, view.cols, (size_t)view.rows * view.cols, shape->inputs);
    }
    if (with_figures && shape->outputs != mnist_view_classes(view)) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "the data have %u classes, the net %u outputs",
                          mnist_view_classes(view), shape->outputs);
    }
    return MNIST_OK;
}

static size_t rows_at_a_time(const mnist_mlp *mlp)
{
    size_t bytes = 0;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        bytes += mlp->layers[l].row * sizeof(float);
    }
    size_t rows = ACTIVATION_SIZE / bytes / LEAST_ROWS * LEAST_ROWS;
    return rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
}

static mnist_status prepare(evaluator *e, mnist_mlp *mlp, mnist_pool *pool, mnist_error *err)
{
    const bool sparse = mnist_mlp_sparse_layers(mlp, e->view.count, NULL) > 0;
    e->rows = sparse ? MNIST_SPARSE_IMAGES : rows_at_a_time(mlp);
    size_t rows = mnist_pool_threads(pool) * e->rows;
    mnist_status status = mnist_pass_create_with(&e->pass, mlp, pool, rows,
                                                 (mnist_pass_options){.forward_only = true}, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (sparse) {
        status = mnist_pass_make_sparse(e->pass, e->view.count, e->shift, err);
        if (status != MNIST_OK) {
            return status;
        }
    }
    bool dense = !mnist_pass_uses_integers(e->pass, e->table, e->shift) && !e->pass->sparse &&
                 mnist_batch_density(e->view) >= MNIST_SPARSE_DENSITY;
    if (dense) {
        e->stride = mnist_pad(mlp->config.inputs);
        e->x = mnist_alloc(rows, e->stride * sizeof *e->x);
    }
    e->losses = mnist_alloc(e->view.count, sizeof *e->losses);
    e->predicted = mnist_alloc(e->view.count, 1);
    bool ok = (!dense || e->x) && e->losses && e->predicted;
    return ok ? MNIST_OK
              : mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the evaluation of %zu images",
                           e->view.count);
}

/* What an evaluation is to compute. */
typedef struct wanted {
    float *outputs; /* (count, outputs of the net): logits or probabilities; NULL: not wanted */
    bool logits;
    mnist_evaluation *figures; /* NULL: not */
} wanted;

static mnist_status evaluate_with(mnist_mlp *mlp, mnist_view view,
                                  const mnist_normalization *normalization, mnist_pool *pool,
                                  wanted want, mnist_error *err)
{
    evaluator e = {.view = view, .outputs = want.outputs, .logits = want.logits};
    e.shift = mnist_normalization_split(normalization, e.table);
    mnist_status status = prepare(&e, mlp, pool, err);
    if (status == MNIST_OK) {
        mnist_pool_run(pool, share_task, &e);
    }
    if (status == MNIST_OK && want.figures) {
        mnist_tally tally = {0};
        for (size_t i = 0; i < view.count; i++) { /* in the order of the images */
            mnist_tally_add(&tally, view.labels[i], e.predicted[i], (double)e.losses[i]);
        }
        mnist_tally_finish(&tally, want.figures);
    }
    mnist_pass_free(e.pass);
    mnist_free(e.x);
    mnist_free(e.losses);
    mnist_free(e.predicted);
    return status;
}

static mnist_status evaluate(mnist_mlp *mlp, mnist_view view,
                             const mnist_normalization *normalization, mnist_pool *pool,
                             wanted want, mnist_error *err)
{
    mnist_pool *own = NULL;
    mnist_status status = check_view(mlp, view, want.figures != NULL, err);
    view.labels = want.figures ? view.labels : NULL; /* which may be of more classes */
    if (status == MNIST_OK && !pool) {
        status = mnist_pool_create(&own, 0, err);
    }
    if (status == MNIST_OK) {
        status = evaluate_with(mlp, view, normalization, pool ? pool : own, want, err);
    }
    mnist_pool_free(own);
    return status;
}

mnist_status mnist_evaluate(mnist_mlp *mlp, mnist_view view,
                            const mnist_normalization *normalization, mnist_pool *pool,
                            mnist_evaluation *out, mnist_error *err)
{
    return evaluate(mlp, view, normalization, pool, (wanted){.figures = out}, err);
}

mnist_status mnist_probabilities(mnist_mlp *mlp, mnist_view view,
                                 const mnist_normalization *normalization, mnist_pool *pool,
                                 float *probabilities, mnist_evaluation *out, mnist_error *err)
{
    const wanted want = {.outputs = probabilities, .figures = out};
    return evaluate(mlp, view, normalization, pool, want, err);
}

mnist_status mnist_logits(mnist_mlp *mlp, mnist_view view, const mnist_normalization *normalization,
                          mnist_pool *pool, float *logits, mnist_evaluation *out, mnist_error *err)
{
    const wanted want = {.outputs = logits, .logits = true, .figures = out};
    return evaluate(mlp, view, normalization, pool, want, err);
}
