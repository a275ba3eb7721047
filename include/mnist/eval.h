/* mnist/eval.h: how well a net does on a data set. */
#ifndef MNIST_EVAL_H
#define MNIST_EVAL_H

#include <mnist/data.h>
#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mnist_evaluation {
    size_t count;
    size_t errors;
    double loss;        /* mean cross-entropy, natural logarithm, no smoothing */
    double accuracy;    /* 1 - errors / count */
    double accuracy_se; /* standard error, sqrt(accuracy (1 - accuracy) / count) */
    size_t confusion[MNIST_CLASSES][MNIST_CLASSES]; /* [true label][predicted] */
} mnist_evaluation;

/* The predicted class is the lowest index of the largest logit. The result does not depend on the
 * pool. Errors: MNIST_ERR_ARGUMENT (empty view), MNIST_ERR_MISMATCH (image size and net),
 * MNIST_ERR_MEMORY. */
mnist_status mnist_evaluate(mnist_mlp *mlp, mnist_view view,
                            const mnist_normalization *normalization, mnist_pool *pool,
                            mnist_evaluation *out, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
