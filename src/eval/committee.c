#include <mnist/eval.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/tally.h"
#include "kernels/approx.h"

#include <assert.h>
#include <math.h>

struct mnist_committee {
    mnist_view view;
    unsigned classes;
    size_t members;
    double *sums;         /* (view.count, classes), over the members in their order */
    float *probabilities; /* the same shape: of the member being added */
};

mnist_status mnist_committee_create(mnist_committee **out, mnist_view view, mnist_error *err)
{
    *out = NULL;
    if (view.count < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "there are no images to evaluate on");
    }
    mnist_committee *committee = mnist_alloc(1, sizeof *committee);
    if (committee) {
        committee->view = view;
        committee->classes = mnist_view_classes(view);
        committee->sums = mnist_alloc(view.count, committee->classes * sizeof *committee->sums);
        committee->probabilities =
            mnist_alloc(view.count, committee->classes * sizeof *committee->probabilities);
    }
    if (!committee || !committee->sums || !committee->probabilities) {
        mnist_committee_free(committee);
        return mnist_fail(err, MNIST_ERR_MEMORY,
                          "out of memory for the probabilities of %zu images", view.count);
    }
    *out = committee;
    return MNIST_OK;
}

void mnist_committee_free(mnist_committee *committee)
{
    if (committee) {
        mnist_free(committee->sums);
        mnist_free(committee->probabilities);
        mnist_free(committee);
    }
}

/* Adds a member that sees other images than the view's, with the same size, number and order. */
static mnist_status add_images(mnist_committee *committee, const uint8_t *images, mnist_mlp *mlp,
                               const mnist_normalization *normalization, mnist_pool *pool,
                               mnist_evaluation *own, mnist_error *err)
{
    mnist_view view = committee->view;
    view.images = images;
    const unsigned outputs = mnist_mlp_shape(mlp)->outputs;
    if (outputs != committee->classes) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "the data have %u classes, the net %u outputs",
                          committee->classes, outputs);
    }
    mnist_status status =
        mnist_probabilities(mlp, view, normalization, pool, committee->probabilities, own, err);
    if (status != MNIST_OK) {
        return status;
    }
    for (size_t i = 0; i < committee->view.count * committee->classes; i++) {
        committee->sums[i] += (double)committee->probabilities[i];
    }
    committee->members++;
    return MNIST_OK;
}

mnist_status mnist_committee_add(mnist_committee *committee, mnist_mlp *mlp,
                                 const mnist_normalization *normalization, mnist_pool *pool,
                                 mnist_evaluation *own, mnist_error *err)
{
    return add_images(committee, committee->view.images, mlp, normalization, pool, own, err);
}

/* Adds the distorted versions: all but the first. */
static mnist_status add_copies(mnist_committee *committee, mnist_mlp *mlp,
                               const mnist_normalization *normalization,
                               const mnist_versions *versions, mnist_pool *pool, mnist_error *err)
{
    const mnist_view view = committee->view;
    const size_t pixels = (size_t)view.rows * view.cols;
    mnist_augmenter *augmenter;
    mnist_status status = mnist_augmenter_create(&augmenter, &versions->augmentation, view.rows,
                                                 view.cols, pool, err);
    if (status != MNIST_OK) {
        return status;
    }
    uint8_t *images = mnist_alloc(view.count, pixels);
    if (!images) {
        status = mnist_fail_memory(err, view.count * pixels, "distorted images");
    }
    for (unsigned version = 1; status == MNIST_OK && version < versions->count; version++) {
        mnist_augmenter_start(augmenter, pool, versions->seed, version);
        mnist_augment_view(augmenter, pool, view, images);
        status = add_images(committee, images, mlp, normalization, pool, NULL, err);
    }
    mnist_free(images);
    mnist_augmenter_free(augmenter);
    return status;
}

mnist_status mnist_committee_add_versions(mnist_committee *committee, mnist_mlp *mlp,
                                          const mnist_normalization *normalization,
                                          const mnist_versions *versions, mnist_pool *pool,
                                          mnist_error *err)
{
    assert(versions->count >= 1);
    mnist_pool *own = NULL;
    mnist_status status = pool ? MNIST_OK : mnist_pool_create(&own, 0, err);
    pool = pool ? pool : own;
    if (status == MNIST_OK) {
        status = mnist_committee_add(committee, mlp, normalization, pool, NULL, err);
    }
    if (status == MNIST_OK && versions->count > 1) {
        status = add_copies(committee, mlp, normalization, versions, pool, err);
    }
    mnist_pool_free(own);
    return status;
}

void mnist_committee_join(mnist_committee *committee, const mnist_committee *other)
{
    assert(committee->view.count == other->view.count && committee->classes == other->classes);
    for (size_t i = 0; i < committee->view.count * committee->classes; i++) {
        committee->sums[i] += other->sums[i];
    }
    committee->members += other->members;
}

size_t mnist_committee_count(const mnist_committee *committee)
{
    return committee->members;
}

void mnist_committee_probabilities(const mnist_committee *committee, float *probabilities)
{
    assert(committee->members > 0);
    const double members = (double)committee->members;
    for (size_t i = 0; i < committee->view.count; i++) {
        const double *sums = committee->sums + i * committee->classes;
        float *p = probabilities + i * committee->classes;
        unsigned top = 0, first = 0;
        for (unsigned c = 0; c < committee->classes; c++) {
            p[c] = (float)(sums[c] / members);
            top = sums[c] > sums[top] ? c : top;
            first = p[c] > p[first] ? c : first;
        }
        if (first != top) {
            p[top] = nextafterf(p[first], 1.0f);
        }
    }
}

void mnist_committee_evaluate(const mnist_committee *committee, mnist_evaluation *out)
{
    assert(committee->members > 0);
    const double members = (double)committee->members;
    mnist_tally tally = {0};
    for (size_t i = 0; i < committee->view.count; i++) {
        const double *sums = committee->sums + i * committee->classes;
        const unsigned label = committee->view.labels[i];
        unsigned top = 0;
        for (unsigned c = 1; c < committee->classes; c++) {
            top = sums[c] > sums[top] ? c : top;
        }
        /* No probability is 0, as the exponentials are clamped; a NaN must stay a NaN, and is not
         * passed to the logarithm. */
        const double inverse = members / sums[label];
        mnist_tally_add(&tally, label, top, inverse >= 1.0 ? approx_log(inverse) : inverse - 1.0);
    }
    mnist_tally_finish(&tally, out);
}
