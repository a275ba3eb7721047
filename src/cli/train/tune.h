/* mnist-train --tune SECONDS: looks for settings that do well on validation images. The test images
 * are not read. */
#ifndef MNIST_CLI_TRAIN_TUNE_H
#define MNIST_CLI_TRAIN_TUNE_H

#include "cli/train/settings.h"

/* The settings of a candidate. Candidate 0 is base itself; in others the options of the search
 * space are drawn anew, except for those that stand on the command line. */
mnist_train_settings mnist_tune_settings(const mnist_train_settings *base,
                                         const mnist_parsed *parsed, uint64_t candidate);

/* Searches and prints the best settings. Returns the exit code. */
int mnist_tune(const mnist_train_settings *settings, const mnist_parsed *parsed);

#endif
