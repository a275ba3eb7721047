/* Whether one worker or all take a step: with made-up clocks (train/team.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/team.h"

#define TRIAL (2 * (TEAM_WARM_UP + TEAM_STEPS))

/* Runs `steps` steps that take all workers or one so long; returns how many of them one took
 * alone. */
static unsigned go(mnist_team *team, unsigned steps, double all, double one)
{
    unsigned alone = 0;
    for (unsigned i = 0; i < steps; i++) {
        bool is_alone = mnist_team_alone(team);
        alone += is_alone;
        mnist_team_note(team, is_alone ? one : all);
    }
    return alone;
}

static void the_faster_way_is_taken(void **state)
{
    (void)state;
    mnist_team team = mnist_team_start(2, true);
    assert_int_equal(go(&team, TRIAL, 50e-6, 70e-6), TRIAL / 2);
    assert_int_equal(go(&team, 1000, 50e-6, 70e-6), 0);
    team = mnist_team_start(2, true);
    assert_int_equal(go(&team, TRIAL, 90e-6, 70e-6), TRIAL / 2);
    assert_int_equal(go(&team, 1000, 90e-6, 70e-6), 1000);
}

/* When the machine changes, the choice changes at the next trial. */
static void the_choice_is_made_anew(void **state)
{
    (void)state;
    mnist_team team = mnist_team_start(2, true);
    (void)go(&team, TRIAL + TEAM_PERIOD, 90e-6, 70e-6);
    assert_int_equal(go(&team, TRIAL, 40e-6, 70e-6), TRIAL / 2);
    assert_int_equal(go(&team, TEAM_PERIOD, 40e-6, 70e-6), 0);
    (void)go(&team, TRIAL, 90e-6, 70e-6);
    assert_int_equal(go(&team, TEAM_PERIOD, 90e-6, 70e-6), TEAM_PERIOD);
}

/* Steps that warm up caches are not counted. */
static void warm_up_is_left_out(void **state)
{
    (void)state;
    mnist_team team = mnist_team_start(2, true);
    (void)go(&team, TEAM_WARM_UP, 1e-3, 0);
    (void)go(&team, TEAM_STEPS, 50e-6, 0);
    (void)go(&team, TEAM_WARM_UP, 0, 1e-6);
    (void)go(&team, TEAM_STEPS, 0, 60e-6);
    assert_int_equal(go(&team, 100, 50e-6, 60e-6), 0);
}

/* Long steps make short trials. */
static void a_trial_is_cut_short(void **state)
{
    (void)state;
    mnist_team team = mnist_team_start(8, true);
    assert_int_equal(go(&team, 2, 1.0, 7.0), 1);
    assert_int_equal(go(&team, 100, 1.0, 7.0), 0);
    team = mnist_team_start(8, true);
    assert_true(go(&team, 2 * (TEAM_WARM_UP + 4), 0.006, 0.007) <= TEAM_WARM_UP + 4);
    assert_int_equal(go(&team, 100, 0.006, 0.007), 0);
}

static void all_work_unless_asked_otherwise(void **state)
{
    (void)state;
    mnist_team team = mnist_team_start(2, false);
    assert_int_equal(go(&team, 3 * TEAM_PERIOD, 90e-6, 70e-6), 0);
    team = mnist_team_start(1, true);
    assert_int_equal(go(&team, 3 * TEAM_PERIOD, 90e-6, 70e-6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faster_way_is_taken),
        cmocka_unit_test(the_choice_is_made_anew),
        cmocka_unit_test(warm_up_is_left_out),
        cmocka_unit_test(a_trial_is_cut_short),
        cmocka_unit_test(all_work_unless_asked_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
