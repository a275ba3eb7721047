/* A net that tests of files and of compression share: drawn weights, up to two hidden layers of odd widths. */
#ifndef MNIST_TESTS_DRAWN_MLP_H
#define MNIST_TESTS_DRAWN_MLP_H

#include "unit/unit.h"

#include <mnist/mnist.h>

/* inputs-10, inputs-33-10 or inputs-33-17-10; to be freed. */
static inline mnist_mlp *drawn_mlp(unsigned inputs, mnist_activation activation,
                                   unsigned hidden_count)
{
    const mnist_mlp_config config = {.inputs = inputs,
                                     .outputs = MNIST_CLASSES,
                                     .hidden_count = hidden_count,
                                     .hidden = {33, 17},
                                     .activation = activation};
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &config, MNIST_INIT_AUTO, 3, NULL), MNIST_OK);
    return mlp;
}

#endif
