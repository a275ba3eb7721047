/* The settings that define a training: the data, the net, the optimisation, the regularisation and
 * the course. They are a part of the settings of every program that trains. A model file states
 * them ("options" in its metadata), and programs that read models read them from there through the
 * same option table. */
#ifndef MNIST_CLI_SHARED_TRAINING_H
#define MNIST_CLI_SHARED_TRAINING_H

#include "cli/shared/settings.h"
#include "cli/shared/steps.h"

#include <mnist/data.h>
#include <mnist/nn.h>
#include <mnist/train.h>

typedef struct mnist_training_settings {
    mnist_data_settings data;
    size_t limit;               /* use only the first so many training images; 0: all */
    mnist_share val_split;      /* taken off the end of the training images that limit leaves */
    mnist_class_set omitted;    /* labels not trained on, as the data have them */
    size_t per_class;           /* images of each class that are trained on; 0: all */
    bool calibrate_bias;        /* then one number is added to their biases */
    mnist_steps_settings steps; /* of every image, stored or drawn, before anything else */
    mnist_normalization_kind normalize;
    mnist_widths hidden;
    mnist_activation activation;
    mnist_init init;
    bool fresh_last;      /* of the net that is begun with, the last layer is drawn anew */
    mnist_widths freeze;  /* one number: so many layers; several: these, from 1; none */
    mnist_rates lr_scale; /* one a layer, 0 freezes it; none: all 1. mnist_training_settle copies
                            * both to config */
    mnist_rates dropout;  /* mnist_training_settle copies it to config, a rate a layer */
    const char *augment;  /* text of config.augmentation; NULL: none */
    const char *teacher;  /* names of models, commas between; NULL: none */
    const char *prune;    /* text of config.pruning; NULL: none. mnist_training_settle copies it */
    const char *quantize; /* text of config.quantization; NULL: none. Likewise */
    mnist_train_config config; /* its seed is that of --seed, for the weights too */
} mnist_training_settings;

/* The defaults; those of config are the library's mnist_train_defaults, but its temperature and
 * teacher_weight are 0, for not given, until mnist_training_settle finds a teacher. */
mnist_training_settings mnist_training_defaults(void);

enum {
    TRAIN_FILES_OPTIONS = 3,
    TRAIN_DATA_OPTIONS = 6,
    MODEL_OPTIONS = 3,
    OPTIMISATION_OPTIONS = 18,
    REGULARISATION_OPTIONS = 14,
    DISTILLATION_OPTIONS = 4,
    TRANSFER_OPTIONS = 4,
    COURSE_OPTIONS = 4,
    COMPRESSION_OPTIONS = 2
};
/* Over mnist_data_settings: */
extern const mnist_option mnist_train_files_options[];
/* Over mnist_training_settings: */
extern const mnist_option mnist_train_data_options[];
extern const mnist_option mnist_model_options[];
extern const mnist_option mnist_optimisation_options[];
extern const mnist_option mnist_regularisation_options[];
extern const mnist_option mnist_distillation_options[];
extern const mnist_option mnist_transfer_options[];
extern const mnist_option mnist_course_options[];
extern const mnist_option mnist_compression_options[];

/* The sections of a program whose settings have a mnist_training_settings at `where`; for files
 * that include cli/shared/option_parts.h. */
#define MNIST_TRAINING_SECTION(heading, table, length, where)                                      \
    {                                                                                              \
        .title = heading, .options = table, .count = length, .offset = where                       \
    }
/* clang-format off */
#define MNIST_TRAINING_SECTIONS(where)                                                             \
    MNIST_TRAINING_SECTION("Data", mnist_source_options, SOURCE_OPTIONS,                           \
                           (where) + offsetof(mnist_training_settings, data)),                     \
    MNIST_TRAINING_SECTION("Data", mnist_train_files_options, TRAIN_FILES_OPTIONS,                 \
                           (where) + offsetof(mnist_training_settings, data)),                     \
    MNIST_TRAINING_SECTION("Data", mnist_test_options, TEST_OPTIONS,                               \
                           (where) + offsetof(mnist_training_settings, data)),                     \
    MNIST_TRAINING_SECTION("Data", mnist_train_data_options, TRAIN_DATA_OPTIONS, where),           \
    MNIST_TRAINING_SECTION("Data", mnist_steps_options, STEPS_OPTIONS,                             \
                           (where) + offsetof(mnist_training_settings, steps)),                    \
    MNIST_TRAINING_SECTION("Data", mnist_classes_options, CLASSES_OPTIONS,                         \
                           (where) + offsetof(mnist_training_settings, data)),                     \
    MNIST_TRAINING_SECTION("Data", mnist_label_options, LABEL_OPTIONS,                             \
                           (where) + offsetof(mnist_training_settings, data)),                     \
    MNIST_TRAINING_SECTION("Model", mnist_model_options, MODEL_OPTIONS, where),                    \
    MNIST_TRAINING_SECTION("Optimisation", mnist_optimisation_options, OPTIMISATION_OPTIONS,       \
                           where),                                                                 \
    MNIST_TRAINING_SECTION("Regularisation", mnist_regularisation_options,                         \
                           REGULARISATION_OPTIONS, where),                                         \
    MNIST_TRAINING_SECTION("Compression", mnist_compression_options, COMPRESSION_OPTIONS, where),  \
    MNIST_TRAINING_SECTION("Distillation", mnist_distillation_options, DISTILLATION_OPTIONS,       \
                           where),                                                                 \
    MNIST_TRAINING_SECTION("Course", mnist_course_options, COURSE_OPTIONS, where),                 \
    MNIST_TRAINING_SECTION("Transfer", mnist_transfer_options, TRANSFER_OPTIONS, where)
/* clang-format on */

/* A program of these sections alone, over mnist_training_settings: for reading what a model
 * states. */
extern const mnist_program mnist_training_options;

/* Sets what follows from several settings: defaults that depend on others, lists for all layers. */
void mnist_training_settle(mnist_training_settings *settings, const mnist_parsed *parsed);

/* Checks that no option can make alone; not those of the data (mnist_settings_check_data) and of
 * the course, which each program makes for itself. false: err says what is wrong. */
bool mnist_training_check(const mnist_training_settings *settings, const mnist_parsed *parsed,
                          mnist_error *err);

/* Room for the plain forms of settings that are texts. */
typedef struct mnist_training_texts {
    char augmentation[MNIST_AUGMENTATION_TEXT];
    char pruning[MNIST_PRUNING_TEXT];
    char quantization[MNIST_QUANTIZATION_TEXT];
} mnist_training_texts;

/* Sets config.augmentation from --augment, whose text has been checked, and replaces that and
 * --prune and --quantize by plain forms, without presets, in `texts`: those that a model file states. */
void mnist_training_set_texts(mnist_training_settings *settings, mnist_training_texts *texts);

#endif
