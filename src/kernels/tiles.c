/* The blocked, vectorised kernels: one source for every instruction set (simd.h). Each does to
 * every lane what scalar.c does to its value, in the same order, so the bits agree. */
#include "kernels/approx.h"
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

/* Rows of w that all rows of x pass over before the next such block: 28 KiB of a panel, which stay
 * in a first-level cache. At most 128: two words of bits. */
#define BYTE_BLOCK 112u

/* Which of a row's bytes in a block are not 0. */
typedef struct byte_bits {
    uint64_t word[2];
} byte_bits;

/* Row i's bytes [r, end). */
SIMD_INLINE byte_bits find_bytes(const mnist_byte_product *p, size_t i, size_t r, size_t end)
{
    byte_bits bits = {{0, 0}};
    const uint8_t *x = p->x + (p->index ? p->index[i] : i) * p->x_stride;
    for (size_t k = 0; k < 2 && r < end; k++, r += 64) {
        bits.word[k] = bytes_used(x + r, p->depth - r);
        if (end - r < 64) { /* the next block's are read where there are any, and left out */
            bits.word[k] &= (UINT64_C(1) << (end - r)) - 1;
        }
    }
    return bits;
}

/* One row's products with rows r, r + 1, … of w, `vectors` (a constant) wide: the sums are
 * registers. */
SIMD_INLINE void byte_row(const mnist_byte_product *p, size_t i, size_t r, byte_bits bits,
                          const size_t vectors)
{
    const uint8_t *x = p->x + (p->index ? p->index[i] : i) * p->x_stride + r;
    const float *from = r == 0 ? p->init : p->out, *table = p->table, *w = p->w + r * p->w_stride;
    const size_t from_stride = r == 0 ? p->init_stride : p->out_stride, w_stride = p->w_stride;
    vf sum[MNIST_PANEL / SIMD_FLOATS];
    for (size_t v = 0; v < vectors; v++) {
        sum[v] = from ? vf_load(from + i * from_stride + v * SIMD_FLOATS) : vf_set(0.0f);
    }
    for (size_t k = 0; k < 2; k++) {
        for (uint64_t left = bits.word[k]; left != 0; left &= left - 1) {
            size_t at = k * 64 + (size_t)__builtin_ctzll(left);
            vf value = vf_set(table[x[at]]);
            const float *row = w + at * w_stride;
            for (size_t v = 0; v < vectors; v++) {
                sum[v] = vf_fma(value, vf_load(row + v * SIMD_FLOATS), sum[v]);
            }
        }
    }
    for (size_t v = 0; v < vectors; v++) {
        vf_store(p->out + i * p->out_stride + v * SIMD_FLOATS, sum[v]);
    }
}

SIMD_INLINE void byte_blocks(const mnist_byte_product *p, const size_t vectors)
{
    size_t blocks = (p->depth + BYTE_BLOCK - 1) / BYTE_BLOCK, block = 0, r = 0, end;
    do { /* of one size, or nearly; one even where there is nothing to add up */
        end = blocks > 0 ? p->depth * ++block / blocks : 0;
        byte_bits bits = find_bytes(p, 0, r, end);
        for (size_t i = 0; i < p->rows; i++) { /* a row ahead: the way from bytes to bits is long */
            byte_bits ahead = find_bytes(p, i + 1 < p->rows ? i + 1 : i, r, end);
            byte_row(p, i, r, bits, vectors);
            bits = ahead;
        }
        r = end;
    } while (end < p->depth);
}

static void byte_product(const mnist_byte_product *p)
{
    assert(p->width % MNIST_LANES == 0 && p->width <= MNIST_PANEL);
    if (p->rows == 0) {
        return;
    }
    switch (p->width / MNIST_LANES) {
    case 1:
        byte_blocks(p, MNIST_LANES / SIMD_FLOATS);
        break;
    case 2:
        byte_blocks(p, 2 * MNIST_LANES / SIMD_FLOATS);
        break;
    case 3:
        byte_blocks(p, 3 * MNIST_LANES / SIMD_FLOATS);
        break;
    default:
        byte_blocks(p, 4 * MNIST_LANES / SIMD_FLOATS);
        break;
    }
}

/* Squares are turned on their side by zipping row k with row k + half, for as many rounds as the
 * side has bits. */

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

static void transpose(const float *in, size_t in_stride, float *out, size_t out_stride,
                      size_t rows, size_t columns)
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

SIMD_INLINE vf gelu_tanh(vf x)
{
    return tanh_approx(vf_set(GELU_SCALE) * vf_fma(vf_set(GELU_CUBE) * (x * x), x, x));
}

/* Each activation: value f of z, and slope f' of z and a. */

SIMD_INLINE vf relu_value(vf z)
{
    return vf_select(z < vf_set(0.0f), vf_set(0.0f), z);
}

SIMD_INLINE vf relu_slope(vf z, vf a)
{
    (void)z;
    return vf_select(a > vf_set(0.0f), vf_set(1.0f), vf_set(0.0f));
}

SIMD_INLINE vf tanh_value(vf z)
{
    return tanh_approx(z);
}

SIMD_INLINE vf tanh_slope(vf z, vf a)
{
    (void)z;
    return vf_fma(-a, a, vf_set(1.0f));
}

SIMD_INLINE vf sigmoid_value(vf z)
{
    vf e = exp_approx(-vf_abs(z));
    vf s = vf_set(1.0f) / (vf_set(1.0f) + e);
    return vf_select(z < vf_set(0.0f), e * s, s);
}

SIMD_INLINE vf sigmoid_slope(vf z, vf a)
{
    (void)z;
    return a * (vf_set(1.0f) - a);
}

SIMD_INLINE vf leaky_relu_value(vf z)
{
    return vf_select(z < vf_set(0.0f), z * vf_set(LEAKY_SLOPE), z);
}

SIMD_INLINE vf leaky_relu_slope(vf z, vf a)
{
    (void)z;
    return vf_select(a > vf_set(0.0f), vf_set(1.0f), vf_set(LEAKY_SLOPE));
}

SIMD_INLINE vf gelu_value(vf z)
{
    return vf_set(0.5f) * z * (vf_set(1.0f) + gelu_tanh(z));
}

SIMD_INLINE vf gelu_slope(vf z, vf a)
{
    (void)a;
    vf t = gelu_tanh(z);
    vf inner = vf_set(GELU_SCALE) * vf_fma(vf_set(3.0f * GELU_CUBE), z * z, vf_set(1.0f));
    return vf_fma(vf_set(0.5f) * z * vf_fma(-t, t, vf_set(1.0f)), inner,
                  vf_set(0.5f) * (vf_set(1.0f) + t));
}

#define DEFINE_ACTIVATION(code, name, text)                                                        \
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
    if (!s->labels) {
        return;
    }
    float e[SOFTMAX_MOST_CLASSES];
    for (unsigned c = 0; c < s->classes; c += SIMD_FLOATS) { /* logits are padded to MNIST_LANES */
        vf_store(e + c, exp_approx(vf_load(z + c) - vf_set(z[top])));
    }
    softmax_finish(s, i, top, e);
}

static void softmax(const mnist_softmax *s)
{
    assert(s->classes <= 256 && s->stride % MNIST_LANES == 0);
    for (size_t i = 0; i < s->rows; i++) {
        softmax_row(s, i);
    }
}

static void sgd(float *w, float *v, const float *g, size_t n, const mnist_sgd_update *u)
{
    assert(n % MNIST_LANES == 0);
    const vf decay = vf_set(u->decay), scale = vf_set(u->scale), momentum = vf_set(u->momentum),
             rate = vf_set(-u->lr);
    for (size_t i = 0; i < n; i += SIMD_FLOATS) {
        vf weight = vf_load(w + i);
        vf gradient = vf_fma(decay, weight, vf_load(g + i) * scale);
        vf velocity = vf_fma(momentum, vf_load(v + i), gradient);
        vf direction = u->nesterov ? vf_fma(momentum, velocity, gradient) : velocity;
        vf_store(v + i, velocity);
        vf_store(w + i, vf_fma(rate, direction, weight));
    }
}

static double sum_squares(const float *g, size_t n)
{
    assert(n % MNIST_LANES == 0);
    double sums[MNIST_LANES] = {0};
    for (size_t i = 0; i < n; i += MNIST_LANES) {
        for (size_t lane = 0; lane < MNIST_LANES; lane++) {
            double value = g[i + lane];
            sums[lane] += value * value;
        }
    }
    double sum = 0.0;
    for (size_t lane = 0; lane < MNIST_LANES; lane++) {
        sum += sums[lane];
    }
    return sum;
}

#define ACTIVATE(code, name, text)          [MNIST_##code] = name##_forward,
#define ACTIVATE_BACKWARD(code, name, text) [MNIST_##code] = name##_backward,

extern const mnist_kernels SIMD_TABLE;
extern const mnist_half SIMD_HALF(bf16), SIMD_HALF(fp16);
const mnist_kernels SIMD_TABLE = {
    .name = SIMD_NAME,
    .product = product,
    .byte_product = byte_product,
    .transpose_bytes = transpose_bytes,
    .transpose = transpose,
    .activate = {MNIST_ACTIVATION_LIST(ACTIVATE)},
    .activate_backward = {MNIST_ACTIVATION_LIST(ACTIVATE_BACKWARD)},
    .softmax = softmax,
    .sgd = sgd,
    .sum_squares = sum_squares,
    .half = {[MNIST_BF16] = &SIMD_HALF(bf16), [MNIST_FP16] = &SIMD_HALF(fp16)},
};
