/* What mnist-train can be told. */
#include "cli/train/recipes.h"
#include "cli/train/resume.h"
#include "cli/shared/option_parts.h"
#include "cli/train/tune.h"

#include <string.h>

/* Enums of the library are named by the library, so that the two cannot drift apart. */

static const char *normalization_name(int value)
{
    return mnist_normalization_name((mnist_normalization_kind)value);
}

static const char *activation_name(int value)
{
    return mnist_activation_name((mnist_activation)value);
}

static const char *init_name(int value)
{
    return mnist_init_name((mnist_init)value);
}

static const char *schedule_name(int value)
{
    return mnist_schedule_name((mnist_schedule_kind)value);
}

static const char *optimizer_name(int value)
{
    return mnist_optimizer_name((mnist_optimizer_kind)value);
}

static const char *keep_name(int value)
{
    return mnist_keep_name((mnist_keep)value);
}

static const char *zero_skip_name(int value)
{
    return mnist_zero_skip_name((mnist_zero_skip)value);
}

static const char *precision_name(int value)
{
    return mnist_precision_name((mnist_precision)value);
}

static const char *progress_name(int value)
{
    return mnist_progress_mode_name((mnist_progress_mode)value);
}

mnist_train_settings mnist_train_settings_defaults(void)
{
    return (mnist_train_settings){
        .data = mnist_data_defaults(),
        .val_split = {.fraction = 0.05},
        .normalize = MNIST_NORMALIZE_UNIT,
        .hidden = {.count = 1, .width = {256}},
        .activation = MNIST_RELU,
        .init = MNIST_INIT_AUTO,
        .train = mnist_train_defaults(),
        .runs = 1,
        .out = {.color = MNIST_COLOR_AUTO},
        .progress = MNIST_PROGRESS_AUTO,
    };
}

static const mnist_option train_files_options[] = {
    {STRING(mnist_data_settings, train_images, "FILE"), .name = "train-images", .flags = CONFIG,
     .help = "IDX file of training images, raw or gzip"},
    {STRING(mnist_data_settings, train_labels, "FILE"), .name = "train-labels", .flags = CONFIG,
     .help = "IDX file of training labels"},
    {SIZE(mnist_data_settings, synthetic_train, 1, MOST_IMAGES), .name = "synthetic-train",
     .flags = MATHS, .help = "training images of the synthetic data set"},
};

#define S mnist_train_settings

/* clang-format off */
static const mnist_option train_data_options[] = {
    {SIZE(S, limit, 0, MOST_IMAGES), .name = "limit", .zero = "all", .flags = MATHS,
     .known_as = "train-size", .help = "use only the first N training images"},
    {.type = MNIST_OPTION_SHARE, .offset = MNIST_OPTION_FIELD(mnist_share, S, val_split),
     .whole = {0, MOST_IMAGES}, .name = "val-split", .argument = "N|F", .zero = "none",
     .known_as = "validation-split", .flags = MATHS,
     .help = "validate on the last N, or this fraction, of the training images and do not train on "
             "them; 0 for none"},
    {CHOICE(mnist_normalization_kind, S, normalize, normalization_name), .name = "normalize",
     .argument = "HOW", .flags = MATHS, .known_as = "normalization",
     .help = "scale of the pixels, x/255 or with mean 0 and deviation 1"},
    {STRING(S, augment, "SPEC"), .name = "augment", .known_as = "augmentation", .flags = MATHS,
     .suggested = mnist_preset_name,
     .help = "distort training images anew in every epoch: none, light, simard or ciresan, and "
             "entries to change it, like ciresan,shift=1,thickness=0.3"},
};
/* clang-format on */

/* clang-format off */
static const mnist_option model_options[] = {
    {.type = MNIST_OPTION_WIDTHS, .offset = MNIST_OPTION_FIELD(mnist_widths, S, hidden),
     .name = "hidden", .argument = "LIST", .known_as = "layers", .flags = MATHS,
     .help = "widths of the hidden layers, like 128 or 512,512; none for softmax regression"},
    {CHOICE(mnist_activation, S, activation, activation_name), .name = "activation",
     .argument = "NAME", .flags = MATHS, .help = "activation of the hidden layers"},
    {CHOICE(mnist_init, S, init, init_name), .name = "init", .argument = "NAME", .flags = MATHS,
     .help = "range of the initial weights; auto goes by the activation"},
};
/* clang-format on */

static const mnist_option optimisation_options[] = {
    {UNSIGNED(S, train.epochs, 1, 1000000), .letter = 'e', .name = "epochs", .flags = MATHS,
     .help = "passes over the training images"},
    {SIZE(S, train.batch_size, 1, 1000000), .letter = 'b', .name = "batch-size", .flags = MATHS,
     .help = "images per step"},
    {CHOICE(mnist_optimizer_kind, S, train.optimizer.kind, optimizer_name), .name = "optimizer",
     .argument = "NAME", .known_as = "optimiser", .flags = MATHS,
     .help = "how weights follow the gradient"},
    {FLOAT_ABOVE(S, train.schedule.lr, 0.0, 1000.0), .name = "lr", .known_as = "learning-rate",
     .flags = MATHS, .help = "learning rate, at its peak; 0.001 if the optimizer is not sgd"},
    {FLOAT_BELOW(S, train.optimizer.momentum, 0.0, 1.0), .name = "momentum", .flags = MATHS,
     .help = "sgd: momentum; 0 for none"},
    {SWITCH(S, train.optimizer.nesterov), .name = "nesterov", .flags = MATHS,
     .help = "sgd: Nesterov's momentum"},
    {FLOAT_BELOW(S, train.optimizer.beta1, 0.0, 1.0), .name = "beta1", .flags = MATHS,
     .help = "adam, adamw: decay of the mean of gradients"},
    {FLOAT_BELOW(S, train.optimizer.beta2, 0.0, 1.0), .name = "beta2", .flags = MATHS,
     .help = "adam, adamw: decay of the mean of their squares"},
    {FLOAT_BELOW(S, train.optimizer.rho, 0.0, 1.0), .name = "rho", .flags = MATHS,
     .help = "rmsprop: decay of the mean of squared gradients"},
    {FLOAT_ABOVE(S, train.optimizer.epsilon, 0.0, 1.0), .name = "epsilon", .flags = MATHS,
     .help = "adam, adamw, rmsprop: what is added to the divisor"},
    {FLOAT_WITHIN(S, train.optimizer.clip_norm, 0.0, INFINITY), .name = "clip-norm", .flags = MATHS,
     .zero = "off", .help = "clip the gradient to this L2 norm; 0 for off"},
    {CHOICE(mnist_schedule_kind, S, train.schedule.kind, schedule_name), .name = "schedule",
     .argument = "NAME", .flags = MATHS, .known_as = "scheduler",
     .help = "course of the learning rate after the warm-up"},
    {FLOAT_BELOW(S, train.schedule.warmup, 0.0, 1.0), .name = "warmup", .flags = MATHS,
     .zero = "none", .help = "fraction of all steps over which the learning rate rises from 0"},
    {FLOAT_ABOVE(S, train.schedule.step_factor, 0.0, 1.0), .name = "step-factor", .flags = MATHS,
     .known_as = "gamma", .help = "schedule step: times this at each drop"},
    {UNSIGNED(S, train.schedule.step_count, 1, 1000), .name = "step-count", .flags = MATHS,
     .help = "schedule step: how many drops, equally spaced"},
    {FLOAT_BELOW(S, train.averaging.ema, 0.0, 1.0), .name = "ema", .flags = MATHS, .zero = "none",
     .help = "test and keep an exponential moving average of the weights with this decay a step"},
    {FLOAT_BELOW(S, train.averaging.swa_start, 0.0, 1.0), .name = "swa-start", .flags = MATHS,
     .zero = "none",
     .help =
         "test and keep the mean of the weights at the ends of the epochs after this fraction of "
         "them (stochastic weight averaging)"},
    {CHOICE(mnist_precision, S, train.precision, precision_name), .name = "precision",
     .argument = "NAME", .flags = MATHS,
     .help = "what operands of products are rounded to; sums and weights stay fp32, and so does "
             "evaluation"},
};

/* clang-format off */
static const mnist_option regularisation_options[] = {
    {FLOAT_WITHIN(S, train.optimizer.weight_decay, 0.0, 1.0), .name = "weight-decay", .flags = MATHS,
     .zero = "none", .help = "L2 penalty on the weights; adamw: decay apart from the gradient"},
    {FLOAT_WITHIN(S, train.optimizer.max_norm, 0.0, INFINITY), .name = "max-norm", .flags = MATHS,
     .zero = "off", .help = "limit the L2 norm of each hidden unit's incoming weights"},
    {.type = MNIST_OPTION_RATES, .offset = MNIST_OPTION_FIELD(mnist_rates, S, dropout),
     .name = "dropout", .argument = "LIST", .flags = MATHS,
     .help = "probability that a hidden unit is dropped: one for all layers, or one a layer"},
    {FLOAT_BELOW(S, train.input_dropout, 0.0, 1.0), .name = "input-dropout",
     .flags = MATHS, .zero = "none", .help = "probability that a pixel is dropped"},
    {FLOAT_WITHIN(S, train.input_noise, 0.0, 10.0), .name = "input-noise", .flags = MATHS,
     .zero = "none", .help = "deviation of the noise added to pixels, whose range is 1"},
    {FLOAT_WITHIN(S, train.mixup, 0.0, 100.0), .name = "mixup", .flags = MATHS,
     .zero = "none", .help = "mix pairs of images, and their labels, by shares from Beta(X, X)"},
    {FLOAT_BELOW(S, train.label_smoothing, 0.0, 1.0), .name = "label-smoothing", .flags = MATHS,
     .zero = "none", .help = "share of each target spread over all classes"},
    {FLOAT_WITHIN(S, train.regularization.confidence_penalty, 0.0, 100.0),
     .name = "confidence-penalty", .flags = MATHS, .zero = "none",
     .help = "weight of the outputs' negative entropy in the loss"},
    {SWITCH(S, train.batch_norm), .name = "batch-norm", .flags = MATHS,
     .help = "normalise hidden layers over the batch; the model has it in its weights"},
    {FLOAT_WITHIN(S, train.regularization.adversarial_epsilon, 0.0, 10.0), .name = "adversarial",
     .flags = MATHS, .zero = "off", .known_as = "fgsm",
     .help = "train on images moved by X a pixel against the gradient's sign, too"},
    {.type = MNIST_OPTION_FLOAT,
     .offset = MNIST_OPTION_FIELD(float, S, train.regularization.adversarial_share),
     .real = {0.0, 1.0, true, true}, .argument = "F", .name = "adversarial-share", .flags = MATHS,
     .help = "what share of the loss is that of the images of --adversarial"},
    {FLOAT_WITHIN(S, train.regularization.virtual_epsilon, 0.0, 100.0), .name = "vat",
     .flags = MATHS, .zero = "off",
     .help = "virtual adversarial training: keep the outputs where images move by the length X"},
    {FLOAT_ABOVE(S, train.regularization.virtual_weight, 0.0, 100.0), .name = "vat-weight",
     .flags = MATHS, .help = "weight of --vat in the loss"},
};
/* clang-format on */

/* clang-format off */
static const mnist_option course_options[] = {
    {UNSIGNED(S, train.patience, 0, 1000000), .name = "patience", .flags = MATHS, .zero = "off",
     .known_as = "early-stopping",
     .help = "stop after N epochs without a lower validation loss; 0 for never"},
    {FLOAT_WITHIN(S, train.min_delta, 0.0, INFINITY), .name = "min-delta", .flags = MATHS,
     .help = "by how much it must be lower to count for --patience"},
    {CHOICE(mnist_keep, S, train.keep, keep_name), .name = "keep", .argument = "WHICH",
     .flags = MATHS, .help = "which epoch's weights are tested and saved; the best is that of least "
                             "validation loss"},
    {.type = MNIST_OPTION_DOUBLE, .offset = MNIST_OPTION_FIELD(double, S, train.max_seconds),
     .real = {0.0, 1e9, false, false}, .argument = "SECONDS", .name = "max-time", .zero = "no limit",
     .flags = CONFIG,
     .help = "stop training after so long; the model then depends on the machine's speed"},
};
/* clang-format on */

/* clang-format off */
static const mnist_option train_run_options[] = {
    {UINT64(S, train.seed, 0, UINT64_MAX), .letter = 's', .name = "seed", .flags = MATHS,
     .help = "seed of the weights and of the order of the images"},
    {UNSIGNED(S, threads, 0, MNIST_MAX_THREADS), .letter = 'j', .name = "threads",
     .zero = "all CPUs", .flags = CONFIG, .known_as = "jobs",
     .help = "threads to work with; 0 for all CPUs, or one while that is faster; changes no "
             "result"},
    {CHOICE(mnist_zero_skip, S, train.zero_skip, zero_skip_name), .name = "zero-skip",
     .argument = "WHEN", .flags = CONFIG,
     .help = "leave out products with pixels that are 0; changes no result"},
    {UNSIGNED(S, runs, 1, 1000), .name = "runs", .flags = CONFIG, .known_as = "repeat",
     .help = "train N times with seeds from --seed on; report mean, deviation and worst"},
    {UNSIGNED(S, ensemble, 0, 1000), .name = "ensemble", .flags = CONFIG, .zero = "none",
     .known_as = "committee",
     .help = "train N nets with seeds from --seed on; report each, and last all as one, whose class "
             "probabilities are the mean of theirs"},
    {.type = MNIST_OPTION_DOUBLE, .offset = MNIST_OPTION_FIELD(double, S, tune_seconds),
     .real = {0.0, 1e9, true, false}, .name = "tune", .argument = "SECONDS",
     .flags = MNIST_OPTION_OPTIONAL, .known_as = "search",
     .help = "look so long for better settings by validation images, no run longer than --epochs, "
             "and print them as a config file; what the command line sets stays as it is"},
    {FLAG(S, dry_run), .letter = 'n', .name = "dry-run",
     .help = "check everything, load the data, say what would be done, and exit"},
    {STRING(S, preview, "FILE"), .name = "preview",
     .help = "draw what the net will see, digits and their distortions (PNG), and exit"},
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
     .help = "keep here what a training that is interrupted needs to go on: written at each epoch's "
             "end, when a signal ends it, and at SIGUSR1"},
    {.type = MNIST_OPTION_INTERVAL, .offset = MNIST_OPTION_FIELD(mnist_interval, S, checkpoint_every),
     .name = "checkpoint-every", .argument = "N[s|steps|epochs]", .known_as = "save-every",
     .flags = CONFIG | MNIST_OPTION_OPTIONAL,
     .help = "write it so often instead of at each epoch's end: 30s, 500steps, 2epochs"},
    {STRING(S, resume, "FILE"), .name = "resume", .known_as = "continue",
     .help = "go on from this checkpoint, with its settings; --epochs may grow, threads and files may "
             "be others"},
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

static const mnist_option_section train_sections[] = {
    SHARED("Data", mnist_source_options, SOURCE_OPTIONS, S, data),
    PART("Data", train_files_options, S, data),
    SHARED("Data", mnist_test_options, TEST_OPTIONS, S, data),
    WHOLE("Data", train_data_options),
    WHOLE("Model", model_options),
    WHOLE("Optimisation", optimisation_options),
    WHOLE("Regularisation", regularisation_options),
    WHOLE("Course", course_options),
    WHOLE("Run", train_run_options),
    WHOLE("Files", train_files_out_options),
    SHARED("Gate", mnist_gate_options, GATE_OPTIONS, S, gate),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, S, out),
    WHOLE("Output", train_output_options),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, S, out),
};

#undef S

/* Checks that no option can make alone. Whether two name one file is seen later (cli/train/files.h). */

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

static bool check_augmentation(const mnist_train_settings *s, mnist_error *err)
{
    mnist_augmentation augmentation;
    mnist_error why;
    if (s->augment && mnist_augmentation_parse(&augmentation, s->augment, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--augment: %s", why.text);
    }
    return true;
}

static bool check_runs(const mnist_train_settings *s, mnist_error *err)
{
    const char *which = s->ensemble > 0 ? "ensemble" : "runs";
    unsigned count = s->ensemble > 0 ? s->ensemble : s->runs;
    if (s->runs > 1 && s->ensemble > 0) {
        return mnist_options_fail(err,
                                  "--runs and --ensemble exclude each other: --ensemble reports "
                                  "each of its nets, too");
    }
    if (count > 1 && s->output && !strstr(s->output, MNIST_SEED_MARK)) {
        return mnist_options_fail(err,
                                  "--%s: each net would overwrite the last one's --output; put "
                                  "{seed} into the name, like net-{seed}.safetensors",
                                  which);
    }
    if (count - 1 > UINT64_MAX - s->train.seed) {
        return mnist_options_fail(err, "--%s: %u seeds from --seed %ju on go past the largest, %ju",
                                  which, count, (uintmax_t)s->train.seed, (uintmax_t)UINT64_MAX);
    }
    return true;
}

/* What follows from settings together: defaults that depend on others, lists for all layers. */
static void settle_train(void *settings, const mnist_parsed *parsed)
{
    mnist_train_settings *s = settings;
    if (s->train.optimizer.kind != MNIST_SGD && !mnist_options_was_given(parsed, "lr")) {
        s->train.schedule.lr = 0.001f;
    }
    for (unsigned l = 0; l < MNIST_MAX_HIDDEN; l++) {
        float *rate = &s->train.regularization.dropout[l];
        *rate = l < s->dropout.count ? s->dropout.rate[l] : 0.0f;
        if (s->dropout.count == 1 && l < s->hidden.count) {
            *rate = s->dropout.rate[0];
        }
    }
}

static bool check_regularization(const mnist_train_settings *s, const mnist_parsed *parsed,
                                 mnist_error *err)
{
    static const char *const of_sgd[] = {"momentum", "nesterov"};
    static const char *const of_adam[] = {"beta1", "beta2"};
    const mnist_optimizer_kind kind = s->train.optimizer.kind;
    for (size_t i = 0; i < LENGTH(of_sgd); i++) {
        if (kind != MNIST_SGD && mnist_on_command_line(parsed, of_sgd[i])) {
            return mnist_options_fail(err, "--%s is for --optimizer sgd", of_sgd[i]);
        }
        if (kind != MNIST_ADAM && kind != MNIST_ADAMW &&
            mnist_on_command_line(parsed, of_adam[i])) {
            return mnist_options_fail(err, "--%s is for --optimizer adam or adamw", of_adam[i]);
        }
    }
    if (kind != MNIST_RMSPROP && mnist_on_command_line(parsed, "rho")) {
        return mnist_options_fail(err, "--rho is for --optimizer rmsprop");
    }
    if (s->dropout.count > 1 && s->dropout.count != s->hidden.count) {
        return mnist_options_fail(err,
                                  "--dropout: %u rates, but %u hidden layers; give one for all "
                                  "layers or one a layer",
                                  s->dropout.count, s->hidden.count);
    }
    const mnist_regularization *r = &s->train.regularization;
    if (r->adversarial_epsilon > 0.0f && r->virtual_epsilon > 0.0f) {
        return mnist_options_fail(err, "--adversarial and --vat exclude each other");
    }
    if (s->train.batch_norm && (r->adversarial_epsilon > 0.0f || r->virtual_epsilon > 0.0f)) {
        return mnist_options_fail(err,
                                  "--batch-norm does not go with --adversarial or --vat, whose "
                                  "images it would normalise by themselves");
    }
    if (s->train.batch_norm && s->train.batch_size < 2) {
        return mnist_options_fail(err, "--batch-norm needs a --batch-size of at least 2");
    }
    return true;
}

/* Early stopping, averages. */
static bool check_course(const mnist_train_settings *s, const mnist_parsed *parsed,
                         mnist_error *err)
{
    /* --tune sees to validation images itself */
    const bool validates =
        s->val_split.fraction > 0.0 || s->val_split.count > 0 || s->tune_seconds > 0.0;
    if (!validates && (s->train.patience > 0 || s->train.keep == MNIST_KEEP_BEST)) {
        return mnist_options_fail(err, "--%s goes by the validation loss, but --val-split is 0",
                                  s->train.patience > 0 ? "patience" : "keep best");
    }
    if (s->train.patience == 0 && mnist_on_command_line(parsed, "min-delta")) {
        return mnist_options_fail(err, "--min-delta needs a --patience above 0");
    }
    if (s->train.averaging.ema > 0.0f && s->train.averaging.swa_start > 0.0f) {
        return mnist_options_fail(err, "--ema and --swa-start exclude each other");
    }
    return true;
}

static bool validate_train(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_train_settings *s = settings;
    if (!check_augmentation(s, err) || !check_regularization(s, parsed, err) ||
        !check_course(s, parsed, err)) {
        return false;
    }
    if (!mnist_settings_check_data(&s->data, true, parsed, err) || !check_log(s, err)) {
        return false;
    }
    if (s->train.optimizer.nesterov && s->train.optimizer.momentum <= 0.0f &&
        mnist_on_command_line(parsed, "nesterov")) {
        return mnist_options_fail(err, "--nesterov needs a --momentum above 0");
    }
    if (s->tune_seconds > 0.0 && s->resume) {
        return mnist_options_fail(err, "--resume and --tune exclude each other");
    }
    if (s->tune_seconds > 0.0
            ? !mnist_tune_check(s, parsed, err)
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

void mnist_train_set_augmentation(mnist_train_settings *settings,
                                  char text[MNIST_AUGMENTATION_TEXT])
{
    mnist_augmentation *augmentation = &settings->train.augmentation;
    if (settings->augment) {
        (void)mnist_augmentation_parse(augmentation, settings->augment,
                                       NULL); /* has been checked */
        mnist_augmentation_print(augmentation, text);
        settings->augment = mnist_augmentation_any(augmentation) ? text : NULL;
    }
}

mnist_progress_mode mnist_train_progress_mode(const mnist_train_settings *settings)
{
    return settings->out.quiet ? MNIST_PROGRESS_NONE : settings->progress;
}

static const mnist_example train_examples[] = {
    {"mnist-train -o mnist.safetensors", "train on MNIST with the defaults and keep the model"},
    {"mnist-train --dataset synthetic", "no download: built-in digits"},
    {"mnist-train --hidden 128 --epochs 10 --json | jq .test.accuracy",
     "the accuracy alone, for a script"},
    {"mnist-train --checkpoint run.ckpt; mnist-train --resume run.ckpt",
     "what was interrupted goes on"},
    {"mnist-train --report run.html", "a page with curves, errors and a pad to draw digits on"},
    {"mnist-train --min-accuracy 97%", "a gate for CI: exit code 3 if it is missed"},
    {"mnist-train --tune 60 >best.json; mnist-train --config best.json",
     "a minute's search for good settings"},
    {"mnist-train --lr 0.05 --print-config >exp.json; mnist-train --config exp.json",
     "an experiment in a file"},
};

static const mnist_exit_text train_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "something could not be read, written or done"},
    {MNIST_EXIT_USAGE, "bad command line or config file"},
    {MNIST_EXIT_GATE, "--min-accuracy or --max-loss was missed"},
    {MNIST_EXIT_DIVERGED, "training diverged"},
    {MNIST_EXIT_SIGHUP, "the terminal hung up (SIGHUP)"},
    {MNIST_EXIT_SIGINT, "interrupted (SIGINT)"},
    {MNIST_EXIT_SIGTERM, "terminated (SIGTERM)"},
};

static const mnist_named_text train_environment[] = {
    DATA_ENVIRONMENT, ISA_ENVIRONMENT, TERMINAL_ENVIRONMENT, VIEW_ENVIRONMENT, {NULL, NULL},
};

const mnist_program mnist_train_program = {
    .name = "mnist-train",
    .summary = "train multi-layer perceptrons on MNIST",
    .description = "Trains a multi-layer perceptron on MNIST, or on data of its shape, measures it "
                   "on the test images, prints the result on stdout and, if asked to, saves the "
                   "model. The same options give the same model, bit for bit, on every machine.",
    .sections = train_sections,
    .section_count = LENGTH(train_sections),
    .recipes = mnist_train_recipes,
    .examples = train_examples,
    .example_count = LENGTH(train_examples),
    .exits = train_exits,
    .exit_count = LENGTH(train_exits),
    .environment = train_environment,
    .files = mnist_data_files,
    .settle = settle_train,
    .validate = validate_train,
    .adopt = mnist_resume_adopt,
    .release = mnist_resume_release,
};
