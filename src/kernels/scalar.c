/* The oracle: every kernel as its contract says, one value at a time. It is right everywhere, and
 * slow where the CPU has no fused multiply-add and fmaf is a call. */
#include "base/rng.h"
#include "kernels/approx.h"
#include "kernels/kernels.h"
#include "kernels/softmax.h"

#include <math.h>

static void product(const mnist_product *p)
{
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t n = 0; n < p->width; n++) {
            float sum = p->init ? p->init[i * p->init_stride + n] : 0.0f;
            for (size_t r = 0; r < p->depth; r++) {
                sum = fmaf(p->x[i * p->x_row + r * p->x_step], p->w[r * p->w_stride + n], sum);
            }
            p->out[i * p->out_stride + n] = sum;
        }
    }
}

static void byte_product(const mnist_byte_product *p)
{
    for (size_t i = 0; i < p->rows; i++) {
        const uint8_t *x = p->x + (p->index ? p->index[i] : i) * p->x_stride;
        for (size_t n = 0; n < p->width; n++) {
            const size_t panel = n / MNIST_PANEL, column = n % MNIST_PANEL;
            const float *w = p->w + panel * p->w_panel + column;
            float sum =
                p->init ? p->init[i * p->init_stride + panel * p->init_panel + column] : 0.0f;
            for (size_t r = 0; r < p->depth; r++) {
                if (x[r] != 0) {
                    sum = fmaf(p->table[x[r]], w[r * p->w_stride], sum);
                }
            }
            p->out[i * p->out_stride + n] = sum;
        }
    }
}

static void transpose_bytes(const uint8_t *x, const uint32_t *index, size_t x_stride, uint8_t *out,
                            size_t out_stride, size_t rows, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        memset(out + c * out_stride, 0, (rows + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES);
        for (size_t i = 0; i < rows; i++) {
            out[c * out_stride + i] = x[(index ? index[i] : i) * x_stride + c];
        }
    }
}

static void transpose(const float *in, size_t in_stride, float *out, size_t out_stride, size_t rows,
                      size_t columns)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            out[c * out_stride + r] = in[r * in_stride + c];
        }
    }
}

static float exp_approx(float x)
{
    x = x < EXP_LOW ? EXP_LOW : x; /* written so that NaN stays NaN */
    x = x > EXP_HIGH ? EXP_HIGH : x;
    float rounded = fmaf(x, EXP_LOG2E, EXP_ROUND);
    float n = rounded - EXP_ROUND;
    float r = fmaf(n, -EXP_LN2_HI, x);
    r = fmaf(n, -EXP_LN2_LO, r);
    float q = fmaf(EXP_C6, r, EXP_C5);
    q = fmaf(q, r, EXP_C4);
    q = fmaf(q, r, EXP_C3);
    q = fmaf(q, r, EXP_C2);
    float e = fmaf(q, r * r, r) + 1.0f;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    bits = (bits + 127u) << 23; /* the low bits of `rounded` are n */
    float power;
    memcpy(&power, &bits, sizeof power);
    return e * power;
}

static float tanh_approx(float x)
{
    float magnitude = fabsf(x);
    float z = x * x;
    float q = fmaf(TANH_C13, z, TANH_C11);
    q = fmaf(q, z, TANH_C9);
    q = fmaf(q, z, TANH_C7);
    q = fmaf(q, z, TANH_C5);
    q = fmaf(q, z, TANH_C3);
    float small = fmaf(q * z, x, x);
    float large = 1.0f - 2.0f / (exp_approx(magnitude + magnitude) + 1.0f);
    return magnitude < TANH_SMALL ? small : copysignf(large, x);
}

/* What the activations are written in (as in simd.h), for one float. */
typedef float vf;
#define SIMD_INLINE              static inline
#define vf_set(x)                (x)
#define vf_abs(x)                fabsf(x)
#define vf_fma(a, b, c)          fmaf(a, b, c)
#define vf_select(mask, yes, no) ((mask) ? (yes) : (no))

#include "kernels/activations.h"

#define DEFINE_ACTIVATION(code, name, ...)                                                         \
    static void name##_forward(const float *z, float *a, size_t n)                                 \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            a[i] = name##_value(z[i]);                                                             \
        }                                                                                          \
    }                                                                                              \
    static void name##_backward(const float *z, const float *a, float *d, size_t n)                \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            d[i] *= name##_slope(z[i], a[i]);                                                      \
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
    for (unsigned c = 0; c < s->classes; c++) {
        e[c] = exp_approx(z[c] - z[top]);
    }
    softmax_finish(s, i, top, e);
}

static void softmax(const mnist_softmax *s)
{
    for (size_t i = 0; i < s->rows; i++) {
        softmax_row(s, i);
    }
}

static void sgd(float *w, float *v, const float *g, size_t n, const mnist_sgd_update *u)
{
    for (size_t i = 0; i < n; i++) {
        float gradient = fmaf(u->decay, w[i], g[i] * u->scale);
        v[i] = fmaf(u->momentum, v[i], gradient);
        float direction = u->nesterov ? fmaf(u->momentum, v[i], gradient) : v[i];
        w[i] = fmaf(-u->lr, direction, w[i]);
    }
}

static double sum_squares(const float *g, size_t n)
{
    double sums[MNIST_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % MNIST_LANES] += (double)g[i] * (double)g[i];
    }
    double sum = 0.0;
    for (size_t lane = 0; lane < MNIST_LANES; lane++) {
        sum += sums[lane];
    }
    return sum;
}

static void adam(float *w, float *m, float *v, const float *g, size_t n, const mnist_adam_update *u)
{
    for (size_t i = 0; i < n; i++) {
        float gradient = fmaf(u->decay, w[i], g[i] * u->scale);
        m[i] = fmaf(u->beta1, m[i], u->gain1 * gradient);
        v[i] = fmaf(u->beta2, v[i], u->gain2 * gradient * gradient);
        float direction = m[i] / fmaf(u->spread, sqrtf(v[i]), u->epsilon);
        w[i] = fmaf(-u->rate, direction, u->keep * w[i]);
    }
}

static void average(float *mean, const float *w, size_t n, float rate)
{
    for (size_t i = 0; i < n; i++) {
        mean[i] = fmaf(rate, w[i] - mean[i], mean[i]);
    }
}

static void limit_columns(float *w, size_t rows, size_t width, float limit)
{
    for (size_t c = 0; c < width; c++) {
        float squares = 0.0f;
        for (size_t r = 0; r < rows; r++) {
            squares = fmaf(w[r * width + c], w[r * width + c], squares);
        }
        if (squares > limit * limit) {
            const float scale = limit / sqrtf(squares);
            for (size_t r = 0; r < rows; r++) {
                w[r * width + c] *= scale;
            }
        }
    }
}

/* As the contract of mnist_dropout says, one value at a time. */
static bool keeps(const mnist_dropout *d, size_t index)
{
    const size_t u = d->first + index, block = u / 64 * 8 + u % 8, half = u / 8 % 8;
    mnist_rng_block random = mnist_rng(d->seed, MNIST_RNG_DROPOUT, d->layer << 16 | (uint32_t)block,
                                       d->step << 20 | d->row);
    uint32_t bits = random.word[half / 2] >> (half % 2 ? 16 : 0) & 0xffff;
    return bits >= d->threshold;
}

static void dropout(float *values, size_t n, const mnist_dropout *d)
{
    for (size_t u = 0; u < n; u++) {
        values[u] = keeps(d, u) ? values[u] * d->scale : 0.0f;
    }
}

static void dropout_bytes(uint8_t *bytes, size_t n, const mnist_dropout *d)
{
    for (size_t u = 0; u < n; u++) {
        bytes[u] = keeps(d, u) ? bytes[u] : 0;
    }
}

#define ACTIVATE(code, name, ...)          [MNIST_##code] = name##_forward,
#define ACTIVATE_BACKWARD(code, name, ...) [MNIST_##code] = name##_backward,

void mnist_warp_scalar(const mnist_warp *w);
extern const mnist_half mnist_half_scalar_bf16, mnist_half_scalar_fp16;
extern const mnist_sparse_kernels mnist_sparse_scalar;
const mnist_kernels mnist_kernels_scalar = {
    .name = "scalar",
    .product = product,
    .byte_product = byte_product,
    .transpose_bytes = transpose_bytes,
    .transpose = transpose,
    .activate = {MNIST_ACTIVATION_LIST(ACTIVATE)},
    .activate_backward = {MNIST_ACTIVATION_LIST(ACTIVATE_BACKWARD)},
    .softmax = softmax,
    .sgd = sgd,
    .adam = adam,
    .average = average,
    .limit_columns = limit_columns,
    .dropout = dropout,
    .dropout_bytes = dropout_bytes,
    .sum_squares = sum_squares,
    .warp = mnist_warp_scalar,
    .half = {[MNIST_BF16] = &mnist_half_scalar_bf16, [MNIST_FP16] = &mnist_half_scalar_fp16},
    .sparse = &mnist_sparse_scalar,
};
