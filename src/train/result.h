/* What a training hands out: the net as it is trained, or averages of it, folded where layers were
 * normalised, and of the epochs the last or the best. */
#ifndef MNIST_TRAIN_RESULT_H
#define MNIST_TRAIN_RESULT_H

#include "nn/optimizer.h"

#include <mnist/train.h>

typedef struct mnist_result {
    mnist_mlp *out;    /* the caller's */
    mnist_mlp *net;    /* what is trained: out itself where nothing is averaged or folded */
    float *average;    /* (arena of net), or NULL */
    uint64_t averaged; /* epochs in it, with stochastic weight averaging */
    float *best;       /* (arena of out), or NULL */
    double best_loss;
    unsigned best_epoch;   /* 0: none yet */
    unsigned since_better; /* epochs without one better by more than min_delta */
    double loss_to_beat;   /* of the last epoch that was */
} mnist_result;

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_result_create(mnist_result *result, mnist_mlp *out,
                                 const mnist_train_config *config, mnist_error *err);
void mnist_result_free(mnist_result *result);

/* Before update `step` (from 0): how much of it goes into the moving average. */
float mnist_result_rate(const mnist_train_config *config, uint64_t step);

/* After an epoch, or in the midst of one that ends the training: what is to be evaluated goes to
 * out. */
void mnist_result_write(mnist_result *result, const mnist_train_config *config,
                        const mnist_kernels *kernels, unsigned epoch);

/* What mnist_result_write does last, for a training that goes on from a snapshot. */
void mnist_result_hand_out(mnist_result *result, const mnist_train_config *config);

/* What the validation of out has said of it. */
void mnist_result_judge(mnist_result *result, const mnist_train_config *config, unsigned epoch,
                        double loss);

/* At the end: the best epoch to out, if that is to be kept. */
void mnist_result_finish(mnist_result *result);

#endif
