/* Products with weights most of which are 0: those that are 0 are left out. The sums have the order
 * of the dense product (kernels.h), so that the bits are its bits: as long as the left operand is
 * finite, a product with 0 changes no sum (other than the sign of a zero). Part of kernels.h.
 *
 * Many images lie across vectors: x and out are (units, images), a row of MNIST_SPARSE_IMAGES for
 * each unit. */
#ifndef MNIST_KERNELS_SPARSE_H
#define MNIST_KERNELS_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Distance between rows of units, in floats, and the most images in one call. */
#define MNIST_SPARSE_IMAGES 64u

/* The values of a matrix that are not left out: of row r, values[e] in column columns[e], for e from
 * starts[r] to starts[r + 1] - 1, in ascending order of the columns. */
typedef struct mnist_sparse_matrix {
    uint32_t *starts; /* (rows + 1) */
    uint32_t *columns;
    float *values;
} mnist_sparse_matrix;

/* out(r, i) = init(r) + sum over e of w(r)'s values[e] x(columns[e], i), as fma(value, x, ·) in the
 * order of e, for rows [first, end). */
typedef struct mnist_sparse_product {
    float *out;        /* (rows of w, images) */
    const float *init; /* (rows of w); NULL: all 0 */
    const mnist_sparse_matrix *w;
    const float *x; /* (columns of w, images) */
    size_t first, end;
    size_t images; /* a multiple of MNIST_LANES, at most MNIST_SPARSE_IMAGES */
} mnist_sparse_product;

/* Gradients of the values of w that are not left out: for rows [first, end) of w
 *   out[e] = start + sum over i of x(columns[e], i) d(r, i), as fma(x, d, ·) for i = 0, 1, …
 * where start is out[e] itself if `more`, else 0. Of images that only fill up a
 * multiple of MNIST_LANES, d is 0 and x finite. */
typedef struct mnist_sparse_gradient {
    float *out; /* as values of w */
    const mnist_sparse_matrix *w;
    const float *x; /* (columns of w, images) */
    const float *d; /* (rows of w, images) */
    size_t first, end;
    size_t images; /* as above */
    bool more;
} mnist_sparse_gradient;

/* The product for one image, w being the other way round, a row for each input:
 * sums(n) += x(k) w(k, n), as fma(x, w, ·) for the rows k = 0, 1, … of w where x(k) is not 0. */
typedef struct mnist_sparse_image {
    float *sums; /* (columns of w) */
    const mnist_sparse_matrix *w;
    const float *x;       /* (rows of w); NULL: table[bytes[k]] */
    const uint8_t *bytes; /* (rows of w) */
    const float *table;   /* (256), table[0] = 0 */
    size_t rows;
} mnist_sparse_image;

typedef struct mnist_sparse_kernels {
    /* Returns whether all outputs are finite. */
    bool (*product)(const mnist_sparse_product *product);

    void (*image)(const mnist_sparse_image *image);

    void (*gradient)(const mnist_sparse_gradient *gradient);

    /* out(k, i) = table[x(k, i)] for the pixels of images, transposed, rows of x being x_stride apart
     * and those of out MNIST_SPARSE_IMAGES, where row k of w has any values; images as above, and
     * table[0] = 0. w is the way round that it has in mnist_sparse_image. */
    void (*pixels)(const uint8_t *x, size_t x_stride, const float *table,
                   const mnist_sparse_matrix *w, float *out, size_t rows, size_t images);

    /* bits[r]: which of the values of row r of w (rows, width) are not 0, the first in the lowest
     * bit. width is a multiple of MNIST_LANES, at most MNIST_PANEL. Returns how many those are. */
    size_t (*used)(const float *w, size_t w_stride, size_t rows, size_t width, uint64_t *bits);
} mnist_sparse_kernels;

#endif
