/* Which loops belong to a table of kernels, and those of the oracle. */
#include "kernels/peak.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#ifdef MNIST_HAVE_portable
extern const mnist_peak mnist_kernels_portable_peak;
#endif
#ifdef MNIST_HAVE_avx2
extern const mnist_peak mnist_kernels_avx2_peak;
#endif
#ifdef MNIST_HAVE_avx512
extern const mnist_peak mnist_kernels_avx512_peak;
#endif
#ifdef MNIST_HAVE_neon
extern const mnist_peak mnist_kernels_neon_peak;
#endif

#define SUMS 8

static double fp32(size_t rounds, double *operations)
{
    float sum[SUMS], total = 0.0f;
    for (size_t s = 0; s < SUMS; s++) {
        sum[s] = (float)s;
    }
    for (size_t r = 0; r < rounds; r++) {
        for (size_t s = 0; s < SUMS; s++) {
            sum[s] = fmaf(sum[s], 0.999f, 0.001f);
        }
    }
    for (size_t s = 0; s < SUMS; s++) {
        total += sum[s];
    }
    *operations = 2.0 * (double)rounds * SUMS;
    return (double)total;
}

static uint32_t read_all(const void *data, size_t size, size_t rounds)
{
    assert(size % MNIST_PEAK_READ == 0);
    uint32_t sum[SUMS] = {0};
    for (size_t r = 0; r < rounds; r++) {
        const volatile uint32_t *p = data;
        for (size_t i = 0; i < size / sizeof *p; i += SUMS) {
            for (size_t s = 0; s < SUMS; s++) {
                sum[s] += p[i + s];
            }
        }
    }
    uint32_t total = 0;
    for (size_t s = 0; s < SUMS; s++) {
        total += sum[s];
    }
    return total;
}

/* The peak without the loops that this CPU cannot run. */
static mnist_peak usable(mnist_peak peak)
{
#ifdef MNIST_HAVE_avx512
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512bf16")) {
        peak.bf16 = NULL;
    }
#endif
    return peak;
}

mnist_peak mnist_peak_of(const mnist_kernels *kernels)
{
    static const mnist_peak scalar = {.name = "scalar", .fp32 = fp32, .read = read_all};
    const mnist_peak *const peaks[] = {
        &scalar,
#ifdef MNIST_HAVE_portable
        &mnist_kernels_portable_peak,
#endif
#ifdef MNIST_HAVE_neon
        &mnist_kernels_neon_peak,
#endif
#ifdef MNIST_HAVE_avx2
        &mnist_kernels_avx2_peak,
#endif
#ifdef MNIST_HAVE_avx512
        &mnist_kernels_avx512_peak,
#endif
    };
    const size_t count = sizeof peaks / sizeof peaks[0];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(peaks[i]->name, kernels->name) == 0) {
            return usable(*peaks[i]);
        }
    }
    /* There may be more tables than sets with loops: then the fastest set whose own table runs
     * here. */
    const mnist_peak *best = &scalar;
    for (size_t i = 0; i < count; i++) {
        for (size_t t = 0; mnist_kernels_list(t); t++) {
            if (strcmp(mnist_kernels_list(t)->name, peaks[i]->name) == 0) {
                best = peaks[i];
            }
        }
    }
    return usable(*best);
}
