/* mnist/train.h: the epoch loop. */
#ifndef MNIST_TRAIN_H
#define MNIST_TRAIN_H

#include <mnist/data.h>
#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the first layer leaves out the products with pixels that are 0. Changes no result. */
typedef enum mnist_zero_skip {
    MNIST_ZERO_SKIP_AUTO, /* where the training images are mostly 0 */
    MNIST_ZERO_SKIP_ON,
    MNIST_ZERO_SKIP_OFF,
    MNIST_ZERO_SKIPS
} mnist_zero_skip;

/* "auto", "on", "off"; NULL past the end. */
const char *mnist_zero_skip_name(mnist_zero_skip zero_skip);

typedef struct mnist_train_config {
    unsigned epochs;     /* >= 1 */
    size_t batch_size;   /* >= 1; the last batch of an epoch may be shorter and is used */
    uint64_t seed;       /* of the order of the images, and of their distortions */
    mnist_sgd sgd;
    mnist_schedule schedule;
    float label_smoothing; /* in [0, 1) */
    mnist_augmentation augmentation; /* of the training images; all zero: none */
    mnist_zero_skip zero_skip;
    mnist_precision precision; /* of training; evaluation is in fp32 */
    bool adapt_threads; /* a step is left to one thread where that is faster: it is tried from time
                         * to time. Changes no result */
} mnist_train_config;

/* Fields with the values that mnist-train has when no flag is given. */
mnist_train_config mnist_train_defaults(void);

/* After a step. The values are of the batch, before the update. */
typedef struct mnist_step_report {
    unsigned epoch;     /* from 1 */
    uint64_t step;      /* from 1, over the whole run */
    uint64_t steps;     /* of the whole run */
    float lr;
    double loss;        /* mean over the batch, with label smoothing where asked for */
    size_t correct;     /* of the batch, before the update */
    size_t count;       /* images in the batch */
    size_t seen, total; /* images of this epoch: so far, in all */
} mnist_step_report;

/* After an epoch. Training figures are running means over the epoch's batches, each taken before
 * its update; validation is measured after the epoch's last update. */
typedef struct mnist_epoch_report {
    unsigned epoch, epochs; /* from 1 */
    uint64_t step;          /* so far */
    float lr;               /* of the last step */
    double train_loss, train_accuracy;
    bool has_validation;
    double validation_loss, validation_accuracy;
    double seconds;            /* of this epoch, validation left out */
    double images_per_second;  /* of this epoch, validation left out */
} mnist_epoch_report;

/* Called on the thread that called mnist_train, between steps. Returning false ends the run with
 * MNIST_ERR_STOPPED; the net keeps what it has learnt. Either may be NULL. */
typedef struct mnist_train_hooks {
    void *context;
    bool (*on_step)(void *context, const mnist_step_report *report);
    bool (*on_epoch)(void *context, const mnist_epoch_report *report);
} mnist_train_hooks;

/* Trains mlp in place on train (in an order that is a function of seed and epoch). validation may
 * be empty (count 0). The result is a function of the net given, config, the views and the
 * normalisation; not of the pool. Errors: MNIST_ERR_ARGUMENT (which field, its range),
 * MNIST_ERR_MISMATCH (image size and net), MNIST_ERR_MEMORY, MNIST_ERR_DIVERGED (epoch, step and
 * what to change), MNIST_ERR_STOPPED. */
mnist_status mnist_train(mnist_mlp *mlp, const mnist_train_config *config, mnist_view train,
                         mnist_view validation, const mnist_normalization *normalization,
                         mnist_pool *pool, const mnist_train_hooks *hooks, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
