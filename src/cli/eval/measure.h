/* Third stage of mnist-eval: what the models make of images. A function of its arguments, but for the
 * seconds, so that it may be asked of one set of images after another: of those that a temperature is
 * fitted on, and of the test images. All later stages take this as const. */
#ifndef MNIST_CLI_EVAL_MEASURE_H
#define MNIST_CLI_EVAL_MEASURE_H

#include "cli/eval/models.h"

/* What the values of a measurement are. */
typedef enum mnist_eval_values {
    MNIST_EVAL_NO_VALUES,    /* there are none: they were not wanted */
    MNIST_EVAL_LOGITS,       /* of one model, on images as they are */
    MNIST_EVAL_PROBABILITIES /* means: over several models, or versions of each image */
} mnist_eval_values;

/* How well it went, and how long it took. */
typedef struct mnist_eval_figures {
    mnist_evaluation evaluation;
    double seconds;
} mnist_eval_figures;

/* Zeros are a measurement of nothing, which may be freed too. */
typedef struct mnist_eval_measurement {
    mnist_view view; /* what was measured; borrowed */
    mnist_eval_values kind;
    float *values;               /* (view.count, classes), row-major; NULL: no values */
    mnist_eval_figures *members; /* each model alone: (the models' count) */
    mnist_eval_figures all;      /* all models together; of one, its own */
} mnist_eval_measurement;

/* Measures the models, each on settings.tta versions of each image. with_values: beside the figures,
 * the values are wanted. false: err says what, and where there are several models, of which;
 * mnist_eval_measurement_free is due either way. Errors: as mnist_evaluate. */
bool mnist_eval_measure(mnist_eval_measurement *out, const mnist_eval_models *models,
                        mnist_view view, bool with_values, mnist_pool *pool, mnist_error *err);

/* Fills err, and returns false: of nets one of which gives numbers that are not finite, names the
 * first, and `what` follows from it. Errors: MNIST_ERR_ARGUMENT. */
bool mnist_eval_fail_not_finite(const mnist_eval_measurement *measurement,
                                const mnist_eval_models *models, const char *what,
                                mnist_error *err);

void mnist_eval_measurement_free(mnist_eval_measurement *measurement);

#endif
