/* Adds up results image by image and makes the figures of a whole view: for all ways of making
 * predictions. */
#ifndef MNIST_EVAL_TALLY_H
#define MNIST_EVAL_TALLY_H

#include <mnist/eval.h>

#include <math.h>

/* Starts as zeros. */
typedef struct mnist_tally {
    double loss; /* a sum: images are to be added in their order */
    mnist_evaluation counts;
} mnist_tally;

static inline void mnist_tally_add(mnist_tally *tally, unsigned label, unsigned predicted,
                                   double loss)
{
    tally->loss += loss;
    tally->counts.count++;
    tally->counts.errors += label != predicted;
}

/* Makes the figures. At least one image must have been added. */
static inline void mnist_tally_finish(const mnist_tally *tally, mnist_evaluation *out)
{
    const double count = (double)tally->counts.count;
    *out = tally->counts;
    out->loss = tally->loss / count;
    out->accuracy = (double)(out->count - out->errors) / count;
    out->accuracy_se = sqrt(out->accuracy * (1.0 - out->accuracy) / count);
}

#endif
