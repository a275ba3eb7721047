/* Checks of what a training was told. */
#ifndef MNIST_TRAIN_CONFIG_H
#define MNIST_TRAIN_CONFIG_H

#include <mnist/train.h>

/* MNIST_ERR_ARGUMENT with "FIELD: expected RANGE, found X". */
mnist_status mnist_train_bad_field(mnist_error *err, const char *field, const char *range,
                                   double found);

/* validates: are there validation images? MNIST_OK, or MNIST_ERR_ARGUMENT. */
mnist_status mnist_train_check(const mnist_train_config *config, bool validates, mnist_error *err);

#endif
