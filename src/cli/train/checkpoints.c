#define _POSIX_C_SOURCE 200809L
#include "cli/train/checkpoints.h"

#include "cli/shared/figures.h"
#include "cli/shared/program.h"
#include "cli/shared/signals.h"
#include "cli/terminal/clock.h"
#include "cli/terminal/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "mnist-train"

void mnist_keeper_start(mnist_keeper *keeper, mnist_session *session,
                        const mnist_run_result *result)
{
    const mnist_resumption *resumed = session->settings->resumed;
    *keeper = (mnist_keeper){.session = session, .result = result, .last_time = mnist_clock()};
    if (resumed && strcmp(session->settings->checkpoint, resumed->path) == 0) {
        keeper->kept = true; /* the file that was resumed from holds this very state */
        keeper->kept_step = resumed->position.step;
        keeper->kept_epochs = resumed->position.epoch - !resumed->position.epoch_ended;
    }
}

/* Writing. */

/* Makes the log durable, as the checkpoint about to be written relies on it; text says how far it
 * goes. */
static void describe_log(mnist_session *s, char text[32])
{
    mnist_log_position position;
    mnist_error err;
    snprintf(text, 32, "%s", s->settings->log ? "lost" : "none");
    if (!s->log || s->log_failed) {
        return;
    }
    if (mnist_log_sync(s->log, &position, &err) != MNIST_OK) {
        s->log_failed = true;
        mnist_progress_finish(&s->progress);
        fprintf(stderr, PROGRAM ": %s; training goes on without the log\n", err.text);
        return;
    }
    snprintf(text, 32, "%" PRIu64 " %08" PRIx32, position.bytes, position.crc32);
}

/* arrays: of the snapshot, with room for one more. */
static mnist_status save(mnist_session *s, mnist_array *arrays, size_t count,
                         const mnist_epochs *epochs, const char *config, mnist_error *err)
{
    char log[32], initial[MNIST_INITIAL_TEXT], names[MNIST_CLASS_NAMES_TEXT];
    describe_log(s, log);
    mnist_metadata metadata[9] = {
        {MNIST_KEY_CONFIG, config},
        {MNIST_KEY_LOG, log},
        {MNIST_KEY_TRAIN_IMAGES, s->train_digests.images},
        {MNIST_KEY_TRAIN_LABELS, s->train_digests.labels},
        {MNIST_KEY_TEST_IMAGES, s->test_digests.images},
        {MNIST_KEY_TEST_LABELS, s->test_digests.labels},
    };
    size_t entries = 6; /* the others only where they are needed */
    if (s->teachers.digests) {
        metadata[entries++] = (mnist_metadata){MNIST_KEY_TEACHERS, s->teachers.digests};
    }
    if (s->settings->initial) {
        mnist_initial_print(s->settings->initial, &s->normalization, initial);
        metadata[entries++] = (mnist_metadata){MNIST_KEY_INITIAL, initial};
    }
    if (s->labels->count > 0) { /* the number of class 0 is one of the settings */
        mnist_labels_print(s->labels, names);
        metadata[entries++] = (mnist_metadata){MNIST_KEY_CLASS_NAMES, names};
    }
    if (epochs->count > 0) {
        arrays[count++] = mnist_epochs_array(epochs);
    }
    return mnist_checkpoint_save(s->settings->checkpoint, arrays, count, metadata, entries, err);
}

static mnist_status write_checkpoint(const mnist_keeper *k, const mnist_training *training,
                                     mnist_error *err)
{
    mnist_session *s = k->session;
    mnist_snapshot *snapshot = NULL;
    mnist_array *arrays = NULL;
    json_t *options =
        mnist_options_json(&mnist_train_program, s->settings, MNIST_OPTION_IN_CONFIG, err);
    if (!options) {
        return err->status;
    }
    char *config = mnist_json_text(options, 0);
    json_decref(options);
    mnist_status status = mnist_snapshot_take(training, &snapshot, err);
    if (status == MNIST_OK) {
        arrays = malloc((snapshot->count + 1) * sizeof *arrays);
        if (config && arrays) {
            memcpy(arrays, snapshot->arrays, snapshot->count * sizeof *arrays);
            status = save(s, arrays, snapshot->count, k->result->epochs, config, err);
        } else {
            status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a checkpoint");
        }
    }
    mnist_snapshot_free(snapshot);
    free(arrays);
    free(config);
    return status;
}

/* Is the last checkpoint still there? It, or its directory, may have been removed. */
static bool is_there(const mnist_keeper *k)
{
    struct stat st;
    return stat(k->session->settings->checkpoint, &st) == 0;
}

/* Writes a checkpoint of that step and so many whole epochs, unless the file holds it already. A
 * failure is reported. */
static void keep(mnist_keeper *k, const mnist_training *training, uint64_t step, unsigned epochs)
{
    mnist_session *s = k->session;
    mnist_error err;
    if (k->kept && k->kept_step == step && k->kept_epochs == epochs) {
        return;
    }
    if (!k->result->epochs) { /* lost when memory was short, which was reported */
        return;
    }
    k->last_time = mnist_clock(); /* also for a failure: a full disk is not tried at every step */
    if (write_checkpoint(k, training, &err) == MNIST_OK) {
        k->kept = true;
        k->kept_step = step;
        k->kept_epochs = epochs;
        return;
    }
    s->checkpoint_failed = true;
    mnist_progress_finish(&s->progress);
    mnist_program_error(PROGRAM, &err);
    fprintf(stderr, PROGRAM ": this checkpoint is left out%s; training goes on\n",
            !k->kept      ? ""
            : is_there(k) ? ", the one before stays"
                          : ", and the one before is gone");
}

/* Between steps. */

/* "epoch 3 of 10, step 2301 of 8910" */
static void say_where(const mnist_keeper *k, char text[128])
{
    snprintf(text, 128, "epoch %u of %u, step %" PRIu64 " of %" PRIu64, k->epoch,
             k->session->settings->training.config.epochs, k->step, k->steps);
}

/* Answers SIGUSR1. Loss and accuracy are those of the epoch so far. */
static void answer(mnist_keeper *k, unsigned over, double loss, double accuracy)
{
    mnist_session *s = k->session;
    char where[128], figures[2][MNIST_FORMAT_TEXT];
    say_where(k, where);
    mnist_format_loss(figures[0], loss);
    mnist_format_accuracy(figures[1], accuracy);
    mnist_progress_finish(&s->progress);
    fprintf(stderr, PROGRAM ": %s, train loss %s acc %s; ", where,
            figures[0] + strspn(figures[0], " "), figures[1] + strspn(figures[1], " "));
    if (!s->settings->checkpoint) {
        fputs("no --checkpoint to write\n", stderr);
    } else if (k->kept && k->kept_step == k->step && k->kept_epochs == over) {
        fputs("wrote ", stderr);
        mnist_print_plain(s->settings->checkpoint, stderr);
        fputc('\n', stderr);
    } else {
        fputs("no checkpoint could be written\n", stderr);
    }
}

/* What is done both after a step and after an epoch. training: as it is at that step; over: whole
 * epochs done. */
static bool look_up(mnist_keeper *k, const mnist_training *training, unsigned over, bool due,
                    double loss, double accuracy)
{
    const bool asked = mnist_signals_asked();
    const bool ends = mnist_signals_noted() != 0;
    if (k->session->settings->checkpoint && (due || asked || ends)) {
        keep(k, training, k->step, over);
    }
    if (asked) {
        answer(k, over, loss, accuracy);
    }
    return !ends;
}

bool mnist_keeper_step(mnist_keeper *k, const mnist_step_stats *stats)
{
    const mnist_interval *every = &k->session->settings->checkpoint_every;
    const bool due = (every->steps > 0 && stats->step % every->steps == 0) ||
                     (every->seconds > 0.0 && mnist_clock() - k->last_time >= every->seconds);
    k->epoch = stats->epoch;
    k->step = stats->step;
    k->steps = stats->steps;
    return look_up(k, stats->training, stats->epoch - 1, due, stats->epoch_loss,
                   (double)stats->epoch_correct / (double)stats->seen);
}

bool mnist_keeper_epoch(mnist_keeper *k, const mnist_epoch_stats *stats)
{
    const mnist_interval *every = &k->session->settings->checkpoint_every;
    const bool by_epoch = every->seconds <= 0.0 && every->steps == 0;
    const unsigned period = every->epochs > 0 ? every->epochs : 1;
    const bool due = stats->end != MNIST_END_NOT_YET || (by_epoch && stats->epoch % period == 0);
    k->epoch = stats->epoch;
    k->step = stats->step;
    k->steps = k->result->steps;
    return look_up(k, stats->training, stats->epoch, due, stats->train_loss, stats->train_accuracy);
}

/* When a signal has ended the training. */

void mnist_shell_quote(const char *text, char quoted[MNIST_SHELL_TEXT])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./+:,@%-";
    const size_t room = MNIST_SHELL_TEXT - 8;
    size_t length = 0;
    bool control = false;
    if (*text && text[strspn(text, plain)] == '\0') {
        snprintf(quoted, MNIST_SHELL_TEXT, "%s", text);
        return;
    }
    for (const char *p = text; *p; p++) {
        control = control || (unsigned char)*p < ' ' || *p == 0x7f;
    }
    /* $'…', of bash, zsh and ksh, for names with control characters, which a terminal must not
     * get */
    length += (size_t)snprintf(quoted, MNIST_SHELL_TEXT, "%s", control ? "$'" : "'");
    for (const char *p = text; *p && length < room; p++) {
        const unsigned char c = (unsigned char)*p;
        if (control && (c < ' ' || c == 0x7f)) {
            length += (size_t)snprintf(quoted + length, 8, "\\x%02x", c);
        } else if (control && (c == '\'' || c == '\\')) {
            length += (size_t)snprintf(quoted + length, 8, "\\%c", c);
        } else if (c == '\'') {
            length += (size_t)snprintf(quoted + length, 8, "'\\''");
        } else {
            quoted[length++] = (char)c;
        }
    }
    snprintf(quoted + length, MNIST_SHELL_TEXT - length, "'");
}

int mnist_keeper_farewell(const mnist_keeper *k)
{
    const mnist_session *s = k->session;
    const mnist_train_settings *settings = s->settings;
    const int number = mnist_signals_noted();
    char where[128], program[MNIST_SHELL_TEXT], file[MNIST_SHELL_TEXT];
    say_where(k, where);
    fprintf(stderr, PROGRAM ": %s at %s", mnist_signals_text(number), where);
    if (mnist_session_runs(settings) > 1) {
        fprintf(stderr, " (seed %" PRIu64 ")", k->result->seed);
    }
    if (!settings->checkpoint) {
        fprintf(stderr, "; nothing of it is kept%s\n",
                mnist_session_runs(settings) > 1
                    ? ""
                    : ": with --checkpoint FILE, it could go on from here");
    } else if (!k->kept) {
        fputs("; no checkpoint could be written\n", stderr);
    } else if (!is_there(k)) {
        fputs("; its last checkpoint is gone\n", stderr);
    } else {
        mnist_shell_quote(s->program, program);
        mnist_shell_quote(settings->checkpoint, file);
        if (k->kept_step != k->step) {
            fprintf(stderr, "; what is kept is step %" PRIu64, k->kept_step);
        }
        fprintf(stderr, "; to go on:\n  %s --resume %s%s%s\n", program, file,
                settings->out.json ? " --json" : "", settings->out.quiet ? " --quiet" : "");
    }
    return mnist_signals_exit(number);
}

/* Before the first step. */

static bool stop_at_step(void *context, const mnist_step_stats *stats)
{
    (void)context;
    (void)stats;
    return false;
}

static bool stop_at_epoch(void *context, const mnist_epoch_stats *stats)
{
    (void)context;
    (void)stats;
    return false;
}

/* Can the training go on from the checkpoint? One step is tried on a net that is thrown away, so
 * that a fault of the checkpoint shows before its log is cut. */
static mnist_status try_to_go_on(mnist_session *s, mnist_error *err)
{
    const mnist_resumption *r = s->settings->resumed;
    const mnist_train_hooks hooks = {NULL, stop_at_step, stop_at_epoch};
    mnist_train_config config = s->settings->training.config;
    mnist_mlp *mlp = NULL;
    config.adapt_threads = false;
    mnist_status status = mnist_session_net(s, s->settings, config.seed, &mlp, err);
    if (status == MNIST_OK) {
        const mnist_train_job job = {.net = mlp,
                                     .config = &config,
                                     .train = s->train,
                                     .validation = s->validation,
                                     .normalization = &s->normalization,
                                     .pool = s->pool,
                                     .hooks = &hooks,
                                     .resume = &r->snapshot,
                                     .teachers = s->teachers.list,
                                     .teacher_count = s->teachers.count};
        status = mnist_train(&job, err);
        /* stopped, as was asked for; or diverged, which the real step will report */
        if (status == MNIST_ERR_STOPPED || status == MNIST_ERR_DIVERGED) {
            status = MNIST_OK;
        }
        if (status != MNIST_OK && status != MNIST_ERR_MEMORY) {
            mnist_fail(err, status, "%.600s: %.5000s", r->path, err->text);
        }
    }
    mnist_mlp_free(mlp);
    return status;
}

/* Warns that this training's first checkpoint will replace a file that may be meant to be
 * resumed. */
static void warn_of_existing(mnist_session *s)
{
    struct stat st;
    const char *path = s->settings->checkpoint;
    const mnist_resumption *resumed = s->settings->resumed;
    if (!(resumed && strcmp(path, resumed->path) == 0) && stat(path, &st) == 0 &&
        S_ISREG(st.st_mode) && st.st_size > 0) {
        mnist_progress_message(&s->progress,
                               "%s is there already, and will be replaced by this training's first "
                               "checkpoint; --resume would go on from it",
                               path);
    }
}

/* Warns that more epochs change the rest of the training: a schedule depends on the number of all
 * steps. */
static void warn_of_more_epochs(mnist_session *s)
{
    const mnist_train_config *config = &s->settings->training.config;
    const mnist_resumption *r = s->settings->resumed;
    const bool schedule =
        config->schedule.kind != MNIST_SCHEDULE_CONSTANT || config->schedule.warmup > 0.0f;
    const bool averaging = config->averaging.swa_start > 0.0f;
    if (config->epochs > r->planned && (schedule || averaging)) {
        mnist_progress_message(&s->progress,
                               "%u epochs instead of %u: from here on %s by all %u, so the net "
                               "will not be the one that "
                               "%u epochs from the beginning give",
                               config->epochs, r->planned,
                               !averaging ? "the learning rate goes"
                               : schedule ? "the learning rate and --swa-start go"
                                          : "--swa-start goes",
                               config->epochs, config->epochs);
    }
}

/* Opening a pipe for writing waits for a reader, for ever if none comes: so it is opened without
 * waiting. A reader sees the end when no writer has the pipe open: so it stays open from here
 * on. */
static mnist_status hold_pipe(mnist_session *s, mnist_error *err)
{
    const char *path = s->settings->checkpoint;
    struct stat st;
    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode)) {
        s->checkpoint_pipe = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (s->checkpoint_pipe < 0 && errno == ENXIO) {
            return mnist_fail(
                err, MNIST_ERR_IO,
                "%.600s: a pipe that nobody reads; name a file, or begin to read first", path);
        }
    }
    return MNIST_OK;
}

mnist_status mnist_checkpoints_check(mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    const mnist_resumption *r = settings->resumed;
    mnist_status status = MNIST_OK;
    if (settings->checkpoint) {
        status = mnist_output_check(settings->checkpoint, err);
    }
    if (status == MNIST_OK && settings->checkpoint) {
        status = hold_pipe(s, err);
    }
    if (status == MNIST_OK && r) {
        status = mnist_resume_check_data(r, &s->train_digests, &s->test_digests, err);
    }
    if (status == MNIST_OK && r) {
        status = mnist_resume_check_teachers(r, s->teachers.digests, err);
    }
    if (status == MNIST_OK && r &&
        !mnist_resume_check_net(r, &settings->training.hidden,
                                (size_t)s->train.rows * s->train.cols, s->classes, err)) {
        status = err->status;
    }
    if (status == MNIST_OK && r) {
        status = try_to_go_on(s, err);
    }
    if (status == MNIST_OK && r && settings->log && !r->log_lost) {
        status = mnist_log_check(settings->log, r->log, err);
    }
    if (status == MNIST_OK && settings->checkpoint) {
        warn_of_existing(s);
    }
    if (status == MNIST_OK && r) {
        warn_of_more_epochs(s);
    }
    return status;
}
