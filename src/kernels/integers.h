/* The operation that a net of whole numbers needs, behind a table of its own: products of bytes and
 * signed bytes, added up in 32 bits, and what becomes of the sums. integers_scalar.c is the oracle:
 * every other table gives the same bits. All is whole-number arithmetic, in which sums do not
 * depend on their order, save for the one multiplication that makes a float of a logit. */
#ifndef MNIST_KERNELS_INTEGERS_H
#define MNIST_KERNELS_INTEGERS_H

#include "kernels/kernels.h"

/* Inputs are at most this, and weights are in its range with either sign. A product of two is then
 * below 2^14, so that the two that AVX2 adds up in 16 bits cannot saturate, and Arm's dot product
 * can take inputs for signed. */
#define MNIST_INTEGER_MOST 127

/* The deepest sum is 65,536 products, at most 127 127 65536 = 1,057,030,144. */
#define MNIST_INTEGER_DEPTH 65536u

/* Inputs go in groups of four, for which a dot product is one instruction. Weights lie in panels of
 * MNIST_PANEL outputs, the last of them narrower, padded with zeros to MNIST_LANES, and within a
 * panel by groups: the weights of four inputs to the first output, of the same four to the next, …
 * Inputs are padded with zeros to a whole group. */
#define MNIST_INTEGER_GROUP 4u

/* From sums to the bytes that the next layer reads, in steps that are one instruction in most sets:
 *   t = sum >> shift (floor), at least -32768 and at most 32767
 *   v = (t multiplier + 2^14) >> 15 (floor) + middle, at least 0 and at most `most`
 *   out = table ? table[v] : v
 * The caller puts what rounds the first shift, 2^shift / 2, into init. */
typedef struct mnist_integer_steps {
    const int32_t *shifts;      /* (outputs): 0 to 24 */
    const int32_t *multipliers; /* (outputs): 0 to 32767 */
    int16_t middle, most;       /* 0 and 127, or, with a table, 128 and 255 */
    const uint8_t *table;       /* (256), entries at most 127; or NULL */
} mnist_integer_steps;

/* sum(i, n) = init(n) + sum over k of x(i, k) w(k, n); then out(i, n) as `steps` says, or else
 * logits(i, n) = (float)sum scales(n), rounded to nearest even twice. */
typedef struct mnist_integer_product {
    const uint8_t *x; /* (rows, inputs), rows x_stride apart; none behind a row's end is read */
    size_t x_stride;
    size_t rows, inputs; /* inputs: 1 to MNIST_INTEGER_DEPTH */
    bool pixels;     /* each byte b stands for (b + 1) / 2, rounded down, at most 127; else all are
                      * at most 127 */
    bool sparse;     /* many groups of inputs are all 0: they are searched for and left out, which
                      * changes no sum */
    const int8_t *w; /* (inputs, outputs) in panels */
    size_t outputs;  /* multiple of MNIST_LANES */
    const int32_t *init;              /* (outputs): so that no sum leaves 32 bits, whatever x is */
    const mnist_integer_steps *steps; /* NULL: logits */
    uint8_t *out;                     /* (rows, outputs), rows out_stride apart */
    size_t out_stride;
    const float *scales; /* (outputs) */
    float *logits;       /* (rows, outputs), rows logits_stride apart */
    size_t logits_stride;
} mnist_integer_product;

typedef struct mnist_integer_kernels {
    const char *name;
    void (*product)(const mnist_integer_product *product);

    /* For mnist-bench: `rounds` dot products into each of some sums, without memory. *operations: how
     * many operations those were, a multiplication and an addition counted as two. The value depends
     * on every sum. */
    double (*peak)(size_t rounds, double *operations);
} mnist_integer_kernels;

/* A pixel as an input. */
static inline uint8_t mnist_integer_pixel(uint8_t pixel)
{
    const unsigned half = (pixel + 1u) / 2;
    return (uint8_t)(half < MNIST_INTEGER_MOST ? half : MNIST_INTEGER_MOST);
}

static inline size_t mnist_integer_groups(size_t inputs)
{
    return (inputs + MNIST_INTEGER_GROUP - 1) / MNIST_INTEGER_GROUP;
}

/* Where the weight of input k to output n lies; outputs is padded. */
static inline size_t mnist_integer_place(size_t inputs, size_t outputs, size_t k, size_t n)
{
    const size_t panel = n / MNIST_PANEL, rest = outputs - panel * MNIST_PANEL;
    const size_t width = rest < MNIST_PANEL ? rest : MNIST_PANEL;
    const size_t groups = mnist_integer_groups(inputs);
    return MNIST_INTEGER_GROUP *
               (panel * MNIST_PANEL * groups + k / MNIST_INTEGER_GROUP * width + n % MNIST_PANEL) +
           k % MNIST_INTEGER_GROUP;
}

/* Bytes of a layer's weights in panels. */
static inline size_t mnist_integer_size(size_t inputs, size_t outputs)
{
    return mnist_integer_groups(inputs) * MNIST_INTEGER_GROUP * outputs;
}

/* value / 2^bits, rounded down. */
static inline int32_t mnist_integer_shift(int32_t value, int32_t bits)
{
    return value < 0 ? ~(~value >> bits) : value >> bits;
}

/* v, of output n's sum. */
static inline uint8_t mnist_integer_value(const mnist_integer_steps *steps, size_t n, int32_t sum)
{
    int32_t t = mnist_integer_shift(sum, steps->shifts[n]);
    t = t < INT16_MIN ? INT16_MIN : t > INT16_MAX ? INT16_MAX : t;
    const int32_t product = t * steps->multipliers[n] + (1 << 14);
    int32_t v = mnist_integer_shift(product, 15) + steps->middle;
    return (uint8_t)(v < 0 ? 0 : v > steps->most ? steps->most : v);
}

/* The oracle, usable everywhere. */
extern const mnist_integer_kernels mnist_integer_kernels_scalar;

/* The table that goes with mnist_kernels_select: by default the fastest that this CPU can run. */
const mnist_integer_kernels *mnist_integer_kernels_select(void);

/* Every table that this CPU can run, the oracle first; NULL past the end. For tests and benches. */
const mnist_integer_kernels *mnist_integer_kernels_list(size_t index);

#endif
