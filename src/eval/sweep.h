/* One class against the rest, one threshold after the other: the basis of areas and curves. */
#ifndef MNIST_EVAL_SWEEP_H
#define MNIST_EVAL_SWEEP_H

#include <mnist/metrics.h>

/* The images in descending order of the class's probability. */
typedef struct mnist_sweep {
    size_t count;
    size_t positives; /* images that have the class */
    uint64_t *keys;   /* the probability's bits, and whether the image has the class */
    /* How far mnist_sweep_next has gone. */
    size_t next;
    size_t tp, fp; /* images down to threshold: true and false positives */
    float threshold;
} mnist_sweep;

/* keys: memory for twice predictions->count, borrowed; half of it is used for sorting.
 * Probabilities are from 0 to 1. */
void mnist_sweep_start(mnist_sweep *sweep, const mnist_predictions *predictions,
                       unsigned class_index, uint64_t *keys);

/* Goes on to the next lower probability, over all images that have it. false: there is none. */
bool mnist_sweep_next(mnist_sweep *sweep);

#endif
