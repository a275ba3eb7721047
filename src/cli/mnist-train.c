/* mnist-train: options to data, data to a trained net, the net to a file and a line on stdout. */
#define _POSIX_C_SOURCE 200809L
#include "cli/preview.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/source.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "mnist-train"

/* What all runs of one call share. */
typedef struct session {
    const mnist_train_settings *settings;
    mnist_source source;
    mnist_view train, validation, test;
    mnist_normalization normalization;
    mnist_data_digests train_digests, test_digests; /* of the whole files; "" until needed */
    mnist_pool *pool;
    mnist_log *log;
    bool log_failed, save_failed; /* exit code 1 in the end */
    mnist_progress progress;
} session;

/* One seed's outcome. */
typedef struct run_result {
    uint64_t seed;
    mnist_evaluation test;
    double seconds; /* training and testing, data in memory */
    char digest[MNIST_DIGEST_TEXT];
    json_t *epochs; /* NULL unless JSON is wanted */
} run_result;

/* A run on its way: what the hooks need. */
typedef struct run {
    session *session;
    run_result *result;
} run;

static mnist_status set_error(mnist_error *err, mnist_status status, const char *text)
{
    err->status = status;
    snprintf(err->text, sizeof err->text, "%s", text);
    return status;
}

/* The double whose shortest text is the float's: 0.1f as 0.1 and not as 0.10000000149. */
static double shortest(float value)
{
    char text[MNIST_REAL_TEXT];
    mnist_float_format(value, text);
    return strtod(text, NULL);
}

/* A log that fails (a full disk, say) must not cost the training: it is reported, given up, and
 * makes the exit code 1 in the end. */
static void write_log(session *s, const mnist_log_record *record)
{
    mnist_error err;
    if (s->log && !s->log_failed && mnist_log_write(s->log, record, &err) != MNIST_OK) {
        s->log_failed = true;
        mnist_progress_finish(&s->progress);
        fprintf(stderr, PROGRAM ": %s; training goes on without the log\n", err.text);
    }
}

static bool after_step(void *context, const mnist_step_report *report)
{
    const run *r = context;
    session *s = r->session;
    uint64_t every = s->settings->log_every;
    if (every > 0 && report->step % every == 0) {
        write_log(s, &(mnist_log_record){
                         .seed = r->result->seed,
                         .epoch = report->epoch,
                         .step = report->step,
                         .lr = shortest(report->lr),
                         .train_loss = report->loss,
                         .train_accuracy = (double)report->correct / (double)report->count});
    }
    mnist_progress_step(&s->progress, report, mnist_clock());
    return true;
}

static bool after_epoch(void *context, const mnist_epoch_report *report)
{
    const run *r = context;
    session *s = r->session;
    write_log(s, &(mnist_log_record){.is_epoch = true,
                                     .seed = r->result->seed,
                                     .epoch = report->epoch,
                                     .step = report->step,
                                     .lr = shortest(report->lr),
                                     .train_loss = report->train_loss,
                                     .train_accuracy = report->train_accuracy,
                                     .has_validation = report->has_validation,
                                     .validation_loss = report->validation_loss,
                                     .validation_accuracy = report->validation_accuracy});
    if (r->result->epochs) {
        json_array_append_new(
            r->result->epochs,
            json_pack("{s:i, s:f, s:f, s:f, s:o, s:o, s:f}", "epoch", (int)report->epoch, "lr",
                      shortest(report->lr), "train_loss", report->train_loss, "train_accuracy",
                      report->train_accuracy, "validation_loss",
                      report->has_validation ? mnist_report_real(report->validation_loss)
                                             : json_null(),
                      "validation_accuracy",
                      report->has_validation ? json_real(report->validation_accuracy) : json_null(),
                      "seconds", report->seconds));
    }
    mnist_progress_epoch(&s->progress, report, mnist_clock());
    return true;
}

/* Training images less those that --limit and --val-split take away. */
static mnist_status split_data(session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_view all = mnist_dataset_view(s->source.train);
    s->test = mnist_dataset_view(s->source.test);
    if (settings->limit > 0 && settings->limit < all.count) {
        all = mnist_view_slice(all, 0, settings->limit);
    }
    uint64_t held_out = mnist_share_of(settings->val_split, all.count);
    if (held_out >= all.count) {
        err->status = MNIST_ERR_ARGUMENT;
        snprintf(err->text, sizeof err->text,
                 "--val-split would hold out %llu of %zu training images%s and leave none to train "
                 "on",
                 (unsigned long long)held_out, all.count,
                 settings->limit > 0 ? " (see --limit)" : "");
        return err->status;
    }
    s->train = mnist_view_slice(all, 0, all.count - (size_t)held_out);
    s->validation = mnist_view_slice(all, s->train.count, (size_t)held_out);
    s->normalization = mnist_normalization_fit(settings->normalize, s->train);
    if (s->test.rows != s->train.rows || s->test.cols != s->train.cols) {
        err->status = MNIST_ERR_MISMATCH;
        snprintf(err->text, sizeof err->text,
                 "training images are %u x %u pixels, but test images are %u x %u", s->train.rows,
                 s->train.cols, s->test.rows, s->test.cols);
        return err->status;
    }
    return MNIST_OK;
}

static mnist_status make_mlp(const session *s, uint64_t seed, mnist_mlp **mlp, mnist_error *err)
{
    mnist_mlp_config config = {.inputs = s->train.rows * s->train.cols,
                               .outputs = MNIST_CLASSES,
                               .hidden_count = s->settings->hidden.count,
                               .activation = s->settings->activation};
    memcpy(config.hidden, s->settings->hidden.width, sizeof config.hidden);
    mnist_status status = mnist_mlp_create(mlp, &config, err);
    if (status == MNIST_OK) {
        mnist_mlp_init(*mlp, s->settings->init, seed);
    }
    return status;
}

/* The options that state the mathematics, as one line of JSON, to be freed; or NULL, err filled. */
static char *model_options(const mnist_train_settings *settings, mnist_error *err)
{
    char *text = NULL;
    size_t size;
    json_t *options =
        mnist_options_json(&mnist_train_program, settings, MNIST_OPTION_IN_MODEL, err);
    FILE *out = options ? open_memstream(&text, &size) : NULL;
    bool complete = out && mnist_json_print(options, 0, out) && !ferror(out);
    complete = (!out || fclose(out) == 0) && complete;
    if (options && !complete) {
        set_error(err, MNIST_ERR_MEMORY, "out of memory for the model's metadata");
    }
    json_decref(options);
    if (!complete) {
        free(text);
        return NULL;
    }
    return text;
}

/* Writes the model, if a file was asked for, and takes its digest: of the bytes that the file has
 * or would have. */
static mnist_status save_model(const session *s, const mnist_mlp *mlp, run_result *result,
                               mnist_error *err)
{
    mnist_train_settings settings = *s->settings;
    settings.train.seed = result->seed;
    char *options_text = model_options(&settings, err);
    if (!options_text) {
        return err->status;
    }
    char seed[24], train_count[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)result->seed);
    snprintf(train_count, sizeof train_count, "%zu", s->train.count);
    const mnist_metadata metadata[] = {
        {"options", options_text},
        {"seed", seed},
        {"trained_on", train_count},
        {"train_images_sha256", s->train_digests.images},
        {"train_labels_sha256", s->train_digests.labels},
        {"test_images_sha256", s->test_digests.images},
        {"test_labels_sha256", s->test_digests.labels},
    };
    mnist_status status =
        mnist_model_save(s->settings->output, mlp, &s->normalization, metadata,
                         sizeof metadata / sizeof metadata[0], result->digest, err);
    free(options_text);
    return status;
}

static mnist_status train_once(session *s, unsigned index, run_result *result, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_train_config config = settings->train;
    mnist_mlp *mlp = NULL;
    double start = mnist_clock();
    *result = (run_result){.seed = settings->train.seed + index,
                           .epochs = settings->out.json ? json_array() : NULL};
    config.seed = result->seed;
    config.adapt_threads = settings->threads == 0; /* who names a number gets it */
    run r = {s, result};
    mnist_train_hooks hooks = {&r, after_step, after_epoch};
    mnist_status status = make_mlp(s, result->seed, &mlp, err);
    if (status == MNIST_OK) {
        mnist_progress_begin(&s->progress, index + 1, settings->runs, config.epochs, mnist_clock());
        status = mnist_train(mlp, &config, s->train, s->validation, &s->normalization, s->pool,
                             &hooks, err);
        mnist_progress_finish(&s->progress);
    }
    if (status == MNIST_OK) {
        status = mnist_evaluate(mlp, s->test, &s->normalization, s->pool, &result->test, err);
        result->seconds = mnist_clock() - start;
    }
    if (status == MNIST_OK && !isfinite(result->test.loss)) {
        status = set_error(err, MNIST_ERR_DIVERGED,
                           "training diverged: the test loss is not a finite number; try a lower "
                           "--lr, a longer --warmup or --clip-norm 1");
    }
    /* A model that cannot be written must not cost the result that was trained for. */
    if (status == MNIST_OK && (settings->output || settings->out.json) &&
        save_model(s, mlp, result, err) != MNIST_OK) {
        s->save_failed = true;
        mnist_report_error(PROGRAM, err);
    }
    mnist_mlp_free(mlp);
    return status;
}

/* Mean, standard deviation (of a sample) and extremes over runs. */
typedef struct summary {
    double loss_mean, loss_max;
    double accuracy_mean, accuracy_sd, accuracy_min, accuracy_max;
} summary;

static summary summarize(const run_result *results, unsigned count)
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

static json_t *model_json(const session *s, const run_result *result, size_t parameters)
{
    return json_pack("{s:s?, s:I, s:s?}", "file", s->save_failed ? NULL : s->settings->output,
                     "parameters", (json_int_t)parameters, "sha256",
                     s->save_failed ? NULL : result->digest);
}

static json_t *data_json(const session *s)
{
    return json_pack("{s:{s:I, s:s, s:s}, s:{s:I}, s:{s:I, s:s, s:s}}", "train", "n",
                     (json_int_t)s->train.count, "images_sha256", s->train_digests.images,
                     "labels_sha256", s->train_digests.labels, "validation", "n",
                     (json_int_t)s->validation.count, "test", "n", (json_int_t)s->test.count,
                     "images_sha256", s->test_digests.images, "labels_sha256",
                     s->test_digests.labels);
}

static json_t *runs_json(const session *s, const run_result *results, size_t parameters)
{
    json_t *runs = json_array();
    for (unsigned i = 0; i < s->settings->runs; i++) {
        json_array_append_new(
            runs, json_pack("{s:o, s:f, s:O, s:o, s:o}", "seed",
                            mnist_json_whole(results[i].seed), "seconds", results[i].seconds,
                            "epochs", results[i].epochs, "test",
                            mnist_report_evaluation(&results[i].test), "model",
                            model_json(s, &results[i], parameters)));
    }
    return runs;
}

/* One document a call. With several runs, test holds the summary and runs each of them. */
static json_t *document(const session *s, const run_result *results, size_t parameters)
{
    const mnist_train_settings *settings = s->settings;
    summary sum = summarize(results, settings->runs);
    mnist_error err;
    json_t *config =
        mnist_options_json(&mnist_train_program, settings, MNIST_OPTION_IN_CONFIG, &err);
    json_t *doc = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:s, s:I}", "schema", "mnist-train/1", "version",
        mnist_version(), "config", config, "data", data_json(s), "seed",
        mnist_json_whole(settings->train.seed), "kernels", mnist_kernels_name(), "threads",
        (json_int_t)mnist_pool_threads(s->pool));
    if (settings->runs == 1) {
        json_object_set_new(doc, "epochs", json_incref(results[0].epochs));
        json_object_set_new(doc, "test", mnist_report_evaluation(&results[0].test));
        json_object_set_new(doc, "model", model_json(s, &results[0], parameters));
        json_object_set_new(doc, "seconds", json_real(results[0].seconds));
    } else {
        json_object_set_new(
            doc, "test",
            json_pack("{s:o, s:f, s:f, s:f, s:f, s:I, s:i}", "loss",
                      mnist_report_real(sum.loss_mean), "accuracy",
                      sum.accuracy_mean, "accuracy_sd", sum.accuracy_sd, "accuracy_min",
                      sum.accuracy_min, "accuracy_max", sum.accuracy_max, "n",
                      (json_int_t)s->test.count, "runs", (int)settings->runs));
        json_object_set_new(doc, "runs", runs_json(s, results, parameters));
    }
    json_object_set_new(doc, "gate",
                        mnist_report_gate(&settings->gate, sum.accuracy_min, sum.loss_max));
    return doc;
}

static int report_runs(const session *s, const run_result *results, size_t parameters)
{
    const mnist_train_settings *settings = s->settings;
    summary sum = summarize(results, settings->runs);
    int code = MNIST_EXIT_OK;
    if (settings->out.json) {
        code = mnist_report_json(PROGRAM, document(s, results, parameters));
    } else if (settings->runs > 1) {
        printf("runs=%u test_acc_mean=%.6g test_acc_sd=%.6f test_acc_min=%.6g test_acc_max=%.6g "
               "test_loss_mean=%.6f n=%zu\n",
               settings->runs, sum.accuracy_mean, sum.accuracy_sd, sum.accuracy_min,
               sum.accuracy_max, sum.loss_mean, s->test.count);
    }
    /* With several runs the worst of them is judged. */
    bool passed =
        mnist_report_check_gate(PROGRAM, &settings->gate, sum.accuracy_min, sum.loss_max);
    return code != MNIST_EXIT_OK ? code : passed ? MNIST_EXIT_OK : MNIST_EXIT_GATE;
}

/* All runs, in order of their seeds. */
static int train_all(session *s, size_t parameters)
{
    const mnist_train_settings *settings = s->settings;
    mnist_error err;
    run_result *results = calloc(settings->runs, sizeof *results);
    if (!results) {
        set_error(&err, MNIST_ERR_MEMORY, "out of memory for the results of the runs");
        return mnist_report_error(PROGRAM, &err);
    }
    int code = MNIST_EXIT_OK;
    unsigned done = 0;
    for (; done < settings->runs && code == MNIST_EXIT_OK; done++) {
        mnist_status status = train_once(s, done, &results[done], &err);
        if (status == MNIST_OK && !settings->out.json) {
            if (settings->runs > 1) {
                printf("seed=%llu ", (unsigned long long)results[done].seed);
            }
            mnist_report_line(&results[done].test, results[done].seconds);
            if (settings->runs > 1) {
                fflush(stdout); /* a run may take long: show each as it ends */
            }
        }
        code = status == MNIST_OK ? MNIST_EXIT_OK : mnist_report_error(PROGRAM, &err);
    }
    if (code == MNIST_EXIT_OK) {
        code = report_runs(s, results, parameters);
    }
    for (unsigned i = 0; i < done; i++) {
        json_decref(results[i].epochs);
    }
    free(results);
    return code;
}

static void describe(session *s, size_t parameters)
{
    const mnist_train_settings *settings = s->settings;
    char hidden[256] = "";
    for (unsigned l = 0; l < settings->hidden.count; l++) {
        size_t used = strlen(hidden);
        snprintf(hidden + used, sizeof hidden - used, "%u-", settings->hidden.width[l]);
    }
    mnist_progress_message(&s->progress,
                           "%u-%s%u %s, %zu parameters; %s: %zu training, %zu validation, %zu test "
                           "images",
                           s->train.rows * s->train.cols, hidden, MNIST_CLASSES,
                           settings->hidden.count > 0 ? mnist_activation_name(settings->activation)
                                                      : "softmax regression",
                           parameters, mnist_dataset_choice_name(settings->data.dataset),
                           s->train.count, s->validation.count, s->test.count);
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

/* What --dry-run has found out, in the form of the result line. */
static int report_plan(const session *s, size_t parameters)
{
    const mnist_train_config *config = &s->settings->train;
    size_t steps = (s->train.count + config->batch_size - 1) / config->batch_size;
    if (s->settings->out.json) {
        mnist_error err;
        json_t *options =
            mnist_options_json(&mnist_train_program, s->settings, MNIST_OPTION_IN_CONFIG, &err);
        return mnist_report_json(
            PROGRAM, json_pack("{s:s, s:s, s:b, s:o, s:o, s:I, s:I, s:I}", "schema",
                               "mnist-train/1", "version", mnist_version(), "dry_run", 1, "config",
                               options, "data", data_json(s), "parameters", (json_int_t)parameters,
                               "steps_per_epoch", (json_int_t)steps, "runs",
                               (json_int_t)s->settings->runs));
    }
    printf("parameters=%zu train=%zu validation=%zu test=%zu epochs=%u steps=%llu runs=%u\n",
           parameters, s->train.count, s->validation.count, s->test.count, config->epochs,
           (unsigned long long)steps * config->epochs, s->settings->runs);
    return MNIST_EXIT_OK;
}

/* One file under two names would lose the log to the model. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static mnist_status check_outputs(const mnist_train_settings *settings, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (settings->output) {
        status = mnist_output_check(settings->output, err);
    }
    if (status == MNIST_OK && settings->preview) {
        status = mnist_output_check(settings->preview, err);
    }
    if (status == MNIST_OK && settings->log) {
        status = mnist_output_check(settings->log, err);
    }
    if (status == MNIST_OK && settings->output && settings->log &&
        same_file(settings->output, settings->log)) {
        status = set_error(err, MNIST_ERR_ARGUMENT, "--log and --output name the same file");
    }
    if (status == MNIST_OK && settings->out.json) { /* that every name can be written as JSON */
        json_t *config =
            mnist_options_json(&mnist_train_program, settings, MNIST_OPTION_IN_CONFIG, err);
        status = config ? MNIST_OK : err->status;
        json_decref(config);
    }
    return status;
}

/* The log that was made may turn out to be the file that the model will replace. */
static mnist_status open_log(session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_status status = mnist_log_open(&s->log, settings->log, err);
    if (status == MNIST_OK && settings->output && same_file(settings->output, settings->log)) {
        unlink(settings->log);
        status = set_error(err, MNIST_ERR_ARGUMENT, "--log and --output name the same file");
    }
    return status;
}

/* Everything that can fail before the first step: outputs are tried before hours are spent. */
static mnist_status prepare(session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_status status = check_outputs(settings, err);
    if (status == MNIST_OK) {
        status = mnist_source_open(&s->source, &settings->data, true, err);
    }
    if (status == MNIST_OK) {
        status = split_data(s, err);
    }
    if (status == MNIST_OK) {
        status = mnist_pool_create(&s->pool, settings->threads, err);
    }
    if (status == MNIST_OK && (settings->output || settings->out.json)) {
        mnist_view_digests(mnist_dataset_view(s->source.train), &s->train_digests);
        mnist_view_digests(s->test, &s->test_digests);
    }
    if (status == MNIST_OK && settings->log && !settings->dry_run && !settings->preview) {
        status = open_log(s, err);
    }
    return status;
}

static int save_preview(session *s)
{
    const mnist_train_settings *settings = s->settings;
    mnist_error err;
    if (mnist_preview_save(settings->preview, s->train, &settings->train.augmentation,
                           settings->train.seed, s->pool, &err) != MNIST_OK) {
        return mnist_report_error(PROGRAM, &err);
    }
    mnist_progress_message(&s->progress, "wrote %s: %s", settings->preview,
                           settings->augment ? settings->augment : "images as they are");
    return MNIST_EXIT_OK;
}

static int run_session(session *s)
{
    mnist_error err;
    mnist_mlp *mlp = NULL;
    mnist_progress_start(&s->progress, mnist_train_progress_mode(s->settings),
                         s->settings->out.color, STDERR_FILENO);
    mnist_status status = prepare(s, &err);
    if (status == MNIST_OK) {
        status = make_mlp(s, s->settings->train.seed, &mlp, &err);
    }
    if (status != MNIST_OK) {
        int code = mnist_report_error(PROGRAM, &err);
        return status == MNIST_ERR_ARGUMENT ? MNIST_EXIT_USAGE : code;
    }
    size_t parameters = mnist_mlp_parameters(mlp);
    mnist_mlp_free(mlp);
    describe(s, parameters);
    if (s->settings->preview) {
        return save_preview(s);
    }
    return s->settings->dry_run ? report_plan(s, parameters) : train_all(s, parameters);
}

/* The session from first to last, and what it held given back. */
static int train(const mnist_train_settings *settings)
{
    session s = {.settings = settings};
    mnist_error err;
    int code = run_session(&s);
    if (mnist_log_close(s.log, &err) != MNIST_OK && !s.log_failed) {
        fprintf(stderr, PROGRAM ": %s\n", err.text);
        s.log_failed = true;
    }
    mnist_pool_free(s.pool);
    mnist_source_close(&s.source);
    return (s.log_failed || s.save_failed) && code == MNIST_EXIT_OK ? MNIST_EXIT_FAILURE : code;
}

int main(int argc, char **argv)
{
    mnist_train_settings settings = mnist_train_settings_defaults();
    mnist_parsed parsed;
    char augmentation[MNIST_AUGMENTATION_TEXT];
    mnist_report_start();
    int code = mnist_options_start(&mnist_train_program, argc, argv, &settings, &parsed);
    if (code < 0) {
        mnist_train_set_augmentation(&settings, augmentation);
        code = mnist_choose_kernels(PROGRAM);
        code = code == MNIST_EXIT_OK ? train(&settings) : code;
        code = mnist_report_end(PROGRAM, code);
    }
    mnist_options_free(&parsed);
    return code;
}
