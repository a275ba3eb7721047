/* From image to image to the figures of a whole view: for every way of making predictions alike. */
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
    tally->counts.confusion[label][predicted]++;
}

/* At least one image has been added. */
static inline void mnist_tally_finish(const mnist_tally *tally, mnist_evaluation *out)
{
    const double count = (double)tally->counts.count;
    *out = tally->counts;
    out->loss = tally->loss / count;
    out->accuracy = (double)(out->count - out->errors) / count;
    out->accuracy_se = sqrt(out->accuracy * (1.0 - out->accuracy) / count);
}

#endif
