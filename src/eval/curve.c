/* ROC and precision-recall curves, with fewer points if they are to be drawn. */
#include <mnist/metrics.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/sweep.h"

#include <assert.h>
#include <math.h>

/* Counts at each threshold, from which either curve follows. The first is where no image is taken.
 */
typedef struct counts {
    size_t count;
    size_t *tp, *fp;
    float *threshold;
} counts;

static void counts_free(counts *c)
{
    mnist_free(c->tp);
    mnist_free(c->fp);
    mnist_free(c->threshold);
}

void mnist_curve_free(mnist_curve *curve)
{
    if (curve) {
        mnist_free(curve->x);
        mnist_free(curve->y);
        mnist_free(curve->threshold);
        mnist_free(curve);
    }
}

static mnist_status walk(counts *out, mnist_sweep *sweep, const mnist_predictions *predictions,
                         unsigned class_index, mnist_error *err)
{
    assert(class_index < mnist_predictions_classes(predictions));
    *out = (counts){0};
    mnist_status status = mnist_predictions_check(predictions, err);
    if (status != MNIST_OK) {
        return status;
    }
    const size_t room = predictions->count + 1;
    uint64_t *keys = mnist_alloc(predictions->count, 2 * sizeof *keys);
    out->tp = mnist_alloc(room, sizeof *out->tp);
    out->fp = mnist_alloc(room, sizeof *out->fp);
    out->threshold = mnist_alloc(room, sizeof *out->threshold);
    if (keys && out->tp && out->fp && out->threshold) {
        mnist_sweep_start(sweep, predictions, class_index, keys);
        out->threshold[out->count++] = INFINITY;
        while (mnist_sweep_next(sweep)) {
            out->tp[out->count] = sweep->tp;
            out->fp[out->count] = sweep->fp;
            out->threshold[out->count++] = sweep->threshold;
        }
    } else {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a curve over %zu images",
                            predictions->count);
    }
    mnist_free(keys);
    if (status == MNIST_OK && sweep->positives == 0) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT,
                            "no image has class %u: its curve is not defined", class_index);
    }
    return status;
}

static mnist_status create(mnist_curve **out, size_t room, mnist_error *err)
{
    mnist_curve *curve = mnist_alloc(1, sizeof *curve);
    if (curve) {
        curve->x = mnist_alloc(room, sizeof *curve->x);
        curve->y = mnist_alloc(room, sizeof *curve->y);
        curve->threshold = mnist_alloc(room, sizeof *curve->threshold);
    }
    if (!curve || !curve->x || !curve->y || !curve->threshold) {
        mnist_curve_free(curve);
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a curve of %zu points", room);
    }
    *out = curve;
    return MNIST_OK;
}

static void add_point(mnist_curve *curve, double x, double y, float threshold)
{
    curve->x[curve->count] = x;
    curve->y[curve->count] = y;
    curve->threshold[curve->count++] = (double)threshold;
}

/* Whether the step from point i is the same as the step to it. */
static bool goes_straight(const counts *c, size_t i)
{
    return c->tp[i] - c->tp[i - 1] == c->tp[i + 1] - c->tp[i] &&
           c->fp[i] - c->fp[i - 1] == c->fp[i + 1] - c->fp[i];
}

mnist_status mnist_roc_curve(mnist_curve **out, const mnist_predictions *predictions,
                             unsigned class_index, bool corners, mnist_error *err)
{
    counts c;
    mnist_sweep sweep;
    *out = NULL;
    mnist_status status = walk(&c, &sweep, predictions, class_index, err);
    const size_t negatives = status == MNIST_OK ? sweep.count - sweep.positives : 0;
    if (status == MNIST_OK && negatives == 0) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT,
                            "all images have class %u: its ROC curve is not defined", class_index);
    }
    if (status == MNIST_OK) {
        status = create(out, c.count, err);
    }
    for (size_t i = 0; status == MNIST_OK && i < c.count; i++) {
        /* scikit-learn leaves out points before it puts (0, 0) in front: the first is kept */
        const bool inner = i > 1 && i + 1 < c.count;
        if (!(corners && inner && goes_straight(&c, i))) {
            add_point(*out, (double)c.fp[i] / (double)negatives,
                      (double)c.tp[i] / (double)sweep.positives, c.threshold[i]);
        }
    }
    counts_free(&c);
    return status;
}

mnist_status mnist_precision_recall_curve(mnist_curve **out, const mnist_predictions *predictions,
                                          unsigned class_index, bool corners, mnist_error *err)
{
    counts c;
    mnist_sweep sweep;
    *out = NULL;
    mnist_status status = walk(&c, &sweep, predictions, class_index, err);
    if (status == MNIST_OK) {
        status = create(out, c.count, err);
    }
    for (size_t i = 0; status == MNIST_OK && i < c.count; i++) {
        const bool inner = i > 0 && i + 1 < c.count;
        if (corners && inner && c.tp[i - 1] == c.tp[i] && c.tp[i] == c.tp[i + 1]) {
            continue;
        }
        const size_t taken = c.tp[i] + c.fp[i];
        add_point(*out, (double)c.tp[i] / (double)sweep.positives,
                  taken > 0 ? (double)c.tp[i] / (double)taken : 1.0, c.threshold[i]);
    }
    counts_free(&c);
    return status;
}
