/* Mixed precision, vectorised: one source for every instruction set (simd.h), as tiles.c. Where
 * there is no instruction for it, a pair is two floats again in registers and two
 * multiply-adds. */
#include "kernels/half.h"
#include "kernels/simd.h"

#include <assert.h>

typedef uint32_t vu __attribute__((vector_size(4 * SIMD_FLOATS)));
typedef uint32_t vu_memory __attribute__((vector_size(4 * SIMD_FLOATS), aligned(4), may_alias));

SIMD_INLINE vu vu_load(const uint32_t *p)
{
    return *(const vu_memory *)(const void *)p;
}

SIMD_INLINE void vu_store(uint32_t *p, vu v)
{
    *(vu_memory *)(void *)p = v;
}

SIMD_INLINE vu vu_set(uint32_t x)
{
    return (vu){0} + x;
}

/* Codes of 16 bits in lanes of 32. */

#if !defined(MNIST_SIMD_avx512bf16)

SIMD_INLINE vu bf16_codes(vf value)
{
    vu bits = (vu)value, magnitude = bits & 0x7fffffff;
    vu nan = (vu)((vi)magnitude > (vi)vu_set(0x7f800000));
    vu rounded = bits + 0x7fff + (bits >> 16 & 1);
    vu tiny = (vu)((vi)(rounded & 0x7fffffff) < (vi)vu_set(BF16_TINY));
    return (nan & (bits >> 16 | 0x40)) | (~nan & ~tiny & rounded >> 16);
}

SIMD_INLINE vf bf16_second(vu pair)
{
    return (vf)(pair << 16);
}

SIMD_INLINE vf bf16_first(vu pair)
{
    return (vf)(pair & 0xffff0000);
}

#endif

SIMD_INLINE vu fp16_codes(vf value)
{
#if defined(MNIST_SIMD_avx512)
    /* with all of a mask: the plain form warns of its own -1 where it is a macro */
    return (vu)_mm512_cvtepu16_epi32(_mm512_mask_cvtps_ph(
        _mm256_setzero_si256(), 0xffff, (__m512)value, _MM_FROUND_TO_NEAREST_INT));
#elif defined(MNIST_SIMD_avx2)
    return (vu)_mm256_cvtepu16_epi32(_mm256_cvtps_ph((__m256)value, _MM_FROUND_TO_NEAREST_INT));
#elif defined(MNIST_SIMD_neon)
    return (vu)vmovl_u16(vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)value)));
#else
    vu codes;
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        codes[lane] = fp16_code(value[lane]);
    }
    return codes;
#endif
}

SIMD_INLINE vf fp16_values(vu codes)
{
#if defined(MNIST_SIMD_avx512)
    return (vf)_mm512_cvtph_ps(_mm512_cvtepi32_epi16((__m512i)codes));
#elif defined(MNIST_SIMD_avx2)
    __m256i whole = (__m256i)codes;
    return (vf)_mm256_cvtph_ps(
        _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1)));
#elif defined(MNIST_SIMD_neon)
    return (vf)vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32((uint32x4_t)codes)));
#else
    vf values;
    for (int lane = 0; lane < SIMD_FLOATS; lane++) {
        values[lane] = fp16_value(codes[lane]);
    }
    return values;
#endif
}

SIMD_INLINE vf fp16_first(vu pair)
{
    return fp16_values(pair >> 16);
}

SIMD_INLINE vf fp16_second(vu pair)
{
    return fp16_values(pair & 0xffff);
}

#if SIMD_FLOATS == 16
#define SIMD_EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define SIMD_ODD  1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif SIMD_FLOATS == 8
#define SIMD_EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define SIMD_ODD  1, 3, 5, 7, 9, 11, 13, 15
#else
#define SIMD_EVEN 0, 2, 4, 6
#define SIMD_ODD  1, 3, 5, 7
#endif

/* A tile's sums stay in registers over the whole depth. A dot product of pairs takes a register
 * for a vector of w; floats made of pairs take two. */
#if defined(MNIST_SIMD_avx512bf16)
#define BF16_ROWS 6
#else
#define BF16_ROWS 3
#endif
#define FP16_ROWS    3
#define TILE_VECTORS (SIMD_REGISTERS == 32 ? 4 : 2)
#define TILE_COLUMNS (TILE_VECTORS * SIMD_FLOATS)

SIMD_INLINE void load_sums(const mnist_pair_product *p, size_t i, size_t n, const size_t rows,
                           const size_t vectors, vf sum[][TILE_VECTORS])
{
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            const float *init = p->init + (i + j) * p->init_stride + n + v * SIMD_FLOATS;
            vu bits = p->init ? (vu)vf_load(init) : vu_set(0);
            vu kept = (vu)((vi)(bits & 0x7fffffff) >= (vi)vu_set(HALF_LEAST_INIT));
            sum[j][v] = (vf)(bits & (kept | 0x80000000));
        }
    }
}

SIMD_INLINE void store_sums(const mnist_pair_product *p, size_t i, size_t n, const size_t rows,
                            const size_t vectors, vf sum[][TILE_VECTORS])
{
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            vf_store(p->out + (i + j) * p->out_stride + n + v * SIMD_FLOATS, sum[j][v]);
        }
    }
}

/* The tile of outputs at (i, n); rows and vectors are constants after inlining. */
#define DEFINE_TILE(format, most_rows)                                                             \
    SIMD_INLINE void format##_tile(const mnist_pair_product *p, size_t i, size_t n,                \
                                   const size_t rows, const size_t vectors)                        \
    {                                                                                              \
        vf sum[most_rows][TILE_VECTORS];                                                           \
        load_sums(p, i, n, rows, vectors, sum);                                                    \
        const mnist_pair *x = p->x + i * p->x_row, *w = p->w + n;                                  \
        const size_t x_row = p->x_row, x_step = p->x_step, w_stride = p->w_stride;                 \
        for (size_t r = p->depth; r > 0; r--) {                                                    \
            vf first[TILE_VECTORS], second[TILE_VECTORS];                                          \
            for (size_t v = 0; v < vectors; v++) {                                                 \
                vu pair = vu_load(w + v * SIMD_FLOATS);                                            \
                first[v] = format##_first(pair);                                                   \
                second[v] = format##_second(pair);                                                 \
            }                                                                                      \
            for (size_t j = 0; j < rows; j++) {                                                    \
                vu pair = vu_set(x[j * x_row]);                                                    \
                vf x_first = format##_first(pair), x_second = format##_second(pair);               \
                for (size_t v = 0; v < vectors; v++) {                                             \
                    sum[j][v] = vf_fma(x_first, first[v], sum[j][v]);                              \
                    sum[j][v] = vf_fma(x_second, second[v], sum[j][v]);                            \
                }                                                                                  \
            }                                                                                      \
            x += x_step;                                                                           \
            w += w_stride;                                                                         \
        }                                                                                          \
        store_sums(p, i, n, rows, vectors, sum);                                                   \
    }

#if defined(MNIST_SIMD_avx512bf16)
SIMD_INLINE void bf16_tile(const mnist_pair_product *p, size_t i, size_t n, const size_t rows,
                           const size_t vectors)
{
    vf sum[BF16_ROWS][TILE_VECTORS];
    load_sums(p, i, n, rows, vectors, sum);
    const mnist_pair *x = p->x + i * p->x_row, *w = p->w + n;
    const size_t x_row = p->x_row, x_step = p->x_step, w_stride = p->w_stride;
    for (size_t r = p->depth; r > 0; r--) {
        vu wr[TILE_VECTORS];
        for (size_t v = 0; v < vectors; v++) {
            wr[v] = vu_load(w + v * SIMD_FLOATS);
        }
        for (size_t j = 0; j < rows; j++) {
            vu xr = vu_set(x[j * x_row]);
            for (size_t v = 0; v < vectors; v++) { /* the high halves first, then the low ones */
                sum[j][v] = (vf)_mm512_dpbf16_ps((__m512)sum[j][v], (__m512bh)xr, (__m512bh)wr[v]);
            }
        }
        x += x_step;
        w += w_stride;
    }
    store_sums(p, i, n, rows, vectors, sum);
}
#else
DEFINE_TILE(bf16, BF16_ROWS)
#endif
DEFINE_TILE(fp16, FP16_ROWS)

#define DEFINE_CONVERSIONS(format)                                                                 \
    static void format##_round(const float *in, float *out, size_t n)                              \
    {                                                                                              \
        for (size_t k = 0; k < n; k += SIMD_FLOATS) {                                              \
            vf_store(out + k, format##_second(format##_codes(vf_load(in + k))));                   \
        }                                                                                          \
    }                                                                                              \
    static void format##_along(const float *in, mnist_pair *out, size_t n)                         \
    {                                                                                              \
        size_t k = 0;                                                                              \
        for (; k + 2 * SIMD_FLOATS <= n; k += 2 * SIMD_FLOATS) {                                   \
            vf a = vf_load(in + k), b = vf_load(in + k + SIMD_FLOATS);                             \
            vu first = format##_codes(SIMD_SHUFFLE(vi, a, b, SIMD_EVEN));                          \
            vu second = format##_codes(SIMD_SHUFFLE(vi, a, b, SIMD_ODD));                          \
            vu_store(out + k / 2, first << 16 | second);                                           \
        }                                                                                          \
        for (; k < n; k += 2) {                                                                    \
            out[k / 2] = format##_code(in[k]) << 16 | format##_code(in[k + 1]);                    \
        }                                                                                          \
    }                                                                                              \
    static void format##_across(const float *a, const float *b, mnist_pair *out, size_t n)         \
    {                                                                                              \
        for (size_t k = 0; k < n; k += SIMD_FLOATS) {                                              \
            vu second = b ? format##_codes(vf_load(b + k)) : vu_set(0);                            \
            vu_store(out + k, format##_codes(vf_load(a + k)) << 16 | second);                      \
        }                                                                                          \
    }

#if defined(MNIST_SIMD_avx512bf16)

/* Its conversions round as bf16_codes does, but keep all magnitudes that are not denormal. */
SIMD_INLINE __m512i bf16_keep(__m512i codes)
{
    const __m512i magnitude = _mm512_and_si512(codes, _mm512_set1_epi16(0x7fff));
    return _mm512_maskz_mov_epi16(
        _mm512_cmpge_epu16_mask(magnitude, _mm512_set1_epi16(BF16_TINY >> 16)), codes);
}

SIMD_INLINE __m512i bf16_widened(const float *in)
{
    return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)vf_load(in)));
}

static void bf16_round(const float *in, float *out, size_t n)
{
    for (size_t k = 0; k < n; k += SIMD_FLOATS) {
        vf_store(out + k, (vf)_mm512_slli_epi32(bf16_keep(bf16_widened(in + k)), 16));
    }
}

static void bf16_along(const float *in, mnist_pair *out, size_t n)
{
    size_t k = 0;
    for (; k + 2 * SIMD_FLOATS <= n; k += 2 * SIMD_FLOATS) {
        __m512i codes = (__m512i)_mm512_cvtne2ps_pbh((__m512)vf_load(in + k + SIMD_FLOATS),
                                                     (__m512)vf_load(in + k));
        vu_store(out + k / 2, (vu)_mm512_rol_epi32(bf16_keep(codes), 16));
    }
    for (; k < n; k += 2) {
        out[k / 2] = bf16_code(in[k]) << 16 | bf16_code(in[k + 1]);
    }
}

static void bf16_across(const float *a, const float *b, mnist_pair *out, size_t n)
{
    for (size_t k = 0; k < n; k += SIMD_FLOATS) {
        __m512i first = _mm512_slli_epi32(bf16_widened(a + k), 16);
        __m512i second = b ? bf16_widened(b + k) : _mm512_setzero_si512();
        vu_store(out + k, (vu)bf16_keep(_mm512_or_si512(first, second)));
    }
}

#else
DEFINE_CONVERSIONS(bf16)
#endif
DEFINE_CONVERSIONS(fp16)

#define DEFINE_FORMAT(format, most_rows, largest)                                                  \
    /* What is left of the rows, at most most_rows, across one tile's columns. */                  \
    SIMD_INLINE void format##_rows(const mnist_pair_product *p, size_t i, size_t n,                \
                                   const size_t vectors)                                           \
    {                                                                                              \
        size_t rows = p->rows - i;                                                                 \
        if (rows >= most_rows) {                                                                   \
            format##_tile(p, i, n, most_rows, vectors);                                            \
        } else if (rows == 5) {                                                                    \
            format##_tile(p, i, n, most_rows < 5 ? most_rows : 5, vectors);                        \
        } else if (rows == 4) {                                                                    \
            format##_tile(p, i, n, most_rows < 4 ? most_rows : 4, vectors);                        \
        } else if (rows == 3) {                                                                    \
            format##_tile(p, i, n, 3, vectors);                                                    \
        } else if (rows == 2) {                                                                    \
            format##_tile(p, i, n, 2, vectors);                                                    \
        } else {                                                                                   \
            format##_tile(p, i, n, 1, vectors);                                                    \
        }                                                                                          \
    }                                                                                              \
    static void format##_product(const mnist_pair_product *p)                                      \
    {                                                                                              \
        assert(p->width % MNIST_LANES == 0 && p->width <= MNIST_PANEL);                            \
        for (size_t i = 0; i < p->rows; i += most_rows) {                                          \
            size_t n = 0;                                                                          \
            for (; n + TILE_COLUMNS <= p->width; n += TILE_COLUMNS) {                              \
                format##_rows(p, i, n, TILE_VECTORS);                                              \
            }                                                                                      \
            switch ((p->width - n) / SIMD_FLOATS) {                                                \
            case 1:                                                                                \
                format##_rows(p, i, n, 1);                                                         \
                break;                                                                             \
            case 2:                                                                                \
                format##_rows(p, i, n, 2);                                                         \
                break;                                                                             \
            case 3:                                                                                \
                format##_rows(p, i, n, TILE_VECTORS < 3 ? 1 : 3);                                  \
                break;                                                                             \
            default:                                                                               \
                break;                                                                             \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    const mnist_half SIMD_HALF(format) = {.most = largest,                                         \
                                          .round = format##_round,                                 \
                                          .pair_along = format##_along,                            \
                                          .pair_across = format##_across,                          \
                                          .product = format##_product};

extern const mnist_half SIMD_HALF(bf16), SIMD_HALF(fp16);
DEFINE_FORMAT(bf16, BF16_ROWS, BF16_MOST)
DEFINE_FORMAT(fp16, FP16_ROWS, FP16_MOST)
