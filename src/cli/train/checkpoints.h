/* A training's checkpoints: when they are due, what goes into them, and what is said when a signal
 * ends it. */
#ifndef MNIST_CLI_TRAIN_CHECKPOINTS_H
#define MNIST_CLI_TRAIN_CHECKPOINTS_H

#include "cli/train/resume.h"
#include "cli/train/session.h"

/* Of one training. The fields are checkpoints.c's own. */
typedef struct mnist_keeper {
    mnist_session *session;
    const mnist_run_result *result;
    double last_time;     /* of a checkpoint, or of the beginning */
    uint64_t kept_step;   /* that the file holds; with kept_epochs 0 and this 0: none yet */
    unsigned kept_epochs; /* whole ones */
    bool kept;
    /* Where it ended, if a signal did that. */
    unsigned epoch;
    uint64_t step, steps;
} mnist_keeper;

/* result: whose epochs go into the file; it is filled as the training goes on. */
void mnist_keeper_start(mnist_keeper *keeper, mnist_session *session,
                        const mnist_run_result *result);

/* After each step and each epoch, once they are logged: writes what is due, answers SIGUSR1. A
 * checkpoint that cannot be written is reported, and the training goes on. false: a signal ends it,
 * and it has been kept, if it could be. */
bool mnist_keeper_step(mnist_keeper *keeper, const mnist_step_stats *stats);
bool mnist_keeper_epoch(mnist_keeper *keeper, const mnist_epoch_stats *stats);

/* Says on stderr where the signal has ended it and how to go on; the exit code. */
int mnist_keeper_farewell(const mnist_keeper *keeper);

/* Everything about checkpoints that can fail before the first step: that they can be written, and,
 * with --resume, that the data are the same and that the training can go on from there; whose log
 * is looked at, not touched. Digests and pool must be there. */
mnist_status mnist_checkpoints_check(mnist_session *session, mnist_error *err);

/* text for a shell: as it is, or quoted. The room is for the longest name. */
#define MNIST_SHELL_TEXT 16400
void mnist_shell_quote(const char *text, char quoted[MNIST_SHELL_TEXT]);

#endif
