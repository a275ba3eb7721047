/* What differs between instruction sets: how many floats a vector has, the fused multiply-add, and
 * how bytes other than 0 are found. All else is written with the vector extensions of GCC and
 * Clang, which become whatever instructions the CPU has.
 *
 * tiles.c is compiled once for each set, with one of MNIST_SIMD_* defined (CMakeLists.txt). */
#ifndef MNIST_KERNELS_SIMD_H
#define MNIST_KERNELS_SIMD_H

#include "kernels/kernels.h"

#include <string.h>

#define SIMD_INLINE static inline __attribute__((always_inline))

#if defined(MNIST_SIMD_avx2)
#include <immintrin.h>
#define SIMD_SUFFIX    avx2
#define SIMD_REGISTERS 16
#define SIMD_FLOATS    8
#elif defined(MNIST_SIMD_avx512bf16) /* avx512 with dot products of bf16 */
#include <immintrin.h>
#define MNIST_SIMD_avx512
#define SIMD_SUFFIX    avx512bf16
#define SIMD_REGISTERS 32
#define SIMD_FLOATS    16
#elif defined(MNIST_SIMD_avx512)
#include <immintrin.h>
#define SIMD_SUFFIX    avx512
#define SIMD_REGISTERS 32
#define SIMD_FLOATS    16
#elif defined(MNIST_SIMD_neon)
#include <arm_neon.h>
#define SIMD_SUFFIX    neon
#define SIMD_REGISTERS 32
#define SIMD_FLOATS    4
#elif defined(MNIST_SIMD_portable)
#define SIMD_SUFFIX    portable
#define SIMD_REGISTERS 32 /* as most CPUs have; with fewer the sums spill to memory */
#define SIMD_FLOATS    4
#else
#error "define one of MNIST_SIMD_portable, _avx2, _avx512, _avx512bf16, _neon"
#endif

/* The names of a set's tables: mnist_kernels_avx2, mnist_half_avx2_bf16, "avx2". */
#define SIMD_PASTE(a, b)  a##b
#define SIMD_JOIN(a, b)   SIMD_PASTE(a, b)
#define SIMD_TEXT(name)   #name
#define SIMD_QUOTE(name)  SIMD_TEXT(name)
#define SIMD_TABLE        SIMD_JOIN(mnist_kernels_, SIMD_SUFFIX)
#define SIMD_HALF(format) SIMD_JOIN(SIMD_JOIN(mnist_half_, SIMD_SUFFIX), _##format)
#define SIMD_SPARSE       SIMD_JOIN(mnist_sparse_, SIMD_SUFFIX)
#define SIMD_NAME         SIMD_QUOTE(SIMD_SUFFIX)

typedef float vf __attribute__((vector_size(4 * SIMD_FLOATS)));
typedef int32_t vi __attribute__((vector_size(4 * SIMD_FLOATS)));

/* A vector in memory, with the alignment of a float, reached through pointers to float. A type of
 * its own, since GCC keeps variables of such a type in memory. */
typedef float vf_memory __attribute__((vector_size(4 * SIMD_FLOATS), aligned(4), may_alias));

SIMD_INLINE vf vf_load(const float *p)
{
    return *(const vf_memory *)(const void *)p;
}

SIMD_INLINE void vf_store(float *p, vf v)
{
    *(vf_memory *)(void *)p = v;
}

SIMD_INLINE vf vf_set(float x)
{
#if SIMD_FLOATS == 16
    return (vf){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
#elif SIMD_FLOATS == 8
    return (vf){x, x, x, x, x, x, x, x};
#else
    return (vf){x, x, x, x};
#endif
}

#if defined(MNIST_SIMD_portable) && !defined(__FP_FAST_FMAF)

/* The fused multiply-add for CPUs that have none, where a library call would be ten times slower.
 * In double the product is exact, and the sum is rounded once. It is rounded to odd instead of to
 * even, so that rounding it again, to float, gives the correct result (Boldo & Melquiond 2008,
 * "Emulation of FMA and correctly rounded sums"). Half a vector at a time. */
typedef float vf_half __attribute__((vector_size(2 * SIMD_FLOATS)));
typedef double vd __attribute__((vector_size(4 * SIMD_FLOATS)));
typedef int64_t vl __attribute__((vector_size(4 * SIMD_FLOATS)));

typedef union vf_halves {
    vf whole;
    vf_half half[2];
} vf_halves;

SIMD_INLINE vf_half vf_fma_half(vf_half a, vf_half b, vf_half c)
{
    vd product = __builtin_convertvector(a, vd) * __builtin_convertvector(b, vd);
    vd addend = __builtin_convertvector(c, vd);
    vd sum = product + addend;
    vd back = sum - product; /* Knuth's two-sum: error is what rounding took away */
    vd error = (product - (sum - back)) + (addend - back);
    vd zero = {0};
    vl negative = sum < zero;
    vl more = error > zero; /* false for NaN */
    vl less = error < zero; /* false for NaN */
    vl even = ((vl)sum & 1) - 1;
    vl up = (more & ~negative) | (less & negative);
    vl down = (less & ~negative) | (more & negative);
    vl odd = (vl)sum - (up & even) + (down & even); /* masks are -1 */
    return __builtin_convertvector((vd)odd, vf_half);
}

SIMD_INLINE vf vf_fma_by_double(vf a, vf b, vf c)
{
    vf_halves x = {a};
    vf_halves y = {b};
    vf_halves z = {c};
    z.half[0] = vf_fma_half(x.half[0], y.half[0], z.half[0]);
    z.half[1] = vf_fma_half(x.half[1], y.half[1], z.half[1]);
    return z.whole;
}

#endif

SIMD_INLINE vf vf_fma(vf a, vf b, vf c)
{
#if defined(MNIST_SIMD_avx2)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(MNIST_SIMD_avx512)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(MNIST_SIMD_neon)
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__FP_FAST_FMAF)
    vf sum;
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        sum[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
    }
    return sum;
#else
    return vf_fma_by_double(a, b, c);
#endif
}

/* Correctly rounded, as IEEE 754 requires. */
SIMD_INLINE vf vf_sqrt(vf x)
{
#if defined(MNIST_SIMD_avx2)
    return (vf)_mm256_sqrt_ps((__m256)x);
#elif defined(MNIST_SIMD_avx512)
    return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(MNIST_SIMD_neon)
    return (vf)vsqrtq_f32((float32x4_t)x);
#else
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        x[lane] = __builtin_sqrtf(x[lane]);
    }
    return x;
#endif
}

/* Lanes of (a, b), one behind the other, chosen by constants. */
#if defined(__clang__)
#define SIMD_SHUFFLE(indices, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SIMD_SHUFFLE(indices, a, b, ...) __builtin_shuffle(a, b, (indices){__VA_ARGS__})
#endif

/* a0 b0 a1 b1 … of the first halves of a and b, and of the second halves. */
#if SIMD_FLOATS == 16
#define SIMD_ZIP_LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define SIMD_ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif SIMD_FLOATS == 8
#define SIMD_ZIP_LOW  0, 8, 1, 9, 2, 10, 3, 11
#define SIMD_ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define SIMD_ZIP_LOW  0, 4, 1, 5
#define SIMD_ZIP_HIGH 2, 6, 3, 7
#endif

SIMD_INLINE vf vf_zip_low(vf a, vf b)
{
    return SIMD_SHUFFLE(vi, a, b, SIMD_ZIP_LOW);
}

SIMD_INLINE vf vf_zip_high(vf a, vf b)
{
    return SIMD_SHUFFLE(vi, a, b, SIMD_ZIP_HIGH);
}

/* Sixteen bytes, in every set. */
typedef uint8_t vb __attribute__((vector_size(16)));
typedef uint8_t vb_memory __attribute__((vector_size(16), aligned(1), may_alias));

SIMD_INLINE vb vb_load(const uint8_t *p)
{
    return *(const vb_memory *)(const void *)p;
}

SIMD_INLINE void vb_store(uint8_t *p, vb v)
{
    *(vb_memory *)(void *)p = v;
}

SIMD_INLINE vb vb_zip_low(vb a, vb b)
{
    return SIMD_SHUFFLE(vb, a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

SIMD_INLINE vb vb_zip_high(vb a, vb b)
{
    return SIMD_SHUFFLE(vb, a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/* Bit b is set where bytes[b] is not 0. count is at most 64; no byte behind those is read. */
SIMD_INLINE uint64_t bytes_used(const uint8_t *bytes, size_t count)
{
#if defined(MNIST_SIMD_avx512)
    __mmask64 those = count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
    __m512i all = _mm512_maskz_loadu_epi8(those, bytes);
    return _mm512_test_epi8_mask(all, all);
#else
    uint8_t padded[64];
    if (count < 64) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, bytes, count);
        bytes = padded;
    }
#endif
#if defined(MNIST_SIMD_avx2)
    const __m256i zero = _mm256_setzero_si256();
    __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)bytes), zero);
    __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(bytes + 32)), zero);
    return ~((uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
             (uint32_t)_mm256_movemask_epi8(low));
#elif defined(MNIST_SIMD_neon)
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bit = vld1q_u8(bits);
    uint8x16_t used[4];
    for (int q = 0; q < 4; q++) {
        uint8x16_t part = vld1q_u8(bytes + 16 * q);
        used[q] = vandq_u8(vtstq_u8(part, part), bit);
    }
    uint8x16_t sum = vpaddq_u8(vpaddq_u8(used[0], used[1]), vpaddq_u8(used[2], used[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
#elif !defined(MNIST_SIMD_avx512)
    uint64_t used = 0;
    for (int b = 0; b < 64; b++) {
        used |= (uint64_t)(bytes[b] != 0) << b;
    }
    return used;
#endif
}

/* Bit n is set where value n is not 0 (or NaN). */
SIMD_INLINE uint64_t floats_used(vf values)
{
#if defined(MNIST_SIMD_avx512)
    return _mm512_cmp_ps_mask((__m512)values, _mm512_setzero_ps(), _CMP_NEQ_UQ);
#elif defined(MNIST_SIMD_avx2)
    return (uint32_t)_mm256_movemask_ps(
        _mm256_cmp_ps((__m256)values, _mm256_setzero_ps(), _CMP_NEQ_UQ));
#else
    const vi is = values != vf_set(0.0f);
    uint64_t used = 0;
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        used |= (uint64_t)(is[lane] & 1) << lane;
    }
    return used;
#endif
}

/* mask lanes are all ones or all zeros, as comparisons give them */
SIMD_INLINE vf vf_select(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

SIMD_INLINE vf vf_abs(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

#endif
