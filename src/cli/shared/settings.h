/* What the programs can be told: settings, their defaults, the option tables, and the checks across
 * options. Parts that several programs share are structs of their own. */
#ifndef MNIST_CLI_SHARED_SETTINGS_H
#define MNIST_CLI_SHARED_SETTINGS_H

#include "cli/options/options.h"
#include "cli/terminal/progress.h"

#include <mnist/bench.h>
#include <mnist/data.h>
#include <mnist/image.h>
#include <mnist/nn.h>
#include <mnist/train.h>

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
    /* NULL: by data_dir or search. Both or neither of each pair. */
    const char *train_images, *train_labels, *test_images, *test_labels;
    size_t synthetic_train, synthetic_test; /* images of the synthetic data set */
    uint64_t seed;                          /* of the synthetic data set */
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

/* In --output and --report it stands for each run's seed. */
#define MNIST_SEED_MARK "{seed}"

typedef struct mnist_train_settings {
    mnist_data_settings data;
    size_t limit;          /* use only the first so many training images; 0: all */
    mnist_share val_split; /* off the end of the training images (those that limit leaves) */
    mnist_normalization_kind normalize;
    mnist_widths hidden;
    mnist_activation activation;
    mnist_init init;
    mnist_rates dropout;      /* goes to train.regularization, for each layer, once all is read */
    const char *augment;      /* text of train.augmentation; NULL: none */
    mnist_train_config train; /* its seed is that of --seed, for the weights too */
    unsigned threads;         /* 0: mnist_cpu_count() */
    unsigned runs;
    unsigned ensemble;   /* members of a committee; 0: none is asked for */
    double tune_seconds; /* > 0; 0: --tune is not given */
    bool dry_run;
    const char *preview; /* picture of the training images; then nothing is trained. NULL: none */
    const char *output;  /* model file, maybe with MNIST_SEED_MARK; NULL: none */
    const char *log;     /* NULL: none */
    const char *report;  /* HTML page, maybe with MNIST_SEED_MARK; NULL: none */
    uint64_t log_every;  /* steps; 0: epochs only */
    const char *checkpoint;          /* NULL: none */
    mnist_interval checkpoint_every; /* not said: every epoch */
    const char *resume;              /* the checkpoint to go on from; NULL: from the beginning */
    const struct mnist_resumption
        *resumed; /* what is in it, see cli/train/resume.h; NULL as resume */
    mnist_gate_settings gate;
    mnist_output_settings out;
    bool verbose;
    mnist_progress_mode progress; /* NONE if out.quiet: see mnist_train_progress_mode */
} mnist_train_settings;

/* In mnist-eval, data options that were not given (mnist_options_was_given) say nothing: the model
 * file tells what it was trained on. */
typedef struct mnist_eval_settings {
    mnist_data_settings data;
    unsigned threads; /* 0: mnist_cpu_count() */
    unsigned tta; /* versions of each image that are averaged over, itself counted in; 1: no more */
    const char *augment;     /* how the others are distorted; NULL: as the model was trained */
    uint64_t seed;           /* of their distortions, and of the resamples of a comparison */
    const char *temperature; /* "fit", or a number (mnist_eval_temperature); NULL: as they are */
    mnist_share val_split;   /* of the training images: where a temperature is fitted, if told */
    mnist_gate_settings gate;
    const char *baseline; /* an earlier evaluation to compare with; NULL: none */
    double tolerance;     /* by how much the accuracy may fall below it */
    bool confusion, metrics, calibration;
    size_t worst; /* errors to show */
    bool curves;
    const char *predictions; /* file for all probabilities; NULL: none */
    const char *report;      /* HTML page; NULL: none */
    const char *log;         /* of the training, for the page; NULL: none */
    bool csv;
    mnist_output_settings out;
} mnist_eval_settings;

typedef struct mnist_bench_settings {
    mnist_data_settings data; /* data_dir without a data set given stands for MNIST there */
    mnist_bench_config bench; /* its runs, threads and filter are options; --quick sets the rest */
    bool quick;
    mnist_output_settings out;
} mnist_bench_settings;

/* Of IDX and raw images, center and invert that were not given (mnist_options_was_given) say
 * nothing: they are taken as they are. */
typedef struct mnist_predict_settings {
    mnist_invert invert;
    mnist_center center;
    bool line;    /* each picture is a line of digits */
    bool text;    /* printed as one number; then line is set */
    unsigned top; /* how many digits are printed with their probabilities */
    bool all;     /* and all ten probabilities */
    bool show;
    mnist_output_settings out; /* quiet is no option here */
} mnist_predict_settings;

/* Everything that holds when nothing is said. Those of training itself are the library's
 * mnist_train_defaults, those of benchmarks mnist_bench_defaults. */
mnist_train_settings mnist_train_settings_defaults(void);
mnist_eval_settings mnist_eval_settings_defaults(void);
mnist_bench_settings mnist_bench_settings_defaults(void);
mnist_predict_settings mnist_predict_settings_defaults(void);

extern const mnist_program mnist_train_program; /* over mnist_train_settings */
extern const mnist_program mnist_eval_program;  /* over mnist_eval_settings; operand: MODEL */
extern const mnist_program mnist_bench_program; /* over mnist_bench_settings */
/* over mnist_predict_settings; operands: MODEL, files */
extern const mnist_program mnist_predict_program;

/* What mnist-eval's parser cannot judge as long as it does not know the data set: to be called once
 * the model has told it. false: err says what on the command line does not go with it. */
bool mnist_eval_check_data(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                           mnist_error *err);

/* What --temperature says, which is not NULL and has been checked: 0 stands for "fit". */
double mnist_eval_temperature(const mnist_eval_settings *settings);

/* Sets train.augmentation by --augment, whose text mnist_train_program has checked, and puts in its
 * place the text without presets, in `text`: what a model file is to say. */
void mnist_train_set_augmentation(mnist_train_settings *settings,
                                  char text[MNIST_AUGMENTATION_TEXT]);

/* The progress that --progress and --quiet together ask for. */
mnist_progress_mode mnist_train_progress_mode(const mnist_train_settings *settings);

#endif
