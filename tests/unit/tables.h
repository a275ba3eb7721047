/* What tests that compare one kernel table with another share. */
#ifndef MNIST_TESTS_TABLES_H
#define MNIST_TESTS_TABLES_H

#include "unit/unit.h"

#include "base/memory.h"
#include "kernels/kernels.h"

#include <math.h>

#define ORACLE (&mnist_kernels_scalar)

static inline float *filled(size_t count, uint32_t stream, float scale)
{
    float *values = mnist_alloc(count, sizeof *values);
    assert_non_null(values);
    test_fill(values, count, stream, scale);
    return values;
}

static inline void assert_same_bits(const float *a, const float *b, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) {
            fail_msg("%s: value %zu is %a, the oracle's %a", what, i, (double)b[i], (double)a[i]);
        }
    }
}

/* Bytes of which about one in three is not 0, with runs of zeros as pictures have them. */
static inline uint8_t byte_at(size_t i)
{
    uint32_t word = mnist_rng(7, (mnist_rng_purpose)TEST_RNG_PIXELS, 77, i).word[0];
    return i / 20 % 3 == 0 && word % 8 != 0 ? (uint8_t)(word >> 24) : 0;
}

#endif
