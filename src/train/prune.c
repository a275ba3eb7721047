#include "train/prune.h"

#include "base/memory.h"
#include "base/status.h"
#include "train/config.h"

#include <math.h>
#include <string.h>

#define EVENTS 200u /* how often weights are pruned, from start to end */

const char *mnist_prune_structure_name(mnist_prune_structure structure)
{
    switch (structure) {
    case MNIST_PRUNE_WEIGHTS:
        return "weights";
    case MNIST_PRUNE_BLOCKS:
        return "blocks";
    case MNIST_PRUNE_N_OF_M:
        return "n:m";
    case MNIST_PRUNE_UNITS:
        return "units";
    case MNIST_PRUNE_STRUCTURES:
        break;
    }
    return NULL;
}

/* Where the weight from input i to output n is in an arena. */
static size_t place(const mnist_layer *layer, size_t i, size_t n)
{
    return mnist_panel_row(layer, n / MNIST_PANEL, i) + n % MNIST_PANEL;
}

static size_t parts(size_t count, size_t part)
{
    return (count + part - 1) / part;
}

/* Are inputs of layer l tied? */
static bool is_tied(const mnist_pruner *p, unsigned l)
{
    return l == 0 && p->tie.side > 1;
}

/* Which of the tied blocks input i is in; and the first input of a block. */
static size_t tied_block(const mnist_tie *tie, size_t i)
{
    return i / tie->columns / tie->side * (tie->columns / tie->side) + i % tie->columns / tie->side;
}

static size_t first_of_block(const mnist_tie *tie, size_t block)
{
    const size_t across = tie->columns / tie->side;
    return block / across * tie->side * tie->columns + block % across * tie->side;
}

/* How many things a layer has that are pruned as one. N_OF_M: those of one unit. */
static size_t layer_groups(const mnist_pruner *p, unsigned l)
{
    const mnist_layer *layer = &p->net->layers[l];
    const mnist_pruning *c = p->config;
    const size_t tied = is_tied(p, l) ? (size_t)p->tie.side * p->tie.side : 1;
    switch (c->structure) {
    case MNIST_PRUNE_BLOCKS:
        return parts(layer->inputs, c->block_inputs) * parts(layer->outputs, c->block_outputs);
    case MNIST_PRUNE_N_OF_M:
        return 0;
    case MNIST_PRUNE_UNITS:
        return l + 1 < p->net->layer_count ? layer->outputs : 0;
    default:
        return layer->inputs / tied * layer->outputs;
    }
}

/* Is layer l pruned at all? Of units, those between layers that are both trained. */
static bool prunes_layer(const mnist_pruner *p, unsigned l)
{
    const bool units = p->config->structure == MNIST_PRUNE_UNITS;
    return !p->frozen[l] && (!units || (l + 1 < p->net->layer_count && !p->frozen[l + 1]));
}

static size_t count_groups(const mnist_pruner *p)
{
    size_t groups = 0;
    for (unsigned l = 0; l < p->net->layer_count; l++) {
        groups += prunes_layer(p, l) ? layer_groups(p, l) : 0;
    }
    return groups;
}

#define ACTIVITY_PART 784u /* pixels at a time */

/* The root mean square of each pixel. Sums are whole numbers, the same everywhere. */
static void measure_activity(float *activity, mnist_view view)
{
    const size_t pixels = (size_t)view.rows * view.cols;
    uint64_t sums[ACTIVITY_PART];
    for (size_t first = 0; first < pixels; first += ACTIVITY_PART) {
        const size_t rest = pixels - first, count = rest < ACTIVITY_PART ? rest : ACTIVITY_PART;
        memset(sums, 0, sizeof sums);
        for (size_t i = 0; i < view.count; i++) {
            const uint8_t *image = view.images + i * pixels + first;
            for (size_t k = 0; k < count; k++) {
                sums[k] += (uint64_t)image[k] * image[k];
            }
        }
        for (size_t k = 0; k < count; k++) {
            activity[first + k] = (float)sqrt((double)sums[k] / (double)view.count) / 255.0f;
        }
    }
}

/* The root mean square of the sum over each block of tied pixels, which each of them gets. */
static void measure_tied_activity(const mnist_pruner *p, mnist_view view)
{
    const size_t pixels = (size_t)view.rows * view.cols, side = p->tie.side;
    const size_t blocks = pixels / (side * side);
    uint64_t sums[ACTIVITY_PART];
    for (size_t first = 0; first < blocks; first += ACTIVITY_PART) {
        const size_t rest = blocks - first, count = rest < ACTIVITY_PART ? rest : ACTIVITY_PART;
        memset(sums, 0, sizeof sums);
        for (size_t i = 0; i < view.count; i++) {
            for (size_t b = 0; b < count; b++) {
                const uint8_t *corner =
                    view.images + i * pixels + first_of_block(&p->tie, first + b);
                uint64_t sum = 0;
                for (size_t k = 0; k < side * side; k++) {
                    sum += corner[k / side * view.cols + k % side];
                }
                sums[b] += sum * sum;
            }
        }
        for (size_t i = 0; i < pixels; i++) {
            const size_t block = tied_block(&p->tie, i);
            if (block >= first && block < first + count) {
                p->activity[i] =
                    (float)sqrt((double)sums[block - first] / (double)view.count) / 255.0f;
            }
        }
    }
}

/* A mask that keeps all but, maybe, the weights that are 0. */
static void fill_mask(const mnist_pruner *p)
{
    for (size_t i = 0; i < p->net->arena_size; i++) {
        p->mask[i] = 1.0f;
    }
    for (unsigned l = 0; p->config->keep_zeros && l < p->net->layer_count; l++) {
        const mnist_layer *layer = &p->net->layers[l];
        for (size_t i = 0; i < layer->inputs; i++) {
            for (size_t n = 0; n < layer->outputs; n++) {
                const size_t at = place(layer, i, n);
                p->mask[at] = fpclassify(p->net->parameters[at]) == FP_ZERO ? 0.0f : 1.0f;
            }
        }
    }
}

mnist_status mnist_pruner_create(mnist_pruner *p, mnist_mlp *net, const mnist_train_config *config,
                                 uint64_t steps, mnist_view view, mnist_error *err)
{
    const mnist_pruning *c = &config->pruning;
    const bool prunes = c->keep > 0.0f;
    *p = (mnist_pruner){.config = c, .net = net, .frozen = config->frozen};
    if (config->tie_pixels > 1) {
        p->tie = (mnist_tie){config->tie_pixels, view.cols};
    }
    if (!prunes && !c->keep_zeros) {
        return MNIST_OK;
    }
    p->start = (uint64_t)((double)c->start * (double)steps);
    p->end = (uint64_t)((double)c->end * (double)steps);
    p->end = p->end > p->start ? p->end : p->start + 1;
    p->groups = prunes ? count_groups(p) : 0;
    p->mask = mnist_alloc(net->arena_size, sizeof *p->mask);
    p->scores = p->groups > 0 ? mnist_alloc(p->groups, sizeof *p->scores) : NULL;
    const size_t inputs = net->layers[0].inputs;
    p->activity = prunes ? mnist_alloc(inputs, sizeof *p->activity) : NULL;
    if (!p->mask || (p->groups > 0 && !p->scores) || (prunes && !p->activity)) {
        mnist_pruner_free(p);
        return mnist_fail_memory(err, (net->arena_size + p->groups) * sizeof *p->mask, "pruning");
    }
    fill_mask(p);
    if (prunes && !c->magnitude && p->tie.side > 1) {
        measure_tied_activity(p, view);
    } else if (prunes && !c->magnitude) {
        measure_activity(p->activity, view);
    }
    for (size_t k = 0; prunes && c->magnitude && k < inputs; k++) {
        p->activity[k] = 1.0f;
    }
    return MNIST_OK;
}

void mnist_pruner_free(mnist_pruner *p)
{
    mnist_free(p->mask);
    mnist_free(p->activity);
    mnist_free(p->scores);
    p->mask = p->activity = p->scores = NULL;
}

/* The score of one weight. */
static double score_of(const mnist_pruner *p, unsigned l, size_t i, size_t n)
{
    const double w = (double)p->weights[place(&p->net->layers[l], i, n)];
    const double a = l == 0 ? (double)p->activity[i] : 1.0;
    return w * a * (w * a);
}

/* Of tied pixels one stands for all. */
static void score_tied(const mnist_pruner *p, float *scores)
{
    const mnist_layer *layer = &p->net->layers[0];
    const size_t blocks = layer->inputs / ((size_t)p->tie.side * p->tie.side);
    for (size_t b = 0; b < blocks; b++) {
        for (size_t n = 0; n < layer->outputs; n++) {
            *scores++ = (float)score_of(p, 0, first_of_block(&p->tie, b), n);
        }
    }
}

static void score_blocks(const mnist_pruner *p, unsigned l, float *scores)
{
    const mnist_layer *layer = &p->net->layers[l];
    if (is_tied(p, l)) {
        score_tied(p, scores);
        return;
    }
    const bool single = p->config->structure == MNIST_PRUNE_WEIGHTS;
    const size_t rows = single ? 1 : p->config->block_inputs;
    const size_t columns = single ? 1 : p->config->block_outputs;
    for (size_t i = 0; i < layer->inputs; i += rows) {
        for (size_t n = 0; n < layer->outputs; n += columns) {
            double sum = 0.0;
            for (size_t y = i; y < i + rows && y < layer->inputs; y++) {
                for (size_t x = n; x < n + columns && x < layer->outputs; x++) {
                    sum += score_of(p, l, y, x);
                }
            }
            *scores++ = (float)sum;
        }
    }
}

static void score_units(const mnist_pruner *p, unsigned l, float *scores)
{
    const mnist_layer *layer = &p->net->layers[l];
    for (size_t n = 0; n < layer->outputs; n++) {
        double in = 0.0, out = 0.0;
        for (size_t i = 0; i < layer->inputs; i++) {
            const bool counts =
                !is_tied(p, l) || first_of_block(&p->tie, tied_block(&p->tie, i)) == i;
            in += counts ? score_of(p, l, i, n) : 0.0;
        }
        for (size_t o = 0; o < p->net->layers[l + 1].outputs; o++) {
            out += score_of(p, l + 1, n, o);
        }
        scores[n] = (float)(in * out);
    }
}

/* The score of which `count` are above or equal, and how many equal ones are among those. Scores are
 * not below 0, so that their bits have their order. */
static uint32_t find_threshold(const float *scores, size_t total, size_t count, size_t *equal)
{
    uint32_t prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) { /* a byte at a time, the highest first */
        size_t histogram[256] = {0};
        for (size_t i = 0; i < total; i++) {
            uint32_t bits;
            memcpy(&bits, &scores[i], sizeof bits);
            if (shift == 24 || bits >> (shift + 8) == prefix >> (shift + 8)) {
                histogram[bits >> shift & 255]++;
            }
        }
        uint32_t byte = 255;
        while (byte > 0 && histogram[byte] < count) {
            count -= histogram[byte--];
        }
        prefix |= byte << shift;
    }
    *equal = count;
    return prefix;
}

/* Replaces scores by whether they are among the `count` highest: 1 or 0. Of equal ones the first are
 * taken. */
static void choose(float *scores, size_t total, size_t count)
{
    size_t equal;
    const uint32_t threshold = find_threshold(scores, total, count, &equal);
    for (size_t i = 0; i < total; i++) {
        uint32_t bits;
        memcpy(&bits, &scores[i], sizeof bits);
        bool kept = bits > threshold;
        if (bits == threshold && equal > 0) {
            equal--;
            kept = true;
        }
        scores[i] = kept ? 1.0f : 0.0f;
    }
}

/* A layer keeps a unit at least: the first of the highest score. */
static size_t best_unit(const float *scores, size_t units)
{
    size_t best = 0;
    for (size_t n = 1; n < units; n++) {
        best = scores[n] > scores[best] ? n : best;
    }
    return best;
}

static void drop_blocks(const mnist_pruner *p, unsigned l, const float *kept)
{
    const mnist_layer *layer = &p->net->layers[l];
    const bool single = p->config->structure == MNIST_PRUNE_WEIGHTS;
    const size_t rows = single ? 1 : p->config->block_inputs;
    const size_t columns = single ? 1 : p->config->block_outputs;
    const size_t across = parts(layer->outputs, columns);
    for (size_t i = 0; i < layer->inputs; i++) {
        const size_t block = is_tied(p, l) ? tied_block(&p->tie, i) : i / rows;
        for (size_t n = 0; n < layer->outputs; n++) {
            p->mask[place(layer, i, n)] *= kept[block * across + n / columns];
        }
    }
}

static void drop_units(const mnist_pruner *p, unsigned l, const float *kept)
{
    const mnist_layer *layer = &p->net->layers[l], *above = &p->net->layers[l + 1];
    for (size_t n = 0; n < layer->outputs; n++) {
        for (size_t i = 0; i < layer->inputs; i++) {
            p->mask[place(layer, i, n)] *= kept[n];
        }
        for (size_t o = 0; o < above->outputs; o++) {
            p->mask[place(above, n, o)] *= kept[n];
        }
    }
}

/* Leaves the weights of the `left` highest scores in each group of a unit's inputs. */
static void drop_within_groups(const mnist_pruner *p, unsigned l, size_t left)
{
    const mnist_layer *layer = &p->net->layers[l];
    float scores[MNIST_PRUNE_MOST_GROUP];
    for (size_t n = 0; n < layer->outputs; n++) {
        for (size_t i = 0; i < layer->inputs; i += p->config->group_size) {
            const size_t rest = layer->inputs - i,
                         size = rest < p->config->group_size ? rest : p->config->group_size;
            for (size_t k = 0; k < size; k++) {
                scores[k] = (float)score_of(p, l, i + k, n);
            }
            choose(scores, size, left < size ? left : size);
            for (size_t k = 0; k < size; k++) {
                p->mask[place(layer, i + k, n)] *= scores[k];
            }
        }
    }
}

/* Of all groups, the fraction `keep` stays. */
static void drop_lowest(const mnist_pruner *p, double keep)
{
    const bool units = p->config->structure == MNIST_PRUNE_UNITS;
    size_t best[MNIST_MAX_HIDDEN + 1] = {0};
    float *scores = p->scores;
    for (unsigned l = 0; l < p->net->layer_count; l++) {
        if (prunes_layer(p, l)) {
            (units ? score_units : score_blocks)(p, l, scores);
            best[l] = units ? best_unit(scores, layer_groups(p, l)) : 0;
            scores += layer_groups(p, l);
        }
    }
    const size_t left = (size_t)(keep * (double)p->groups + 0.5);
    choose(p->scores, p->groups, left > 0 ? left : 1);
    scores = p->scores;
    for (unsigned l = 0; l < p->net->layer_count; l++) {
        if (prunes_layer(p, l)) {
            if (units) {
                scores[best[l]] = 1.0f;
            }
            (units ? drop_units : drop_blocks)(p, l, scores);
            scores += layer_groups(p, l);
        }
    }
}

static void prune_to(const mnist_pruner *p, double share)
{
    const mnist_pruning *c = p->config;
    const double rest = (1.0 - share) * (1.0 - share) * (1.0 - share);
    if (c->structure == MNIST_PRUNE_N_OF_M) {
        const double extra = (double)(c->group_size - c->group_kept) * rest;
        for (unsigned l = 0; l < p->net->layer_count; l++) {
            if (prunes_layer(p, l)) {
                drop_within_groups(p, l, c->group_kept + (size_t)(extra + 0.5));
            }
        }
    } else if (p->groups > 0) {
        drop_lowest(p, (double)c->keep + (1.0 - (double)c->keep) * rest);
    }
}

void mnist_pruner_apply(const mnist_pruner *p, mnist_optimizer *optimizer, float *average)
{
    if (!p->mask) {
        return;
    }
    const size_t size = p->net->arena_size;
    mnist_mask_values(p->net->parameters, p->mask, size);
    if (optimizer->latent) {
        mnist_mask_values(optimizer->latent, p->mask, size);
    }
    for (size_t s = 0; s < MNIST_OPTIMIZER_STATES && optimizer->state[s]; s++) {
        mnist_mask_values(optimizer->state[s], p->mask, size);
    }
    if (average) {
        mnist_mask_values(average, p->mask, size);
    }
}

/* How many of the events have been after so many steps. */
static uint64_t events(const mnist_pruner *p, uint64_t step)
{
    return step <= p->start ? 0
           : step >= p->end ? EVENTS
                            : (step - p->start) * EVENTS / (p->end - p->start);
}

bool mnist_pruner_goes_on(const mnist_pruner *p, uint64_t step)
{
    return p->mask && p->config->keep > 0.0f && events(p, step) < EVENTS;
}

bool mnist_pruner_step(mnist_pruner *p, uint64_t step, mnist_optimizer *optimizer, float *average)
{
    if (!p->mask || !(p->config->keep > 0.0f) || events(p, step) == events(p, step - 1)) {
        return false;
    }
    p->weights = mnist_optimizer_values(optimizer, p->net);
    prune_to(p, (double)events(p, step) / EVENTS);
    mnist_pruner_apply(p, optimizer, average);
    return true;
}
