/* What regularisers do to images on their way into the net: mixup of pairs, dropout of pixels, both
 * on bytes, so that zeros stay zeros; and noise on floats. A pixel's fate is a function of the
 * seed, the step and the image's index in its batch. */
#ifndef MNIST_TRAIN_INPUTS_H
#define MNIST_TRAIN_INPUTS_H

#include "kernels/kernels.h"

#include <mnist/train.h>

/* Shares that mixup knows: bin k of so many stands for (k + 1/2) / MIXUP_BINS. */
#define MIXUP_BINS 256u

typedef struct mnist_inputs {
    float dropout, noise; /* noise in units of the net's inputs */
    float mixup;          /* 0: none */
    uint64_t seed;
    /* mixup: of each bin, the probability of it and those before, times 2^32 less what rounding
     * took; the last is 2^32 - 1 */
    uint32_t cumulated[MIXUP_BINS];
} mnist_inputs;

/* Of a configuration that has been checked. */
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

/* Mixes images `image` and `image + 1` of the batch of `step` (image even): a becomes shares of a
 * and b, and b of b and a, and so do their targets. */
void mnist_inputs_mix(const mnist_inputs *inputs, uint64_t step, size_t image,
                      const mnist_neighbours *pair);

/* The target of an image that is not mixed. */
void mnist_inputs_target(uint8_t label, float *target, size_t stride);

/* Drops pixels of an image. What is kept is not scaled here. */
void mnist_inputs_drop(const mnist_inputs *inputs, const mnist_kernels *kernels, uint64_t step,
                       size_t image, uint8_t *bytes, size_t pixels);

/* What kept pixels grow by. */
float mnist_inputs_scale(const mnist_inputs *inputs);

/* Adds noise, nearly normal: sums of four bytes, exact on every machine. */
void mnist_inputs_add_noise(const mnist_inputs *inputs, uint64_t step, size_t image, float *x,
                            size_t pixels);

#endif
