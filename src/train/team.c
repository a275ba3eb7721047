#include "train/team.h"

mnist_team mnist_team_start(unsigned workers, bool adapt)
{
    return (mnist_team){.fixed = workers < 2 || !adapt};
}

bool mnist_team_alone(const mnist_team *team)
{
    return !team->fixed && (team->phase == 1 || (team->phase == 2 && team->alone));
}

static void next_phase(mnist_team *team, unsigned phase)
{
    team->phase = phase;
    team->in_phase = team->counted = 0;
    team->seconds = 0.0;
}

void mnist_team_note(mnist_team *team, double seconds)
{
    if (team->fixed) {
        return;
    }
    team->in_phase++;
    if (team->phase == 2) {
        if (team->in_phase == TEAM_PERIOD) {
            next_phase(team, 0);
        }
        return;
    }
    /* A step that is long enough to fill a trial needs no warm-up: it takes much longer than caches
     * take to fill. */
    if (team->in_phase > TEAM_WARM_UP || seconds > TEAM_SECONDS) {
        team->counted++;
        team->seconds += seconds;
    }
    if (team->counted < TEAM_STEPS && team->seconds < TEAM_SECONDS) {
        return;
    }
    const double mean = team->seconds / team->counted;
    if (team->phase == 0) {
        team->mean_of_all = mean;
        next_phase(team, 1);
    } else {
        team->alone = mean < team->mean_of_all;
        next_phase(team, 2);
    }
}
