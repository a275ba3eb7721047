/* What the parts of mnist-train share: the data, the team and the outputs of one call. */
#ifndef MNIST_CLI_TRAIN_SESSION_H
#define MNIST_CLI_TRAIN_SESSION_H

#include "cli/train/epochs.h"
#include "cli/terminal/progress.h"
#include "cli/train/settings.h"
#include "cli/shared/notes.h"
#include "cli/shared/teachers.h"
#include "cli/shared/source.h"
#include "cli/shared/labels.h"

#include <mnist/mnist.h>

/* What all runs of one call share. */
typedef struct mnist_session {
    const char *program; /* as it was called */
    const mnist_train_settings *settings;
    mnist_data_settings *data; /* the settings' own, in which a label base that is found is noted */
    const char *config_path;   /* of --config; NULL: none */
    bool limit_is_zero;        /* --limit 0 was given on the command line */
    mnist_source source;
    mnist_view train, validation, test;
    mnist_dataset *kept; /* with --omit-class or --per-class: what train views; else NULL */
    size_t omitted;      /* training images that --omit-class leaves out */
    mnist_steps steps;   /* that all images have gone through */
    unsigned classes;
    mnist_labels *labels; /* what they are called; owned */
    mnist_normalization normalization;
    mnist_teachers teachers;
    mnist_data_digests train_digests, test_digests; /* of the whole files; "" until needed */
    mnist_pool *pool;
    mnist_log *log;
    bool log_failed, save_failed, checkpoint_failed; /* exit code 1 in the end */
    int checkpoint_pipe; /* if --checkpoint is a pipe: open for writing until the end; else -1 */
    mnist_progress progress;
    mnist_notes notes;
    unsigned stored_largest; /* with --max-pixel: the largest pixel before it, if not above 127 all
                              * images were looked at; else 0 */
    bool looks_wrong;        /* something was noted of the training images' pixels */
    int farewell;            /* exit code where a signal has ended a training */
} mnist_session;

/* The result of one seed. */
typedef struct mnist_run_result {
    uint64_t seed;
    mnist_evaluation test;
    double seconds; /* training and testing, data in memory */
    char *output;   /* the model's file; NULL: none asked for; owned */
    bool save_failed;
    char digest[MNIST_DIGEST_TEXT];
    mnist_bias_shift shift; /* with --calibrate-bias */
    mnist_epochs *epochs;   /* NULL unless wanted, by --json, the page or checkpoints */
    mnist_train_end end;
    unsigned last_epoch;   /* the last that was begun */
    uint64_t step, steps;  /* steps done, and of all epochs asked for */
    unsigned kept_epoch;   /* the epoch whose weights were tested */
    double kept_loss;      /* its validation loss; only with --keep best */
    double largest_loss;   /* of all epochs, the largest mean training loss */
    double train_accuracy; /* of the last epoch, while it was trained */
} mnist_run_result;

/* Reads or makes the images, and puts them through the steps that the settings have. Errors: as
 * mnist_source_load. */
mnist_status mnist_session_load(mnist_session *s, unsigned wanted, mnist_error *err);
/* How many classes there are, from the images that were read, and what they are called: as
 * --class-names has it, or the checkpoint or the model that the training begins with. Errors: of
 * mnist_labels_load; MNIST_ERR_ARGUMENT (another number of names, a net of another number of
 * outputs); MNIST_ERR_MEMORY. */
mnist_status mnist_session_take_labels(mnist_session *s, mnist_error *err);

/* Divides the images: train and validation, of the training images as limit, val_split and omitted
 * say, the normalisation that train gives, and test, if that was read. MNIST_ERR_ARGUMENT where no
 * image is left. */
mnist_status mnist_session_split(mnist_session *s, mnist_error *err);

/* A net as the settings have it, with its initial weights: drawn, or a model's. */
mnist_status mnist_session_net(const mnist_session *s, const mnist_train_settings *settings,
                               uint64_t seed, mnist_mlp **mlp, mnist_error *err);

void mnist_session_close(mnist_session *s);

/* How many nets a call trains: its runs, or the members of its committee. */
unsigned mnist_session_runs(const mnist_train_settings *settings);

/* The file name for a seed: the pattern with every {seed} replaced. *name is to be freed; NULL
 * where pattern is NULL. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_session_file(const char *pattern, uint64_t seed, char **name, mnist_error *err);

#endif
