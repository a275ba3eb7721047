/* The product of integers.h, blocked and vectorised: one source for every instruction set
 * (integers_simd.h). */
#include "kernels/integers_simd.h"

#include <assert.h>

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

/* Sums of the peak, in two dimensions, since GCC unrolls loops of up to 16 rounds only. */
#define PEAK_GROUPS (REGISTERS == 32 ? 4 : 2)
#define PEAK_EACH   (LANES == 4 ? 4 : 5)

static double peak(size_t rounds, double *operations)
{
    _Alignas(64) static const int8_t w[LANES * MNIST_INTEGER_GROUP] = {1, -1, 3, -3};
    vs sum[PEAK_GROUPS][PEAK_EACH], x = set(0x05040302), total = set(0);
    for (size_t g = 0; g < PEAK_GROUPS; g++) {
        for (size_t s = 0; s < PEAK_EACH; s++) {
            sum[g][s] = set((int32_t)(g * PEAK_EACH + s));
        }
    }
    for (size_t r = 0; r < rounds; r++) {
        for (size_t g = 0; g < PEAK_GROUPS; g++) {
            for (size_t s = 0; s < PEAK_EACH; s++) {
                FORGET(x);
                sum[g][s] = dot(sum[g][s], x, w);
            }
        }
    }
    for (size_t g = 0; g < PEAK_GROUPS; g++) {
        for (size_t s = 0; s < PEAK_EACH; s++) {
            total ^= sum[g][s];
        }
    }
    *operations = 2.0 * (double)rounds * PEAK_GROUPS * PEAK_EACH * LANES * MNIST_INTEGER_GROUP;
    return (double)total[0];
}

extern const mnist_integer_kernels TABLE;
const mnist_integer_kernels TABLE = {.name = QUOTE(SET), .product = product, .peak = peak};
