/* The grids of whole numbers that weights are rounded to, after training and in it. */
#ifndef MNIST_EVAL_SCALE_H
#define MNIST_EVAL_SCALE_H

#include <stddef.h>

/* The scale of an output's weights, w[0], w[step], ..., with which whole numbers of so many bits, 2 to
 * 8, stand for them with the least squares of errors, of those that are tried; of 8 bits the one with
 * which the largest weight is the largest number. 1 if all weights are 0. */
double mnist_weight_scale(const float *w, size_t inputs, size_t step, unsigned bits);

#endif
