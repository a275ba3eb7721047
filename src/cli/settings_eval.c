/* What mnist-eval can be told. */
#include "cli/settings_parts.h"

mnist_eval_settings mnist_eval_settings_defaults(void)
{
    return (mnist_eval_settings){
        .data = mnist_data_defaults(),
        .tta = 1,
        .tta_seed = 1,
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

static const mnist_option eval_run_options[] = {
    {UNSIGNED(mnist_eval_settings, threads, 0, MNIST_MAX_THREADS), .letter = 'j',
     .name = "threads", .zero = "all CPUs", .known_as = "jobs",
     .help = "threads to work with; 0 for all CPUs; changes no result"},
};

static const mnist_option eval_tta_options[] = {
    {UNSIGNED(mnist_eval_settings, tta, 1, 10000), .name = "tta", .known_as = "versions",
     .help = "average class probabilities over each image and N-1 distorted versions of it"},
    {STRING(mnist_eval_settings, augment, "SPEC"), .name = "augment", .known_as = "augmentation",
     .suggested = mnist_preset_name,
     .help = "how they are distorted, as mnist-train --augment takes it; else as the model was "
             "trained"},
    {UINT64(mnist_eval_settings, tta_seed, 0, UINT64_MAX), .letter = 's', .name = "seed",
     .help = "seed of the distortions"},
};

static const mnist_option eval_output_options[] = {
    {FLAG(mnist_eval_settings, confusion), .name = "confusion",
     .help = "print the confusion matrix too"},
};

#define AS_TRAINED "as in training"

static const mnist_option_section eval_sections[] = {
    {"Data", mnist_source_options, SOURCE_OPTIONS, offsetof(mnist_eval_settings, data), AS_TRAINED},
    {"Data", mnist_test_options, TEST_OPTIONS, offsetof(mnist_eval_settings, data), AS_TRAINED},
    WHOLE("Test-time augmentation", eval_tta_options),
    WHOLE("Run", eval_run_options),
    SHARED("Gate", mnist_gate_options, GATE_OPTIONS, mnist_eval_settings, gate),
    WHOLE("Output", eval_output_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, mnist_eval_settings, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, mnist_eval_settings, out),
};

static bool check_tta(const mnist_eval_settings *s, const mnist_parsed *parsed, mnist_error *err)
{
    static const char *const of_tta[] = {"augment", "seed"};
    mnist_augmentation augmentation;
    mnist_error why;
    for (size_t i = 0; s->tta < 2 && i < LENGTH(of_tta); i++) {
        if (mnist_on_command_line(parsed, of_tta[i])) {
            return mnist_options_fail(err, "--%s needs a --tta above 1", of_tta[i]);
        }
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

static bool validate_eval(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_eval_settings *s = settings;
    return check_tta(s, parsed, err) &&
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
    {"mnist-eval net-*.safetensors", "each model, and the committee of all: the mean of what they "
                                     "take for likely"},
    {"mnist-eval --tta 16 mnist.safetensors", "the mean of what the model takes each image and 15 "
                                              "distorted versions of it for"},
    {"mnist-eval --min-accuracy 97% mnist.safetensors",
     "a gate for CI: exit code 3 if it is missed"},
};

static const mnist_exit_text eval_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "the model or the data could not be read, or do not fit each other"},
    {MNIST_EXIT_USAGE, "bad command line"},
    {MNIST_EXIT_GATE, "--min-accuracy or --max-loss was missed"},
};

static const mnist_named_text eval_environment[] = {
    DATA_ENVIRONMENT, ISA_ENVIRONMENT, TERMINAL_ENVIRONMENT, {NULL, NULL},
};

const mnist_program mnist_eval_program = {
    .name = "mnist-eval",
    .summary = "measure models of mnist-train on the test images",
    .description = "Measures a model that mnist-train has saved on the test images and prints the "
                   "result on stdout; several models also as one, whose class probabilities are "
                   "the mean of theirs. What is not said about the data is as the model was "
                   "trained.",
    .operand = "MODEL",
    .operand_min = 1,
    .operand_max = 1000,
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
