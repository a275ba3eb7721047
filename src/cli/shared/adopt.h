/* What a model file says of the options that it was trained with, for programs that read models. It
 * is input like any other: only the options named here are read, each with the checks of a command
 * line. None of them is a path, so that a model decides neither what is read nor what is
 * written. */
#ifndef MNIST_CLI_SHARED_ADOPT_H
#define MNIST_CLI_SHARED_ADOPT_H

#include "cli/shared/training.h"

enum { MNIST_ADOPTED = 3 };
/* The first names the data set; the others count for the synthetic one alone. */
extern const char *const mnist_adopted[MNIST_ADOPTED];

/* The most bytes of text, which bounds the memory that it takes as JSON: some 6 MB. */
#define MNIST_ADOPT_LIMIT ((size_t)1 << 16)

/* The most synthetic images that a model or a checkpoint gets without the command line asking for
 * them: a file must not decide how much memory is taken. */
#define MNIST_ADOPT_IMAGES 1000000u

/* text: the model's "options", or NULL, which gives NULL. *options is to be released with
 * json_decref, and NULL on failure. path: for messages. false: no JSON object, or too long. */
bool mnist_adopt_parse(const char *text, const char *path, json_t **options, mnist_error *err);

/* Sets those of the `count` named options of a training that the model states. options may be NULL.
 * false: a value that its option would refuse. */
bool mnist_adopt_training(const json_t *options, const char *path, const char *const names[],
                          size_t count, mnist_training_settings *told, mnist_error *err);

/* Sets the options of mnist_adopted that were not given, in the settings of parsed->program; data
 * is the part of them that this changes. options may be NULL. false: a value that its option would
 * refuse, or more synthetic images than a model may ask for. */
bool mnist_adopt_data(const json_t *options, const char *path, const mnist_parsed *parsed,
                      void *settings, const mnist_data_settings *data, mnist_error *err);

/* How the model's training images were distorted: by `given` if that is not NULL, else by what the
 * model states, else not at all. */
bool mnist_adopt_augmentation(const json_t *options, const char *path, const char *given,
                              mnist_augmentation *out, mnist_error *err);

#endif
