#include <mnist/eval.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "data/batch.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

/* Images at a time: the pixels of a block, as floats, stay in a second-level cache. */
#define EVALUATION_BATCH 256u

typedef struct evaluator {
    mnist_view view;
    float table[256];
    mnist_pass *pass;
    float *x; /* (EVALUATION_BATCH, stride) */
    size_t stride;
    size_t first, count; /* of the current batch */
} evaluator;

static void batch_task(void *argument, mnist_worker worker)
{
    evaluator *e = argument;
    size_t first, end;
    mnist_worker_share(worker, e->count, &first, &end);
    if (first < end) {
        mnist_batch_gather(e->view, e->table, NULL, e->first + first, end - first,
                           e->x + first * e->stride, e->stride, NULL);
    }
    mnist_pool_barrier(worker);
    mnist_pass_evaluate_part(e->pass,
                             &(mnist_pass_batch){.x = e->x,
                                                 .x_stride = e->stride,
                                                 .labels = e->view.labels + e->first,
                                                 .count = e->count},
                             worker);
}

static mnist_status check_view(const mnist_mlp *mlp, mnist_view view, mnist_error *err)
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
    if (shape->outputs != MNIST_CLASSES) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "the data have %u classes, the net %u outputs",
                          MNIST_CLASSES, shape->outputs);
    }
    return MNIST_OK;
}

static void run_batches(evaluator *e, mnist_pool *pool, mnist_evaluation *out)
{
    double loss = 0.0;
    memset(out, 0, sizeof *out);
    for (e->first = 0; e->first < e->view.count; e->first += e->count) {
        size_t left = e->view.count - e->first;
        e->count = left < EVALUATION_BATCH ? left : EVALUATION_BATCH;
        mnist_pool_run(pool, batch_task, e);
        for (size_t i = 0; i < e->count; i++) { /* in the order of the images */
            unsigned label = e->view.labels[e->first + i], predicted = e->pass->predicted[i];
            loss += (double)e->pass->losses[i];
            out->errors += predicted != label;
            out->confusion[label][predicted]++;
        }
    }
    double count = (double)e->view.count;
    out->count = e->view.count;
    out->loss = loss / count;
    out->accuracy = (double)(out->count - out->errors) / count;
    out->accuracy_se = sqrt(out->accuracy * (1.0 - out->accuracy) / count);
}

mnist_status mnist_evaluate(mnist_mlp *mlp, mnist_view view,
                            const mnist_normalization *normalization, mnist_pool *pool,
                            mnist_evaluation *out, mnist_error *err)
{
    mnist_status status = check_view(mlp, view, err);
    if (status != MNIST_OK) {
        return status;
    }
    evaluator e = {.view = view, .stride = mnist_pad(mlp->config.inputs)};
    mnist_normalization_table(normalization, e.table);
    status = mnist_pass_create(&e.pass, mlp, pool, EVALUATION_BATCH, err);
    if (status != MNIST_OK) {
        return status;
    }
    e.x = mnist_alloc(EVALUATION_BATCH, e.stride * sizeof *e.x);
    if (e.x) {
        run_batches(&e, pool, out);
    } else {
        status = mnist_fail_memory(err, EVALUATION_BATCH * e.stride * sizeof *e.x,
                                   "a batch of images");
    }
    mnist_free(e.x);
    mnist_pass_free(e.pass);
    return status;
}
