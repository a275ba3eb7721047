/* mnist/kernels.h: what the arithmetic rooms have to say to a caller: the activations there are,
 * and which instruction set the kernels were chosen for.
 */
#ifndef MNIST_KERNELS_H
#define MNIST_KERNELS_H

#include <mnist/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Name, text, and the formula of each hidden unit's activation. */
#define MNIST_ACTIVATION_LIST(X)                                                                   \
    X(RELU, relu, "relu") /* max(0, x) */                                                          \
    X(TANH, tanh, "tanh")                                                                          \
    X(SIGMOID, sigmoid, "sigmoid")          /* 1 / (1 + exp(-x)) */                                \
    X(LEAKY_RELU, leaky_relu, "leaky-relu") /* x, or x / 100 below zero */                         \
    X(GELU, gelu, "gelu") /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), Hendrycks 2016 */

typedef enum mnist_activation {
#define MNIST_ACTIVATION_ENUM(code, name, text) MNIST_##code,
    MNIST_ACTIVATION_LIST(MNIST_ACTIVATION_ENUM)
#undef MNIST_ACTIVATION_ENUM
        MNIST_ACTIVATIONS /* how many there are */
} mnist_activation;

/* "relu", "tanh", "sigmoid", "leaky-relu", "gelu"; NULL past the end. */
const char *mnist_activation_name(mnist_activation activation);

/* What the operands of products are rounded to while training; sums, weights and their state are
 * fp32 in all three. */
typedef enum mnist_precision {
    MNIST_FP32,
    MNIST_BF16, /* 8 bits of mantissa, the range of fp32 (magnitudes below 2^-56 count as 0) */
    MNIST_FP16, /* 11 bits of mantissa, 6e-8 to 65504; with dynamic loss scaling */
    MNIST_PRECISIONS
} mnist_precision;

/* "fp32", "bf16", "fp16"; NULL past the end. */
const char *mnist_precision_name(mnist_precision precision);

/* The name of the kernels in use: "scalar", "portable", "neon", "avx2", "avx512", "avx512bf16". By
 * default the fastest that this CPU can run; which they are changes no result. */
const char *mnist_kernels_name(void);

/* Chooses kernels by name for every pass created from now on; NULL returns to the default. Errors:
 * MNIST_ERR_ARGUMENT (a name unknown or not for this CPU; the text lists those there are). */
mnist_status mnist_kernels_use(const char *name, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
