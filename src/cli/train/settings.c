#include "cli/train/settings.h"

#include "cli/shared/option_parts.h"
#include "cli/train/recipes.h"
#include "cli/train/search_space.h"
#include "cli/shared/teachers.h"

#include <string.h>

mnist_train_settings mnist_train_settings_defaults(void)
{
    return (mnist_train_settings){
        .training = mnist_training_defaults(),
        .runs = 1,
        .out = {.color = MNIST_COLOR_AUTO},
        .progress = MNIST_PROGRESS_AUTO,
    };
}

static const char *zero_skip_name(int value)
{
    return mnist_zero_skip_name((mnist_zero_skip)value);
}

static const char *progress_name(int value)
{
    return mnist_progress_mode_name((mnist_progress_mode)value);
}

#define S mnist_train_settings

/* clang-format off */
static const mnist_option train_run_options[] = {
    {UINT64(S, training.config.seed, 0, UINT64_MAX), .letter = 's', .name = "seed", .flags = MATHS,
     .help = "seed of the weights and of the order of the images"},
    {UNSIGNED(S, threads, 0, MNIST_MAX_THREADS), .letter = 'j', .name = "threads",
     .zero = "all CPUs", .flags = CONFIG, .known_as = "jobs",
     .help = "threads to work with; 0 for all CPUs, or one while that is faster; changes no "
             "result"},
    {CHOICE(mnist_zero_skip, S, training.config.zero_skip, zero_skip_name), .name = "zero-skip",
     .argument = "WHEN", .flags = CONFIG,
     .help = "leave out products with pixels that are 0; changes no result"},
    {UNSIGNED(S, runs, 1, 1000), .name = "runs", .flags = CONFIG, .known_as = "repeat",
     .help = "train N times with seeds from --seed on; print mean, deviation and worst"},
    {UNSIGNED(S, ensemble, 0, 1000), .name = "ensemble", .flags = CONFIG, .zero = "none",
     .known_as = "committee",
     .help = "train N nets with seeds from --seed on; print each, and last all as one, whose class "
             "probabilities are the mean of theirs"},
    {.type = MNIST_OPTION_DOUBLE, .offset = MNIST_OPTION_FIELD(double, S, tune_seconds),
     .real = {0.0, 1e9, true, false}, .name = "tune", .argument = "SECONDS",
     .flags = MNIST_OPTION_OPTIONAL, .known_as = "search",
     .help = "look so long for settings that do better on validation images, in runs of at most "
             "--epochs, and print them as a config file; what the command line sets is not varied"},
    {FLAG(S, dry_run), .letter = 'n', .name = "dry-run",
     .help = "check everything, load the data, say what would be done, and exit"},
    {STRING(S, preview, "FILE"), .name = "preview",
     .help = "draw what the net will see, digits and their distortions (PNG), and exit"},
};
/* clang-format on */

/* clang-format off */
static const mnist_option train_begin_options[] = {
    {STRING(S, init_from, "MODEL"), .name = "init-from", .flags = CONFIG, .known_as = "pretrained",
     .help = "begin with this model's weights, layers, activation and normalisation instead of "
             "drawn weights"},
};
/* clang-format on */

/* clang-format off */
static const mnist_option train_files_out_options[] = {
    {STRING(S, output, "FILE"), .letter = 'o', .name = "output", .flags = CONFIG,
     .known_as = "save",
     .help = "write the model here (safetensors); {seed} in the name becomes the seed"},
    {STRING(S, log, "FILE"), .name = "log", .flags = CONFIG,
     .help = "write losses here, epoch by epoch (.csv or .jsonl)"},
    {UINT64(S, log_every, 0, MOST_IMAGES), .name = "log-every", .flags = CONFIG,
     .zero = "epochs only", .help = "also log every N steps"},
    {STRING(S, report, "FILE"), .name = "report", .flags = CONFIG, .known_as = "html",
     .help = "write a page to look at: curves, confusion, errors, weights, and a pad to draw on; "
             "{seed} in the name becomes the seed"},
    {STRING(S, checkpoint, "FILE"), .name = "checkpoint", .flags = CONFIG, .known_as = "snapshot",
     .help = "save the state of the training here, for --resume: at each epoch's end, when a signal "
             "ends it, and at SIGUSR1"},
    {.type = MNIST_OPTION_INTERVAL, .offset = MNIST_OPTION_FIELD(mnist_interval, S, checkpoint_every),
     .name = "checkpoint-every", .argument = "N[s|steps|epochs]", .known_as = "save-every",
     .flags = CONFIG | MNIST_OPTION_OPTIONAL,
     .help = "write it so often instead of at each epoch's end: 30s, 500steps, 2epochs"},
    {STRING(S, resume, "FILE"), .name = "resume", .known_as = "continue",
     .help = "go on from this checkpoint, with its settings; --epochs may grow, threads and files may "
             "differ"},
    {.type = MNIST_OPTION_ACTION_RECIPE, .name = "recipe", .argument = "NAME",
     .choice = mnist_train_recipe_name, .flags = CONFIG, .known_as = "preset",
     .help = "begin with settings that go well together, see below; --config and the command line "
             "beat them; list shows what they are"},
    {.type = MNIST_OPTION_ACTION_CONFIG, .name = "config", .argument = "FILE",
     .help = "read settings from a JSON file; the command line beats it"},
    {.type = MNIST_OPTION_ACTION_PRINT_CONFIG, .name = "print-config",
     .help = "print all settings, as --config reads them, and exit"},
};
/* clang-format on */

static const mnist_option train_output_options[] = {
    {FLAG(S, verbose), .letter = 'v', .name = "verbose", .help = "say more on stderr"},
    {CHOICE(mnist_progress_mode, S, progress, progress_name), .name = "progress",
     .argument = "MODE",
     .help =
         "progress on stderr; auto and bar are a live view on a terminal, plain lines elsewhere"},
};

const mnist_option_section mnist_train_sections[] = {
    MNIST_TRAINING_SECTIONS(offsetof(S, training)),
    WHOLE("Transfer", train_begin_options),
    WHOLE("Run", train_run_options),
    WHOLE("Files", train_files_out_options),
    SHARED("Gate", mnist_gate_options, GATE_OPTIONS, S, gate),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, S, out),
    WHOLE("Output", train_output_options),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, S, out),
};

#undef S

_Static_assert(LENGTH(mnist_train_sections) == MNIST_TRAIN_SECTIONS, "the length in settings.h");

/* Checks that no option can make alone. Whether two names are one file is checked later
 * (cli/train/files.h). */

static bool ends_in(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static bool check_log(const mnist_train_settings *s, mnist_error *err)
{
    if (s->log && !ends_in(s->log, ".csv") && !ends_in(s->log, ".jsonl")) {
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(s->log, quoted);
        return mnist_options_fail(err,
                                  "--log: %s ends in neither .csv nor .jsonl, which choose "
                                  "the format",
                                  quoted);
    }
    if (s->log_every > 0 && !s->log) {
        return mnist_options_fail(err, "--log-every needs --log FILE to write to");
    }
    return true;
}

static bool check_report(const mnist_train_settings *s, mnist_error *err)
{
    if (s->report && s->runs > 1 && !strstr(s->report, MNIST_SEED_MARK)) {
        return mnist_options_fail(err,
                                  "--runs: each net would overwrite the last one's --report; put "
                                  "{seed} into the name, like report-{seed}.html");
    }
    return true;
}

static bool check_checkpoint(const mnist_train_settings *s, mnist_error *err)
{
    const mnist_interval *every = &s->checkpoint_every;
    if (!s->checkpoint && (every->seconds > 0.0 || every->steps > 0 || every->epochs > 0)) {
        return mnist_options_fail(err, "--checkpoint-every needs --checkpoint FILE to write to");
    }
    if (s->checkpoint && (s->runs > 1 || s->ensemble > 0)) {
        return mnist_options_fail(err,
                                  "--checkpoint does not go with --%s: it keeps one training; "
                                  "train each seed by itself",
                                  s->ensemble > 0 ? "ensemble" : "runs");
    }
    return true;
}

static bool check_runs(const mnist_train_settings *s, mnist_error *err)
{
    const char *which = s->ensemble > 0 ? "ensemble" : "runs";
    unsigned count = s->ensemble > 0 ? s->ensemble : s->runs;
    if (s->runs > 1 && s->ensemble > 0) {
        return mnist_options_fail(err,
                                  "--runs and --ensemble exclude each other: --ensemble prints "
                                  "each of its nets, too");
    }
    if (count > 1 && s->output && !strstr(s->output, MNIST_SEED_MARK)) {
        return mnist_options_fail(err,
                                  "--%s: each net would overwrite the last one's --output; put "
                                  "{seed} into the name, like net-{seed}.safetensors",
                                  which);
    }
    if (count - 1 > UINT64_MAX - s->training.config.seed) {
        return mnist_options_fail(err, "--%s: %u seeds from --seed %ju on go past the largest, %ju",
                                  which, count, (uintmax_t)s->training.config.seed,
                                  (uintmax_t)UINT64_MAX);
    }
    return true;
}

/* Are the names of --teacher as they should be? */
static bool check_teachers(const mnist_train_settings *s, mnist_error *err)
{
    mnist_teachers teachers = {.names = NULL};
    const mnist_status status = mnist_teachers_name(&teachers, s->training.teacher, err);
    mnist_teachers_free(&teachers);
    return status == MNIST_OK;
}

void mnist_train_settle(void *settings, const mnist_parsed *parsed)
{
    mnist_train_settings *s = settings;
    mnist_training_settle(&s->training, parsed);
    s->training.data.finds_label_base =
        !s->resume && !mnist_options_was_given(parsed, "label-base");
}

/* Checks early stopping and averages. */
static bool check_course(const mnist_train_settings *s, const mnist_parsed *parsed,
                         mnist_error *err)
{
    /* --tune holds out validation images itself */
    const bool validates = s->training.val_split.fraction > 0.0 ||
                           s->training.val_split.count > 0 || s->tune_seconds > 0.0;
    if (!validates &&
        (s->training.config.patience > 0 || s->training.config.keep == MNIST_KEEP_BEST)) {
        return mnist_options_fail(err, "--%s goes by the validation loss, but --val-split is 0",
                                  s->training.config.patience > 0 ? "patience" : "keep best");
    }
    if (s->training.config.patience == 0 && mnist_on_command_line(parsed, "min-delta")) {
        return mnist_options_fail(err, "--min-delta needs a --patience above 0");
    }
    if (s->training.config.averaging.ema > 0.0f && s->training.config.averaging.swa_start > 0.0f) {
        return mnist_options_fail(err, "--ema and --swa-start exclude each other");
    }
    return true;
}

/* Refuses options on the command line that do not go with --tune. */
static bool check_tune(const mnist_train_settings *settings, const mnist_parsed *parsed,
                       mnist_error *err)
{
    /* a file or a recipe may set these: they are meant for the training that follows the search */
    static const char *const of_runs[] = {
        "runs",         "ensemble", "log",    "log-every",     "checkpoint", "checkpoint-every",
        "min-accuracy", "max-loss", "report", "calibrate-bias"};
    for (size_t i = 0; i < sizeof of_runs / sizeof of_runs[0]; i++) {
        if (mnist_on_command_line(parsed, of_runs[i])) {
            return mnist_options_fail(err,
                                      "--%s does not go with --tune, which prints settings for "
                                      "--config and tests no net",
                                      of_runs[i]);
        }
    }
    if (mnist_on_command_line(parsed, "output")) {
        const size_t length = strlen(settings->output);
        if (length < 6 || strcmp(settings->output + length - 5, ".json") != 0) {
            return mnist_options_fail(err,
                                      "--output: with --tune the settings found go there, for "
                                      "--config, and no model: give a name that ends in .json");
        }
    }
    const mnist_share *split = &settings->training.val_split;
    if (mnist_options_origin(parsed, "val-split") >= MNIST_ORIGIN_CONFIG && split->count == 0 &&
        split->fraction <= 0.0) {
        return mnist_options_fail(err,
                                  "--tune chooses by validation images, of which --val-split 0 "
                                  "leaves none");
    }
    if (settings->training.dropout.count > 1 && mnist_on_command_line(parsed, "dropout") &&
        !mnist_on_command_line(parsed, "hidden")) {
        return mnist_options_fail(err, "--dropout: a rate for each layer does not go with --tune, "
                                       "which varies how many layers there are; give one for all, "
                                       "or --hidden");
    }
    size_t rows = 0;
    for (size_t row = 0; mnist_search_space[row].option; row++) {
        rows += mnist_search_varies(settings, parsed, row);
    }
    return rows > 0 || mnist_options_fail(err, "--tune: the command line sets every option that it "
                                               "would vary");
}

bool mnist_train_validate(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_train_settings *s = settings;
    if (!mnist_training_check(&s->training, parsed, err) || !check_course(s, parsed, err)) {
        return false;
    }
    if (!mnist_settings_check_data(&s->training.data, true, parsed, err) || !check_log(s, err) ||
        !check_teachers(s, err)) {
        return false;
    }
    if (s->training.config.optimizer.nesterov && s->training.config.optimizer.momentum <= 0.0f &&
        mnist_on_command_line(parsed, "nesterov")) {
        return mnist_options_fail(err, "--nesterov needs a --momentum above 0");
    }
    if (s->tune_seconds > 0.0 && s->resume) {
        return mnist_options_fail(err, "--resume and --tune exclude each other");
    }
    if (s->tune_seconds > 0.0
            ? !check_tune(s, parsed, err)
            : !check_checkpoint(s, err) || !check_runs(s, err) || !check_report(s, err)) {
        return false;
    }
    if (s->out.quiet && s->verbose) {
        return mnist_options_fail(err, "--quiet and --verbose exclude each other");
    }
    if (s->preview && (s->dry_run || s->tune_seconds > 0.0)) {
        return mnist_options_fail(err, "--preview and --%s exclude each other",
                                  s->dry_run ? "dry-run" : "tune");
    }
    return true;
}

mnist_progress_mode mnist_train_progress_mode(const mnist_train_settings *settings)
{
    return settings->out.quiet ? MNIST_PROGRESS_NONE : settings->progress;
}
