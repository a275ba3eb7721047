/* The little that differs between instruction sets: how many floats a vector has, and a fused
 * multiply-add. All else is written with the vector
 * extensions that GCC and Clang share, which lower to whatever the target has.
 *
 * tiles.c is compiled once a set, with one of MNIST_SIMD_* defined (CMakeLists.txt).
 */
#ifndef MNIST_KERNELS_SIMD_H
#define MNIST_KERNELS_SIMD_H

#include "kernels/kernels.h"

#define SIMD_INLINE static inline __attribute__((always_inline))

#if defined(MNIST_SIMD_avx2)
#include <immintrin.h>
#define SIMD_TABLE  mnist_kernels_avx2
#define SIMD_NAME   "avx2"
#define SIMD_REGISTERS 16
#define SIMD_FLOATS 8
#elif defined(MNIST_SIMD_avx512)
#include <immintrin.h>
#define SIMD_TABLE  mnist_kernels_avx512
#define SIMD_NAME   "avx512"
#define SIMD_REGISTERS 32
#define SIMD_FLOATS 16
#elif defined(MNIST_SIMD_neon)
#include <arm_neon.h>
#define SIMD_TABLE  mnist_kernels_neon
#define SIMD_NAME   "neon"
#define SIMD_REGISTERS 32
#define SIMD_FLOATS 4
#elif defined(MNIST_SIMD_portable)
#define SIMD_TABLE  mnist_kernels_portable
#define SIMD_NAME   "portable"
#define SIMD_REGISTERS 32 /* of most others; with fewer the sums spill, and are right */
#define SIMD_FLOATS 4
#else
#error "define one of MNIST_SIMD_portable, MNIST_SIMD_avx2, MNIST_SIMD_avx512, MNIST_SIMD_neon"
#endif

typedef float vf __attribute__((vector_size(4 * SIMD_FLOATS)));
typedef int32_t vi __attribute__((vector_size(4 * SIMD_FLOATS)));

/* In memory: no more than a float's alignment, and reached through pointers to float. Types of their
 * own, since GCC keeps variables of such a type in memory. */
typedef float vf_memory
    __attribute__((vector_size(4 * SIMD_FLOATS), aligned(4), may_alias));

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

SIMD_INLINE vf vf_fma(vf a, vf b, vf c)
{
#if defined(MNIST_SIMD_avx2)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(MNIST_SIMD_avx512)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(MNIST_SIMD_neon)
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    vf sum;
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        sum[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
    }
    return sum;
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
