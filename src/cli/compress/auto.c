/* Searches the share of weights, and the number of levels, with which a net meets a budget. */
#include "cli/compress/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A file this near to --max-bytes is taken: what more weights would gain is chance. */
#define NEAR_ENOUGH 0.97
/* What a file is aimed at after one has come out too large. */
#define AIM         0.995
#define HALVINGS    12  /* of a range of shares, by estimates */
#define FINE_ENOUGH 1.1 /* ratio of two shares, by errors */
#define LEAST       0.002
#define MOST        0.8
#define FEWEST      50.0 /* weights */

typedef struct search {
    mnist_compression *c;
    double least, most;  /* shares of weights that are tried */
    size_t best;         /* index in c->tried */
    mnist_mlp *best_net; /* owned; NULL: nothing has been tried */
    size_t allowed;      /* errors on the validation images */
} search;

static bool fits(const search *s, const mnist_candidate *k)
{
    const size_t most = s->c->settings->max_bytes;
    return most == 0 || k->net.bytes <= most;
}

static bool is_right(const search *s, const mnist_candidate *k)
{
    return !s->c->settings->has_max_loss || k->validation.errors <= s->allowed;
}

/* Is a better than b? What meets the budget is better than what does not. Where bytes are limited,
 * files that are too large come after all others, the smallest first; else the errors decide, and then
 * the bytes. Where errors alone are limited, those that are too many come after all others, the fewest
 * first; else the bytes decide, and then the errors. */
static bool is_better(const search *s, const mnist_candidate *a, const mnist_candidate *b)
{
    const bool by_bytes = s->c->settings->max_bytes > 0;
    const bool a_good = by_bytes ? fits(s, a) : is_right(s, a),
               b_good = by_bytes ? fits(s, b) : is_right(s, b);
    if (a_good != b_good) {
        return a_good;
    }
    const size_t a_key[2] = {a->validation.errors, a->net.bytes},
                 b_key[2] = {b->validation.errors, b->net.bytes};
    const size_t first = by_bytes == a_good ? 0 : 1;
    return a_key[first] != b_key[first] ? a_key[first] < b_key[first]
                                        : a_key[1 - first] < b_key[1 - first];
}

/* Three digits, rounded down, so that a person can say the same. */
static double round_share(double keep)
{
    const double unit = pow(10.0, floor(log10(keep)) - 2.0);
    return floor(keep / unit + 1e-9) * unit;
}

static void name(mnist_candidate *candidate, double keep, unsigned codebook)
{
    candidate->codebook = codebook;
    if (keep < 1.0) {
        mnist_pruning pruning = {.keep = (float)round_share(keep),
                                 .start = MNIST_PRUNING_START,
                                 .end = MNIST_PRUNING_END};
        mnist_pruning_print(&pruning, candidate->spec);
    }
}

static bool is_known(const search *s, const mnist_candidate *candidate)
{
    const mnist_compression *c = s->c;
    for (size_t i = 0; i + 1 < c->tried_count; i++) {
        if (c->tried[i].codebook == candidate->codebook &&
            strcmp(c->tried[i].spec, candidate->spec) == 0) {
            return true;
        }
    }
    return false;
}

/* Makes a candidate, and keeps its net if it is the best so far. *known: it has been made before, and
 * is not made again. */
static bool attempt(search *s, double keep, unsigned codebook, bool *known, mnist_error *err)
{
    mnist_compression *c = s->c;
    mnist_candidate *candidate = mnist_candidates_add(c, err);
    *known = false;
    if (!candidate) {
        return false;
    }
    name(candidate, keep, codebook);
    if (is_known(s, candidate)) {
        c->tried_count--;
        *known = true;
        return true;
    }
    if (!mnist_candidate_make(c, candidate, false, err)) {
        return false;
    }
    mnist_candidate_say(c, candidate);
    if (!s->best_net || is_better(s, candidate, &c->tried[s->best])) {
        mnist_mlp_free(s->best_net);
        s->best_net = c->compact;
        c->compact = NULL;
        s->best = c->tried_count - 1;
    }
    return true;
}

static bool estimate(const search *s, double keep, unsigned codebook, double *bytes,
                     mnist_error *err)
{
    mnist_candidate candidate = {.path = NULL};
    size_t whole = 0;
    name(&candidate, keep, codebook);
    const bool good = mnist_candidate_estimate(s->c, &candidate, &whole, err);
    *bytes = (double)whole;
    return good;
}

/* The largest share whose estimate is at most `bytes`; the least, if there is none. */
static bool largest_share(const search *s, unsigned codebook, double bytes, double *keep,
                          mnist_error *err)
{
    double low = s->least, high = s->most, found;
    for (unsigned i = 0; i < HALVINGS; i++) {
        const double middle = sqrt(low * high);
        if (!estimate(s, middle, codebook, &found, err)) {
            return false;
        }
        *(found <= bytes ? &low : &high) = middle;
    }
    *keep = low;
    return true;
}

/* As many weights as --max-bytes has room for: estimated, trained, and estimated anew with what came
 * out. */
static bool fill(search *s, unsigned codebook, mnist_error *err)
{
    const mnist_compression *c = s->c;
    const double most = (double)c->settings->max_bytes;
    double bytes, keep, estimated, aim = most;
    bool known;
    if (!estimate(s, 1.0, codebook, &bytes, err)) {
        return false;
    }
    if (bytes <= most) {
        return attempt(s, 1.0, codebook, &known, err);
    }
    for (unsigned i = 0; i < c->settings->tries; i++) {
        if (!largest_share(s, codebook, aim, &keep, err) ||
            !estimate(s, keep, codebook, &estimated, err) ||
            !attempt(s, keep, codebook, &known, err)) {
            return false;
        }
        if (known) {
            break;
        }
        bytes = (double)c->tried[c->tried_count - 1].net.bytes;
        if (bytes <= most && (bytes >= NEAR_ENOUGH * most || keep > 0.99 * s->most)) {
            break;
        }
        aim = AIM * most * estimated / bytes;
    }
    return true;
}

/* As few weights as the errors allow: halving a range of shares. */
static bool thin(search *s, unsigned codebook, mnist_error *err)
{
    const mnist_compression *c = s->c;
    double low = fmax(s->least, LEAST), high = fmin(s->most, MOST);
    mnist_pruning best;
    bool known;
    if (s->best_net && c->tried[s->best].spec[0] &&
        mnist_pruning_parse(&best, c->tried[s->best].spec, NULL) == MNIST_OK) {
        low = fmax(low, (double)best.keep / 2.0); /* with other levels it is not far away */
        high = fmin(high, (double)best.keep * 2.0);
    }
    if (!attempt(s, 1.0, codebook, &known, err)) {
        return false;
    }
    for (unsigned i = 0; i < c->settings->tries && high > low * FINE_ENOUGH; i++) {
        const double middle = sqrt(low * high);
        if (!attempt(s, middle, codebook, &known, err)) {
            return false;
        }
        if (known) {
            break;
        }
        *(is_right(s, &c->tried[c->tried_count - 1]) ? &high : &low) = middle;
    }
    return true;
}

static void set_limits(search *s)
{
    const mnist_compression *c = s->c;
    const mnist_evaluation *before = &c->validation.before;
    size_t left = 0;
    for (unsigned l = 0; l <= c->before.shape.hidden_count; l++) {
        left += c->before.left[l];
    }
    const double weights = (double)c->before.weights;
    s->most = fmin((double)left / weights, 0.999);
    s->most = fmax(s->most, 2.0 / weights);
    s->least = fmin(FEWEST / weights, s->most / 2.0);
    s->allowed = before->errors +
                 (size_t)(c->settings->max_loss * (double)c->validation.view.count * (1.0 + 1e-12));
}

bool mnist_compression_auto(mnist_compression *c, mnist_error *err)
{
    search s = {.c = c};
    bool good = true;
    set_limits(&s);
    for (unsigned i = 0; good && i < c->settings->codebooks.count; i++) {
        const unsigned codebook = c->settings->codebooks.width[i];
        good = c->settings->max_bytes > 0 ? fill(&s, codebook, err) : thin(&s, codebook, err);
    }
    if (!good) {
        mnist_mlp_free(s.best_net);
        return false;
    }
    const mnist_candidate *best = &c->tried[s.best];
    c->missed = !fits(&s, best) || !is_right(&s, best);
    mnist_candidate_restore(c, best, s.best_net);
    return true;
}
