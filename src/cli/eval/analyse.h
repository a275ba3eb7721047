/* Fourth stage of mnist-eval: what the measurements are worth. All later stages take this as const. */
#ifndef MNIST_CLI_EVAL_ANALYSE_H
#define MNIST_CLI_EVAL_ANALYSE_H

#include "cli/eval/inputs.h"
#include "cli/eval/measure.h"

#include <mnist/metrics.h>

/* How probabilities are scaled (--temperature). */
typedef struct mnist_eval_temperature {
    double value;              /* 0: not at all */
    size_t fitted_on;          /* validation images; 0: the value was given */
    mnist_temperature_fit fit; /* what fitting gave */
} mnist_eval_temperature;

/* How the result compares with --baseline: first is the earlier evaluation. */
typedef struct mnist_eval_comparison {
    const char *path; /* borrowed */
    size_t errors;    /* of the earlier one */
    uint64_t seed;
    double tolerance;
    bool passed;
    mnist_pairing pairing;
} mnist_eval_comparison;

/* Zeros are an analysis of nothing, which may be freed too. */
typedef struct mnist_eval_analysis {
    mnist_eval_temperature temperature;
    size_t *confusion;     /* (classes, classes) of --confusion, which wants values; else NULL */
    mnist_evaluation test; /* the result: of all models, its loss with the temperature */
    bool measured; /* what follows is there; else no values were wanted, or one is no number */
    mnist_predictions predictions; /* borrow from the measurement, and from what follows */
    float *probabilities;          /* NULL: the measurement's values are the probabilities */
    mnist_metrics metrics;
    mnist_mistake *worst; /* (worst_count), of --worst */
    size_t worst_count;
    mnist_eval_comparison comparison; /* of --baseline */
} mnist_eval_analysis;

/* The temperature that is told, or the one that fits what the models make of held-out images. held_out:
 * their measurement, with values; looked at for --temperature fit alone. false: err says what. Errors:
 * MNIST_ERR_ARGUMENT: logits are not finite; MNIST_ERR_MEMORY. */
bool mnist_eval_find_temperature(mnist_eval_temperature *out, const mnist_eval_models *models,
                                 const mnist_eval_measurement *held_out, mnist_error *err);

/* From the measurement of the test images to all that is asked for. false: err says what;
 * mnist_eval_analysis_free is due either way. Errors: of mnist_baseline_right; MNIST_ERR_MEMORY. */
bool mnist_eval_analyse(mnist_eval_analysis *out, const mnist_eval_models *models,
                        const mnist_eval_inputs *inputs, const mnist_eval_measurement *test,
                        const mnist_eval_temperature *temperature, mnist_pool *pool,
                        mnist_error *err);

void mnist_eval_analysis_free(mnist_eval_analysis *analysis);

#endif
