/* What a training is between two steps, as named arrays: numbers that say where it is, and arenas.
 */
#ifndef MNIST_TRAIN_SNAPSHOT_H
#define MNIST_TRAIN_SNAPSHOT_H

#include "nn/mlp.h"

#include <mnist/train.h>

/* All that is no arena. A float is kept as a double, which holds it to the bit. */
typedef struct mnist_place {
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
} mnist_place;

/* An arena in the layout of a net. */
typedef struct mnist_arena {
    const char *name;
    const mnist_mlp *layout;
    float *values; /* NULL: this training has none of that name */
} mnist_arena;

/* Copies all. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_snapshot_make(mnist_snapshot **out, const mnist_place *place,
                                 const mnist_arena *arenas, size_t count, mnist_error *err);

/* The numbers, each within its own range. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_snapshot_place(const mnist_snapshot *snapshot, mnist_place *out,
                                  mnist_error *err);

/* The arenas, of just those shapes and no others; padding is left as it is. Errors:
 * MNIST_ERR_FORMAT. */
mnist_status mnist_snapshot_restore(const mnist_snapshot *snapshot, const mnist_arena *arenas,
                                    size_t count, mnist_error *err);

#endif
