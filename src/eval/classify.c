/* Classification of images as they come, a few at a time. */
#include <mnist/eval.h>

#include "base/memory.h"
#include "base/status.h"
#include "data/batch.h"
#include "nn/sparse.h"

#include <assert.h>
#include <string.h>

struct mnist_classifier {
    mnist_pool *pool; /* of the calling thread alone */
    mnist_pass *pass;
    float table[256], shift; /* of the normalisation */
};

mnist_status mnist_classifier_create(mnist_classifier **out, mnist_mlp *mlp,
                                     const mnist_normalization *normalization, size_t capacity,
                                     mnist_error *err)
{
    assert(capacity >= 1);
    *out = NULL;
    mnist_classifier *classifier = mnist_alloc(1, sizeof *classifier);
    if (!classifier) {
        return mnist_fail_memory(err, sizeof *classifier, "a classifier");
    }
    classifier->shift = mnist_normalization_split(normalization, classifier->table);
    mnist_status status = mnist_pool_create(&classifier->pool, 1, err);
    if (status == MNIST_OK) {
        status = mnist_pass_create_with(&classifier->pass, mlp, classifier->pool, capacity,
                                        (mnist_pass_options){.forward_only = true}, err);
    }
    if (status != MNIST_OK) {
        mnist_classifier_free(classifier);
        return status;
    }
    *out = classifier;
    return MNIST_OK;
}

void mnist_classifier_free(mnist_classifier *classifier)
{
    if (classifier) {
        mnist_pass_free(classifier->pass);
        mnist_pool_free(classifier->pool);
        mnist_free(classifier);
    }
}

mnist_status mnist_classifier_expect(mnist_classifier *classifier, size_t images, mnist_error *err)
{
    return mnist_pass_make_sparse(classifier->pass, images, classifier->shift, err);
}

void mnist_classifier_run(mnist_classifier *classifier, const uint8_t *images, size_t count,
                          float *probabilities)
{
    mnist_pass *pass = classifier->pass;
    const unsigned last = pass->mlp->layer_count - 1;
    const size_t stride = pass->mlp->layers[last].row, classes = pass->mlp->config.outputs;
    assert(count >= 1 && count <= pass->capacity);
    const mnist_pass_batch batch = {
        .bytes = images, .table = classifier->table, .shift = classifier->shift, .count = count};
    mnist_pass_evaluate(pass, &batch);
    mnist_pass_probabilities(pass, 0, count);
    for (size_t i = 0; i < count; i++) {
        memcpy(probabilities + i * classes, pass->activations[last] + i * stride,
               classes * sizeof *probabilities);
    }
}
