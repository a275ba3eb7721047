/* The stages of mnist-eval one by one: what each leaves, and that it leaves alone what came before. */
#define _XOPEN_SOURCE 700
#include "unit/unit.h"

#include "cli/eval/baseline.h"
#include "cli/eval/emit.h"
#include "cli/eval/judge.h"
#include "scratch.h"

#include <math.h>
#include <mnist/mnist.h>

enum { SIDE = 4, PIXELS = SIDE * SIDE, COUNT = 101, HELD_OUT = 40, VALUES = COUNT * MNIST_CLASSES };

static const mnist_normalization UNIT = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};

static uint8_t images[COUNT * PIXELS], labels[COUNT];

/* As test images; the held-out ones are the first of them. */
static mnist_view test_view(void)
{
    test_images(images, labels, COUNT, PIXELS);
    return (mnist_view){images, labels, COUNT, SIDE, SIDE, MNIST_CLASSES, 0};
}

static mnist_view held_out_view(void)
{
    return mnist_view_slice(test_view(), 0, HELD_OUT);
}

/* A file of a net without hidden layers, whose weights are a function of stream. options: what it
 * states of its training; NULL: nothing. */
static void save_net(const char *path, uint32_t stream, float scale, unsigned pixels,
                     const char *options)
{
    mnist_mlp_config config = {.inputs = pixels, .outputs = MNIST_CLASSES};
    float w[PIXELS * MNIST_CLASSES], bias[MNIST_CLASSES];
    const mnist_metadata metadata = {"options", options};
    mnist_mlp *mlp;
    assert_true(pixels <= PIXELS);
    test_fill(w, LENGTH(w), stream, scale);
    test_fill(bias, LENGTH(bias), stream + 1, scale);
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, w, bias);
    assert_int_equal(mnist_model_save(path, mlp, &UNIT, &metadata, options ? 1 : 0, NULL, NULL),
                     MNIST_OK);
    mnist_mlp_free(mlp);
}

/* What most tests go by: three files, the last of a net whose logits overflow. */
typedef struct setting {
    scratch_file files[3];
    char *paths[3];
    mnist_eval_settings settings;
    mnist_parsed parsed;
    mnist_eval_models models;
    mnist_pool *pool;
    mnist_error err;
} setting;

static void set_up(setting *s, void **state)
{
    static const char *const names[] = {"a.st", "b.st", "huge.st"};
    static const float scales[] = {2.0f, 3.0f, 3e38f};
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < LENGTH(names); i++) {
        s->files[i] = scratch_name(state, names[i]);
        s->paths[i] = s->files[i].path;
        save_net(s->paths[i], 40 + 2 * (uint32_t)i, scales[i], PIXELS, NULL);
    }
    s->settings = mnist_eval_settings_defaults();
    s->parsed = (mnist_parsed){.program = &mnist_eval_program, .operands = s->paths};
    assert_int_equal(mnist_pool_create(&s->pool, 2, NULL), MNIST_OK);
}

/* The models from the first to the last of the three. */
static void load_models(setting *s, size_t first, size_t last)
{
    s->parsed.operands = s->paths + first;
    s->parsed.operand_count = last - first + 1;
    if (!mnist_eval_models_load(&s->models, &s->settings, &s->parsed, &s->err)) {
        fail_msg("%s", s->err.text);
    }
}

static void tear_down(setting *s)
{
    mnist_eval_models_free(&s->models);
    mnist_eval_models_free(&s->models); /* once more does nothing */
    mnist_pool_free(s->pool);
}

static mnist_eval_measurement measured(setting *s, mnist_view view, bool with_values)
{
    mnist_eval_measurement m;
    if (!mnist_eval_measure(&m, &s->models, view, with_values, s->pool, &s->err)) {
        fail_msg("%s", s->err.text);
    }
    return m;
}

static void assert_same_evaluation(const mnist_evaluation *a, const mnist_evaluation *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

/* --- Models ---------------------------------------------------------------------------------- */

static void test_models(void **state)
{
    static const char drawn[] = "{\"dataset\":\"synthetic\",\"synthetic-test\":70,"
                                "\"synthetic-train\":90,\"val-split\":20,\"augment\":\"shift=1\"}";
    setting s;
    set_up(&s, state);
    save_net(s.paths[1], 42, 3.0f, PIXELS, drawn);
    s.settings.tta = 2;
    s.settings.temperature = "fit";
    const mnist_eval_settings before = s.settings;
    load_models(&s, 0, 1);
    assert_int_equal(s.models.count, 2);
    assert_string_equal(s.models.members[1].path, s.paths[1]);
    assert_memory_equal(&s.settings, &before, sizeof before); /* what was given is only read */
    assert_int_equal(s.models.settings.data.dataset, MNIST_DATASET_SYNTHETIC);
    assert_int_equal(s.models.settings.data.synthetic_test, 70);
    assert_int_equal(s.models.settings.data.synthetic_train, 90);
    assert_int_equal(s.models.members[1].held_out.val_split.count, 20);
    assert_false(s.models.members[0].held_out.known);
    assert_string_equal(s.models.members[0].augment, "none");
    assert_string_equal(s.models.members[1].augment, "shift=1");
    assert_false(mnist_eval_models_check(&s.models, &s.parsed, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(s.err.text, "a.st: was trained without --augment"));
    tear_down(&s);
}

static void test_models_that_do_not_agree(void **state)
{
    setting s;
    set_up(&s, state);
    save_net(s.paths[1], 42, 3.0f, 9, NULL);
    s.parsed.operand_count = 2;
    assert_false(mnist_eval_models_load(&s.models, &s.settings, &s.parsed, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_MISMATCH);
    assert_non_null(strstr(s.err.text, "b.st: its net has 9 inputs, but that of "));
    mnist_eval_models_free(&s.models);
    save_net(s.paths[0], 40, 3.0f, PIXELS, "{\"dataset\":\"mnist\"}");
    save_net(s.paths[1], 42, 3.0f, PIXELS, "{\"dataset\":\"synthetic\"}");
    assert_false(mnist_eval_models_load(&s.models, &s.settings, &s.parsed, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(s.err.text, "b.st: trained with --dataset synthetic, but "));
    tear_down(&s);
}

/* --- Measure --------------------------------------------------------------------------------- */

/* The kind says what the values are, whatever else is asked for. */
static void test_kinds(void **state)
{
    static float expected[VALUES];
    const mnist_view view = test_view();
    mnist_evaluation alone;
    setting s;
    set_up(&s, state);
    load_models(&s, 0, 0);
    mnist_mlp *mlp = mnist_model_mlp(s.models.members[0].model);

    mnist_eval_measurement m = measured(&s, view, true);
    assert_int_equal(m.kind, MNIST_EVAL_LOGITS);
    assert_int_equal(mnist_logits(mlp, view, &UNIT, s.pool, expected, &alone, NULL), MNIST_OK);
    assert_memory_equal(m.values, expected, sizeof expected);
    assert_same_evaluation(&m.members[0].evaluation, &alone);
    assert_same_evaluation(&m.all.evaluation, &alone);
    assert_true(m.all.seconds >= m.members[0].seconds && m.members[0].seconds >= 0.0);
    mnist_eval_measurement_free(&m);

    m = measured(&s, view, false);
    assert_int_equal(m.kind, MNIST_EVAL_NO_VALUES);
    assert_null(m.values);
    assert_same_evaluation(&m.all.evaluation, &alone);
    mnist_eval_measurement_free(&m);

    s.models.settings.tta = 3;
    assert_int_equal(mnist_augmentation_parse(&s.models.members[0].augmentation, "shift=1", NULL),
                     MNIST_OK);
    m = measured(&s, view, true);
    assert_int_equal(m.kind, MNIST_EVAL_PROBABILITIES);
    for (size_t i = 0; i < COUNT; i++) {
        double sum = 0.0;
        for (size_t c = 0; c < MNIST_CLASSES; c++) {
            sum += (double)m.values[i * MNIST_CLASSES + c];
        }
        assert_true(fabs(sum - 1.0) < 1e-6);
    }
    assert_true(m.all.evaluation.loss != alone.loss);
    assert_same_evaluation(&m.members[0].evaluation, &m.all.evaluation);
    mnist_eval_measurement_free(&m);
    m = measured(&s, view, false);
    assert_int_equal(m.kind, MNIST_EVAL_NO_VALUES);
    mnist_eval_measurement_free(&m);
    tear_down(&s);
}

/* Of several models: each alone, and the committee. */
static void test_several(void **state)
{
    static float expected[VALUES];
    const mnist_view view = test_view();
    mnist_evaluation own, together;
    mnist_committee *committee;
    setting s;
    set_up(&s, state);
    load_models(&s, 0, 1);
    mnist_eval_measurement m = measured(&s, view, true), figures = measured(&s, view, false);
    assert_int_equal(m.kind, MNIST_EVAL_PROBABILITIES);
    assert_int_equal(figures.kind, MNIST_EVAL_NO_VALUES);
    assert_int_equal(mnist_committee_create(&committee, view, NULL), MNIST_OK);
    for (size_t i = 0; i < 2; i++) {
        mnist_mlp *mlp = mnist_model_mlp(s.models.members[i].model);
        assert_int_equal(mnist_committee_add(committee, mlp, &UNIT, s.pool, &own, NULL), MNIST_OK);
        assert_same_evaluation(&m.members[i].evaluation, &own);
        assert_same_evaluation(&figures.members[i].evaluation, &own);
    }
    mnist_committee_evaluate(committee, &together);
    mnist_committee_probabilities(committee, expected);
    assert_same_evaluation(&m.all.evaluation, &together);
    assert_same_evaluation(&figures.all.evaluation, &together);
    assert_memory_equal(m.values, expected, sizeof expected);
    mnist_committee_free(committee);
    mnist_eval_measurement_free(&m);
    mnist_eval_measurement_free(&figures);
    tear_down(&s);
}

/* Held-out images and test images are measured apart: neither measurement knows of the other, in
 * either order, on any number of threads. */
static void test_measurements_apart(void **state)
{
    static float kept[HELD_OUT * MNIST_CLASSES];
    const mnist_view view = test_view(), part = held_out_view();
    setting s;
    set_up(&s, state);
    for (size_t last = 0; last <= 1; last++) {
        load_models(&s, 0, last);
        mnist_eval_measurement first = measured(&s, view, true);
        mnist_eval_measurement held_out = measured(&s, part, true);
        const mnist_evaluation own = held_out.members[last].evaluation;
        const mnist_eval_figures all = held_out.all;
        memcpy(kept, held_out.values, sizeof kept);
        mnist_pool_free(s.pool);
        assert_int_equal(mnist_pool_create(&s.pool, 3, NULL), MNIST_OK);
        mnist_eval_measurement again = measured(&s, view, true);

        assert_int_equal(held_out.view.count, HELD_OUT);
        assert_int_equal(held_out.all.evaluation.count, HELD_OUT);
        assert_memory_equal(&held_out.all, &all, sizeof all);
        assert_same_evaluation(&held_out.members[last].evaluation, &own);
        assert_memory_equal(held_out.values, kept, sizeof kept);

        assert_int_equal(again.all.evaluation.count, COUNT);
        assert_same_evaluation(&again.all.evaluation, &first.all.evaluation);
        for (size_t m = 0; m <= last; m++) {
            assert_int_equal(again.members[m].evaluation.count, COUNT);
            assert_same_evaluation(&again.members[m].evaluation, &first.members[m].evaluation);
        }
        assert_memory_equal(again.values, first.values, VALUES * sizeof *first.values);
        mnist_eval_measurement_free(&first);
        mnist_eval_measurement_free(&held_out);
        mnist_eval_measurement_free(&again);
        mnist_eval_models_free(&s.models);
    }
    tear_down(&s);
}

static void test_measure_fails(void **state)
{
    mnist_view narrow = test_view();
    mnist_eval_measurement m;
    narrow.cols = SIDE - 1;
    setting s;
    set_up(&s, state);
    load_models(&s, 0, 1);
    assert_false(mnist_eval_measure(&m, &s.models, narrow, true, s.pool, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_MISMATCH);
    assert_memory_equal(s.err.text, s.paths[0], strlen(s.paths[0])); /* which of the two */
    mnist_eval_measurement_free(&m);
    mnist_eval_models_free(&s.models);
    load_models(&s, 0, 0);
    assert_false(mnist_eval_measure(&m, &s.models, narrow, false, s.pool, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_MISMATCH);
    assert_null(strstr(s.err.text, s.paths[0])); /* there is but one */
    mnist_eval_measurement_free(&m);
    tear_down(&s);
}

/* --- Analyse --------------------------------------------------------------------------------- */

static mnist_eval_temperature temperature_of(setting *s, const mnist_eval_measurement *held_out)
{
    mnist_eval_temperature t;
    if (!mnist_eval_find_temperature(&t, &s->models, held_out, &s->err)) {
        fail_msg("%s", s->err.text);
    }
    return t;
}

static mnist_eval_analysis analysed(setting *s, const mnist_eval_inputs *inputs,
                                    const mnist_eval_measurement *test,
                                    const mnist_eval_temperature *t)
{
    mnist_eval_analysis a;
    if (!mnist_eval_analyse(&a, &s->models, inputs, test, t, s->pool, &s->err)) {
        fail_msg("%s", s->err.text);
    }
    return a;
}

static void test_temperature_told(void **state)
{
    const mnist_eval_measurement none = {.values = NULL};
    setting s;
    set_up(&s, state);
    load_models(&s, 0, 0);
    assert_true(temperature_of(&s, &none).value == 0.0);
    s.models.settings.temperature = "2.5";
    const mnist_eval_temperature t = temperature_of(&s, &none);
    assert_true(t.value == 2.5 && t.fitted_on == 0);
    tear_down(&s);
}

/* On logits, and on logarithms of a committee's probabilities, which stay as they were measured. */
static void test_temperature_fitted(void **state)
{
    enum { PART = HELD_OUT * MNIST_CLASSES };
    static float before[PART], logarithms[PART];
    setting s;
    set_up(&s, state);
    for (size_t last = 0; last <= 1; last++) {
        mnist_temperature_fit expected;
        load_models(&s, 0, last);
        s.models.settings.temperature = "fit";
        const mnist_view view = held_out_view();
        mnist_eval_measurement held_out = measured(&s, view, true);
        memcpy(before, held_out.values, sizeof before);
        memcpy(logarithms, held_out.values, sizeof before);
        if (held_out.kind == MNIST_EVAL_PROBABILITIES) {
            mnist_log_probabilities(before, MNIST_CLASSES, HELD_OUT, logarithms);
        }
        const mnist_eval_temperature t = temperature_of(&s, &held_out);
        assert_int_equal(mnist_temperature_find(logarithms, MNIST_CLASSES, view.labels, HELD_OUT,
                                                &expected, NULL),
                         MNIST_OK);
        assert_true(t.value == expected.temperature && t.fit.after == expected.after);
        assert_true(t.fit.after < t.fit.before);
        assert_true(fabs(t.fit.before - held_out.all.evaluation.loss) < 1e-5);
        assert_int_equal(t.fitted_on, HELD_OUT);
        assert_memory_equal(held_out.values, before, sizeof before);
        mnist_eval_measurement_free(&held_out);
        mnist_eval_models_free(&s.models);
    }
    tear_down(&s);
}

/* Probabilities come from either kind of values, with and without a temperature. */
static void test_probabilities(void **state)
{
    static float expected[VALUES];
    static const double values[] = {0.0, 2.5};
    const mnist_eval_inputs inputs = {.test = test_view()};
    setting s;
    set_up(&s, state);
    for (size_t last = 0; last <= 1; last++) {
        load_models(&s, 0, last);
        mnist_eval_measurement test = measured(&s, inputs.test, true);
        const mnist_evaluation before = test.all.evaluation;
        for (size_t k = 0; k < LENGTH(values); k++) {
            const mnist_eval_temperature t = {.value = values[k]};
            const bool as_measured = last == 1 && t.value == 0.0;
            mnist_eval_analysis a = analysed(&s, &inputs, &test, &t);
            memcpy(expected, test.values, sizeof expected);
            if (last == 1 && t.value > 0.0) {
                mnist_log_probabilities(expected, MNIST_CLASSES, COUNT, expected);
            }
            if (!as_measured) {
                mnist_temperature_apply(expected, MNIST_CLASSES, COUNT,
                                        t.value > 0.0 ? t.value : 1.0, expected);
            }
            assert_true(a.measured);
            assert_int_equal(a.predictions.count, COUNT);
            assert_ptr_equal(a.predictions.labels, labels);
            assert_memory_equal(a.predictions.probabilities, expected, sizeof expected);
            assert_true((a.predictions.probabilities == test.values) == as_measured);
            assert_int_equal(a.metrics.errors, before.errors);
            assert_int_equal(a.test.errors, before.errors);
            assert_true(a.test.loss == (t.value > 0.0 ? a.metrics.log_loss : before.loss));
            assert_same_evaluation(&test.all.evaluation, &before);
            mnist_eval_analysis_free(&a);
        }
        mnist_eval_measurement_free(&test);
        mnist_eval_models_free(&s.models);
    }
    tear_down(&s);
}

/* Without values there is the result alone. */
static void test_no_values(void **state)
{
    const mnist_eval_inputs inputs = {.test = test_view()};
    const mnist_eval_temperature none = {.value = 0.0};
    setting s;
    set_up(&s, state);
    load_models(&s, 0, 0);
    mnist_eval_measurement test = measured(&s, inputs.test, false);
    mnist_eval_analysis a = analysed(&s, &inputs, &test, &none);
    assert_false(a.measured);
    assert_null(a.probabilities);
    assert_null(a.worst);
    assert_same_evaluation(&a.test, &test.all.evaluation);
    assert_true(mnist_eval_judge(&s.models.settings, &a));
    mnist_eval_analysis_free(&a);
    mnist_eval_measurement_free(&test);
    tear_down(&s);
}

/* Logits that are not finite leave the result; of several models the one is named that gives them.
 * No temperature can be fitted on them. */
static void test_not_finite(void **state)
{
    const mnist_eval_inputs inputs = {.test = test_view()};
    const mnist_eval_temperature none = {.value = 0.0};
    mnist_eval_temperature t;
    setting s;
    set_up(&s, state);
    for (size_t first = 1; first <= 2; first++) {
        load_models(&s, first, 2);
        mnist_eval_measurement test = measured(&s, inputs.test, true);
        mnist_eval_analysis a = analysed(&s, &inputs, &test, &none);
        assert_false(a.measured);
        assert_true(isnan(a.test.loss));
        assert_false(mnist_eval_fail_not_finite(&test, &s.models, "so it is", &s.err));
        assert_memory_equal(s.err.text, s.paths[2], strlen(s.paths[2]));
        mnist_eval_analysis_free(&a);
        mnist_eval_measurement_free(&test);
        mnist_eval_models_free(&s.models);
    }
    load_models(&s, 2, 2);
    s.models.settings.temperature = "fit";
    mnist_eval_measurement held_out = measured(&s, held_out_view(), true);
    assert_false(mnist_eval_find_temperature(&t, &s.models, &held_out, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(s.err.text, "so that no temperature can be fitted"));
    mnist_eval_measurement_free(&held_out);
    tear_down(&s);
}

/* The worst errors; and a document that is read back as a baseline is as good as what it is of. */
static void test_worst_and_comparison(void **state)
{
    mnist_eval_inputs inputs = {.test = test_view()};
    const mnist_eval_temperature none = {.value = 0.0};
    setting s;
    set_up(&s, state);
    mnist_view_digests(inputs.test, &inputs.digests);
    s.settings.worst = 3;
    load_models(&s, 0, 0);
    mnist_eval_measurement test = measured(&s, inputs.test, true);
    mnist_eval_analysis a = analysed(&s, &inputs, &test, &none);
    assert_int_equal(a.worst_count, 3);
    assert_true(a.worst[0].probability >= a.worst[2].probability);
    const mnist_eval_results results = {&s.models, &inputs, &test, &a, NULL};
    json_t *document = mnist_eval_document(&results);
    char *text = mnist_json_text(document, 2);
    assert_non_null(text);
    assert_true(mnist_baseline_parse(&inputs.baseline, text, strlen(text), "old.json", &s.err));
    free(text);
    json_decref(document);
    mnist_eval_analysis_free(&a);
    mnist_eval_measurement_free(&test);

    for (size_t m = 0; m <= 1; m++) { /* the same model, then another */
        mnist_eval_models_free(&s.models);
        s.settings.baseline = "old.json";
        load_models(&s, m, m);
        test = measured(&s, inputs.test, true);
        a = analysed(&s, &inputs, &test, &none);
        const mnist_pairing *pairing = &a.comparison.pairing;
        assert_int_equal(
            pairing->both_right + pairing->both_wrong + pairing->lost + pairing->gained, COUNT);
        assert_int_equal(a.metrics.errors + pairing->gained - pairing->lost, a.comparison.errors);
        assert_true((pairing->lost + pairing->gained == 0) == (m == 0));
        assert_true(a.comparison.passed == (pairing->lost <= pairing->gained));
        mnist_eval_analysis_free(&a);
        mnist_eval_measurement_free(&test);
    }
    inputs.digests.labels[0] = 'x'; /* other images */
    test = measured(&s, inputs.test, true);
    assert_false(mnist_eval_analyse(&a, &s.models, &inputs, &test, &none, s.pool, &s.err));
    assert_int_equal(s.err.status, MNIST_ERR_ARGUMENT);
    mnist_eval_analysis_free(&a);
    mnist_eval_measurement_free(&test);
    inputs.test = (mnist_view){.count = 0};
    mnist_eval_inputs_free(&inputs);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_models_that_do_not_agree),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_measurements_apart),
        cmocka_unit_test(test_measure_fails),
        cmocka_unit_test(test_temperature_told),
        cmocka_unit_test(test_temperature_fitted),
        cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_no_values),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_worst_and_comparison),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
