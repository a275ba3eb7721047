/* What holds of a model in a file of either kind (io/model.c, io/packed.c). */
#ifndef MNIST_IO_MODEL_CHECK_H
#define MNIST_IO_MODEL_CHECK_H

#include <mnist/data.h>
#include <mnist/nn.h>

/* Whether a net and a normalisation can be those of a file. Errors: MNIST_ERR_ARGUMENT. */
mnist_status mnist_model_check_saveable(const char *path, const mnist_mlp *mlp,
                                        const mnist_normalization *normalization, mnist_error *err);

/* What is wrong with a model's normalisation; NULL: nothing. */
const char *mnist_normalization_fault(const mnist_normalization *normalization);

#endif
