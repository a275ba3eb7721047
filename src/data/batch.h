/* From a data set to the floats of a batch: the order of an epoch, and the gathering of images. */
#ifndef MNIST_DATA_BATCH_H
#define MNIST_DATA_BATCH_H

#include <mnist/data.h>

/* Fills order with the permutation of 0 .. count - 1 that belongs to (seed, epoch): Fisher-Yates
 * (Durstenfeld 1964) from the identity. count fits 32 bits. */
void mnist_batch_shuffle(uint32_t *order, size_t count, uint64_t seed, uint32_t epoch);

/* Copies out images order[first] .. order[first + count - 1] of view (with order NULL: images
 * first .. first + count - 1) as floats, each pixel through table. x is (count, rows * cols) with
 * rows ldx >= rows * cols floats apart; the padding between is left as it is. labels (count), or
 * NULL. Indices are below view.count. */
void mnist_batch_gather(mnist_view view, const float table[256], const uint32_t *order,
                        size_t first, size_t count, float *x, size_t ldx, uint8_t *labels);

/* Fraction of pixels that are not 0, estimated from at most 200 images spread over the view. */
double mnist_batch_density(mnist_view view);

/* Below this density leaving the zeros out is faster (src/kernels/README.md). */
#define MNIST_SPARSE_DENSITY 0.5

/* The one given, or what stands for NULL: MNIST_NORMALIZE_UNIT. */
const mnist_normalization *mnist_normalization_or_unit(const mnist_normalization *normalization);

/* A pixel's value as table[byte] + shift with table[0] = 0, so that normalised images keep their
 * zeros; the shift is the same for every pixel and is returned. It is 0 for
 * MNIST_NORMALIZE_UNIT, which NULL stands for. */
float mnist_normalization_split(const mnist_normalization *normalization, float table[256]);

#endif
