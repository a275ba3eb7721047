/* Checks of what a training was given. */
#ifndef MNIST_TRAIN_CONFIG_H
#define MNIST_TRAIN_CONFIG_H

#include <mnist/train.h>

#define MNIST_PRUNE_MOST_GROUP 64u /* inputs that are pruned together (N_OF_M) */

/* Errors: MNIST_ERR_ARGUMENT (which field, its range). */
mnist_status mnist_pruning_check(const mnist_pruning *pruning, mnist_error *err);

mnist_status mnist_quantization_check(const mnist_quantization *quantization, mnist_error *err);

/* Where it begins if nothing is said. */
float mnist_quantization_start(const mnist_quantization *quantization);

/* Config, views, net and teachers of a job with its defaults filled in. Errors: MNIST_ERR_ARGUMENT,
 * MNIST_ERR_MISMATCH. */
mnist_status mnist_train_check(const mnist_train_job *job, mnist_error *err);

/* Has the job teachers that count? */
bool mnist_train_is_taught(const mnist_train_job *job);

#endif
