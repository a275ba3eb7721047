/* What differs between the instruction sets that have a dot product of bytes, or something near it:
 * that product, and the steps from sums to bytes. integers_tiles.c is compiled once a set, with one
 * of MNIST_INTEGER_* defined (CMakeLists.txt). */
#ifndef MNIST_KERNELS_INTEGERS_SIMD_H
#define MNIST_KERNELS_INTEGERS_SIMD_H

#include "kernels/integers.h"

#include <string.h>

#if defined(MNIST_INTEGER_avx512vnni)
#include <immintrin.h>
#define SET       avx512vnni
#define LANES     16u
#define REGISTERS 32
#elif defined(MNIST_INTEGER_vnni256) /* what avxvnni is, on CPUs with AVX-512: for tests */
#include <immintrin.h>
#define SET       vnni256
#define LANES     8u
#define REGISTERS 16
#elif defined(MNIST_INTEGER_avxvnni)
#include <immintrin.h>
#define SET       avxvnni
#define LANES     8u
#define REGISTERS 16
#elif defined(MNIST_INTEGER_avx2)
#include <immintrin.h>
#define SET       avx2
#define LANES     8u
#define REGISTERS 16
#elif defined(MNIST_INTEGER_neondot) || defined(MNIST_INTEGER_neon)
#include <arm_neon.h>
#if defined(MNIST_INTEGER_neondot)
#define SET neondot
#else
#define SET neon
#endif
#define LANES     4u
#define REGISTERS 32
#elif defined(MNIST_INTEGER_portable)
#define SET       portable
#define LANES     4u
#define REGISTERS 16
#else
#error                                                                                             \
    "define one of MNIST_INTEGER_portable, _avx2, _avxvnni, _vnni256, _avx512vnni, _neon, _neondot"
#endif

#define PASTE(a, b) a##b
#define JOIN(a, b)  PASTE(a, b)
#define TEXT(name)  #name
#define QUOTE(name) TEXT(name)
#define TABLE       JOIN(mnist_integer_kernels_, SET)

#define INLINE static inline __attribute__((always_inline))

/* Sums of LANES outputs. Not __m512i, of 64-bit lanes: GCC then copies each sum to memory. */
typedef int32_t vs __attribute__((vector_size(4 * LANES)));
typedef float vl __attribute__((vector_size(4 * LANES)));
typedef int32_t vs_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float vl_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* A group of inputs, anywhere. */
typedef uint32_t group __attribute__((aligned(1), may_alias));

INLINE vs load(const int32_t *p)
{
    return *(const vs_memory *)(const void *)p;
}

INLINE void store(int32_t *p, vs v)
{
    *(vs_memory *)(void *)p = v;
}

/* The compiler does not know what x is from here on, so that it computes each dot product. */
#if defined(__x86_64__) || defined(__i386__)
#define FORGET(x) __asm__ volatile("" : "+x"(x))
#elif defined(__aarch64__)
#define FORGET(x) __asm__ volatile("" : "+w"(x))
#else
#define FORGET(x) __asm__ volatile("" : "+m"(x))
#endif

/* What differs between sets:
 *   set      the same number in all lanes; a group of inputs is such a number
 *   dot      sum + the dot product of each output's four weights with a group of inputs
 *   finish   mnist_integer_value of four vectors, or of MNIST_LANES outputs */
#if LANES == 16
INLINE vs set(int32_t value)
{
    return (vs)_mm512_set1_epi32(value);
}

INLINE vs dot(vs sum, vs x, const int8_t *w)
{
    return (vs)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, _mm512_load_si512(w));
}

/* Packing goes by lanes of 128 bits, of multipliers as of sums; the last step puts all in order. */
INLINE void finish_four(const mnist_integer_steps *steps, size_t n, const vs *sum, uint8_t *out)
{
    __m512i half[2];
    for (size_t h = 0; h < 2; h++) {
        const size_t at = n + h * 2 * LANES;
        const vs low = sum[2 * h] >> load(steps->shifts + at);
        const vs high = sum[2 * h + 1] >> load(steps->shifts + at + LANES);
        const __m512i by = _mm512_packs_epi32((__m512i)load(steps->multipliers + at),
                                              (__m512i)load(steps->multipliers + at + LANES));
        half[h] = _mm512_mulhrs_epi16(_mm512_packs_epi32((__m512i)low, (__m512i)high), by);
        half[h] = _mm512_adds_epi16(half[h], _mm512_set1_epi16(steps->middle));
    }
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    const __m512i bytes =
        _mm512_min_epu8(_mm512_packus_epi16(half[0], half[1]), _mm512_set1_epi8((char)steps->most));
    _mm512_storeu_si512(out, _mm512_permutexvar_epi32(order, bytes));
}

INLINE void finish_least(const mnist_integer_steps *steps, size_t n, const vs *sum, uint8_t *out)
{
    const vs t = sum[0] >> load(steps->shifts + n);
    const __m256i by = _mm512_cvtsepi32_epi16((__m512i)load(steps->multipliers + n));
    const __m256i v = _mm256_adds_epi16(_mm256_mulhrs_epi16(_mm512_cvtsepi32_epi16((__m512i)t), by),
                                        _mm256_set1_epi16(steps->middle));
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0x08);
    _mm_storeu_si128((void *)out, _mm_min_epu8(_mm256_castsi256_si128(packed),
                                               _mm_set1_epi8((char)steps->most)));
}
#elif LANES == 8
INLINE vs set(int32_t value)
{
    return (vs)_mm256_set1_epi32(value);
}

INLINE vs dot(vs sum, vs x, const int8_t *w)
{
    const __m256i weights = _mm256_load_si256((const void *)w);
#if defined(MNIST_INTEGER_vnni256)
    return (vs)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)x, weights);
#elif defined(MNIST_INTEGER_avxvnni)
    return (vs)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)x, weights);
#else
    const __m256i pairs = _mm256_maddubs_epi16((__m256i)x, weights); /* at most 2 127 127 */
    return sum + (vs)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#endif
}

/* Packing goes by lanes of 128 bits, of multipliers as of sums; the last step puts all in order. */
INLINE __m256i finish_two(const mnist_integer_steps *steps, size_t n, const vs *sum)
{
    const vs low = sum[0] >> load(steps->shifts + n);
    const vs high = sum[1] >> load(steps->shifts + n + LANES);
    const __m256i by = _mm256_packs_epi32((__m256i)load(steps->multipliers + n),
                                          (__m256i)load(steps->multipliers + n + LANES));
    return _mm256_adds_epi16(
        _mm256_mulhrs_epi16(_mm256_packs_epi32((__m256i)low, (__m256i)high), by),
        _mm256_set1_epi16(steps->middle));
}

INLINE void finish_four(const mnist_integer_steps *steps, size_t n, const vs *sum, uint8_t *out)
{
    const __m256i bytes = _mm256_min_epu8(
        _mm256_packus_epi16(finish_two(steps, n, sum), finish_two(steps, n + 2 * LANES, sum + 2)),
        _mm256_set1_epi8((char)steps->most));
    _mm256_storeu_si256(
        (void *)out, _mm256_permutevar8x32_epi32(bytes, _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0)));
}

INLINE void finish_least(const mnist_integer_steps *steps, size_t n, const vs *sum, uint8_t *out)
{
    const __m256i v = finish_two(steps, n, sum);
    const __m256i bytes =
        _mm256_min_epu8(_mm256_packus_epi16(v, v), _mm256_set1_epi8((char)steps->most));
    _mm_storeu_si128((void *)out, _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(
                                      bytes, _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0))));
}
#elif defined(MNIST_INTEGER_portable)
INLINE vs set(int32_t value)
{
    return (vs){value, value, value, value};
}

/* Two products of at most 127 127 fit 16 bits. */
INLINE vs dot(vs sum, vs x, const int8_t *w)
{
    typedef int16_t pairs __attribute__((vector_size(16)));
    typedef uint16_t halves __attribute__((vector_size(16)));
    typedef uint32_t words __attribute__((vector_size(16)));
    const pairs weights = (pairs)load((const void *)w), inputs = (pairs)x;
    const vs two = (vs)(((pairs)((halves)weights << 8) >> 8) * (inputs & 0xff) +
                        (weights >> 8) * (inputs >> 8));
    return sum + ((vs)((words)two << 16) >> 16) + (two >> 16);
}

INLINE void finish_four(const mnist_integer_steps *steps, size_t n, const vs *sum, uint8_t *out)
{
    for (size_t v = 0; v < 4; v++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const size_t at = v * LANES + lane;
            out[at] = mnist_integer_value(steps, n + at, sum[v][lane]);
        }
    }
}
#define finish_least finish_four /* four vectors are MNIST_LANES outputs */
#else
INLINE vs set(int32_t value)
{
    return (vs)vdupq_n_s32(value);
}

INLINE vs dot(vs sum, vs x, const int8_t *w)
{
    const int8x16_t weights = vld1q_s8(w), inputs = vreinterpretq_s8_s32((int32x4_t)x);
#if defined(MNIST_INTEGER_neondot)
    return (vs)vdotq_s32((int32x4_t)sum, weights, inputs);
#else
    const int16x8_t low = vmull_s8(vget_low_s8(weights), vget_low_s8(inputs));
    const int16x8_t high = vmull_s8(vget_high_s8(weights), vget_high_s8(inputs));
    return sum + (vs)vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
#endif
}

INLINE uint8x8_t finish_two(const mnist_integer_steps *steps, size_t n, const vs *sum)
{
    const int16x8_t t =
        vcombine_s16(vqmovn_s32((int32x4_t)(sum[0] >> load(steps->shifts + n))),
                     vqmovn_s32((int32x4_t)(sum[1] >> load(steps->shifts + n + LANES))));
    const int16x8_t by = vcombine_s16(vqmovn_s32((int32x4_t)load(steps->multipliers + n)),
                                      vqmovn_s32((int32x4_t)load(steps->multipliers + n + LANES)));
    return vqmovun_s16(vqaddq_s16(vqrdmulhq_s16(t, by), vdupq_n_s16(steps->middle)));
}

INLINE void finish_four(const mnist_integer_steps *steps, size_t n, const vs *sum, uint8_t *out)
{
    const uint8x16_t bytes =
        vcombine_u8(finish_two(steps, n, sum), finish_two(steps, n + 2 * LANES, sum + 2));
    vst1q_u8(out, vminq_u8(bytes, vdupq_n_u8((uint8_t)steps->most)));
}
#define finish_least finish_four /* four vectors are MNIST_LANES outputs */
#endif

#endif
