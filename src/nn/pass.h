/* One batch's way through a net, as the worker team walks it.
 *
 * Every function with _part is run by all workers of the pool together, each doing its share; the
 * shares are cut over outputs (units, images, weights), never over a sum, so the number of workers
 * changes no bit. Nothing here allocates or fails.
 */
#ifndef MNIST_NN_PASS_H
#define MNIST_NN_PASS_H

#include "base/pool.h"
#include "kernels/sparse.h"
#include "nn/mlp.h"
#include "nn/optimizer.h"

struct mnist_pass {
    mnist_mlp *mlp;
    mnist_pool *pool;
    const mnist_kernels *kernels;
    size_t capacity;
    /* per layer, (capacity, stride of the layer) */
    float *activations[MNIST_MAX_HIDDEN + 1]; /* f(z); of the last layer the logits */
    float *inputs[MNIST_MAX_HIDDEN + 1];      /* z, where the activation needs it; else NULL */
    float *deltas[MNIST_MAX_HIDDEN + 1];      /* d(mean loss) / dz */
    float *gradient;                          /* (arena_size) */
    double *norms;                            /* a sum of squares for every block of the gradient */
    float *losses;                            /* (capacity) */
    uint8_t *predicted;                       /* (capacity) */
};

/* What a step is done on. The inputs are x, or table[byte] of sparse's bytes, and to each of them
 * shift is added: that is how inputs of mean 0, none of which are 0, keep their zeros. The shift
 * never meets an input: z = x W + (b + shift * column sums of W), dW = x^T dz + shift * db. */
typedef struct mnist_pass_batch {
    const float *x; /* (count, inputs); NULL: sparse */
    size_t x_stride;
    const mnist_sparse *sparse; /* rows 0 to count - 1 are set, turned too for training */
    const float *table;         /* (256), table[0] = 0: of sparse */
    float shift;
    const uint8_t *labels; /* (count); NULL: logits and predictions only */
    size_t count;          /* 1 to capacity */
    float smoothing;
} mnist_pass_batch;

/* Forward of images [first, end) through all layers, by one worker alone: logits, predictions and,
 * with labels, losses. */
void mnist_pass_evaluate(mnist_pass *pass, const mnist_pass_batch *batch, size_t first, size_t end);

/* Forward, backward and, unless optimizer is NULL, the update at learning rate lr. batch->labels
 * must be there. The inputs may be overwritten after the next barrier. */
void mnist_pass_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                           mnist_optimizer *optimizer, float lr, mnist_worker worker);

#endif
