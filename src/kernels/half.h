/* Mixed precision: operands of 16 bits, sums of 32.
 *
 * bf16 is the upper half of a float (8 bits of mantissa), rounded to nearest even; magnitudes below
 * 2^-56 become 0. So every product of two operands is a multiple of 2^-126. What sums start from is
 * too, once magnitudes below 2^-102 count as 0. Then every sum is, no sum is ever denormal, and an
 * instruction that flushes denormals (vdpbf16ps) gives the same bits as two fused multiply-adds,
 * one after the other: one definition for all CPUs. A net does not notice, as 2^-56 is 1e-17.
 *
 * fp16 is IEEE 754 binary16: 11 bits of mantissa; above 65504 it becomes infinite, below 6e-8 0,
 * which is why train/ scales the loss. Micikevicius et al. 2018, "Mixed Precision Training". */
#ifndef MNIST_KERNELS_HALF_H
#define MNIST_KERNELS_HALF_H

#include <mnist/kernels.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Two operands that are multiplied by two others in one step of a product. The first is in the high
 * half, since vdpbf16ps adds that one first. */
typedef uint32_t mnist_pair;

/* out(i, n) = init(i, n) + sum over r of x(i, r) w(r, n), r = 0, 1, … in pairs: pair p holds r = 2p
 * and 2p + 1. An init below 2^-102 in magnitude counts as 0. Each output takes fma(x, w, ·) in that
 * order, which gives the bits of mnist_product on rounded operands. */
typedef struct mnist_pair_product {
    float *out; /* (rows, width) */
    size_t out_stride;
    const float *init; /* as in mnist_product */
    size_t init_stride;
    const mnist_pair *x; /* x(i, p) = x[i * x_row + p * x_step] */
    size_t x_row, x_step;
    const mnist_pair *w; /* (depth, width) */
    size_t w_stride;
    size_t rows;
    size_t depth; /* in pairs */
    size_t width; /* multiple of MNIST_LANES, at most MNIST_PANEL */
} mnist_pair_product;

/* The same for a left operand of bytes, most of which are 0: x(i, p) is the pair of table[byte(i,
 * 2p)] and table[byte(i, 2p + 1)]. A pair whose bytes are both 0 may be left out: as long as w is
 * finite that changes no sum (other than the sign of a zero). No init counts as 0 here: the caller
 * makes sure that all are multiples of 2^-126, as sums are that began at 2^-102 or above. */
typedef struct mnist_pair_byte_product {
    float *out; /* (rows, width) */
    size_t out_stride;
    const float *init; /* as in mnist_product */
    size_t init_stride;
    const uint8_t *x;      /* (·, depth), as in mnist_byte_product */
    const uint32_t *index; /* likewise */
    size_t x_stride;
    const float *table;  /* (256), rounded; table[0] = 0 */
    const mnist_pair *w; /* ((depth + 1) / 2, width) */
    size_t w_stride;
    size_t rows;
    size_t depth; /* in bytes; if it is odd, a 0 is added behind them */
    size_t width; /* multiple of MNIST_LANES, at most MNIST_PANEL */
    /* 2: the same x is also multiplied by a second panel of w, with init and out of its own, which
     * lie this many values behind the first. width is then MNIST_PANEL. */
    size_t panels;
    size_t out_panel, init_panel, w_panel;
    bool alike; /* a hint: row i + 1 is mostly 0 where row i is; changes no result */
} mnist_pair_byte_product;

typedef struct mnist_half {
    /* out[k] = the operand that in[k] becomes, as a float; out may be in. n is a multiple of
     * MNIST_LANES. */
    void (*round)(const float *in, float *out, size_t n);

    /* The same, but instead of becoming infinite a value becomes the largest finite operand; NaN
     * stays NaN. */
    void (*round_finite)(const float *in, float *out, size_t n);

    /* out[k] = the pair of in[2k] and in[2k + 1], k < n / 2. n is a multiple of MNIST_LANES. */
    void (*pair_along)(const float *in, mnist_pair *out, size_t n);

    /* out[k] = the pair of a[k] and b[k], k < n; b NULL: of a[k] and 0. n is a multiple of
     * MNIST_LANES. */
    void (*pair_across)(const float *a, const float *b, mnist_pair *out, size_t n);

    /* The same, rounded as by round_finite. */
    void (*pair_across_finite)(const float *a, const float *b, mnist_pair *out, size_t n);

    /* out(p, r) = the pair of in(r, 2p) and in(r, 2p + 1), for r < rows and p < columns / 2, both
     * at most MNIST_PANEL, columns a multiple of MNIST_LANES; 0 for r from rows to the next
     * multiple of it. */
    void (*pair_transpose)(const float *in, size_t in_stride, mnist_pair *out, size_t out_stride,
                           size_t rows, size_t columns);

    void (*product)(const mnist_pair_product *product);

    /* NULL where a pair costs as much as two floats (the oracle has it all the same): then
     * mnist_kernels.byte_product on rounded operands gives the same bits faster. */
    void (*byte_product)(const mnist_pair_byte_product *product);
} mnist_half;

#define HALF_LEAST_INIT 0x0c800000u /* bits of 2^-102 */

/* Bits of two floats that have been rounded to bf16, as the pair of them. */
static inline mnist_pair bf16_pair_of(float first, float second)
{
    uint32_t high, low;
    memcpy(&high, &first, sizeof high);
    memcpy(&low, &second, sizeof low);
    return high | low >> 16;
}

static inline float half_init(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= (bits & 0x7fffffff) >= HALF_LEAST_INIT ? UINT32_MAX : 0x80000000;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The 16 bits of an operand, one value at a time. */

#define BF16_TINY 0x23800000u /* bits of 2^-56 */
#define BF16_MOST 0x1.fep127f
#define FP16_MOST 65504.0f

static inline uint32_t bf16_code(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) {
        return bits >> 16 | 0x40; /* NaN stays NaN */
    }
    bits += 0x7fff + (bits >> 16 & 1);
    return (bits & 0x7fffffff) < BF16_TINY ? 0 : bits >> 16;
}

static inline float bf16_value(uint32_t code)
{
    uint32_t bits = code << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t fp16_code(float value)
{
    uint32_t bits, sign;
    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) {
        return sign | 0x7e00 | (bits >> 13 & 0x3ff); /* NaN, quiet */
    }
    if (bits >= 0x477ff000) {
        return sign | 0x7c00; /* 65520 and above: infinite */
    }
    if (bits < 0x38800000) { /* below 2^-14: a sum with 0.5 rounds to multiples of 2^-24 */
        float magnitude;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&bits, &magnitude, sizeof bits);
        return sign | (bits - 0x3f000000);
    }
    return sign | (bits + 0xfff + (bits >> 13 & 1) - (112u << 23)) >> 13;
}

static inline float fp16_value(uint32_t code)
{
    uint32_t magnitude = code & 0x7fff, bits;
    float value;
    if (magnitude < 0x400) { /* denormal: multiples of 2^-24 */
        value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    } else {
        bits = (magnitude << 13) + (magnitude < 0x7c00 ? 112u << 23 : 224u << 23);
    }
    bits |= (code & 0x8000) << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
