/* mnist/integers.h: nets of whole numbers, for inference.
 *
 * A net may have an integer form beside its floats: weights of 8 bits with a scale for each output,
 * activations of 7 bits, sums of 32 bits (Jacob et al. 2018, "Quantization and training of neural
 * networks for efficient integer-arithmetic-only inference"). mnist_mlp_quantize (mnist/eval.h)
 * makes it after training; a file's reader sets it by mnist_mlp_set_integers.
 *
 * Layer l takes q_l, whole numbers from 0 to 127, that stand for its inputs:
 *   x = scale_l (q - zero_l)
 * Its weights are w = scale_ln q(k, n), -127 to 127, and its biases b = scale_l scale_ln q(n). So
 *   z(n) = scale_l scale_ln sum(n),  sum(n) = q(n) + sum over k of (q_l(k) - zero_l) q(k, n)
 * and sum(n) is a whole number that fits 32 bits. From it, in whole numbers as well,
 *   relu    q = sum r, rounded, at least 0 and at most 127
 *   others  q = table[128 + sum r], with 256 entries, made from f(z)
 * where r, one number for each output, is a multiplier and a shift, and rounding is to nearest,
 * halves up, once at the shift and once at the multiplication (src/kernels/integers.h). Of the last
 * layer z(n) are the logits: the only floats, one multiplication each. All numbers that are not in
 * a file follow from those that are by single operations of IEEE 754, so the logits are the same
 * bits on every machine, whatever the instruction set, the compiler or the number of threads.
 *
 * Images come as bytes b: q = (b + 1) / 2 rounded down, at most 127, stands for b / 255 white +
 * shift, which are the normalisation: scale = 2 / 255 white, zero = -shift / scale, which here need
 * not be a whole number. Seven bits and not eight, as then products of two do not saturate the 16
 * bits of AVX2's and Arm's way; on MNIST they cost 0.1 errors in 10,000 (src/nn/README.md).
 *
 * What computes with integers: mnist_evaluate, mnist_probabilities, mnist_logits, committees and
 * classifiers, of a net that has the form, if the normalisation that they are given is the form's.
 * Else, and in mnist_pass_forward, which is given floats, and in training, the net is its float
 * parameters. These are the values that the integers stand for, so that the answers are nearly the
 * same. Whatever changes the float parameters (mnist_mlp_init, mnist_mlp_set_layer, mnist_train)
 * drops the form.
 */
#ifndef MNIST_INTEGERS_H
#define MNIST_INTEGERS_H

#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MNIST_INTEGER_WEIGHT_MOST 127        /* of a weight's magnitude */
#define MNIST_INTEGER_BIAS_MOST   1073741824 /* of a bias's magnitude: 2^30 */
#define MNIST_INTEGER_VALUE_MOST  127        /* of an activation */

/* What a hidden layer's outputs are: value a = scale (q - zero). */
typedef struct mnist_integer_range {
    float scale;   /* > 0, normal */
    unsigned zero; /* 0 to 127; 0 with relu */
    /* Other activations: table entry v is made from f(step (v - 128)), by the library's own f:
     * floor(f / scale + 0.5) + zero, at least 0 and at most 127. > 0, normal; with relu 0. */
    float step;
} mnist_integer_range;

/* The integer form of a layer, in the caller's memory. */
typedef struct mnist_integer_layer {
    const int8_t *weights;     /* (inputs, outputs) row-major, -127 to 127 */
    const float *scales;       /* (outputs): of weights; > 0, normal */
    const int32_t *biases;     /* (outputs): within ±2^30 */
    mnist_integer_range range; /* of the outputs; all 0 in the last layer */
} mnist_integer_layer;

/* What a pixel b is to the net: b / 255 white + shift. Both are as mnist_normalization gives them:
 * 1 and 0 for MNIST_NORMALIZE_UNIT, else 1 / stddev and -mean / stddev, in float. */
typedef struct mnist_integer_inputs {
    float white; /* > 0, normal */
    float shift; /* -white to 0: a pixel's mean is 0 to 1 */
} mnist_integer_inputs;

/* The scale of the first layer's inputs: 2 / 255 white. */
double mnist_integer_input_scale(const mnist_integer_inputs *inputs);

/* Gives a net its integer form: layers[0] to layers[mnist_mlp_layers() - 1], which are copied, and
 * sets its float parameters to the values they stand for. Passes of the net that there are already
 * use the form from then on; none may be at work. Errors: MNIST_ERR_FORMAT (a number that is out of
 * its range: which), MNIST_ERR_ARGUMENT (a net with batch_norm), MNIST_ERR_MEMORY; the net is then
 * as before. */
mnist_status mnist_mlp_set_integers(mnist_mlp *mlp, const mnist_integer_inputs *inputs,
                                    const mnist_integer_layer *layers, mnist_error *err);

/* Has the net an integer form? *inputs, if not NULL, is then set. */
bool mnist_mlp_has_integers(const mnist_mlp *mlp, mnist_integer_inputs *inputs);

/* Copies a layer of the form out: weights (inputs, outputs), scales (outputs), biases (outputs).
 * Any pointer may be NULL. Asserts that there is a form. */
void mnist_mlp_get_integers(const mnist_mlp *mlp, unsigned layer, int8_t *weights, float *scales,
                            int32_t *biases, mnist_integer_range *range);

/* What a layer computes with, all that follows from the above in it (src/kernels/integers.h):
 *   sum(n) = start(n) + sum over k of q(k) q(k, n)
 * where q(k) are the layer's inputs as whole numbers. Of a hidden layer then, with >> rounding down,
 *   t = sum >> shift(n), at least -32768 and at most 32767
 *   v = (t multiplier(n) + 2^14) >> 15
 *   relu: the output is v, at least 0 and at most 127; others: table[v + 128], that index within 0 to
 *   255; and of the last layer
 *   logit(n) = (float)sum scale(n), each rounded to nearest even. */
typedef struct mnist_integer_constants {
    const int32_t *start;       /* (outputs): such that no sum leaves 32 bits */
    const int32_t *shifts;      /* (outputs), 0 to 24; NULL of the last layer */
    const int32_t *multipliers; /* (outputs), 0 to 32767; NULL of the last layer */
    const uint8_t *table;       /* (256), 0 to 127; NULL with relu, and of the last layer */
    const float *scales;        /* (outputs); NULL of hidden layers */
} mnist_integer_constants;

/* These of a layer, borrowed until the form goes. Asserts that there is a form. */
mnist_integer_constants mnist_mlp_integer_constants(const mnist_mlp *mlp, unsigned layer);

/* Takes the form away; the float parameters stay. Nothing if there is none. */
void mnist_mlp_drop_integers(mnist_mlp *mlp);

/* Whether passes created from now on compute with the integer form of a net that has one. */
typedef enum mnist_integers_mode {
    MNIST_INTEGERS_AUTO, /* where integers are faster than floats: with all kernels that there are */
    MNIST_INTEGERS_ON,
    MNIST_INTEGERS_OFF /* the float parameters, for comparison: other logits */
} mnist_integers_mode;

/* A setting of the process, AUTO by default. AUTO never chooses by the machine between answers that
 * differ: it is the same as ON, since wherever it was measured integers were the faster
 * (src/kernels/README.md). */
void mnist_integers_use(mnist_integers_mode mode);

/* The kernels that compute with integers: "scalar", "portable", "neon", "neondot" (dot product),
 * "avx2", "avxvnni", "avx512vnni"; NULL if mnist_integers_use says OFF. They follow
 * mnist_kernels_use: of those for CPUs on which the chosen kernels are the fastest, they are the
 * fastest that this CPU can run. The choice changes no result. */
const char *mnist_integers_kernels_name(void);

#ifdef __cplusplus
}
#endif

#endif
