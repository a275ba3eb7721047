/* mnist_warp, vectorised: one source for every instruction set (simd.h). The cost is in finding
 * pixels at positions that lie anywhere. So each pixel is stored together with its three neighbours
 * in one word, and one gather of words fetches all that a vector of outputs needs. */
#include "kernels/simd.h"

#define WARP_SIMD SIMD_JOIN(mnist_warp_, SIMD_SUFFIX)

void WARP_SIMD(const mnist_warp *w);

typedef uint32_t vu __attribute__((vector_size(4 * SIMD_FLOATS)));
typedef uint32_t vu_memory __attribute__((vector_size(4 * SIMD_FLOATS), aligned(4), may_alias));
typedef uint16_t vh __attribute__((vector_size(4 * SIMD_FLOATS))); /* two to a lane of vu */
typedef uint8_t narrow __attribute__((vector_size(SIMD_FLOATS)));
typedef uint8_t narrow_memory __attribute__((vector_size(SIMD_FLOATS), aligned(1), may_alias));
typedef int16_t shorts __attribute__((vector_size(2 * SIMD_FLOATS)));
typedef int16_t shorts_memory __attribute__((vector_size(2 * SIMD_FLOATS), aligned(2), may_alias));

/* Between 0 and high. */
SIMD_INLINE vi vi_clamp(vi x, vi high)
{
#if defined(MNIST_SIMD_avx512)
    const __m512i positive = _mm512_max_epi32((__m512i)x, _mm512_setzero_si512());
    return (vi)_mm512_min_epi32(positive, (__m512i)high);
#elif defined(MNIST_SIMD_avx2)
    const __m256i positive = _mm256_max_epi32((__m256i)x, _mm256_setzero_si256());
    return (vi)_mm256_min_epi32(positive, (__m256i)high);
#elif defined(MNIST_SIMD_neon)
    return (vi)vminq_s32(vmaxq_s32((int32x4_t)x, vdupq_n_s32(0)), (int32x4_t)high);
#else
    x &= x > 0;
    const vi above = x > high;
    return (above & high) | (~above & x);
#endif
}

/* Without optimisation GCC's gather is a macro, whose own mask of all ones -Wsign-conversion warns
 * of. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
SIMD_INLINE vu gather_words(const uint32_t *words, vi index)
{
#if defined(MNIST_SIMD_avx512)
    return (vu)_mm512_i32gather_epi32((__m512i)index, words, 4);
#elif defined(MNIST_SIMD_avx2)
    return (vu)_mm256_i32gather_epi32((const int *)words, (__m256i)index, 4);
#else
    vu found;
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        found[lane] = words[index[lane]];
    }
    return found;
#endif
}
#pragma GCC diagnostic pop

/* Conversions between vectors of words and bytes or 16-bit numbers in memory. Compilers' general
 * conversions go lane by lane (GCC 12). */

SIMD_INLINE vu load_bytes(const uint8_t *p)
{
#if defined(MNIST_SIMD_avx512)
    return (vu)_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p));
#elif defined(MNIST_SIMD_avx2)
    return (vu)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p));
#else
    return __builtin_convertvector(*(const narrow_memory *)(const void *)p, vu);
#endif
}

SIMD_INLINE vi load_shorts(const int16_t *p)
{
#if defined(MNIST_SIMD_avx512)
    return (vi)_mm512_cvtepi16_epi32(_mm256_loadu_si256((const void *)p));
#elif defined(MNIST_SIMD_avx2)
    return (vi)_mm256_cvtepi16_epi32(_mm_loadu_si128((const void *)p));
#else
    return __builtin_convertvector(*(const shorts_memory *)(const void *)p, vi);
#endif
}

/* Stores words, each below 256, as bytes. */
SIMD_INLINE void store_bytes(uint8_t *p, vi x)
{
#if defined(MNIST_SIMD_avx512)
    _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8((__m512i)x));
#elif defined(MNIST_SIMD_avx2)
    const __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128((__m256i)x),
                                            _mm256_extracti128_si256((__m256i)x, 1));
    _mm_storel_epi64((void *)p, _mm_packus_epi16(halves, halves));
#else
    *(narrow_memory *)(void *)p = __builtin_convertvector((vu)x, narrow);
#endif
}

/* A pixel in the low byte, its right neighbour above it. */
SIMD_INLINE vu pair_at(const uint8_t *p)
{
    return load_bytes(p) | load_bytes(p + 1) << 8;
}

static void make_quads(const mnist_warp *w)
{
    const size_t stride = mnist_warp_canvas_stride(w->cols),
                 quads_stride = mnist_warp_lanes(w->cols + 2);
    for (size_t x = 0; x < w->cols + 2; x += SIMD_FLOATS) {
        vu above = pair_at(w->canvas + x);
        for (size_t y = 0; y < w->rows + 2; y++) {
            const vu below = pair_at(w->canvas + (y + 1) * stride + x);
            *(vu_memory *)(void *)(w->quads + y * quads_stride + x) = above | below << 16;
            above = below;
        }
    }
}

/* A vector of positions on one axis; displacement: where theirs lie, or NULL. */
SIMD_INLINE vi positions(vi at, const int16_t *displacement, vi high)
{
    if (displacement) {
        at += load_shorts(displacement) << 8;
    }
    return vi_clamp(at, high);
}

SIMD_INLINE void warp_row(const mnist_warp *w, size_t y, const int16_t *dx, const int16_t *dy)
{
    const size_t out_stride = mnist_warp_lanes(w->cols);
    const int32_t quads_stride = (int32_t)mnist_warp_lanes(w->cols + 2), row = (int32_t)y;
    const vi x_high = (vi){0} + ((int32_t)w->cols + 1) * MNIST_WARP_ONE,
             y_high = (vi){0} + ((int32_t)w->rows + 1) * MNIST_WARP_ONE;
    vi lane;
    for (int k = 0; k < SIMD_FLOATS; k++) {
        lane[k] = k;
    }
    vi px = lane * w->x_per_x + (w->x_0 + w->x_per_y * row),
       py = lane * w->y_per_x + (w->y_0 + w->y_per_y * row);
    for (size_t x = 0; x < w->cols; x += SIMD_FLOATS) {
        const vi column = positions(px, dx ? dx + x : NULL, x_high),
                 line = positions(py, dy ? dy + x : NULL, y_high);
        const vu quad = gather_words(w->quads, (line >> 16) * quads_stride + (column >> 16));
        /* 16 bits a row of the quad: 256 left + f (right - left) fits them */
        const vu f = ((vu)column >> 8 & 255) * 0x10001u;
        const vh left = (vh)(quad & 0x00ff00ffu), right = (vh)(quad >> 8 & 0x00ff00ffu);
        const vu mixed = (vu)((left << 8) + (right - left) * (vh)f);
        const vi a = (vi)(mixed & 0xffffu), b = (vi)(mixed >> 16);
        const vi value = ((a << 8) + (b - a) * (line >> 8 & 255) + 32768) >> 16;
        store_bytes(w->out + y * out_stride + x, value);
        px += SIMD_FLOATS * w->x_per_x;
        py += SIMD_FLOATS * w->y_per_x;
    }
}

void WARP_SIMD(const mnist_warp *warp)
{
    const mnist_warp w = *warp; /* no store can change a copy: registers */
    const size_t mask = w.field_rows - 1;
    make_quads(&w);
    for (size_t y = 0; y < w.rows; y++) {
        if (w.field) {
            warp_row(&w, y, w.field + ((w.dx_row + y) & mask) * w.field_stride + w.dx_column,
                     w.field + ((w.dy_row + y) & mask) * w.field_stride + w.dy_column);
        } else {
            warp_row(&w, y, NULL, NULL);
        }
    }
}
