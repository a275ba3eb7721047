/* The last rows of the kernels group: distorted images, and what an epoch of them costs
 * beforehand. */
#include "bench/groups.h"

#include "base/status.h"

#include <mnist/data.h>
#include <stdio.h>

#define SPEC        "ciresan"
#define MOST_IMAGES 4096u /* images used: more than a second-level cache holds */
#define BATCH       64u

typedef struct augment_work {
    mnist_view view;
    mnist_pool *pool;
    mnist_augmenter *augmenter;
    size_t pixels, next;
    uint8_t *out; /* (BATCH, pixels) */
    uint32_t epoch;
} augment_work;

static void augment_batch(void *context)
{
    augment_work *work = context;
    for (size_t i = 0; i < BATCH; i++) {
        const size_t image = work->next;
        mnist_augment_image(work->augmenter, 0, image, work->view.labels[image],
                            work->view.images + image * work->pixels, work->out + i * work->pixels);
        work->next = image + 1 < work->view.count ? image + 1 : 0;
    }
}

static void start_epoch(void *context)
{
    augment_work *work = context;
    mnist_augmenter_start(work->augmenter, work->pool, 1, work->epoch++);
}

static void free_augmenter(void *object)
{
    mnist_augmenter_free(object);
}

static mnist_status add_augmentation(mnist_suite *suite, const char *what, double amount,
                                     void (*work_once)(void *context), mnist_error *err)
{
    mnist_bench_case item = {.unit = MNIST_BENCH_US, .amount = amount, .work = work_once};
    snprintf(item.name, sizeof item.name, "augment " SPEC ", %s", what);
    if (!mnist_suite_wants(suite, item.name) || suite->view.rows > 256 || suite->view.cols > 256) {
        return MNIST_OK;
    }
    const size_t pixels = (size_t)suite->view.rows * suite->view.cols;
    augment_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    uint8_t *out = mnist_suite_alloc(suite, BATCH, pixels);
    if (!work || !out) {
        return mnist_fail_memory(err, BATCH * pixels, "the benchmark of augmentation");
    }
    *work = (augment_work){.view = suite->view, .pool = suite->one, .pixels = pixels, .out = out};
    if (work->view.count > MOST_IMAGES) {
        work->view = mnist_view_slice(work->view, 0, MOST_IMAGES);
    }
    mnist_augmentation augmentation;
    mnist_status status = mnist_augmentation_parse(&augmentation, SPEC, err);
    if (status == MNIST_OK) {
        status = mnist_augmenter_create(&work->augmenter, &augmentation, work->view.rows,
                                        work->view.cols, work->pool, err);
    }
    if (status == MNIST_OK) {
        status = mnist_suite_own(suite, work->augmenter, free_augmenter, err);
    }
    if (status == MNIST_OK) {
        start_epoch(work);
        item.context = work;
        status = mnist_suite_add(suite, &item, err);
    }
    return status;
}

mnist_status mnist_bench_add_images(mnist_suite *suite, mnist_error *err)
{
    mnist_status status = add_augmentation(suite, "an image", BATCH, augment_batch, err);
    return status == MNIST_OK ? add_augmentation(suite, "an epoch's field", 1.0, start_epoch, err)
                              : status;
}
