#include "score/bleu.h"

#include <float.h>
#include <math.h>

/* NLTK's constants */
#define EPSILON 0.1
#define ALPHA   5.0
#define K       5.0

const char *mnist_smoothing_name(mnist_smoothing smoothing)
{
    static const char *const names[MNIST_SMOOTHINGS] = {"none",    "floor",   "add-k",   "exp",
                                                        "method0", "method1", "method2", "method3",
                                                        "method4", "method5", "method6", "method7"};
    return (unsigned)smoothing < MNIST_SMOOTHINGS ? names[smoothing] : NULL;
}

double mnist_smoothing_default(mnist_smoothing smoothing)
{
    return smoothing == MNIST_SMOOTHING_FLOOR   ? 0.1
           : smoothing == MNIST_SMOOTHING_ADD_K ? 1.0
                                                : 0.0;
}

static double brevity_penalty(const uint64_t *counts)
{
    const double length = (double)counts[MNIST_COUNT_TOKENS];
    const double reference = (double)counts[MNIST_COUNT_REFERENCE_TOKENS];
    return length >= reference && length > 0.0 ? 1.0
           : length > 0.0                      ? exp(1.0 - reference / length)
                                               : 0.0;
}

/* The geometric mean of the first orders; a precision that is 0 makes it 0. */
static double mean_of(const double *precisions, unsigned orders)
{
    double sum = 0.0;
    for (unsigned n = 0; n < orders; n++) {
        if (!(precisions[n] > 0.0)) {
            return 0.0;
        }
        sum += log(precisions[n]);
    }
    return orders > 0 ? exp(sum / orders) : 0.0;
}

/* As sacreBLEU's BLEU.compute_bleu. Returns the orders that count. */
static unsigned smooth_sacrebleu(const uint64_t *counts, const mnist_score_config *config,
                                 bool sentence, double *precisions)
{
    unsigned orders = config->order;
    double halves = 1.0;
    for (unsigned n = 0; n < config->order; n++) {
        const double added =
            config->smoothing == MNIST_SMOOTHING_ADD_K && n > 0 ? config->smoothing_value : 0.0;
        const double matches = (double)counts[MNIST_COUNT_MATCHES + n] + added;
        const double all = (double)counts[MNIST_COUNT_NGRAMS + n] + added;
        if (!(all > 0.0)) {
            return orders;
        }
        orders = sentence ? n + 1 : config->order;
        if (matches > 0.0) {
            precisions[n] = matches / all;
        } else if (config->smoothing == MNIST_SMOOTHING_EXP) {
            halves *= 2.0;
            precisions[n] = 1.0 / (halves * all);
        } else if (config->smoothing == MNIST_SMOOTHING_FLOOR) {
            precisions[n] = config->smoothing_value / all;
        }
    }
    return orders;
}

/* Methods 3 and 4: a geometric sequence in place of matches; scale: of its terms. */
static void smooth_sequence(const uint64_t *matches, const double *all, unsigned order,
                            double scale, double *precisions)
{
    double halves = 1.0;
    for (unsigned n = 0; n < order; n++) {
        if (matches[n] == 0) {
            halves *= 2.0;
            precisions[n] = scale / halves / all[n];
        }
    }
}

/* Method 5: the mean of this order, the one before as it has come out, and the next. */
static void smooth_neighbours(double next_order, unsigned order, double *precisions)
{
    double before = precisions[0] + 1.0;
    for (unsigned n = 0; n < order; n++) {
        const double next = n + 1 < order ? precisions[n + 1] : next_order;
        precisions[n] = (before + precisions[n] + next) / 3.0;
        before = precisions[n];
    }
}

/* Method 6: between what is there and what the two orders before let expect. Where that is 0, NLTK refuses. */
static void smooth_prior(const uint64_t *counts, unsigned order, double *precisions)
{
    for (unsigned n = 2; n < order; n++) {
        const double prior = precisions[n - 2] > 0.0
                                 ? precisions[n - 1] * precisions[n - 1] / precisions[n - 2]
                                 : 0.0;
        precisions[n] = ((double)counts[MNIST_COUNT_MATCHES + n] + ALPHA * prior) /
                        ((double)counts[MNIST_COUNT_NGRAMS + n] + ALPHA);
    }
    for (unsigned n = 0; n < order; n++) {
        precisions[n] = precisions[n] > 0.0 ? precisions[n] : DBL_MIN;
    }
}

/* As NLTK's SmoothingFunction. */
static void smooth_nltk(const uint64_t *counts, const mnist_score_config *config,
                        double *precisions)
{
    const unsigned method = config->smoothing - MNIST_SMOOTHING_METHOD0, order = config->order;
    const uint64_t *matches = counts + MNIST_COUNT_MATCHES;
    const double length = (double)counts[MNIST_COUNT_TOKENS];
    double all[MNIST_BLEU_ORDERS + 1];
    for (unsigned n = 0; n <= order; n++) {
        all[n] = (double)(counts[MNIST_COUNT_NGRAMS + n] + counts[MNIST_COUNT_SHORT + n]);
    }
    for (unsigned n = 0; n < order; n++) {
        const bool none = matches[n] == 0;
        const double added = method == 2 && n > 0 ? 1.0 : method == 1 && none ? EPSILON : 0.0;
        precisions[n] = ((double)matches[n] + added) / (all[n] + (method == 2 ? added : 0.0));
        if (method == 0 && none) {
            precisions[n] = DBL_MIN;
        }
    }
    if (method == 3) {
        smooth_sequence(matches, all, order, 1.0, precisions);
    }
    if ((method == 4 || method == 7) && length > 1.0) {
        smooth_sequence(matches, all, order, log(length) / K, precisions);
    }
    if (method == 5 || method == 7) {
        smooth_neighbours((double)matches[order] / all[order], order, precisions);
    }
    if (method == 6) {
        smooth_prior(counts, order, precisions);
    }
}

/* NLTK leaves a precision of 0 out of the sum, but not out of what the sum is divided by. */
static double nltk_mean_of(const double *precisions, unsigned orders)
{
    double sum = 0.0;
    for (unsigned n = 0; n < orders; n++) {
        sum += precisions[n] > 0.0 ? log(precisions[n]) : 0.0;
    }
    return exp(sum / orders);
}

double mnist_bleu(const uint64_t *counts, const mnist_score_config *config, bool sentence,
                  mnist_bleu_parts *parts)
{
    mnist_bleu_parts own = {.brevity_penalty = brevity_penalty(counts)};
    double score = 0.0;
    if (counts[MNIST_COUNT_MATCHES] > 0) { /* else no longer one matches either */
        if (config->smoothing < MNIST_SMOOTHING_METHOD0) {
            const unsigned orders = smooth_sacrebleu(counts, config, sentence, own.precisions);
            score = mean_of(own.precisions, orders);
        } else {
            smooth_nltk(counts, config, own.precisions);
            score = nltk_mean_of(own.precisions, config->order);
        }
    }
    if (parts) {
        *parts = own;
    }
    return own.brevity_penalty * score;
}
