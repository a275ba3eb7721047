/* The blocked, vectorised kernels: one source for every instruction set (simd.h). Each does to
 * every lane what scalar.c does to its value, in the same order, so the bits agree. */
#include "kernels/approx.h"
#include "kernels/elementwise.h"
#include "kernels/simd.h"
#include "kernels/softmax.h"

#include <assert.h>

/* A tile of the product is TILE_ROWS rows by TILE_VECTORS vectors of columns; its sums stay in
 * registers over the whole depth. With 16 registers: 12 sums, 2 vectors of w, 1 of x. With 32:
 * 24, 4 and 1. */
#define TILE_ROWS    6
#define TILE_VECTORS (SIMD_REGISTERS == 32 ? 4 : 2)
#define TILE_COLUMNS (TILE_VECTORS * SIMD_FLOATS)

/* The tile of outputs at (i, n). rows and vectors are constants after inlining, so that the loops
 * over them unroll and the sums become registers. */
SIMD_INLINE void product_tile(const mnist_product *p, size_t i, size_t n, const size_t rows,
                              const size_t vectors)
{
    vf sum[TILE_ROWS][TILE_VECTORS];
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            sum[j][v] = p->init ? vf_load(p->init + (i + j) * p->init_stride + n + v * SIMD_FLOATS)
                                : vf_set(0.0f);
        }
    }
    const float *x = p->x + i * p->x_row, *w = p->w + n;
    const size_t x_row = p->x_row, x_step = p->x_step, w_stride = p->w_stride;
    for (size_t r = p->depth; r > 0; r--) {
        vf wr[TILE_VECTORS];
        for (size_t v = 0; v < vectors; v++) {
            wr[v] = vf_load(w + v * SIMD_FLOATS);
        }
        for (size_t j = 0; j < rows; j++) {
            vf xr = vf_set(x[j * x_row]);
            for (size_t v = 0; v < vectors; v++) {
                sum[j][v] = vf_fma(xr, wr[v], sum[j][v]);
            }
        }
        x += x_step;
        w += w_stride;
    }
    for (size_t j = 0; j < rows; j++) {
        for (size_t v = 0; v < vectors; v++) {
            vf_store(p->out + (i + j) * p->out_stride + n + v * SIMD_FLOATS, sum[j][v]);
        }
    }
}

/* What is left of the rows, at most TILE_ROWS, across one tile's columns. */
SIMD_INLINE void product_rows(const mnist_product *p, size_t i, size_t n, const size_t vectors)
{
    switch (p->rows - i) {
    case 1:
        product_tile(p, i, n, 1, vectors);
        break;
    case 2:
        product_tile(p, i, n, 2, vectors);
        break;
    case 3:
        product_tile(p, i, n, 3, vectors);
        break;
    case 4:
        product_tile(p, i, n, 4, vectors);
        break;
    case 5:
        product_tile(p, i, n, 5, vectors);
        break;
    default:
        product_tile(p, i, n, TILE_ROWS, vectors);
        break;
    }
}

/* Widths are multiples of MNIST_LANES. Where a tile is wider, the last may have fewer vectors. */
static void product(const mnist_product *p)
{
    assert(p->width % MNIST_LANES == 0 && p->width <= MNIST_PANEL);
    for (size_t i = 0; i < p->rows; i += TILE_ROWS) {
        size_t n = 0;
        for (; n + TILE_COLUMNS <= p->width; n += TILE_COLUMNS) {
            product_rows(p, i, n, TILE_VECTORS);
        }
#if SIMD_FLOATS == 16
        switch ((p->width - n) / SIMD_FLOATS) {
        case 1:
            product_rows(p, i, n, 1);
            break;
        case 2:
            product_rows(p, i, n, 2);
            break;
        case 3:
            product_rows(p, i, n, 3);
            break;
        default:
            break;
        }
#endif
    }
}

/* Bytes that are not 0 are found as bits, in words of 64, for some rows of x ahead of their
 * products. The way from bytes to bits and to the first product is long; done for many rows at
 * once, it is waited for once, and memory is read in order. */
#define BYTE_WORDS 16u /* of a row */
#define BYTE_ROWS  66u

/* How many words of w's rows all rows of x are multiplied by before the next ones: 32 KiB of a
 * panel, which stay in a first-level cache. With two panels it is twice that, which still pays: an
 * end of a word, whose branch is mispredicted, costs as much as ten products. */
#define BYTE_BLOCK 2u

/* How many rows are computed together, over the bytes that are not 0 in any of them. A sum is a
 * chain of multiply-adds, and a panel of few vectors has too few of them to keep the vector units
 * busy; the next limit is loads of w, of which a single row needs one for each multiply-add.
 * Neighbouring pixels are 0 in nearly the same images. Three images together use nearly twice the
 * pixels of one, but have a third of the ends of words. */
#define BYTE_TOGETHER (SIMD_FLOATS == 16 ? 3 : 1)
#define BYTE_PANELS   (SIMD_FLOATS == 16 ? 2 : 1) /* or this many panels for one row */
#define BYTE_SUMS     3

/* Some rows of x, and the rows of w that their bits stand for. */
typedef struct byte_part {
    size_t first, rows, r, depth;
    uint64_t bits[BYTE_WORDS][BYTE_ROWS]; /* which bytes are not 0 */
} byte_part;

SIMD_INLINE const uint8_t *byte_row(const mnist_byte_product *p, size_t i)
{
    return p->x + (p->index ? p->index[i] : i) * p->x_stride;
}

SIMD_INLINE void find_bytes(const mnist_byte_product *p, byte_part *part)
{
    for (size_t i = 0; i < part->rows; i++) {
        const uint8_t *x = byte_row(p, part->first + i) + part->r;
        for (size_t at = 0; at < part->depth; at += 64) {
            part->bits[at / 64][i] = bytes_used(x + at, part->depth - at);
        }
    }
}

/* Words of a part's bits, [first, end): the rows of w whose products are added up before others,
 * for all rows of x. */
typedef struct byte_words {
    size_t first, end;
} byte_words;

/* Products of rows i, i + 1, … of the part with the rows of w of some words: for one panel, or for
 * several with one row. rows, panels and vectors are constants, so that the sums are registers. */
SIMD_INLINE void byte_sums(const mnist_byte_product *p, const byte_part *part, size_t i,
                           const byte_words words, const size_t rows, const size_t panels,
                           const size_t vectors)
{
    const size_t end = words.end;
    size_t k = words.first;
    const size_t sums = rows * panels, w_stride = p->w_stride, w_panel = p->w_panel;
    const float *const table = p->table;
    const bool begin = part->r + k == 0;
    const uint8_t *x[BYTE_SUMS];
    float *out[BYTE_SUMS];
    vf sum[BYTE_SUMS][MNIST_PANEL / SIMD_FLOATS];
    for (size_t s = 0; s < sums; s++) {
        const size_t row = part->first + i + s / panels, panel = s % panels;
        x[s] = byte_row(p, row);
        out[s] = p->out + row * p->out_stride + panel * MNIST_PANEL;
        const float *from = !begin    ? out[s]
                            : p->init ? p->init + row * p->init_stride + panel * p->init_panel
                                      : NULL;
        for (size_t v = 0; v < vectors; v++) {
            sum[s][v] = from ? vf_load(from + v * SIMD_FLOATS) : vf_set(0.0f);
        }
    }
    for (; k < end; k++) {
        uint64_t left = 0;
        for (size_t j = 0; j < rows; j++) {
            left |= part->bits[k][i + j];
        }
        for (; left != 0; left &= left - 1) {
            const size_t at = part->r + k * 64 + (size_t)__builtin_ctzll(left);
            for (size_t panel = 0; panel < panels; panel++) {
                vf wr[MNIST_PANEL / SIMD_FLOATS];
                for (size_t v = 0; v < vectors; v++) {
                    wr[v] = vf_load(p->w + at * w_stride + panel * w_panel + v * SIMD_FLOATS);
                }
                for (size_t s = panel; s < sums; s += panels) {
                    const vf value = vf_set(table[x[s][at]]);
                    for (size_t v = 0; v < vectors; v++) {
                        sum[s][v] = vf_fma(value, wr[v], sum[s][v]);
                    }
                }
            }
        }
    }
    for (size_t s = 0; s < sums; s++) {
        for (size_t v = 0; v < vectors; v++) {
            vf_store(out[s] + v * SIMD_FLOATS, sum[s][v]);
        }
    }
}

/* All of a part, `rows` rows at a time. */
SIMD_INLINE void byte_blocks(const mnist_byte_product *p, const byte_part *part, const size_t rows,
                             const size_t panels, const size_t vectors)
{
    const size_t words = (part->depth + 63) / 64, whole = part->rows / rows * rows;
    size_t k = 0;
    do { /* one block even where there is nothing to add up */
        const size_t end = k + BYTE_BLOCK < words ? k + BYTE_BLOCK : words;
        for (size_t i = 0; i < whole; i += rows) {
            byte_sums(p, part, i, (byte_words){k, end}, rows, panels, vectors);
        }
        for (size_t i = whole; i < part->rows; i++) { /* too few for a group */
            byte_sums(p, part, i, (byte_words){k, end}, 1, panels, vectors);
        }
        k = end;
    } while (k < words);
}

/* All parts. */
SIMD_INLINE void byte_parts(const mnist_byte_product *p, const size_t rows, const size_t panels,
                            const size_t vectors)
{
    const mnist_byte_product local = *p; /* no store can change a copy: registers */
    byte_part part;
    part.r = 0;
    do {
        part.depth = p->depth - part.r < BYTE_WORDS * 64 ? p->depth - part.r : BYTE_WORDS * 64;
        for (part.first = 0; part.first < p->rows; part.first += part.rows) {
            part.rows = p->rows - part.first < BYTE_ROWS ? p->rows - part.first : BYTE_ROWS;
            find_bytes(&local, &part);
            byte_blocks(&local, &part, rows, panels, vectors);
        }
        part.r += part.depth;
    } while (part.r < p->depth);
}

/* One panel. */
static void byte_panel(const mnist_byte_product *p)
{
    const size_t lane = MNIST_LANES / SIMD_FLOATS; /* vectors in MNIST_LANES */
    switch (p->width / MNIST_LANES) {
    case 1:
        byte_parts(p, 1, 1, lane);
        break;
    case 2:
        byte_parts(p, 1, 1, 2 * lane);
        break;
    case 3:
        byte_parts(p, 1, 1, 3 * lane);
        break;
    default:
        byte_parts(p, BYTE_TOGETHER, 1, 4 * lane);
        break;
    }
}

static void byte_product(const mnist_byte_product *p)
{
    assert(p->width % MNIST_LANES == 0 && p->width <= 2 * MNIST_PANEL);
    if (p->rows == 0) {
        return;
    }
    if (p->width <= MNIST_PANEL) {
        byte_panel(p);
    } else if (BYTE_PANELS == 2 && p->width == 2 * MNIST_PANEL) {
        byte_parts(p, 1, BYTE_PANELS, MNIST_PANEL / SIMD_FLOATS);
    } else {
        mnist_byte_product panel = *p;
        panel.width = MNIST_PANEL;
        byte_panel(&panel);
        panel.width = p->width - MNIST_PANEL;
        panel.out += MNIST_PANEL;
        panel.init = p->init ? p->init + p->init_panel : NULL;
        panel.w += p->w_panel;
        byte_panel(&panel);
    }
}

/* A square is transposed by zipping row k with row k + half, for as many rounds as the number of its
 * rows has bits. */

static void transpose_bytes(const uint8_t *x, const uint32_t *index, size_t x_stride, uint8_t *out,
                            size_t out_stride, size_t rows, size_t columns)
{
    static const uint8_t none[16];
    for (size_t i = 0; i < rows; i += 16) {
        const uint8_t *row[16];
        for (size_t k = 0; k < 16; k++) {
            row[k] = i + k < rows ? x + (index ? index[i + k] : i + k) * x_stride : NULL;
        }
        size_t c = 0;
        for (; c + 16 <= columns; c += 16) {
            vb a[16], b[16];
            for (size_t k = 0; k < 16; k++) {
                a[k] = vb_load(row[k] ? row[k] + c : none);
            }
            for (int round = 0; round < 2; round++) {
                for (size_t k = 0; k < 8; k++) {
                    b[2 * k] = vb_zip_low(a[k], a[k + 8]);
                    b[2 * k + 1] = vb_zip_high(a[k], a[k + 8]);
                }
                for (size_t k = 0; k < 8; k++) {
                    a[2 * k] = vb_zip_low(b[k], b[k + 8]);
                    a[2 * k + 1] = vb_zip_high(b[k], b[k + 8]);
                }
            }
            for (size_t k = 0; k < 16; k++) {
                vb_store(out + (c + k) * out_stride + i, a[k]);
            }
        }
        for (; c < columns; c++) {
            for (size_t k = 0; k < 16; k++) {
                out[c * out_stride + i + k] = row[k] ? row[k][c] : 0;
            }
        }
    }
}

#define SIDE SIMD_FLOATS

SIMD_INLINE void transpose_square(const float *in, size_t in_stride, float *out, size_t out_stride)
{
    vf a[SIDE], b[SIDE];
    for (size_t k = 0; k < SIDE; k++) {
        a[k] = vf_load(in + k * in_stride);
    }
    for (size_t bit = 1; bit < SIDE; bit *= 2) {
        for (size_t k = 0; k < SIDE / 2; k++) {
            b[2 * k] = vf_zip_low(a[k], a[k + SIDE / 2]);
            b[2 * k + 1] = vf_zip_high(a[k], a[k + SIDE / 2]);
        }
        for (size_t k = 0; k < SIDE; k++) {
            a[k] = b[k];
        }
    }
    for (size_t k = 0; k < SIDE; k++) {
        vf_store(out + k * out_stride, a[k]);
    }
}

static void transpose(const float *in, size_t in_stride, float *out, size_t out_stride, size_t rows,
                      size_t columns)
{
    const size_t whole_rows = rows / SIDE * SIDE, whole_columns = columns / SIDE * SIDE;
    for (size_t r = 0; r < whole_rows; r += SIDE) {
        for (size_t c = 0; c < whole_columns; c += SIDE) {
            transpose_square(in + r * in_stride + c, in_stride, out + c * out_stride + r,
                             out_stride);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) {
            out[c * out_stride + r] = in[r * in_stride + c];
        }
    }
}

SIMD_INLINE vf exp_approx(vf x)
{
    x = vf_select(x < vf_set(EXP_LOW), vf_set(EXP_LOW), x);
    x = vf_select(x > vf_set(EXP_HIGH), vf_set(EXP_HIGH), x);
    vf rounded = vf_fma(x, vf_set(EXP_LOG2E), vf_set(EXP_ROUND));
    vf n = rounded - vf_set(EXP_ROUND);
    vf r = vf_fma(n, vf_set(-EXP_LN2_HI), x);
    r = vf_fma(n, vf_set(-EXP_LN2_LO), r);
    vf q = vf_fma(vf_set(EXP_C6), r, vf_set(EXP_C5));
    q = vf_fma(q, r, vf_set(EXP_C4));
    q = vf_fma(q, r, vf_set(EXP_C3));
    q = vf_fma(q, r, vf_set(EXP_C2));
    vf e = vf_fma(q, r * r, r) + vf_set(1.0f);
    vf power = (vf)(((vi)rounded + 127) << 23);
    return e * power;
}

SIMD_INLINE vf tanh_approx(vf x)
{
    vf magnitude = vf_abs(x);
    vf z = x * x;
    vf q = vf_fma(vf_set(TANH_C13), z, vf_set(TANH_C11));
    q = vf_fma(q, z, vf_set(TANH_C9));
    q = vf_fma(q, z, vf_set(TANH_C7));
    q = vf_fma(q, z, vf_set(TANH_C5));
    q = vf_fma(q, z, vf_set(TANH_C3));
    vf small = vf_fma(q * z, x, x);
    vf large = vf_set(1.0f) - vf_set(2.0f) / (exp_approx(magnitude + magnitude) + vf_set(1.0f));
    vi sign = (vi)x & INT32_MIN;
    large = (vf)((vi)vf_abs(large) | sign);
    return vf_select(magnitude < vf_set(TANH_SMALL), small, large);
}

#include "kernels/activations.h"

#define DEFINE_ACTIVATION(code, name, ...)                                                         \
    static void name##_forward(const float *z, float *a, size_t n)                                 \
    {                                                                                              \
        assert(n % MNIST_LANES == 0);                                                              \
        for (size_t i = 0; i < n; i += SIMD_FLOATS) {                                              \
            vf_store(a + i, name##_value(vf_load(z + i)));                                         \
        }                                                                                          \
    }                                                                                              \
    static void name##_backward(const float *z, const float *a, float *d, size_t n)                \
    {                                                                                              \
        assert(n % MNIST_LANES == 0);                                                              \
        for (size_t i = 0; i < n; i += SIMD_FLOATS) {                                              \
            vf_store(d + i, vf_load(d + i) * name##_slope(vf_load(z + i), vf_load(a + i)));        \
        }                                                                                          \
    }
MNIST_ACTIVATION_LIST(DEFINE_ACTIVATION)

static void softmax_row(const mnist_softmax *s, size_t i)
{
    const float *z = s->z + i * s->stride;
    unsigned top = softmax_top(s, i);
    if (!softmax_has_loss(s) && !s->dz && !s->probabilities) {
        return;
    }
    float e[SOFTMAX_MOST_CLASSES];
    for (unsigned c = 0; c < s->classes; c += SIMD_FLOATS) { /* logits are padded to MNIST_LANES */
        vf_store(e + c, exp_approx(vf_load(z + c) - vf_set(z[top])));
    }
    softmax_finish(s, i, top, e);
}

/* A vector of images, one in each lane: columns of logits become vectors and back. Each lane does
 * for its image what softmax_row does, with sums in the same order. */

/* columns (count, SIDE) = the transpose of rows (SIDE, count), which lie stride values apart. count is
 * a multiple of SIDE. */
SIMD_INLINE void transpose_rows(const float *rows, float *columns, size_t stride, size_t count)
{
    for (size_t c = 0; c < count; c += SIDE) {
        transpose_square(rows + c, stride, columns + c * SIDE, SIDE);
    }
}

/* Lanes' losses, in double. */
static void softmax_losses(const mnist_softmax *s, size_t i, const vf *maximum, const vf *sum,
                           const vf *total)
{
    float off = s->smoothing / (float)s->classes;
    for (size_t lane = 0; lane < SIDE; lane++) {
        const float top = ((const float *)maximum)[lane];
        double label = (double)s->z[(i + lane) * s->stride + s->labels[i + lane]] - (double)top;
        s->losses[i + lane] =
            softmax_loss(s, off, ((const float *)sum)[lane], label, ((const float *)total)[lane]);
    }
}

static void softmax_images(const mnist_softmax *s, size_t i)
{
    _Alignas(64) float z[SOFTMAX_MOST_CLASSES * SIDE], e[SOFTMAX_MOST_CLASSES * SIDE];
    const unsigned classes = s->classes;
    const size_t columns = (classes + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;
    transpose_rows(s->z + i * s->stride, z, s->stride, columns);
    vf maximum = vf_load(z), sum = vf_set(0.0f), total = vf_set(0.0f);
    vi top = {0};
    for (unsigned c = 1; c < classes; c++) {
        vf value = vf_load(z + c * SIDE);
        vi above = value > maximum;
        maximum = vf_select(above, value, maximum);
        top = (above & ((vi){0} + (int32_t)c)) | (~above & top);
    }
    for (size_t lane = 0; s->predicted && lane < SIDE; lane++) {
        s->predicted[i + lane] = (uint8_t)top[lane];
    }
    if (!s->labels && !s->dz) {
        return;
    }
    for (unsigned c = 0; c < classes; c++) {
        vf below = vf_load(z + c * SIDE) - maximum, power = exp_approx(below);
        sum += power;
        total += below;
        vf_store(e + c * SIDE, power);
    }
    if (s->losses) {
        softmax_losses(s, i, &maximum, &sum, &total);
    }
    if (!s->dz) {
        return;
    }
    vi label = (vi){0} - 1; /* no class */
    for (size_t lane = 0; s->labels && lane < SIDE; lane++) {
        label[lane] = s->labels[i + lane];
    }
    const float off = softmax_off(s), on = off + (1.0f - s->smoothing);
    const vf inverse = vf_set(1.0f) / sum;
    for (unsigned c = 0; c < classes; c++) {
        vf target = vf_select(label == ((vi){0} + (int32_t)c), vf_set(on), vf_set(off));
        vf_store(z + c * SIDE, (vf_load(e + c * SIDE) * inverse - target) * vf_set(s->scale));
    }
    for (size_t c = classes; c < columns; c++) {
        vf_store(z + c * SIDE, vf_set(0.0f));
    }
    for (size_t c = 0; c < s->stride; c += SIDE) {
        if (c < columns) {
            transpose_square(z + c * SIDE, SIDE, s->dz + i * s->stride + c, s->stride);
        } else {
            for (size_t lane = 0; lane < SIDE; lane++) {
                vf_store(s->dz + (i + lane) * s->stride + c, vf_set(0.0f));
            }
        }
    }
}

static void softmax(const mnist_softmax *s)
{
    assert(s->classes <= SOFTMAX_MOST_CLASSES && s->stride % MNIST_LANES == 0);
    size_t i = 0;
    for (; softmax_is_plain(s) && i + SIDE <= s->rows; i += SIDE) {
        softmax_images(s, i);
    }
    for (; i < s->rows; i++) {
        softmax_row(s, i);
    }
}

#define ACTIVATE(code, name, ...)          [MNIST_##code] = name##_forward,
#define ACTIVATE_BACKWARD(code, name, ...) [MNIST_##code] = name##_backward,

extern const mnist_kernels SIMD_TABLE;
void SIMD_JOIN(mnist_warp_, SIMD_SUFFIX)(const mnist_warp *w);
extern const mnist_half SIMD_HALF(bf16), SIMD_HALF(fp16);
extern const mnist_sparse_kernels SIMD_SPARSE;
const mnist_kernels SIMD_TABLE = {
    .name = SIMD_NAME,
    .product = product,
    .byte_product = byte_product,
    .transpose_bytes = transpose_bytes,
    .transpose = transpose,
    .activate = {MNIST_ACTIVATION_LIST(ACTIVATE)},
    .activate_backward = {MNIST_ACTIVATION_LIST(ACTIVATE_BACKWARD)},
    .softmax = softmax,
    .sgd = ELEMENTWISE(sgd),
    .adam = ELEMENTWISE(adam),
    .average = ELEMENTWISE(average),
    .limit_columns = ELEMENTWISE(limit_columns),
    .dropout = ELEMENTWISE(dropout),
    .dropout_bytes = ELEMENTWISE(dropout_bytes),
    .sum_squares = ELEMENTWISE(sum_squares),
    .warp = SIMD_JOIN(mnist_warp_, SIMD_SUFFIX),
    .half = {[MNIST_BF16] = &SIMD_HALF(bf16), [MNIST_FP16] = &SIMD_HALF(fp16)},
    .sparse = &SIMD_SPARSE,
};
