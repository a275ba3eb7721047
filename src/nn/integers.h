/* The integer form of a net, as passes use it. Shared by the files of nn/ only. */
#ifndef MNIST_NN_INTEGERS_H
#define MNIST_NN_INTEGERS_H

#include "kernels/integers.h"
#include "nn/pass.h"

#include <mnist/integers.h>

/* A layer: what files have, padded to the layer's stride, and what follows from it. */
typedef struct mnist_integer_parts {
    int8_t *weights; /* in panels (kernels/integers.h) */
    float *scales;
    int32_t *biases;
    int32_t *init;        /* bias, zero point and what rounds the shift, in one */
    int32_t *shifts;      /* of steps; hidden layers */
    int32_t *multipliers; /* of steps; hidden layers */
    float *logit_scales;  /* the last layer */
    uint8_t table[256];   /* of steps; activations other than relu */
    mnist_integer_range range;
    mnist_integer_steps steps;
} mnist_integer_parts;

/* One block of memory, which the arrays lie in, so that who frees a net need not know of it. */
struct mnist_integers {
    mnist_integer_inputs inputs;
    mnist_integer_parts parts[MNIST_MAX_HIDDEN + 1];
};

/* Gives a new pass, of inference alone, the kernels that mnist_integers_use allows. */
void mnist_pass_choose_integers(mnist_pass *pass);

/* Does the pass compute a batch of these bytes with integers? */
bool mnist_pass_uses_integers(const mnist_pass *pass, const float *table, float shift);

/* Logits of a batch of bytes for which it does, by one worker alone. */
void mnist_pass_integers(mnist_pass *pass, const mnist_pass_batch *batch);

#endif
