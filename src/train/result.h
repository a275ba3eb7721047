/* What a training hands out: the net as it is trained, or an average of it, folded if layers were
 * normalised; of the last epoch or the best. */
#ifndef MNIST_TRAIN_RESULT_H
#define MNIST_TRAIN_RESULT_H

#include "nn/optimizer.h"
#include "train/quantizer.h"

#include <mnist/train.h>

typedef struct mnist_result {
    mnist_mlp *out;    /* the caller's net, which gets the result */
    mnist_mlp *net;    /* what is trained: out itself where nothing is averaged or folded */
    float *average;    /* (arena of net), or NULL */
    uint64_t averaged; /* epochs in it, with stochastic weight averaging */
    float *best;       /* (arena of out), or NULL */
    const mnist_quantizer *quantizer; /* borrowed; NULL: nothing is quantised */
    double best_loss;
    unsigned best_epoch;   /* 0: none yet */
    unsigned since_better; /* epochs since one that was better by more than min_delta */
    double loss_to_beat;   /* the loss of that epoch */
} mnist_result;

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_result_create(mnist_result *result, mnist_mlp *out,
                                 const mnist_train_config *config, mnist_error *err);
void mnist_result_free(mnist_result *result);

/* How much of the parameters goes into the moving average at update `step` (from 0). */
float mnist_result_rate(const mnist_train_config *config, uint64_t step);

/* Writes the net that is to be evaluated to out; after an epoch, or when the training ends in the
 * middle of one. */
void mnist_result_write(mnist_result *result, const mnist_train_config *config,
                        const mnist_kernels *kernels, unsigned epoch);

/* The last part of mnist_result_write, for a training that goes on from a snapshot. */
void mnist_result_hand_out(mnist_result *result, const mnist_train_config *config);

/* Takes note of the validation loss of out. */
void mnist_result_judge(mnist_result *result, const mnist_train_config *config, unsigned epoch,
                        double loss);

/* At the end: writes the best epoch's net to out, if that is to be kept. */
void mnist_result_finish(mnist_result *result);

#endif
