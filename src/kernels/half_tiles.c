/* Mixed precision, vectorised: one source for every instruction set (simd.h), as tiles.c is. Where
 * there is no instruction for pairs, a pair becomes two floats again in registers, and two
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

/* Operands of 16 bits in lanes of 32. */

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

/* A tile's sums stay in registers over the whole depth. A vector of w takes one register with a dot
 * product of pairs, and two where pairs become floats. */
#if defined(MNIST_SIMD_avx512bf16)
#define BF16_ROWS 6
#else
#define BF16_ROWS 3
#endif
#define FP16_ROWS    3
#define TILE_VECTORS (SIMD_REGISTERS == 32 ? 4 : 2)
#define TILE_COLUMNS (TILE_VECTORS * SIMD_FLOATS)

/* A constant that is made where it is used. Otherwise GCC keeps it in a register through all tiles
 * and, short of registers, one of the sums in memory, which costs a third of the speed. */
SIMD_INLINE vu vu_set_here(uint32_t x)
{
    __asm__ volatile("" : "+r"(x));
    return vu_set(x);
}

/* Loads what the sums start from; magnitudes below 2^-102 become 0. */
SIMD_INLINE void load_sums(const mnist_pair_product *p, size_t i, size_t n, const size_t rows,
                           const size_t vectors, vf sum[][TILE_VECTORS])
{
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            sum[j][v] = p->init ? vf_load(p->init + (i + j) * p->init_stride + n + v * SIMD_FLOATS)
                                : vf_set(0.0f);
        }
    }
    if (!p->init) {
        return;
    }
    const vu sign = vu_set_here(0x80000000), least = vu_set_here(HALF_LEAST_INIT);
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            vu bits = (vu)sum[j][v];
            vu kept = (vu)((vi)(bits & ~sign) >= (vi)least);
            sum[j][v] = (vf)(bits & (kept | sign));
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

/* Vectors of operands: rounded; paired with their neighbours (the first half of the pairs is from
 * a, the second from b); and pairs of a's and b's. */
#define DEFINE_OPERANDS(format)                                                                    \
    SIMD_INLINE vf format##_rounded(vf a)                                                          \
    {                                                                                              \
        return format##_second(format##_codes(a));                                                 \
    }                                                                                              \
    SIMD_INLINE vu format##_neighbours(vf a, vf b)                                                 \
    {                                                                                              \
        vu first = format##_codes(SIMD_SHUFFLE(vi, a, b, SIMD_EVEN));                              \
        return first << 16 | format##_codes(SIMD_SHUFFLE(vi, a, b, SIMD_ODD));                     \
    }                                                                                              \
    SIMD_INLINE vu format##_zipped(vf a, vf b)                                                     \
    {                                                                                              \
        return format##_codes(a) << 16 | format##_codes(b);                                        \
    }

#if defined(MNIST_SIMD_avx512bf16)

/* The CPU's conversions round as bf16_codes does, but keep small magnitudes that are not denormal.
 */
SIMD_INLINE __m512i bf16_keep(__m512i codes)
{
    const __m512i magnitude = _mm512_and_si512(codes, _mm512_set1_epi16(0x7fff));
    return _mm512_maskz_mov_epi16(
        _mm512_cmpge_epu16_mask(magnitude, _mm512_set1_epi16(BF16_TINY >> 16)), codes);
}

SIMD_INLINE vf bf16_rounded(vf a)
{
    __m512i codes = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)a));
    return (vf)_mm512_slli_epi32(bf16_keep(codes), 16);
}

SIMD_INLINE vu bf16_neighbours(vf a, vf b)
{
    __m512i codes = (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
    return (vu)_mm512_rol_epi32(bf16_keep(codes), 16);
}

SIMD_INLINE vu bf16_zipped(vf a, vf b)
{
    typedef int16_t vs __attribute__((vector_size(64)));
    const vs zip = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                    8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m512i codes = (__m512i)_mm512_cvtne2ps_pbh((__m512)a, (__m512)b);
    return (vu)_mm512_permutexvar_epi16((__m512i)zip, bf16_keep(codes));
}

#else
DEFINE_OPERANDS(bf16)
#endif
DEFINE_OPERANDS(fp16)

/* Limits magnitudes to most. Whether before rounding or after makes no difference. */
SIMD_INLINE vf vf_finite(vf a, float most)
{
    a = vf_select(a > vf_set(most), vf_set(most), a);
    return vf_select(a < vf_set(-most), vf_set(-most), a);
}

#define DEFINE_CONVERSIONS(format, most)                                                           \
    static void format##_round(const float *in, float *out, size_t n)                              \
    {                                                                                              \
        for (size_t k = 0; k < n; k += SIMD_FLOATS) {                                              \
            vf_store(out + k, format##_rounded(vf_load(in + k)));                                  \
        }                                                                                          \
    }                                                                                              \
    static void format##_round_finite(const float *in, float *out, size_t n)                       \
    {                                                                                              \
        for (size_t k = 0; k < n; k += SIMD_FLOATS) {                                              \
            vf_store(out + k, format##_rounded(vf_finite(vf_load(in + k), most)));                 \
        }                                                                                          \
    }                                                                                              \
    static void format##_along(const float *in, mnist_pair *out, size_t n)                         \
    {                                                                                              \
        size_t k = 0;                                                                              \
        for (; k + 2 * SIMD_FLOATS <= n; k += 2 * SIMD_FLOATS) {                                   \
            vu_store(out + k / 2,                                                                  \
                     format##_neighbours(vf_load(in + k), vf_load(in + k + SIMD_FLOATS)));         \
        }                                                                                          \
        if (k < n) {                                                                               \
            vu pairs = format##_neighbours(vf_load(in + k), vf_set(0.0f));                         \
            memcpy(out + k / 2, &pairs, sizeof pairs / 2);                                         \
        }                                                                                          \
    }                                                                                              \
    static void format##_across(const float *a, const float *b, mnist_pair *out, size_t n)         \
    {                                                                                              \
        for (size_t k = 0; k < n; k += SIMD_FLOATS) {                                              \
            vu_store(out + k, format##_zipped(vf_load(a + k), b ? vf_load(b + k) : vf_set(0.0f))); \
        }                                                                                          \
    }                                                                                              \
    static void format##_across_finite(const float *a, const float *b, mnist_pair *out, size_t n)  \
    {                                                                                              \
        for (size_t k = 0; k < n; k += SIMD_FLOATS) {                                              \
            vf second = b ? vf_load(b + k) : vf_set(0.0f);                                         \
            vu_store(out + k,                                                                      \
                     format##_zipped(vf_finite(vf_load(a + k), most), vf_finite(second, most)));   \
        }                                                                                          \
    }                                                                                              \
    static void format##_transpose(const float *in, size_t in_stride, mnist_pair *out,             \
                                   size_t out_stride, size_t rows, size_t columns)                 \
    {                                                                                              \
        const size_t padded = (rows + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;                \
        for (size_t r = 0; r < padded; r += SIMD_FLOATS) {                                         \
            for (size_t c = 0; c < columns; c += 2 * SIMD_FLOATS) {                                \
                vu a[SIMD_FLOATS];                                                                 \
                for (size_t k = 0; k < SIMD_FLOATS; k++) {                                         \
                    const float *at = in + (r + k) * in_stride + c;                                \
                    vf low = r + k < rows ? vf_load(at) : vf_set(0.0f);                            \
                    vf high = r + k < rows && c + SIMD_FLOATS < columns                            \
                                  ? vf_load(at + SIMD_FLOATS)                                      \
                                  : vf_set(0.0f);                                                  \
                    a[k] = format##_neighbours(low, high);                                         \
                }                                                                                  \
                store_transposed(a, out + c / 2 * out_stride + r, out_stride, (columns - c) / 2);  \
            }                                                                                      \
        }                                                                                          \
    }

/* Stores the transpose of a square of pairs, as transpose_square does it (tiles.c): its first `rows`
 * rows. */
SIMD_INLINE void store_transposed(vu a[SIMD_FLOATS], mnist_pair *out, size_t out_stride,
                                  size_t rows)
{
    vu b[SIMD_FLOATS];
    for (size_t bit = 1; bit < SIMD_FLOATS; bit *= 2) {
        for (size_t k = 0; k < SIMD_FLOATS / 2; k++) {
            b[2 * k] = (vu)vf_zip_low((vf)a[k], (vf)a[k + SIMD_FLOATS / 2]);
            b[2 * k + 1] = (vu)vf_zip_high((vf)a[k], (vf)a[k + SIMD_FLOATS / 2]);
        }
        for (size_t k = 0; k < SIMD_FLOATS; k++) {
            a[k] = b[k];
        }
    }
    for (size_t k = 0; k < SIMD_FLOATS && k < rows; k++) {
        vu_store(out + k * out_stride, a[k]);
    }
}

DEFINE_CONVERSIONS(bf16, BF16_MOST)
DEFINE_CONVERSIONS(fp16, FP16_MOST)

#if defined(MNIST_SIMD_avx512bf16)

/* Bytes of a row that are gone through at a time, with their rows of w: a word of bits, and 32 KiB
 * of two panels, which stay in a first-level cache. */
#define PAIR_BYTES 128u
#define PAIR_ROWS  64u /* rows whose bits are found ahead of their products, as in tiles.c */

/* Which pairs of bytes [r, end) of row i are not both 0; r and end are even. */
SIMD_INLINE uint64_t find_pairs(const mnist_pair_byte_product *p, size_t i, size_t r, size_t end)
{
    const uint8_t *x = p->x + (p->index ? p->index[i] : i) * p->x_stride;
    uint64_t pairs = 0;
    for (unsigned half = 0; half < 64 && r < end; half += 32, r += 64) {
        __mmask64 those = end - r < 64 ? (UINT64_C(1) << (end - r)) - 1 : ~UINT64_C(0);
        __m512i bytes = _mm512_maskz_loadu_epi8(those, x + r);
        pairs |= (uint64_t)_mm512_test_epi16_mask(bytes, bytes) << half;
    }
    return pairs;
}

/* The pair that the two bytes at x stand for. */
SIMD_INLINE vu pair_at(const float *table, const uint8_t *x)
{
    uint16_t two; /* one load for both: loads are what limits the speed */
    memcpy(&two, x, sizeof two);
    return vu_set(bf16_pair_of(table[two & 0xff], table[two >> 8]));
}

/* Products of rows i, i + 1, … with rows r / 2, r / 2 + 1, … of w where any of them has a pair: for
 * one panel of `vectors` vectors, or for two. rows, panels and vectors are constants, so that the
 * sums are registers. A dot product takes six cycles, and those of one sum wait for each other: it
 * takes the eight sums of two rows or panels to keep both units of a CPU busy. */
SIMD_INLINE void pair_sums(const mnist_pair_byte_product *p, size_t i, size_t r, uint64_t pairs,
                           const size_t rows, const size_t panels, const size_t vectors)
{
    const float *from = r == 0 ? p->init : p->out, *table = p->table;
    const size_t from_stride = r == 0 ? p->init_stride : p->out_stride, w_stride = p->w_stride,
                 from_panel = r == 0 ? p->init_panel : p->out_panel;
    const mnist_pair *first = p->w + r / 2 * w_stride;
    const mnist_pair *w[2] = {first, first + (panels == 2 ? p->w_panel : 0)};
    const uint8_t *x[2];
    vf sum[2][2][MNIST_PANEL / SIMD_FLOATS];
    for (size_t j = 0; j < rows; j++) {
        x[j] = p->x + (p->index ? p->index[i + j] : i + j) * p->x_stride + r;
        for (size_t k = 0; k < panels; k++) {
            for (size_t v = 0; v < vectors; v++) {
                const size_t at = (i + j) * from_stride + k * from_panel + v * SIMD_FLOATS;
                sum[j][k][v] = from ? vf_load(from + at) : vf_set(0.0f);
            }
        }
    }
    for (; pairs != 0; pairs &= pairs - 1) {
        const size_t at = (size_t)__builtin_ctzll(pairs);
        vu value[2];
        for (size_t j = 0; j < rows; j++) {
            value[j] = pair_at(table, x[j] + 2 * at);
        }
        for (size_t k = 0; k < panels; k++) {
            for (size_t v = 0; v < vectors; v++) {
                vu wr = vu_load(w[k] + at * w_stride + v * SIMD_FLOATS);
                for (size_t j = 0; j < rows; j++) {
                    sum[j][k][v] = (vf)_mm512_dpbf16_ps((__m512)sum[j][k][v], (__m512bh)value[j],
                                                        (__m512bh)wr);
                }
            }
        }
    }
    for (size_t j = 0; j < rows; j++) {
        for (size_t k = 0; k < panels; k++) {
            for (size_t v = 0; v < vectors; v++) {
                vf_store(p->out + (i + j) * p->out_stride + k * p->out_panel + v * SIMD_FLOATS,
                         sum[j][k][v]);
            }
        }
    }
}

/* The last byte of an odd depth: nothing may be read behind it. */
static void last_byte(const mnist_pair_byte_product *p)
{
    for (size_t i = 0; i < p->rows; i++) {
        const uint8_t *x = p->x + (p->index ? p->index[i] : i) * p->x_stride;
        vu value = vu_set(bf16_pair_of(p->table[x[p->depth - 1]], 0.0f));
        for (size_t n = 0; x[p->depth - 1] != 0 && n < p->panels * p->width; n += SIMD_FLOATS) {
            const size_t panel = n / MNIST_PANEL, column = n % MNIST_PANEL;
            float *out = p->out + i * p->out_stride + panel * p->out_panel + column;
            const mnist_pair *w = p->w + p->depth / 2 * p->w_stride + panel * p->w_panel + column;
            vf_store(out, (vf)_mm512_dpbf16_ps((__m512)vf_load(out), (__m512bh)value,
                                               (__m512bh)vu_load(w)));
        }
    }
}

/* All of it, `rows` rows at a time. */
SIMD_INLINE void pair_blocks(const mnist_pair_byte_product *p, const size_t rows,
                             const size_t panels, const size_t vectors)
{
    const size_t pairs = p->depth / 2, blocks = (2 * pairs + PAIR_BYTES - 1) / PAIR_BYTES;
    size_t block = 0, r = 0, end;
    do { /* parts of nearly one size; one part even where there is nothing to add up */
        uint64_t used[PAIR_ROWS];
        end = blocks > 0 ? 2 * (pairs * ++block / blocks) : 0;
        for (size_t first = 0, last; first < p->rows; first = last) {
            last = p->rows - first < PAIR_ROWS ? p->rows : first + PAIR_ROWS;
            for (size_t i = first; i < last; i++) {
                used[i - first] = find_pairs(p, i, r, end);
            }
            size_t i = first;
            for (; i + rows <= last; i += rows) {
                uint64_t any = used[i - first] | used[i - first + rows - 1];
                pair_sums(p, i, r, any, rows, panels, vectors);
            }
            if (i < last) {
                pair_sums(p, i, r, used[i - first], 1, panels, vectors);
            }
        }
        r = end;
    } while (end < 2 * pairs);
}

static void bf16_byte_product(const mnist_pair_byte_product *p)
{
    assert(p->width % MNIST_LANES == 0 && p->width <= MNIST_PANEL);
    assert(p->panels == 1 || (p->panels == 2 && p->width == MNIST_PANEL));
    if (p->rows == 0) {
        return;
    }
    if (p->panels == 2 && p->alike) {
        pair_blocks(p, 2, 2, 4);
    } else if (p->panels == 2) {
        pair_blocks(p, 1, 2, 4);
    } else if (p->width == MNIST_PANEL && p->alike) {
        pair_blocks(p, 2, 1, 4);
    } else if (p->width == MNIST_PANEL) {
        pair_blocks(p, 1, 1, 4);
    } else if (p->width == 3 * MNIST_LANES) {
        pair_blocks(p, 1, 1, 3);
    } else if (p->width == 2 * MNIST_LANES) {
        pair_blocks(p, 1, 1, 2);
    } else {
        pair_blocks(p, 1, 1, 1);
    }
    if (p->depth % 2 != 0) {
        last_byte(p);
    }
}

#else
#define bf16_byte_product NULL
#endif
#define fp16_byte_product NULL

#define DEFINE_FORMAT(format, most_rows)                                                           \
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
    const mnist_half SIMD_HALF(format) = {                                                         \
        .round = format##_round,                                                                   \
        .round_finite = format##_round_finite,                                                     \
        .pair_along = format##_along,                                                              \
        .pair_across = format##_across,                                                            \
        .pair_across_finite = format##_across_finite,                                              \
        .pair_transpose = format##_transpose,                                                      \
        .product = format##_product,                                                               \
        .byte_product = format##_byte_product,                                                     \
    };

extern const mnist_half SIMD_HALF(bf16), SIMD_HALF(fp16);
DEFINE_FORMAT(bf16, BF16_ROWS)
DEFINE_FORMAT(fp16, FP16_ROWS)
