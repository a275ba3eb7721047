/* --resume: reads a checkpoint, and lets the command line change what may be changed in its
 * settings. */
#ifndef MNIST_CLI_TRAIN_RESUME_H
#define MNIST_CLI_TRAIN_RESUME_H

#include "cli/train/epochs.h"
#include "cli/train/initial.h"
#include "cli/train/settings.h"

#include <mnist/mnist.h>

/* Keys of a checkpoint's metadata, beside the format's own. */
#define MNIST_KEY_CONFIG  "config"    /* as --print-config has it */
#define MNIST_KEY_LOG     "log"       /* "none", "lost" (a write failed), or "BYTES CRC32" */
#define MNIST_KEY_INITIAL "init_from" /* of a training with --init-from: mnist_initial_print */
/* Digests of the whole files: */
#define MNIST_KEY_TRAIN_IMAGES "train_images_sha256"
#define MNIST_KEY_TRAIN_LABELS "train_labels_sha256"
#define MNIST_KEY_TEST_IMAGES  "test_images_sha256"
#define MNIST_KEY_TEST_LABELS  "test_labels_sha256"
/* Digests of the teachers' files, commas between, where there are any: in a model too. */
#define MNIST_KEY_TEACHERS "teachers_sha256"

/* What a checkpoint holds, checked as far as is possible without the data. */
typedef struct mnist_resumption {
    const char *path; /* as it was given */
    mnist_checkpoint *checkpoint;
    mnist_snapshot snapshot; /* lies in the checkpoint's memory; the epochs are taken out */
    mnist_train_position position;
    json_t *config;       /* the settings' strings point into it */
    mnist_epochs *epochs; /* the epochs that are over */
    unsigned planned;     /* how many epochs were asked for */
    bool has_initial;     /* the training began with a model */
    mnist_initial initial;
    bool has_log, log_lost;
    mnist_log_position log;
} mnist_resumption;

/* adopt of mnist_train_program (cli/options/options.h), with --resume: settings become
 * those of the checkpoint, except for what may be changed: more epochs, what changes no result, and
 * where files are. If the command line, a config file or a recipe sets anything else to another
 * value, it is refused. */
bool mnist_resume_adopt(void *settings, mnist_parsed *parsed, mnist_error *err);
void mnist_resume_release(void *resumption);

/* Does the file hold the weights of the net that its settings describe? Asked before memory is
 * taken for the net, so that this is at most a multiple of the file's size. inputs and classes: of
 * the net, or 0 while they are not known. false: MNIST_ERR_FORMAT. */
bool mnist_resume_check_net(const mnist_resumption *resumption, const mnist_widths *hidden,
                            size_t inputs, unsigned classes, mnist_error *err);

/* Are these the data that the training began with? MNIST_ERR_MISMATCH names the first that are
 * not. */
mnist_status mnist_resume_check_data(const mnist_resumption *resumption,
                                     const mnist_data_digests *train,
                                     const mnist_data_digests *test, mnist_error *err);

/* Are these the teachers that the training began with? digests: as in the metadata; NULL: none.
 * MNIST_ERR_MISMATCH. */
mnist_status mnist_resume_check_teachers(const mnist_resumption *resumption, const char *digests,
                                         mnist_error *err);

#endif
