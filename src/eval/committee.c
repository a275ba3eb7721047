#include <mnist/eval.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/tally.h"
#include "kernels/approx.h"

#include <assert.h>

struct mnist_committee {
    mnist_view view;
    size_t members;
    double *sums;         /* (view.count, MNIST_CLASSES), over the members in their order */
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
        committee->sums = mnist_alloc(view.count, MNIST_CLASSES * sizeof *committee->sums);
        committee->probabilities =
            mnist_alloc(view.count, MNIST_CLASSES * sizeof *committee->probabilities);
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

mnist_status mnist_committee_add(mnist_committee *committee, mnist_mlp *mlp,
                                 const mnist_normalization *normalization, mnist_pool *pool,
                                 mnist_evaluation *own, mnist_error *err)
{
    mnist_status status = mnist_probabilities(mlp, committee->view, normalization, pool,
                                              committee->probabilities, own, err);
    if (status != MNIST_OK) {
        return status;
    }
    for (size_t i = 0; i < committee->view.count * MNIST_CLASSES; i++) {
        committee->sums[i] += (double)committee->probabilities[i];
    }
    committee->members++;
    return MNIST_OK;
}

size_t mnist_committee_count(const mnist_committee *committee)
{
    return committee->members;
}

void mnist_committee_evaluate(const mnist_committee *committee, mnist_evaluation *out)
{
    assert(committee->members > 0);
    const double members = (double)committee->members;
    mnist_tally tally = {0};
    for (size_t i = 0; i < committee->view.count; i++) {
        const double *sums = committee->sums + i * MNIST_CLASSES;
        const unsigned label = committee->view.labels[i];
        unsigned top = 0;
        for (unsigned c = 1; c < MNIST_CLASSES; c++) {
            top = sums[c] > sums[top] ? c : top;
        }
        /* The exponentials are clamped, so no probability is 0; a NaN is no number to take the
         * logarithm of. */
        const double inverse = members / sums[label];
        mnist_tally_add(&tally, label, top, inverse >= 1.0 ? approx_log(inverse) : inverse - 1.0);
    }
    mnist_tally_finish(&tally, out);
}
