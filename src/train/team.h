/* How many workers a step gets: all of them or, where that is faster, one.
 *
 * Workers meet several times a step. Between cores that share no cache, or with another process on
 * one of the CPUs, a small net's step can cost more in waiting than a second worker saves; and that
 * changes while a training runs. So from time to time some steps are timed both ways. No result
 * depends on it: none depends on the number of workers. The clock is the caller's; so the choice
 * can be tested without one. */
#ifndef MNIST_TRAIN_TEAM_H
#define MNIST_TRAIN_TEAM_H

#include <stdbool.h>
#include <stdint.h>

/* Between so many steps done the better way comes a trial of either way: some steps to warm up, and
 * some that count. A trial of one way is cut short once it has taken so long. */
#define TEAM_PERIOD  4096u
#define TEAM_WARM_UP 8u
#define TEAM_STEPS   32u
#define TEAM_SECONDS 0.02

typedef struct mnist_team {
    bool fixed;        /* always all workers */
    bool alone;        /* what the last trial said */
    unsigned phase;    /* 0: trial of all; 1: trial of one; 2: what is best */
    unsigned in_phase; /* steps so far */
    unsigned counted;  /* of those, steps that were timed */
    double seconds;    /* that those took */
    double mean_of_all;
} mnist_team;

/* workers: how many there are; adapt: may one be left to itself? */
mnist_team mnist_team_start(unsigned workers, bool adapt);

/* Is the next step one worker's alone? */
bool mnist_team_alone(const mnist_team *team);

/* The step took so long. */
void mnist_team_note(mnist_team *team, double seconds);

#endif
