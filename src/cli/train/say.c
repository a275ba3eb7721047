#define _POSIX_C_SOURCE 200809L
#include "cli/train/say.h"

#include "cli/shared/figures.h"
#include "cli/shared/gate.h"
#include "cli/shared/program.h"
#include "cli/terminal/format.h"
#include "cli/train/initial.h"
#include "cli/train/resume.h"

#include <math.h>
#include <string.h>

/* Mean, standard deviation (of a sample) and extremes over runs. */
typedef struct summary {
    double loss_mean, loss_max;
    double accuracy_mean, accuracy_sd, accuracy_min, accuracy_max;
} summary;

static summary summarize(const mnist_run_result *results, unsigned count)
{
    summary sum = {.accuracy_min = results[0].test.accuracy,
                   .accuracy_max = results[0].test.accuracy,
                   .loss_max = results[0].test.loss};
    double squares = 0.0;
    for (unsigned i = 0; i < count; i++) {
        const mnist_evaluation *test = &results[i].test;
        sum.loss_mean += test->loss / count;
        sum.accuracy_mean += test->accuracy / count;
        sum.loss_max = fmax(sum.loss_max, test->loss);
        sum.accuracy_min = fmin(sum.accuracy_min, test->accuracy);
        sum.accuracy_max = fmax(sum.accuracy_max, test->accuracy);
    }
    for (unsigned i = 0; i < count; i++) {
        double off = results[i].test.accuracy - sum.accuracy_mean;
        squares += off * off;
    }
    sum.accuracy_sd = count > 1 ? sqrt(squares / (count - 1)) : 0.0;
    return sum;
}

static json_t *model_json(const mnist_session *s, const mnist_run_result *result, size_t parameters)
{
    json_t *model = json_pack(
        "{s:s?, s:I, s:s?}", "file", result->save_failed ? NULL : result->output, "parameters",
        (json_int_t)parameters, "sha256", result->save_failed ? NULL : result->digest);
    if (s->settings->training.calibrate_bias) {
        mnist_json_put(&model, "calibrated_bias", json_real((double)result->shift.offset));
    }
    return model;
}

json_t *mnist_train_data_json(const mnist_session *s)
{
    json_t *data =
        json_pack("{s:{s:I, s:s, s:s}, s:{s:I}}", "train", "n", (json_int_t)s->train.count,
                  "images_sha256", s->train_digests.images, "labels_sha256",
                  s->train_digests.labels, "validation", "n", (json_int_t)s->validation.count);
    if (s->source.test) {
        mnist_json_put(&data, "test",
                       json_pack("{s:I, s:s, s:s}", "n", (json_int_t)s->test.count, "images_sha256",
                                 s->test_digests.images, "labels_sha256", s->test_digests.labels));
    }
    if (s->classes != MNIST_CLASSES) {
        mnist_json_put(&data, "classes", json_integer((json_int_t)s->classes));
    }
    mnist_labels_json(&data, s->labels);
    return data;
}

/* "patience", "time"; null where all epochs were done. */
static json_t *stopped_json(mnist_train_end end)
{
    return end == MNIST_END_PATIENCE ? json_string("patience")
           : end == MNIST_END_TIME   ? json_string("time")
                                     : json_null();
}

static json_t *runs_json(const mnist_session *s, const mnist_run_results *results)
{
    json_t *runs = json_array();
    for (unsigned i = 0; i < results->count; i++) {
        const mnist_run_result *run = &results->runs[i];
        mnist_json_append(&runs,
                          json_pack("{s:o, s:f, s:o, s:o, s:i, s:o, s:o}", "seed",
                                    mnist_json_whole(run->seed), "seconds", run->seconds, "epochs",
                                    mnist_epochs_json(run->epochs), "stopped",
                                    stopped_json(run->end), "kept_epoch", (int)run->kept_epoch,
                                    "test", mnist_figures_json(&run->test), "model",
                                    model_json(s, run, results->parameters)));
    }
    return runs;
}

/* The JSON document of a call. With several runs, test holds the summary, and runs has each of
 * them; of a committee, test holds its own result, and members has each net's. */
static json_t *document(const mnist_session *s, const mnist_run_results *results,
                        const summary *sum, double accuracy, double loss)
{
    const mnist_train_settings *settings = s->settings;
    const mnist_run_result *first = &results->runs[0];
    mnist_error err;
    json_t *config =
        mnist_options_json(&mnist_train_program, settings, MNIST_OPTION_IN_CONFIG, &err);
    json_t *doc =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:I}", "schema", "mnist-train/1", "version",
                  mnist_version(), "config", config, "data", mnist_train_data_json(s), "seed",
                  mnist_json_whole(settings->training.config.seed), "kernels", mnist_kernels_name(),
                  "threads", (json_int_t)mnist_pool_threads(s->pool));
    if (s->teachers.digests) {
        mnist_json_put(&doc, MNIST_KEY_TEACHERS, json_string(s->teachers.digests));
    }
    if (results->is_committee) {
        mnist_json_put(&doc, "test", mnist_figures_json(&results->committee));
        mnist_json_put(&doc, "members", runs_json(s, results));
        mnist_json_put(&doc, "seconds", json_real(results->seconds));
    } else if (results->count == 1) {
        mnist_json_put(&doc, "epochs", mnist_epochs_json(first->epochs));
        mnist_json_put(&doc, "stopped", stopped_json(first->end));
        mnist_json_put(&doc, "kept_epoch", json_integer((json_int_t)first->kept_epoch));
        mnist_json_put(&doc, "test", mnist_figures_json(&first->test));
        mnist_json_put(&doc, "model", model_json(s, first, results->parameters));
        mnist_json_put(&doc, "seconds", json_real(first->seconds));
    } else {
        mnist_json_put(&doc, "test",
                       json_pack("{s:o, s:f, s:f, s:f, s:f, s:I, s:i}", "loss",
                                 mnist_json_number(sum->loss_mean), "accuracy", sum->accuracy_mean,
                                 "accuracy_sd", sum->accuracy_sd, "accuracy_min", sum->accuracy_min,
                                 "accuracy_max", sum->accuracy_max, "n", (json_int_t)s->test.count,
                                 "runs", (int)results->count));
        mnist_json_put(&doc, "runs", runs_json(s, results));
    }
    if (settings->initial) {
        mnist_json_put(&doc, "init_from", json_pack("{s:s}", "sha256", settings->initial->digest));
    }
    mnist_json_put(&doc, "gate", mnist_gate_json(&settings->gate, accuracy, loss));
    mnist_notes_put_json(&s->notes, &doc);
    return doc;
}

/* "run 2/5  " where there are several runs, as in the lines of the epochs. */
static void format_run(const mnist_session *s, const mnist_run_result *result, char *text,
                       size_t size)
{
    const unsigned runs = mnist_session_runs(s->settings);
    text[0] = '\0';
    if (runs > 1) {
        snprintf(text, size, "run %llu/%u  ",
                 (unsigned long long)(result->seed - s->settings->training.config.seed + 1), runs);
    }
}

void mnist_train_say_course(mnist_session *s, const mnist_run_result *result)
{
    const mnist_train_config *config = &s->settings->training.config;
    char run[48], number[MNIST_REAL_TEXT], margin[MNIST_REAL_TEXT + 24] = "";
    format_run(s, result, run, sizeof run);
    if (result->end == MNIST_END_PATIENCE) {
        if (config->min_delta > 0.0f) {
            mnist_float_format(config->min_delta, number);
            snprintf(margin, sizeof margin, " (by more than %s)", number);
        }
        mnist_progress_message(
            &s->progress,
            "%sstopped after epoch %u of %u: no lower validation loss%s for %u epoch%s", run,
            result->last_epoch, config->epochs, margin, config->patience,
            config->patience == 1 ? "" : "s");
    } else if (result->end == MNIST_END_TIME) {
        const mnist_resumption *resumed = s->settings->resumed;
        if (resumed && resumed->position.end == MNIST_END_TIME) { /* by the limit set then */
            snprintf(number, sizeof number, "%.3g", resumed->position.seconds);
        } else {
            mnist_real_format(config->max_seconds, number);
        }
        mnist_progress_message(&s->progress,
                               "%sstopped after %s s, in epoch %u of %u (step %llu of %llu)", run,
                               number, result->last_epoch, config->epochs,
                               (unsigned long long)result->step, (unsigned long long)result->steps);
    }
    if (config->keep == MNIST_KEEP_BEST) {
        char loss[MNIST_FORMAT_TEXT];
        mnist_format_loss(loss, result->kept_loss);
        mnist_progress_message(&s->progress, "%skept epoch %u (val loss %s)", run,
                               result->kept_epoch, loss + strspn(loss, " "));
    }
    if (s->settings->training.calibrate_bias) {
        mnist_float_format(result->shift.offset, number);
        mnist_progress_message(&s->progress,
                               "%sbiases of the omitted classes shifted by %s: %zu errors on %zu "
                               "validation images, %zu before",
                               run, number, result->shift.errors, s->validation.count,
                               result->shift.errors_before);
    }
}

void mnist_train_say_run(const mnist_session *s, const mnist_run_result *result)
{
    if (s->settings->out.json) {
        return;
    }
    bool several = s->settings->ensemble > 0 || s->settings->runs > 1;
    if (several) {
        printf("seed=%llu ", (unsigned long long)result->seed);
    }
    mnist_figures_print_line(&result->test, result->seconds);
    if (several) {
        fflush(stdout); /* a run may take long: show each as it ends */
    }
}

int mnist_train_say_results(const char *program, const mnist_session *s,
                            const mnist_run_results *results)
{
    const mnist_train_settings *settings = s->settings;
    summary sum = summarize(results->runs, results->count);
    /* The gate judges the worst of several runs, but of a committee what it does together. */
    const double accuracy = results->is_committee ? results->committee.accuracy : sum.accuracy_min;
    const double loss = results->is_committee ? results->committee.loss : sum.loss_max;
    int code = MNIST_EXIT_OK;
    if (settings->out.json) {
        code = mnist_program_print_json(program, document(s, results, &sum, accuracy, loss));
    } else if (results->is_committee) {
        printf("models=%u ", results->count);
        mnist_figures_print_line(&results->committee, results->seconds);
    } else if (results->count > 1) {
        printf("runs=%u test_acc_mean=%.6g test_acc_sd=%.6f test_acc_min=%.6g test_acc_max=%.6g "
               "test_loss_mean=%.6f n=%zu\n",
               results->count, sum.accuracy_mean, sum.accuracy_sd, sum.accuracy_min,
               sum.accuracy_max, sum.loss_mean, s->test.count);
    }
    bool passed = mnist_gate_check(program, &settings->gate, accuracy, loss);
    return code != MNIST_EXIT_OK ? code : passed ? MNIST_EXIT_OK : MNIST_EXIT_GATE;
}

/* "frozen, by number: 1, 2": what is begun with, and what stays as it is. */
static void say_transfer(mnist_session *s)
{
    const mnist_train_settings *settings = s->settings;
    char frozen[8 * (MNIST_MAX_HIDDEN + 1)] = "";
    for (unsigned l = 0; l <= settings->training.hidden.count; l++) {
        if (settings->training.config.frozen[l]) {
            const size_t used = strlen(frozen);
            snprintf(frozen + used, sizeof frozen - used, "%s%u", used ? ", " : "", l + 1);
        }
    }
    if (settings->initial && settings->initial->model) {
        mnist_progress_message(&s->progress, "weights begin as those of %s%s", settings->init_from,
                               settings->training.fresh_last ? ", the last layer's drawn anew"
                                                             : "");
    }
    if (frozen[0]) {
        mnist_progress_message(&s->progress, "frozen, by number: %s", frozen);
    }
}

/* A limit that limits nothing. */
static void say_limit(mnist_session *s)
{
    const size_t limit = s->settings->training.limit,
                 count = mnist_dataset_view(s->source.train).count;
    if (limit > count) {
        mnist_progress_message(
            &s->progress,
            "--limit %zu is past the end: there are %zu training images, and all are used", limit,
            count);
    } else if (s->limit_is_zero) {
        mnist_progress_message(&s->progress,
                               "--limit 0 is no limit: all %zu training images are used", count);
    }
}

/* "10 to 199, 201": classes without training images, as far as there is room; "": none. */
static void list_empty(const mnist_session *s, char text[120])
{
    size_t counts[MNIST_MAX_CLASSES], used = 0;
    mnist_view_count_each(mnist_dataset_view(s->source.train), counts);
    text[0] = '\0';
    for (unsigned c = 0; c < s->classes && used < 80; c++) {
        unsigned last = c;
        while (counts[c] == 0 && last + 1 < s->classes && counts[last + 1] == 0) {
            last++;
        }
        if (counts[c] == 0) {
            const unsigned base = s->labels->base;
            used += (size_t)snprintf(text + used, 120 - used, last > c ? "%s%u to %u" : "%s%u",
                                     used > 0 ? ", " : "", base + c, base + last);
            c = last;
        }
    }
    if (used >= 80) {
        snprintf(text + used, 120 - used, ", ...");
    }
}

/* What is found out about labels. */
static void say_labels(mnist_session *s)
{
    char empty[120];
    list_empty(s, empty);
    if (s->source.found_label_base) {
        mnist_progress_message(&s->progress,
                               "no label is 0: they are taken to begin at 1, for %u classes "
                               "(--label-base 0 if they do not)",
                               s->classes);
    }
    if (empty[0] != '\0' && s->classes != MNIST_CLASSES &&
        s->settings->training.data.classes == 0) {
        mnist_progress_message(&s->progress,
                               "%u classes, as the largest label is %u; no training image is "
                               "labelled %s (--classes N says how many there are)",
                               s->classes, s->labels->base + s->classes - 1, empty);
    }
}

void mnist_train_say_start(mnist_session *s, size_t parameters)
{
    const mnist_train_settings *settings = s->settings;
    char hidden[256] = "";
    for (unsigned l = 0; l < settings->training.hidden.count; l++) {
        size_t used = strlen(hidden);
        snprintf(hidden + used, sizeof hidden - used, "%u-", settings->training.hidden.width[l]);
    }
    mnist_progress_message(&s->progress,
                           "%u-%s%u %s, %zu parameters; %s: %zu training, %zu validation, %zu test "
                           "images",
                           s->train.rows * s->train.cols, hidden, s->classes,
                           settings->training.hidden.count > 0
                               ? mnist_activation_name(settings->training.activation)
                               : "softmax regression",
                           parameters, mnist_dataset_choice_name(settings->training.data.dataset),
                           s->train.count, s->validation.count, s->test.count);
    say_limit(s);
    if (s->steps.count > 0) {
        char steps[MNIST_STEPS_TEXT];
        mnist_steps_print(&s->steps, steps);
        mnist_progress_message(&s->progress, "steps before the net: %s", steps);
    }
    say_labels(s);
    if (mnist_class_set_count(&settings->training.omitted) > 0) {
        mnist_progress_message(&s->progress,
                               "%zu more training images are left out by --omit-class", s->omitted);
    }
    if (settings->training.teacher) {
        char temperature[MNIST_REAL_TEXT], weight[MNIST_REAL_TEXT];
        mnist_float_format(settings->training.config.temperature, temperature);
        mnist_float_format(settings->training.config.teacher_weight, weight);
        mnist_progress_message(&s->progress, "taught by %s, at temperature %s, with weight %s",
                               settings->training.teacher, temperature, weight);
    }
    say_transfer(s);
    if (!settings->verbose) {
        return;
    }
    const char *paths[] = {s->source.paths.train_images, s->source.paths.train_labels,
                           s->source.paths.test_images, s->source.paths.test_labels};
    for (size_t i = 0; i < 4; i++) {
        if (paths[i]) {
            mnist_progress_message(&s->progress, "read %s", paths[i]);
        }
    }
    mnist_progress_message(&s->progress, "normalisation %s: mean %.6g, deviation %.6g",
                           mnist_normalization_name(s->normalization.kind),
                           (double)s->normalization.mean, (double)s->normalization.stddev);
    mnist_progress_message(&s->progress, "%s kernels, %u threads", mnist_kernels_name(),
                           mnist_pool_threads(s->pool));
}

int mnist_train_say_plan(const char *program, const mnist_session *s, size_t parameters)
{
    const mnist_train_config *config = &s->settings->training.config;
    size_t steps = (s->train.count + config->batch_size - 1) / config->batch_size;
    if (s->settings->out.json) {
        mnist_error err;
        json_t *options =
            mnist_options_json(&mnist_train_program, s->settings, MNIST_OPTION_IN_CONFIG, &err);
        json_t *plan =
            json_pack("{s:s, s:s, s:b, s:o, s:o, s:I, s:I, s:I}", "schema", "mnist-train/1",
                      "version", mnist_version(), "dry_run", 1, "config", options, "data",
                      mnist_train_data_json(s), "parameters", (json_int_t)parameters,
                      "steps_per_epoch", (json_int_t)steps, "runs", (json_int_t)s->settings->runs);
        if (s->settings->ensemble > 0) {
            mnist_json_put(&plan, "ensemble", json_integer((json_int_t)s->settings->ensemble));
        }
        mnist_notes_put_json(&s->notes, &plan);
        return mnist_program_print_json(program, plan);
    }
    printf("parameters=%zu train=%zu validation=%zu test=%zu epochs=%u steps=%llu runs=%u",
           parameters, s->train.count, s->validation.count, s->test.count, config->epochs,
           (unsigned long long)steps * config->epochs, s->settings->runs);
    if (s->settings->ensemble > 0) {
        printf(" ensemble=%u", s->settings->ensemble);
    }
    putchar('\n');
    return MNIST_EXIT_OK;
}
