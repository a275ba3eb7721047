#define _POSIX_C_SOURCE 200809L
#include "cli/train/page.h"

#include "cli/shared/facts.h"
#include "cli/shared/figures.h"
#include "cli/train/resume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

mnist_status mnist_train_page_start(mnist_train_page *page, const mnist_session *session,
                                    mnist_error *err)
{
    const mnist_train_config *config = &session->settings->training.config;
    *page = (mnist_train_page){.session = session};
    page->epoch_steps = (session->train.count + config->batch_size - 1) / config->batch_size;
    page->steps = page->epoch_steps * config->epochs;
    page->probabilities =
        calloc(session->test.count, session->classes * sizeof *page->probabilities);
    return page->probabilities
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the report's probabilities");
}

void mnist_train_page_free(mnist_train_page *page)
{
    mnist_mlp_free(page->mlp);
    free(page->probabilities);
    page->mlp = NULL;
    page->probabilities = NULL;
}

static void add_point(mnist_train_page *page, uint64_t step)
{
    page->points[page->count++] = (mnist_page_point){step, page->loss_sum / (double)page->images};
    page->loss_sum = 0.0;
    page->images = 0;
}

void mnist_train_page_step(mnist_train_page *page, const mnist_step_stats *stats)
{
    page->loss_sum += stats->loss * (double)stats->count;
    page->images += stats->count;
    /* at most one point in each of MNIST_PAGE_POINTS equal parts of the training */
    const uint64_t parts = MNIST_PAGE_POINTS;
    const double before = (double)(stats->step - 1) * (double)parts / (double)stats->steps;
    const double now = (double)stats->step * (double)parts / (double)stats->steps;
    if (floor(now) > floor(before) && page->count < MNIST_PAGE_POINTS) {
        add_point(page, stats->step);
    }
}

/* The epochs in the page's own form. NULL: memory is short. */
static mnist_page_epoch *epochs_of(const mnist_epochs *of)
{
    mnist_page_epoch *epochs = calloc(of->count + 1, sizeof *epochs);
    for (size_t i = 0; epochs && i < of->count; i++) {
        const mnist_epoch *e = &of->list[i];
        const bool validated = mnist_epoch_is_validated(e);
        const double loss = validated ? e->validation_loss : 0.0;
        epochs[i] = (mnist_page_epoch){
            .epoch = (unsigned)i + 1,
            .lr = e->lr,
            .train_loss = e->train_loss,
            .train_accuracy = e->train_accuracy,
            .has_validation = validated,
            .validation_loss = isfinite(loss) ? loss : (double)INFINITY,
            .validation_accuracy = validated ? e->validation_accuracy : 0.0,
            .seconds = e->seconds,
        };
    }
    return epochs;
}

static void add_facts(mnist_facts *facts, const mnist_train_page *page, const mnist_run_result *run,
                      unsigned count)
{
    const mnist_session *s = page->session;
    mnist_facts_add_net(facts, page->mlp, &s->normalization);
    mnist_facts_add_steps(facts, &s->steps);
    mnist_facts_add(facts, "data set", "%s",
                    mnist_dataset_choice_name(s->settings->training.data.dataset));
    mnist_facts_add(facts, "training images", "%zu", s->train.count);
    mnist_facts_add(facts, "validation images", "%zu", s->validation.count);
    mnist_facts_add(facts, "test images", "%zu", s->test.count);
    mnist_facts_add(facts, "seed", "%llu", (unsigned long long)run->seed);
    if (count == 1) {
        mnist_facts_add(facts, "epochs", "%u of %u%s", run->last_epoch,
                        s->settings->training.config.epochs,
                        run->end == MNIST_END_PATIENCE ? ", stopped by --patience"
                        : run->end == MNIST_END_TIME   ? ", stopped by --max-time"
                                                       : "");
        mnist_facts_add(facts, "epoch whose net this is", "%u", run->kept_epoch);
    }
    if (run->output && !run->save_failed) {
        mnist_facts_add(facts, "model file", "%s", run->output);
    }
    if (run->digest[0] && !run->save_failed) {
        mnist_facts_add(facts, "model SHA-256", "%s", run->digest);
    }
    mnist_facts_add(facts, "training images SHA-256", "%s", s->train_digests.images);
    mnist_facts_add(facts, "training labels SHA-256", "%s", s->train_digests.labels);
    mnist_facts_add(facts, "test images SHA-256", "%s", s->test_digests.images);
    mnist_facts_add(facts, "test labels SHA-256", "%s", s->test_digests.labels);
}

static void add_measured(mnist_facts *facts, const mnist_train_page *page,
                         const mnist_page_epoch *epochs, size_t count, double seconds)
{
    const mnist_session *s = page->session;
    double training = 0.0;
    for (size_t i = 0; i < count; i++) {
        training += epochs[i].seconds;
    }
    mnist_facts_add(facts, "training and testing", "%.3f s", seconds);
    if (training > 0.0) {
        mnist_facts_add(facts, "training alone", "%.3f s", training);
        mnist_facts_add(facts, "images a second, in the mean", "%.0f",
                        (double)count * (double)s->train.count / training);
    }
    mnist_facts_add(facts, "threads", "%u", mnist_pool_threads(s->pool));
    mnist_facts_add(facts, "kernels", "%s", mnist_kernels_name());
}

static void add_settings(mnist_facts *facts, const mnist_session *s, uint64_t seed,
                         mnist_error *err)
{
    mnist_train_settings settings = *s->settings;
    settings.training.config.seed = seed;
    json_t *options =
        mnist_options_json(&mnist_train_program, &settings, MNIST_OPTION_IN_MODEL, err);
    mnist_facts_add_json(facts, options);
    if (s->teachers.digests) {
        mnist_facts_add(facts, MNIST_KEY_TEACHERS, "%s", s->teachers.digests);
    }
    facts->failed = facts->failed || !options;
    json_decref(options);
}

/* Does one schedule give the learning rate from the first step on? Not if --resume changed the
 * number of epochs. */
static bool is_one_course(const mnist_session *s)
{
    const mnist_resumption *resumed = s->settings->resumed;
    return !resumed || resumed->planned == s->settings->training.config.epochs;
}

mnist_status mnist_train_page_write(const mnist_train_page *page, const char *path,
                                    const mnist_run_result *runs, unsigned count,
                                    const mnist_evaluation *test, double seconds, mnist_error *err)
{
    const mnist_session *s = page->session;
    const mnist_run_result *run = &runs[0];
    mnist_facts facts = {.items = NULL}, settings = {.items = NULL}, measured = {.items = NULL};
    mnist_page_epoch *epochs = run->epochs ? epochs_of(run->epochs) : NULL;
    const size_t epoch_count = epochs ? run->epochs->count : 0;
    char shape[MNIST_SHAPE_TEXT], heading[MNIST_SHAPE_TEXT + 64], result[MNIST_FIGURES_TEXT + 32];
    char note[200] = "", figures[MNIST_FIGURES_TEXT];
    mnist_format_shape(page->mlp, shape);
    mnist_figures_format(test, figures);
    if (count > 1) {
        snprintf(heading, sizeof heading, "%u nets %s on %s", count, shape,
                 mnist_dataset_choice_name(s->settings->training.data.dataset));
        snprintf(result, sizeof result, "models=%u %s", count, figures);
        snprintf(
            note, sizeof note,
            "A committee of %u nets, of seeds from %llu on. Curves, weights and the pad are of "
            "the first; all other figures are of all together.",
            count, (unsigned long long)run->seed);
    } else {
        snprintf(heading, sizeof heading, "%s on %s", shape,
                 mnist_dataset_choice_name(s->settings->training.data.dataset));
        snprintf(result, sizeof result, "%s", figures);
    }
    add_facts(&facts, page, run, count);
    add_settings(&settings, s, run->seed, err);
    if (epochs) {
        add_measured(&measured, page, epochs, epoch_count, seconds);
    }
    mnist_status status = MNIST_OK;
    if (!epochs || facts.failed || settings.failed || measured.failed) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the report");
    }
    if (status == MNIST_OK) {
        const mnist_page view = {
            .program = "mnist-train",
            .heading = heading,
            .result = result,
            .note = note[0] ? note : NULL,
            .facts = mnist_facts_list(&facts),
            .settings = mnist_facts_list(&settings),
            .measured = mnist_facts_list(&measured),
            .epochs = epochs,
            .epoch_count = epoch_count,
            .kept_epoch = run->kept_epoch != run->last_epoch ? run->kept_epoch : 0,
            .points = page->points,
            .point_count = page->count,
            .has_schedule = is_one_course(s),
            .schedule = s->settings->training.config.schedule,
            .steps = page->steps,
            .epoch_steps = page->epoch_steps,
            .last_step = run->step,
            .epoch_images = s->train.count,
            .mlp = page->mlp,
            .normalization = &s->normalization,
            .models = count,
            .test = s->test,
            .probabilities = page->probabilities,
            .own_probabilities = s->settings->ensemble == 0,
            .evaluation = test,
            .labels = s->labels,
        };
        status = mnist_page_write(path, &view, s->pool, err);
    }
    free(epochs);
    mnist_facts_free(&facts);
    mnist_facts_free(&settings);
    mnist_facts_free(&measured);
    return status;
}
