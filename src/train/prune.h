/* Pruning in the course of a training: which weights are left, and when more of them go. */
#ifndef MNIST_TRAIN_PRUNE_H
#define MNIST_TRAIN_PRUNE_H

#include "nn/pass.h"

#include <mnist/train.h>

typedef struct mnist_pruner {
    const mnist_pruning *config;
    mnist_mlp *net;
    const bool *frozen;
    float *mask; /* (arena of net): 1 where a parameter is kept, else 0; NULL: nothing is pruned */
    float
        *activity; /* (inputs): root mean square of each pixel, or of the sum of those that are tied
                      * to it; NULL: not needed */
    float *scores; /* (groups): of what is pruned as one; NULL: not needed */
    size_t groups;
    mnist_tie tie;        /* of the first layer's inputs, which are then pruned as one */
    const float *weights; /* that go by their scores: the net's, or those behind them */
    uint64_t start, end;  /* steps */
} mnist_pruner;

/* steps: of the whole training; view: its images. Keeps what it is given. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_pruner_create(mnist_pruner *pruner, mnist_mlp *net,
                                 const mnist_train_config *config, uint64_t steps, mnist_view view,
                                 mnist_error *err);
void mnist_pruner_free(mnist_pruner *pruner);

/* After so many steps: prunes if it is time, in parameters, the optimiser's state and its average. Was
 * it time? */
bool mnist_pruner_step(mnist_pruner *pruner, uint64_t step, mnist_optimizer *optimizer,
                       float *average);

/* Sets to 0 what the mask says, once it has come from elsewhere. */
void mnist_pruner_apply(const mnist_pruner *pruner, mnist_optimizer *optimizer, float *average);

/* Is there still something to be pruned after so many steps? */
bool mnist_pruner_goes_on(const mnist_pruner *pruner, uint64_t step);

#endif
