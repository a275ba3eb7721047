#include "io/weight_coder.h"

#include <assert.h>
#include <stdlib.h>

/* Buckets: how many there are of what a context is made of. */
#define DENSITIES 16
#define COUNTS    16
#define AROUND    12  /* neighbours of a pixel, weighed */
#define MASKS     64  /* which of six neighbours there are */
#define STEPS     16  /* of agreement, of expectation */
#define SIGNS     5   /* many negative, few, none, few positive, many */
#define TENDENCY  25  /* -12 to 12 */
#define VOTES     31  /* -15 to 15 */
#define NODES     512 /* of the tree that a rank is read from, for each sign */
#define SIZES     16  /* of ranks nearby */

#define SETS 16 /* of a mixer's weights: DENSITIES or AROUND */

/* Chances of bits of every context. */
typedef struct chances {
    mnist_chance corner[16], around[8], mask[MASKS]; /* is an input used at all? */
    mnist_chance counts[COUNTS * COUNTS], places[AROUND * DENSITIES], shape[MASKS * 8],
        cross[DENSITIES * DENSITIES], near[AROUND * DENSITIES], before[DENSITIES * DENSITIES],
        alike[STEPS * DENSITIES], expected[2][STEPS * DENSITIES]; /* is a weight 0? */
    mnist_chance tendency[TENDENCY], votes[VOTES], beside[16], rows[32 * SIGNS],
        sides[3 * SIGNS * SIGNS], corners[81]; /* its sign */
    mnist_chance node[NODES], agreed[NODES * SIZES], crossed[NODES * 64], row_size[NODES * SIZES],
        near_size[NODES * SIZES], column_size[NODES * SIZES], crowd[NODES * SIZES]; /* its rank */
} chances;

/* An input, over the units coded so far. */
typedef struct input_state {
    mnist_chance chance; /* that a weight is not 0 */
    uint32_t used;       /* weights that are not 0 */
    uint32_t ranks;      /* sum of their ranks */
    int32_t signs;       /* sum of their signs */
    uint32_t last;       /* 1 + the unit of the last of them; 0: none */
    bool unused;         /* no unit uses it */
} input_state;

/* A unit coded before, against the one that is being coded. */
typedef struct unit_state {
    uint32_t of;   /* 1 + the unit that is being coded, if what follows is about it */
    int32_t agree; /* weights of like sign less those of other sign, weighed by their ranks */
    uint32_t both; /* inputs that both use, weighed alike */
    int32_t vote;  /* log odds that their next common weights are of like sign */
} unit_state;

/* The unit that is being coded. */
typedef struct column_state {
    size_t index;
    uint32_t places; /* coded so far, unused inputs left out */
    uint32_t used, ranks;
    int32_t signs;
} column_state;

typedef struct work {
    const mnist_bit_coder *to;
    const mnist_ranks *r;
    unsigned most;     /* the larger of the signs' ranks */
    size_t list_most;  /* units before that are looked at for one weight */
    uint64_t left;     /* weights that are not 0, still to come */
    uint64_t places;   /* still to come, unused inputs left out */
    uint64_t fullness; /* mean of r->fullness */
    chances *chances;
    input_state *inputs; /* (inputs) */
    unit_state *units;   /* (outputs) */
    uint32_t *links;     /* (inputs, outputs): as input_state.last, of the weight before */
    mnist_mixer use, zero, sign, rank;
    column_state column;
} work;

/* What is known of a weight before it is coded. */
typedef struct surroundings {
    int left, above, above_left, above_right, left2, above2; /* ranks */
    unsigned near, around;   /* of the nearest, of some more: how many are not 0, weighed */
    unsigned mask;           /* which of the six are not 0 */
    uint64_t used, of;       /* weights of other units at and beside this pixel; of how many */
    int32_t expected;        /* what units before make of its sign: log odds, about */
    int64_t tendency, alike; /* sums of their agreement */
} surroundings;

static int sign_of(int value)
{
    return (value > 0) - (value < 0);
}

static unsigned clamp(int64_t value, int64_t least, int64_t most)
{
    return (unsigned)((value < least ? least : value > most ? most : value) - least);
}

/* Buckets of a count: 0 to 15. */
static unsigned count_bucket(uint64_t count)
{
    static const unsigned from[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192};
    unsigned bucket = 0;
    while (bucket < COUNTS - 1 && count >= from[bucket]) {
        bucket++;
    }
    return bucket;
}

/* Buckets of a share: 0 to 3 where there is none, of few to many; then half powers of 2. */
static unsigned density(uint64_t part, uint64_t whole)
{
    if (part == 0) {
        return whole < 8 ? 0 : whole < 64 ? 1 : whole < 200 ? 2 : 3;
    }
    unsigned bucket = 4;
    for (uint64_t ratio = whole * whole / (part * part); ratio > 1 && bucket < DENSITIES - 1;
         ratio /= 2) {
        bucket++;
    }
    return bucket;
}

/* Ranks on a common scale: 1 to 4. */
static int32_t size_of(const work *w, int rank)
{
    return 1 + (abs(rank) - 1) * 4 / (int32_t)w->most;
}

/* The rank of the unit's weight that many pixels to the side and up; 0 past the edge. */
static int at(const work *w, size_t input, int aside, size_t up)
{
    const size_t side = w->r->side, x = side ? input % side : 0;
    if (side == 0 || input / side < up || (aside < 0 && x < (size_t)-aside) ||
        (aside > 0 && x + (size_t)aside >= side)) {
        return 0;
    }
    const size_t other = input - up * side + (size_t)(ptrdiff_t)aside;
    return w->r->ranks[other * w->r->outputs + w->column.index];
}

static void look_around(const work *w, size_t input, surroundings *s)
{
    const size_t side = w->r->side;
    s->left = at(w, input, -1, 0);
    s->above = at(w, input, 0, 1);
    s->above_left = at(w, input, -1, 1);
    s->above_right = at(w, input, 1, 1);
    s->left2 = at(w, input, -2, 0);
    s->above2 = at(w, input, 0, 2);
    s->near =
        2u * (s->left != 0) + 2u * (s->above != 0) + (s->above_left != 0) + (s->above_right != 0);
    s->around = s->near + (s->left2 != 0) + (s->above2 != 0) + (at(w, input, -2, 1) != 0) +
                (at(w, input, 2, 1) != 0) + (at(w, input, -1, 2) != 0) + (at(w, input, 1, 2) != 0);
    s->around = s->around < AROUND ? s->around : AROUND - 1;
    s->mask = (unsigned)(s->left != 0) | (unsigned)(s->above != 0) << 1 |
              (unsigned)(s->above_left != 0) << 2 | (unsigned)(s->above_right != 0) << 3 |
              (unsigned)(s->left2 != 0) << 4 | (unsigned)(s->above2 != 0) << 5;
    s->used = 2 * (uint64_t)w->inputs[input].used;
    s->of = 2;
    if (side > 0) {
        const bool there[4] = {input % side > 0, input % side + 1 < side, input >= side,
                               input + side < w->r->inputs};
        const size_t place[4] = {input - 1, input + 1, input - side, input + side};
        for (unsigned i = 0; i < 4; i++) {
            s->used += there[i] ? w->inputs[place[i]].used : 0;
            s->of += there[i];
        }
    }
    s->of *= w->column.index;
}

/* What the units before have at this input. */
static void ask_units(const work *w, size_t input, surroundings *s)
{
    const uint32_t *links = w->links + input * w->r->outputs;
    const int16_t *ranks = w->r->ranks + input * w->r->outputs;
    int64_t votes = 0;
    size_t asked = 0;
    s->tendency = s->alike = 0;
    for (uint32_t i = w->inputs[input].last; i > 0 && asked < w->list_most; i = links[i - 1]) {
        const unit_state *unit = &w->units[i - 1];
        const int sign = sign_of(ranks[i - 1]);
        asked++;
        if (unit->of == w->column.index + 1) {
            s->tendency += sign * (int64_t)unit->agree;
            s->alike += unit->both;
            votes += sign * (int64_t)unit->vote * (1 + size_of(w, ranks[i - 1]));
        }
    }
    votes /= 16;
    s->expected = votes > 2000 ? 2000 : votes < -2000 ? -2000 : (int32_t)votes;
}

/* The weight is not 0: what follows for those to come. */
static void note(work *w, size_t input, int rank)
{
    const size_t first = input * w->r->outputs;
    input_state *state = &w->inputs[input];
    size_t asked = 0;
    for (uint32_t i = state->last; i > 0 && asked < w->list_most; i = w->links[first + i - 1]) {
        unit_state *unit = &w->units[i - 1];
        const int other = w->r->ranks[first + i - 1];
        const int32_t weight = size_of(w, rank) + size_of(w, other);
        if (unit->of != w->column.index + 1) {
            *unit = (unit_state){.of = (uint32_t)w->column.index + 1};
        }
        unit->agree += (rank > 0) == (other > 0) ? weight : -weight;
        unit->both += (uint32_t)weight;
        unit->vote =
            mnist_log_odds(w->to->tables, (uint64_t)((int64_t)unit->both + unit->agree + 4),
                           2 * (uint64_t)unit->both + 8);
        asked++;
    }
    w->links[first + w->column.index] = state->last;
    state->last = (uint32_t)w->column.index + 1;
    state->used++;
    state->ranks += (uint32_t)abs(rank);
    state->signs += sign_of(rank);
    w->column.used++;
    w->column.ranks += (uint32_t)abs(rank);
    w->column.signs += sign_of(rank);
    w->left--;
}

/* Is the weight not 0? */
static unsigned code_use(work *w, size_t input, const surroundings *s, unsigned bit)
{
    chances *c = w->chances;
    const mnist_odds_tables *tables = w->to->tables;
    input_state *state = &w->inputs[input];
    const column_state *column = &w->column;
    if (w->left == 0 || w->left == w->places) {
        return w->left > 0;
    }
    const uint64_t units = column->index, share = 1024 * w->left / w->places + 1;
    const unsigned row = density(state->used, units + 1),
                   own = density(column->used, column->places + 1),
                   there = density(s->used, s->of + 1);
    const uint64_t before = w->r->fullness ? w->r->fullness[input] : 0;
    const unsigned sure = (unsigned)abs(s->expected);
    const unsigned step = clamp(sure / 120, 0, STEPS - 1);
    const uint64_t pairs = state->used * ((uint64_t)column->used + 2);
    const unsigned alike = pairs > 0 ? clamp(s->alike * 16 / (int64_t)pairs, 0, STEPS - 1) : 0;
    /* pixels before this one have been coded for this unit, too: there may be one more than other units
     * have */
    const uint64_t about = s->used * 1024 + share * 8, about_of = (s->of + 9) * 1024;
    const int32_t mean = mnist_log_odds(tables, w->left, w->places);
    const mnist_bit_context context = {
        .chances = {&c->counts[count_bucket(state->used) + COUNTS * count_bucket(units)],
                    &c->places[there + DENSITIES * s->around],
                    &c->shape[s->mask + MASKS * (row / 2)], &c->cross[own * DENSITIES + row],
                    &c->near[s->around * DENSITIES + own], &state->chance,
                    &c->before[density(before, w->fullness * 8 + 1) * DENSITIES + own],
                    &c->alike[alike + STEPS * row], &c->expected[0][step + STEPS * row],
                    &c->expected[1][step + STEPS * own]},
        .facts = {mean,
                  2 * (mnist_log_odds(tables, state->used * 1024 + share * 4, (units + 5) * 1024) -
                       mean),
                  2 * (mnist_log_odds(tables, about < about_of ? about : about_of, about_of) -
                       mean),
                  2 * (mnist_log_odds(tables, (uint64_t)column->used * 1024 + share * 16,
                                      ((uint64_t)column->places + 17) * 1024) -
                       mean),
                  (int32_t)sure - 200,
                  w->r->fullness ? mnist_log_odds(tables, before + 1, before + 1 + w->fullness)
                                 : 0},
        .set = {s->around, own, there}};
    return mnist_bit_mix(w->to, &w->zero, &context, bit);
}

/* Buckets of a sum of signs. */
static unsigned leaning(int32_t signs)
{
    return signs > 3 ? 4 : signs > 0 ? 3 : signs < -3 ? 0 : signs < 0 ? 1 : 2;
}

/* Is the weight above 0? */
static unsigned code_sign(work *w, size_t input, const surroundings *s, unsigned bit)
{
    chances *c = w->chances;
    const input_state *state = &w->inputs[input];
    const column_state *column = &w->column;
    if (w->r->negative == 0 || w->r->positive == 0) {
        return w->r->positive > 0;
    }
    const int left = sign_of(s->left), above = sign_of(s->above),
              above_left = sign_of(s->above_left), above_right = sign_of(s->above_right);
    const int near = 2 * left + 2 * above + above_left + above_right,
              more = near + sign_of(s->left2) + sign_of(s->above2);
    const unsigned row = leaning(state->signs), own = leaning(column->signs);
    const int64_t units = (int64_t)column->used + 2;
    const mnist_bit_context context = {
        .chances = {&c->tendency[clamp(s->tendency * 4 / units, -12, 12)],
                    &c->votes[clamp(s->expected / 128, -15, 15)], &c->beside[near + 6],
                    &c->rows[more + 8 + 32 * (int)row],
                    &c->sides[(unsigned)(1 + sign_of(near)) + 3 * own + 3 * SIGNS * row],
                    &c->corners[left + 1 + 3 * (above + 1) + 9 * (above_left + 1) +
                                27 * (above_right + 1)]},
        .facts = {40 * near, 100,
                  mnist_log_odds(w->to->tables, (uint64_t)(state->signs + (int64_t)state->used + 1),
                                 2 * (uint64_t)state->used + 2),
                  s->expected, (int32_t)clamp(s->tendency * 100 / units, -1000, 1000) - 1000},
        .set = {s->near, own, row}};
    return mnist_bit_mix(w->to, &w->sign, &context, bit);
}

/* 1 to most: from the highest bit of rank - 1 down; what is certain takes none. */
static unsigned code_rank(work *w, size_t input, const surroundings *s, bool positive,
                          unsigned rank)
{
    chances *c = w->chances;
    const input_state *state = &w->inputs[input];
    const column_state *column = &w->column;
    const unsigned most = positive ? w->r->positive : w->r->negative;
    const unsigned beside = (unsigned)(s->left != 0) + (s->above != 0);
    const unsigned ranks = (unsigned)abs(s->left) + (unsigned)abs(s->above);
    const unsigned near = beside ? clamp(ranks * 4 / (beside * w->most), 0, SIZES - 1) : 0;
    const unsigned row =
        state->used ? clamp((int64_t)state->ranks * 8 / ((int64_t)state->used * w->most), 0, 15)
                    : 0;
    const unsigned own =
        column->used ? clamp((int64_t)column->ranks * 8 / ((int64_t)column->used * w->most), 0, 15)
                     : 0;
    const unsigned agreed = clamp((positive ? s->expected : -s->expected) / 300, -4, 8);
    unsigned bits = 0, coded = 0, node = 1;
    while (1u << bits < most) {
        bits++;
    }
    for (unsigned i = bits; i-- > 0;) {
        unsigned bit = (rank - 1) >> i & 1;
        if ((coded | 1u << i) >= most) {
            bit = 0;
        } else {
            const unsigned place = node + (positive ? NODES / 2 : 0);
            const mnist_bit_context context = {
                .chances =
                    {&c->node[place], &c->agreed[place + NODES * agreed],
                     &c->crossed[place + NODES * ((row < 8 ? row : 7) + 8 * (own < 8 ? own : 7))],
                     &c->row_size[place + NODES * row], &c->near_size[place + NODES * near],
                     &c->column_size[place + NODES * own], &c->crowd[place + NODES * s->near]},
                .set = {bits - 1 - i, s->near, 0}};
            bit = mnist_bit_mix(w->to, &w->rank, &context, bit);
        }
        coded |= bit << i;
        node = 2 * node + bit;
    }
    return coded + 1;
}

static void code_weight(work *w, size_t input)
{
    int16_t *rank = &w->r->ranks[input * w->r->outputs + w->column.index];
    surroundings s;
    look_around(w, input, &s);
    ask_units(w, input, &s);
    const int given = *rank;
    mnist_bit_part(w->to, MNIST_PACKED_POSITIONS);
    if (code_use(w, input, &s, given != 0)) {
        mnist_bit_part(w->to, MNIST_PACKED_LEVELS);
        const bool positive = code_sign(w, input, &s, given > 0);
        const unsigned magnitude = code_rank(w, input, &s, positive, (unsigned)abs(given));
        *rank = (int16_t)(positive ? (int)magnitude : -(int)magnitude);
        note(w, input, *rank);
    }
    w->places--;
    w->column.places++;
}

/* Which inputs no unit uses. */
static void code_inputs(work *w)
{
    const mnist_ranks *r = w->r;
    chances *c = w->chances;
    for (size_t i = 0; i < r->inputs; i++) {
        const size_t x = r->side ? i % r->side : i, y = r->side ? i / r->side : 0;
        const bool wide = r->side > 0;
#define UNUSED(there, place) (!(there) || w->inputs[place].unused)
        const unsigned left = UNUSED(x > 0, i - 1), above = UNUSED(wide && y > 0, i - r->side),
                       above_left = UNUSED(wide && y > 0 && x > 0, i - r->side - 1),
                       above_right = UNUSED(wide && y > 0 && x + 1 < r->side, i - r->side + 1),
                       left2 = UNUSED(x > 1, i - 2),
                       above2 = UNUSED(wide && y > 1, i - 2 * r->side);
#undef UNUSED
        const unsigned corner = left + 2 * above + 4 * above_left + 8 * above_right;
        unsigned used = 0;
        for (size_t n = 0; n < r->outputs && !w->to->coder->decodes; n++) {
            used |= r->ranks[i * r->outputs + n] != 0;
        }
        const mnist_bit_context context = {
            .chances = {&c->corner[corner],
                        &c->around[left + above + above_left + above_right + left2 + above2],
                        &c->mask[corner + 16 * left2 + 32 * above2]}};
        w->inputs[i].unused = !mnist_bit_mix(w->to, &w->use, &context, used);
        w->places += w->inputs[i].unused ? 0 : r->outputs;
    }
}

/* How many units before are looked at for one weight: so many that the time stays within bounds. */
static size_t list_length(const work *w)
{
    const uint64_t by_places = ((uint64_t)1 << 26) / (w->places + 1),
                   by_weights = ((uint64_t)1 << 23) / (w->left + 1);
    const uint64_t least = by_places < by_weights ? by_places : by_weights;
    return least < 8 ? 8 : least > 256 ? 256 : (size_t)least;
}

static mnist_status code_all(work *w)
{
    const mnist_ranks *r = w->r;
    mnist_number_model count = {.length = {{0, 0}}};
    for (size_t i = 0; i < r->inputs * r->outputs; i++) {
        w->left += r->ranks[i] != 0;
    }
    for (size_t i = 0; r->fullness && i < r->inputs; i++) {
        w->fullness += r->fullness[i];
    }
    w->fullness /= r->inputs;
    mnist_bit_part(w->to, MNIST_PACKED_POSITIONS);
    code_inputs(w);
    w->left = mnist_number_code(w->to, &count, w->left);
    if (w->left > w->places || (w->left > 0 && w->most == 0)) {
        return MNIST_ERR_FORMAT;
    }
    w->list_most = list_length(w);
    for (size_t n = 0; n < r->outputs; n++) {
        w->column = (column_state){.index = n};
        for (size_t i = 0; i < r->inputs; i++) {
            if (!w->inputs[i].unused) {
                code_weight(w, i);
            }
        }
    }
    return MNIST_OK;
}

/* What their weights came to on nets of 784-300-100-10 that were pruned (README.md), of pixels and of
 * hidden units. */
static bool create_mixers(work *w)
{
    static const int8_t use[3] = {45, 40, 38};
    static const int8_t zero[2][16] = {
        {2, 8, 8, 2, 13, 19, 15, 3, 20, 18, 37, -7, -9, 5, 40, 35},
        {-6, 17, 26, -2, 17, 6, 3, 16, 1, 4, 24, -8, 18, -21, 9, 15}};
    static const int8_t sign[2][11] = {{25, 22, 7, 3, 0, 7, 15, 12, 8, 41, 38},
                                       {10, 11, 46, 28, 35, 33, 31, 14, 5, 16, 16}};
    static const int8_t rank[2][7] = {{-2, 65, 55, 33, -2, 24, -2}, {-3, 0, 31, 43, 37, 12, -5}};
    const bool pixels = w->r->side > 0;
    return mnist_mixer_create(&w->use, 3, 0, 1, use) &&
           mnist_mixer_create(&w->zero, 10, 6, SETS, zero[pixels]) &&
           mnist_mixer_create(&w->sign, 6, 5, SETS, sign[pixels]) &&
           mnist_mixer_create(&w->rank, 7, 0, SETS, rank[pixels]);
}

mnist_status mnist_ranks_code(const mnist_bit_coder *to, const mnist_ranks *ranks)
{
    work w = {.to = to, .r = ranks};
    assert(ranks->negative <= MNIST_RANK_MOST && ranks->positive <= MNIST_RANK_MOST);
    w.most = ranks->negative > ranks->positive ? ranks->negative : ranks->positive;
    w.chances = calloc(1, sizeof *w.chances);
    w.inputs = calloc(ranks->inputs, sizeof *w.inputs);
    w.units = calloc(ranks->outputs, sizeof *w.units);
    w.links = calloc(ranks->inputs * ranks->outputs, sizeof *w.links);
    const bool mixers = create_mixers(&w);
    mnist_status status = MNIST_ERR_MEMORY;
    if (w.chances && w.inputs && w.units && w.links && mixers) {
        status = code_all(&w);
    }
    free(w.chances);
    free(w.inputs);
    free(w.units);
    free(w.links);
    mnist_mixer_free(&w.use);
    mnist_mixer_free(&w.zero);
    mnist_mixer_free(&w.sign);
    mnist_mixer_free(&w.rank);
    return status;
}
