#include "cli/train/halving.h"

#include <stdlib.h>

/* After so many candidates in a row that were drawn before, the space counts as used up. */
#define MOST_REPEATS 1000u

bool mnist_score_better(mnist_score a, mnist_score b)
{
    return a.accuracy > b.accuracy || (a.accuracy >= b.accuracy && a.loss < b.loss);
}

mnist_halving_plan mnist_halving_plan_for(unsigned epochs)
{
    mnist_halving_plan plan = {.rungs = 1};
    unsigned divisor = 1;
    while (plan.rungs < MNIST_MAX_RUNGS && epochs / divisor >= MNIST_HALVING_FACTOR) {
        divisor *= MNIST_HALVING_FACTOR;
        plan.rungs++;
    }
    for (unsigned rung = 0; rung < plan.rungs; rung++, divisor /= MNIST_HALVING_FACTOR) {
        plan.epochs[rung] = epochs / divisor;
        plan.candidates[rung] = divisor * MNIST_HALVING_FACTOR;
    }
    return plan;
}

/* A candidate of the bracket, as its last rung has left it. */
typedef struct entry {
    uint64_t candidate;
    bool failed;
    mnist_score score;
    double seconds;
} entry;

typedef struct search {
    const mnist_halving_plan *plan;
    const mnist_objective *objective;
    mnist_halving_result *result;
    double deadline;
    uint64_t next;        /* candidate */
    double first_seconds; /* of all trials in first rungs; first_count of them */
    uint64_t first_count;
    bool used_up; /* there is nothing new to try */
    entry *entries;
    unsigned count;
    unsigned bracket;
} search;

static double now(const search *s)
{
    return s->objective->now(s->objective->context);
}

/* Runs a trial and notes the best one. */
static mnist_trial_end run_trial(search *s, unsigned rung, entry *e)
{
    mnist_trial trial = {.candidate = e->candidate,
                         .bracket = s->bracket,
                         .rung = rung,
                         .epochs = s->plan->epochs[rung]};
    const double start = now(s);
    mnist_trial_end end = s->objective->run(s->objective->context, &trial, &e->score);
    e->seconds = now(s) - start;
    e->failed = end == MNIST_TRIAL_FAILED;
    mnist_halving_result *r = s->result;
    r->trials += end == MNIST_TRIAL_DONE || end == MNIST_TRIAL_FAILED;
    if (end == MNIST_TRIAL_DONE && (!r->found || mnist_score_better(e->score, r->score))) {
        r->found = true;
        r->best = trial;
        r->score = e->score;
    }
    return end;
}

static bool goes_on(mnist_trial_end end)
{
    return end != MNIST_TRIAL_STOPPED && end != MNIST_TRIAL_ERROR;
}

/* How much of the time left a rung may take: an equal part, or less if each rung above it would
 * otherwise lack the time for one run. */
static double part_of(const search *s, unsigned rung, double left, double epoch_seconds)
{
    const mnist_halving_plan *plan = s->plan;
    const double part = left / (plan->rungs - rung), own = plan->epochs[rung] * epoch_seconds;
    double above = 0.0;
    for (unsigned k = rung + 1; k < plan->rungs; k++) {
        above += plan->epochs[k] * epoch_seconds;
    }
    return own + above <= left && left - above < part ? left - above : part;
}

/* Runs new candidates, as many as the bracket holds and the rung's part of the time left allows. */
static mnist_trial_end run_first_rung(search *s)
{
    const double start = now(s);
    mnist_trial_end end = MNIST_TRIAL_DONE;
    unsigned repeats = 0;
    s->count = 0;
    while (s->count < s->plan->candidates[0]) {
        const double expected =
            s->first_count > 0 ? s->first_seconds / (double)s->first_count : 0.0;
        const double part = part_of(s, 0, s->deadline - start, expected / s->plan->epochs[0]);
        const double limit = s->count > 0 ? start + part : s->deadline;
        if (s->first_count > 0 && now(s) + expected > limit) {
            break;
        }
        entry *e = &s->entries[s->count];
        *e = (entry){.candidate = s->next++};
        end = run_trial(s, 0, e);
        if (!goes_on(end)) {
            break;
        }
        if (end == MNIST_TRIAL_REPEATS) {
            s->used_up = ++repeats >= MOST_REPEATS;
            if (s->used_up) {
                break;
            }
            continue;
        }
        repeats = 0;
        s->first_seconds += e->seconds;
        s->first_count++;
        s->result->candidates++;
        s->count++;
    }
    return end;
}

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->failed != y->failed) {
        return x->failed ? 1 : -1;
    }
    if (!x->failed && mnist_score_better(x->score, y->score)) {
        return -1;
    }
    if (!x->failed && mnist_score_better(y->score, x->score)) {
        return 1;
    }
    return x->candidate < y->candidate ? -1 : 1; /* so that every qsort gives the same order */
}

/* How many of the entries go on to the rung: the best third, or as many of it as the rung's part of
 * the time left allows, and at least one if there is time for one at all. */
static unsigned promote(search *s, unsigned rung)
{
    const double left = s->deadline - now(s);
    const unsigned third = (s->count + MNIST_HALVING_FACTOR - 1) / MNIST_HALVING_FACTOR;
    const double longer = (double)s->plan->epochs[rung] / (double)s->plan->epochs[rung - 1];
    unsigned count = 0;
    double expected = 0.0;
    qsort(s->entries, s->count, sizeof *s->entries, compare);
    const double part = part_of(s, rung, left, s->entries[0].seconds / s->plan->epochs[rung - 1]);
    while (count < third && !s->entries[count].failed) {
        expected += longer * s->entries[count].seconds;
        if (expected > (count > 0 ? part : left)) {
            break;
        }
        count++;
    }
    return count;
}

static mnist_trial_end run_bracket(search *s)
{
    mnist_trial_end end = run_first_rung(s);
    for (unsigned rung = 1; goes_on(end) && rung < s->plan->rungs && s->count > 0; rung++) {
        s->count = promote(s, rung);
        for (unsigned i = 0; goes_on(end) && i < s->count; i++) {
            end = run_trial(s, rung, &s->entries[i]);
        }
    }
    s->bracket++;
    return end;
}

mnist_trial_end mnist_halving_run(const mnist_halving_plan *plan, double deadline,
                                  const mnist_objective *objective, mnist_halving_result *result)
{
    *result = (mnist_halving_result){.found = false};
    search s = {.plan = plan,
                .objective = objective,
                .result = result,
                .deadline = deadline,
                .entries = calloc(plan->candidates[0], sizeof(entry))};
    if (!s.entries) {
        return MNIST_TRIAL_ERROR;
    }
    mnist_trial_end end = MNIST_TRIAL_DONE;
    uint64_t before;
    do { /* the search ends at a bracket for which there is no time */
        before = s.first_count;
        end = run_bracket(&s);
    } while (goes_on(end) && !s.used_up && s.first_count > before);
    free(s.entries);
    return end;
}
