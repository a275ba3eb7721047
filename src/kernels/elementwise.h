/* The kernels that work value by value: updates of parameters, averages, dropout. Compiled once for
 * each instruction set, like tiles.c, whose table holds them. */
#ifndef MNIST_KERNELS_ELEMENTWISE_H
#define MNIST_KERNELS_ELEMENTWISE_H

#include "kernels/simd.h"

/* mnist_sgd_avx2, … */
#define ELEMENTWISE(name) SIMD_JOIN(SIMD_JOIN(mnist_, name), SIMD_JOIN(_, SIMD_SUFFIX))

void ELEMENTWISE(sgd)(float *w, float *v, const float *g, size_t n, const mnist_sgd_update *u);
void ELEMENTWISE(adam)(float *w, float *m, float *v, const float *g, size_t n,
                       const mnist_adam_update *u);
void ELEMENTWISE(average)(float *mean, const float *w, size_t n, float rate);
void ELEMENTWISE(limit_columns)(float *w, size_t rows, size_t width, float limit);
void ELEMENTWISE(dropout)(float *values, size_t n, const mnist_dropout *d);
void ELEMENTWISE(dropout_bytes)(uint8_t *bytes, size_t n, const mnist_dropout *d);
double ELEMENTWISE(sum_squares)(const float *g, size_t n);

#endif
