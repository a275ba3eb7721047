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

/* Averages of the parameters over the course of a training; at most one of them. What is averaged
 * is validated, tested and kept; training goes on from what is not. */
typedef struct mnist_averaging {
    /* Decay a step of an exponential moving average, in (0, 1); smaller at first,
     * (1 + step) / (10 + step). 0: none. Polyak & Juditsky 1992. */
    float ema;
    /* The plain mean of the parameters after each epoch, from this fraction of the epochs on, in
     * (0, 1). 0: none. Stochastic weight averaging, Izmailov et al. 2018. */
    float swa_start;
} mnist_averaging;

/* Which epoch's parameters a training ends with. */
typedef enum mnist_keep {
    MNIST_KEEP_LAST,
    MNIST_KEEP_BEST, /* of least validation loss */
    MNIST_KEEPS
} mnist_keep;

/* "last", "best"; NULL past the end. */
const char *mnist_keep_name(mnist_keep keep);

typedef struct mnist_train_config {
    unsigned epochs;   /* >= 1 */
    size_t batch_size; /* 1 to MNIST_MAX_BATCH; the last batch of an epoch may be shorter and is
                        * used */
    uint64_t seed;     /* of the order of the images, and of all that is drawn */
    mnist_optimizer_config optimizer;
    mnist_schedule schedule;
    float label_smoothing;               /* in [0, 1) */
    mnist_regularization regularization; /* its epsilons in units of the pixels' range, which they
                                          * keep however pixels are normalised */
    /* Hidden layers are normalised over the batch while training; the net that comes out has the
     * normalisation in its weights. */
    bool batch_norm;
    mnist_augmentation augmentation; /* of the training images; all zero: none */
    /* Images as they enter the net: */
    float input_dropout; /* probability that a pixel is set to 0, in [0, 1); others grow by
                          * 1 / (1 - p) */
    float input_noise;   /* standard deviation of what is added to each pixel, in units of the
                          * pixels' range; 0: none */
    float mixup;         /* alpha > 0, at most 100: neighbours of a batch are mixed by shares from
                          * Beta(alpha, alpha) (Zhang et al. 2018); 0: none */
    mnist_averaging averaging;
    unsigned patience; /* stop after so many epochs without a validation loss that is lower by more
                        * than min_delta; 0: never */
    float min_delta;   /* >= 0 */
    mnist_keep keep;
    double max_seconds; /* stop after so long; 0: never. Where it stops depends on the machine */
    mnist_zero_skip zero_skip;
    mnist_precision precision; /* of training; evaluation is in fp32 */
    bool adapt_threads; /* a step is left to one thread where that is faster: it is tried from time
                         * to time. Changes no result */
} mnist_train_config;

#define MNIST_MAX_BATCH 1000000u

/* Fields with the values that mnist-train has when no flag is given. */
mnist_train_config mnist_train_defaults(void);

/* A training on its way, between two steps: what mnist_snapshot_take takes. Good as long as the
 * hook runs that was given it. */
typedef struct mnist_training mnist_training;

/* After a step. The values are of the batch, before the update. */
typedef struct mnist_step_stats {
    unsigned epoch; /* from 1 */
    uint64_t step;  /* from 1, over the whole run */
    uint64_t steps; /* of the whole run */
    float lr;
    double loss; /* mean over the batch, with label smoothing and confidence penalty, without what
                  * adversarial images add */
    size_t correct;       /* of the batch, before the update; of mixed images, by the first label */
    size_t count;         /* images in the batch */
    size_t seen, total;   /* images of this epoch: so far, in all */
    double epoch_loss;    /* mean over those seen */
    size_t epoch_correct; /* of those seen */
    const mnist_training *training;
} mnist_step_stats;

/* Why a training ends. */
typedef enum mnist_train_end {
    MNIST_END_NOT_YET,
    MNIST_END_EPOCHS,   /* all done */
    MNIST_END_PATIENCE, /* validation loss no longer falls */
    MNIST_END_TIME      /* max_seconds are over, perhaps in the middle of an epoch */
} mnist_train_end;

/* After an epoch. Training figures are running means over the epoch's batches, each taken before
 * its update; validation is measured after the epoch's last update. */
typedef struct mnist_epoch_stats {
    unsigned epoch, epochs; /* from 1 */
    uint64_t step;          /* so far */
    float lr;               /* of the last step */
    size_t seen;            /* images, all unless time was over */
    double train_loss, train_accuracy;
    bool has_validation;
    double validation_loss, validation_accuracy;
    unsigned best_epoch; /* of least validation loss so far; 0: there is no validation */
    mnist_train_end end;
    double seconds; /* of this epoch, or what of it came after a resumption, validation left
                     * out */
    double images_per_second; /* within them */
    const mnist_training *training;
} mnist_epoch_stats;

/* Called on the thread that called mnist_train, between steps. Returning false ends the run with
 * MNIST_ERR_STOPPED; the net keeps what it has learnt (with averages or batch normalisation, up
 * to the last epoch's end; the best epoch is not gone back to). Either may be NULL. */
typedef struct mnist_train_hooks {
    void *context;
    bool (*on_step)(void *context, const mnist_step_stats *stats);
    bool (*on_epoch)(void *context, const mnist_epoch_stats *stats);
} mnist_train_hooks;

/* All that a training is between two steps: parameters, the optimiser's state, averages, the best
 * epoch so far, and its position. Random numbers are functions of the seed and of what they are
 * drawn for (step, image, unit), so that no generator has a state to be kept. A training that goes
 * on from a snapshot ends with the same bits as one that was never interrupted.
 *
 * "net.layers.<l>", "optimizer.first.layers.<l>" and, where there are such, "optimizer.second…",
 * "average…" and "best…" are F32, (rows, outputs): a row for each input, the bias, and with
 * batch_norm gamma and the running mean and variance. What else there is, are single numbers. */
typedef struct mnist_snapshot {
    mnist_array *arrays;
    size_t count;
} mnist_snapshot;

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_snapshot_take(const mnist_training *training, mnist_snapshot **out,
                                 mnist_error *err);
void mnist_snapshot_free(mnist_snapshot *snapshot);

/* The position of a training: where in its course it is. */
typedef struct mnist_train_position {
    unsigned epoch;      /* the last one begun, from 1 */
    bool epoch_ended;    /* with its validation */
    uint64_t step;       /* done */
    size_t seen;         /* images of the epoch */
    mnist_train_end end; /* why it is over before its last epoch; else MNIST_END_NOT_YET */
    unsigned best_epoch; /* of least validation loss; 0: none yet */
    double best_loss;
    double seconds; /* that it has taken */
} mnist_train_position;

/* The position in a snapshot, which may hold any arrays: nothing is trusted. Errors: MNIST_ERR_FORMAT (which number is missing or out of
 * range). */
mnist_status mnist_snapshot_position(const mnist_snapshot *snapshot, mnist_train_position *out,
                                     mnist_error *err);

/* What a training is given. Only net and train must be: a field that is left 0 has the value that
 * stands beside it. Nothing is kept of it after the call. */
typedef struct mnist_train_job {
    mnist_mlp *net; /* trained in place: from the parameters that it holds (mnist_mlp_init draws
                     * them), or from those of resume */
    const mnist_train_config *config; /* NULL: mnist_train_defaults() */
    mnist_view train;                 /* taken in an order that is a function of seed and epoch */
    mnist_view validation;            /* count 0: none */
    const mnist_normalization *normalization; /* NULL: MNIST_NORMALIZE_UNIT, as mnist-train has it
                                               * when no flag is given */
    mnist_pool *pool; /* NULL: one of mnist_cpu_count() threads is made, and ended with the call */
    const mnist_train_hooks *hooks; /* NULL: none */
    const mnist_snapshot *resume;   /* where to go on from; NULL: from the beginning */
} mnist_train_job;

/* The result is a function of the job's net, config, views and normalisation; not of its pool.
 *
 * With resume, the result is that of the training which the snapshot was taken of, as if it had not
 * been interrupted. The snapshot may come from a file: nothing in it is trusted. net has the shape
 * that it had; what is in it does not matter. config, views and normalisation must be those of that
 * training; save that epochs may be more (what goes by the number of all steps, as the schedule,
 * then goes by the new one from here on), and what changes no result. Of a training that was over,
 * the result is written and no hook called. max_seconds counts from the first beginning.
 *
 * Errors: MNIST_ERR_ARGUMENT (which field, its range; a net created with batch_norm),
 * MNIST_ERR_MISMATCH (image size and net; the snapshot is further than config goes),
 * MNIST_ERR_FORMAT (what in the snapshot is missing, out of range or too much), MNIST_ERR_MEMORY,
 * MNIST_ERR_DIVERGED (epoch, step and what to change), MNIST_ERR_STOPPED. */
mnist_status mnist_train(const mnist_train_job *job, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
