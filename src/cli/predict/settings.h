/* What mnist-predict can be told. */
#ifndef MNIST_CLI_PREDICT_SETTINGS_H
#define MNIST_CLI_PREDICT_SETTINGS_H

#include "cli/shared/settings.h"

#include <mnist/eval.h>
#include <mnist/image.h>

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

/* Everything that holds when nothing is said. */
mnist_predict_settings mnist_predict_settings_defaults(void);

extern const mnist_program mnist_predict_program; /* operands: MODEL, files */

#endif
