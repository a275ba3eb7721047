/* Nets many of whose weights are 0, in inference: a second form of a layer's weights, without those.
 * It gives the bits of the dense net (kernels/sparse.h) and belongs to a pass. */
#ifndef MNIST_NN_SPARSE_H
#define MNIST_NN_SPARSE_H

#include "nn/pass.h"

#include <mnist/sparse.h>

typedef struct mnist_sparse_layer {
    /* A row for each output, for many images at a time, and one for each input. values NULL: the
     * layer is computed densely. */
    mnist_sparse_matrix by_output, by_input;
    float *init; /* (outputs): what the sums start from */
} mnist_sparse_layer;

typedef struct mnist_sparse_net {
    float shift; /* that batches must have */
    /* Up to `few` images go one by one, `many` or more across vectors; between, all is dense. */
    size_t few, many;
    mnist_sparse_layer layers[MNIST_MAX_HIDDEN + 1];
    /* For each MNIST_SPARSE_IMAGES rows of the pass two blocks of (units, images), as many units as
     * the widest layer or the inputs are. */
    float *scratch;
    size_t block; /* floats */
} mnist_sparse_net;

/* Gives a pass of inference the sparse form of its net, as that is now, where it pays for that many
 * images; else nothing. It is used for batches of bytes with that shift. Batches of such a pass
 * that are evaluated at the same time must begin at rows that differ in row /
 * MNIST_SPARSE_IMAGES. Errors: MNIST_ERR_MEMORY; the pass is then as
 * before. */
mnist_status mnist_pass_make_sparse(mnist_pass *pass, size_t images, float shift, mnist_error *err);

/* What mnist_sparse_use has chosen. */
mnist_sparse_mode mnist_sparse_chosen(void);

void mnist_sparse_net_free(mnist_sparse_net *net);

#endif
