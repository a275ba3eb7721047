/* The steps from stored pixels to inputs (mnist/steps.h) as options of programs, and the data sets that
 * go through them. */
#ifndef MNIST_CLI_SHARED_STEPS_H
#define MNIST_CLI_SHARED_STEPS_H

#include "cli/shared/source.h"

#include <mnist/mnist.h>

/* Each option is a step, which is applied in the order of mnist_step_kind. */
typedef struct mnist_steps_settings {
    unsigned max_pixel; /* 0: not given */
    bool invert, transpose;
} mnist_steps_settings;

/* Over mnist_steps_settings: */
enum { STEPS_OPTIONS = 3 };
extern const mnist_option mnist_steps_options[];

mnist_steps mnist_steps_of_settings(const mnist_steps_settings *settings);

/* Takes over the steps of a model, save those whose option the user has given; the program's table has
 * the options. */
void mnist_steps_adopt(mnist_steps_settings *settings, const mnist_steps *steps,
                       const mnist_parsed *parsed);

/* Puts the images that were read through the steps. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_source_apply_steps(mnist_source *source, const mnist_steps *steps,
                                      mnist_error *err);

/* "invert,transpose", or "none": for messages. */
void mnist_steps_describe(const mnist_steps *steps, char text[MNIST_STEPS_TEXT]);

#endif
