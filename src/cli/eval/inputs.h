/* Second stage of mnist-eval: all that it reads beside the models. The stage is taken in steps, in
 * the order below, so that of several mistakes the one is told that takes least to find. All later
 * stages take this as const. */
#ifndef MNIST_CLI_EVAL_INPUTS_H
#define MNIST_CLI_EVAL_INPUTS_H

#include "cli/eval/course.h"
#include "cli/eval/models.h"
#include "cli/shared/source.h"

/* Starts as zeros; owns all but the views, which are parts of source. */
typedef struct mnist_eval_inputs {
    json_t *baseline; /* of --baseline; NULL: none */
    mnist_eval_course
        course; /* of --log: of the first model's training, whose weights a page shows */
    mnist_source source;
    mnist_view test;
    mnist_data_digests digests; /* of test */
    mnist_view held_out;        /* what --temperature fit goes by; of 0 images without it */
} mnist_eval_inputs;

/* Each step: false: err says what, and mnist_eval_inputs_free is due. */

/* --baseline, before the models. Errors: of mnist_baseline_read. */
bool mnist_eval_inputs_read_baseline(mnist_eval_inputs *inputs, const mnist_eval_settings *settings,
                                     mnist_error *err);
/* --log. Errors: of mnist_course_plan_read and mnist_eval_course_read. */
bool mnist_eval_inputs_read_course(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                                   mnist_error *err);
/* Finds the data, and sees to it that no output destroys an input. Errors: of
 * mnist_eval_files_locate. */
bool mnist_eval_inputs_locate(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                              const mnist_parsed *parsed, mnist_error *err);
/* Reads or makes them. Errors: of mnist_source_load. */
bool mnist_eval_inputs_load(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                            mnist_error *err);
/* For --temperature fit: the training images that all models were validated on. Errors:
 * MNIST_ERR_ARGUMENT: they are not known, or not the same for all. */
bool mnist_eval_inputs_hold_out(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                                mnist_error *err);

void mnist_eval_inputs_free(mnist_eval_inputs *inputs);

#endif
