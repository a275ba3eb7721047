/* The activations in double, by libm: what the kernels approximate. */
#ifndef MNIST_TESTS_EXACT_H
#define MNIST_TESTS_EXACT_H

#include <math.h>
#include <mnist/kernels.h>

static inline double exact_activation(mnist_activation f, double z)
{
    switch (f) {
    case MNIST_RELU:
        return z > 0 ? z : 0;
    case MNIST_TANH:
        return tanh(z);
    case MNIST_SIGMOID:
        return 1 / (1 + exp(-z));
    case MNIST_LEAKY_RELU:
        return z > 0 ? z : (double)0.01f * z;
    case MNIST_GELU:
        return 0.5 * z *
               (1 + tanh(sqrt(2 / 3.14159265358979323846) * (z + (double)0.044715f * z * z * z)));
    case MNIST_ACTIVATIONS:
        break;
    }
    return NAN;
}

#endif
