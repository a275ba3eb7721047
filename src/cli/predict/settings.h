/* The settings of mnist-predict. */
#ifndef MNIST_CLI_PREDICT_SETTINGS_H
#define MNIST_CLI_PREDICT_SETTINGS_H

#include "cli/shared/settings.h"

#include <mnist/eval.h>
#include <mnist/image.h>

/* IDX and raw images are taken as they are: for them invert and center count only if they were
 * given (mnist_options_was_given). */
typedef struct mnist_predict_settings {
    mnist_invert invert;
    mnist_center center;
    bool line;    /* each picture is a line of digits */
    bool text;    /* printed as one number; then line is set */
    unsigned top; /* how many digits are printed with their probabilities */
    bool all;     /* print all ten probabilities too */
    bool show;
    const char *class_names;   /* a file with a name for each class; NULL: none */
    mnist_output_settings out; /* quiet is no option here */
} mnist_predict_settings;

/* The defaults. */
mnist_predict_settings mnist_predict_settings_defaults(void);

extern const mnist_program mnist_predict_program; /* operands: MODEL, files */

#endif
