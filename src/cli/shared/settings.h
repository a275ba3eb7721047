/* Settings that several programs have: where the data are, what a result must reach, how it is
 * printed. Each is a part of a program's own settings. */
#ifndef MNIST_CLI_SHARED_SETTINGS_H
#define MNIST_CLI_SHARED_SETTINGS_H

#include "cli/options/options.h"
#include "cli/terminal/color.h"

typedef enum mnist_dataset_choice {
    MNIST_DATASET_MNIST,
    MNIST_DATASET_FASHION,
    MNIST_DATASET_SYNTHETIC,
    MNIST_DATASETS
} mnist_dataset_choice;

/* "mnist", "fashion", "synthetic"; NULL past the end. */
const char *mnist_dataset_choice_name(mnist_dataset_choice dataset);

typedef struct mnist_data_settings {
    mnist_dataset_choice dataset;
    const char *data_dir; /* NULL: search */
    /* NULL: by data_dir or search. Images without labels: a file that holds both. */
    const char *train_images, *train_labels, *test_images, *test_labels;
    size_t synthetic_train, synthetic_test; /* images of the synthetic data set */
    uint64_t seed;                          /* of the synthetic data set */
    bool as_is;                             /* pictures are taken whole, bright is ink */
    unsigned classes;        /* 0: the largest label of the training images says it */
    unsigned label_base;     /* the label of class 0 */
    bool finds_label_base;   /* label_base is found: 1 where no label is 0 */
    const char *class_names; /* a file with a name for each class; NULL: none */
} mnist_data_settings;

typedef struct mnist_gate_settings {
    double min_accuracy; /* in (0, 1]; 0: no gate */
    double max_loss;     /* > 0; 0: no gate */
} mnist_gate_settings;

typedef struct mnist_output_settings {
    bool json;
    bool quiet;
    mnist_color_mode color;
} mnist_output_settings;

#endif
