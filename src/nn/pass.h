/* One batch's way through a net, as the team of workers goes it. Functions with _part are run by
 * all workers of the pool together, each doing its share. Shares are cut over outputs (units,
 * images, weights), never over a sum, so the number of workers changes no bit. Nothing here
 * allocates or fails. */
#ifndef MNIST_NN_PASS_H
#define MNIST_NN_PASS_H

#include "base/pool.h"
#include "kernels/kernels.h"
#include "nn/mlp.h"
#include "nn/optimizer.h"

/* Inputs of the first layer whose weights are updated as one: those of a block of side x side, where
 * the inputs are rows of `columns`. Their gradient is the mean of theirs, so that weights that are
 * equal stay equal, to the bit: the block is a pixel of a smaller picture. side divides columns and
 * the number of rows; 0 or 1: none. */
typedef struct mnist_tie {
    unsigned side, columns;
} mnist_tie;

/* Sets the weights of each block to their mean. */
void mnist_tie_weights(const mnist_layer *layer, mnist_tie tie, float *arena);

struct mnist_pass {
    mnist_mlp *mlp;
    mnist_pool *pool;
    const mnist_kernels *kernels;
    const mnist_half *half; /* of mixed precision; NULL: fp32 */
    /* For a net that has an integer form, when it comes to that (nn/integers.h); NULL: none */
    const struct mnist_integer_kernels *integer_kernels;
    struct mnist_sparse_net *sparse;        /* of inference; NULL: the net is computed densely */
    struct mnist_sparse_training *training; /* without masked weights; NULL: densely */
    size_t capacity;
    /* per layer, (capacity, row of the layer) */
    float *activations[MNIST_MAX_HIDDEN + 1]; /* f(z); of the last layer the logits */
    /* What the derivative reads if the activations are not enough: z, or f(z) before dropout; else
     * NULL */
    float *inputs[MNIST_MAX_HIDDEN + 1];
    float *deltas[MNIST_MAX_HIDDEN + 1]; /* d(mean loss) / dz, times the loss scale */
    /* With half, what products read instead of activations and deltas: pairs along rows, (capacity,
     * row / 2), and pairs of two rows, ((capacity + 1) / 2, row). The first layer's deltas have no
     * pairs along rows: they are rounded, and read as floats or as pairs of two rows. */
    struct mnist_pairs {
        mnist_pair *along, *across;
    } activation_pairs[MNIST_MAX_HIDDEN + 1], delta_pairs[MNIST_MAX_HIDDEN + 1];
    mnist_regularization regularization;
    /* What each layer's learning rate is multiplied by; 0: it is frozen. And the lowest layer whose
     * deltas are needed. */
    float rates[MNIST_MAX_HIDDEN + 1];
    unsigned lowest;
    mnist_tie tie; /* of the first layer's inputs */
    /* Batch normalisation of a layer: (z - mean) / deviation, (capacity, row); 1 / deviation,
     * (stride); gradients of bias and gamma, (2, stride). */
    struct mnist_normalized {
        float *values, *inverse, *gradients;
    } normalized[MNIST_MAX_HIDDEN];
    /* Adversarial training: the changed images, (capacity, perturbed_stride), which take the rows
     * of the pass behind the batch's. For virtual adversarial training also the gradient of the
     * inputs, of the same shape, and the softmax of the unchanged images, (capacity, row of the
     * last layer). */
    float *perturbed, *input_gradient, *probabilities;
    size_t perturbed_stride;
    float *gradient;    /* (arena_size) */
    double *norms;      /* sums of squares, one for each block of the gradient */
    bool left_out;      /* after a step: the update was left out, as the gradient overflowed */
    double norm;        /* after a step with clipping or loss scale: of the gradient */
    float *losses;      /* (capacity) */
    uint8_t *predicted; /* (capacity) */
};

/* The batch that a step is done on. The inputs are x + shift; or table[byte] + shift, where
 * table[0] is 0 and bytes that are 0 are left out of all products. The shift is not added to the
 * inputs themselves: the background of an image, which is not 0 after a normalisation to mean 0, is
 * so left out as well. What the shift adds to the results is computed apart: z = x W + (b + shift *
 * column sums of W), dW = x^T dz + shift * db. */
typedef struct mnist_pass_batch {
    const float *x; /* (count, inputs), rounded if the pass has half; NULL: bytes */
    size_t x_stride;
    const uint8_t *bytes;      /* (·, inputs) */
    const uint32_t *index;     /* (count): image i is row index[i] of bytes; NULL: row i */
    const uint8_t *transposed; /* (inputs, transposed_stride): the same bytes; for training */
    size_t transposed_stride;
    const float *table; /* (256), table[0] = 0: of bytes; rounded if the pass has half */
    float shift;
    const uint8_t *labels; /* (count); NULL: logits and predictions only */
    const float *targets;  /* (count, row of the last layer): in place of labels; or NULL */
    size_t count;          /* 1 to capacity */
    size_t row;            /* image i takes row row + i of the pass; even; 0 for training */
    float smoothing;
    float weight;        /* of the loss in its gradient; 0 stands for 1 */
    bool virtual;        /* the targets are the net's own outputs: no confidence penalty */
    uint64_t seed, step; /* of dropout and of random directions */
    float loss_scale;    /* a power of two; not 0: the update is left out if a gradient overflows */
    /* Distillation (mnist/train.h): each image's soft target, a distribution over the classes,
     * (count, row of the last layer), and its entropy. The loss then is
     *   (1 - soft_weight) (what it is without) + soft_weight temperature^2 KL(soft || p),
     * p = softmax(z / temperature). NULL: none. Images changed by adversarial training have the
     * soft target of the image that they were made from. */
    const float *soft, *soft_entropies;
    float temperature, soft_weight; /* > 0; above 0 to 1 */
    /* Images of the next step: they are fetched into caches during this one. */
    const uint32_t *next;
    size_t next_count;
} mnist_pass_batch;

typedef struct mnist_pass_options {
    bool forward_only; /* no memory for gradients; fp32 */
    mnist_precision precision;
    const mnist_regularization *regularization; /* NULL: none */
    /* (layers): what each layer's learning rate is multiplied by; 0: it is frozen. NULL: all 1 */
    const float *rates;
    mnist_tie tie; /* all zero: none */
} mnist_pass_options;

/* mnist_pass_create (mnist/nn.h) is this with no options set. */
mnist_status mnist_pass_create_with(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool,
                                    size_t capacity, mnist_pass_options options, mnist_error *err);

/* A worker's share of a batch's images: whole pairs, so that two images that share a pair have the
 * same worker. */
static inline void mnist_pass_images(size_t count, mnist_worker worker, size_t *first, size_t *end)
{
    mnist_worker_share(worker, (count + 1) / 2, first, end);
    *first = 2 * *first < count ? 2 * *first : count;
    *end = 2 * *end < count ? 2 * *end : count;
}

/* Forward of all images of the batch through all layers, by one worker alone: logits, predictions
 * and, with labels, losses, in the batch's rows of the pass. */
void mnist_pass_evaluate(mnist_pass *pass, const mnist_pass_batch *batch);

/* Replaces the logits in rows [row, row + count) of the pass by their softmax. */
void mnist_pass_probabilities(mnist_pass *pass, size_t row, size_t count);

/* Forward, backward and, unless optimizer is NULL, the update with learning rate lr. batch->labels
 * must be set. What must be complete when a worker enters: x and bytes of all images, and the
 * labels and soft targets of its own share of the images (mnist_pass_images). The transposed bytes and the other
 * workers' labels are read only after the next barrier. The inputs may be overwritten after the
 * last barrier. */
void mnist_pass_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                           mnist_optimizer *optimizer, float lr, mnist_worker worker);

#endif
