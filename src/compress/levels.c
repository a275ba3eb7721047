/* Layers of few different weights, and biases that are multiples of a step. */
#include <mnist/compress.h>

#include "base/status.h"
#include "io/packed_numbers.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS     200
#define USES_LEAST 4 /* of a level, on average: else a layer's weights are no codebook */

static int compare(const void *left, const void *right)
{
    const float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

/* To 8 bits of mantissa, to nearest, ties to even. away: not to nearest, but away from 0. */
static float round_short(float value, bool away)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t to_even = 0x7FFF + (bits >> 16 & 1);
    bits = (bits + (away ? 0xFFFF : to_even)) & 0xFFFF0000u;
    float rounded;
    memcpy(&rounded, &bits, sizeof rounded);
    return isfinite(rounded) ? rounded : value;
}

/* Numbers that are not 0, ascending, and sums of the first i of them. */
typedef struct sorted {
    float *values;
    double *sums; /* (count + 1) */
    size_t count, different;
} sorted;

static bool sort(sorted *out, const float *weights, size_t count)
{
    out->values = malloc((count + 1) * sizeof *out->values);
    out->sums = malloc((count + 1) * sizeof *out->sums);
    out->count = out->different = 0;
    if (!out->values || !out->sums) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        out->values[out->count] = weights[i];
        out->count += weights[i] != 0.0f;
    }
    qsort(out->values, out->count, sizeof *out->values, compare);
    out->sums[0] = 0.0;
    for (size_t i = 0; i < out->count; i++) {
        out->sums[i + 1] = out->sums[i] + (double)out->values[i];
        out->different += i == 0 || out->values[i] != out->values[i - 1];
    }
    return true;
}

/* How many values are below a bound. */
static size_t count_below(const sorted *s, double bound)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if ((double)s->values[middle] < bound) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Levels, ascending, with 0 among them, which does not move: at zero. */
typedef struct level_list {
    double at[MNIST_LEVELS_MOST + 1];
    unsigned count, zero;
} level_list;

/* Where they begin: so that each has as many values. */
static void spread(level_list *l, const sorted *s, unsigned count)
{
    l->count = l->zero = 0;
    for (unsigned i = 0; i < count; i++) {
        const double value =
            (double)s->values[s->count * (2 * (size_t)i + 1) / (2 * (size_t)count)];
        if (value > 0.0 && (l->count == 0 || l->at[l->count - 1] < 0.0)) {
            l->zero = l->count;
            l->at[l->count++] = 0.0;
        }
        l->at[l->count++] = value;
    }
    if (l->at[l->count - 1] < 0.0) {
        l->zero = l->count;
        l->at[l->count++] = 0.0;
    }
}

/* Moves each level to the mean of the values nearest to it. Does any move? */
static bool move(level_list *l, const sorted *s)
{
    bool moved = false;
    size_t begin = 0;
    double last = l->at[0];
    for (unsigned i = 0; i < l->count; i++) {
        const double here = l->at[i];
        const size_t end =
            i + 1 < l->count ? count_below(s, (here + l->at[i + 1]) / 2.0) : s->count;
        if (i != l->zero && end > begin) {
            l->at[i] = (s->sums[end] - s->sums[begin]) / (double)(end - begin);
            /* a difference of sums is not exact: levels stay in their order */
            l->at[i] = i > 0 && l->at[i] < last ? last : l->at[i];
            moved = moved || l->at[i] != here;
        }
        last = l->at[i];
        begin = begin > end ? begin : end;
    }
    return moved;
}

static float nearest(const level_list *l, float weight)
{
    unsigned low = 0, high = l->count - 1;
    while (low < high) { /* the last level whose bound below is not above the weight */
        const unsigned middle = (low + high + 1) / 2;
        if ((double)weight < (l->at[middle - 1] + l->at[middle]) / 2.0) {
            high = middle - 1;
        } else {
            low = middle;
        }
    }
    return low == l->zero ? 0.0f : round_short((float)l->at[low], false);
}

/* A layer's weights become levels. */
static mnist_status take(float *weights, size_t count, unsigned wanted, unsigned kept,
                         size_t *changed, mnist_error *err)
{
    sorted s;
    level_list l;
    if (!sort(&s, weights, count)) {
        free(s.values);
        free(s.sums);
        return mnist_fail_memory(err, count * sizeof *weights, "a layer");
    }
    const bool has_levels = s.different <= kept && s.different * USES_LEAST <= s.count;
    if (s.different > wanted && !has_levels) {
        spread(&l, &s, wanted);
        for (unsigned round = 0; round < ROUNDS && move(&l, &s); round++) {
        }
        for (size_t i = 0; i < count; i++) {
            const float level = weights[i] == 0.0f ? 0.0f : nearest(&l, weights[i]);
            *changed += level != weights[i];
            weights[i] = level;
        }
    }
    free(s.values);
    free(s.sums);
    return MNIST_OK;
}

static void round_to_steps(float *biases, size_t count, unsigned bits, size_t *changed)
{
    const unsigned most = (1u << (bits - 1)) - 1;
    float largest = 0.0f;
    for (size_t i = 0; i < count; i++) {
        largest = fabsf(biases[i]) > largest ? fabsf(biases[i]) : largest;
    }
    const float step = round_short(largest / (float)most, true);
    if (!(step > 0.0f) || mnist_step_of(biases, count, most) > 0.0f) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const float rounded = rintf(biases[i] / step) * step + 0.0f; /* no -0 */
        *changed += rounded != biases[i];
        biases[i] = rounded;
    }
}

static bool are_finite(const float *values, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        finite = finite && isfinite(values[i]);
    }
    return finite;
}

/* Which of the two is done. */
typedef struct change {
    unsigned levels, kept; /* levels 0: weights stay */
    unsigned bits;         /* 0: biases stay */
} change;

static mnist_status change_layer(mnist_mlp *mlp, unsigned layer, const change *how, size_t *changed,
                                 mnist_error *err)
{
    const size_t outputs = mnist_mlp_layer_outputs(mlp, layer),
                 count = mnist_mlp_layer_inputs(mlp, layer) * outputs;
    float *values = malloc((count + outputs) * sizeof *values);
    mnist_status status = MNIST_OK;
    if (!values) {
        return mnist_fail_memory(err, (count + outputs) * sizeof *values, "a layer");
    }
    mnist_mlp_get_layer(mlp, layer, values, values + count);
    if (!are_finite(values, count + outputs)) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT, "layer %u: a parameter is not a finite number",
                            layer);
    } else if (how->levels > 0) {
        status = take(values, count, how->levels, how->kept, changed, err);
    }
    if (status == MNIST_OK && how->bits > 0) {
        round_to_steps(values + count, outputs, how->bits, changed);
    }
    if (status == MNIST_OK) {
        mnist_mlp_set_layer(mlp, layer, values, values + count);
    }
    free(values);
    return status;
}

static mnist_status change_layers(mnist_mlp *mlp, const change *how, size_t *changed,
                                  mnist_error *err)
{
    size_t count = 0;
    mnist_status status = MNIST_OK;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp) && status == MNIST_OK; l++) {
        status = change_layer(mlp, l, how, &count, err);
    }
    if (status == MNIST_OK && changed) {
        *changed = count;
    }
    return status;
}

mnist_status mnist_mlp_take_levels(mnist_mlp *mlp, unsigned levels, unsigned kept, size_t *changed,
                                   mnist_error *err)
{
    assert(levels >= 1 && levels <= MNIST_LEVELS_MOST);
    return change_layers(mlp, &(change){.levels = levels, .kept = kept}, changed, err);
}

mnist_status mnist_mlp_round_biases(mnist_mlp *mlp, unsigned bits, size_t *changed,
                                    mnist_error *err)
{
    assert(bits >= 2 && bits <= 16);
    return change_layers(mlp, &(change){.bits = bits}, changed, err);
}
