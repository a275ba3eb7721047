/* What the unit tests of the numeric rooms share. Include first. */
#ifndef MNIST_TESTS_UNIT_H
#define MNIST_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Purposes of random numbers that only tests draw. */
enum { TEST_RNG_VALUES = 1000, TEST_RNG_PIXELS = 1001, TEST_RNG_LABELS = 1002 };

/* [-1, 1), a function of (stream, index). */
static inline float test_value(uint32_t stream, uint64_t index)
{
    mnist_rng_block block = mnist_rng(7, (mnist_rng_purpose)TEST_RNG_VALUES, stream, index / 4);
    return 2.0f * mnist_rng_unit(block.word[index % 4]) - 1.0f;
}

static inline void test_fill(float *values, size_t count, uint32_t stream, float scale)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = scale * test_value(stream, i);
    }
}

/* Images of noise, two pixels in five not zero, and labels: what tests/golden/reference.py
 * draws. */
static inline void test_images(uint8_t *images, uint8_t *labels, size_t count, size_t pixels)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < pixels; p++) {
            mnist_rng_block block =
                mnist_rng(7, (mnist_rng_purpose)TEST_RNG_PIXELS, (uint32_t)p, i);
            uint8_t value = (uint8_t)(block.word[0] >> 24);
            images[i * pixels + p] = value < 154 ? 0 : value;
        }
        labels[i] = (uint8_t)(mnist_rng(7, (mnist_rng_purpose)TEST_RNG_LABELS, 0, i).word[0] % 10);
    }
}

#endif
