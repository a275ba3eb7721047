#include "data/elastic.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"

#include <assert.h>
#include <string.h>

#define SIDE        ELASTIC_SIDE
#define MOST_RADIUS 96u /* taps on either side: 3 sigma */

struct mnist_elastic {
    float tap[MOST_RADIUS + 1]; /* weights of the Gaussian, from its middle outwards */
    size_t radius;
    float scale; /* alpha in 1/256 of a pixel */
    uint64_t seed;
    uint32_t epoch;
    float *smoothed; /* (SIDE, SIDE): noise, convolved along rows */
    int16_t *field;  /* (SIDE, stride) */
    size_t stride;
};

/* exp(-x) for x from 0 to about 6, to about 1e-13, in plain arithmetic, as libm's last bit differs
 * between systems. */
static double exp_minus(double x)
{
    double small = x * 0x1p-10, power = 1.0; /* Horner's scheme from the term of small^7 inwards */
    for (int n = 7; n >= 1; n--) {
        power = 1.0 - power * small / (double)n;
    }
    for (int doubling = 0; doubling < 10; doubling++) {
        power *= power;
    }
    return power;
}

static void make_taps(mnist_elastic *e, float sigma)
{
    double tap[MOST_RADIUS + 1], sum = 0.0;
    e->radius = (size_t)(3.0f * sigma) + 1;
    e->radius = e->radius < MOST_RADIUS ? e->radius : MOST_RADIUS;
    for (size_t k = 0; k <= e->radius; k++) {
        double ratio = (double)k / (double)sigma;
        tap[k] = exp_minus(0.5 * ratio * ratio);
        sum += k == 0 ? tap[k] : 2.0 * tap[k];
    }
    for (size_t k = 0; k <= e->radius; k++) {
        e->tap[k] = (float)(tap[k] / sum);
    }
}

mnist_status mnist_elastic_create(mnist_elastic **out, float alpha, float sigma, size_t columns,
                                  mnist_error *err)
{
    assert(alpha >= 0.0f && alpha <= 127.0f && sigma > 0.0f && sigma <= 32.0f && columns <= SIDE);
    *out = NULL;
    mnist_elastic *e = mnist_alloc(1, sizeof *e);
    if (!e) {
        return mnist_fail_memory(err, sizeof *e, "elastic distortions");
    }
    make_taps(e, sigma);
    e->scale = 256.0f * alpha;
    e->stride = SIDE + columns;
    e->smoothed = mnist_alloc((size_t)SIDE * SIDE, sizeof *e->smoothed);
    e->field = mnist_alloc(SIDE * e->stride, sizeof *e->field);
    if (!e->smoothed || !e->field) {
        mnist_elastic_free(e);
        return mnist_fail_memory(err, (size_t)SIDE * (2 * SIDE + columns) * 4,
                                 "elastic distortions");
    }
    *out = e;
    return MNIST_OK;
}

void mnist_elastic_free(mnist_elastic *elastic)
{
    if (elastic) {
        mnist_free(elastic->smoothed);
        mnist_free(elastic->field);
        mnist_free(elastic);
    }
}

/* sum(x) = tap 0 at(x) + sum over k of tap k (at(x - k) + at(x + k)), k ascending. */
static void add_tap(float *restrict sum, const float *below, const float *above, float tap)
{
    for (size_t x = 0; x < SIDE; x++) {
        sum[x] += tap * (below[x] + above[x]);
    }
}

static void first_tap(float *restrict sum, const float *at, float tap)
{
    for (size_t x = 0; x < SIDE; x++) {
        sum[x] = tap * at[x];
    }
}

/* Draws a row of noise and convolves it along the row. */
static void smooth_row(mnist_elastic *e, size_t y)
{
    float noise[MOST_RADIUS + SIDE + MOST_RADIUS], *const middle = noise + MOST_RADIUS;
    float *sum = e->smoothed + y * SIDE;
    for (size_t x = 0; x < SIDE; x += 4) {
        mnist_rng_block block = mnist_rng(e->seed, MNIST_RNG_ELASTIC, e->epoch, (y * SIDE + x) / 4);
        for (size_t k = 0; k < 4; k++) {
            middle[x + k] = 2.0f * mnist_rng_unit(block.word[k]) - 1.0f;
        }
    }
    memcpy(noise, middle + SIDE - MOST_RADIUS, MOST_RADIUS * sizeof *noise);
    memcpy(middle + SIDE, middle, MOST_RADIUS * sizeof *noise);
    first_tap(sum, middle, e->tap[0]);
    for (size_t k = 1; k <= e->radius; k++) {
        add_tap(sum, middle - k, middle + k, e->tap[k]);
    }
}

/* Makes a row of the field from the smoothed rows around it. */
static void finish_row(mnist_elastic *e, size_t y)
{
    float sum[SIDE];
    int16_t *field = e->field + y * e->stride;
    first_tap(sum, e->smoothed + y * SIDE, e->tap[0]);
    for (size_t k = 1; k <= e->radius; k++) {
        add_tap(sum, e->smoothed + (y + SIDE - k) % SIDE * SIDE,
                e->smoothed + (y + k) % SIDE * SIDE, e->tap[k]);
    }
    for (size_t x = 0; x < SIDE; x++) { /* made positive, so that conversion rounds to nearest */
        field[x] = (int16_t)((int32_t)(sum[x] * e->scale + 32768.5f) - 32768);
    }
    memcpy(field + SIDE, field, (e->stride - SIDE) * sizeof *field);
}

static void make_task(void *argument, mnist_worker worker)
{
    mnist_elastic *e = argument;
    size_t first, end;
    mnist_worker_share(worker, SIDE, &first, &end);
    for (size_t y = first; y < end; y++) {
        smooth_row(e, y);
    }
    mnist_pool_barrier(worker);
    for (size_t y = first; y < end; y++) {
        finish_row(e, y);
    }
}

void mnist_elastic_make(mnist_elastic *elastic, mnist_pool *pool, uint64_t seed, uint32_t epoch)
{
    elastic->seed = seed;
    elastic->epoch = epoch;
    mnist_pool_run(pool, make_task, elastic);
}

const int16_t *mnist_elastic_field(const mnist_elastic *elastic, size_t *stride)
{
    *stride = elastic->stride;
    return elastic->field;
}
