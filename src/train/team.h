/* How many workers a step gets: all of them or, where that is faster, one.
 *
 * Workers meet several times in a step. If their cores share no cache, or if another process runs
 * on one of the CPUs, waiting can cost a small net more than a second worker saves; and that can
 * change during a training. So from time to time some steps are timed both ways. No result depends
 * on it, since none depends on the number of workers. The caller reads the clock, so the choice can
 * be tested without one. */
#ifndef MNIST_TRAIN_TEAM_H
#define MNIST_TRAIN_TEAM_H

#include <stdbool.h>
#include <stdint.h>

/* After this many steps in the better way, both ways are tried: each for some steps to warm up and
 * some that are timed. A trial of one way is cut short when it has taken TEAM_SECONDS. */
#define TEAM_PERIOD  4096u
#define TEAM_WARM_UP 8u
#define TEAM_STEPS   32u
#define TEAM_SECONDS 0.02

typedef struct mnist_team {
    bool fixed;        /* always all workers */
    bool alone;        /* what was better in the last trial */
    unsigned phase;    /* 0: trial of all; 1: trial of one; 2: the better way */
    unsigned in_phase; /* steps of the phase so far */
    unsigned counted;  /* of those, steps that were timed */
    double seconds;    /* that those took */
    double mean_of_all;
} mnist_team;

/* workers: how many there are; adapt: whether one may do a step alone. */
mnist_team mnist_team_start(unsigned workers, bool adapt);

/* Whether one worker is to do the next step alone. */
bool mnist_team_alone(const mnist_team *team);

/* Takes note of how long the step took. */
void mnist_team_note(mnist_team *team, double seconds);

#endif
