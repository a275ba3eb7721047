/* What mnist-eval found out, as JSON, as text and as CSV. */
#ifndef MNIST_CLI_EVAL_EMIT_H
#define MNIST_CLI_EVAL_EMIT_H

#include "cli/eval/settings.h"

#include <mnist/metrics.h>

/* How probabilities were scaled (--temperature). */
typedef struct mnist_eval_temperature_fit {
    double value;
    size_t fitted_on;          /* validation images; 0: the value was given */
    mnist_temperature_fit fit; /* what fitting gave */
    double test_loss_before;
} mnist_eval_temperature_fit;

/* How the result compares with --baseline: first is the earlier evaluation. */
typedef struct mnist_eval_comparison {
    const char *path;
    size_t errors; /* of the earlier one */
    uint64_t seed;
    double tolerance;
    bool passed;
    mnist_pairing pairing;
} mnist_eval_comparison;

/* Each returns a new value, or NULL if memory is short. What is not defined is null. */

/* All of mnist_metrics but what mnist_figures_json has. */
json_t *mnist_eval_metrics_json(const mnist_metrics *metrics);
/* An array of "class", "roc" and "precision_recall", corners only; null where there is no curve. */
json_t *mnist_eval_curves_json(const mnist_predictions *predictions);
json_t *mnist_eval_worst_json(const mnist_mistake *mistakes, size_t count);
json_t *mnist_eval_temperature_json(const mnist_eval_temperature_fit *report);
json_t *mnist_eval_comparison_json(const mnist_eval_comparison *comparison);
/* All errors as a text, "index:predicted index:predicted …", in the order of the images: what a
 * later
 * --baseline compares with. */
json_t *mnist_eval_mistakes_json(const mnist_predictions *predictions);

/* For people: at most 80 columns. */
void mnist_eval_print_metrics(const mnist_metrics *metrics);
void mnist_eval_print_calibration(const mnist_calibration *calibration);
void mnist_eval_print_worst(const mnist_mistake *mistakes, size_t count);
void mnist_eval_print_temperature(const mnist_eval_temperature_fit *report);
void mnist_eval_print_comparison(const mnist_eval_comparison *comparison, const mnist_metrics *now);

/* mnist-eval's document as lines of section, class, item, metric, value, with a heading. What has
 * no class or item has nothing there, and what is null no value. Reals have 17 digits, which read
 * back to the same. */
void mnist_eval_print_csv(const json_t *document, FILE *out);

/* index,label,predicted,p0,…,p9: 9 digits, which read back to the same float. Replaces the file
 * whole. */
mnist_status mnist_eval_write_predictions(const char *path, const mnist_predictions *predictions,
                                          mnist_error *err);

#endif
