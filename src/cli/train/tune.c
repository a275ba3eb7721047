#define _POSIX_C_SOURCE 200809L
#include "cli/train/tune.h"

#include "cli/terminal/clock.h"
#include "cli/terminal/format.h"
#include "cli/train/halving.h"
#include "cli/shared/figures.h"
#include "cli/shared/program.h"
#include "cli/train/remarks.h"
#include "cli/train/search_space.h"
#include "cli/shared/signals.h"
#include "cli/train/say.h"
#include "cli/train/session.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "mnist-train"

/* Validation images where no option says how many: this part of the training images, but at most so
 * many. */
#define VALIDATION_IMAGES 10000u
#define VALIDATION_PART   6u

static const mnist_dimension *const space = mnist_search_space;

/* One search from first to last. */
typedef struct tuner {
    mnist_session session;
    mnist_train_settings base; /* what all candidates have in common */
    const mnist_parsed *parsed;
    double start, deadline;
    mnist_halving_plan plan;
    mnist_evaluation best; /* of the best net so far, on the validation images */
    bool has_best;
    uint64_t *seen; /* digests of the candidates' settings */
    size_t seen_count, seen_room;
    json_t *trials; /* NULL unless JSON is wanted */
    mnist_error err;
} tuner;

/* Candidates. */

mnist_train_settings mnist_tune_settings(const mnist_train_settings *base,
                                         const mnist_parsed *parsed, uint64_t candidate)
{
    mnist_train_settings settings = *base;
    mnist_parsed drawn = *parsed; /* drawn values count as given by a config file */
    for (size_t row = 0; candidate > 0 && space[row].option; row++) {
        if (mnist_search_varies(base, parsed, row)) {
            char text[MNIST_OPTION_TEXT];
            mnist_option_ref ref = mnist_option_find(parsed->program, space[row].option);
            mnist_dimension_draw(space, row, base->training.config.seed, candidate, text);
            bool good = mnist_option_set(ref.option, mnist_option_field(ref, &settings), text);
            assert(good); /* a test covers the whole table */
            (void)good;
            drawn.origin[ref.index] = MNIST_ORIGIN_CONFIG;
        }
    }
    parsed->program->settle(&settings, &drawn); /* a dropout rate is spread over the layers */
    return settings;
}

/* "--lr 0.0734 --hidden 256": what is varied, in settings. */
static void describe(const tuner *t, mnist_train_settings *settings, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t row = 0; space[row].option && used < size; row++) {
        if (mnist_search_varies(&t->base, t->parsed, row)) {
            char value[MNIST_OPTION_TEXT];
            mnist_option_ref ref = mnist_option_find(t->parsed->program, space[row].option);
            mnist_option_format(ref.option, mnist_option_field(ref, settings), value);
            used += (size_t)snprintf(text + used, size - used, "%s--%s %s", used ? " " : "",
                                     space[row].option, value);
        }
    }
}

/* Have the same settings been drawn before? If not, they are noted. The digest is FNV-1a, 64
 * bits. */
static bool repeats(tuner *t, const char *text, bool *memory)
{
    uint64_t digest = 0xcbf29ce484222325u;
    for (const char *p = text; *p; p++) {
        digest = (digest ^ (unsigned char)*p) * 0x100000001b3u;
    }
    for (size_t i = 0; i < t->seen_count; i++) {
        if (t->seen[i] == digest) {
            return true;
        }
    }
    if (t->seen_count == t->seen_room) {
        size_t room = t->seen_room ? 2 * t->seen_room : 256;
        uint64_t *seen = realloc(t->seen, room * sizeof *seen);
        *memory = seen != NULL;
        if (!seen) {
            return false;
        }
        t->seen = seen;
        t->seen_room = room;
    }
    t->seen[t->seen_count++] = digest;
    return false;
}

/* One trial. */

static double clock_now(void *context)
{
    (void)context;
    return mnist_clock();
}

static bool may_go_on(const tuner *t)
{
    return !mnist_signals_noted() && mnist_clock() < t->deadline;
}

static bool after_step(void *context, const mnist_step_stats *stats)
{
    (void)stats;
    return may_go_on(context);
}

static bool after_epoch(void *context, const mnist_epoch_stats *stats)
{
    (void)stats;
    return may_go_on(context);
}

/* Trains with these settings as mnist-train would, and measures on the validation images. */
static mnist_trial_end train(tuner *t, const mnist_train_settings *settings,
                             mnist_evaluation *evaluation)
{
    mnist_session *s = &t->session;
    mnist_mlp *mlp = NULL;
    mnist_train_config config = settings->training.config;
    mnist_train_hooks hooks = {t, after_step, after_epoch};
    config.adapt_threads = settings->threads == 0;
    mnist_status status = mnist_session_net(s, settings, config.seed, &mlp, &t->err);
    if (status == MNIST_OK) {
        const mnist_train_job job = {.net = mlp,
                                     .config = &config,
                                     .train = s->train,
                                     .validation = s->validation,
                                     .normalization = &s->normalization,
                                     .pool = s->pool,
                                     .hooks = &hooks,
                                     .teachers = s->teachers.list,
                                     .teacher_count = s->teachers.count};
        status = mnist_train(&job, &t->err);
    }
    if (status == MNIST_OK) {
        status =
            mnist_evaluate(mlp, s->validation, &s->normalization, s->pool, evaluation, &t->err);
    }
    mnist_mlp_free(mlp);
    switch (status) {
    case MNIST_OK:
        return isfinite(evaluation->loss) ? MNIST_TRIAL_DONE : MNIST_TRIAL_FAILED;
    case MNIST_ERR_DIVERGED:
        return MNIST_TRIAL_FAILED;
    case MNIST_ERR_STOPPED:
        return MNIST_TRIAL_STOPPED;
    default:
        return MNIST_TRIAL_ERROR;
    }
}

/* The varied options of settings, as --config would have them. */
static json_t *varied_json(const tuner *t, const mnist_train_settings *settings)
{
    mnist_error err;
    json_t *all = mnist_options_json(t->parsed->program, settings, MNIST_OPTION_IN_CONFIG, &err);
    json_t *varied = json_object();
    for (size_t row = 0; space[row].option; row++) {
        if (mnist_search_varies(&t->base, t->parsed, row)) {
            mnist_json_put(&varied, space[row].option,
                           json_incref(json_object_get(all, space[row].option)));
        }
    }
    json_decref(all);
    return varied;
}

static void note_trial(tuner *t, const mnist_trial *trial, const mnist_train_settings *settings,
                       const mnist_evaluation *evaluation, double seconds)
{
    if (t->base.out.json) { /* if memory is short, trials becomes NULL: no document */
        mnist_json_begin();
        mnist_json_append(
            &t->trials,
            json_pack("{s:I, s:i, s:i, s:o, s:o, s:o, s:f}", "candidate",
                      (json_int_t)trial->candidate, "bracket", (int)trial->bracket, "epochs",
                      (int)trial->epochs, "settings", varied_json(t, settings), "loss",
                      evaluation ? json_real(evaluation->loss) : json_null(), "accuracy",
                      evaluation ? json_real(evaluation->accuracy) : json_null(), "seconds",
                      seconds));
    }
}

/* "  3.2 s  epochs  3  val loss 0.0761 acc 97.81%  best 97.90%  --lr 0.0734 …" */
static void show_trial(tuner *t, const mnist_trial *trial, const mnist_evaluation *evaluation,
                       const char *text)
{
    char result[96] = "diverged", best[64] = "";
    char loss[MNIST_FORMAT_TEXT], accuracy[MNIST_FORMAT_TEXT];
    if (evaluation) {
        mnist_format_loss(loss, evaluation->loss);
        mnist_format_accuracy(accuracy, evaluation->accuracy);
        snprintf(result, sizeof result, "val loss %s acc %s", loss, accuracy);
    }
    if (t->has_best) {
        mnist_format_accuracy(accuracy, t->best.accuracy);
        snprintf(best, sizeof best, "best %s", accuracy);
    }
    int width = snprintf(NULL, 0, "%u", t->base.training.config.epochs);
    mnist_progress_message(&t->session.progress, "%6.1f s  epochs %*u  %-27s  %s  %s",
                           mnist_clock() - t->start, width, trial->epochs, result, best, text);
}

static mnist_trial_end run_trial(void *context, const mnist_trial *trial, mnist_score *score)
{
    tuner *t = context;
    char text[1024];
    bool memory = true;
    mnist_train_settings settings = mnist_tune_settings(&t->base, t->parsed, trial->candidate);
    describe(t, &settings, text, sizeof text);
    if (trial->rung == 0 && repeats(t, text, &memory)) {
        return MNIST_TRIAL_REPEATS;
    }
    if (!memory) {
        mnist_fail(&t->err, MNIST_ERR_MEMORY, "out of memory for the search");
        return MNIST_TRIAL_ERROR;
    }
    if (!may_go_on(t)) {
        return MNIST_TRIAL_STOPPED;
    }
    mnist_evaluation evaluation;
    const double start = mnist_clock();
    settings.training.config.epochs = trial->epochs;
    mnist_trial_end end = train(t, &settings, &evaluation);
    if (end != MNIST_TRIAL_DONE && end != MNIST_TRIAL_FAILED) {
        return end;
    }
    const bool done = end == MNIST_TRIAL_DONE;
    if (done) {
        *score = (mnist_score){evaluation.accuracy, evaluation.loss};
        if (!t->has_best ||
            mnist_score_better(*score, (mnist_score){t->best.accuracy, t->best.loss})) {
            t->best = evaluation;
            t->has_best = true;
        }
    }
    note_trial(t, trial, &settings, done ? &evaluation : NULL, mnist_clock() - start);
    show_trial(t, trial, done ? &evaluation : NULL, text);
    return end;
}

/* Before and after the search. */

/* Checks that the output file destroys nothing that is read, and that it can be written. */
static mnist_status check_output(const tuner *t, const char *output, mnist_error *err)
{
    const mnist_teachers *teachers = &t->session.teachers;
    mnist_file_use files[2 + MNIST_SOURCE_FILES + MNIST_MOST_TEACHERS] = {
        {.path = output, .name = "--output", .output = true},
        {.path = t->parsed->config_path, .name = "config file"}};
    mnist_source_files(&t->session.source, files + 2);
    for (size_t i = 0; i < teachers->count; i++) {
        files[2 + MNIST_SOURCE_FILES + i] =
            (mnist_file_use){.path = teachers->paths[i], .name = "teacher"};
    }
    mnist_status status = mnist_outputs_check(files, sizeof files / sizeof files[0], err);
    return status == MNIST_OK ? mnist_output_check(output, err) : status;
}

/* Does all that can fail before the first trial. */
static mnist_status prepare(tuner *t, const char *output, mnist_error *err)
{
    mnist_session *s = &t->session;
    mnist_status status =
        mnist_source_locate(&s->source, &t->base.training.data, MNIST_IDX_TRAIN, err);
    if (status == MNIST_OK) {
        status = mnist_teachers_name(&s->teachers, t->base.training.teacher, err);
    }
    if (status == MNIST_OK && output) {
        status = check_output(t, output, err);
    }
    if (status == MNIST_OK) {
        status = mnist_session_load(s, MNIST_IDX_TRAIN, err);
    }
    if (status == MNIST_OK) {
        status = mnist_session_take_labels(s, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    if (mnist_options_origin(t->parsed, "val-split") < MNIST_ORIGIN_CONFIG) {
        size_t count = mnist_dataset_view(s->source.train).count;
        count = t->base.training.limit > 0 && t->base.training.limit < count
                    ? t->base.training.limit
                    : count;
        const size_t part = count / VALIDATION_PART;
        t->base.training.val_split =
            (mnist_share){.count = part < VALIDATION_IMAGES ? part : VALIDATION_IMAGES};
    }
    status = mnist_session_split(s, err);
    if (status == MNIST_OK && s->validation.count == 0) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "--tune needs validation images, and there are too few training "
                          "images to hold any out");
    }
    if (status == MNIST_OK) {
        status = mnist_teachers_load(&s->teachers, s->train, &s->steps, err);
    }
    if (status == MNIST_OK) {
        status = mnist_pool_create(&s->pool, t->base.threads, err);
    }
    if (status == MNIST_OK && t->base.out.json) {
        mnist_dataset_digests(s->source.train, &s->train_digests);
    }
    return status;
}

/* "1,3,10" */
static void list(const unsigned *values, unsigned count, char *text, size_t size)
{
    size_t used = 0;
    for (unsigned i = 0; i < count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%u", i ? "," : "", values[i]);
    }
}

static void list_varied(const tuner *t, char *text, size_t size)
{
    size_t used = 0;
    for (size_t row = 0; space[row].option && used < size; row++) {
        if (mnist_search_varies(&t->base, t->parsed, row)) {
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
                                     space[row].option);
        }
    }
}

/* What the documents of a plan and of a result have in common. */
static json_t *document(const tuner *t, const mnist_train_settings *config)
{
    mnist_error err;
    json_t *epochs = json_array(), *candidates = json_array(), *vary = json_array();
    for (unsigned rung = 0; rung < t->plan.rungs; rung++) {
        mnist_json_append(&epochs, json_integer((json_int_t)t->plan.epochs[rung]));
        mnist_json_append(&candidates, json_integer((json_int_t)t->plan.candidates[rung]));
    }
    for (size_t row = 0; space[row].option; row++) {
        if (mnist_search_varies(&t->base, t->parsed, row)) {
            mnist_json_append(&vary, json_string(space[row].option));
        }
    }
    json_t *doc =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:{s:f, s:o, s:o, s:o}}", "schema",
                  "mnist-train/1", "version", mnist_version(), "config",
                  mnist_options_json(t->parsed->program, config, MNIST_OPTION_IN_CONFIG, &err),
                  "data", mnist_train_data_json(&t->session), "seed",
                  mnist_json_whole(t->base.training.config.seed), "kernels", mnist_kernels_name(),
                  "threads", (json_int_t)mnist_pool_threads(t->session.pool), "tune", "seconds",
                  t->base.tune_seconds, "vary", vary, "epochs", epochs, "candidates", candidates);
    mnist_notes_put_json(&t->session.notes, &doc);
    return doc;
}

static int say_plan(const tuner *t)
{
    if (t->base.out.json) {
        json_t *doc = document(t, &t->base);
        mnist_json_put(&doc, "dry_run", json_true());
        return mnist_program_print_json(PROGRAM, doc);
    }
    char seconds[MNIST_REAL_TEXT], epochs[64], candidates[64], varied[512];
    mnist_real_format(t->base.tune_seconds, seconds);
    list(t->plan.epochs, t->plan.rungs, epochs, sizeof epochs);
    list(t->plan.candidates, t->plan.rungs, candidates, sizeof candidates);
    list_varied(t, varied, sizeof varied);
    printf("tune=%s train=%zu validation=%zu epochs=%s candidates=%s vary=%s\n", seconds,
           t->session.train.count, t->session.validation.count, epochs, candidates, varied);
    return MNIST_EXIT_OK;
}

/* Writes the best settings to the file; false: it failed, which was reported, and they are to be
 * printed instead. */
static bool write_settings(const tuner *t, const mnist_train_settings *best, const char *output)
{
    mnist_error err;
    char *text = mnist_options_config_text(t->parsed->program, best, &err);
    bool good = text && mnist_output_write(output, text, strlen(text), &err) == MNIST_OK;
    free(text);
    if (!good) {
        mnist_program_error(PROGRAM, &err);
    }
    return good;
}

/* Prints the settings on stdout or writes them to output, and then prints a line about them. */
static int say_best(const tuner *t, const mnist_halving_result *result, const char *output)
{
    mnist_train_settings best = mnist_tune_settings(&t->base, t->parsed, result->best.candidate);
    const double seconds = mnist_clock() - t->start;
    mnist_error err;
    best.training.config.epochs = result->best.epochs;
    bool written = output && write_settings(t, &best, output);
    int code = output && !written ? MNIST_EXIT_FAILURE : MNIST_EXIT_OK;
    if (t->base.out.json) {
        json_t *doc = document(t, &best);
        mnist_json_put(&doc, "validation", mnist_figures_json(&t->best));
        mnist_json_put(&doc, "runs", json_incref(t->trials));
        mnist_json_put(&doc, "seconds", json_real(seconds));
        int printed = mnist_program_print_json(PROGRAM, doc);
        return code != MNIST_EXIT_OK ? code : printed;
    }
    if (written) {
        printf("val_loss=%.6f val_acc=%.6g val_acc_se=%.6f errors=%zu n=%zu epochs=%u "
               "candidates=%llu runs=%llu seconds=%.3f\n",
               t->best.loss, t->best.accuracy, t->best.accuracy_se, t->best.errors, t->best.count,
               result->best.epochs, (unsigned long long)result->candidates,
               (unsigned long long)result->trials, seconds);
    } else if (!mnist_options_print_config(t->parsed->program, &best, stdout, &err)) {
        return mnist_program_error(PROGRAM, &err);
    }
    return code;
}

/* Says why no trial was trained to its end. */
static int say_nothing_found(tuner *t, mnist_trial_end end)
{
    if (mnist_signals_noted()) {
        mnist_fail(&t->err, MNIST_ERR_STOPPED, "interrupted before any run had come to its end");
    } else if (end == MNIST_TRIAL_STOPPED || end == MNIST_TRIAL_ERROR) {
        mnist_fail(&t->err, MNIST_ERR_STOPPED,
                   "no run came to its end within the time of --tune; give it more, or set "
                   "--limit or --hidden lower");
    } else {
        mnist_fail(&t->err, MNIST_ERR_STOPPED, "every run diverged; try --clip-norm 1");
    }
    return mnist_program_error(PROGRAM, &t->err);
}

static int search(tuner *t, const char *output)
{
    const mnist_objective objective = {t, clock_now, run_trial};
    mnist_halving_result result;
    char epochs[64], varied[512], accuracy[MNIST_FORMAT_TEXT];
    list(t->plan.epochs, t->plan.rungs, epochs, sizeof epochs);
    list_varied(t, varied, sizeof varied);
    mnist_progress_message(&t->session.progress,
                           "%s: %zu training, %zu validation images; epochs %s; varied: %s",
                           mnist_dataset_choice_name(t->base.training.data.dataset),
                           t->session.train.count, t->session.validation.count, epochs, varied);
    mnist_fail(&t->err, MNIST_ERR_MEMORY, "out of memory for the search");
    mnist_signals_set(MNIST_SIGNAL_NOTED); /* ends the search; the best so far is printed */
    mnist_trial_end end = mnist_halving_run(&t->plan, t->deadline, &objective, &result);
    const int number = mnist_signals_noted();
    const int interrupted = number ? mnist_signals_exit(number) : MNIST_EXIT_OK;
    if (end == MNIST_TRIAL_ERROR) {
        return mnist_program_error(PROGRAM, &t->err);
    }
    if (!result.found) {
        int code = say_nothing_found(t, end);
        return interrupted ? interrupted : code;
    }
    mnist_format_accuracy(accuracy, t->best.accuracy);
    mnist_progress_message(&t->session.progress,
                           "%s%llu runs of %llu candidates in %.1f s; best val acc %s, %u epochs",
                           interrupted ? "interrupted; " : "", (unsigned long long)result.trials,
                           (unsigned long long)result.candidates, mnist_clock() - t->start,
                           accuracy, result.best.epochs);
    int code = say_best(t, &result, output);
    return code != MNIST_EXIT_OK ? code : interrupted;
}

int mnist_tune(const mnist_train_settings *settings, const mnist_parsed *parsed)
{
    tuner t = {.base = *settings, .parsed = parsed, .start = mnist_clock()};
    mnist_error err;
    char *output = NULL;
    mnist_status status = MNIST_OK;
    t.deadline = t.start + settings->tune_seconds;
    t.plan = mnist_halving_plan_for(settings->training.config.epochs);
    t.session.settings = &t.base;
    t.session.notes = (mnist_notes){.program = PROGRAM, .quiet = settings->out.quiet};
    t.session.data = &t.base.training.data;
    mnist_progress_start(&t.session.progress, mnist_train_progress_mode(settings),
                         settings->out.color, STDERR_FILENO);
    /* the search's own output; a file's or a recipe's is for the training that follows */
    if (mnist_on_command_line(parsed, "output")) {
        status =
            mnist_session_file(settings->output, settings->training.config.seed, &output, &err);
        t.base.output = NULL;
    }
    t.trials = settings->out.json ? json_array() : NULL;
    if (status == MNIST_OK) {
        status = prepare(&t, output, &err);
    }
    int code;
    if (status != MNIST_OK) {
        code = mnist_program_error(PROGRAM, &err);
        code = status == MNIST_ERR_ARGUMENT ? MNIST_EXIT_USAGE : code;
    } else {
        mnist_remark_data(&t.session);
        code = settings->dry_run ? say_plan(&t) : search(&t, output);
    }
    mnist_session_close(&t.session);
    json_decref(t.trials);
    free(t.seen);
    free(output);
    return code;
}
