/* One batch's way through a net, as the worker team walks it.
 *
 * Every function with _part is run by all workers of the pool together, each doing its share; the
 * shares are cut over outputs (units, images, weights), never over a sum, so the number of workers
 * changes no bit. Nothing here allocates or fails.
 */
#ifndef MNIST_NN_PASS_H
#define MNIST_NN_PASS_H

#include "base/pool.h"
#include "kernels/kernels.h"
#include "nn/mlp.h"
#include "nn/optimizer.h"

struct mnist_pass {
    mnist_mlp *mlp;
    mnist_pool *pool;
    const mnist_kernels *kernels;
    size_t capacity;
    /* per layer, (capacity, row of the layer) */
    float *activations[MNIST_MAX_HIDDEN + 1]; /* f(z); of the last layer the logits */
    float *inputs[MNIST_MAX_HIDDEN + 1];      /* z, where the activation needs it; else NULL */
    float *deltas[MNIST_MAX_HIDDEN + 1];      /* d(mean loss) / dz */
    float *gradient;                          /* (arena_size) */
    double *norms;                            /* a sum of squares for every block of the gradient */
    float *losses;                            /* (capacity) */
    uint8_t *predicted;                       /* (capacity) */
};

/* What a step is done on. The inputs are x, or table[byte] of bytes, whose zeros are then left out;
 * and to each of them shift is added: that is how inputs of mean 0, none of which are 0, keep their
 * zeros. The shift never meets an input: z = x W + (b + shift * column sums of W),
 * dW = x^T dz + shift * db. */
typedef struct mnist_pass_batch {
    const float *x; /* (count, inputs); NULL: bytes */
    size_t x_stride;
    const uint8_t *bytes;  /* (·, inputs) */
    const uint32_t *index; /* (count): image i is row index[i] of bytes; NULL: row i */
    const uint8_t *turned; /* (inputs, turned_stride): the same bytes by columns; for training */
    size_t turned_stride;
    const float *table; /* (256), table[0] = 0: of bytes */
    float shift;
    const uint8_t *labels; /* (count); NULL: logits and predictions only */
    size_t count;          /* 1 to capacity */
    size_t row;            /* image i takes row row + i of the pass; 0 for training */
    float smoothing;
    /* Images that the step after this one will read: fetched into caches along the way. */
    const uint32_t *next;
    size_t next_count;
} mnist_pass_batch;

/* mnist_pass_create (mnist/nn.h) for forward alone, without the memory that gradients take. */
mnist_status mnist_pass_create_forward(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool,
                                       size_t capacity, mnist_error *err);

/* Forward of all images of the batch through all layers, by one worker alone: logits, predictions
 * and, with labels, losses, in the batch's rows of the pass. */
void mnist_pass_evaluate(mnist_pass *pass, const mnist_pass_batch *batch);

/* Forward, backward and, unless optimizer is NULL, the update at learning rate lr. batch->labels
 * must be there. Every worker must have come so far that the labels of its share of the images
 * (mnist_worker_share) are there; x and bytes must be there for all, turned and the other workers'
 * labels after the next barrier. The inputs may be overwritten after the last. */
void mnist_pass_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                           mnist_optimizer *optimizer, float lr, mnist_worker worker);

#endif
