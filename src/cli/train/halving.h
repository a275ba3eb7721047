/* Random search with successive halving (Jamieson & Talwalkar 2016): many candidates are trained
 * for few epochs, the best third of them anew for three times as many, and so on. Brackets of that
 * kind follow one another as long as there is time (Li et al. 2018).
 *
 * Knows neither nets nor settings: a candidate is a number, and somebody else trains it.
 */
#ifndef MNIST_CLI_TRAIN_HALVING_H
#define MNIST_CLI_TRAIN_HALVING_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mnist_score {
    double accuracy, loss; /* of validation images */
} mnist_score;

/* By accuracy, then by loss. */
bool mnist_score_better(mnist_score a, mnist_score b);

#define MNIST_HALVING_FACTOR 3u
#define MNIST_MAX_RUNGS      5u

/* A bracket, if time allows all of it. */
typedef struct mnist_halving_plan {
    unsigned rungs;
    unsigned epochs[MNIST_MAX_RUNGS];     /* rising to the epochs of a whole run */
    unsigned candidates[MNIST_MAX_RUNGS]; /* falling to MNIST_HALVING_FACTOR */
} mnist_halving_plan;

/* epochs >= 1: of the last rung. */
mnist_halving_plan mnist_halving_plan_for(unsigned epochs);

typedef struct mnist_trial {
    uint64_t candidate;     /* from 0 */
    unsigned bracket, rung; /* from 0 */
    unsigned epochs;
} mnist_trial;

typedef enum mnist_trial_end {
    MNIST_TRIAL_DONE,
    MNIST_TRIAL_FAILED,  /* diverged: worse than any score */
    MNIST_TRIAL_REPEATS, /* nothing done: an earlier candidate is the same; in the first rung only
                          */
    MNIST_TRIAL_STOPPED, /* before its end: time is out, or it shall all end */
    MNIST_TRIAL_ERROR    /* it shall all end */
} mnist_trial_end;

typedef struct mnist_objective {
    void *context;
    double (*now)(void *context); /* seconds, not running backwards */
    /* Trains and scores a candidate. *score counts if the trial is DONE. */
    mnist_trial_end (*run)(void *context, const mnist_trial *trial, mnist_score *score);
} mnist_objective;

typedef struct mnist_halving_result {
    bool found; /* a trial was done: best and score are there */
    mnist_trial best;
    mnist_score score;
    uint64_t trials;     /* done or failed */
    uint64_t candidates; /* that differ */
} mnist_halving_result;

/* Until the deadline (of objective's clock), until there is nothing new to try, or until a trial
 * says STOPPED or ERROR: what was the last to say. Bracket sizes follow the time that trials are
 * seen to take: a rung is given an equal part of what is left, or less where a run of each rung
 * would else find no room; and a trial that would not end in time is not begun, but for the first.
 * No memory counts as ERROR. */
mnist_trial_end mnist_halving_run(const mnist_halving_plan *plan, double deadline,
                                  const mnist_objective *objective, mnist_halving_result *result);

#endif
