/* A training under way. Shared by train.c, which runs it, and resume.c, which takes snapshots of it
 * and goes on from them. */
#ifndef MNIST_TRAIN_TRAINING_H
#define MNIST_TRAIN_TRAINING_H

#include "base/pool.h"
#include "nn/pass.h"
#include "train/feed.h"
#include "train/loss_scale.h"
#include "train/prune.h"
#include "train/quantizer.h"
#include "train/result.h"
#include "train/team.h"

#include <mnist/train.h>

struct mnist_training {
    const mnist_train_job *job; /* with defaults for what its caller left out */
    const mnist_train_config *config;
    mnist_pool *pool;
    size_t count;             /* images in an epoch */
    mnist_soft_targets *soft; /* of teachers; NULL: there are none */
    mnist_feed *feed;
    mnist_pass *pass;
    mnist_optimizer *optimizer;
    mnist_pruner pruner;
    mnist_quantizer quantizer;
    mnist_result result;
    mnist_pass_batch batch;      /* the current one */
    mnist_loss_scale loss_scale; /* of fp16 */
    mnist_team team;
    float lr;
    uint64_t step, steps;
    /* The epoch under way: which, how far, and the sums of its figures. */
    unsigned epoch;   /* from 1; 0: none yet */
    bool epoch_ended; /* and validation is done */
    size_t seen, correct_sum;
    double loss_sum;
    double start; /* when it began; if it was resumed, minus the time taken before */
    mnist_train_end end;
};

/* Brings a training that has not begun to where the snapshot was taken. Nothing in the snapshot is
 * trusted. Errors: MNIST_ERR_FORMAT, MNIST_ERR_MISMATCH, as mnist_train says. */
mnist_status mnist_training_go_on(mnist_training *t, const mnist_snapshot *snapshot,
                                  mnist_error *err);

#endif
