/* Successive halving with a made-up objective and clock: which candidates go up, and how the time
 * is spent. */
#include "unit/unit.h"

#include "cli/train/halving.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_TRIALS = 4000 };

/* A world in which a trial takes seconds_per_epoch * epochs, and candidate c is worth quality(c). */
typedef struct world {
    double time, seconds_per_epoch;
    double (*quality)(uint64_t candidate);
    double stop_at;      /* a trial that would end later is STOPPED then; 0: never */
    uint64_t fail_every; /* candidates that diverge; 0: none */
    uint64_t different;  /* candidates from here on repeat; 0: none does */
    uint64_t error_at;   /* the trial that returns an error; 0: none */
    mnist_trial trials[MOST_TRIALS];
    size_t count;
} world;

static double now(void *context)
{
    return ((world *)context)->time;
}

static mnist_trial_end run(void *context, const mnist_trial *trial, mnist_score *score)
{
    world *w = context;
    if (w->different > 0 && trial->rung == 0 && trial->candidate >= w->different) {
        return MNIST_TRIAL_REPEATS;
    }
    const double seconds = w->seconds_per_epoch * trial->epochs;
    if (w->stop_at > 0.0 && w->time + seconds > w->stop_at) {
        w->time = w->stop_at;
        return MNIST_TRIAL_STOPPED;
    }
    w->time += seconds;
    assert_true(w->count < MOST_TRIALS);
    w->trials[w->count++] = *trial;
    if (w->error_at > 0 && w->count == w->error_at) {
        return MNIST_TRIAL_ERROR;
    }
    if (w->fail_every > 0 && trial->candidate % w->fail_every == 0) {
        return MNIST_TRIAL_FAILED;
    }
    *score = (mnist_score){.accuracy = w->quality(trial->candidate), .loss = 1.0};
    return MNIST_TRIAL_DONE;
}

static mnist_trial_end search(world *w, unsigned epochs, double deadline,
                              mnist_halving_result *result)
{
    const mnist_halving_plan plan = mnist_halving_plan_for(epochs);
    const mnist_objective objective = {w, now, run};
    return mnist_halving_run(&plan, deadline, &objective, result);
}

/* Scattered over the candidates, no two alike. */
static double scattered(uint64_t candidate)
{
    return (double)((candidate * 7919u) % 10007u) / 10007.0;
}

static double rising(uint64_t candidate)
{
    return (double)candidate / 1e6;
}

static double falling(uint64_t candidate)
{
    return -(double)candidate / 1e6;
}

static double constant(uint64_t candidate)
{
    (void)candidate;
    return 0.5;
}

static void test_scores(void **state)
{
    (void)state;
    const mnist_score good = {0.9, 0.3}, better = {0.9, 0.2}, best = {0.91, 0.9};
    assert_true(mnist_score_better(better, good) && !mnist_score_better(good, better));
    assert_true(mnist_score_better(best, better) && !mnist_score_better(better, best));
    assert_false(mnist_score_better(good, good));
}

static void test_plans(void **state)
{
    (void)state;
    static const struct {
        unsigned epochs, rungs, of_rung[MNIST_MAX_RUNGS], candidates[MNIST_MAX_RUNGS];
    } cases[] = {
        {1, 1, {1}, {3}},
        {2, 1, {2}, {3}},
        {3, 2, {1, 3}, {9, 3}},
        {5, 2, {1, 5}, {9, 3}},
        {10, 3, {1, 3, 10}, {27, 9, 3}},
        {26, 3, {2, 8, 26}, {27, 9, 3}},
        {30, 4, {1, 3, 10, 30}, {81, 27, 9, 3}},
        {1000, 5, {12, 37, 111, 333, 1000}, {243, 81, 27, 9, 3}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_halving_plan plan = mnist_halving_plan_for(cases[i].epochs);
        assert_int_equal(plan.rungs, cases[i].rungs);
        for (unsigned rung = 0; rung < plan.rungs; rung++) {
            assert_int_equal(plan.epochs[rung], cases[i].of_rung[rung]);
            assert_int_equal(plan.candidates[rung], cases[i].candidates[rung]);
        }
    }
}

/* With time enough a bracket is whole: 27 for 1 epoch, their best 9 for 3, their best 3 for 10. */
static void test_best_third_goes_up(void **state)
{
    (void)state;
    static world w;
    mnist_halving_result result;
    w = (world){.seconds_per_epoch = 1e-3, .quality = scattered, .stop_at = 1e9, .error_at = 40};
    assert_int_equal(search(&w, 10, 1e9, &result), MNIST_TRIAL_ERROR);
    for (size_t i = 0; i < 39; i++) {
        const unsigned rung = i < 27 ? 0 : i < 36 ? 1 : 2;
        assert_int_equal(w.trials[i].rung, rung);
        assert_int_equal(w.trials[i].epochs, rung == 0 ? 1 : rung == 1 ? 3 : 10);
        assert_int_equal(w.trials[i].bracket, 0);
        size_t better = 0;
        for (uint64_t c = 0; c < 27; c++) {
            better += scattered(c) > scattered(w.trials[i].candidate);
        }
        assert_true(w.trials[i].candidate < 27);
        assert_true(rung == 0 ? w.trials[i].candidate == i : better < (rung == 1 ? 9 : 3));
        for (size_t k = 0; k < i; k++) { /* no candidate twice on a rung */
            assert_true(w.trials[k].rung != rung || w.trials[k].candidate != w.trials[i].candidate);
        }
    }
    assert_int_equal(w.trials[39].bracket, 1); /* the next bracket has new candidates */
    assert_int_equal(w.trials[39].candidate, 27);
    assert_true(result.found);
    assert_int_equal(result.trials, 39);
    assert_true(result.score.accuracy == scattered(result.best.candidate));
    for (uint64_t c = 0; c < 27; c++) {
        assert_true(scattered(c) <= result.score.accuracy);
    }
}

/* However long a trial takes, the time is nearly used up and never exceeded; every bracket begins
 * with new candidates. */
static void test_time(void **state)
{
    (void)state;
    static const double seconds[] = {0.003, 0.05, 0.11, 0.7, 2.0, 5.0};
    static const unsigned epochs[] = {1, 4, 10, 30};
    for (size_t i = 0; i < LENGTH(seconds); i++) {
        for (size_t k = 0; k < LENGTH(epochs); k++) {
            static world w;
            mnist_halving_result result;
            uint64_t next = 0;
            w = (world){.seconds_per_epoch = seconds[i], .quality = scattered};
            const double first = seconds[i] * mnist_halving_plan_for(epochs[k]).epochs[0];
            assert_true(search(&w, epochs[k], 10.0, &result) != MNIST_TRIAL_STOPPED);
            assert_true(w.time <= fmax(10.0, first) + 1e-9);
            assert_true(w.time > 10.0 - first - 1e-9);
            assert_true(result.found);
            for (size_t t = 0; t < w.count; t++) {
                if (w.trials[t].rung == 0) {
                    assert_int_equal(w.trials[t].candidate, next);
                    next++;
                }
            }
            assert_int_equal(result.candidates, next);
            assert_int_equal(result.trials, w.count);
            /* every rung is reached where there is time for a run of each */
            const mnist_halving_plan plan = mnist_halving_plan_for(epochs[k]);
            bool whole = false;
            double each = 0.0;
            for (unsigned rung = 0; rung < plan.rungs; rung++) {
                each += seconds[i] * plan.epochs[rung];
            }
            for (size_t t = 0; t < w.count; t++) {
                whole = whole || w.trials[t].epochs == epochs[k];
            }
            assert_true(whole || each > 10.0);
        }
    }
}

/* The best is the best of all, whichever bracket and rung it was on; of equals the first. */
static void test_best_of_all(void **state)
{
    (void)state;
    static world w;
    mnist_halving_result result;
    w = (world){.seconds_per_epoch = 0.01, .quality = rising};
    search(&w, 10, 10.0, &result);
    assert_true(result.best.bracket > 0);
    assert_int_equal(result.best.candidate, result.candidates - 1);
    w = (world){.seconds_per_epoch = 0.01, .quality = falling};
    search(&w, 10, 10.0, &result);
    assert_int_equal(result.best.candidate, 0);
    assert_int_equal(result.best.bracket, 0);
    w = (world){.seconds_per_epoch = 0.01, .quality = constant};
    search(&w, 10, 10.0, &result);
    assert_int_equal(result.best.candidate, 0);
    assert_int_equal(result.best.rung, 0);
}

static void test_ends(void **state)
{
    (void)state;
    static world w;
    mnist_halving_result result;
    /* stopped: what was found remains */
    w = (world){.seconds_per_epoch = 0.1, .quality = scattered, .stop_at = 1.05};
    assert_int_equal(search(&w, 10, 100.0, &result), MNIST_TRIAL_STOPPED);
    assert_int_equal(w.count, 10);
    assert_true(result.found && w.time == 1.05);
    /* ... or nothing was */
    w = (world){.seconds_per_epoch = 1.0, .quality = scattered, .stop_at = 0.5};
    assert_int_equal(search(&w, 10, 100.0, &result), MNIST_TRIAL_STOPPED);
    assert_true(!result.found && result.trials == 0);
    /* nothing new to try after five */
    w = (world){.seconds_per_epoch = 0.001, .quality = scattered, .different = 5};
    search(&w, 10, 1e9, &result);
    assert_int_equal(result.candidates, 5);
    assert_int_equal(w.count, 5 + 2 + 1);
    assert_int_equal(w.trials[7].epochs, 10);
}

/* Those that diverge are never trained longer, and never the best. */
static void test_failures(void **state)
{
    (void)state;
    static world w;
    mnist_halving_result result;
    w = (world){.seconds_per_epoch = 0.01, .quality = scattered, .fail_every = 2};
    search(&w, 10, 5.0, &result);
    for (size_t i = 0; i < w.count; i++) {
        assert_true(w.trials[i].rung == 0 || w.trials[i].candidate % 2 == 1);
    }
    assert_true(result.found && result.best.candidate % 2 == 1);
    w = (world){.seconds_per_epoch = 0.01, .quality = scattered, .fail_every = 1};
    search(&w, 10, 1.0, &result);
    assert_true(!result.found && result.trials > 50);
    assert_int_equal(result.trials, w.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_best_third_goes_up),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_best_of_all),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("halving", tests, NULL, NULL);
}
