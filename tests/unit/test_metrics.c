/* Metrics of class probabilities: held to scikit-learn's numbers (tests/golden/metrics.json, made
 * by metrics_reference.py), at the edges, and against sums done by hand. */
#define _POSIX_C_SOURCE 200809L
#include "unit/unit.h"

#include "cli/eval/emit.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT 1e-9

enum { MOST = 300 };

static json_t *golden;

static int load_golden(void **state)
{
    (void)state;
    json_error_t error;
    golden = json_load_file(MNIST_GOLDEN_DIR "/metrics.json", 0, &error);
    if (!golden) {
        fprintf(stderr, "%s: %s\n", MNIST_GOLDEN_DIR, error.text);
    }
    return golden ? 0 : -1;
}

static int release_golden(void **state)
{
    (void)state;
    json_decref(golden);
    return 0;
}

/* What a case gives. */
typedef struct table {
    float values[MOST * MNIST_CLASSES];
    uint8_t labels[MOST];
    size_t count;
} table;

static mnist_predictions load_case(const json_t *source, const char *values, table *t)
{
    const json_t *list = json_object_get(source, values);
    t->count = json_array_size(json_object_get(source, "labels"));
    assert_in_range(t->count, 1, MOST);
    assert_int_equal(json_array_size(list), t->count * MNIST_CLASSES);
    for (size_t i = 0; i < t->count; i++) {
        t->labels[i] =
            (uint8_t)json_integer_value(json_array_get(json_object_get(source, "labels"), i));
    }
    for (size_t i = 0; i < t->count * MNIST_CLASSES; i++) {
        t->values[i] = (float)json_number_value(json_array_get(list, i));
    }
    return (mnist_predictions){t->values, t->labels, t->count, MNIST_CLASSES};
}

/* How many numbers were compared: a comparison of none would show nothing. */
static size_t compared;

/* Every number in expected is in found, too, to within LIMIT. */
static void assert_like(const char *where, const json_t *found, const json_t *expected)
{
    char inner[400];
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_object(expected)) {
        assert_true(json_is_object(found));
        json_object_foreach ((json_t *)expected, key, value) {
            snprintf(inner, sizeof inner, "%.300s.%s", where, key);
            assert_like(inner, json_object_get(found, key), value);
        }
    } else if (json_is_array(expected)) {
        assert_int_equal(json_array_size(found), json_array_size(expected));
        json_array_foreach (expected, i, value) {
            snprintf(inner, sizeof inner, "%.300s[%zu]", where, i);
            assert_like(inner, json_array_get(found, i), value);
        }
    } else if (!json_is_number(expected) || !json_is_number(found)) {
        if (!json_is_null(expected) || !json_is_null(found)) {
            fail_msg("%s: one is a number and the other is not", where);
        }
        compared++;
    } else {
        const double a = json_number_value(found), b = json_number_value(expected);
        if (!(fabs(a - b) <= LIMIT)) {
            fail_msg("%s: %.17g, expected %.17g", where, a, b);
        }
        compared++;
    }
}

static void assert_numbers(const char *where, const double *found, const json_t *expected)
{
    size_t i;
    json_t *value;
    json_array_foreach (expected, i, value) {
        json_t *own = isfinite(found[i]) ? json_real(found[i]) : json_null();
        assert_like(where, own, value);
        json_decref(own);
    }
}

static const mnist_labels plain; /* classes are called 0, 1, 2, ... */

static void test_golden_metrics(void **state)
{
    (void)state;
    size_t i;
    json_t *one;
    compared = 0;
    json_array_foreach (json_object_get(golden, "cases"), i, one) {
        table t;
        mnist_metrics metrics;
        mnist_predictions predictions = load_case(one, "probabilities", &t);
        assert_int_equal(mnist_metrics_compute(&predictions, &metrics, NULL), MNIST_OK);
        json_t *found = mnist_eval_metrics_json(&metrics, &plain);
        assert_like(json_string_value(json_object_get(one, "name")), found,
                    json_object_get(one, "metrics"));
        json_decref(found);
        mnist_metrics_free(&metrics);
    }
    assert_int_equal(i, 7);
    assert_true(compared > 7 * 200);
}

static void check_curve(mnist_curve *curve, const char *x, const char *y, const json_t *expected)
{
    assert_int_equal(curve->count, json_array_size(json_object_get(expected, x)));
    assert_numbers(x, curve->x, json_object_get(expected, x));
    assert_numbers(y, curve->y, json_object_get(expected, y));
    assert_numbers("threshold", curve->threshold, json_object_get(expected, "threshold"));
    mnist_curve_free(curve);
}

static void test_golden_curves(void **state)
{
    (void)state;
    size_t i, j;
    json_t *one, *expected;
    compared = 0;
    json_array_foreach (json_object_get(golden, "cases"), i, one) {
        table t;
        mnist_curve *curve;
        mnist_predictions predictions = load_case(one, "probabilities", &t);
        json_array_foreach (json_object_get(one, "roc"), j, expected) {
            unsigned c = (unsigned)json_integer_value(json_object_get(expected, "class"));
            bool corners = json_is_true(json_object_get(expected, "corners"));
            assert_int_equal(mnist_roc_curve(&curve, &predictions, c, corners, NULL), MNIST_OK);
            check_curve(curve, "fpr", "tpr", expected);
        }
        json_array_foreach (json_object_get(one, "precision_recall"), j, expected) {
            unsigned c = (unsigned)json_integer_value(json_object_get(expected, "class"));
            assert_int_equal(mnist_precision_recall_curve(&curve, &predictions, c, false, NULL),
                             MNIST_OK);
            check_curve(curve, "recall", "precision", expected);
        }
    }
    assert_true(compared > 1000);
}

/* The areas under the curve's corners, and under the fewer points kept for drawing, by trapezia. */
static double area(const mnist_curve *curve)
{
    double sum = 0.0;
    for (size_t i = 1; i < curve->count; i++) {
        sum += (curve->x[i] - curve->x[i - 1]) * (curve->y[i] + curve->y[i - 1]) / 2.0;
    }
    return sum;
}

static void test_corners(void **state)
{
    (void)state;
    table t;
    const json_t *one = json_array_get(json_object_get(golden, "cases"), 0);
    mnist_predictions predictions = load_case(one, "probabilities", &t);
    mnist_metrics metrics;
    assert_int_equal(mnist_metrics_compute(&predictions, &metrics, NULL), MNIST_OK);
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        mnist_curve *all, *corners, *pr, *pr_corners;
        assert_int_equal(mnist_roc_curve(&all, &predictions, c, false, NULL), MNIST_OK);
        assert_int_equal(mnist_roc_curve(&corners, &predictions, c, true, NULL), MNIST_OK);
        assert_true(corners->count < all->count);
        assert_true(fabs(area(all) - metrics.classes[c].auc) < 1e-12);
        assert_true(fabs(area(corners) - metrics.classes[c].auc) < 1e-12);
        assert_true(isinf(all->threshold[0]) && all->x[0] == 0.0 && all->y[0] == 0.0);
        assert_int_equal(mnist_precision_recall_curve(&pr, &predictions, c, false, NULL), MNIST_OK);
        assert_int_equal(mnist_precision_recall_curve(&pr_corners, &predictions, c, true, NULL),
                         MNIST_OK);
        assert_true(pr_corners->count < pr->count && pr->x[0] == 0.0 && pr->y[0] == 1.0);
        mnist_curve_free(all);
        mnist_curve_free(corners);
        mnist_curve_free(pr);
        mnist_curve_free(pr_corners);
    }
    mnist_metrics_free(&metrics);
}

static void test_golden_temperature(void **state)
{
    (void)state;
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(golden, "temperature"), i, one) {
        table t;
        mnist_temperature_fit fit;
        (void)load_case(one, "logits", &t);
        assert_int_equal(
            mnist_temperature_find(t.values, MNIST_CLASSES, t.labels, t.count, &fit, NULL),
            MNIST_OK);
        const double found[] = {fit.temperature, fit.before, fit.after};
        static const char *const names[] = {"temperature", "before", "after"};
        for (size_t k = 0; k < 3; k++) {
            const double expected = json_number_value(json_object_get(one, names[k]));
            assert_true(fabs(found[k] - expected) < LIMIT);
        }
        assert_false(fit.at_limit);
        assert_true(fit.after < fit.before);
        /* it reports the loss at its temperature, and no other temperature has a lower one */
        float scaled[MOST * MNIST_CLASSES];
        mnist_predictions predictions = {scaled, t.labels, t.count, MNIST_CLASSES};
        mnist_metrics metrics;
        const double tries[] = {0.99, 1.0, 1.01};
        double losses[3];
        for (size_t k = 0; k < 3; k++) {
            mnist_temperature_apply(t.values, MNIST_CLASSES, t.count, tries[k] * fit.temperature,
                                    scaled);
            assert_int_equal(mnist_metrics_compute(&predictions, &metrics, NULL), MNIST_OK);
            losses[k] = metrics.log_loss;
            mnist_metrics_free(&metrics);
        }
        assert_true(fabs(losses[1] - fit.after) < 1e-6);
        assert_true(losses[0] > losses[1] && losses[2] > losses[1]);
        /* logarithms of probabilities do as well as logits */
        mnist_temperature_apply(t.values, MNIST_CLASSES, t.count, 1.0, scaled);
        mnist_log_probabilities(scaled, MNIST_CLASSES, t.count, scaled);
        mnist_temperature_fit again;
        assert_int_equal(
            mnist_temperature_find(scaled, MNIST_CLASSES, t.labels, t.count, &again, NULL),
            MNIST_OK);
        assert_true(fabs(again.temperature / fit.temperature - 1.0) < 1e-5);
    }
    assert_int_equal(i, 2);
}

static void test_temperature_edges(void **state)
{
    (void)state;
    mnist_error err;
    mnist_temperature_fit fit;
    float z[2 * MNIST_CLASSES] = {0};
    float p[2 * MNIST_CLASSES];
    uint8_t labels[2] = {3, 5};
    z[3] = 4.0f;
    z[MNIST_CLASSES + 5] = 1000.0f;
    assert_int_equal(mnist_temperature_find(z, MNIST_CLASSES, labels, 2, &fit, NULL), MNIST_OK);
    assert_true(fit.at_limit && fit.temperature == MNIST_TEMPERATURE_MIN);
    labels[0] = 4;
    labels[1] = 6; /* all wrong: the highest temperature that is tried */
    assert_int_equal(mnist_temperature_find(z, MNIST_CLASSES, labels, 2, &fit, NULL), MNIST_OK);
    assert_true(fit.at_limit && fit.temperature == MNIST_TEMPERATURE_MAX);
    mnist_temperature_apply(z, MNIST_CLASSES, 2, MNIST_TEMPERATURE_MIN, p);
    assert_true(p[3] == 1.0f && p[0] >= 0.0f && p[MNIST_CLASSES] == 0.0f);
    z[7] = NAN;
    assert_int_equal(mnist_temperature_find(z, MNIST_CLASSES, labels, 2, &fit, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "image 0: the logit of class 7"));
    assert_int_equal(mnist_temperature_find(z, MNIST_CLASSES, labels, 0, &fit, &err),
                     MNIST_ERR_ARGUMENT);
    /* a difference too small for the probabilities leaves the prediction as it was */
    memset(z, 0, sizeof z);
    z[8] = 1e-9f;
    mnist_predictions predictions = {p, labels, 1, MNIST_CLASSES};
    mnist_temperature_apply(z, MNIST_CLASSES, 1, 1.0, p);
    assert_int_equal(mnist_predictions_top(&predictions, 0), 8);
}

static void test_golden_pairing(void **state)
{
    (void)state;
    size_t i, k;
    json_t *one;
    compared = 0;
    json_array_foreach (json_object_get(golden, "pairing"), i, one) {
        uint8_t first[MOST], second[MOST];
        const size_t count = json_array_size(json_object_get(one, "first"));
        for (k = 0; k < count; k++) {
            first[k] = json_integer_value(json_array_get(json_object_get(one, "first"), k)) != 0;
            second[k] = json_integer_value(json_array_get(json_object_get(one, "second"), k)) != 0;
        }
        json_object_del(one, "first");
        json_object_del(one, "second");
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            mnist_pool *pool;
            mnist_eval_comparison comparison = {
                .path = "", .seed = (uint64_t)json_integer_value(json_object_get(one, "seed"))};
            assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
            assert_int_equal(mnist_pairing_compute(first, second, count, comparison.seed, pool,
                                                   &comparison.pairing, NULL),
                             MNIST_OK);
            mnist_pool_free(pool);
            json_t *found = mnist_eval_comparison_json(&comparison);
            assert_like("pairing", found, one);
            json_decref(found);
        }
    }
    assert_int_equal(i, 3);
    assert_true(compared >= 2 * 3 * 8);
    json_array_foreach (json_object_get(golden, "mcnemar"), i, one) {
        const double p = mnist_mcnemar_exact((size_t)json_integer_value(json_array_get(one, 0)),
                                             (size_t)json_integer_value(json_array_get(one, 1)));
        const double expected = json_number_value(json_array_get(one, 2));
        assert_true(fabs(p - expected) <= 1e-11 * expected);
        assert_true(p == mnist_mcnemar_exact((size_t)json_integer_value(json_array_get(one, 1)),
                                             (size_t)json_integer_value(json_array_get(one, 0))));
    }
    assert_int_equal(i, 10);
}

static void test_worst(void **state)
{
    (void)state;
    enum { COUNT = 6 };
    float p[COUNT * MNIST_CLASSES] = {0};
    const uint8_t labels[COUNT] = {0, 1, 2, 3, 4, 5};
    static const struct {
        unsigned top;
        float probability;
    } tops[COUNT] = {{0, 0.9f}, {7, 0.5f}, {3, 0.8f}, {2, 0.5f}, {9, 0.95f}, {5, 0.6f}};
    for (size_t i = 0; i < COUNT; i++) {
        p[i * MNIST_CLASSES + labels[i]] = 0.25f;
        p[i * MNIST_CLASSES + tops[i].top] = tops[i].probability;
    }
    mnist_predictions predictions = {p, labels, COUNT, MNIST_CLASSES};
    mnist_mistake *worst;
    size_t count;
    static const size_t order[] = {4, 2, 1, 3};
    for (size_t most = 0; most <= 5; most++) {
        assert_int_equal(mnist_mistakes_worst(&worst, &count, most, &predictions, NULL), MNIST_OK);
        assert_int_equal(count, most < 4 ? most : 4);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(worst[i].index, order[i]);
            assert_int_equal(worst[i].label, order[i]);
            assert_int_equal(worst[i].predicted, tops[order[i]].top);
            assert_true(worst[i].probability == tops[order[i]].probability);
            assert_true(worst[i].label_probability == 0.25f);
        }
        mnist_mistakes_free(worst);
    }
}

static void test_refused(void **state)
{
    (void)state;
    float p[2 * MNIST_CLASSES] = {0};
    uint8_t labels[2] = {1, 1};
    mnist_predictions predictions = {p, labels, 2, MNIST_CLASSES};
    mnist_metrics metrics;
    mnist_curve *curve;
    mnist_error err;
    static const float wrong[] = {NAN, INFINITY, -0.25f, 1.5f};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        p[13] = wrong[i];
        assert_int_equal(mnist_metrics_compute(&predictions, &metrics, &err), MNIST_ERR_ARGUMENT);
        assert_non_null(strstr(err.text, "image 1: the probability of class 3"));
    }
    p[13] = -0.0f; /* which is 0, and ties with it */
    assert_int_equal(mnist_metrics_compute(&predictions, &metrics, &err), MNIST_OK);
    mnist_metrics_free(&metrics);
    assert_int_equal(mnist_precision_recall_curve(&curve, &predictions, 1, false, NULL), MNIST_OK);
    assert_int_equal(curve->count, 2);
    mnist_curve_free(curve);
    assert_int_equal(mnist_roc_curve(&curve, &predictions, 1, false, &err), MNIST_ERR_ARGUMENT);
    assert_null(curve);
    assert_non_null(strstr(err.text, "all images have class 1"));
    assert_int_equal(mnist_precision_recall_curve(&curve, &predictions, 3, true, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "no image has class 3"));
    labels[1] = 10;
    assert_int_equal(mnist_metrics_compute(&predictions, &metrics, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "image 1: label 10"));
    predictions.count = 0;
    assert_int_equal(mnist_metrics_compute(&predictions, &metrics, &err), MNIST_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_metrics),
        cmocka_unit_test(test_golden_curves),
        cmocka_unit_test(test_corners),
        cmocka_unit_test(test_golden_temperature),
        cmocka_unit_test(test_temperature_edges),
        cmocka_unit_test(test_golden_pairing),
        cmocka_unit_test(test_worst),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, load_golden, release_golden);
}
