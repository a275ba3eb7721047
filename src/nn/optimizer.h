/* Stochastic gradient descent over an arena. Its state, the velocity, has the parameters'
 * layout. */
#ifndef MNIST_NN_OPTIMIZER_H
#define MNIST_NN_OPTIMIZER_H

#include "nn/mlp.h"

typedef struct mnist_optimizer {
    mnist_sgd sgd;
    float *velocity; /* (arena_size) */
} mnist_optimizer;

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_optimizer_create(mnist_optimizer **out, const mnist_mlp *mlp,
                                    const mnist_sgd *sgd, mnist_error *err);
void mnist_optimizer_free(mnist_optimizer *optimizer);

/* Updates rows [first, end) of a panel by their gradient, (end - first, width of the panel); row
 * layer->inputs is the bias, which is not decayed.
 * scale: what clipping leaves of the gradient. */
void mnist_optimizer_update(mnist_optimizer *optimizer, const mnist_kernels *kernels,
                            mnist_mlp *mlp, const float *gradient, const mnist_layer *layer,
                            size_t panel, size_t first, size_t end, float lr, float scale);

#endif
