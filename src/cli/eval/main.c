/* mnist-eval: how well a saved model does on test images, or several as one. */
#define _POSIX_C_SOURCE 200809L
#include "cli/shared/adopt.h"
#include "cli/eval/baseline.h"
#include "cli/eval/files.h"
#include "cli/eval/page.h"
#include "cli/eval/emit.h"
#include "cli/eval/held_out.h"
#include "cli/shared/figures.h"
#include "cli/shared/gate.h"
#include "cli/shared/program.h"
#include "cli/eval/settings.h"
#include "cli/shared/source.h"
#include "cli/terminal/clock.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "mnist-eval"

/* One of the models that the command line names. */
typedef struct committee_member {
    const char *path;
    mnist_model *model;
    mnist_augmentation augmentation;       /* of --tta */
    char augment[MNIST_AUGMENTATION_TEXT]; /* its text; "none" where nothing tells any */
    mnist_held_out held_out;               /* for --temperature fit */
    mnist_evaluation own;
    double seconds; /* its part of the evaluation */
} committee_member;

typedef struct evaluation {
    const mnist_eval_settings *settings;
    committee_member *members;
    size_t count;
    mnist_data_digests digests;
    mnist_evaluation test; /* of the one, or of all together */
    double seconds;
    /* What more is asked for than the result line has. */
    float *outputs;  /* (test images, MNIST_CLASSES): in the end probabilities; NULL: not wanted */
    bool measured;   /* the four below are there */
    bool no_numbers; /* they are not, since a probability is no number */
    mnist_predictions predictions;
    mnist_metrics metrics;
    mnist_mistake *worst;
    size_t worst_count;
    mnist_eval_temperature_fit temperature; /* value 0: probabilities are as they are */
    json_t *baseline;
    mnist_eval_comparison comparison; /* with it */
    mnist_eval_course course;         /* of the first model's training, with --log */
} evaluation;

/* What mnist-train was told, as the model states it; *options is NULL where it states nothing. */
static bool load_options(const committee_member *member, json_t **options, mnist_error *err)
{
    return mnist_adopt_parse(mnist_model_metadata(member->model, "options"), member->path, options,
                             err);
}

static bool adopt_data(const committee_member *member, const mnist_parsed *parsed,
                       mnist_eval_settings *settings, mnist_error *err)
{
    json_t *options;
    bool ok = load_options(member, &options, err) &&
              mnist_adopt_data(options, member->path, parsed, settings, &settings->data, err);
    json_decref(options);
    return ok;
}

/* Models that were trained for different data are no committee, unless the command line says what
 * they shall be measured on. */
static bool adopt_from_all(const evaluation *e, const mnist_parsed *parsed,
                           mnist_eval_settings *settings, mnist_error *err)
{
    const mnist_eval_settings given = *settings;
    const committee_member *first = NULL; /* that says something */
    for (size_t m = 0; m < e->count; m++) {
        const committee_member *member = &e->members[m];
        mnist_eval_settings own = given;
        if (!adopt_data(member, parsed, &own, err)) {
            return false;
        }
        if (!first && mnist_model_metadata(member->model, "options")) {
            first = member;
            *settings = own;
        }
        bool synthetic = settings->data.dataset == MNIST_DATASET_SYNTHETIC;
        for (size_t i = 0; first && mnist_model_metadata(member->model, "options") &&
                           i < (synthetic ? MNIST_ADOPTED : 1);
             i++) {
            char texts[2][MNIST_OPTION_TEXT];
            mnist_option_ref ref = mnist_option_find(parsed->program, mnist_adopted[i]);
            mnist_option_format(ref.option, mnist_option_field(ref, settings), texts[0]);
            mnist_option_format(ref.option, mnist_option_field(ref, &own), texts[1]);
            if (strcmp(texts[0], texts[1]) != 0) {
                return mnist_options_fail(err,
                                          "%.2000s: trained with --%s %s, but %.2000s with %s; say "
                                          "--%s to measure both on the same",
                                          member->path, mnist_adopted[i], texts[1], first->path,
                                          texts[0], mnist_adopted[i]);
            }
        }
    }
    return true;
}

static bool wants_training_images(const mnist_eval_settings *settings)
{
    return settings->temperature && mnist_eval_temperature(settings) == 0.0;
}

static unsigned wanted_images(const mnist_eval_settings *settings)
{
    return wants_training_images(settings) ? MNIST_IDX_TRAIN | MNIST_IDX_TEST : MNIST_IDX_TEST;
}

/* How each model's images are distorted for --tta. */
static bool adopt_augmentation(evaluation *e, mnist_error *err)
{
    for (size_t m = 0; e->settings->tta > 1 && m < e->count; m++) {
        committee_member *member = &e->members[m];
        json_t *options;
        bool ok = load_options(member, &options, err) &&
                  mnist_adopt_augmentation(options, member->path, e->settings->augment,
                                           &member->augmentation, err);
        json_decref(options);
        if (!ok) {
            return false;
        }
        mnist_augmentation_print(&member->augmentation, member->augment);
    }
    return true;
}

/* Where a temperature may be fitted; of synthetic digits there are as many to make as the models
 * were trained on. */
static bool adopt_held_out(evaluation *e, mnist_eval_settings *settings, mnist_error *err)
{
    for (size_t m = 0; wants_training_images(settings) && m < e->count; m++) {
        committee_member *member = &e->members[m];
        json_t *options;
        bool ok = load_options(member, &options, err) &&
                  mnist_held_out_adopt(options, member->path, &member->held_out, err);
        json_decref(options);
        if (!ok) {
            return false;
        }
        settings->data.synthetic_train = member->held_out.synthetic_train;
    }
    return true;
}

/* --log: of the first model, whose weights the page shows too. */
static bool read_course(evaluation *e, mnist_error *err)
{
    const committee_member *first = &e->members[0];
    mnist_course_plan plan;
    json_t *options = NULL;
    if (!e->settings->log) {
        return true;
    }
    bool ok = load_options(first, &options, err) &&
              mnist_course_plan_read(&plan, options, mnist_model_metadata(first->model, "seed"),
                                     mnist_model_metadata(first->model, "trained_on"), first->path,
                                     err) &&
              mnist_eval_course_read(&e->course, e->settings->log, &plan, err) == MNIST_OK;
    json_decref(options);
    return ok;
}

/* That there is something to average over. */
static bool check_augmentation(const evaluation *e, mnist_error *err)
{
    for (size_t m = 0; e->settings->tta > 1 && m < e->count; m++) {
        if (!mnist_augmentation_any(&e->members[m].augmentation)) {
            return mnist_options_fail(err,
                                      "%s: was trained without --augment; to distort images for "
                                      "--tta, say --augment SPEC",
                                      e->members[m].path);
        }
    }
    return true;
}

/* A model knows which test images its training run reported on; others give other numbers. */
static void note_other_data(const evaluation *e, const committee_member *member)
{
    const char *images = mnist_model_metadata(member->model, "test_images_sha256");
    const char *labels = mnist_model_metadata(member->model, "test_labels_sha256");
    if (!e->settings->out.quiet && images && labels &&
        (strcmp(images, e->digests.images) != 0 || strcmp(labels, e->digests.labels) != 0)) {
        fprintf(stderr, PROGRAM ": note: ");
        if (e->count > 1) {
            mnist_print_plain(member->path, stderr);
            fprintf(stderr, ": ");
        }
        fprintf(stderr,
                "these are not the test images that the training run of this model reported on\n");
    }
}

static json_t *model_json(const evaluation *e, const committee_member *member)
{
    size_t parameters = mnist_mlp_parameters(mnist_model_mlp(member->model));
    return json_pack("{s:s, s:I, s:s, s:s*}", "file", member->path, "parameters",
                     (json_int_t)parameters, "sha256", mnist_model_digest(member->model), "augment",
                     e->settings->tta > 1 ? member->augment : NULL);
}

/* Each with what it does alone. */
static json_t *models_json(const evaluation *e)
{
    json_t *models = json_array();
    for (size_t m = 0; m < e->count; m++) {
        json_t *model = model_json(e, &e->members[m]);
        mnist_json_put(&model, "test", mnist_figures_json(&e->members[m].own));
        mnist_json_append(&models, model);
    }
    return models;
}

/* What is made from the probabilities. */
static void add_measured(const evaluation *e, json_t **doc)
{
    const mnist_eval_settings *settings = e->settings;
    if (!e->measured) {
        mnist_json_put(doc, "metrics", json_null());
        return;
    }
    mnist_json_put(doc, "metrics", mnist_eval_metrics_json(&e->metrics));
    mnist_json_put(doc, "mistakes", mnist_eval_mistakes_json(&e->predictions));
    if (settings->temperature) {
        mnist_json_put(doc, "temperature", mnist_eval_temperature_json(&e->temperature));
    }
    if (settings->worst > 0) {
        mnist_json_put(doc, "worst", mnist_eval_worst_json(e->worst, e->worst_count));
    }
    if (settings->curves) {
        mnist_json_put(doc, "curves", mnist_eval_curves_json(&e->predictions));
    }
    if (settings->baseline) {
        mnist_json_put(doc, "baseline", mnist_eval_comparison_json(&e->comparison));
    }
}

/* "model", or of several "models"; all else is alike. */
static json_t *document(const evaluation *e)
{
    bool several = e->count > 1;
    json_t *doc =
        json_pack("{s:s, s:s, s:o, s:{s:{s:I, s:s, s:s}}, s:o, s:f, s:o}", "schema", "mnist-eval/1",
                  "version", mnist_version(), several ? "models" : "model",
                  several ? models_json(e) : model_json(e, &e->members[0]), "data", "test", "n",
                  (json_int_t)e->test.count, "images_sha256", e->digests.images, "labels_sha256",
                  e->digests.labels, "test", mnist_figures_json(&e->test), "seconds", e->seconds,
                  "gate", mnist_gate_json(&e->settings->gate, e->test.accuracy, e->test.loss));
    if (e->settings->tta > 1) {
        mnist_json_put(&doc, "tta", json_integer((json_int_t)e->settings->tta));
        mnist_json_put(&doc, "seed", mnist_json_whole(e->settings->seed));
    }
    if (e->settings->confusion) {
        mnist_json_put(&doc, "confusion", mnist_confusion_json(e->test.confusion));
    }
    add_measured(e, &doc);
    return doc;
}

/* "tta=8 ", if that is what the figures are of. */
static void print_versions(const evaluation *e)
{
    if (e->settings->tta > 1) {
        printf("tta=%u ", e->settings->tta);
    }
}

/* What the flags ask for, before the result line. */
static void print_measured(const evaluation *e)
{
    const mnist_eval_settings *settings = e->settings;
    if (!e->measured) {
        return;
    }
    if (settings->metrics) {
        mnist_eval_print_metrics(&e->metrics);
    }
    if (settings->calibration) {
        mnist_eval_print_calibration(&e->metrics.calibration);
    }
    if (settings->worst > 0) {
        mnist_eval_print_worst(e->worst, e->worst_count);
    }
    if (settings->temperature) {
        mnist_eval_print_temperature(&e->temperature);
    }
    if (settings->baseline) {
        mnist_eval_print_comparison(&e->comparison, &e->metrics);
    }
}

/* The last line is that of all models together. The files' names, which may hold blanks, end the
 * lines before it. */
static void print_lines(const evaluation *e)
{
    for (size_t m = 0; e->count > 1 && m < e->count; m++) {
        print_versions(e);
        mnist_figures_print(&e->members[m].own, e->members[m].seconds);
        printf(" model=");
        mnist_print_plain(e->members[m].path, stdout);
        putchar('\n');
    }
    if (e->settings->confusion) {
        mnist_confusion_print(&e->test);
    }
    print_measured(e);
    if (e->count > 1) {
        printf("models=%zu ", e->count);
    }
    print_versions(e);
    mnist_figures_print_line(&e->test, e->seconds);
}

/* Of a net whose numbers overflow, the first of several. */
static void fail_not_finite(const evaluation *e, const char *what, mnist_error *err)
{
    size_t m = 0;
    while (m + 1 < e->count && isfinite(e->members[m].own.loss)) {
        m++;
    }
    mnist_options_fail(err, "%.4000s: its logits are not finite, so that %s", e->members[m].path,
                       what);
}

/* Among several models it must be said which one fails. */
static void name_member(const evaluation *e, const committee_member *member, mnist_error *err)
{
    if (e->count > 1) {
        const mnist_status status = err->status;
        mnist_fail(err, status, "%.4000s: %.2000s", member->path, err->text);
    }
}

/* One model on several versions of each image. committee: of all models; NULL: there is but one.
 * outputs: its probabilities, if there is but one; NULL: not wanted. */
static mnist_status measure_versions(const evaluation *e, committee_member *member,
                                     mnist_committee *committee, mnist_view view, mnist_pool *pool,
                                     float *outputs, mnist_error *err)
{
    mnist_committee *versions;
    mnist_status status = mnist_committee_create(&versions, view, err);
    if (status == MNIST_OK) {
        const mnist_versions wanted = {.count = e->settings->tta,
                                       .augmentation = member->augmentation,
                                       .seed = e->settings->seed};
        status = mnist_committee_add_versions(versions, mnist_model_mlp(member->model),
                                              mnist_model_normalization(member->model), &wanted,
                                              pool, err);
    }
    if (status == MNIST_OK) {
        mnist_committee_evaluate(versions, &member->own);
    }
    if (status == MNIST_OK && committee) {
        mnist_committee_join(committee, versions);
    } else if (status == MNIST_OK && outputs) {
        mnist_committee_probabilities(versions, outputs);
    }
    mnist_committee_free(versions);
    return status;
}

/* One model on the images as they are. outputs: its logits, if there is but one; NULL: not wanted.
 */
static mnist_status measure_one(committee_member *member, mnist_committee *committee,
                                mnist_view view, mnist_pool *pool, float *outputs, mnist_error *err)
{
    mnist_mlp *mlp = mnist_model_mlp(member->model);
    const mnist_normalization *normalization = mnist_model_normalization(member->model);
    if (committee) {
        return mnist_committee_add(committee, mlp, normalization, pool, &member->own, err);
    }
    return outputs ? mnist_logits(mlp, view, normalization, pool, outputs, &member->own, err)
                   : mnist_evaluate(mlp, view, normalization, pool, &member->own, err);
}

/* Whether what `measure` gives as outputs are logits, and not yet probabilities. */
static bool gives_logits(const evaluation *e)
{
    return e->count == 1 && e->settings->tta < 2;
}

static mnist_status measure(evaluation *e, mnist_view view, mnist_pool *pool, float *outputs,
                            mnist_error *err)
{
    const double start = mnist_clock();
    mnist_committee *committee = NULL;
    mnist_status status = e->count > 1 ? mnist_committee_create(&committee, view, err) : MNIST_OK;
    for (size_t m = 0; status == MNIST_OK && m < e->count; m++) {
        committee_member *member = &e->members[m];
        const double own_start = mnist_clock();
        status = e->settings->tta > 1
                     ? measure_versions(e, member, committee, view, pool, outputs, err)
                     : measure_one(member, committee, view, pool, outputs, err);
        member->seconds = mnist_clock() - own_start;
        if (status != MNIST_OK) {
            name_member(e, member, err);
        }
    }
    if (status == MNIST_OK && committee) {
        mnist_committee_evaluate(committee, &e->test);
        if (outputs) {
            mnist_committee_probabilities(committee, outputs);
        }
    } else if (status == MNIST_OK) {
        e->test = e->members[0].own;
    }
    e->seconds = mnist_clock() - start;
    mnist_committee_free(committee);
    return status;
}

/* Room for one number an image and class. */
static float *outputs_for(mnist_view view, mnist_error *err)
{
    float *outputs = calloc(view.count, MNIST_CLASSES * sizeof *outputs);
    if (!outputs) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the outputs of %zu images",
                   view.count);
    }
    return outputs;
}

/* Which training images all models were validated on. */
static bool find_held_out(const evaluation *e, mnist_view all, mnist_view *out, mnist_error *err)
{
    const mnist_share given = e->settings->val_split;
    mnist_data_digests digests;
    mnist_view_digests(all, &digests);
    for (size_t m = 0; m < e->count; m++) {
        const committee_member *member = &e->members[m];
        const char *images = mnist_model_metadata(member->model, "train_images_sha256"),
                   *labels = mnist_model_metadata(member->model, "train_labels_sha256");
        mnist_view own;
        if (given.count == 0 && given.fraction <= 0.0 &&
            ((images && strcmp(images, digests.images) != 0) ||
             (labels && strcmp(labels, digests.labels) != 0))) {
            return mnist_options_fail(err,
                                      "%s: these are not the training images of this model, so it "
                                      "is not known which of them it was validated on; say "
                                      "--val-split N to fit on the last N of them",
                                      member->path);
        }
        if (!mnist_held_out_view(&member->held_out, given,
                                 mnist_model_metadata(member->model, "trained_on"), member->path,
                                 all, &own, err)) {
            return false;
        }
        if (m > 0 && (own.images != out->images || own.count != out->count)) {
            return mnist_options_fail(err,
                                      "%.2500s: was validated on other images than %.2500s; say "
                                      "--val-split N to fit on the last N of all training images",
                                      member->path, e->members[0].path);
        }
        *out = own;
    }
    return true;
}

/* The test images are not looked at. */
static bool fit_temperature(evaluation *e, const mnist_source *source, mnist_pool *pool,
                            mnist_error *err)
{
    mnist_eval_temperature_fit *report = &e->temperature;
    mnist_view view;
    if (!e->settings->temperature) {
        return true;
    }
    report->value = mnist_eval_temperature(e->settings);
    if (report->value > 0.0) {
        return true;
    }
    if (!find_held_out(e, mnist_dataset_view(source->train), &view, err)) {
        return false;
    }
    float *logits = outputs_for(view, err);
    bool ok = logits && measure(e, view, pool, logits, err) == MNIST_OK;
    if (ok && !gives_logits(e)) {
        mnist_log_probabilities(logits, view.count, logits);
    }
    mnist_status status =
        ok ? mnist_temperature_find(logits, view.labels, view.count, &report->fit, err)
           : MNIST_ERR_MEMORY;
    ok = status == MNIST_OK;
    if (status == MNIST_ERR_ARGUMENT) { /* images there are, and their labels were checked */
        fail_not_finite(e, "no temperature can be fitted", err);
    }
    report->value = report->fit.temperature;
    report->fitted_on = view.count;
    free(logits);
    return ok;
}

/* Outputs as `measure` gives them become probabilities. */
static void to_probabilities(const evaluation *e)
{
    const double temperature = e->temperature.value;
    const size_t count = e->predictions.count;
    if (!gives_logits(e) && temperature > 0.0) {
        mnist_log_probabilities(e->outputs, count, e->outputs);
    }
    if (gives_logits(e) || temperature > 0.0) {
        mnist_temperature_apply(e->outputs, count, temperature > 0.0 ? temperature : 1.0,
                                e->outputs);
    }
}

static bool compare(evaluation *e, mnist_view view, mnist_pool *pool, mnist_error *err)
{
    const mnist_eval_settings *settings = e->settings;
    mnist_eval_comparison *comparison = &e->comparison;
    uint8_t *then = calloc(view.count, 1), *now = calloc(view.count, 1);
    bool ok = then && now;
    if (!ok) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    *comparison = (mnist_eval_comparison){
        .path = settings->baseline, .seed = settings->seed, .tolerance = settings->tolerance};
    ok = ok && mnist_baseline_right(e->baseline, settings->baseline, view, &e->digests, then,
                                    &comparison->errors, err);
    for (size_t i = 0; ok && i < view.count; i++) {
        now[i] = mnist_predictions_top(&e->predictions, i) == view.labels[i];
    }
    ok = ok && mnist_pairing_compute(then, now, view.count, settings->seed, pool,
                                     &comparison->pairing, err) == MNIST_OK;
    comparison->passed = ok && -comparison->pairing.difference <= settings->tolerance;
    free(then);
    free(now);
    return ok;
}

/* Whether more is asked for than there can be where a probability is no number. */
static bool needs_numbers(const mnist_eval_settings *s)
{
    return s->csv || s->metrics || s->calibration || s->worst > 0 || s->curves || s->predictions ||
           s->report || s->baseline || s->temperature;
}

/* --report; false: err says why there is none. */
static bool write_page(const evaluation *e, mnist_view view, mnist_pool *pool, mnist_error *err)
{
    mnist_model **models = calloc(e->count, sizeof *models); // NOLINT(bugprone-sizeof-expression)
    const char **paths = calloc(e->count, sizeof *paths);
    bool ok = models && paths;
    if (!ok) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    for (size_t m = 0; ok && m < e->count; m++) {
        models[m] = e->members[m].model;
        paths[m] = e->members[m].path;
    }
    const mnist_eval_page page = {.settings = e->settings,
                                  .models = models,
                                  .paths = paths,
                                  .count = e->count,
                                  .digests = &e->digests,
                                  .course = e->settings->log ? &e->course : NULL,
                                  .temperature = e->temperature.value,
                                  .test = view,
                                  .probabilities = e->outputs,
                                  .evaluation = &e->test,
                                  .seconds = e->seconds};
    ok = ok && mnist_eval_page_write(&page, pool, err) == MNIST_OK;
    free(models);
    free(paths);
    return ok;
}

/* From probabilities to all that is asked for beyond the result line. */
static bool measure_more(evaluation *e, mnist_view view, mnist_pool *pool, mnist_error *err)
{
    const mnist_eval_settings *settings = e->settings;
    if (!e->outputs) {
        return true;
    }
    e->predictions = (mnist_predictions){e->outputs, view.labels, view.count};
    to_probabilities(e);
    mnist_status status = mnist_metrics_compute(&e->predictions, &e->metrics, err);
    if (status == MNIST_ERR_ARGUMENT) {
        e->no_numbers = true; /* JSON says null of them, as of the loss */
        return true;
    }
    if (status != MNIST_OK) {
        return false;
    }
    e->measured = true;
    if (settings->temperature) {
        e->temperature.test_loss_before = e->test.loss;
        e->test.loss = e->metrics.log_loss;
    }
    return (settings->worst == 0 ||
            mnist_mistakes_worst(&e->worst, &e->worst_count, settings->worst, &e->predictions,
                                 err) == MNIST_OK) &&
           (!settings->baseline || compare(e, view, pool, err));
}

/* After the result, which must not be lost to what fails beside it. */
static int fail_beside(const mnist_error *err)
{
    fflush(stdout); /* in the order in which things happen, where both are one file */
    return mnist_program_error(PROGRAM, err);
}

static int write_files(const evaluation *e, mnist_view view, mnist_pool *pool)
{
    mnist_error err;
    const mnist_eval_settings *settings = e->settings;
    int code = MNIST_EXIT_OK;
    if (e->no_numbers && needs_numbers(settings)) {
        fail_not_finite(e, "no more can be told of it than its result", &err);
        return fail_beside(&err);
    }
    if (settings->predictions &&
        mnist_eval_write_predictions(settings->predictions, &e->predictions, &err) != MNIST_OK) {
        code = fail_beside(&err);
    }
    if (settings->report && !write_page(e, view, pool, &err)) {
        code = fail_beside(&err);
    }
    return code;
}

/* Whether all gates are passed; says on stderr which are not. */
static bool judge(const evaluation *e)
{
    bool passed = mnist_gate_check(PROGRAM, &e->settings->gate, e->test.accuracy, e->test.loss);
    if (e->settings->baseline && e->measured && !e->comparison.passed) {
        char fall[MNIST_REAL_TEXT], tolerance[MNIST_REAL_TEXT];
        mnist_real_format(-e->comparison.pairing.difference, fall);
        mnist_real_format(e->settings->tolerance, tolerance);
        fprintf(stderr, PROGRAM ": gate failed: test accuracy is %s below that of ", fall);
        mnist_print_plain(e->settings->baseline, stderr);
        fprintf(stderr, ", more than --tolerance %s\n", tolerance);
        passed = false;
    }
    return passed;
}

/* Models, data and team are there: measure, print, write, judge. */
static int evaluate(evaluation *e, const mnist_source *source, mnist_pool *pool)
{
    mnist_error err;
    const mnist_eval_settings *settings = e->settings;
    mnist_view view = mnist_dataset_view(source->test);
    bool more = settings->out.json || needs_numbers(settings);
    bool ok = fit_temperature(e, source, pool, &err) &&
              (!more || (e->outputs = outputs_for(view, &err)) != NULL) &&
              measure(e, view, pool, e->outputs, &err) == MNIST_OK;
    if (ok) {
        mnist_view_digests(view, &e->digests);
        ok = measure_more(e, view, pool, &err);
    }
    if (!ok) {
        return mnist_program_error(PROGRAM, &err);
    }
    for (size_t m = 0; m < e->count; m++) {
        note_other_data(e, &e->members[m]);
    }
    int code = MNIST_EXIT_OK;
    if (settings->csv) {
        json_t *doc = document(e);
        if (doc) {
            mnist_eval_print_csv(doc, stdout);
        } else {
            code = mnist_program_print_json(PROGRAM, NULL); /* which says so */
        }
        json_decref(doc);
    } else if (settings->out.json) {
        code = mnist_program_print_json(PROGRAM, document(e));
    } else {
        print_lines(e);
    }
    int written = write_files(e, view, pool);
    bool passed = judge(e);
    code = code != MNIST_EXIT_OK ? code : written;
    return code != MNIST_EXIT_OK ? code : passed ? MNIST_EXIT_OK : MNIST_EXIT_GATE;
}

/* JSON is UTF-8, and the document names the files. */
static bool check_paths(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                        mnist_error *err)
{
    bool document = settings->out.json || settings->csv;
    for (size_t m = 0; document && m < parsed->operand_count; m++) {
        if (!mnist_json_check_name(parsed->operands[m], err)) {
            return false;
        }
    }
    return !document || !settings->baseline || mnist_json_check_name(settings->baseline, err);
}

static bool load(evaluation *e, const mnist_parsed *parsed, mnist_error *err)
{
    e->members = calloc(parsed->operand_count, sizeof *e->members);
    if (!e->members) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
        return false;
    }
    e->count = parsed->operand_count;
    for (size_t m = 0; m < e->count; m++) {
        committee_member *member = &e->members[m];
        member->path = parsed->operands[m];
        if (mnist_model_load(&member->model, member->path, err) != MNIST_OK) {
            return false;
        }
        unsigned inputs = mnist_mlp_shape(mnist_model_mlp(member->model))->inputs,
                 first = mnist_mlp_shape(mnist_model_mlp(e->members[0].model))->inputs;
        if (inputs != first) {
            mnist_fail(err, MNIST_ERR_MISMATCH,
                       "%.2500s: its net has %u inputs, but that of %.2500s has %u", member->path,
                       inputs, e->members[0].path, first);
            return false;
        }
    }
    return true;
}

static void unload(evaluation *e)
{
    for (size_t m = 0; m < e->count; m++) {
        mnist_model_free(e->members[m].model);
    }
    free(e->members);
    free(e->outputs);
    mnist_mistakes_free(e->worst);
    json_decref(e->baseline);
    mnist_eval_course_free(&e->course);
}

static int run(void *given, const mnist_parsed *parsed)
{
    mnist_eval_settings *settings = given;
    mnist_error err;
    evaluation e = {.settings = settings};
    mnist_source source = {.train = NULL};
    mnist_pool *pool = NULL;
    if (!check_paths(settings, parsed, &err)) {
        return mnist_program_usage(&mnist_eval_program, &err);
    }
    bool loaded =
        (!settings->baseline || mnist_baseline_read(&e.baseline, settings->baseline, &err)) &&
        load(&e, parsed, &err) && adopt_from_all(&e, parsed, settings, &err) &&
        adopt_augmentation(&e, &err) && adopt_held_out(&e, settings, &err) && read_course(&e, &err);
    if (loaded &&
        (!mnist_eval_check_data(settings, parsed, &err) || !check_augmentation(&e, &err) ||
         mnist_eval_files_locate(&source, settings, wanted_images(settings), parsed, &err) !=
             MNIST_OK)) {
        mnist_source_close(&source);
        unload(&e);
        return mnist_program_usage(&mnist_eval_program, &err);
    }
    bool ok =
        loaded &&
        mnist_source_load(&source, &settings->data, wanted_images(settings), &err) == MNIST_OK &&
        mnist_pool_create(&pool, settings->threads, &err) == MNIST_OK;
    int code = ok ? evaluate(&e, &source, pool) : mnist_program_error(PROGRAM, &err);
    mnist_pool_free(pool);
    mnist_source_close(&source);
    unload(&e);
    return code;
}

int main(int argc, char **argv)
{
    mnist_eval_settings settings = mnist_eval_settings_defaults();
    return mnist_program_main(&mnist_eval_program, argc, argv, &settings, run);
}
