/* Collects cases of a group, takes samples of them, and makes rows. It does not know what the cases
 * are. */
#include "bench/suite.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mnist_suite_case {
    mnist_bench_case item;
    bool shown;
    size_t repetitions; /* in a sample */
    double *seconds;    /* (config->runs): of a repetition; owned */
};

struct mnist_suite_owned {
    struct mnist_suite_owned *next;
    void *object;
    void (*release)(void *object);
};

typedef struct unit {
    const char *text;
    double scale; /* from amounts a second, or from seconds */
    bool is_time;
} unit;

static const unit units[MNIST_BENCH_UNITS] = {
    [MNIST_BENCH_GFLOPS] = {"GFLOP/s", 1e-9, false},
    [MNIST_BENCH_GOPS] = {"GOP/s", 1e-9, false},
    [MNIST_BENCH_GBYTES] = {"GB/s", 1e-9, false},
    [MNIST_BENCH_IMAGES] = {"images/s", 1.0, false},
    [MNIST_BENCH_NS] = {"ns", 1e9, true},
    [MNIST_BENCH_US] = {"us", 1e6, true},
};

void mnist_bench_keep(double value)
{
    volatile double kept = value;
    (void)kept;
}

void mnist_bench_fill(float *values, size_t count, float scale)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t counter[4] = {(uint32_t)(i / 4)}, key[2] = {0};
        mnist_rng_block block = mnist_philox(counter, key);
        values[i] = scale * (2.0f * mnist_rng_unit(block.word[i % 4]) - 1.0f);
    }
}

/* Building */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_with(const char *text, const char *start)
{
    while (*start && lower(*text) == lower(*start)) {
        text++;
        start++;
    }
    return !*start;
}

bool mnist_suite_wants(const mnist_suite *suite, const char *name)
{
    char key[2 * MNIST_BENCH_NAME];
    if (!suite->config->filter) {
        return true;
    }
    snprintf(key, sizeof key, "%s %s", suite->group, name);
    for (const char *p = key; *p; p++) {
        if (starts_with(p, suite->config->filter)) {
            return true;
        }
    }
    return false;
}

mnist_status mnist_suite_own(mnist_suite *suite, void *object, void (*release)(void *object),
                             mnist_error *err)
{
    struct mnist_suite_owned *owned = malloc(sizeof *owned);
    if (!owned) {
        release(object);
        return mnist_fail_memory(err, sizeof *owned, "the benchmark");
    }
    *owned = (struct mnist_suite_owned){suite->owned, object, release};
    suite->owned = owned;
    return MNIST_OK;
}

void *mnist_suite_alloc(mnist_suite *suite, size_t count, size_t size)
{
    void *memory = mnist_alloc(count, size);
    if (memory && mnist_suite_own(suite, memory, mnist_free, NULL) != MNIST_OK) {
        memory = NULL;
    }
    return memory;
}

mnist_status mnist_suite_add(mnist_suite *suite, const mnist_bench_case *item, mnist_error *err)
{
    assert(!item->work != !item->sample && item->context);
    bool shown =
        mnist_suite_wants(suite, item->name) && (!item->is_peak || suite->group_shows_peaks);
    if (!shown && !item->is_peak) {
        return MNIST_OK;
    }
    if (suite->count == suite->capacity) {
        size_t capacity = 2 * suite->capacity + 16;
        struct mnist_suite_case *cases = realloc(suite->cases, capacity * sizeof *cases);
        if (!cases) {
            return mnist_fail_memory(err, capacity * sizeof *cases, "the benchmark");
        }
        suite->cases = cases;
        suite->capacity = capacity;
    }
    double *seconds = mnist_suite_alloc(suite, suite->config->runs, sizeof *seconds);
    if (!seconds) {
        return mnist_fail_memory(err, suite->config->runs * sizeof *seconds, "the benchmark");
    }
    struct mnist_suite_case *c = &suite->cases[suite->count++];
    *c = (struct mnist_suite_case){.item = *item, .shown = shown, .seconds = seconds};
    c->item.threads = item->threads ? item->threads : 1;
    if (item->unit == MNIST_BENCH_GFLOPS || item->unit == MNIST_BENCH_GOPS) {
        c->item.flops = item->amount;
    }
    return MNIST_OK;
}

void mnist_suite_begin(mnist_suite *suite, const char *group, bool shows_peaks)
{
    assert(suite->count == 0);
    suite->group = group;
    suite->group_shows_peaks = shows_peaks;
}

void mnist_suite_clear(mnist_suite *suite)
{
    while (suite->owned) {
        struct mnist_suite_owned *owned = suite->owned;
        suite->owned = owned->next;
        owned->release(owned->object);
        free(owned);
    }
    free(suite->cases);
    suite->cases = NULL;
    suite->count = suite->capacity = 0;
}

/* Measuring */

static mnist_status take_sample(const mnist_bench_case *item, size_t repetitions, double *seconds,
                                mnist_error *err)
{
    if (item->sample) {
        return item->sample(item->context, repetitions, seconds, err);
    }
    double start = mnist_seconds();
    for (size_t r = 0; r < repetitions; r++) {
        item->work(item->context);
    }
    *seconds = mnist_seconds() - start;
    return MNIST_OK;
}

/* Finds how many repetitions take long enough, which warms everything up too. */
static mnist_status calibrate(const mnist_suite *suite, struct mnist_suite_case *c,
                              mnist_error *err)
{
    const mnist_bench_case *item = &c->item;
    double target = suite->config->sample_seconds * (item->longer > 0.0 ? item->longer : 1.0);
    size_t most = item->most ? item->most : SIZE_MAX / 256;
    c->repetitions = item->least ? item->least : 1;
    for (;;) {
        double seconds;
        mnist_status status = take_sample(item, c->repetitions, &seconds, err);
        if (status != MNIST_OK || seconds >= target || c->repetitions >= most) {
            return status;
        }
        /* a little more than seems necessary; from a very short sample, which tells little, only by
         * a fixed factor */
        double factor = seconds > target / 100.0 ? 1.1 * target / seconds : 100.0;
        double next = ceil((double)c->repetitions * factor);
        c->repetitions = next < (double)most ? (size_t)next : most;
    }
}

static mnist_status measure_group(mnist_suite *suite, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < suite->count && status == MNIST_OK; i++) {
        status = calibrate(suite, &suite->cases[i], err);
    }
    for (unsigned run = 0; run < suite->config->runs; run++) {
        for (size_t i = 0; i < suite->count && status == MNIST_OK; i++) {
            struct mnist_suite_case *c = &suite->cases[i];
            status = take_sample(&c->item, c->repetitions, &c->seconds[run], err);
            c->seconds[run] /= (double)c->repetitions;
        }
    }
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(const double *sorted, unsigned count)
{
    return 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
}

static size_t peak_index(const struct mnist_suite_case *c)
{
    return c->item.threads > 1;
}

static mnist_bench_row make_row(const mnist_suite *suite, const struct mnist_suite_case *c)
{
    const mnist_bench_case *item = &c->item;
    const unit *u = &units[item->unit];
    unsigned runs = suite->config->runs;
    double middle = median_of(c->seconds, runs), least = c->seconds[0], most = c->seconds[runs - 1];
    mnist_bench_row row = {.group = suite->group,
                           .name = item->name,
                           .threads = item->threads,
                           .unit = u->text,
                           .lower_is_better = u->is_time};
    if (u->is_time) {
        row.median = u->scale * middle / item->amount;
        row.min = u->scale * least / item->amount;
        row.max = u->scale * most / item->amount;
    } else {
        row.median = u->scale * item->amount / middle;
        row.min = u->scale * item->amount / most;
        row.max = u->scale * item->amount / least;
    }
    const double peak = suite->peaks[item->peak][peak_index(c)];
    if (item->flops > 0.0 && peak > 0.0) {
        row.gflops = 1e-9 * item->flops / middle;
        row.fraction = row.gflops / peak;
    }
    return row;
}

static void note_peaks(mnist_suite *suite)
{
    for (size_t i = 0; i < suite->count; i++) {
        const struct mnist_suite_case *c = &suite->cases[i];
        double *peak = &suite->peaks[c->item.peak][peak_index(c)];
        double best = 1e-9 * c->item.amount / c->seconds[0];
        if (c->item.is_peak && best > *peak) {
            *peak = best;
        }
    }
}

static bool has_rows(const mnist_suite *suite)
{
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->cases[i].shown) {
            return true;
        }
    }
    return false;
}

static mnist_status visit_rows(mnist_suite *suite, mnist_bench_visit visit, void *context,
                               mnist_error *err)
{
    for (size_t i = 0; i < suite->count; i++) {
        qsort(suite->cases[i].seconds, suite->config->runs, sizeof(double), compare);
    }
    note_peaks(suite);
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->cases[i].shown) {
            mnist_bench_row row = make_row(suite, &suite->cases[i]);
            suite->visited++;
            if (!visit(context, &row)) {
                return mnist_fail(err, MNIST_ERR_STOPPED, "stopped after %zu rows", suite->visited);
            }
        }
    }
    return MNIST_OK;
}

mnist_status mnist_suite_run(mnist_suite *suite, mnist_bench_visit visit, void *context,
                             mnist_error *err)
{
    if (!has_rows(suite)) {
        return MNIST_OK;
    }
    mnist_status status = measure_group(suite, err);
    return status == MNIST_OK ? visit_rows(suite, visit, context, err) : status;
}
