/* From a data set to the floats of a batch: the order of an epoch, and the gathering of images. */
#ifndef MNIST_DATA_BATCH_H
#define MNIST_DATA_BATCH_H

#include <mnist/data.h>

/* Fills order with the permutation of 0 .. count - 1 that belongs to (seed, epoch): Fisher-Yates
 * (Durstenfeld 1964) from the identity. count fits 32 bits. */
void mnist_batch_shuffle(uint32_t *order, size_t count, uint64_t seed, uint32_t epoch);

/* Images to be copied out as floats: which, and where to. */
typedef struct mnist_gather {
    mnist_view view;
    const uint32_t *order; /* indices below view.count; NULL: 0, 1, … */
    size_t first, count;   /* the images order[first] to order[first + count - 1] */
    const float *table;    /* (256): what becomes of a pixel */
    float *x;              /* (count, rows * cols), rows x_stride apart */
    size_t x_stride;       /* >= rows * cols; the padding between is left as it is */
    uint8_t *labels;       /* (count): where the labels go; NULL: nowhere */
} mnist_gather;

void mnist_batch_gather(const mnist_gather *gather);

/* Fraction of pixels that are not 0, estimated from at most 200 images spread over the view. */
double mnist_batch_density(mnist_view view);

/* Below this density leaving the zeros out is faster (src/kernels/README.md). */
#define MNIST_SPARSE_DENSITY 0.5

/* The normalisation that was given or, for NULL, MNIST_NORMALIZE_UNIT. */
const mnist_normalization *mnist_normalization_or_unit(const mnist_normalization *normalization);

/* Splits a pixel's value into table[byte] + shift with table[0] = 0, so that images stay sparse
 * when they are normalised. Returns the shift, which is the same for every pixel. It is 0 for
 * MNIST_NORMALIZE_UNIT, which NULL stands for. */
float mnist_normalization_split(const mnist_normalization *normalization, float table[256]);

#endif
