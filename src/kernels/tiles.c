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

#define PREFETCH_LISTS 4

/* One row of a sparse product, `vectors` (a constant) wide: the sums are registers. */
SIMD_INLINE void sparse_rows(const mnist_sparse_product *p, const size_t vectors)
{
    const float *table = p->table;
    const size_t w_stride = p->w_stride;
    for (size_t i = 0; i < p->rows; i++) {
        const mnist_entry *list = p->entries + i * p->entry_stride;
        const mnist_entry *end = list + p->end[i * p->bound_stride];
        list += p->begin ? p->begin[i * p->bound_stride] : 0;
        /* Another worker may have written the lists: fetch the one after next while there is
         * time. */
        __builtin_prefetch(list + PREFETCH_LISTS * p->entry_stride);
        __builtin_prefetch(list + PREFETCH_LISTS * p->entry_stride + 16);
        vf sum[MNIST_PANEL / SIMD_FLOATS];
        for (size_t v = 0; v < vectors; v++) {
            sum[v] = p->init ? vf_load(p->init + i * p->init_stride + v * SIMD_FLOATS)
                             : vf_set(0.0f);
        }
        for (; list < end; list++) {
            vf x = vf_set(table[*list & 255]);
            const float *w = p->w + (*list >> 8) * w_stride;
            for (size_t v = 0; v < vectors; v++) {
                sum[v] = vf_fma(x, vf_load(w + v * SIMD_FLOATS), sum[v]);
            }
        }
        for (size_t v = 0; v < vectors; v++) {
            vf_store(p->out + i * p->out_stride + v * SIMD_FLOATS, sum[v]);
        }
    }
}

static void sparse_product(const mnist_sparse_product *p)
{
    assert(p->width % MNIST_LANES == 0 && p->width <= MNIST_PANEL);
    switch (p->width / MNIST_LANES) {
    case 1:
        sparse_rows(p, MNIST_LANES / SIMD_FLOATS);
        break;
    case 2:
        sparse_rows(p, 2 * MNIST_LANES / SIMD_FLOATS);
        break;
    case 3:
        sparse_rows(p, 3 * MNIST_LANES / SIMD_FLOATS);
        break;
    default:
        sparse_rows(p, 4 * MNIST_LANES / SIMD_FLOATS);
        break;
    }
}

#if defined(MNIST_SIMD_avx512)
static size_t compress(const uint8_t *bytes, size_t count, uint32_t first, mnist_entry *entries)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t found = 0, i = 0;
    for (; i + 16 <= count; i += 16) {
        __m512i value = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(bytes + i)));
        __mmask16 kept = _mm512_test_epi32_mask(value, value);
        __m512i index = _mm512_add_epi32(lane, _mm512_set1_epi32((int)(first + (uint32_t)i)));
        __m512i entry = _mm512_or_si512(_mm512_slli_epi32(index, 8), value);
        /* packed in a register and stored whole: a compressing store is slow on some CPUs */
        _mm512_storeu_si512(entries + found, _mm512_maskz_compress_epi32(kept, entry));
        found += (size_t)__builtin_popcount(kept);
    }
    for (; i < count; i++) {
        entries[found] = (first + (uint32_t)i) << 8 | bytes[i];
        found += bytes[i] != 0;
    }
    return found;
}
#else
static size_t compress(const uint8_t *bytes, size_t count, uint32_t first, mnist_entry *entries)
{
    size_t found = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + i, sizeof eight);
        if (eight == 0) {
            continue; /* most of a digit is background */
        }
        for (size_t j = 0; j < 8; j++) { /* no branch: an entry that is not kept is written over */
            entries[found] = (first + (uint32_t)(i + j)) << 8 | bytes[i + j];
            found += bytes[i + j] != 0;
        }
    }
    for (; i < count; i++) {
        entries[found] = (first + (uint32_t)i) << 8 | bytes[i];
        found += bytes[i] != 0;
    }
    return found;
}
#endif

static void transpose(const float *in, size_t in_stride, float *out, size_t out_stride,
                      size_t rows, size_t columns)
{
    /* Four rows at a time: each cache line of the output is touched once for four values. */
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const float *a = in + r * in_stride, *b = a + in_stride, *c = b + in_stride,
                    *d = c + in_stride;
        for (size_t column = 0; column < columns; column++) {
            float *to = out + column * out_stride + r;
            to[0] = a[column];
            to[1] = b[column];
            to[2] = c[column];
            to[3] = d[column];
        }
    }
    for (; r < rows; r++) {
        for (size_t column = 0; column < columns; column++) {
            out[column * out_stride + r] = in[r * in_stride + column];
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
const mnist_kernels SIMD_TABLE = {
    .name = SIMD_NAME,
    .product = product,
    .sparse_product = sparse_product,
    .compress = compress,
    .transpose = transpose,
    .activate = {MNIST_ACTIVATION_LIST(ACTIVATE)},
    .activate_backward = {MNIST_ACTIVATION_LIST(ACTIVATE_BACKWARD)},
    .softmax = softmax,
    .sgd = sgd,
    .sum_squares = sum_squares,
};
