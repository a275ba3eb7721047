/* mnist-train: from options to data, from data to a trained net, from the net to a file and a line
 * on stdout. */
#define _POSIX_C_SOURCE 200809L
#include "cli/train/checkpoints.h"
#include "cli/terminal/clock.h"
#include "cli/train/preview.h"
#include "cli/shared/program.h"
#include "cli/shared/signals.h"
#include "cli/train/files.h"
#include "cli/train/initial.h"
#include "cli/train/page.h"
#include "cli/train/remarks.h"
#include "cli/train/say.h"
#include "cli/train/session.h"
#include "cli/train/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "mnist-train"

/* A run in progress: what the hooks need. */
typedef struct run {
    mnist_session *session;
    mnist_run_result *result;
    mnist_train_page *page; /* NULL: no report of this net */
    mnist_keeper keeper;
} run;

/* The double whose shortest text is the float's: 0.1f as 0.1 and not as 0.10000000149. */
static double shortest(float value)
{
    char text[MNIST_REAL_TEXT];
    mnist_float_format(value, text);
    return strtod(text, NULL);
}

/* Writes to the log. If that fails (a full disk, say), the training must go on: the failure is
 * reported, the log is given up, and the exit code will be 1. */
static void write_log(mnist_session *s, const mnist_log_record *record)
{
    mnist_error err;
    if (s->log && !s->log_failed && mnist_log_write(s->log, record, &err) != MNIST_OK) {
        s->log_failed = true;
        mnist_progress_finish(&s->progress);
        fprintf(stderr, PROGRAM ": %s; training goes on without the log\n", err.text);
    }
}

static bool after_step(void *context, const mnist_step_stats *stats)
{
    run *r = context;
    mnist_session *s = r->session;
    uint64_t every = s->settings->log_every;
    r->result->steps = stats->steps;
    if (every > 0 && stats->step % every == 0) {
        write_log(s, &(mnist_log_record){.seed = r->result->seed,
                                         .epoch = stats->epoch,
                                         .step = stats->step,
                                         .lr = shortest(stats->lr),
                                         .train_loss = stats->loss,
                                         .train_accuracy =
                                             (double)stats->correct / (double)stats->count});
    }
    if (r->page) {
        mnist_train_page_step(r->page, stats);
    }
    mnist_progress_step(&s->progress, stats, mnist_clock());
    return mnist_keeper_step(&r->keeper, stats);
}

/* Notes how far the training has come, and which epoch would be kept if this were the last. */
static void note_course(const mnist_train_config *config, const mnist_epoch_stats *stats,
                        mnist_run_result *result)
{
    result->end = stats->end;
    result->last_epoch = stats->epoch;
    result->step = stats->step;
    result->largest_loss = fmax(result->largest_loss, stats->train_loss);
    result->train_accuracy = stats->train_accuracy;
    if (config->keep != MNIST_KEEP_BEST || stats->best_epoch == stats->epoch) {
        result->kept_epoch = stats->epoch;
        result->kept_loss = stats->validation_loss;
    }
}

/* Notes the epoch's figures. Documents and checkpoints need those of all epochs: without memory for
 * one, all are given up. */
static void note_epoch(mnist_session *s, const mnist_epoch_stats *stats, mnist_run_result *result)
{
    if (!result->epochs) {
        return;
    }
    const mnist_epoch epoch = {
        .lr = shortest(stats->lr),
        .train_loss = stats->train_loss,
        .train_accuracy = stats->train_accuracy,
        .validation_loss = stats->validation_loss,
        .validation_accuracy = stats->has_validation ? stats->validation_accuracy : (double)NAN,
        .seconds = stats->seconds,
    };
    mnist_epochs_add(&result->epochs, &epoch, 1);
    if (!result->epochs) {
        s->checkpoint_failed = true;
        mnist_progress_finish(&s->progress);
        fprintf(stderr,
                PROGRAM ": out of memory for the figures of an epoch; training goes on, but "
                        "no further checkpoint can be written\n");
    }
}

static bool after_epoch(void *context, const mnist_epoch_stats *stats)
{
    run *r = context;
    mnist_session *s = r->session;
    note_course(&s->settings->training.config, stats, r->result);
    write_log(s, &(mnist_log_record){.is_epoch = true,
                                     .seed = r->result->seed,
                                     .epoch = stats->epoch,
                                     .step = stats->step,
                                     .lr = shortest(stats->lr),
                                     .train_loss = stats->train_loss,
                                     .train_accuracy = stats->train_accuracy,
                                     .has_validation = stats->has_validation,
                                     .validation_loss = stats->validation_loss,
                                     .validation_accuracy = stats->validation_accuracy});
    note_epoch(s, stats, r->result);
    mnist_progress_epoch(&s->progress, stats, mnist_clock());
    return mnist_keeper_epoch(&r->keeper, stats);
}

/* Notes what the resumed training had done: as note_course would have, and the figures of its
 * epochs. */
static mnist_status note_resumption(const mnist_train_config *config, size_t images,
                                    const mnist_resumption *resumed, mnist_run_result *result,
                                    mnist_error *err)
{
    const mnist_train_position *position = &resumed->position;
    const bool best = config->keep == MNIST_KEEP_BEST;
    const size_t batch = config->batch_size;
    result->last_epoch = position->epoch;
    result->step = position->step;
    result->steps = (uint64_t)config->epochs * ((images + batch - 1) / batch);
    result->end = position->end;
    result->kept_epoch = best ? position->best_epoch : position->epoch;
    result->kept_loss = best ? position->best_loss : 0.0;
    for (size_t i = 0; i < resumed->epochs->count; i++) {
        result->largest_loss = fmax(result->largest_loss, resumed->epochs->list[i].train_loss);
        result->train_accuracy = resumed->epochs->list[i].train_accuracy;
    }
    const bool wanted = result->epochs != NULL;
    mnist_epochs_add(&result->epochs, resumed->epochs->list, resumed->epochs->count);
    if (wanted && !result->epochs) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the epochs' figures");
    }
    return MNIST_OK;
}

/* Is there nothing left to train? */
static bool is_over(const mnist_train_config *config, const mnist_train_position *position)
{
    return position->end != MNIST_END_NOT_YET ||
           (position->epoch_ended && position->epoch == config->epochs);
}

static void announce_resumption(mnist_session *s)
{
    const mnist_train_config *config = &s->settings->training.config;
    const mnist_resumption *resumed = s->settings->resumed;
    const mnist_train_position *position = &resumed->position;
    if (is_over(config, position)) {
        mnist_progress_message(&s->progress, "%s: this training is over%s; its net is tested again",
                               resumed->path,
                               position->end == MNIST_END_TIME       ? ", ended by its --max-time"
                               : position->end == MNIST_END_PATIENCE ? ", ended by its --patience"
                                                                     : "");
    } else {
        mnist_progress_message(&s->progress, "going on from %s, %s epoch %u of %u, step %llu",
                               resumed->path, position->epoch_ended ? "after" : "in",
                               position->epoch, config->epochs, (unsigned long long)position->step);
    }
    const unsigned over = position->epoch - !position->epoch_ended;
    mnist_progress_resume(&s->progress, position->step, over,
                          position->epoch_ended ? 0 : position->seen, s->train.count);
    if (config->max_seconds > 0.0) {
        mnist_progress_limit(&s->progress, fmax(config->max_seconds - position->seconds, 1e-3));
    }
}

/* Trains from the beginning or from a checkpoint, until the last epoch or until a signal ends it;
 * then the biases of omitted classes are set, where that is asked for. */
static mnist_status train_net(mnist_session *s, const mnist_train_config *config, mnist_mlp *mlp,
                              run *r, mnist_error *err)
{
    const mnist_resumption *resumed = s->settings->resumed;
    const mnist_train_hooks hooks = {r, after_step, after_epoch};
    const mnist_train_job job = {.net = mlp,
                                 .config = config,
                                 .train = s->train,
                                 .validation = s->validation,
                                 .normalization = &s->normalization,
                                 .pool = s->pool,
                                 .hooks = &hooks,
                                 .resume = resumed ? &resumed->snapshot : NULL,
                                 .teachers = s->teachers.list,
                                 .teacher_count = s->teachers.count};
    if (resumed) {
        if (note_resumption(config, s->train.count, resumed, r->result, err) != MNIST_OK) {
            return err->status;
        }
        announce_resumption(s);
    }
    mnist_keeper_start(&r->keeper, s, r->result);
    mnist_signals_set(MNIST_SIGNAL_NOTED);
    mnist_status status = mnist_train(&job, err);
    mnist_progress_finish(&s->progress);
    if (status != MNIST_ERR_STOPPED) { /* from here on a signal would lose nothing */
        mnist_signals_set(MNIST_SIGNAL_ENDS);
    }
    if (status == MNIST_OK && s->settings->training.calibrate_bias) {
        status = mnist_bias_calibrate(mlp, s->validation, &s->normalization, s->pool,
                                      s->settings->training.omitted, &r->result->shift, err);
    }
    return status;
}

/* The options that state the mathematics, as one line of JSON, to be freed; or NULL, err filled. */
static char *model_options(const mnist_train_settings *settings, mnist_error *err)
{
    json_t *options =
        mnist_options_json(&mnist_train_program, settings, MNIST_OPTION_IN_MODEL, err);
    char *text = mnist_json_text(options, 0);
    if (options && !text) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the model's metadata");
    }
    json_decref(options);
    return text;
}

/* Writes the model, if a file was asked for, and takes its digest: of the bytes that the file has
 * or would have. */
static mnist_status save_model(const mnist_session *s, const mnist_mlp *mlp,
                               mnist_run_result *result, mnist_error *err)
{
    mnist_train_settings settings = *s->settings;
    settings.training.config.seed = result->seed;
    char *options_text = model_options(&settings, err);
    if (!options_text) {
        return err->status;
    }
    char seed[24], train_count[24], offset[MNIST_REAL_TEXT];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)result->seed);
    snprintf(train_count, sizeof train_count, "%zu", s->train.count);
    mnist_float_format(result->shift.offset, offset);
    char base[MNIST_LABEL_NUMBER], names[MNIST_CLASS_NAMES_TEXT];
    mnist_metadata metadata[12] = {
        {"options", options_text},
        {"seed", seed},
        {"trained_on", train_count},
        {"train_images_sha256", s->train_digests.images},
        {"train_labels_sha256", s->train_digests.labels},
        {"test_images_sha256", s->test_digests.images},
        {"test_labels_sha256", s->test_digests.labels},
    };
    size_t count = 7;
    if (s->teachers.digests) {
        metadata[count++] = (mnist_metadata){MNIST_KEY_TEACHERS, s->teachers.digests};
    }
    if (settings.training.calibrate_bias) {
        metadata[count++] = (mnist_metadata){"calibrated_bias", offset};
    }
    if (settings.initial) {
        metadata[count++] = (mnist_metadata){"init_from_sha256", settings.initial->digest};
    }
    count += mnist_labels_metadata(s->labels, base, names, metadata + count);
    const mnist_model_parts parts = {.mlp = mlp,
                                     .normalization = &s->normalization,
                                     .metadata = metadata,
                                     .metadata_count = count,
                                     .steps = &s->steps};
    mnist_status status = mnist_model_write(result->output, &parts, result->digest, err);
    free(options_text);
    return status;
}

/* Tests the net by itself, or as one more member of a committee. probabilities: where they go, if
 * the net is tested by itself; NULL: nowhere. */
static mnist_status test_net(mnist_session *s, mnist_mlp *mlp, mnist_committee *committee,
                             float *probabilities, mnist_evaluation *test, mnist_error *err)
{
    const mnist_normalization *normalization = &s->normalization;
    if (committee) {
        return mnist_committee_add(committee, mlp, normalization, s->pool, test, err);
    }
    return probabilities
               ? mnist_probabilities(mlp, s->test, normalization, s->pool, probabilities, test, err)
               : mnist_evaluate(mlp, s->test, normalization, s->pool, test, err);
}

/* Writes the page. If it cannot be written, the result must still be printed, as with a model. */
static void write_page(mnist_session *s, const mnist_train_page *page, const mnist_run_result *runs,
                       unsigned count, const mnist_evaluation *test, double seconds)
{
    mnist_error err;
    char *name = NULL;
    mnist_signals_set(MNIST_SIGNAL_WAITS);
    mnist_status status = mnist_session_file(s->settings->report, runs[0].seed, &name, &err);
    if (status == MNIST_OK) {
        status = mnist_train_page_write(page, name, runs, count, test, seconds, &err);
    }
    if (status != MNIST_OK) {
        s->save_failed = true;
        mnist_program_error(PROGRAM, &err);
    }
    free(name);
    mnist_signals_set(MNIST_SIGNAL_ENDS);
}

/* Trains, tests and saves one net. committee: it becomes a member; NULL: there is none. page:
 * gathers what the HTML page needs; NULL: there is none. */
static mnist_status train_once(mnist_session *s, unsigned index, mnist_committee *committee,
                               mnist_train_page *page, mnist_run_result *result, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_train_config config = settings->training.config;
    mnist_mlp *mlp = NULL;
    const mnist_resumption *resumed = settings->resumed;
    const double start = mnist_clock() - (resumed ? resumed->position.seconds : 0.0);
    const bool wants_epochs = settings->out.json || settings->checkpoint || page;
    *result = (mnist_run_result){.seed = settings->training.config.seed + index,
                                 .epochs = wants_epochs ? mnist_epochs_new() : NULL};
    config.seed = result->seed;
    config.adapt_threads = settings->threads == 0; /* a number that was asked for is kept */
    run r = {.session = s, .result = result, .page = page};
    mnist_status status = mnist_session_file(settings->output, result->seed, &result->output, err);
    if (status == MNIST_OK && wants_epochs && !result->epochs) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the epochs' figures");
    }
    if (status == MNIST_OK) {
        status = mnist_session_net(s, settings, result->seed, &mlp, err);
    }
    if (status == MNIST_OK) {
        mnist_progress_begin(&s->progress, index + 1, mnist_session_runs(settings), config.epochs,
                             mnist_clock());
        mnist_progress_limit(&s->progress, config.max_seconds);
        status = train_net(s, &config, mlp, &r, err);
    }
    if (status == MNIST_ERR_DIVERGED) { /* with the flags of what the library advises */
        mnist_fail(err, status, "%s (--lr, --warmup, --clip-norm 1)", err->text);
    }
    if (status == MNIST_ERR_STOPPED) {
        s->farewell = mnist_keeper_farewell(&r.keeper);
    }
    if (status == MNIST_OK) {
        mnist_train_say_course(s, result);
        status = test_net(s, mlp, committee, page ? page->probabilities : NULL, &result->test, err);
        result->seconds = mnist_clock() - start;
    }
    if (status == MNIST_OK && !isfinite(result->test.loss)) {
        status = mnist_fail(err, MNIST_ERR_DIVERGED,
                            "training diverged: the test loss is not a finite number; try a lower "
                            "--lr, a longer --warmup or --clip-norm 1");
    }
    if (status == MNIST_OK) {
        status = mnist_remark_result(s, mlp, result, err);
    }
    /* If the model cannot be written, the result must still be printed. */
    if (status == MNIST_OK && (settings->output || settings->out.json || page)) {
        mnist_signals_set(MNIST_SIGNAL_WAITS);
        if (save_model(s, mlp, result, err) != MNIST_OK) {
            s->save_failed = result->save_failed = true;
            mnist_program_error(PROGRAM, err);
        }
        mnist_signals_set(MNIST_SIGNAL_ENDS);
    }
    if (status == MNIST_OK && page) {
        page->mlp = mlp;
        mlp = NULL;
        if (!committee) {
            write_page(s, page, result, 1, &result->test, result->seconds);
        }
    }
    mnist_mlp_free(mlp);
    return status;
}

/* Makes all runs, in the order of their seeds. */
static int train_all(mnist_session *s, size_t parameters)
{
    const mnist_train_settings *settings = s->settings;
    const unsigned count = mnist_session_runs(settings);
    const double start = mnist_clock();
    mnist_error err;
    mnist_status status = MNIST_OK;
    mnist_committee *committee = NULL;
    mnist_train_page page = {.session = s};
    mnist_run_result *runs = calloc(count, sizeof *runs);
    if (!runs) {
        status = mnist_fail(&err, MNIST_ERR_MEMORY, "out of memory for the results of the runs");
    } else if (settings->ensemble > 0) {
        status = mnist_committee_create(&committee, s->test, &err);
    }
    unsigned done = 0;
    for (; done < count && status == MNIST_OK; done++) {
        /* a committee's page shows its first member */
        const bool wants_page = settings->report && (!committee || done == 0);
        if (wants_page) {
            mnist_train_page_free(&page);
            status = mnist_train_page_start(&page, s, &err);
        }
        if (status == MNIST_OK) {
            status = train_once(s, done, committee, wants_page ? &page : NULL, &runs[done], &err);
        }
        if (status == MNIST_OK) {
            mnist_train_say_run(s, &runs[done]);
        }
    }
    int code;
    if (status == MNIST_OK) {
        mnist_run_results results = {.runs = runs,
                                     .count = count,
                                     .is_committee = committee != NULL,
                                     .parameters = parameters};
        if (committee) {
            mnist_committee_evaluate(committee, &results.committee);
        }
        results.seconds = mnist_clock() - start;
        if (committee && settings->report) {
            mnist_committee_probabilities(committee, page.probabilities);
            write_page(s, &page, runs, count, &results.committee, results.seconds);
        }
        code = mnist_train_say_results(PROGRAM, s, &results);
    } else {
        code = status == MNIST_ERR_STOPPED ? s->farewell : mnist_program_error(PROGRAM, &err);
    }
    for (unsigned i = 0; i < done; i++) {
        mnist_epochs_free(runs[i].epochs);
        free(runs[i].output);
    }
    free(runs);
    mnist_train_page_free(&page);
    mnist_committee_free(committee);
    return code;
}

static mnist_status check_outputs(const mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_status status = mnist_train_files_try(s, err);
    /* can every name be written as JSON? */
    if (status == MNIST_OK && (settings->out.json || settings->checkpoint)) {
        json_t *config =
            mnist_options_json(&mnist_train_program, settings, MNIST_OPTION_IN_CONFIG, err);
        status = config ? MNIST_OK : err->status;
        json_decref(config);
    }
    return status;
}

/* Opens the log; a resumed training continues its own. If a write to that had failed, it stays
 * given up. */
static mnist_status open_log(mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    const mnist_resumption *resumed = settings->resumed;
    if (resumed && resumed->log_lost) {
        s->log_failed = true;
        fprintf(stderr, PROGRAM ": the log had been given up when a write to it failed, and stays "
                                "as it is\n");
        return MNIST_OK;
    }
    mnist_status status = resumed ? mnist_log_resume(&s->log, settings->log, resumed->log, err)
                                  : mnist_log_open(&s->log, settings->log, err);
    if (status == MNIST_OK) {
        /* now that the file exists, it may turn out to be an input or another output by another
         * name: file systems differ in which names are one file */
        status = mnist_train_files_check(s, err);
        if (status != MNIST_OK && !resumed) {
            unlink(settings->log);
        }
    }
    return status;
}

/* Does all that can fail before the first step: outputs are tried before hours are spent. */
static mnist_status prepare(mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    const unsigned wanted = MNIST_IDX_TRAIN | MNIST_IDX_TEST;
    mnist_error missing;
    mnist_status located =
        mnist_source_locate(&s->source, &settings->training.data, wanted, &missing);
    mnist_status status = mnist_teachers_name(&s->teachers, settings->training.teacher, err);
    if (status == MNIST_OK) {
        status = mnist_train_files_check(s, err);
    }
    if (status == MNIST_OK && located != MNIST_OK) {
        *err = missing;
        status = located;
    }
    if (status == MNIST_OK) {
        status = check_outputs(s, err);
    }
    if (status == MNIST_OK) {
        status = mnist_session_load(s, wanted, err);
    }
    if (status == MNIST_OK) {
        status = mnist_session_take_labels(s, err);
    }
    if (status == MNIST_OK) {
        status = mnist_session_split(s, err);
    }
    if (status == MNIST_OK) {
        status = mnist_teachers_load(&s->teachers, s->train, &s->steps, err);
    }
    if (status == MNIST_OK) {
        status = mnist_pool_create(&s->pool, settings->threads, err);
    }
    if (status == MNIST_OK &&
        (settings->output || settings->out.json || settings->checkpoint || settings->report)) {
        mnist_dataset_digests(s->source.train, &s->train_digests);
        mnist_dataset_digests(s->source.test, &s->test_digests);
    }
    if (status == MNIST_OK && settings->checkpoint) {
        status = mnist_checkpoints_check(s, err);
    }
    if (status == MNIST_OK && settings->log && !settings->dry_run && !settings->preview) {
        status = open_log(s, err);
    }
    return status;
}

static int save_preview(mnist_session *s)
{
    const mnist_train_settings *settings = s->settings;
    mnist_error err;
    if (mnist_preview_save(settings->preview, s->train, &settings->training.config.augmentation,
                           settings->training.config.seed, s->pool, &err) != MNIST_OK) {
        return mnist_program_error(PROGRAM, &err);
    }
    mnist_progress_message(&s->progress, "wrote %s: %s", settings->preview,
                           settings->training.augment ? settings->training.augment
                                                      : "images as they are");
    return MNIST_EXIT_OK;
}

static int run_session(mnist_session *s)
{
    mnist_error err;
    mnist_mlp *mlp = NULL;
    mnist_progress_start(&s->progress, mnist_train_progress_mode(s->settings),
                         s->settings->out.color, STDERR_FILENO);
    mnist_status status = prepare(s, &err);
    if (status == MNIST_OK) {
        status = mnist_session_net(s, s->settings, s->settings->training.config.seed, &mlp, &err);
    }
    if (status != MNIST_OK) {
        int code = mnist_program_error(PROGRAM, &err);
        return status == MNIST_ERR_ARGUMENT ? MNIST_EXIT_USAGE : code;
    }
    size_t parameters = mnist_mlp_parameters(mlp);
    mnist_mlp_free(mlp);
    mnist_train_say_start(s, parameters);
    mnist_remark_data(s);
    if (s->settings->preview) {
        return save_preview(s);
    }
    return s->settings->dry_run ? mnist_train_say_plan(PROGRAM, s, parameters)
                                : train_all(s, parameters);
}

/* Runs a session and releases all that it held. */
static int train(const char *program, mnist_train_settings *settings, const mnist_parsed *parsed)
{
    mnist_session s = {.program = program,
                       .settings = settings,
                       .limit_is_zero =
                           settings->training.limit == 0 && mnist_on_command_line(parsed, "limit"),
                       .data = &settings->training.data,
                       .config_path = parsed->config_path,
                       .notes = {.program = PROGRAM, .quiet = settings->out.quiet},
                       .checkpoint_pipe = -1};
    mnist_error err;
    int code = run_session(&s);
    if (mnist_log_close(s.log, &err) != MNIST_OK && !s.log_failed) {
        fprintf(stderr, PROGRAM ": %s\n", err.text);
        s.log_failed = true;
    }
    if (s.checkpoint_pipe >= 0) {
        close(s.checkpoint_pipe);
    }
    mnist_session_close(&s);
    const bool failed = s.log_failed || s.save_failed || s.checkpoint_failed;
    return failed && code == MNIST_EXIT_OK ? MNIST_EXIT_FAILURE : code;
}

int main(int argc, char **argv)
{
    mnist_train_settings settings = mnist_train_settings_defaults();
    mnist_parsed parsed;
    mnist_training_texts texts;
    mnist_memory_return_large();
    mnist_program_start();
    int code = mnist_options_start(&mnist_train_program, argc, argv, &settings, &parsed);
    if (code < 0) {
        mnist_training_set_texts(&settings.training, &texts);
        mnist_signals_start(true);
        code = mnist_program_choose_kernels(PROGRAM);
        if (code == MNIST_EXIT_OK) {
            code = settings.tune_seconds > 0.0 ? mnist_tune(&settings, &parsed)
                                               : train(argv[0], &settings, &parsed);
        }
        code = mnist_program_end(PROGRAM, code);
    }
    mnist_options_free(&parsed);
    return code;
}
