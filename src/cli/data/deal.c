#include "cli/data/deal.h"

#include <float.h>
#include <math.h>
#include <mnist/data.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_SHARES = 22 };

/* Room for the hands, and the deck's images in a drawn order. */
static mnist_status begin(mnist_hands *out, const mnist_deck *deck, unsigned hands, size_t least,
                          mnist_error *err)
{
    *out = (mnist_hands){.count = deck->count, .hands = hands};
    if (deck->count < least) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%zu images are too few: expected at least %zu, one for each piece",
                          deck->count, least);
    }
    out->order = calloc(deck->count, sizeof *out->order);
    out->sizes = calloc(hands, sizeof *out->sizes);
    if (!out->order || !out->sizes) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for dealing %zu images",
                          deck->count);
    }
    mnist_epoch_order(out->order, deck->count, deck->seed, 1);
    for (size_t i = 0; deck->images && i < deck->count; i++) {
        out->order[i] = deck->images[out->order[i]];
    }
    return MNIST_OK;
}

/* Brings the images into the order of their classes, which keep theirs. starts: where each class begins, and the end. */
static mnist_status sort_by_class(mnist_hands *hands, const uint8_t *labels,
                                  size_t starts[MNIST_DEAL_LABELS + 1], mnist_error *err)
{
    size_t at[MNIST_DEAL_LABELS];
    uint32_t *sorted = malloc(hands->count * sizeof *sorted);
    if (!sorted) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for sorting %zu images",
                          hands->count);
    }
    memset(starts, 0, (MNIST_DEAL_LABELS + 1) * sizeof *starts);
    for (size_t i = 0; i < hands->count; i++) {
        starts[labels[hands->order[i]] + 1]++;
    }
    for (size_t c = 0; c < MNIST_DEAL_LABELS; c++) {
        starts[c + 1] += starts[c];
        at[c] = starts[c];
    }
    for (size_t i = 0; i < hands->count; i++) {
        sorted[at[labels[hands->order[i]]]++] = hands->order[i];
    }
    memcpy(hands->order, sorted, hands->count * sizeof *sorted);
    free(sorted);
    return MNIST_OK;
}

/* Groups the images by the hand that owner, (count), says of each place in the order. */
static mnist_status group(mnist_hands *hands, const uint32_t *owner, mnist_error *err)
{
    uint32_t *grouped = malloc(hands->count * sizeof *grouped);
    size_t *at = calloc(hands->hands, sizeof *at);
    if (!grouped || !at) {
        free(grouped);
        free(at);
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for dealing %zu images",
                          hands->count);
    }
    memset(hands->sizes, 0, hands->hands * sizeof *hands->sizes);
    for (size_t i = 0; i < hands->count; i++) {
        hands->sizes[owner[i]]++;
    }
    for (unsigned h = 1; h < hands->hands; h++) {
        at[h] = at[h - 1] + hands->sizes[h - 1];
    }
    for (size_t i = 0; i < hands->count; i++) {
        grouped[at[owner[i]]++] = hands->order[i];
    }
    memcpy(hands->order, grouped, hands->count * sizeof *grouped);
    free(grouped);
    free(at);
    return MNIST_OK;
}

/* Gives place i of a sorted order to the part in whose share it lies: walking along, each place goes to the part that
 * lags furthest behind its share, so that every run of places is shared out as the whole is. */
static void share_out(const size_t *sizes, unsigned parts, size_t count, uint32_t *owner)
{
    size_t given[3] = {0}; /* parts: at most training, validation, test */
    for (size_t i = 0; i < count; i++) {
        unsigned best = 0;
        double most = -DBL_MAX;
        for (unsigned p = 0; p < parts; p++) {
            const double lag =
                (double)sizes[p] * (double)(i + 1) / (double)count - (double)given[p];
            if (given[p] < sizes[p] && lag > most) {
                most = lag;
                best = p;
            }
        }
        given[best]++;
        owner[i] = best;
    }
}

mnist_status mnist_deal_parts(mnist_hands *out, const mnist_deck *deck, const size_t *sizes,
                              unsigned parts, bool by_class, mnist_error *err)
{
    size_t starts[MNIST_DEAL_LABELS + 1];
    mnist_status status = begin(out, deck, parts, 0, err);
    if (status == MNIST_OK && by_class) {
        uint32_t *owner = malloc(deck->count * sizeof *owner);
        status = owner ? sort_by_class(out, deck->labels, starts, err)
                       : mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for parting %zu images",
                                    deck->count);
        if (status == MNIST_OK) {
            share_out(sizes, parts, deck->count, owner);
            status = group(out, owner, err);
        }
        free(owner);
    } else if (status == MNIST_OK) {
        memcpy(out->sizes, sizes, parts * sizeof *sizes);
    }
    if (status != MNIST_OK) {
        mnist_hands_free(out);
    }
    return status;
}

mnist_status mnist_deal_iid(mnist_hands *out, const mnist_deck *deck, unsigned hands,
                            mnist_error *err)
{
    const mnist_status status = begin(out, deck, hands, hands, err);
    for (unsigned h = 0; h < hands && status == MNIST_OK; h++) {
        out->sizes[h] = deck->count * (h + 1) / hands - deck->count * h / hands;
    }
    if (status != MNIST_OK) {
        mnist_hands_free(out);
    }
    return status;
}

static mnist_status cut_shards(mnist_hands *out, const mnist_deck *deck, unsigned shards,
                               mnist_error *err)
{
    const size_t pieces = (size_t)out->hands * shards;
    size_t starts[MNIST_DEAL_LABELS + 1];
    uint32_t *owner = malloc(deck->count * sizeof *owner),
             *places = malloc(pieces * sizeof *places);
    mnist_status status =
        owner && places ? sort_by_class(out, deck->labels, starts, err)
                        : mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for %zu pieces", pieces);
    if (status == MNIST_OK) {
        mnist_epoch_order(places, pieces, deck->seed, 2);
        for (size_t piece = 0; piece < pieces; piece++) {
            const size_t from = deck->count * piece / pieces;
            const size_t to = deck->count * (piece + 1) / pieces;
            for (size_t i = from; i < to; i++) {
                owner[i] = places[piece] / shards;
            }
        }
        status = group(out, owner, err);
    }
    free(owner);
    free(places);
    return status;
}

mnist_status mnist_deal_shards(mnist_hands *out, const mnist_deck *deck, unsigned hands,
                               unsigned shards, mnist_error *err)
{
    mnist_status status = begin(out, deck, hands, (size_t)hands * shards, err);
    if (status == MNIST_OK) {
        status = cut_shards(out, deck, shards, err);
    }
    if (status != MNIST_OK) {
        mnist_hands_free(out);
    }
    return status;
}

typedef struct dice {
    uint64_t seed, next;
} dice;

/* (0, 1) */
static double draw(dice *d)
{
    const double high = mnist_random(d->seed, STREAM_SHARES, d->next++);
    return high + (mnist_random(d->seed, STREAM_SHARES, d->next++) + 0x1p-25) * 0x1p-24;
}

/* The logarithm of a gamma variate of that shape and scale 1: Marsaglia and Tsang 2000; for a shape below 1 that of shape
 * + 1 times U^(1 / shape), whose logarithm is still a number where the variate would be 0. */
static double log_gamma_variate(double shape, dice *d)
{
    const double more = shape < 1.0 ? log(draw(d)) / shape : 0.0;
    const double least = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0;
    const double scale = 1.0 / sqrt(9.0 * least);
    for (;;) {
        const double radius = sqrt(-2.0 * log(draw(d)));
        const double normal = radius * cos(6.283185307179586 * draw(d));
        const double cube = 1.0 + scale * normal;
        if (cube > 0.0) {
            const double v = cube * cube * cube;
            if (log(draw(d)) < 0.5 * normal * normal + least * (1.0 - v + log(v))) {
                return log(least * v) + more;
            }
        }
    }
}

/* shares: (hands), which add up to 1. */
static void draw_shares(double *shares, unsigned hands, double alpha, dice *d)
{
    double most = -DBL_MAX, sum = 0.0;
    for (unsigned h = 0; h < hands; h++) {
        shares[h] = log_gamma_variate(alpha, d);
        most = shares[h] > most ? shares[h] : most;
    }
    for (unsigned h = 0; h < hands; h++) {
        shares[h] = exp(shares[h] - most);
        sum += shares[h];
    }
    for (unsigned h = 0; h < hands; h++) {
        shares[h] /= sum;
    }
}

/* owner of the places from on to below end. */
static void give_class(uint32_t *owner, size_t from, size_t end, const double *shares,
                       unsigned hands)
{
    const double count = (double)(end - from);
    double until = 0.0;
    size_t at = from;
    for (unsigned h = 0; h < hands; h++) {
        until += shares[h];
        const size_t stop = h + 1 == hands ? end : from + (size_t)(until * count + 0.5);
        for (; at < stop && at < end; at++) {
            owner[at] = h;
        }
    }
}

/* sizes: (hands), zeroed. */
static void fill_empty(uint32_t *owner, size_t count, size_t *sizes, unsigned hands)
{
    for (size_t i = 0; i < count; i++) {
        sizes[owner[i]]++;
    }
    for (unsigned h = 0; h < hands; h++) {
        unsigned fullest = 0;
        for (unsigned other = 1; other < hands && sizes[h] == 0; other++) {
            fullest = sizes[other] > sizes[fullest] ? other : fullest;
        }
        for (size_t i = 0; i < count && sizes[h] == 0; i++) {
            if (owner[i] == fullest) {
                owner[i] = h;
                sizes[fullest]--;
                sizes[h]++;
            }
        }
    }
}

mnist_status mnist_deal_dirichlet(mnist_hands *out, const mnist_deck *deck, unsigned hands,
                                  double alpha, mnist_error *err)
{
    size_t starts[MNIST_DEAL_LABELS + 1];
    dice d = {deck->seed, 0};
    mnist_status status = begin(out, deck, hands, hands, err);
    uint32_t *owner = malloc(deck->count * sizeof *owner);
    double *shares = malloc(hands * sizeof *shares);
    if (status == MNIST_OK) {
        status = owner && shares ? sort_by_class(out, deck->labels, starts, err)
                                 : mnist_fail(err, MNIST_ERR_MEMORY,
                                              "out of memory for dealing %zu images", deck->count);
    }
    if (status == MNIST_OK) {
        for (unsigned c = 0; c < MNIST_DEAL_LABELS; c++) {
            if (starts[c] < starts[c + 1]) {
                draw_shares(shares, hands, alpha, &d);
                give_class(owner, starts[c], starts[c + 1], shares, hands);
            }
        }
        fill_empty(owner, deck->count, out->sizes, hands);
        status = group(out, owner, err);
    }
    free(owner);
    free(shares);
    if (status != MNIST_OK) {
        mnist_hands_free(out);
    }
    return status;
}

void mnist_hands_free(mnist_hands *hands)
{
    free(hands->order);
    free(hands->sizes);
    *hands = (mnist_hands){.order = NULL};
}
