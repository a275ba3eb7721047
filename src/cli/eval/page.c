/* --report: the page of one model, or of several as one. The first is the one that is drawn and
 * embedded. */
#include "cli/eval/emit.h"

#include "cli/shared/facts.h"
#include "cli/shared/figures.h"

/* What stands above the page's sections. */
typedef struct words {
    char heading[MNIST_SHAPE_TEXT + 64], result[MNIST_FIGURES_TEXT + 64], note[400];
} words;

static const char *dataset_of(const mnist_eval_models *models)
{
    return mnist_dataset_choice_name(models->settings.data.dataset);
}

static void add_facts(mnist_facts *facts, const mnist_eval_results *results)
{
    static const char *const known[][2] = {{"seed", "seed"},
                                           {"training images", "trained_on"},
                                           {"training images SHA-256", "train_images_sha256"},
                                           {"training labels SHA-256", "train_labels_sha256"}};
    const mnist_eval_models *models = results->models;
    const mnist_eval_settings *settings = &models->settings;
    const double temperature = results->analysis->temperature.value;
    mnist_model *first = models->members[0].model;
    mnist_facts_add_net(facts, mnist_model_mlp(first), mnist_model_normalization(first));
    mnist_facts_add_steps(facts, mnist_model_steps(first));
    mnist_facts_add(facts, "data set", "%s", dataset_of(models));
    mnist_facts_add(facts, "test images", "%zu", results->test->view.count);
    if (settings->tta > 1) {
        mnist_facts_add(facts, "versions of each image", "%u", settings->tta);
    }
    if (temperature > 0.0) {
        char text[MNIST_REAL_TEXT];
        mnist_real_format(temperature, text);
        mnist_facts_add(facts, "temperature", "%s", text);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *value = mnist_model_metadata(first, known[i][1]);
        if (value) {
            mnist_facts_add(facts, known[i][0], "%s", value);
        }
    }
    mnist_facts_add(facts, "test images SHA-256", "%s", results->inputs->digests.images);
    mnist_facts_add(facts, "test labels SHA-256", "%s", results->inputs->digests.labels);
    for (size_t m = 0; m < models->count; m++) {
        mnist_facts_add(facts, "model file", "%s", models->members[m].path);
        mnist_facts_add(facts, "model SHA-256", "%s", mnist_model_digest(models->members[m].model));
    }
    if (settings->log) {
        mnist_facts_add(facts, "log of the training", "%s", settings->log);
    }
}

static void add_measured(mnist_facts *facts, const mnist_eval_measurement *test, mnist_pool *pool)
{
    const double seconds = test->all.seconds;
    mnist_facts_add(facts, "testing", "%.3f s", seconds);
    if (seconds > 0.0) {
        mnist_facts_add(facts, "test images a second", "%.0f", (double)test->view.count / seconds);
    }
    mnist_facts_add(facts, "threads", "%u", mnist_pool_threads(pool));
    mnist_facts_add(facts, "kernels", "%s", mnist_kernels_name());
}

/* What mnist-train was told of the first model. */
static mnist_status add_settings(mnist_facts *facts, const mnist_eval_member *first,
                                 mnist_error *err)
{
    json_t *options;
    if (!mnist_eval_member_options(first, &options, err)) {
        return err->status;
    }
    if (options) {
        mnist_facts_add_json(facts, options);
    }
    json_decref(options);
    return MNIST_OK;
}

static void make_words(words *out, const mnist_eval_results *results)
{
    const mnist_eval_models *models = results->models;
    const unsigned tta = models->settings.tta;
    const double temperature = results->analysis->temperature.value;
    char shape[MNIST_SHAPE_TEXT], figures[MNIST_FIGURES_TEXT], versions[32] = "", nets[32] = "";
    *out = (words){.note = ""};
    mnist_format_shape(mnist_model_mlp(models->members[0].model), shape);
    mnist_figures_format(&results->analysis->test, figures);
    if (models->count > 1) {
        snprintf(out->heading, sizeof out->heading, "%zu nets on %s", models->count,
                 dataset_of(models));
        snprintf(nets, sizeof nets, "models=%zu ", models->count);
        snprintf(out->note, sizeof out->note,
                 "A committee of %zu nets. %s, the pad and the settings are of the first, %s; all "
                 "other figures are of all together.",
                 models->count, models->settings.log ? "Curves, weights" : "Weights", shape);
    } else {
        snprintf(out->heading, sizeof out->heading, "%s on %s", shape, dataset_of(models));
    }
    if (models->count == 1 && (tta > 1 || temperature > 0.0)) {
        snprintf(out->note, sizeof out->note,
                 "The pad asks the net itself, about what is drawn alone%s.",
                 temperature > 0.0 ? ", without the temperature" : "");
    }
    if (tta > 1) {
        snprintf(versions, sizeof versions, "tta=%u ", tta);
    }
    snprintf(out->result, sizeof out->result, "%s%s%s", nets, versions, figures);
}

mnist_status mnist_eval_write_page(const mnist_eval_results *results, mnist_pool *pool,
                                   mnist_error *err)
{
    const mnist_eval_models *models = results->models;
    mnist_facts facts = {.items = NULL}, settings = {.items = NULL}, measured = {.items = NULL};
    mnist_model *first = models->members[0].model;
    words text;
    make_words(&text, results);
    add_facts(&facts, results);
    add_measured(&measured, results->test, pool);
    mnist_status status = add_settings(&settings, &models->members[0], err);
    if (status == MNIST_OK && (facts.failed || settings.failed || measured.failed)) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the report");
    }
    if (status == MNIST_OK) {
        mnist_page page = {
            .program = mnist_eval_program.name,
            .heading = text.heading,
            .result = text.result,
            .note = text.note[0] ? text.note : NULL,
            .facts = mnist_facts_list(&facts),
            .settings = mnist_facts_list(&settings),
            .measured = mnist_facts_list(&measured),
            .mlp = mnist_model_mlp(first),
            .normalization = mnist_model_normalization(first),
            .labels = &models->labels,
            .models = models->count,
            .test = results->test->view,
            .probabilities = results->analysis->predictions.probabilities,
            .evaluation = &results->analysis->test,
        };
        if (models->settings.log) {
            mnist_eval_course_show(&results->inputs->course, &page);
        }
        status = mnist_page_write(models->settings.report, &page, pool, err);
    }
    mnist_facts_free(&facts);
    mnist_facts_free(&settings);
    mnist_facts_free(&measured);
    return status;
}
