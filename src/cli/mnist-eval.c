/* mnist-eval: how well a saved model does on test images, or several as one. */
#define _POSIX_C_SOURCE 200809L
#include "cli/adopt.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/source.h"

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
              mnist_adopt_data(options, member->path, parsed, settings, err);
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
            mnist_report_plain(member->path, stderr);
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
        mnist_json_put(&model, "test", mnist_report_evaluation(&e->members[m].own));
        mnist_json_append(&models, model);
    }
    return models;
}

/* "model", or of several "models"; all else is alike. */
static json_t *document(const evaluation *e)
{
    bool several = e->count > 1;
    json_t *doc = json_pack(
        "{s:s, s:s, s:o, s:{s:{s:I, s:s, s:s}}, s:o, s:f, s:o}", "schema", "mnist-eval/1",
        "version", mnist_version(), several ? "models" : "model",
        several ? models_json(e) : model_json(e, &e->members[0]), "data", "test", "n",
        (json_int_t)e->test.count, "images_sha256", e->digests.images, "labels_sha256",
        e->digests.labels, "test", mnist_report_evaluation(&e->test), "seconds", e->seconds, "gate",
        mnist_report_gate(&e->settings->gate, e->test.accuracy, e->test.loss));
    if (e->settings->tta > 1) {
        mnist_json_put(&doc, "tta", json_integer((json_int_t)e->settings->tta));
        mnist_json_put(&doc, "seed", mnist_json_whole(e->settings->tta_seed));
    }
    if (e->settings->confusion) {
        mnist_json_put(&doc, "confusion", mnist_report_confusion_json(&e->test));
    }
    return doc;
}

/* "tta=8 ", if that is what the figures are of. */
static void print_versions(const evaluation *e)
{
    if (e->settings->tta > 1) {
        printf("tta=%u ", e->settings->tta);
    }
}

/* The last line is that of all models together. The files' names, which may hold blanks, end the
 * lines before it. */
static void print_lines(const evaluation *e)
{
    for (size_t m = 0; e->count > 1 && m < e->count; m++) {
        print_versions(e);
        mnist_report_figures(&e->members[m].own, e->members[m].seconds);
        printf(" model=");
        mnist_report_plain(e->members[m].path, stdout);
        putchar('\n');
    }
    if (e->settings->confusion) {
        mnist_report_confusion(&e->test);
    }
    if (e->count > 1) {
        printf("models=%zu ", e->count);
    }
    print_versions(e);
    mnist_report_line(&e->test, e->seconds);
}

/* Among several models it must be said which one fails. */
static void name_member(const evaluation *e, const committee_member *member, mnist_error *err)
{
    if (e->count > 1) {
        const mnist_status status = err->status;
        mnist_options_fail(err, "%.4000s: %.2000s", member->path, err->text);
        err->status = status;
    }
}

/* One model on several versions of each image. committee: of all models; NULL: there is but one. */
static mnist_status measure_versions(const evaluation *e, committee_member *member,
                                     mnist_committee *committee, mnist_view view, mnist_pool *pool,
                                     mnist_error *err)
{
    mnist_committee *versions;
    mnist_status status = mnist_committee_create(&versions, view, err);
    if (status == MNIST_OK) {
        status = mnist_committee_add_versions(
            versions, mnist_model_mlp(member->model), mnist_model_normalization(member->model),
            &member->augmentation, e->settings->tta, e->settings->tta_seed, pool, err);
    }
    if (status == MNIST_OK) {
        mnist_committee_evaluate(versions, &member->own);
    }
    if (status == MNIST_OK && committee) {
        mnist_committee_join(committee, versions);
    }
    mnist_committee_free(versions);
    return status;
}

/* One model on the images as they are. */
static mnist_status measure_one(committee_member *member, mnist_committee *committee,
                                mnist_view view, mnist_pool *pool, mnist_error *err)
{
    mnist_mlp *mlp = mnist_model_mlp(member->model);
    const mnist_normalization *normalization = mnist_model_normalization(member->model);
    return committee ? mnist_committee_add(committee, mlp, normalization, pool, &member->own, err)
                     : mnist_evaluate(mlp, view, normalization, pool, &member->own, err);
}

static mnist_status measure(evaluation *e, mnist_view view, mnist_pool *pool, mnist_error *err)
{
    const double start = mnist_clock();
    mnist_committee *committee = NULL;
    mnist_status status = e->count > 1 ? mnist_committee_create(&committee, view, err) : MNIST_OK;
    for (size_t m = 0; status == MNIST_OK && m < e->count; m++) {
        committee_member *member = &e->members[m];
        const double own_start = mnist_clock();
        status = e->settings->tta > 1 ? measure_versions(e, member, committee, view, pool, err)
                                      : measure_one(member, committee, view, pool, err);
        member->seconds = mnist_clock() - own_start;
        if (status != MNIST_OK) {
            name_member(e, member, err);
        }
    }
    if (status == MNIST_OK && committee) {
        mnist_committee_evaluate(committee, &e->test);
    } else if (status == MNIST_OK) {
        e->test = e->members[0].own;
    }
    e->seconds = mnist_clock() - start;
    mnist_committee_free(committee);
    return status;
}

/* Models, data and team are there: measure, print, judge. */
static int evaluate(evaluation *e, const mnist_source *source, mnist_pool *pool)
{
    mnist_error err;
    mnist_view view = mnist_dataset_view(source->test);
    if (measure(e, view, pool, &err) != MNIST_OK) {
        return mnist_report_error(PROGRAM, &err);
    }
    mnist_view_digests(view, &e->digests);
    for (size_t m = 0; m < e->count; m++) {
        note_other_data(e, &e->members[m]);
    }
    int code = MNIST_EXIT_OK;
    if (e->settings->out.json) {
        code = mnist_report_json(PROGRAM, document(e));
    } else {
        print_lines(e);
    }
    bool passed =
        mnist_report_check_gate(PROGRAM, &e->settings->gate, e->test.accuracy, e->test.loss);
    return code != MNIST_EXIT_OK ? code : passed ? MNIST_EXIT_OK : MNIST_EXIT_GATE;
}

/* JSON is UTF-8, and the document names the models' files. */
static bool check_paths(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                        mnist_error *err)
{
    for (size_t m = 0; settings->out.json && m < parsed->operand_count; m++) {
        json_t *name = json_string(parsed->operands[m]);
        if (!name && mnist_json_short()) {
            mnist_options_fail(err, "out of memory");
            err->status = MNIST_ERR_MEMORY;
            return false;
        }
        if (!name) {
            return mnist_options_fail(err, "%s: a name that is not UTF-8 cannot be written as JSON",
                                      parsed->operands[m]);
        }
        json_decref(name);
    }
    return true;
}

static bool load(evaluation *e, const mnist_parsed *parsed, mnist_error *err)
{
    e->members = calloc(parsed->operand_count, sizeof *e->members);
    if (!e->members) {
        err->status = MNIST_ERR_MEMORY;
        snprintf(err->text, sizeof err->text, "out of memory");
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
            mnist_options_fail(err, "%.2500s: its net has %u inputs, but that of %.2500s has %u",
                               member->path, inputs, e->members[0].path, first);
            err->status = MNIST_ERR_MISMATCH;
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
}

static int report_usage(const mnist_error *err)
{
    mnist_options_report(&mnist_eval_program, err, stderr);
    return err->status == MNIST_ERR_ARGUMENT ? MNIST_EXIT_USAGE : MNIST_EXIT_FAILURE;
}

static int run(mnist_eval_settings *settings, const mnist_parsed *parsed)
{
    mnist_error err;
    evaluation e = {.settings = settings};
    mnist_source source = {.train = NULL};
    mnist_pool *pool = NULL;
    if (!check_paths(settings, parsed, &err)) {
        return report_usage(&err);
    }
    bool loaded = load(&e, parsed, &err) && adopt_from_all(&e, parsed, settings, &err) &&
                  adopt_augmentation(&e, &err);
    if (loaded &&
        (!mnist_eval_check_data(settings, parsed, &err) || !check_augmentation(&e, &err))) {
        unload(&e);
        return report_usage(&err);
    }
    bool ok = loaded &&
              mnist_source_open(&source, &settings->data, MNIST_IDX_TEST, &err) == MNIST_OK &&
              mnist_pool_create(&pool, settings->threads, &err) == MNIST_OK;
    int code = ok ? evaluate(&e, &source, pool) : mnist_report_error(PROGRAM, &err);
    mnist_pool_free(pool);
    mnist_source_close(&source);
    unload(&e);
    return code;
}

int main(int argc, char **argv)
{
    mnist_eval_settings settings = mnist_eval_settings_defaults();
    mnist_parsed parsed;
    mnist_report_start();
    int code = mnist_options_start(&mnist_eval_program, argc, argv, &settings, &parsed);
    if (code < 0) {
        code = mnist_choose_kernels(PROGRAM);
        code = code == MNIST_EXIT_OK ? run(&settings, &parsed) : code;
        code = mnist_report_end(PROGRAM, code);
    }
    mnist_options_free(&parsed);
    return code;
}
