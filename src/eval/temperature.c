/* Temperature scaling: one number that makes all probabilities more confident, or less. */
#include <mnist/metrics.h>

#include "base/status.h"
#include "kernels/approx.h"

#include <assert.h>
#include <float.h>
#include <math.h>

/* Below this, exp adds nothing to any sum it is part of; from here on it is within approx_exp's
 * range. */
#define EXP_LEAST (-690.0)

/* e = exp(beta (z - the row's largest)); returns the sum, which is at least 1. */
static double exponentials(const float *z, unsigned classes, double beta,
                           double e[MNIST_MAX_CLASSES])
{
    float most = z[0];
    double sum = 0.0;
    for (unsigned c = 1; c < classes; c++) {
        most = z[c] > most ? z[c] : most;
    }
    for (unsigned c = 0; c < classes; c++) {
        const double power = beta * ((double)z[c] - (double)most);
        e[c] = power < EXP_LEAST ? 0.0 : approx_exp(power);
        sum += e[c];
    }
    return sum;
}

/* Mean loss at beta = 1 / T, and its first two derivatives with respect to beta: the expected logit
 * minus the label's, and the logits' variance. */
typedef struct loss_at {
    double loss, slope, curvature;
} loss_at;

static loss_at measure(const float *logits, unsigned classes, const uint8_t *labels, size_t count,
                       double beta)
{
    loss_at sum = {0};
    for (size_t i = 0; i < count; i++) {
        const float *z = logits + i * classes;
        double e[MNIST_MAX_CLASSES], first = 0.0, second = 0.0;
        const double total = exponentials(z, classes, beta, e);
        float most = z[0];
        for (unsigned c = 1; c < classes; c++) {
            most = z[c] > most ? z[c] : most;
        }
        for (unsigned c = 0; c < classes; c++) {
            const double above = (double)z[c] - (double)most;
            first += e[c] / total * above;
            second += e[c] / total * above * above;
        }
        const double label = (double)z[labels[i]] - (double)most;
        sum.loss += approx_log(total) - beta * label;
        sum.slope += first - label;
        sum.curvature += second - first * first;
    }
    const double n = (double)count;
    return (loss_at){sum.loss / n, sum.slope / n, sum.curvature / n};
}

static mnist_status check(const float *logits, unsigned classes, const uint8_t *labels,
                          size_t count, mnist_error *err)
{
    if (count < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "there are no images to fit a temperature on");
    }
    for (size_t i = 0; i < count; i++) {
        if (labels[i] >= classes) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT, "image %zu: label %u, expected 0 to %u", i,
                              labels[i], classes - 1);
        }
        for (unsigned c = 0; c < classes; c++) {
            if (!isfinite(logits[i * classes + c])) {
                return mnist_fail(err, MNIST_ERR_ARGUMENT,
                                  "image %zu: the logit of class %u is not finite", i, c);
            }
        }
    }
    return MNIST_OK;
}

mnist_status mnist_temperature_find(const float *logits, unsigned classes, const uint8_t *labels,
                                    size_t count, mnist_temperature_fit *out, mnist_error *err)
{
    mnist_status status = check(logits, classes, labels, count, err);
    if (status != MNIST_OK) {
        return status;
    }
    double low = 1.0 / MNIST_TEMPERATURE_MAX, high = 1.0 / MNIST_TEMPERATURE_MIN, beta = 1.0;
    *out = (mnist_temperature_fit){.before = measure(logits, classes, labels, count, 1.0).loss};
    if (measure(logits, classes, labels, count, low).slope >= 0.0) {
        beta = low;
        out->at_limit = true;
    } else if (measure(logits, classes, labels, count, high).slope <= 0.0) {
        beta = high;
        out->at_limit = true;
    }
    /* The slope rises with beta. The bracket always holds its zero, and is halved if Newton's step
     * leaves it. */
    for (unsigned step = 0; step < 200 && !out->at_limit; step++) {
        const loss_at here = measure(logits, classes, labels, count, beta);
        if (here.slope < 0.0) {
            low = beta;
        } else {
            high = beta;
        }
        double next = beta - here.slope / here.curvature;
        if (!(next > low && next < high)) { /* NaN too */
            next = low + (high - low) / 2.0;
        }
        const double moved = fabs(next - beta);
        beta = next;
        if (moved <= 1e-12 * beta) {
            break;
        }
    }
    out->temperature = 1.0 / beta;
    out->after = measure(logits, classes, labels, count, beta).loss;
    return MNIST_OK;
}

void mnist_temperature_apply(const float *logits, unsigned classes, size_t count,
                             double temperature, float *probabilities)
{
    assert(temperature > 0.0);
    for (size_t i = 0; i < count; i++) {
        const float *z = logits + i * classes;
        float *p = probabilities + i * classes;
        double e[MNIST_MAX_CLASSES];
        const double total = exponentials(z, classes, 1.0 / temperature, e);
        unsigned top = 0, first = 0;
        for (unsigned c = 1; c < classes; c++) {
            top = z[c] > z[top] ? c : top;
        }
        for (unsigned c = 0; c < classes; c++) {
            p[c] = (float)(e[c] / total);
            first = p[c] > p[first] ? c : first;
        }
        if (first != top) {
            p[top] = nextafterf(p[first], 1.0f);
        }
    }
}

void mnist_log_probabilities(const float *probabilities, unsigned classes, size_t count,
                             float *logits)
{
    for (size_t i = 0; i < count * classes; i++) {
        const float p = probabilities[i] > 0.0f ? probabilities[i] : FLT_TRUE_MIN;
        logits[i] = (float)-approx_log(1.0 / (double)p);
    }
}
