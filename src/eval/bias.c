/* One number for the biases of classes that a net was trained without. */
#include <mnist/eval.h>

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* An image: the offset from which on its prediction is among the classes, and how many errors that
 * makes more or fewer. */
typedef struct crossing {
    float at;
    int change;
} crossing;

static int compare(const void *a, const void *b)
{
    const float x = ((const crossing *)a)->at, y = ((const crossing *)b)->at;
    return (x > y) - (x < y);
}

/* The class of the largest logit, of those in the set, or of those that are not. */
static unsigned best_of(const float *logits, unsigned count, const mnist_class_set *classes,
                        bool inside)
{
    unsigned best = count;
    for (unsigned c = 0; c < count; c++) {
        if (mnist_class_set_has(classes, c) == inside &&
            (best == count || logits[c] > logits[best])) {
            best = c;
        }
    }
    return best;
}

/* Fills in each image's crossing. The number of errors where none is predicted to be of the classes;
 * false: a logit is not finite. */
static bool find_crossings(const float *logits, mnist_view view, const mnist_class_set *classes,
                           crossing *crossings, size_t *errors)
{
    const unsigned count = mnist_view_classes(view);
    *errors = 0;
    for (size_t i = 0; i < view.count; i++) {
        const float *z = logits + i * count;
        const unsigned outside = best_of(z, count, classes, false),
                       inside = best_of(z, count, classes, true);
        const bool wrong = outside != view.labels[i], wrong_then = inside != view.labels[i];
        crossings[i] = (crossing){z[outside] - z[inside], (int)wrong_then - (int)wrong};
        *errors += wrong;
        if (!isfinite(crossings[i].at)) {
            return false;
        }
    }
    return true;
}

/* Chooses among the runs between the crossings, sorted. Beyond the first and the last there is no
 * end to a run: it counts as one of width 2. */
static void choose(const crossing *crossings, size_t count, size_t errors, mnist_bias_shift *out)
{
    float widest = -1.0f;
    out->errors = SIZE_MAX;
    for (size_t i = 0; i <= count; i++) {
        const float low = i > 0 ? crossings[i - 1].at : crossings[0].at - 2.0f;
        const float high = i < count ? crossings[i].at : crossings[count - 1].at + 2.0f;
        if (i > 0) {
            errors =
                crossings[i - 1].change < 0 ? errors - 1 : errors + (size_t)crossings[i - 1].change;
        }
        if (high > low &&
            (errors < out->errors || (errors == out->errors && high - low > widest))) {
            widest = high - low;
            out->errors = errors;
            out->offset = low < 0.0f && high > 0.0f ? 0.0f : low + 0.5f * (high - low);
        }
    }
}

static void shift(mnist_mlp *mlp, const mnist_class_set *classes, float offset)
{
    float bias[MNIST_MAX_CLASSES];
    const unsigned last = mnist_mlp_layers(mlp) - 1;
    mnist_mlp_get_layer(mlp, last, NULL, bias);
    for (unsigned c = 0; c < mnist_mlp_shape(mlp)->outputs; c++) {
        bias[c] += mnist_class_set_has(classes, c) ? offset : 0.0f;
    }
    mnist_mlp_set_layer(mlp, last, NULL, bias);
}

mnist_status mnist_bias_calibrate(mnist_mlp *mlp, mnist_view view,
                                  const mnist_normalization *normalization, mnist_pool *pool,
                                  mnist_class_set classes, mnist_bias_shift *out, mnist_error *err)
{
    const unsigned all = mnist_view_classes(view),
                   chosen = mnist_class_set_count_below(&classes, all);
    assert(chosen > 0 && chosen < all && all <= MNIST_MAX_CLASSES);
    (void)chosen;
    mnist_evaluation before;
    float *logits = mnist_alloc(view.count, all * sizeof *logits);
    crossing *crossings = mnist_alloc(view.count, sizeof *crossings);
    mnist_status status = MNIST_OK;
    if (!logits || !crossings) {
        status = mnist_fail_memory(err, view.count * (all * sizeof *logits + sizeof *crossings),
                                   "logits");
    }
    if (status == MNIST_OK) {
        status = mnist_logits(mlp, view, normalization, pool, logits, &before, err);
    }
    if (status == MNIST_OK) {
        size_t errors;
        *out = (mnist_bias_shift){.errors_before = before.errors, .errors = before.errors};
        if (find_crossings(logits, view, &classes, crossings, &errors)) {
            qsort(crossings, view.count, sizeof *crossings, compare);
            choose(crossings, view.count, errors, out);
            shift(mlp, &classes, out->offset);
            /* counted and not taken from the sweep: a bias is what a logit's sum starts from, so
             * logits move by the offset up to rounding only */
            mnist_evaluation after;
            status = mnist_evaluate(mlp, view, normalization, pool, &after, err);
            out->errors = status == MNIST_OK ? after.errors : out->errors;
        }
    }
    mnist_free(logits);
    mnist_free(crossings);
    return status;
}
