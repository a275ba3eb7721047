/* The files that one call of mnist-train reads and writes. */
#ifndef MNIST_CLI_TRAIN_FILES_H
#define MNIST_CLI_TRAIN_FILES_H

#include "cli/train/session.h"

/* Refuses outputs that would destroy an input or one another (mnist_outputs_check). Looks at the
 * names for every seed, the config file, the checkpoint that is resumed, and the data files, as far
 * as the session has located them. --checkpoint may replace the checkpoint that is resumed. */
mnist_status mnist_train_files_check(const mnist_session *s, mnist_error *err);

/* Tries all outputs but --checkpoint's. */
mnist_status mnist_train_files_try(const mnist_session *s, mnist_error *err);

#endif
