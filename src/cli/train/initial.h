/* --init-from: the model that a training begins with. */
#ifndef MNIST_CLI_TRAIN_INITIAL_H
#define MNIST_CLI_TRAIN_INITIAL_H

#include "cli/train/settings.h"

#include <mnist/mnist.h>

/* What a training takes from a model. A training that goes on from a checkpoint has its weights
 * there, and of the model only what else is needed until the end. */
typedef struct mnist_initial {
    mnist_model *model;                /* NULL: goes on from a checkpoint */
    char digest[MNIST_DIGEST_TEXT];    /* of the model's file */
    bool keeps_normalization;          /* else it is fitted to the data, as for other trainings */
    mnist_normalization normalization; /* that is kept */
} mnist_initial;

/* adopt of mnist_train_program (cli/options/options.h), without --resume: reads the model of
 * --init-from, and takes over its layers and activation, and its normalisation unless that is
 * given. What is given otherwise than the model has it is refused. */
bool mnist_initial_adopt(void *settings, mnist_parsed *parsed, mnist_error *err);

/* That the net that is begun with has so many outputs, unless its last layer is left out.
 * MNIST_ERR_ARGUMENT. */
mnist_status mnist_initial_check(const mnist_train_settings *settings, unsigned classes,
                                 mnist_error *err);

/* Copies the model's weights into a net of that shape, those of the last layer only if they are to
 * be taken. MNIST_ERR_MISMATCH: the images have another number of pixels than the model's. */
mnist_status mnist_initial_copy(const mnist_train_settings *settings, mnist_mlp *mlp,
                                mnist_error *err);

/* What a checkpoint keeps of it, with the normalisation of the training: "DIGEST MEAN STDDEV". */
#define MNIST_INITIAL_TEXT (MNIST_DIGEST_TEXT + 2 * MNIST_REAL_TEXT + 2)
void mnist_initial_print(const mnist_initial *initial, const mnist_normalization *normalization,
                         char text[MNIST_INITIAL_TEXT]);

/* Reads that back, trusting nothing; the normalisation's kind is the settings'. false: it is not of
 * this form. */
bool mnist_initial_parse(mnist_initial *initial, const char *text);

#endif
