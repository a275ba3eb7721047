/* What mnist-eval can be told. */
#ifndef MNIST_CLI_EVAL_SETTINGS_H
#define MNIST_CLI_EVAL_SETTINGS_H

#include "cli/shared/settings.h"
#include "cli/shared/steps.h"

/* In mnist-eval, data options that were not given (mnist_options_was_given) say nothing: the model
 * file tells what it was trained on. */
typedef struct mnist_eval_settings {
    mnist_data_settings data;
    mnist_steps_settings steps; /* of the images, before those that the model states */
    unsigned threads;           /* 0: mnist_cpu_count() */
    unsigned tta; /* versions of each image that are averaged over, itself counted in; 1: no more */
    const char *augment;     /* how the others are distorted; NULL: as the model was trained */
    uint64_t seed;           /* of their distortions, and of the resamples of a comparison */
    const char *temperature; /* "fit", or a number as text; NULL: logits stay as they are */
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

/* The settings of a command line without options. */
mnist_eval_settings mnist_eval_settings_defaults(void);

extern const mnist_program mnist_eval_program; /* operands: MODEL... */

/* What mnist-eval's parser cannot judge as long as it does not know the data set: to be called once
 * the model has told it. false: err says what on the command line does not go with it. */
bool mnist_eval_check_data(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                           mnist_error *err);

/* What --temperature says, which is not NULL and has been checked: 0 stands for "fit". */
double mnist_eval_temperature_told(const mnist_eval_settings *settings);
/* Whether that is to be fitted: training images are then read too. */
bool mnist_eval_fits_temperature(const mnist_eval_settings *settings);

/* Whether more is asked for than there can be where a probability is no number. */
bool mnist_eval_needs_numbers(const mnist_eval_settings *settings);

#endif
