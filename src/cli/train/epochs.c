#define _POSIX_C_SOURCE 200809L
#include "cli/train/epochs.h"

#include "cli/shared/figures.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS (sizeof(mnist_epoch) / sizeof(double))

_Static_assert(COLUMNS == 6 && sizeof(mnist_epoch) == COLUMNS * sizeof(double),
               "an epoch is a row of six numbers, without padding");

mnist_epochs *mnist_epochs_new(void)
{
    return calloc(1, sizeof(mnist_epochs));
}

void mnist_epochs_free(mnist_epochs *epochs)
{
    if (epochs) {
        free(epochs->list);
        free(epochs);
    }
}

void mnist_epochs_add(mnist_epochs **epochs, const mnist_epoch *more, size_t count)
{
    mnist_epochs *e = *epochs;
    if (!e || count == 0) {
        return;
    }
    if (count > e->room - e->count) {
        const size_t room = e->count + count + e->count / 2 + 16;
        mnist_epoch *list = realloc(e->list, room * sizeof *list);
        if (!list) {
            mnist_epochs_free(e);
            *epochs = NULL;
            return;
        }
        e->list = list;
        e->room = room;
    }
    assert(e->list);
    memcpy(e->list + e->count, more, count * sizeof *more);
    e->count += count;
}

bool mnist_epoch_is_validated(const mnist_epoch *epoch)
{
    return !isnan(epoch->validation_accuracy);
}

json_t *mnist_epochs_json(const mnist_epochs *epochs)
{
    json_t *array = epochs ? json_array() : NULL;
    for (size_t i = 0; array && i < epochs->count; i++) {
        const mnist_epoch *e = &epochs->list[i];
        const bool validated = mnist_epoch_is_validated(e);
        mnist_json_append(&array,
                          json_pack("{s:i, s:f, s:f, s:f, s:o, s:o, s:f}", "epoch", (int)i + 1,
                                    "lr", e->lr, "train_loss", e->train_loss, "train_accuracy",
                                    e->train_accuracy, "validation_loss",
                                    validated ? mnist_json_number(e->validation_loss) : json_null(),
                                    "validation_accuracy",
                                    validated ? json_real(e->validation_accuracy) : json_null(),
                                    "seconds", e->seconds));
    }
    return array;
}

mnist_array mnist_epochs_array(const mnist_epochs *epochs)
{
    return (mnist_array){.name = MNIST_EPOCHS_ARRAY,
                         .element = MNIST_F64,
                         .rank = 2,
                         .shape = {epochs->count, COLUMNS},
                         .values = epochs->list};
}

/* A NaN is in no range. */
static bool is_within(double value, double least, double most)
{
    return value >= least && value <= most;
}

/* What is wrong with an epoch's figures; NULL: nothing. A validation loss may be any number, or
 * NaN. */
static const char *fault_of(const mnist_epoch *e)
{
    return !is_within(e->lr, 0.0, (double)FLT_MAX)        ? "learning rate"
           : !is_within(e->train_loss, -DBL_MAX, DBL_MAX) ? "training loss"
           : !is_within(e->train_accuracy, 0.0, 1.0)      ? "training accuracy"
           : mnist_epoch_is_validated(e) && !is_within(e->validation_accuracy, 0.0, 1.0)
               ? "validation accuracy"
           : !is_within(e->seconds, 0.0, 1e12) ? "time"
                                               : NULL;
}

/* Checks the shape: that of `count` epochs. */
static mnist_status check_shape(const mnist_array *array, size_t count, mnist_error *err)
{
    if (!array && count == 0) {
        return MNIST_OK;
    }
    if (array && count > 0 && array->element == MNIST_F64 && array->rank == 2 &&
        array->shape[0] == count && array->shape[1] == COLUMNS) {
        return MNIST_OK;
    }
    if (!array) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "there is no '" MNIST_EPOCHS_ARRAY "', but %zu are over", count);
    }
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "'" MNIST_EPOCHS_ARRAY
                      "': expected F64 of shape (%zu, %zu), as so many are over",
                      count, COLUMNS);
}

mnist_status mnist_epochs_read(mnist_epochs **out, const mnist_array *array, size_t count,
                               mnist_error *err)
{
    *out = NULL;
    mnist_status status = check_shape(array, count, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_epochs *epochs = mnist_epochs_new();
    if (count > 0) {
        /* a checkpoint's memory is aligned for any type */
        mnist_epochs_add(&epochs, array->values, count);
    }
    if (!epochs) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the epochs' figures");
    }
    for (size_t i = 0; i < count; i++) {
        const char *fault = fault_of(&epochs->list[i]);
        if (fault) {
            mnist_epochs_free(epochs);
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "'" MNIST_EPOCHS_ARRAY "': the %s of epoch %zu is out of its range",
                              fault, i + 1);
        }
    }
    *out = epochs;
    return MNIST_OK;
}
