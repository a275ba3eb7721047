/* What mnist-train says about its runs: lines, JSON documents, the plan of --dry-run. */
#ifndef MNIST_CLI_TRAIN_SAY_H
#define MNIST_CLI_TRAIN_SAY_H

#include "cli/train/session.h"

/* The results of all seeds of one call. */
typedef struct mnist_run_results {
    const mnist_run_result *runs; /* in the order of their seeds */
    unsigned count;               /* >= 1 */
    bool is_committee;
    mnist_evaluation committee; /* of all nets as one */
    double seconds;             /* of all runs; set for a committee */
    size_t parameters;          /* of one net */
} mnist_run_results;

/* The net and the data, on stderr. */
void mnist_train_say_start(mnist_session *s, size_t parameters);

/* On stderr: why training ended before its last epoch, if it did, and with --keep best which epoch
 * was kept. */
void mnist_train_say_course(mnist_session *s, const mnist_run_result *result);

/* A run's line as soon as it has ended; with --json nothing. */
void mnist_train_say_run(const mnist_session *s, const mnist_run_result *result);

/* Prints what is left when all runs have ended, and checks the gate. Returns the exit code. */
int mnist_train_say_results(const char *program, const mnist_session *s,
                            const mnist_run_results *results);

/* {"train", "validation", "test"}, the last only where the test images were read. */
json_t *mnist_train_data_json(const mnist_session *s);

/* Prints what --dry-run finds out, in the form of the result line. Returns the exit code. */
int mnist_train_say_plan(const char *program, const mnist_session *s, size_t parameters);

#endif
