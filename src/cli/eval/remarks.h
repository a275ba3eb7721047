/* What mnist-eval remarks on: images that are not those that a model was tested on, or are those that it
 * was trained on, and images that are stored otherwise than a model needs them. */
#ifndef MNIST_CLI_EVAL_REMARKS_H
#define MNIST_CLI_EVAL_REMARKS_H

#include "cli/eval/inputs.h"
#include "cli/eval/measure.h"
#include "cli/shared/notes.h"

void mnist_eval_remark(mnist_notes *notes, const mnist_eval_models *models,
                       const mnist_eval_inputs *inputs, const mnist_eval_measurement *test,
                       mnist_pool *pool);

#endif
