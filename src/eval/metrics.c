#include <mnist/metrics.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/sweep.h"
#include "kernels/approx.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

mnist_status mnist_predictions_check(const mnist_predictions *predictions, mnist_error *err)
{
    const unsigned classes = mnist_predictions_classes(predictions);
    if (predictions->count < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "there are no predictions to measure");
    }
    if (classes < MNIST_MIN_CLASSES || classes > MNIST_MAX_CLASSES) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%u classes, expected %u to %u", classes,
                          MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
    }
    for (size_t i = 0; i < predictions->count; i++) {
        const float *p = predictions->probabilities + i * classes;
        if (predictions->labels[i] >= classes) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT, "image %zu: label %u, expected 0 to %u", i,
                              predictions->labels[i], classes - 1);
        }
        for (unsigned c = 0; c < classes; c++) {
            if (!(p[c] >= 0.0f && p[c] <= 1.0f)) { /* NaN too */
                return mnist_fail(err, MNIST_ERR_ARGUMENT,
                                  "image %zu: the probability of class %u is %g, expected 0 to 1",
                                  i, c, isnan(p[c]) ? (double)NAN : (double)p[c]);
            }
        }
    }
    return MNIST_OK;
}

unsigned mnist_predictions_top(const mnist_predictions *predictions, size_t i)
{
    const unsigned classes = mnist_predictions_classes(predictions);
    const float *p = predictions->probabilities + i * classes;
    unsigned top = 0;
    for (unsigned c = 1; c < classes; c++) {
        top = p[c] > p[top] ? c : top;
    }
    return top;
}

/* Sums over the images, in their order. */
typedef struct sums {
    double loss, confidence;
    double squares[MNIST_MAX_CLASSES];
    size_t within[MNIST_MAX_CLASSES]; /* [k]: images with k classes before the label */
    double bin_confidence[MNIST_RELIABILITY_BINS];
    size_t bin_right[MNIST_RELIABILITY_BINS];
} sums;

/* -log of the label's probability, as log_loss computes it. */
static double loss_of(const float *p, unsigned classes, unsigned label)
{
    const double low = DBL_EPSILON, high = 1.0 - DBL_EPSILON;
    double sum = 0.0, own = 0.0;
    for (unsigned c = 0; c < classes; c++) {
        const double limited = (double)p[c] < low ? low : (double)p[c] > high ? high : (double)p[c];
        sum += limited;
        own = c == label ? limited : own;
    }
    return approx_log(sum / own);
}

/* How many classes come before the label: more probable ones, and equally probable lower ones. */
static unsigned rank_of(const float *p, unsigned classes, unsigned label)
{
    unsigned before = 0;
    for (unsigned c = 0; c < classes; c++) {
        before += p[c] > p[label] || (p[c] == p[label] && c < label);
    }
    return before;
}

/* Bin m holds (m / M, (m + 1) / M]. */
static unsigned bin_of(double confidence)
{
    const double position = ceil(confidence * MNIST_RELIABILITY_BINS) - 1.0;
    return position < 0.0 ? 0 : (unsigned)position;
}

static void add_image(const mnist_predictions *predictions, size_t i, sums *s, mnist_metrics *out)
{
    const unsigned classes = mnist_predictions_classes(predictions);
    const float *p = predictions->probabilities + i * classes;
    const unsigned label = predictions->labels[i], top = mnist_predictions_top(predictions, i);
    const double confidence = (double)p[top];
    const unsigned bin = bin_of(confidence);
    out->confusion[label * classes + top]++;
    out->errors += label != top;
    s->loss += loss_of(p, classes, label);
    s->within[rank_of(p, classes, label)]++;
    for (unsigned c = 0; c < classes; c++) {
        const double error = (double)p[c] - (c == label);
        s->squares[c] += error * error;
    }
    s->confidence += confidence;
    s->bin_confidence[bin] += confidence;
    s->bin_right[bin] += label == top;
    out->calibration.bins[bin].count++;
}

static void finish_calibration(const sums *s, size_t count, mnist_calibration *out)
{
    out->confidence = s->confidence / (double)count;
    for (unsigned b = 0; b < MNIST_RELIABILITY_BINS; b++) {
        mnist_reliability_bin *bin = &out->bins[b];
        bin->low = (double)b / MNIST_RELIABILITY_BINS;
        bin->high = (double)(b + 1) / MNIST_RELIABILITY_BINS;
        bin->confidence = s->bin_confidence[b] / (double)bin->count; /* 0 / 0: NaN */
        bin->accuracy = (double)s->bin_right[b] / (double)bin->count;
        if (bin->count > 0) {
            const double gap = fabs(bin->accuracy - bin->confidence);
            out->ece += gap * (double)bin->count / (double)count;
            out->mce = gap > out->mce ? gap : out->mce;
        }
    }
}

static mnist_scores scores_of(size_t right, size_t support, size_t predicted)
{
    mnist_scores scores = {NAN, NAN, NAN};
    if (support > 0) {
        scores.precision = predicted > 0 ? (double)right / (double)predicted : 0.0;
        scores.recall = (double)right / (double)support;
        scores.f1 = 2.0 * (double)right / (double)(support + predicted);
    }
    return scores;
}

static void finish_classes(const sums *s, mnist_metrics *out)
{
    const unsigned classes = out->class_count;
    for (unsigned c = 0; c < classes; c++) {
        mnist_class_metrics *own = &out->classes[c];
        for (unsigned other = 0; other < classes; other++) {
            own->support += out->confusion[c * classes + other];
            own->predicted += out->confusion[other * classes + c];
        }
        own->scores = scores_of(out->confusion[c * classes + c], own->support, own->predicted);
        own->brier = own->support > 0 ? s->squares[c] / (double)out->count : NAN;
        out->classes_present += own->support > 0;
    }
}

/* A mean over the classes for which a figure is defined. */
typedef struct mean {
    double sum, weight;
} mean;

static void mean_add(mean *m, double value, double weight)
{
    if (!isnan(value)) {
        m->sum += weight * value;
        m->weight += weight;
    }
}

/* NaN where nothing was added. */
static double mean_of(mean m)
{
    return m.sum / m.weight;
}

static void finish_averages(mnist_metrics *out)
{
    mean macro[5] = {{0}}, weighted[4] = {{0}};
    for (unsigned c = 0; c < out->class_count; c++) {
        const mnist_class_metrics *own = &out->classes[c];
        const double values[5] = {own->scores.precision, own->scores.recall, own->scores.f1,
                                  own->auc, own->average_precision};
        for (unsigned v = 0; v < 5; v++) {
            mean_add(&macro[v], values[v], 1.0);
        }
        for (unsigned v = 0; v < 4; v++) {
            mean_add(&weighted[v], values[v], (double)own->support);
        }
    }
    out->macro = (mnist_scores){mean_of(macro[0]), mean_of(macro[1]), mean_of(macro[2])};
    out->weighted =
        (mnist_scores){mean_of(weighted[0]), mean_of(weighted[1]), mean_of(weighted[2])};
    out->micro = (mnist_scores){out->accuracy, out->accuracy, out->accuracy};
    out->macro_auc = mean_of(macro[3]);
    out->weighted_auc = mean_of(weighted[3]);
    out->macro_average_precision = mean_of(macro[4]);
}

/* Sums of products of counts, as in Gorodkin 2004: doubles hold them exactly up to 94 million
 * images. */
static void finish_agreement(mnist_metrics *out)
{
    const double n = (double)out->count, right = n - (double)out->errors;
    double products = 0.0, supports = 0.0, predictions = 0.0;
    for (unsigned c = 0; c < out->class_count; c++) {
        const double t = (double)out->classes[c].support, p = (double)out->classes[c].predicted;
        products += t * p;
        supports += t * t;
        predictions += p * p;
    }
    const double spread = (n * n - supports) * (n * n - predictions);
    out->kappa = (right * n - products) / (n * n - products); /* 0 / 0: NaN */
    out->mcc = spread > 0.0 ? (right * n - products) / sqrt(spread) : NAN;
}

/* Area and average precision of one class, from one walk down its thresholds. */
static void measure_sweep(mnist_sweep *sweep, mnist_class_metrics *own)
{
    const size_t negatives = sweep->count - sweep->positives;
    uint64_t twice = 0; /* twice the number of pairs in the right order, ties counting half */
    double precision_sum = 0.0;
    size_t tp = 0, fp = 0;
    while (mnist_sweep_next(sweep)) {
        const size_t gained = sweep->tp - tp, lost = sweep->fp - fp;
        twice += (uint64_t)gained * (2 * (uint64_t)(negatives - sweep->fp) + lost);
        precision_sum +=
            (double)gained / (double)sweep->positives * (double)sweep->tp / (double)sweep->next;
        tp = sweep->tp;
        fp = sweep->fp;
    }
    own->average_precision = sweep->positives > 0 ? precision_sum : NAN;
    own->auc = sweep->positives > 0 && negatives > 0
                   ? (double)twice / (2.0 * (double)sweep->positives * (double)negatives)
                   : NAN;
}

mnist_status mnist_metrics_compute(const mnist_predictions *predictions, mnist_metrics *out,
                                   mnist_error *err)
{
    memset(out, 0, sizeof *out);
    mnist_status status = mnist_predictions_check(predictions, err);
    if (status != MNIST_OK) {
        return status;
    }
    const double count = (double)predictions->count;
    const unsigned classes = mnist_predictions_classes(predictions);
    uint64_t *keys = mnist_alloc(predictions->count, 2 * sizeof *keys);
    out->confusion = mnist_alloc((size_t)classes * classes, sizeof *out->confusion);
    if (!keys || !out->confusion) {
        mnist_free(keys);
        mnist_metrics_free(out);
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the metrics of %zu images",
                          predictions->count);
    }
    sums s = {0};
    out->count = predictions->count;
    out->class_count = classes;
    for (size_t i = 0; i < predictions->count; i++) {
        add_image(predictions, i, &s, out);
    }
    out->accuracy = (count - (double)out->errors) / count;
    out->accuracy_se = sqrt(out->accuracy * (1.0 - out->accuracy) / count);
    out->log_loss = s.loss / count;
    size_t within = 0;
    for (unsigned c = 0; c < classes; c++) {
        within += s.within[c];
        out->top_k[c] = (double)within / count;
        out->brier += s.squares[c] / count;
    }
    out->macro_brier = out->brier / classes;
    finish_classes(&s, out);
    for (unsigned c = 0; c < classes; c++) {
        mnist_sweep sweep;
        mnist_sweep_start(&sweep, predictions, c, keys);
        measure_sweep(&sweep, &out->classes[c]);
    }
    finish_averages(out);
    finish_agreement(out);
    finish_calibration(&s, predictions->count, &out->calibration);
    mnist_free(keys);
    return MNIST_OK;
}

void mnist_metrics_free(mnist_metrics *metrics)
{
    mnist_free(metrics->confusion);
    memset(metrics, 0, sizeof *metrics);
}

/* The most confident errors first. */
static int worse_first(const void *a, const void *b)
{
    const mnist_mistake *x = a, *y = b;
    if (x->probability != y->probability) {
        return x->probability < y->probability ? 1 : -1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

mnist_status mnist_mistakes_worst(mnist_mistake **out, size_t *count, size_t most,
                                  const mnist_predictions *predictions, mnist_error *err)
{
    *out = NULL;
    *count = 0;
    mnist_status status = mnist_predictions_check(predictions, err);
    if (status != MNIST_OK) {
        return status;
    }
    size_t errors = 0;
    for (size_t i = 0; i < predictions->count; i++) {
        errors += predictions->labels[i] != mnist_predictions_top(predictions, i);
    }
    mnist_mistake *mistakes = mnist_alloc(errors, sizeof *mistakes);
    if (!mistakes) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for %zu errors", errors);
    }
    size_t found = 0;
    for (size_t i = 0; i < predictions->count; i++) {
        const float *p = predictions->probabilities + i * mnist_predictions_classes(predictions);
        const uint8_t label = predictions->labels[i];
        const unsigned top = mnist_predictions_top(predictions, i);
        if (label != top) {
            mistakes[found++] = (mnist_mistake){i, label, (uint8_t)top, p[top], p[label]};
        }
    }
    qsort(mistakes, errors, sizeof *mistakes, worse_first);
    *out = mistakes;
    *count = errors < most ? errors : most;
    return MNIST_OK;
}

void mnist_mistakes_free(mnist_mistake *mistakes)
{
    mnist_free(mistakes);
}
