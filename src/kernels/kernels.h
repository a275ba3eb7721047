/* The operations that a dense net needs, behind one table of function pointers. scalar.c is the
 * oracle: every other table gives the same bits. Where an order matters the contract here states
 * it: kernels are vectorised across outputs, never across a reduction, and fuse where it says fma
 * and nowhere else. All arrays are aligned to 64 bytes, and none overlap unless said otherwise. */
#ifndef MNIST_KERNELS_KERNELS_H
#define MNIST_KERNELS_KERNELS_H

#include "kernels/half.h"
#include "kernels/sparse.h"
#include "kernels/warp.h"

#include <mnist/kernels.h>

/* Floats in a cache line and in the widest vector. Widths and lengths that kernels are given are
 * multiples of it, padded with zeros by the caller. */
#define MNIST_LANES 16u

/* Most columns of a product's output in one call; nn/ packs weights in panels of this width. */
#define MNIST_PANEL 64u

/* out(i, n) = init(i, n) + sum over r of x(i, r) w(r, n): one panel of a matrix product.
 * Each output starts from init and takes fma(x, w, ·) for r = 0, 1, … in that order. */
typedef struct mnist_product {
    float *out; /* (rows, width) */
    size_t out_stride;
    /* (rows, width); stride 0 repeats one row, as for a bias; NULL is all 0; may be out itself */
    const float *init;
    size_t init_stride;
    const float *x; /* x(i, r) = x[i * x_row + r * x_step]; any alignment */
    size_t x_row, x_step;
    const float *w; /* (depth, width) */
    size_t w_stride;
    size_t rows, depth;
    size_t width; /* multiple of MNIST_LANES, at most MNIST_PANEL */
} mnist_product;

/* out(i, n) = init(i, n) + sum over r of table[x(i, r)] w(r, n), where x(i, r) is not 0:
 * mnist_product for a left operand of bytes, most of which are 0. As long as w is finite, a product
 * with 0 changes no sum (other than the sign of a zero), so leaving it out or not gives the bits of
 * the dense product. There may be two panels: for columns from MNIST_PANEL on, w and init lie
 * w_panel and init_panel floats behind those of the first panel. */
typedef struct mnist_byte_product {
    float *out; /* (rows, width) */
    size_t out_stride;
    const float *init; /* as in mnist_product */
    size_t init_stride, init_panel;
    const uint8_t *x;      /* (·, depth), rows x_stride apart; any alignment */
    const uint32_t *index; /* (rows): the left operand's row i is row index[i] of x; NULL: row i */
    size_t x_stride;
    const float *table; /* (256), table[0] = 0 */
    const float *w;     /* (depth, width) */
    size_t w_stride, w_panel;
    size_t rows, depth;
    size_t width; /* multiple of MNIST_LANES, at most 2 * MNIST_PANEL */
} mnist_byte_product;

/* Softmax and cross-entropy of rows of logits, and the gradient of `scale` times each row's loss.
 * With m = max z, e_c = exp(z_c - m), s = sum of e_c for c = 0, 1, …:
 *   losses_i = log s - (1 - smoothing) (z_label - m) - smoothing / classes * sum of (z_c - m)
 *   dz(i, c) = (e_c / s - target_c) scale,  target = smoothing / classes, + 1 - smoothing if label
 * Where targets are given they stand in for onehot(label), and sum to 1:
 *   target_c = (1 - smoothing) targets(i, c) + smoothing / classes
 *   losses_i = log s - (1 - smoothing) sum of targets(i, c) (z_c - m) - smoothing / classes * …
 * With confidence > 0 (Pereyra et al. 2017), p the softmax and H = - sum of p_c log p_c:
 *   losses_i gets - confidence H,  dz(i, c) gets confidence p_c (log p_c + H) scale
 * Without labels and targets dz(i, c) = (e_c / s) scale: with scale 1 the probabilities.
 * predicted_i is the lowest index of the largest logit. A NaN or infinite logit gives a loss that
 * is not finite. */
typedef struct mnist_softmax {
    const float *z; /* (rows, stride) */
    float *dz;      /* (rows, stride), columns past classes set to 0; NULL: not wanted; may be z */
    size_t stride;
    const uint8_t *labels; /* (rows); NULL: losses are not wanted, and there is no target, save by
                            * targets */
    const float *targets;  /* (rows, stride); NULL: the labels */
    float *probabilities;  /* (rows, stride), columns past classes set to 0; NULL: not wanted */
    float *losses;         /* (rows); NULL: not wanted */
    uint8_t *predicted;    /* (rows); NULL: not wanted */
    size_t rows;
    unsigned classes; /* at most 256 */
    float smoothing, scale, confidence;
} mnist_softmax;

/* One update of n parameters (mnist/nn.h, MNIST_SGD): g' = fma(decay, w, g scale),
 * v = fma(momentum, v, g'), w = fma(-lr, nesterov ? fma(momentum, v, g') : v, w). */
typedef struct mnist_sgd_update {
    float lr, momentum, decay;
    float scale; /* of the gradient, for clipping and for the loss scale */
    bool nesterov;
} mnist_sgd_update;

/* One update of n parameters (mnist/nn.h, MNIST_ADAM, MNIST_ADAMW, MNIST_RMSPROP):
 *   g' = fma(decay, w, g scale),  m = fma(beta1, m, gain1 g'),  v = fma(beta2, v, gain2 g' g'),
 *   w = fma(-rate, m / fma(spread, sqrt v, epsilon), keep w)
 * with gain = 1 - beta; rate and spread hold what corrects the bias of m and v. */
typedef struct mnist_adam_update {
    float beta1, gain1, beta2, gain2;
    float rate, spread, epsilon;
    float decay; /* weight decay as part of the gradient */
    float keep;  /* the factor that decoupled decay multiplies weights by; else 1 */
    float scale; /* of the gradient */
} mnist_adam_update;

/* Which of a row's values dropout keeps, and what those are multiplied by: a function of (seed,
 * step, row, layer) and the value's index in the row. Each value has 16 random bits, and is dropped
 * if they are below threshold. Value u belongs to group u / 64. In that group lane u % 8 draws
 * block 8 group + lane, which has four words, and u / 8 % 8 picks one of their halves, the low
 * halves first. */
typedef struct mnist_dropout {
    uint64_t seed, step; /* step below 2^44 */
    uint32_t row;        /* below 2^20: image of the batch */
    uint32_t layer;      /* MNIST_DROPOUT_INPUT: of the inputs */
    uint32_t first;      /* index of the first value: a multiple of MNIST_DROPOUT_GROUP */
    uint32_t threshold;  /* 65536 times the probability to drop */
    float scale;         /* of what is kept: 65536 / (65536 - threshold) */
} mnist_dropout;

#define MNIST_DROPOUT_INPUT 0xffffu
#define MNIST_DROPOUT_GROUP 64u

/* Sets threshold and scale from the probability to drop, in [0, 1), rounded to the nearest 1/65536.
 */
static inline void mnist_dropout_set_rate(mnist_dropout *dropout, float rate)
{
    const uint32_t threshold = (uint32_t)(rate * 65536.0f + 0.5f);
    dropout->threshold = threshold < 65536 ? threshold : 65535;
    dropout->scale = 65536.0f / (float)(65536 - dropout->threshold);
}

typedef struct mnist_kernels {
    const char *name;

    void (*product)(const mnist_product *product);

    void (*byte_product)(const mnist_byte_product *product);

    /* out(c, i) = x(index[i], c) for i < rows and c < columns, x and index as in
     * mnist_byte_product, rows of out out_stride apart, which is at least rows, rounded up to
     * MNIST_LANES: what lies between is set to 0. */
    void (*transpose_bytes)(const uint8_t *x, const uint32_t *index, size_t x_stride, uint8_t *out,
                            size_t out_stride, size_t rows, size_t columns);

    /* out(c, r) = in(r, c) for a block of rows x columns, both at most MNIST_PANEL and any
     * number. */
    void (*transpose)(const float *in, size_t in_stride, float *out, size_t out_stride, size_t rows,
                      size_t columns);

    /* a = f(z) for n values; a may be z. */
    void (*activate[MNIST_ACTIVATIONS])(const float *z, float *a, size_t n);

    /* d *= f'(z) for n values. It reads z or a = f(z), as mnist_activation_reads says, so that the
     * other need not be kept. */
    void (*activate_backward[MNIST_ACTIVATIONS])(const float *z, const float *a, float *d,
                                                 size_t n);

    void (*softmax)(const mnist_softmax *softmax);

    void (*sgd)(float *w, float *v, const float *g, size_t n, const mnist_sgd_update *update);

    void (*adam)(float *w, float *m, float *v, const float *g, size_t n,
                 const mnist_adam_update *update);

    /* mean = fma(rate, w - mean, mean) for n values. */
    void (*average)(float *mean, const float *w, size_t n, float rate);

    /* Columns of w (rows, width) whose L2 norm is above limit are scaled down to it: with
     * n2 = fma(w, w, n2) for rows 0, 1, … and n2 > limit limit, w = w (limit / sqrt n2). */
    void (*limit_columns)(float *w, size_t rows, size_t width, float limit);

    /* values = kept ? value * scale : 0 for n values, or bytes: kept ? byte : 0. n may be any
     * number for bytes; for floats it is a multiple of MNIST_LANES. */
    void (*dropout)(float *values, size_t n, const mnist_dropout *dropout);
    void (*dropout_bytes)(uint8_t *bytes, size_t n, const mnist_dropout *dropout);

    /* Sum of squares in double: MNIST_LANES partial sums (value i goes to sum i % MNIST_LANES),
     * added up in ascending order. */
    double (*sum_squares)(const float *g, size_t n);

    void (*warp)(const mnist_warp *warp);

    const mnist_half *half[MNIST_PRECISIONS]; /* NULL for MNIST_FP32 */

    const mnist_sparse_kernels *sparse;
} mnist_kernels;

/* What an activation's slope is made from. */
typedef enum mnist_slope_reads {
    MNIST_SLOPE_READS_SIGN,  /* whether f(z) is above 0, which dropout does not change */
    MNIST_SLOPE_READS_VALUE, /* f(z), as it is before dropout */
    MNIST_SLOPE_READS_INPUT  /* z */
} mnist_slope_reads;

static inline mnist_slope_reads mnist_activation_reads(mnist_activation activation)
{
#define MNIST_READS(code, name, text, reads, ...) [MNIST_##code] = MNIST_SLOPE_READS_##reads,
    static const mnist_slope_reads reads[] = {MNIST_ACTIVATION_LIST(MNIST_READS)};
#undef MNIST_READS
    return reads[activation];
}

/* The oracle, usable everywhere. */
extern const mnist_kernels mnist_kernels_scalar;

/* The table that mnist_kernels_use chose; by default the fastest that this CPU can run. */
const mnist_kernels *mnist_kernels_select(void);

/* Every table that this CPU can run, the oracle first; NULL past the end. For tests and benches. */
const mnist_kernels *mnist_kernels_list(size_t index);

#endif
