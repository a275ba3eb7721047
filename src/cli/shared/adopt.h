/* What a model file says of the options it was trained with, taken over by programs that read models.
 * It is input like any other: the options below are looked at and no others, each with the checks of
 * a command line. None of them is a path: a model decides neither what is read nor what is written. */
#ifndef MNIST_CLI_SHARED_ADOPT_H
#define MNIST_CLI_SHARED_ADOPT_H

#include "cli/shared/training.h"

enum { MNIST_ADOPTED = 3 };
/* The first says whose data; the others count for the synthetic set alone. */
extern const char *const mnist_adopted[MNIST_ADOPTED];

/* The most bytes of text, which bounds the memory that it takes as JSON: some 6 MB. */
#define MNIST_ADOPT_LIMIT ((size_t)1 << 16)

/* A file's word, a model's or a checkpoint's, is enough for so many synthetic images: it must not
 * decide how much memory is taken. */
#define MNIST_ADOPT_IMAGES 1000000u

/* text: the model's "options", or NULL, which gives NULL. *options is to be released with
 * json_decref, and NULL on failure. path: for messages. false: no JSON object, or too long. */
bool mnist_adopt_parse(const char *text, const char *path, json_t **options, mnist_error *err);

/* Sets `count` options of a training, those of them that the model states. options may be NULL.
 * false: a value that its option would refuse. */
bool mnist_adopt_training(const json_t *options, const char *path, const char *const names[],
                          size_t count, mnist_training_settings *told, mnist_error *err);

/* Sets what the command line has not said about the data, in the settings of parsed->program, of which
 * data are a part. options may be NULL. false: a value that its option would refuse, or more
 * synthetic images than a model may ask for. */
bool mnist_adopt_data(const json_t *options, const char *path, const mnist_parsed *parsed,
                      void *settings, const mnist_data_settings *data, mnist_error *err);

/* How the model's images were distorted; given, if not NULL, says it instead. None where nobody
 * says. */
bool mnist_adopt_augmentation(const json_t *options, const char *path, const char *given,
                              mnist_augmentation *out, mnist_error *err);

#endif
