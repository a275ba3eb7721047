/* Two sets of predictions for the same images: whether one is better, or the difference may be
 * chance. */
#include <mnist/metrics.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>

double mnist_mcnemar_exact(size_t lost, size_t gained)
{
    const size_t n = lost + gained, least = lost < gained ? lost : gained;
    if (2 * least >= n) { /* as even as possible: the two tails would count the middle twice */
        return 1.0;
    }
    /* C(n, least) / 2^n with a separate exponent, as numerator and denominator are each out of a
     * double's range */
    double mantissa = 1.0;
    int exponent = 0;
    size_t halvings = n;
    for (size_t i = 1; i <= least; i++) {
        int shift;
        mantissa = frexp(mantissa * (double)(n - least + i) / (double)i, &shift);
        exponent += shift;
        while (exponent > 0 && halvings > 0) {
            exponent--;
            halvings--;
        }
    }
    const int down = halvings > 100000 ? -100000 : exponent - (int)halvings;
    /* the tail in units of its largest term: C(n, k - 1) = C(n, k) k / (n - k + 1) */
    double term = 1.0, tail = 0.0;
    for (size_t k = least; term > 1e-20; k--) {
        tail += term;
        if (k == 0) {
            break;
        }
        term *= (double)k / (double)(n - k + 1);
    }
    const double p = 2.0 * ldexp(mantissa * tail, down);
    return p < 1.0 ? p : 1.0;
}

/* What the workers share. */
typedef struct bootstrap {
    const int8_t *change; /* (count): 1: only the second is right, -1: only the first */
    size_t count;
    uint64_t seed;
    int64_t *sums; /* (MNIST_BOOTSTRAP_RESAMPLES) */
} bootstrap;

static void resample_task(void *argument, mnist_worker worker)
{
    bootstrap *b = argument;
    size_t resample, end;
    mnist_worker_share(worker, MNIST_BOOTSTRAP_RESAMPLES, &resample, &end);
    for (; resample < end; resample++) {
        int64_t sum = 0;
        for (size_t i = 0; i < b->count; i += 4) {
            const mnist_rng_block block =
                mnist_rng(b->seed, MNIST_RNG_BOOTSTRAP, (uint32_t)resample, i / 4);
            const size_t left = b->count - i;
            for (size_t w = 0; w < (left < 4 ? left : 4); w++) {
                sum += b->change[mnist_rng_below(block.word[w], (uint32_t)b->count)];
            }
        }
        b->sums[resample] = sum;
    }
}

static int ascending(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void count_pairs(const uint8_t *first, const uint8_t *second, size_t count, int8_t *change,
                        mnist_pairing *out)
{
    *out = (mnist_pairing){.count = count};
    for (size_t i = 0; i < count; i++) {
        out->both_right += first[i] && second[i];
        out->both_wrong += !first[i] && !second[i];
        out->lost += first[i] && !second[i];
        out->gained += !first[i] && second[i];
        change[i] = (int8_t)((second[i] != 0) - (first[i] != 0));
    }
}

mnist_status mnist_pairing_compute(const uint8_t *first, const uint8_t *second, size_t count,
                                   uint64_t seed, mnist_pool *pool, mnist_pairing *out,
                                   mnist_error *err)
{
    if (count < 1 || count > UINT32_MAX) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%zu images to compare two evaluations on, expected 1 to %u", count,
                          UINT32_MAX);
    }
    int8_t *change = mnist_alloc(count, sizeof *change);
    int64_t *sums = mnist_alloc(MNIST_BOOTSTRAP_RESAMPLES, sizeof *sums);
    if (!change || !sums) {
        mnist_free(change);
        mnist_free(sums);
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a comparison over %zu images",
                          count);
    }
    count_pairs(first, second, count, change, out);
    bootstrap b = {change, count, seed, sums};
    mnist_pool_run(pool, resample_task, &b);
    qsort(sums, MNIST_BOOTSTRAP_RESAMPLES, sizeof *sums, ascending);
    /* the least values that 2.5 and 97.5 % of the resamples do not exceed */
    const size_t low = MNIST_BOOTSTRAP_RESAMPLES / 40 - 1,
                 high = MNIST_BOOTSTRAP_RESAMPLES - MNIST_BOOTSTRAP_RESAMPLES / 40 - 1;
    out->difference = ((double)out->gained - (double)out->lost) / (double)count;
    out->difference_low = (double)sums[low] / (double)count;
    out->difference_high = (double)sums[high] / (double)count;
    out->mcnemar_p = mnist_mcnemar_exact(out->lost, out->gained);
    mnist_free(change);
    mnist_free(sums);
    return MNIST_OK;
}
