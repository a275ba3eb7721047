/* The product of integers.h, blocked and vectorised: one source for every instruction set that has
 * a dot product of bytes, or something near it. It is compiled once a set, with one of
 * MNIST_INTEGER_* defined (CMakeLists.txt). */
#include "kernels/integers.h"

#include <assert.h>
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

/* A tile is some rows by some vectors of outputs, whose sums stay in registers. Rows that are
 * computed together share the loads of weights, but, where zeros are left out, the groups that are
 * not 0 in any of them. */
#define PANEL_VECTORS (MNIST_PANEL / LANES)
#define SPARSE_ROWS   (REGISTERS == 32 ? 2 : 1)
#define DENSE_ROWS    (LANES == 8 ? 3 : 6)
#define DENSE_VECTORS 4u
#define NARROW_ROWS   8u /* of a panel of one vector */
#define MOST_ROWS     8u

/* Groups of some rows of x: those that are not 0 in all of them, or all there are. */
#define LISTED 256u
typedef struct groups {
    size_t count;
    const group *value[MOST_ROWS]; /* (count), of each row */
    const uint32_t *at;            /* (count): which groups those are; NULL: 0, 1, … */
} groups;

typedef struct group_list {
    uint32_t at[LISTED + LANES];
    uint32_t value[SPARSE_ROWS][LISTED + LANES];
} group_list;

/* Part of a product: rows [row, row + rows), groups [group, end) of the inputs. */
typedef struct part {
    size_t row, group, end;
} part;

#if LANES == 16
/* LANES groups of some rows. */
typedef struct next_groups {
    const uint8_t *x; /* of the first row, from the first group on */
    size_t x_stride;
    __mmask64 those; /* the bytes that are read */
    size_t first;    /* group */
} next_groups;

/* Lists those that are not 0: how many they are. */
INLINE size_t list_some(next_groups from, const bool pixels, group_list *list, size_t count,
                        const size_t rows)
{
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i none = _mm512_setzero_si512();
    __m512i value[MOST_ROWS], any = none;
    for (size_t j = 0; j < rows; j++) {
        value[j] = _mm512_maskz_loadu_epi8(from.those, from.x + j * from.x_stride);
        if (pixels) {
            value[j] = _mm512_min_epu8(_mm512_avg_epu8(value[j], none),
                                       _mm512_set1_epi8(MNIST_INTEGER_MOST));
        }
        any = _mm512_or_si512(any, value[j]);
    }
    const __mmask16 used = _mm512_test_epi32_mask(any, any);
    const __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)from.first));
    _mm512_storeu_si512(list->at + count, _mm512_maskz_compress_epi32(used, at));
    for (size_t j = 0; j < rows; j++) {
        _mm512_storeu_si512(list->value[j] + count, _mm512_maskz_compress_epi32(used, value[j]));
    }
    return (size_t)__builtin_popcount(used);
}

INLINE size_t list_these(const mnist_integer_product *p, group_list *list, part at,
                         const bool pixels, const size_t rows)
{
    const size_t last = p->inputs / MNIST_INTEGER_GROUP;
    const size_t whole = (at.end < last ? at.end : last) / LANES * LANES;
    next_groups next = {.x = p->x + at.row * p->x_stride + MNIST_INTEGER_GROUP * at.group,
                        .x_stride = p->x_stride,
                        .those = ~UINT64_C(0),
                        .first = at.group}; /* a multiple of LANES */
    size_t count = 0;
    for (; next.first < whole; next.first += LANES) {
        count += list_some(next, pixels, list, count, rows);
        next.x += MNIST_INTEGER_GROUP * LANES;
    }
    if (next.first < at.end) { /* fewer: the end of the inputs */
        next.those = (UINT64_C(1) << (p->inputs - MNIST_INTEGER_GROUP * next.first)) - 1;
        count += list_some(next, pixels, list, count, rows);
    }
    return count;
}

INLINE size_t list_groups(const mnist_integer_product *p, group_list *list, part at,
                          const size_t rows)
{
    return p->pixels ? list_these(p, list, at, true, rows) : list_these(p, list, at, false, rows);
}
#else
/* Four pixels as inputs. */
INLINE uint32_t halved(uint32_t pixels)
{
    const uint32_t half = (pixels >> 1 & 0x7f7f7f7fu) + (pixels & 0x01010101u); /* at most 128 */
    return half - (half >> 7 & 0x01010101u);
}

/* The group of a row that the row's end cuts. */
INLINE uint32_t last_group(const mnist_integer_product *p, const uint8_t *x, size_t g)
{
    uint8_t bytes[MNIST_INTEGER_GROUP] = {0};
    for (size_t k = MNIST_INTEGER_GROUP * g; k < p->inputs; k++) {
        bytes[k % MNIST_INTEGER_GROUP] = x[k];
    }
    return *(const group *)(const void *)bytes;
}

INLINE size_t list_groups(const mnist_integer_product *p, group_list *list, part at,
                          const size_t rows)
{
    const uint8_t *x = p->x + at.row * p->x_stride;
    const size_t whole = p->inputs / MNIST_INTEGER_GROUP;
    size_t count = 0;
    for (size_t g = at.group; g < at.end; g++) {
        uint32_t any = 0;
        for (size_t j = 0; j < rows; j++) {
            const uint8_t *row = x + j * p->x_stride;
            const uint32_t value =
                g < whole ? *(const group *)(const void *)(row + MNIST_INTEGER_GROUP * g)
                          : last_group(p, row, g);
            list->value[j][count] = value; /* overwritten unless it counts */
            any |= value;
        }
        list->at[count] = (uint32_t)g;
        count += any != 0;
    }
    for (size_t j = 0; j < rows; j++) {
        for (size_t s = 0; p->pixels && s < count; s++) {
            list->value[j][s] = halved(list->value[j][s]);
        }
    }
    return count;
}
#endif

/* Where the sums of a tile come from and go to. */
typedef struct tile {
    size_t row, n;       /* the first row and output */
    const int32_t *from; /* where the sums of every row start from */
    int32_t *to;         /* where those of the only row wait for more; NULL: they are complete */
} tile;

/* What becomes of a row's sums, `vectors` of them: a multiple of four, or MNIST_LANES outputs. */
INLINE void finish(const mnist_integer_product *p, size_t i, size_t n, const vs *sum,
                   const size_t vectors)
{
    if (p->steps) {
        uint8_t *out = p->out + i * p->out_stride + n;
        for (size_t v = 0; v + 4 <= vectors; v += 4) {
            finish_four(p->steps, n + v * LANES, sum + v, out + v * LANES);
        }
        if (vectors < 4) {
            finish_least(p->steps, n, sum, out);
        }
        return;
    }
    for (size_t v = 0; v < vectors; v++) {
        const size_t at = n + v * LANES;
        const vl scale = *(const vl_memory *)(const void *)(p->scales + at);
        *(vl_memory *)(void *)(p->logits + i * p->logits_stride + at) =
            __builtin_convertvector(sum[v], vl) * scale;
    }
}

/* Sums of a tile over a list. rows, vectors and split are constants after inlining, so that the
 * sums are registers. split: each sum is made in so many parts, so that few sums do not wait for
 * themselves. */
INLINE void tile_sums(const mnist_integer_product *p, const groups *those, const tile *t,
                      const size_t rows, const size_t vectors, const size_t split)
{
    const size_t panel = t->n / MNIST_PANEL, rest = p->outputs - panel * MNIST_PANEL;
    const size_t step = MNIST_INTEGER_GROUP * (rest < MNIST_PANEL ? rest : MNIST_PANEL);
    const size_t panel_size = MNIST_INTEGER_GROUP * MNIST_PANEL * mnist_integer_groups(p->inputs);
    const int8_t *w = p->w + panel * panel_size + MNIST_INTEGER_GROUP * (t->n % MNIST_PANEL);
    vs sum[4][MOST_ROWS][PANEL_VECTORS];
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            sum[0][j][v] = load(t->from + v * LANES);
            for (size_t q = 1; q < split; q++) {
                sum[q][j][v] = set(0);
            }
        }
    }
    const size_t count = those->count, whole = count / split * split;
    const group *value[MOST_ROWS];
    for (size_t j = 0; j < rows; j++) {
        value[j] = those->value[j];
    }
#define ADD(s, q)                                                                                  \
    do {                                                                                           \
        const int8_t *at = w + (those->at ? those->at[s] : (s)) * step;                            \
        for (size_t j = 0; j < rows; j++) {                                                        \
            const vs x = set((int32_t)value[j][s]);                                                \
            for (size_t v = 0; v < vectors; v++) {                                                 \
                sum[q][j][v] = dot(sum[q][j][v], x, at + v * LANES * MNIST_INTEGER_GROUP);         \
            }                                                                                      \
        }                                                                                          \
    } while (0)
    for (size_t s = 0; s < whole; s += split) {
        for (size_t q = 0; q < split; q++) {
            ADD(s + q, q);
        }
    }
    for (size_t s = whole; split > 1 && s < count; s++) {
        ADD(s, 0);
    }
#undef ADD
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            for (size_t q = 1; q < split; q++) {
                sum[0][j][v] += sum[q][j][v];
            }
            if (t->to) {
                store(t->to + v * LANES, sum[0][j][v]);
            }
        }
        if (!t->to) {
            finish(p, t->row + j, t->n, sum[0][j], vectors);
        }
    }
}

/* The widths of tiles, from wide to narrow; LEAST is MNIST_LANES outputs. */
#define LEAST_VECTORS (MNIST_LANES / LANES)

/* One tile, as wide as fits: how many outputs it was. */
INLINE size_t tile_from(const mnist_integer_product *p, const groups *those, const tile *t,
                        const size_t rows, const size_t most)
{
    const size_t vectors = (p->outputs - t->n) / LANES;
    if (vectors >= most) {
        tile_sums(p, those, t, rows, most, rows == 1 && LANES == 16 ? 2 : 1);
        return most * LANES;
    }
    if (most > DENSE_VECTORS && LEAST_VECTORS < DENSE_VECTORS && vectors >= DENSE_VECTORS) {
        tile_sums(p, those, t, rows, DENSE_VECTORS, 1);
        return DENSE_VECTORS * LANES;
    }
    if (rows <= 2) {
        tile_sums(p, those, t, rows, LEAST_VECTORS, 4 / LEAST_VECTORS);
    } else {
        tile_sums(p, those, t, rows, LEAST_VECTORS, 1);
    }
    return LEAST_VECTORS * LANES;
}

#define LISTS 8u

/* Some rows, in units of rows that are computed together: all units are listed, and then each tile
 * of weights, once it is in a first-level cache, is used by all of them. */
INLINE void listed_rows(const mnist_integer_product *p, size_t row, size_t units, const size_t rows)
{
    group_list list[LISTS];
    groups those[LISTS];
    for (size_t u = 0; u < units; u++) {
        const part all = {row + u * rows, 0, mnist_integer_groups(p->inputs)};
        those[u].count = list_groups(p, &list[u], all, rows);
        those[u].at = list[u].at;
        for (size_t j = 0; j < rows; j++) {
            those[u].value[j] = list[u].value[j];
        }
    }
    for (size_t n = 0, step = 0; n < p->outputs; n += step) {
        for (size_t u = 0; u < units; u++) {
            const tile t = {.row = row + u * rows, .n = n, .from = p->init + n};
            step = tile_from(p, &those[u], &t, rows, PANEL_VECTORS);
        }
    }
}

/* A row of more groups than a list has room for: its sums wait in memory while more are listed. */
static void long_row(const mnist_integer_product *p, size_t row)
{
    const size_t all = mnist_integer_groups(p->inputs);
    _Alignas(64) int32_t sums[MNIST_PANEL];
    group_list list;
    groups those = {.value = {list.value[0]}, .at = list.at};
    for (size_t n = 0, step = 0; n < p->outputs; n += step) {
        tile t = {.row = row, .n = n, .from = p->init + n};
        for (size_t g = 0; g < all; g += LISTED) {
            const size_t end = all - g <= LISTED ? all : g + LISTED;
            those.count = list_groups(p, &list, (part){row, g, end}, 1);
            t.to = end == all ? NULL : sums;
            step = tile_from(p, &those, &t, 1, PANEL_VECTORS);
            t.from = sums;
        }
    }
}

/* All outputs of some rows, whose groups are read where they lie. */
INLINE void dense_rows(const mnist_integer_product *p, size_t row, const size_t rows)
{
    groups all = {.count = p->inputs / MNIST_INTEGER_GROUP};
    for (size_t j = 0; j < rows; j++) {
        all.value[j] = (const void *)(p->x + (row + j) * p->x_stride);
    }
    for (size_t n = 0; n < p->outputs;) {
        const tile t = {.row = row, .n = n, .from = p->init + n};
        n += tile_from(p, &all, &t, rows, DENSE_VECTORS);
    }
}

/* In a layer of few outputs the tile is higher. */
static void dense(const mnist_integer_product *p)
{
    size_t row = 0;
    if (p->outputs == MNIST_LANES) {
        for (; row + NARROW_ROWS <= p->rows; row += NARROW_ROWS) {
            dense_rows(p, row, NARROW_ROWS);
        }
    }
    for (; row + DENSE_ROWS <= p->rows; row += DENSE_ROWS) {
        dense_rows(p, row, DENSE_ROWS);
    }
    for (; row + 2 <= p->rows; row += 2) {
        dense_rows(p, row, 2);
    }
    if (row < p->rows) {
        dense_rows(p, row, 1);
    }
}

static void sparse(const mnist_integer_product *p)
{
    size_t row = 0;
    if (mnist_integer_groups(p->inputs) > LISTED) {
        for (; row < p->rows; row++) {
            long_row(p, row);
        }
        return;
    }
    while (p->rows - row >= SPARSE_ROWS) {
        const size_t units = (p->rows - row) / SPARSE_ROWS;
        const size_t some = units < LISTS ? units : LISTS;
        listed_rows(p, row, some, SPARSE_ROWS);
        row += some * SPARSE_ROWS;
    }
    for (; row < p->rows; row++) {
        listed_rows(p, row, 1, 1);
    }
}

static void product(const mnist_integer_product *p)
{
    assert(p->outputs % MNIST_LANES == 0 && p->inputs <= MNIST_INTEGER_DEPTH);
    const mnist_integer_product local = *p; /* no store can change a copy: registers */
    if (p->sparse || p->pixels || p->inputs % MNIST_INTEGER_GROUP != 0) {
        sparse(&local);
    } else {
        dense(&local);
    }
    const uint8_t *table = p->steps ? p->steps->table : NULL;
    for (size_t i = 0; table && i < p->rows; i++) {
        uint8_t *out = p->out + i * p->out_stride;
        for (size_t n = 0; n < p->outputs; n++) {
            out[n] = table[out[n]];
        }
    }
}

extern const mnist_integer_kernels TABLE;
const mnist_integer_kernels TABLE = {.name = QUOTE(SET), .product = product};
