/* Nets most of whose weights a mask holds at 0, in training: the weights that are left, and the values
 * of a step without the others (sparse_step.c). It belongs to a pass. */
#ifndef MNIST_NN_MASKED_H
#define MNIST_NN_MASKED_H

#include "nn/pass.h"

#include <stdatomic.h>

typedef struct mnist_masked_layer {
    /* The weights that are left, a row for each output, and a row for each input. */
    mnist_sparse_matrix by_output, by_input;
    /* The same in the order of the arena, panel by panel: where each is in it, and in by_output and
     * by_input; (panels + 1): where panels begin. */
    uint32_t *places, *at_output, *at_input, *panels;
    float *gradient; /* as by_output */
    float *bias;     /* (stride), and its gradient */
    float *bias_gradient;
    float *a, *z, *d; /* (tiles, units, images): f(z); z if the slope reads it, else a; deltas */
} mnist_masked_layer;

struct mnist_sparse_training {
    mnist_masked_layer layers[MNIST_MAX_HIDDEN + 1];
    float *x;                /* (tiles, inputs, images) */
    size_t tiles;            /* that there is room for */
    _Atomic uint64_t broken; /* the last step, counted from 1, in which something was not finite */
};

/* What pass->training is, for the mask that the optimiser has now, if steps that leave weights out are
 * faster and nothing in the settings of either is against it; else NULL, as when memory is short.
 * Parameters, state and average are 0 where the mask is. To be called before the first step and
 * whenever the mask has changed, between steps. */
void mnist_pass_use_mask(mnist_pass *pass, const mnist_optimizer *optimizer);

void mnist_sparse_training_free(struct mnist_sparse_training *t);

/* After a step that was done densely nevertheless, by one worker: what steps keep of the parameters. */
void mnist_sparse_training_refresh(struct mnist_sparse_training *t, const mnist_mlp *mlp);

/* A step that leaves masked weights out: forward, deltas, gradients and update, as
 * mnist_pass_train_part does them, by all workers, and with its bits (kernels/sparse.h). False: nothing
 * has been updated, and the step is to be done densely, as something is not finite, or the batch is not
 * of the kind; likewise for all workers. */
bool mnist_sparse_train_part(mnist_pass *pass, const mnist_pass_batch *batch,
                             mnist_optimizer *optimizer, float lr, mnist_worker worker);

#endif
