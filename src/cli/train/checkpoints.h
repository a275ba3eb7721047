/* A training's checkpoints: when they are due, what goes into them, and what is said when a signal
 * ends it. */
#ifndef MNIST_CLI_TRAIN_CHECKPOINTS_H
#define MNIST_CLI_TRAIN_CHECKPOINTS_H

#include "cli/train/resume.h"
#include "cli/train/session.h"

/* The checkpoints of one training. The fields are checkpoints.c's own. */
typedef struct mnist_keeper {
    mnist_session *session;
    const mnist_run_result *result;
    double last_time;   /* when a checkpoint was last tried, or the training began */
    uint64_t kept_step; /* the step that the file holds; with kept_epochs 0 and this 0: none yet */
    unsigned kept_epochs; /* whole epochs that it holds */
    bool kept;
    /* Where the training is: for messages. */
    unsigned epoch;
    uint64_t step, steps;
} mnist_keeper;

/* result: its epochs go into the file; it is filled as the training goes on. */
void mnist_keeper_start(mnist_keeper *keeper, mnist_session *session,
                        const mnist_run_result *result);

/* To be called after each step and each epoch, once they are logged: writes the checkpoint that is
 * due and answers SIGUSR1. A checkpoint that cannot be written is reported, and the training goes
 * on. false: a signal ends the training; a checkpoint was written if possible. */
bool mnist_keeper_step(mnist_keeper *keeper, const mnist_step_stats *stats);
bool mnist_keeper_epoch(mnist_keeper *keeper, const mnist_epoch_stats *stats);

/* Says on stderr where the signal has ended the training and how to resume it. Returns the exit
 * code. */
int mnist_keeper_farewell(const mnist_keeper *keeper);

/* Checks all about checkpoints that can fail before the first step: that they can be written and,
 * with --resume, that the data are the same, that the training can go on from there, and that its
 * log, which is not touched, is the one that it wrote. Digests and pool must be there. */
mnist_status mnist_checkpoints_check(mnist_session *session, mnist_error *err);

/* Quotes text for a shell, where it needs it. The room is enough for the longest path. */
#define MNIST_SHELL_TEXT 16400
void mnist_shell_quote(const char *text, char quoted[MNIST_SHELL_TEXT]);

#endif
