#include "data/elements.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(float) == 4 && sizeof(double) == 8, "IEEE 754's, as in the files");

size_t mnist_number_width(mnist_number_type type)
{
    static const size_t widths[MNIST_NUMBER_TYPES] = {2, 2, 4, 8};
    assert(type < MNIST_NUMBER_TYPES);
    return widths[type];
}

static uint64_t get_bits(const uint8_t *bytes, size_t width, bool big_endian)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < width; i++) {
        bits = bits << 8 | bytes[big_endian ? i : width - 1 - i];
    }
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_at(const uint8_t *bytes, bool big_endian)
{
    const uint64_t bits = get_bits(bytes, 8, big_endian);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A half as a float, exactly. Written here, as kernels/half.h has what the kernels need of it. */
static float from_half(uint32_t half)
{
    const uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 0x1Fu;
    const uint32_t fraction = half & 0x3FFu;
    if (exponent == 0x1Fu) { /* infinite, or not a number */
        return float_of(sign | 0x7F800000u | fraction << 13);
    }
    if (exponent == 0) { /* fraction times 2^-24 */
        const float magnitude = (float)fraction / 16777216.0f;
        return sign ? -magnitude : magnitude;
    }
    return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

float mnist_number_get(const uint8_t *bytes, mnist_number_type type, bool big_endian)
{
    switch (type) {
    case MNIST_NUMBER_F16:
        return from_half((uint32_t)get_bits(bytes, 2, big_endian));
    case MNIST_NUMBER_BF16:
        return float_of((uint32_t)get_bits(bytes, 2, big_endian) << 16);
    case MNIST_NUMBER_F32:
        return float_of((uint32_t)get_bits(bytes, 4, big_endian));
    default:
        assert(type == MNIST_NUMBER_F64);
        return (float)double_at(bytes, big_endian);
    }
}

bool mnist_number_is_rounded(const uint8_t *bytes, mnist_number_type type, bool big_endian)
{
    if (type != MNIST_NUMBER_F64) {
        return false;
    }
    const double exact = double_at(bytes, big_endian);
    return (double)(float)exact != exact;
}
