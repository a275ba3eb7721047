#include "train/soft_targets.h"

#include "base/memory.h"
#include "base/status.h"
#include "data/batch.h"
#include "kernels/approx.h"
#include "nn/mlp.h"
#include "nn/pass.h"

#include <assert.h>
#include <string.h>

/* How many images a worker shows the teachers at a time (as eval/evaluate.c: few enough for a
 * second-level cache, enough for the weights to be worth reading). Even, as rows of a pass go in
 * pairs. */
#define ROWS 48u

/* A teacher's way of reading images, and rows of its own for each worker. */
typedef struct reader {
    mnist_pass *pass;
    float table[256], shift;
} reader;

struct mnist_soft_targets {
    reader *readers; /* (count) */
    size_t count, pixels;
    unsigned classes;
    size_t stride; /* of a soft target */
    float *rows;   /* (workers, ROWS, stride): what they ask in mnist_soft_targets_keep */
    float temperature;
    const mnist_kernels *kernels;
    /* Of all images of the view, or NULL: (view.count, classes) and (view.count). */
    float *targets, *entropies;
    mnist_view view;
};

mnist_status mnist_soft_targets_create(mnist_soft_targets **out, const mnist_train_job *job,
                                       mnist_pool *pool, mnist_error *err)
{
    *out = NULL;
    mnist_soft_targets *soft = mnist_alloc(1, sizeof *soft);
    if (soft) {
        soft->readers = mnist_alloc(job->teacher_count, sizeof *soft->readers);
    }
    if (!soft || !soft->readers) {
        mnist_free(soft);
        return mnist_fail_memory(err, job->teacher_count * sizeof(reader), "the teachers");
    }
    soft->pixels = (size_t)job->train.rows * job->train.cols;
    soft->classes = mnist_mlp_shape(job->teachers[0].net)->outputs;
    soft->stride = mnist_row(soft->classes);
    soft->temperature = job->config->temperature;
    soft->kernels = mnist_kernels_select();
    mnist_status status = MNIST_OK;
    for (; status == MNIST_OK && soft->count < job->teacher_count; soft->count++) {
        const mnist_teacher *teacher = &job->teachers[soft->count];
        reader *r = &soft->readers[soft->count];
        r->shift = mnist_normalization_split(mnist_normalization_or_unit(teacher->normalization),
                                             r->table);
        status =
            mnist_pass_create_with(&r->pass, teacher->net, pool, mnist_pool_threads(pool) * ROWS,
                                   (mnist_pass_options){.forward_only = true}, err);
    }
    if (status != MNIST_OK) {
        mnist_soft_targets_free(soft);
        return status;
    }
    *out = soft;
    return MNIST_OK;
}

void mnist_soft_targets_free(mnist_soft_targets *soft)
{
    if (!soft) {
        return;
    }
    for (size_t i = 0; i < soft->count; i++) {
        mnist_pass_free(soft->readers[i].pass);
    }
    mnist_free(soft->readers);
    mnist_free(soft->rows);
    mnist_free(soft->targets);
    mnist_free(soft->entropies);
    mnist_free(soft);
}

/* - sum of q log q, in double and in one order. A share of 0 adds nothing. */
static float entropy_of(const float *target, unsigned classes)
{
    double entropy = 0.0;
    for (unsigned c = 0; c < classes; c++) {
        const double q = (double)target[c];
        entropy += q > 0.0 ? q * approx_log(1.0 / q) : 0.0;
    }
    return (float)entropy;
}

/* softmax(logits / temperature) of a teacher, for at most ROWS images, in its rows of this
 * worker. */
static const float *ask_one(const mnist_soft_targets *soft, const reader *r, unsigned worker,
                            const uint8_t *images, size_t count)
{
    const mnist_mlp *mlp = r->pass->mlp;
    const unsigned last = mlp->layer_count - 1;
    const size_t row = (size_t)worker * ROWS;
    assert(mlp->layers[last].row == soft->stride);
    float *z = r->pass->activations[last] + row * soft->stride;
    mnist_pass_evaluate(
        r->pass,
        &(mnist_pass_batch){
            .bytes = images, .table = r->table, .shift = r->shift, .count = count, .row = row});
    for (size_t k = 0; k < count * soft->stride; k++) {
        z[k] /= soft->temperature;
    }
    soft->kernels->softmax(&(mnist_softmax){.z = z,
                                            .dz = z,
                                            .stride = soft->stride,
                                            .rows = count,
                                            .classes = soft->classes,
                                            .scale = 1.0f});
    return z;
}

void mnist_soft_targets_ask(mnist_soft_targets *soft, unsigned worker, const uint8_t *images,
                            size_t count, float *targets, float *entropies)
{
    for (size_t first = 0, rows; first < count; first += rows) {
        rows = count - first < ROWS ? count - first : ROWS;
        const size_t size = rows * soft->stride;
        float *target = targets + first * soft->stride;
        for (size_t t = 0; t < soft->count; t++) { /* the mean, added up in the teachers' order */
            const float *q =
                ask_one(soft, &soft->readers[t], worker, images + first * soft->pixels, rows);
            for (size_t k = 0; k < size; k++) {
                target[k] = t == 0 ? q[k] : target[k] + q[k];
            }
        }
        for (size_t k = 0; k < size; k++) {
            target[k] /= (float)soft->count;
        }
        for (size_t i = 0; i < rows; i++) {
            entropies[first + i] = entropy_of(target + i * soft->stride, soft->classes);
        }
    }
}

static void keep_task(void *argument, mnist_worker worker)
{
    mnist_soft_targets *soft = argument;
    float *targets = soft->rows + worker.index * ROWS * soft->stride;
    size_t image, end;
    mnist_worker_share(worker, soft->view.count, &image, &end);
    for (size_t count; image < end; image += count) {
        count = end - image < ROWS ? end - image : ROWS;
        mnist_soft_targets_ask(soft, worker.index, soft->view.images + image * soft->pixels, count,
                               targets, soft->entropies + image);
        for (size_t i = 0; i < count; i++) {
            memcpy(soft->targets + (image + i) * soft->classes, targets + i * soft->stride,
                   soft->classes * sizeof *targets);
        }
    }
}

mnist_status mnist_soft_targets_keep(mnist_soft_targets *soft, mnist_view view, mnist_pool *pool,
                                     mnist_error *err)
{
    soft->view = view;
    soft->targets = mnist_alloc(view.count, soft->classes * sizeof *soft->targets);
    soft->entropies = mnist_alloc(view.count, sizeof *soft->entropies);
    soft->rows = mnist_alloc(mnist_pool_threads(pool) * ROWS, soft->stride * sizeof *soft->rows);
    if (!soft->targets || !soft->entropies || !soft->rows) {
        return mnist_fail_memory(err, view.count * (soft->classes + 1) * sizeof(float),
                                 "soft targets");
    }
    mnist_pool_run(pool, keep_task, soft);
    return MNIST_OK;
}

size_t mnist_soft_targets_stride(const mnist_soft_targets *soft)
{
    return soft->stride;
}

bool mnist_soft_targets_kept(const mnist_soft_targets *soft)
{
    return soft->targets != NULL;
}

float mnist_soft_targets_copy(const mnist_soft_targets *soft, size_t image, float *target)
{
    memset(target, 0, soft->stride * sizeof *target);
    memcpy(target, soft->targets + image * soft->classes, soft->classes * sizeof *target);
    return soft->entropies[image];
}
