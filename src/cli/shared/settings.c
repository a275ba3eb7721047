/* What the programs' options have in common: the data, the gate, the output. */
#include "cli/shared/option_parts.h"

#include <mnist/labels.h>

const char *mnist_dataset_choice_name(mnist_dataset_choice dataset)
{
    static const char *const names[MNIST_DATASETS] = {"mnist", "fashion", "synthetic"};
    return (unsigned)dataset < MNIST_DATASETS ? names[dataset] : NULL;
}

static const char *dataset_name(int value)
{
    return mnist_dataset_choice_name((mnist_dataset_choice)value);
}

static const char *color_name(int value)
{
    return mnist_color_mode_name((mnist_color_mode)value);
}

mnist_data_settings mnist_data_defaults(void)
{
    return (mnist_data_settings){
        .dataset = MNIST_DATASET_MNIST,
        .synthetic_train = 10000,
        .synthetic_test = 2000,
        .seed = 1,
    };
}

const mnist_option mnist_source_options[] = {
    {CHOICE(mnist_dataset_choice, mnist_data_settings, dataset, dataset_name), .name = "dataset",
     .argument = "NAME", .flags = MATHS, .help = "what the images are of"},
    {STRING(mnist_data_settings, data_dir, "DIR"), .name = "data-dir", .alias = "data",
     .flags = CONFIG,
     .help =
         "where the data lie, or the file that holds all of them; else $MNIST_DATA_DIR, ./data, "
         "the cache and /usr/share are searched"},
    {FLAG(mnist_data_settings, as_is), .name = "as-is", .flags = CONFIG | MNIST_OPTION_OPTIONAL,
     .help = "take pictures of folders whole, as they are: 0 is paper"},
};

const mnist_option mnist_test_options[] = {
    {INPUT(mnist_data_settings, test_images, "FILE"), .name = "test-images", .flags = CONFIG,
     .help = "test images, in any form that is read; maybe with labels"},
    {INPUT(mnist_data_settings, test_labels, "FILE"), .name = "test-labels", .flags = CONFIG,
     .help = "test labels, where the images have none"},
    {SIZE(mnist_data_settings, synthetic_test, 1, MOST_IMAGES), .name = "synthetic-test",
     .flags = MATHS, .help = "test images of the synthetic data set"},
    {UINT64(mnist_data_settings, seed, 0, UINT64_MAX), .name = "data-seed", .flags = MATHS,
     .help = "seed of the synthetic data set"},
};

const mnist_option mnist_label_options[] = {
    {UNSIGNED(mnist_data_settings, label_base, 0, MNIST_LABEL_BASE_MAX), .name = "label-base",
     .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "the label of the first class; 1 where labels begin at 1, else 0"},
    {STRING(mnist_data_settings, class_names, "FILE"), .name = "class-names", .flags = CONFIG,
     .help = "what the classes are called, a name a line in UTF-8"},
};

const mnist_option mnist_classes_options[] = {
    {UNSIGNED(mnist_data_settings, classes, MNIST_MIN_CLASSES, MNIST_MAX_CLASSES),
     .name = "classes", .known_as = "num-classes", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "how many classes there are; else the largest label says it"},
};

/* clang-format off */
const mnist_option mnist_gate_options[] = {
    {.type = MNIST_OPTION_PERCENT,
     .offset = MNIST_OPTION_FIELD(double, mnist_gate_settings, min_accuracy),
     .real = {0.0, 1.0, true, false}, .name = "min-accuracy", .argument = "X",
     .known_as = "threshold", .flags = CONFIG | MNIST_OPTION_OPTIONAL,
     .help = "exit with code 3 if the test accuracy is below X (0.97 or 97%)"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, mnist_gate_settings, max_loss),
     .real = {0.0, INFINITY, true, false}, .name = "max-loss", .argument = "X",
     .flags = CONFIG | MNIST_OPTION_OPTIONAL,
     .help = "exit with code 3 if the test loss is above X"},
};
/* clang-format on */

const mnist_option mnist_json_options[] = {
    {FLAG(mnist_output_settings, json), .name = "json",
     .help = "print one JSON document on stdout instead of a line"},
    {FLAG(mnist_output_settings, quiet), .letter = 'q', .name = "quiet", .known_as = "silent",
     .help = "nothing on stderr but errors"},
};

/* clang-format off */
const mnist_option mnist_color_options[] = {
    {CHOICE(mnist_color_mode, mnist_output_settings, color, color_name), .name = "color",
     .argument = "WHEN", .known_as = "colour", .help = "colours on stderr"},
    {.type = MNIST_OPTION_ACTION_HELP, .letter = 'h', .name = "help",
     .help = "print this help and exit"},
    {.type = MNIST_OPTION_ACTION_VERSION, .letter = 'V', .name = "version",
     .help = "print the version and exit"},
};
/* clang-format on */

HAS_LENGTH(mnist_source_options, SOURCE_OPTIONS);
HAS_LENGTH(mnist_test_options, TEST_OPTIONS);
HAS_LENGTH(mnist_label_options, LABEL_OPTIONS);
HAS_LENGTH(mnist_classes_options, CLASSES_OPTIONS);
HAS_LENGTH(mnist_gate_options, GATE_OPTIONS);
HAS_LENGTH(mnist_json_options, JSON_OPTIONS);
HAS_LENGTH(mnist_color_options, COLOR_OPTIONS);

const mnist_named_text mnist_data_files[] = {
    {"./data/mnist, ./data/fashion", "where data are searched first"},
    {"~/.cache/mnist, ~/.cache/fashion-mnist", "the cache, which is searched next"},
    {"/usr/share/mnist, /usr/share/datasets/fashion-mnist", "data for all users, searched last"},
    {NULL, NULL},
};

const char *mnist_preset_name(int index)
{
    return mnist_augmentation_preset_name((size_t)index);
}

static bool check_pair(const char *images, const char *labels, const char *which, mnist_error *err)
{
    if (labels && !images) { /* images may hold labels */
        return mnist_options_fail(err, "--%s-labels goes with --%s-images, which is missing", which,
                                  which);
    }
    return true;
}

bool mnist_settings_check_data(const mnist_data_settings *data, bool known,
                               const mnist_parsed *parsed, mnist_error *err)
{
    static const char *const of_files[] = {"data-dir",    "train-images", "train-labels",
                                           "test-images", "test-labels",  "as-is"};
    static const char *const of_synthetic[] = {"synthetic-train", "synthetic-test", "data-seed"};
    bool synthetic = data->dataset == MNIST_DATASET_SYNTHETIC;
    if (!check_pair(data->train_images, data->train_labels, "train", err) ||
        !check_pair(data->test_images, data->test_labels, "test", err)) {
        return false;
    }
    for (size_t i = 0; known && synthetic && i < LENGTH(of_files); i++) {
        if (mnist_on_command_line(parsed, of_files[i])) {
            return mnist_options_fail(err,
                                      "--%s does not go with --dataset synthetic, which reads "
                                      "no files",
                                      of_files[i]);
        }
    }
    for (size_t i = 0; known && !synthetic && i < LENGTH(of_synthetic); i++) {
        if (mnist_on_command_line(parsed, of_synthetic[i])) {
            return mnist_options_fail(err,
                                      "--%s is for --dataset synthetic, but the data set is "
                                      "%s",
                                      of_synthetic[i], mnist_dataset_choice_name(data->dataset));
        }
    }
    return true;
}
