/* Random search with successive halving (Jamieson & Talwalkar 2016): many candidates are trained
 * for few epochs, the best third of them anew for three times as many, and so on. Such brackets
 * follow one another as long as there is time (Li et al. 2018). Nets and settings are not known
 * here: a candidate is a number, which the caller's function trains. */
#ifndef MNIST_CLI_TRAIN_HALVING_H
#define MNIST_CLI_TRAIN_HALVING_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mnist_score {
    double accuracy, loss; /* of validation images */
} mnist_score;

/* Is a better than b? By accuracy, then by loss. */
bool mnist_score_better(mnist_score a, mnist_score b);

#define MNIST_HALVING_FACTOR 3u
#define MNIST_MAX_RUNGS      5u

/* A bracket's rungs, where time allows all of it. */
typedef struct mnist_halving_plan {
    unsigned rungs;
    unsigned epochs[MNIST_MAX_RUNGS];     /* rising to the epochs of a whole run */
    unsigned candidates[MNIST_MAX_RUNGS]; /* falling to MNIST_HALVING_FACTOR */
} mnist_halving_plan;

/* epochs >= 1: those of the last rung. */
mnist_halving_plan mnist_halving_plan_for(unsigned epochs);

typedef struct mnist_trial {
    uint64_t candidate;     /* from 0 */
    unsigned bracket, rung; /* from 0 */
    unsigned epochs;
} mnist_trial;

typedef enum mnist_trial_end {
    MNIST_TRIAL_DONE,
    MNIST_TRIAL_FAILED,  /* diverged: worse than any score */
    MNIST_TRIAL_REPEATS, /* not trained, an earlier candidate being the same; first rung only */
    MNIST_TRIAL_STOPPED, /* ended early: time is up, or the search is to end */
    MNIST_TRIAL_ERROR    /* the search is to end with this error */
} mnist_trial_end;

typedef struct mnist_objective {
    void *context;
    double (*now)(void *context); /* seconds, not running backwards */
    /* Trains and scores a candidate. *score counts if the trial is DONE. */
    mnist_trial_end (*run)(void *context, const mnist_trial *trial, mnist_score *score);
} mnist_objective;

typedef struct mnist_halving_result {
    bool found; /* a trial was DONE: best and score hold the best one */
    mnist_trial best;
    mnist_score score;
    uint64_t trials;     /* done or failed */
    uint64_t candidates; /* different ones among them */
} mnist_halving_result;

/* Runs until the deadline (of objective's clock), until there is nothing new to try, or until a
 * trial returns STOPPED or ERROR; returns what the last trial did. Bracket sizes follow the time
 * that trials take: a rung gets an equal part of the time left, or less if a run of each higher
 * rung would otherwise not fit; and except for the first, a trial that would not end in time is not
 * begun. If memory is short, ERROR. */
mnist_trial_end mnist_halving_run(const mnist_halving_plan *plan, double deadline,
                                  const mnist_objective *objective, mnist_halving_result *result);

#endif
