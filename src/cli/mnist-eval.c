/* mnist-eval: how well a saved model does on test images. */
#define _POSIX_C_SOURCE 200809L
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/source.h"

#include <mnist/mnist.h>
#include <string.h>

#define PROGRAM "mnist-eval"

/* A model's word is enough for so many synthetic test images: it must not decide how much memory is
 * taken. */
#define MOST_ADOPTED_IMAGES 1000000u

/* What was not said about the data is as the model was trained: its metadata hold the options that
 * mnist-train had. They are input like any other, and are checked as a command line is. */
static bool adopt_options(const mnist_model *model, const char *path, const mnist_parsed *parsed,
                          mnist_eval_settings *settings, mnist_error *err)
{
    static const char *const adopted[] = {"dataset", "synthetic-test", "data-seed"};
    const char *text = mnist_model_metadata(model, "options");
    json_t *options = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool ok = !text || json_is_object(options) ||
              mnist_options_fail(err, "%s: the options in its metadata are no JSON object", path);
    /* Files that were named are data of their own, whatever the model was trained on. */
    bool files_given = settings->data.test_images || settings->data.data_dir;
    for (size_t i = 0; ok && options && i < sizeof adopted / sizeof adopted[0]; i++) {
        json_t *value = json_object_get(options, adopted[i]);
        mnist_option_ref ref = mnist_option_find(parsed->program, adopted[i]);
        if (!value || mnist_options_was_given(parsed, adopted[i]) ||
            (files_given && strcmp(adopted[i], "dataset") == 0)) {
            continue;
        }
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        const char *given = json_is_string(value) ? json_string_value(value) : number;
        ok = mnist_option_set(ref.option, mnist_option_field(ref, settings), given);
        if (!ok) {
            char where[600];
            snprintf(where, sizeof where, "%.500s: option %s in its metadata", path, adopted[i]);
            mnist_option_fail_value(ref.option, where, given, err);
        } else if (settings->data.synthetic_test > MOST_ADOPTED_IMAGES &&
                   !mnist_options_was_given(parsed, "synthetic-test")) {
            ok = mnist_options_fail(err,
                                    "%s: its metadata ask for %zu synthetic test images; to have "
                                    "more than %u, say --synthetic-test",
                                    path, settings->data.synthetic_test, MOST_ADOPTED_IMAGES);
        }
    }
    json_decref(options);
    return ok;
}

/* A model knows which test images its training run reported on; others give other numbers. */
static void note_other_data(const mnist_model *model, const mnist_data_digests *digests, bool quiet)
{
    const char *images = mnist_model_metadata(model, "test_images_sha256");
    const char *labels = mnist_model_metadata(model, "test_labels_sha256");
    if (!quiet && images && labels &&
        (strcmp(images, digests->images) != 0 || strcmp(labels, digests->labels) != 0)) {
        fprintf(stderr, PROGRAM ": note: these are not the test images that the training run of "
                                "this model reported on\n");
    }
}

static json_t *document(const mnist_eval_settings *settings, const char *path,
                        mnist_model *model, const mnist_data_digests *digests,
                        const mnist_evaluation *test, double seconds)
{
    size_t parameters = mnist_mlp_parameters(mnist_model_mlp(model));
    json_t *doc = json_pack(
        "{s:s, s:s, s:{s:s, s:I, s:s}, s:{s:{s:I, s:s, s:s}}, s:o, s:f, s:o}", "schema",
        "mnist-eval/1", "version", mnist_version(), "model", "file", path, "parameters",
        (json_int_t)parameters, "sha256", mnist_model_digest(model), "data", "test", "n",
        (json_int_t)test->count, "images_sha256", digests->images, "labels_sha256",
        digests->labels, "test", mnist_report_evaluation(test), "seconds", seconds, "gate",
        mnist_report_gate(&settings->gate, test->accuracy, test->loss));
    if (doc && settings->confusion) {
        json_object_set_new(doc, "confusion", mnist_report_confusion_json(test));
    }
    return doc;
}

/* Model, data and team are there: measure, print, judge. */
static int evaluate(const mnist_eval_settings *settings, const char *path, mnist_model *model,
                    const mnist_source *source, mnist_pool *pool)
{
    mnist_error err;
    mnist_evaluation test;
    mnist_data_digests digests;
    mnist_view view = mnist_dataset_view(source->test);
    double start = mnist_clock();
    if (mnist_evaluate(mnist_model_mlp(model), view, mnist_model_normalization(model), pool, &test,
                       &err) != MNIST_OK) {
        return mnist_report_error(PROGRAM, &err);
    }
    double seconds = mnist_clock() - start;
    mnist_view_digests(view, &digests);
    note_other_data(model, &digests, settings->out.quiet);
    int code = MNIST_EXIT_OK;
    if (settings->out.json) {
        code = mnist_report_json(PROGRAM,
                                 document(settings, path, model, &digests, &test, seconds));
    } else {
        if (settings->confusion) {
            mnist_report_confusion(&test);
        }
        mnist_report_line(&test, seconds);
    }
    bool passed = mnist_report_check_gate(PROGRAM, &settings->gate, test.accuracy, test.loss);
    return code != MNIST_EXIT_OK ? code : passed ? MNIST_EXIT_OK : MNIST_EXIT_GATE;
}

/* JSON is UTF-8, and the document names the model's file. */
static bool check_path(const mnist_eval_settings *settings, const char *path, mnist_error *err)
{
    json_t *name = json_string(path);
    bool good = !settings->out.json || name;
    json_decref(name);
    return good || mnist_options_fail(err, "%s: a name that is not UTF-8 cannot be written as JSON",
                                      path);
}

static int report_usage(const mnist_error *err)
{
    mnist_options_report(&mnist_eval_program, err, stderr);
    return MNIST_EXIT_USAGE;
}

static int run(mnist_eval_settings *settings, const mnist_parsed *parsed)
{
    const char *path = parsed->operands[0];
    mnist_error err;
    mnist_model *model = NULL;
    mnist_source source = {.train = NULL};
    mnist_pool *pool = NULL;
    if (!check_path(settings, path, &err)) {
        return report_usage(&err);
    }
    bool loaded = mnist_model_load(&model, path, &err) == MNIST_OK &&
                  adopt_options(model, path, parsed, settings, &err);
    if (loaded && !mnist_eval_check_data(settings, parsed, &err)) {
        mnist_model_free(model);
        return report_usage(&err);
    }
    bool ok = loaded && mnist_source_open(&source, &settings->data, false, &err) == MNIST_OK &&
              mnist_pool_create(&pool, settings->threads, &err) == MNIST_OK;
    int code = ok ? evaluate(settings, path, model, &source, pool)
                  : mnist_report_error(PROGRAM, &err);
    mnist_pool_free(pool);
    mnist_source_close(&source);
    mnist_model_free(model);
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
