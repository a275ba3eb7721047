/* --min-accuracy and --max-loss: what a result must reach. */
#ifndef MNIST_CLI_SHARED_GATE_H
#define MNIST_CLI_SHARED_GATE_H

#include "cli/shared/settings.h"

/* {"min_accuracy", "max_loss", "passed"}, null where no gate is set; NULL if memory is short. */
json_t *mnist_gate_json(const mnist_gate_settings *gate, double accuracy, double loss);

/* Does the result pass? If not, says why on stderr, after the program's name. */
bool mnist_gate_check(const char *program, const mnist_gate_settings *gate, double accuracy,
                      double loss);

#endif
