#include "cli/eval/page.h"

#include "cli/shared/adopt.h"
#include "cli/shared/facts.h"
#include "cli/shared/figures.h"

static void add_facts(mnist_facts *facts, const mnist_eval_page *page)
{
    static const char *const known[][2] = {{"seed", "seed"},
                                           {"training images", "trained_on"},
                                           {"training images SHA-256", "train_images_sha256"},
                                           {"training labels SHA-256", "train_labels_sha256"}};
    mnist_model *first = page->models[0];
    mnist_facts_add_net(facts, mnist_model_mlp(first), mnist_model_normalization(first));
    mnist_facts_add(facts, "data set", "%s",
                    mnist_dataset_choice_name(page->settings->data.dataset));
    mnist_facts_add(facts, "test images", "%zu", page->test.count);
    if (page->settings->tta > 1) {
        mnist_facts_add(facts, "versions of each image", "%u", page->settings->tta);
    }
    if (page->temperature > 0.0) {
        char text[MNIST_REAL_TEXT];
        mnist_real_format(page->temperature, text);
        mnist_facts_add(facts, "temperature", "%s", text);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *value = mnist_model_metadata(first, known[i][1]);
        if (value) {
            mnist_facts_add(facts, known[i][0], "%s", value);
        }
    }
    mnist_facts_add(facts, "test images SHA-256", "%s", page->digests->images);
    mnist_facts_add(facts, "test labels SHA-256", "%s", page->digests->labels);
    for (size_t m = 0; m < page->count; m++) {
        mnist_facts_add(facts, "model file", "%s", page->paths[m]);
        mnist_facts_add(facts, "model SHA-256", "%s", mnist_model_digest(page->models[m]));
    }
    if (page->course) {
        mnist_facts_add(facts, "log of the training", "%s", page->settings->log);
    }
}

static void add_measured(mnist_facts *facts, const mnist_eval_page *page, mnist_pool *pool)
{
    mnist_facts_add(facts, "testing", "%.3f s", page->seconds);
    if (page->seconds > 0.0) {
        mnist_facts_add(facts, "test images a second", "%.0f",
                        (double)page->test.count / page->seconds);
    }
    mnist_facts_add(facts, "threads", "%u", mnist_pool_threads(pool));
    mnist_facts_add(facts, "kernels", "%s", mnist_kernels_name());
}

mnist_status mnist_eval_page_write(const mnist_eval_page *page, mnist_pool *pool, mnist_error *err)
{
    mnist_facts facts = {.items = NULL}, settings = {.items = NULL}, measured = {.items = NULL};
    mnist_model *first = page->models[0];
    char shape[MNIST_SHAPE_TEXT], heading[MNIST_SHAPE_TEXT + 64], note[400] = "";
    char figures[MNIST_FIGURES_TEXT], result[MNIST_FIGURES_TEXT + 64] = "";
    const char *dataset = mnist_dataset_choice_name(page->settings->data.dataset);
    size_t used = 0;
    mnist_format_shape(mnist_model_mlp(first), shape);
    mnist_figures_format(page->evaluation, figures);
    if (page->count > 1) {
        snprintf(heading, sizeof heading, "%zu nets on %s", page->count, dataset);
        used = (size_t)snprintf(result, sizeof result, "models=%zu ", page->count);
        snprintf(
            note, sizeof note,
            "A committee of %zu nets. %s, the pad and the settings are of the first, %s; all other "
            "figures are of all together.",
            page->count, page->course ? "Curves, weights" : "Weights", shape);
    } else {
        snprintf(heading, sizeof heading, "%s on %s", shape, dataset);
    }
    if (page->settings->tta > 1) {
        used +=
            (size_t)snprintf(result + used, sizeof result - used, "tta=%u ", page->settings->tta);
    }
    snprintf(result + used, sizeof result - used, "%s", figures);
    if (page->count == 1 && (page->settings->tta > 1 || page->temperature > 0.0)) {
        snprintf(note, sizeof note, "The pad asks the net itself, about what is drawn alone%s.",
                 page->temperature > 0.0 ? ", without the temperature" : "");
    }
    add_facts(&facts, page);
    add_measured(&measured, page, pool);
    json_t *options = NULL;
    mnist_status status = MNIST_OK;
    if (!mnist_adopt_parse(mnist_model_metadata(first, "options"), page->paths[0], &options, err)) {
        status = err->status;
    } else if (options) {
        mnist_facts_add_json(&settings, options);
    }
    if (status == MNIST_OK && (facts.failed || settings.failed || measured.failed)) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the report");
    }
    if (status == MNIST_OK) {
        mnist_page view = {
            .program = "mnist-eval",
            .heading = heading,
            .result = result,
            .note = note[0] ? note : NULL,
            .facts = mnist_facts_list(&facts),
            .settings = mnist_facts_list(&settings),
            .measured = mnist_facts_list(&measured),
            .mlp = mnist_model_mlp(first),
            .normalization = mnist_model_normalization(first),
            .models = page->count,
            .test = page->test,
            .probabilities = page->probabilities,
            .evaluation = page->evaluation,
        };
        if (page->course) {
            mnist_eval_course_show(page->course, &view);
        }
        status = mnist_page_write(page->settings->report, &view, pool, err);
    }
    json_decref(options);
    mnist_facts_free(&facts);
    mnist_facts_free(&settings);
    mnist_facts_free(&measured);
    return status;
}
