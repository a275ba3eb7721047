/* The figures of each epoch that is over: for --json and the page, and for checkpoints, so that a
 * resumed training can print them too. Numbers and not JSON: 48 bytes an epoch, of which there may
 * be a million. */
#ifndef MNIST_CLI_TRAIN_EPOCHS_H
#define MNIST_CLI_TRAIN_EPOCHS_H

#include "cli/options/json.h"

#include <mnist/mnist.h>

/* A row of what mnist_epochs_array gives, in this order. */
typedef struct mnist_epoch {
    double lr; /* of its last step, as the shortest text of the float */
    double train_loss, train_accuracy;
    double validation_loss, validation_accuracy; /* the latter NAN: it was not validated */
    double seconds;
} mnist_epoch;

typedef struct mnist_epochs {
    mnist_epoch *list; /* item i is epoch i + 1 */
    size_t count, room;
} mnist_epochs;

/* NULL: memory is short. */
mnist_epochs *mnist_epochs_new(void);
void mnist_epochs_free(mnist_epochs *epochs);

/* Adds `count`. Where memory is short, *epochs is freed and becomes NULL; NULL stays so. */
void mnist_epochs_add(mnist_epochs **epochs, const mnist_epoch *more, size_t count);

bool mnist_epoch_is_validated(const mnist_epoch *epoch);

/* An array of objects, as --json has them; NULL: memory is short, or epochs is NULL. */
json_t *mnist_epochs_json(const mnist_epochs *epochs);

/* The epochs as a checkpoint's array "epochs", F64 of shape (count, 6), whose values are the list's
 * own. There must be an epoch. */
#define MNIST_EPOCHS_ARRAY "epochs"
mnist_array mnist_epochs_array(const mnist_epochs *epochs);

/* Reads such an array; the result is to be freed. count: how many epochs are over; array NULL: the
 * checkpoint has none. Errors: MNIST_ERR_FORMAT (another shape, or a number out of its range),
 * MNIST_ERR_MEMORY. */
mnist_status mnist_epochs_read(mnist_epochs **out, const mnist_array *array, size_t count,
                               mnist_error *err);

#endif
