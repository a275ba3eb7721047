#include "cli/eval/settings.h"

#include "cli/shared/option_parts.h"

#include <mnist/metrics.h>
#include <string.h>

mnist_eval_settings mnist_eval_settings_defaults(void)
{
    return (mnist_eval_settings){
        .data = mnist_data_defaults(),
        .tta = 1,
        .seed = 1,
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

#define AS_TRAINED "as in training"

static const mnist_option eval_run_options[] = {
    {UNSIGNED(mnist_eval_settings, threads, 0, MNIST_MAX_THREADS), .letter = 'j', .name = "threads",
     .zero = "all CPUs", .known_as = "jobs",
     .help = "threads to work with; 0 for all CPUs; changes no result"},
};

static const mnist_option eval_tta_options[] = {
    {UNSIGNED(mnist_eval_settings, tta, 1, 10000), .name = "tta", .known_as = "versions",
     .help = "average class probabilities over each image and N-1 distorted versions of it"},
    {STRING(mnist_eval_settings, augment, "SPEC"), .name = "augment", .known_as = "augmentation",
     .suggested = mnist_preset_name,
     .help = "how they are distorted, as mnist-train --augment takes it; else as the model was "
             "trained"},
    {UINT64(mnist_eval_settings, seed, 0, UINT64_MAX), .letter = 's', .name = "seed",
     .help = "seed of the distortions, and of --baseline's resamples"},
};

static const char *temperature_name(int index)
{
    return index == 0 ? "fit" : NULL;
}

/* clang-format off */
static const mnist_option eval_temperature_options[] = {
    {STRING(mnist_eval_settings, temperature, "fit|X"), .name = "temperature",
     .suggested = temperature_name,
     .help = "divide logits by X before the softmax; fit: by what is best on the training images "
             "that the model was validated on"},
    {.type = MNIST_OPTION_SHARE, .offset = MNIST_OPTION_FIELD(mnist_share, mnist_eval_settings, val_split),
     .whole = {0, MOST_IMAGES}, .name = "val-split", .argument = "N|F", .zero = AS_TRAINED,
     .known_as = "validation-split",
     .help = "fit on the last N, or this fraction, of all training images instead"},
};
/* clang-format on */

/* Only --temperature fit reads them. */
static const mnist_option eval_train_options[] = {
    {INPUT(mnist_data_settings, train_images, "FILE"), .name = "train-images",
     .help = "training images, for --temperature fit"},
    {INPUT(mnist_data_settings, train_labels, "FILE"), .name = "train-labels",
     .help = "training labels, for --temperature fit"},
};

static const mnist_option eval_baseline_options[] = {
    {STRING(mnist_eval_settings, baseline, "FILE"), .name = "baseline", .known_as = "compare",
     .help = "compare with an earlier evaluation, made by --json on the same images; exit with "
             "code 3 if the accuracy fell"},
    {.type = MNIST_OPTION_PERCENT,
     .offset = MNIST_OPTION_FIELD(double, mnist_eval_settings, tolerance),
     .real = {0.0, 1.0, false, false},
     .name = "tolerance",
     .argument = "T",
     .help = "how far below it the accuracy may be (0.001 or 0.1%)"},
};

static const mnist_option eval_output_options[] = {
    {FLAG(mnist_eval_settings, confusion), .name = "confusion",
     .help = "print the confusion matrix too"},
    {FLAG(mnist_eval_settings, metrics), .name = "metrics", .known_as = "scores",
     .help = "print precision, recall, F1, areas under curves and more, per class and on average"},
    {FLAG(mnist_eval_settings, calibration), .name = "calibration",
     .help = "print how often the model is right, by how sure it is"},
    {SIZE(mnist_eval_settings, worst, 0, MOST_IMAGES), .name = "worst", .known_as = "errors",
     .zero = "none", .help = "show the N errors that the model is surest of"},
    {FLAG(mnist_eval_settings, curves), .name = "curves", .known_as = "roc",
     .help = "ROC and precision-recall curves too, in --json or --csv"},
    {STRING(mnist_eval_settings, predictions, "FILE"), .name = "predictions",
     .help = "write each image's label, prediction and probabilities, as CSV"},
    {STRING(mnist_eval_settings, report, "FILE"), .name = "report", .known_as = "html",
     .help = "write a page to look at: confusion, ROC, errors, weights, and a pad to draw on"},
    {STRING(mnist_eval_settings, log, "FILE"), .name = "log",
     .help = "with the curves of the training too, from what mnist-train --log has written"},
    {FLAG(mnist_eval_settings, csv), .name = "csv",
     .help = "print all figures on stdout as lines of section, class, item, metric, value"},
};

/* Where the images to test on are stored otherwise than those of the training. */
static const mnist_option eval_steps_options[] = {
    {UNSIGNED(mnist_steps_settings, max_pixel, 0, 254), .name = "max-pixel", .zero = "255",
     .help = "the images' pixels go from 0 to N: make that 0 to 255, before what the model states"},
    {FLAG(mnist_steps_settings, invert), .name = "invert",
     .help = "take 255 minus each pixel, before what the model states"},
    {FLAG(mnist_steps_settings, transpose), .name = "transpose",
     .help = "swap rows and columns of the images, before what the model states"},
};

static const mnist_option_section eval_sections[] = {
    {"Data", mnist_source_options, SOURCE_OPTIONS, offsetof(mnist_eval_settings, data), AS_TRAINED},
    {"Data", mnist_test_options, TEST_OPTIONS, offsetof(mnist_eval_settings, data), AS_TRAINED},
    PART("Data", eval_train_options, mnist_eval_settings, data),
    PART("Data", eval_steps_options, mnist_eval_settings, steps),
    {"Data", mnist_label_options, LABEL_OPTIONS, offsetof(mnist_eval_settings, data), AS_TRAINED},
    WHOLE("Test-time augmentation", eval_tta_options),
    WHOLE("Temperature", eval_temperature_options),
    WHOLE("Run", eval_run_options),
    SHARED("Gate", mnist_gate_options, GATE_OPTIONS, mnist_eval_settings, gate),
    WHOLE("Gate", eval_baseline_options),
    WHOLE("Output", eval_output_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, mnist_eval_settings, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, mnist_eval_settings, out),
};

static bool check_tta(const mnist_eval_settings *s, const mnist_parsed *parsed, mnist_error *err)
{
    mnist_augmentation augmentation;
    mnist_error why;
    if (s->tta < 2 && s->augment) {
        return mnist_options_fail(err, "--augment needs a --tta above 1");
    }
    if (s->tta < 2 && !s->baseline && mnist_on_command_line(parsed, "seed")) {
        return mnist_options_fail(err, "--seed needs a --tta above 1, or --baseline");
    }
    if (s->augment && mnist_augmentation_parse(&augmentation, s->augment, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--augment: %s", why.text);
    }
    if (s->augment && !mnist_augmentation_any(&augmentation)) {
        return mnist_options_fail(err, "--augment distorts nothing, and --tta would average over "
                                       "equal images");
    }
    return true;
}

static const mnist_option temperature_number = {
    .type = MNIST_OPTION_DOUBLE,
    .real = {MNIST_TEMPERATURE_MIN, MNIST_TEMPERATURE_MAX, false, false},
};

double mnist_eval_temperature_told(const mnist_eval_settings *settings)
{
    double value = 0.0;
    if (strcmp(settings->temperature, "fit") != 0) {
        (void)mnist_option_set(&temperature_number, &value, settings->temperature);
    }
    return value;
}

bool mnist_eval_fits_temperature(const mnist_eval_settings *settings)
{
    return settings->temperature && mnist_eval_temperature_told(settings) == 0.0;
}

bool mnist_eval_needs_numbers(const mnist_eval_settings *s)
{
    return s->csv || s->metrics || s->calibration || s->worst > 0 || s->curves || s->predictions ||
           s->report || s->baseline || s->temperature;
}

/* What goes with the fitting of a temperature alone. */
static bool check_temperature(const mnist_eval_settings *s, const mnist_parsed *parsed,
                              mnist_error *err)
{
    static const char *const of_fit[] = {"val-split", "train-images", "train-labels"};
    bool fit = s->temperature && strcmp(s->temperature, "fit") == 0;
    if (s->temperature && !fit && mnist_eval_temperature_told(s) == 0.0) {
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(s->temperature, quoted);
        return mnist_options_fail(err,
                                  "--temperature: %s is neither \"fit\" nor a number from "
                                  "0.015625 to 64",
                                  quoted);
    }
    for (size_t i = 0; !fit && i < LENGTH(of_fit); i++) {
        if (mnist_on_command_line(parsed, of_fit[i])) {
            return mnist_options_fail(err, "--%s needs --temperature fit", of_fit[i]);
        }
    }
    if (fit && mnist_on_command_line(parsed, "val-split") && s->val_split.count == 0 &&
        s->val_split.fraction == 0.0) {
        return mnist_options_fail(err, "--val-split 0 leaves no image to fit a temperature on");
    }
    return true;
}

static bool check_output(const mnist_eval_settings *s, const mnist_parsed *parsed, mnist_error *err)
{
    if (s->csv && s->out.json) {
        return mnist_options_fail(err, "--csv and --json exclude each other");
    }
    if (s->curves && !s->csv && !s->out.json) {
        return mnist_options_fail(err, "--curves needs --json or --csv");
    }
    if (!s->baseline && mnist_on_command_line(parsed, "tolerance")) {
        return mnist_options_fail(err, "--tolerance needs --baseline");
    }
    if (s->log && !s->report) {
        return mnist_options_fail(err, "--log needs --report, the page that shows what it holds");
    }
    return true;
}

static bool validate_eval(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_eval_settings *s = settings;
    return check_tta(s, parsed, err) && check_temperature(s, parsed, err) &&
           check_output(s, parsed, err) &&
           mnist_settings_check_data(&s->data, mnist_options_was_given(parsed, "dataset"), parsed,
                                     err);
}

bool mnist_eval_check_data(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                           mnist_error *err)
{
    return mnist_settings_check_data(&settings->data, true, parsed, err);
}

static const mnist_example eval_examples[] = {
    {"mnist-eval mnist.safetensors", "test loss and accuracy, as the training run printed them"},
    {"mnist-eval --confusion mnist.safetensors", "which digits are taken for which"},
    {"mnist-eval net-*.safetensors", "each model, and all as a committee, which averages their "
                                     "class probabilities"},
    {"mnist-eval --tta 16 mnist.safetensors", "class probabilities averaged over each image and 15 "
                                              "distorted versions of it"},
    {"mnist-eval --metrics --worst 10 mnist.safetensors",
     "figures per class, and the errors that the model is surest of"},
    {"mnist-eval --baseline old.json --tolerance 0.1% new.safetensors",
     "is it worse than what \"mnist-eval --json\" printed of another model?"},
    {"mnist-eval --report net.html --log run.csv mnist.safetensors",
     "a page with the curves of its training, of which \"mnist-train --log run.csv\" kept a log"},
    {"mnist-eval --min-accuracy 97% mnist.safetensors",
     "a gate for CI: exit code 3 if it is missed"},
};

static const mnist_exit_text eval_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "the model or the data could not be read, or do not fit each other"},
    {MNIST_EXIT_USAGE, "bad command line"},
    {MNIST_EXIT_GATE, "--min-accuracy, --max-loss or --baseline was missed"},
};

static const mnist_named_text eval_environment[] = {
    DATA_ENVIRONMENT,
    ISA_ENVIRONMENT,
    TERMINAL_ENVIRONMENT,
    {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(mnist_eval_settings *)settings = mnist_eval_settings_defaults();
}

const mnist_program mnist_eval_program = {
    .name = "mnist-eval",
    .summary = "measure models of mnist-train on the test images",
    .description = "Measures a model that mnist-train has saved on the test images and prints the "
                   "result on stdout; several models also as one, whose class probabilities are "
                   "the mean of theirs. Data options that are not given are those of the model's "
                   "training.",
    .operand = "MODEL",
    .operand_min = 1,
    .operand_max = 1000,
    .settings_size = sizeof(mnist_eval_settings),
    .defaults = set_defaults,
    .sections = eval_sections,
    .section_count = LENGTH(eval_sections),
    .examples = eval_examples,
    .example_count = LENGTH(eval_examples),
    .exits = eval_exits,
    .exit_count = LENGTH(eval_exits),
    .environment = eval_environment,
    .files = mnist_data_files,
    .validate = validate_eval,
};
