/* What regularisers do to images on their way into the net: mixup of pairs and dropout of pixels,
 * both on bytes, so that zeros stay zeros; and noise on floats. What happens to a pixel is a
 * function of the seed, the step and the image's index in its batch. */
#ifndef MNIST_TRAIN_INPUTS_H
#define MNIST_TRAIN_INPUTS_H

#include "kernels/kernels.h"

#include <mnist/train.h>

/* The shares that mixup uses: bin k of this many stands for (k + 1/2) / MIXUP_BINS. */
#define MIXUP_BINS 256u

typedef struct mnist_inputs {
    float dropout, noise; /* noise in units of the net's inputs */
    float mixup;          /* 0: none */
    uint64_t seed;
    /* for mixup: for each bin the probability of it or one before it, times 2^32, rounded down; the
     * last is 2^32 - 1 */
    uint32_t cumulated[MIXUP_BINS];
} mnist_inputs;

/* Makes them from a configuration that has been checked. */
mnist_inputs mnist_inputs_of(const mnist_train_config *config,
                             const mnist_normalization *normalization);

/* Do images' bytes change? */
static inline bool mnist_inputs_change_bytes(const mnist_inputs *inputs)
{
    return inputs->mixup > 0.0f || inputs->dropout > 0.0f;
}

/* Two neighbours of a batch, to be mixed with each other. */
typedef struct mnist_neighbours {
    uint8_t *a, *b; /* (pixels) each */
    size_t pixels;
    uint8_t labels[2];
    float *targets; /* (2, stride) */
    size_t stride;
} mnist_neighbours;

/* Mixes images `image` and `image + 1` of the batch of `step` (image is even): a becomes a share of
 * a and the rest of b, and b likewise with a and b exchanged; so do their targets. */
void mnist_inputs_mix(const mnist_inputs *inputs, uint64_t step, size_t image,
                      const mnist_neighbours *pair);

/* The target of an image that is not mixed. */
void mnist_inputs_target(uint8_t label, float *target, size_t stride);

/* Drops pixels of an image. Pixels that are kept are not scaled here. */
void mnist_inputs_drop(const mnist_inputs *inputs, const mnist_kernels *kernels, uint64_t step,
                       size_t image, uint8_t *bytes, size_t pixels);

/* The factor of pixels that are kept. */
float mnist_inputs_scale(const mnist_inputs *inputs);

/* Adds noise that is nearly normal: sums of four bytes, exact on every machine. */
void mnist_inputs_add_noise(const mnist_inputs *inputs, uint64_t step, size_t image, float *x,
                            size_t pixels);

#endif
