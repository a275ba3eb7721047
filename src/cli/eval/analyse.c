#include "cli/eval/analyse.h"

#include "cli/eval/baseline.h"

#include <stdlib.h>

/* As many as the measurement has. */
static float *room_for_values(const mnist_eval_measurement *measurement, unsigned classes,
                              mnist_error *err)
{
    const size_t count = measurement->view.count;
    float *values = calloc(count, classes * sizeof *values);
    if (!values) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the outputs of %zu images", count);
    }
    return values;
}

/* In scaling, logarithms of probabilities do as logits. */
static bool fit(mnist_eval_temperature *out, const mnist_eval_models *models,
                const mnist_eval_measurement *held_out, mnist_error *err)
{
    const mnist_view *view = &held_out->view;
    float *logarithms = NULL;
    if (held_out->kind == MNIST_EVAL_PROBABILITIES) {
        logarithms = room_for_values(held_out, models->classes, err);
        if (!logarithms) {
            return false;
        }
        mnist_log_probabilities(held_out->values, models->classes, view->count, logarithms);
    }
    mnist_status status =
        mnist_temperature_find(logarithms ? logarithms : held_out->values, models->classes,
                               view->labels, view->count, &out->fit, err);
    free(logarithms);
    if (status == MNIST_ERR_ARGUMENT) { /* images there are, and their labels were checked */
        return mnist_eval_fail_not_finite(held_out, models, "no temperature can be fitted", err);
    }
    out->value = out->fit.temperature;
    out->fitted_on = view->count;
    return status == MNIST_OK;
}

bool mnist_eval_find_temperature(mnist_eval_temperature *out, const mnist_eval_models *models,
                                 const mnist_eval_measurement *held_out, mnist_error *err)
{
    const mnist_eval_settings *settings = &models->settings;
    *out = (mnist_eval_temperature){.value = 0.0};
    if (mnist_eval_fits_temperature(settings)) {
        return fit(out, models, held_out, err);
    }
    out->value = settings->temperature ? mnist_eval_temperature_told(settings) : 0.0;
    return true;
}

/* The measurement's values as probabilities, with the temperature; false: memory is short. */
static bool make_probabilities(mnist_eval_analysis *out, const mnist_eval_measurement *test,
                               unsigned classes, mnist_error *err)
{
    const double temperature = out->temperature.value;
    const size_t count = test->view.count;
    const float *logits = test->values;
    out->predictions = (mnist_predictions){test->values, test->view.labels, count, classes};
    if (test->kind == MNIST_EVAL_PROBABILITIES && temperature <= 0.0) {
        return true;
    }
    out->probabilities = room_for_values(test, classes, err);
    if (!out->probabilities) {
        return false;
    }
    if (test->kind == MNIST_EVAL_PROBABILITIES) {
        mnist_log_probabilities(test->values, classes, count, out->probabilities);
        logits = out->probabilities;
    }
    mnist_temperature_apply(logits, classes, count, temperature > 0.0 ? temperature : 1.0,
                            out->probabilities);
    out->predictions.probabilities = out->probabilities;
    return true;
}

/* By the values as they are: they may be no probabilities, and not even numbers. */
static bool count_confusion(mnist_eval_analysis *out, const mnist_eval_measurement *test,
                            unsigned classes, mnist_error *err)
{
    const mnist_view *view = &test->view;
    const mnist_predictions values = {test->values, view->labels, view->count, classes};
    out->confusion = calloc(classes, classes * sizeof *out->confusion);
    if (!out->confusion) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the confusion matrix");
        return false;
    }
    for (size_t i = 0; i < view->count; i++) {
        out->confusion[view->labels[i] * classes + mnist_predictions_top(&values, i)]++;
    }
    return true;
}

static bool compare(mnist_eval_analysis *out, const mnist_eval_settings *settings,
                    const mnist_eval_inputs *inputs, mnist_pool *pool, mnist_error *err)
{
    mnist_eval_comparison *comparison = &out->comparison;
    const mnist_view test = inputs->test;
    uint8_t *then = calloc(test.count, 1), *now = calloc(test.count, 1);
    bool ok = then && now;
    if (!ok) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    *comparison = (mnist_eval_comparison){
        .path = settings->baseline, .seed = settings->seed, .tolerance = settings->tolerance};
    ok = ok && mnist_baseline_right(inputs->baseline, settings->baseline, test, &inputs->digests,
                                    then, &comparison->errors, err);
    for (size_t i = 0; ok && i < test.count; i++) {
        now[i] = mnist_predictions_top(&out->predictions, i) == test.labels[i];
    }
    ok = ok && mnist_pairing_compute(then, now, test.count, settings->seed, pool,
                                     &comparison->pairing, err) == MNIST_OK;
    comparison->passed = ok && -comparison->pairing.difference <= settings->tolerance;
    free(then);
    free(now);
    return ok;
}

bool mnist_eval_analyse(mnist_eval_analysis *out, const mnist_eval_models *models,
                        const mnist_eval_inputs *inputs, const mnist_eval_measurement *test,
                        const mnist_eval_temperature *temperature, mnist_pool *pool,
                        mnist_error *err)
{
    const mnist_eval_settings *settings = &models->settings;
    *out = (mnist_eval_analysis){.temperature = *temperature, .test = test->all.evaluation};
    if (test->kind == MNIST_EVAL_NO_VALUES) {
        return true;
    }
    if ((settings->confusion && !count_confusion(out, test, models->classes, err)) ||
        !make_probabilities(out, test, models->classes, err)) {
        return false;
    }
    mnist_status status = mnist_metrics_compute(&out->predictions, &out->metrics, err);
    if (status == MNIST_ERR_ARGUMENT) { /* a probability is no number */
        return true;
    }
    if (status != MNIST_OK) {
        return false;
    }
    out->measured = true;
    if (temperature->value > 0.0) {
        out->test.loss = out->metrics.log_loss;
    }
    return (settings->worst == 0 ||
            mnist_mistakes_worst(&out->worst, &out->worst_count, settings->worst, &out->predictions,
                                 err) == MNIST_OK) &&
           (!settings->baseline || compare(out, settings, inputs, pool, err));
}

void mnist_eval_analysis_free(mnist_eval_analysis *analysis)
{
    free(analysis->probabilities);
    free(analysis->confusion);
    mnist_metrics_free(&analysis->metrics);
    mnist_mistakes_free(analysis->worst);
    *analysis = (mnist_eval_analysis){.worst = NULL};
}
