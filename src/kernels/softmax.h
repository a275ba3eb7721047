/* What the oracle and the vector kernels share for a row of softmax: all but the exponentials. */
#ifndef MNIST_KERNELS_SOFTMAX_H
#define MNIST_KERNELS_SOFTMAX_H

#include "kernels/approx.h"
#include "kernels/kernels.h"

#include <stdbool.h>

#define SOFTMAX_MOST_CLASSES 256

/* The lowest index of the row's largest logit; stored if predictions are wanted. */
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

/* The loss from the sum of the exponentials, label = z_label - z_top, and the sum of all z_c -
 * z_top. */
static inline float softmax_loss(const mnist_softmax *s, float off, float sum, double label,
                                 float total)
{
    return (float)(approx_log(sum) - (1.0 - (double)s->smoothing) * label -
                   (double)off * (double)total);
}

/* Is a loss, or its gradient, asked for? */
static inline bool softmax_has_loss(const mnist_softmax *s)
{
    return s->labels || s->targets;
}

/* Is it the plain case, which is done for a vector of images at a time? */
static inline bool softmax_is_plain(const mnist_softmax *s)
{
    return !s->targets && !s->probabilities && s->confidence <= 0.0f;
}

/* z_c - z_top for the label, or its mean over the targets. */
static inline double softmax_label(const mnist_softmax *s, size_t i, float maximum)
{
    const float *z = s->z + i * s->stride;
    if (!s->targets) {
        return (double)z[s->labels[i]] - (double)maximum;
    }
    double mean = 0.0;
    for (unsigned c = 0; c < s->classes; c++) {
        mean += (double)s->targets[i * s->stride + c] * ((double)z[c] - (double)maximum);
    }
    return mean;
}

/* The entropy of the softmax of row i. e are the exponentials, and log_sum is the logarithm of
 * their sum. */
static inline float softmax_entropy(const mnist_softmax *s, size_t i, float maximum, const float *e,
                                    float inverse, float log_sum)
{
    const float *z = s->z + i * s->stride;
    float entropy = 0.0f;
    for (unsigned c = 0; c < s->classes; c++) {
        entropy -= e[c] * inverse * (z[c] - maximum - log_sum);
    }
    return entropy;
}

/* The target of a class that is not the label. */
static inline float softmax_off(const mnist_softmax *s)
{
    return softmax_has_loss(s) ? s->smoothing / (float)s->classes : 0.0f;
}

/* Probabilities, loss and gradient of row i from e_c = exp(z_c - z_top). */
static inline void softmax_finish(const mnist_softmax *s, size_t i, unsigned top, const float *e)
{
    const float *z = s->z + i * s->stride;
    const float maximum = z[top];
    float sum = 0.0f, total = 0.0f, log_sum = 0.0f, entropy = 0.0f;
    for (unsigned c = 0; c < s->classes; c++) {
        sum += e[c];
        total += z[c] - maximum;
    }
    const float off = softmax_off(s), share = 1.0f - s->smoothing;
    const float inverse = 1.0f / sum;
    for (size_t c = 0; s->probabilities && c < s->stride; c++) {
        s->probabilities[i * s->stride + c] = c < s->classes ? e[c] * inverse : 0.0f;
    }
    if (s->confidence > 0.0f) {
        log_sum = (float)approx_log(sum);
        entropy = softmax_entropy(s, i, maximum, e, inverse, log_sum);
    }
    if (s->losses && softmax_has_loss(s)) {
        s->losses[i] = softmax_loss(s, off, sum, softmax_label(s, i, maximum), total) -
                       s->confidence * entropy;
    }
    if (!s->dz) {
        return;
    }
    float dz[SOFTMAX_MOST_CLASSES]; /* dz may be z, or the targets */
    for (unsigned c = 0; c < s->classes; c++) {
        const float p = e[c] * inverse;
        const float target = s->targets ? off + share * s->targets[i * s->stride + c]
                             : s->labels && c == s->labels[i] ? off + share
                                                              : off;
        dz[c] = p - target;
        if (s->confidence > 0.0f) {
            dz[c] += s->confidence * p * (z[c] - maximum - log_sum + entropy);
        }
        dz[c] *= s->scale;
    }
    for (size_t c = 0; c < s->stride; c++) {
        s->dz[i * s->stride + c] = c < s->classes ? dz[c] : 0.0f;
    }
}

#endif
