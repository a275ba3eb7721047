/* One class against the rest, threshold by threshold: what areas and curves are made of. */
#ifndef MNIST_EVAL_SWEEP_H
#define MNIST_EVAL_SWEEP_H

#include <mnist/metrics.h>

/* The images in the order of the class's probability, highest first. */
typedef struct mnist_sweep {
    size_t count;
    size_t positives; /* that have the class */
    uint64_t *keys;   /* the probability's bits, and whether the image has the class */
    /* Where mnist_sweep_next has come to. */
    size_t next;
    size_t tp, fp; /* taken for the class rightly and wrongly, down to threshold */
    float threshold;
} mnist_sweep;

/* keys: room for twice predictions->count, borrowed; the sorting needs as much again. Probabilities
 * are from 0 to 1. */
void mnist_sweep_start(mnist_sweep *sweep, const mnist_predictions *predictions,
                       unsigned class_index, uint64_t *keys);

/* On to the next lower probability that there is, over all images that have it. false: there is
 * none.
 */
bool mnist_sweep_next(mnist_sweep *sweep);

#endif
