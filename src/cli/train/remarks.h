/* What mnist-train remarks on data and on nets that look wrong. Of ordinary data and trainings nothing
 * is said. */
#ifndef MNIST_CLI_TRAIN_REMARKS_H
#define MNIST_CLI_TRAIN_REMARKS_H

#include "cli/train/session.h"

/* On images that are bright or of another range than 0 to 255, and on test images that are trained on:
 * of a session whose images have been divided. */
void mnist_remark_data(mnist_session *s);

/* On a net that has been tested, where it is at chance. Errors: MNIST_ERR_DIVERGED, where the training
 * had exploded (mnist_has_exploded). */
mnist_status mnist_remark_result(mnist_session *s, mnist_mlp *mlp, const mnist_run_result *result,
                                 mnist_error *err);

#endif
