/* Smoothed noise that displaces pixels: Simard, Steinkraus, Platt 2003, "Best practices for
 * convolutional neural networks applied to visual document analysis", section 2. In the paper each
 * image has a field of its own: uniform noise in [-1, 1], convolved with a Gaussian of standard
 * deviation sigma, times alpha. Here an image's field is a window, at a random position, into one
 * large field that is made once an epoch and is periodic. A window has exactly the distribution of
 * a field made for it alone, at a small part of the cost. Windows of one epoch that overlap share
 * noise, and so do dx and dy of one image, in about one case of a hundred. */
#ifndef MNIST_DATA_ELASTIC_H
#define MNIST_DATA_ELASTIC_H

#include "base/pool.h"

#define ELASTIC_SIDE 512u /* of the field: a power of two */

typedef struct mnist_elastic mnist_elastic;

/* Fields of windows of at most `columns` columns. alpha is in pixels, at most 127, sigma at most
 * 32; the Gaussian is cut off at 3 sigma and sums to one. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_elastic_create(mnist_elastic **out, float alpha, float sigma, size_t columns,
                                  mnist_error *err);
void mnist_elastic_free(mnist_elastic *elastic);

/* Makes the field of (seed, epoch), by all workers of the pool. */
void mnist_elastic_make(mnist_elastic *elastic, mnist_pool *pool, uint64_t seed, uint32_t epoch);

/* (ELASTIC_SIDE, stride) displacements in 1/256 of a pixel. The caller wraps row indices around;
 * columns are repeated up to ELASTIC_SIDE + columns. */
const int16_t *mnist_elastic_field(const mnist_elastic *elastic, size_t *stride);

#endif
