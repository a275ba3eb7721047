/* mnist/kernels.h: the activations and precisions there are, and the instruction set that the
 * kernels use. */
#ifndef MNIST_KERNELS_H
#define MNIST_KERNELS_H

#include <mnist/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The activations there are, and all that has to be known of each (src/nn/README.md says how to add
 * one):
 *   code    MNIST_<code>
 *   name    <name>_value and <name>_slope are its formulas in src/kernels/activations.h
 *   text    what flags and model files call it
 *   reads   what its slope is made from: SIGN, whether f(z) is above 0; VALUE, f(z); INPUT, z
 *   init    what MNIST_INIT_AUTO stands for with it: HE or XAVIER (mnist/nn.h)
 *   script  its formula in JavaScript, for the net in the HTML report
 */
/* clang-format off */
#define MNIST_ACTIVATION_LIST(X)                                                                   \
    X(RELU, relu, "relu", SIGN, HE, "x => Math.max(0, x)")                                         \
    X(TANH, tanh, "tanh", VALUE, XAVIER, "Math.tanh")                                              \
    X(SIGMOID, sigmoid, "sigmoid", VALUE, XAVIER, "x => 1 / (1 + Math.exp(-x))")                   \
    X(LEAKY_RELU, leaky_relu, "leaky-relu", SIGN, HE, "x => x < 0 ? 0.01 * x : x")                 \
    X(GELU, gelu, "gelu", INPUT, HE, /* by Hendrycks & Gimpel 2016 */                              \
      "x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))")
/* clang-format on */

typedef enum mnist_activation {
#define MNIST_ACTIVATION_ENUM(code, ...) MNIST_##code,
    MNIST_ACTIVATION_LIST(MNIST_ACTIVATION_ENUM)
#undef MNIST_ACTIVATION_ENUM
        MNIST_ACTIVATIONS /* how many there are */
} mnist_activation;

/* Its text in the list, like "relu"; NULL past the end. */
const char *mnist_activation_name(mnist_activation activation);

/* What the operands of products are rounded to while training. Sums, weights and the optimiser's
 * state are fp32 in all three. */
typedef enum mnist_precision {
    MNIST_FP32,
    MNIST_BF16, /* 8 bits of mantissa, the range of fp32; magnitudes below 2^-56 count as 0 */
    MNIST_FP16, /* 11 bits of mantissa, 6e-8 to 65504; with dynamic loss scaling */
    MNIST_PRECISIONS
} mnist_precision;

/* "fp32", "bf16", "fp16"; NULL past the end. */
const char *mnist_precision_name(mnist_precision precision);

/* The name of the kernels in use: "scalar", "portable", "neon", "avx2", "avx512", "avx512bf16". By
 * default they are the fastest that this CPU can run. The choice changes no result. */
const char *mnist_kernels_name(void);

/* Chooses kernels by name for every pass created from now on; NULL returns to the default. Errors:
 * MNIST_ERR_ARGUMENT (a name that is unknown or not for this CPU; the text lists those for it). */
mnist_status mnist_kernels_use(const char *name, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
