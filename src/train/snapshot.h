/* What a training is between two steps, as named arrays: its position, one number each, and the
 * arenas. */
#ifndef MNIST_TRAIN_SNAPSHOT_H
#define MNIST_TRAIN_SNAPSHOT_H

#include "nn/mlp.h"

#include <mnist/train.h>

/* The position: all of a training's state that is no arena, of which mnist_train_position is the
 * part that callers see. A float is kept as a double, which holds it to the bit. Fields are named as
 * in checkpoints. */
typedef struct mnist_position {
    uint64_t epoch;       /* the last one begun, from 1; 0: none */
    uint64_t ended;       /* 1: that epoch is over, validation and all */
    uint64_t step;        /* done */
    uint64_t seen;        /* images of the epoch */
    uint64_t correct_sum; /* of those */
    double loss_sum;
    double lr;    /* of the last step */
    uint64_t end; /* mnist_train_end */
    double seconds;
    uint64_t updates; /* of the optimiser */
    double beta1_power, beta2_power;
    double loss_scale; /* of fp16; 0: none */
    uint64_t loss_scale_fitting;
    uint64_t averaged; /* the rest as in mnist_result */
    uint64_t best_epoch, since_better;
    double best_loss, loss_to_beat;
} mnist_position;

/* An arena in the layout of a net. */
typedef struct mnist_arena {
    const char *name;
    const mnist_mlp *layout;
    float *values; /* NULL: this training has no such arena */
} mnist_arena;

/* Makes a snapshot by copying all of it. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_snapshot_make(mnist_snapshot **out, const mnist_position *position,
                                 const mnist_arena *arenas, size_t count, mnist_error *err);

/* The whole position, each number within its own range. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_snapshot_read_position(const mnist_snapshot *snapshot, mnist_position *out,
                                          mnist_error *err);

/* Restores the arenas. The snapshot must have just those, with their shapes; padding is left as it
 * is. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_snapshot_restore(const mnist_snapshot *snapshot, const mnist_arena *arenas,
                                    size_t count, mnist_error *err);

#endif
