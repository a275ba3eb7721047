/* The parameters of a packed model: what its stream has after the metadata. io/README.md has the
 * format. Encoding and decoding are the same calls (io/range_coder.h). */
#ifndef MNIST_IO_PACKED_LAYERS_H
#define MNIST_IO_PACKED_LAYERS_H

#include "io/packed_numbers.h"

#include <mnist/data.h>
#include <mnist/nn.h>

/* Codes the float parameters of mlp, or sets them to what is decoded. Errors: MNIST_ERR_ARGUMENT
 * (encoding: a parameter that is not finite), MNIST_ERR_FORMAT (decoding), MNIST_ERR_MEMORY. */
mnist_status mnist_packing_floats(mnist_packing *packing, mnist_mlp *mlp, mnist_error *err);

/* The same of its integer form; normalization: the model's. */
mnist_status mnist_packing_integers(mnist_packing *packing, mnist_mlp *mlp,
                                    const mnist_normalization *normalization, mnist_error *err);

#endif
