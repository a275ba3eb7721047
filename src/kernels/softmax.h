/* What the oracle and the vector kernels do alike in a row of softmax: all but the exponentials. */
#ifndef MNIST_KERNELS_SOFTMAX_H
#define MNIST_KERNELS_SOFTMAX_H

#include "kernels/approx.h"
#include "kernels/kernels.h"

#define SOFTMAX_MOST_CLASSES 256

/* The lowest index of the row's largest logit; recorded if predictions are wanted. */
static inline unsigned softmax_top(const mnist_softmax *s, size_t i)
{
    const float *z = s->z + i * s->stride;
    unsigned top = 0;
    for (unsigned c = 1; c < s->classes; c++) {
        top = z[c] > z[top] ? c : top;
    }
    if (s->predicted) {
        s->predicted[i] = (uint8_t)top;
    }
    return top;
}

/* A loss, from the sum of the exponentials, label = z_label - z_top, and the sum of all z_c -
 * z_top. */
static inline float softmax_loss(const mnist_softmax *s, float off, float sum, double label,
                                 float total)
{
    return (float)(approx_log(sum) - (1.0 - (double)s->smoothing) * label -
                   (double)off * (double)total);
}

/* The target of a class that is not the label. */
static inline float softmax_off(const mnist_softmax *s)
{
    return s->labels ? s->smoothing / (float)s->classes : 0.0f;
}

/* Loss and gradient of row i from e_c = exp(z_c - z_top). */
static inline void softmax_finish(const mnist_softmax *s, size_t i, unsigned top, const float *e)
{
    const float *z = s->z + i * s->stride;
    float maximum = z[top], sum = 0.0f, total = 0.0f;
    for (unsigned c = 0; c < s->classes; c++) {
        sum += e[c];
        total += z[c] - maximum;
    }
    float off = softmax_off(s);
    float on = off + (1.0f - s->smoothing);
    if (s->losses) {
        double label = (double)z[s->labels[i]] - (double)maximum;
        s->losses[i] = softmax_loss(s, off, sum, label, total);
    }
    if (s->dz) {
        float *dz = s->dz + i * s->stride;
        float inverse = 1.0f / sum;
        for (unsigned c = 0; c < s->classes; c++) {
            dz[c] = (e[c] * inverse - (s->labels && c == s->labels[i] ? on : off)) * s->scale;
        }
        for (size_t c = s->classes; c < s->stride; c++) {
            dz[c] = 0.0f;
        }
    }
}

#endif
