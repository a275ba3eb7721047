/* Cuts a line of digits into its digits. */
#include "image/strokes.h"

#include "base/status.h"

#include <assert.h>
#include <stdlib.h>

#define MOST_STROKES (2 * MNIST_MAX_GLYPHS)

/* Strokes that have been found to be one digit. */
typedef struct group {
    unsigned left, right, top, bottom; /* right and bottom are past its end */
    uint32_t into;                     /* the group that it was joined to; its own index: none */
} group;

/* Where a digit stands in the line. */
typedef struct position {
    uint64_t middle; /* twice the middle column */
    uint32_t group;
} position;

/* The state of cutting a line. */
typedef struct line {
    const mnist_picture *picture;
    mnist_levels levels;
    mnist_strokes strokes;
    size_t count;    /* of strokes that are no dust */
    group *groups;   /* (count): at first each is one stroke */
    position *order; /* (count): the groups that remain, from left to right */
} line;

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* Numbers the strokes that are no dust, for which glyphs is 1, from 1 on, in glyphs. Their
 * count. */
static size_t number_strokes(mnist_strokes *strokes)
{
    uint32_t count = 0;
    for (size_t s = 1; s <= strokes->count; s++) {
        if (strokes->glyphs[s] != 0) {
            strokes->glyphs[s] = ++count;
        }
    }
    return count;
}

/* Makes a group of each stroke; groups[n - 1] is that of number n. */
static void measure(const mnist_picture *picture, const mnist_strokes *strokes, group *groups,
                    size_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        groups[i] = (group){.left = picture->cols, .top = picture->rows, .into = i};
    }
    const uint32_t *label = strokes->labels;
    for (unsigned y = 0; y < picture->rows; y++) {
        for (unsigned x = 0; x < picture->cols; x++, label++) {
            const uint32_t number = strokes->glyphs[*label];
            if (number != 0) {
                group *g = &groups[number - 1];
                g->left = least(g->left, x);
                g->right = most(g->right, x + 1);
                g->top = least(g->top, y);
                g->bottom = y + 1;
            }
        }
    }
}

/* Do they overlap by more than half of the narrower one's columns? */
static bool overlap(const group *a, const group *b)
{
    const unsigned begin = most(a->left, b->left), end = least(a->right, b->right);
    const unsigned narrower = least(a->right - a->left, b->right - b->left);
    return end > begin && 2 * (uint64_t)(end - begin) > narrower;
}

static void absorb(group *groups, uint32_t into, uint32_t from)
{
    group *a = &groups[into];
    const group *b = &groups[from];
    a->left = least(a->left, b->left);
    a->right = most(a->right, b->right);
    a->top = least(a->top, b->top);
    a->bottom = most(a->bottom, b->bottom);
    groups[from].into = into;
}

/* Joins groups until no two overlap: a group that has grown may overlap others than before. */
static void join(group *groups, size_t count)
{
    bool changed;
    do {
        changed = false;
        for (uint32_t a = 0; a < count; a++) {
            for (uint32_t b = a + 1; groups[a].into == a && b < count; b++) {
                if (groups[b].into == b && overlap(&groups[a], &groups[b])) {
                    absorb(groups, a, b);
                    changed = true;
                }
            }
        }
    } while (changed);
}

static uint32_t group_of(const group *groups, uint32_t i)
{
    while (groups[i].into != i) {
        i = groups[i].into;
    }
    return i;
}

static int compare(const void *a, const void *b)
{
    const position *x = a, *y = b;
    if (x->middle != y->middle) {
        return x->middle < y->middle ? -1 : 1;
    }
    return x->group < y->group ? -1 : x->group > y->group;
}

/* Sorts the digits from left to right; their count. */
static size_t sort(const group *groups, size_t count, position *order)
{
    size_t digits = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (groups[i].into == i) {
            order[digits++] = (position){(uint64_t)groups[i].left + groups[i].right, i};
        }
    }
    qsort(order, digits, sizeof *order, compare);
    return digits;
}

/* Replaces strokes' numbers by the numbers of their digits, in the given order. */
static mnist_status number_digits(line *l, size_t digits, mnist_error *err)
{
    uint32_t *glyphs = l->strokes.glyphs;
    uint32_t *number = calloc(l->count, sizeof *number);
    if (!number) {
        return mnist_fail_memory(err, l->count * sizeof *number, "a line of digits");
    }
    for (size_t d = 0; d < digits; d++) {
        number[l->order[d].group] = (uint32_t)d + 1;
    }
    for (size_t s = 1; s <= l->strokes.count; s++) {
        if (glyphs[s] != 0) {
            glyphs[s] = number[group_of(l->groups, glyphs[s] - 1)];
        }
    }
    free(number);
    return MNIST_OK;
}

/* The group's box, with one pixel more on every side for antialiasing. */
static mnist_box grown(const mnist_picture *picture, const group *g)
{
    const unsigned left = g->left > 0 ? g->left - 1 : 0, top = g->top > 0 ? g->top - 1 : 0;
    return (mnist_box){left, top, least(g->right + 1, picture->cols) - left,
                       least(g->bottom + 1, picture->rows) - top};
}

static mnist_status make_glyphs(line *l, mnist_center center, mnist_glyph **glyphs, size_t *count,
                                mnist_error *err)
{
    measure(l->picture, &l->strokes, l->groups, l->count);
    join(l->groups, l->count);
    const size_t digits = sort(l->groups, l->count, l->order);
    if (digits > MNIST_MAX_GLYPHS) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%zu shapes stand side by side: expected a line of at most %u digits",
                          digits, MNIST_MAX_GLYPHS);
    }
    mnist_status status = number_digits(l, digits, err);
    mnist_glyph *out = status == MNIST_OK ? calloc(digits, sizeof *out) : NULL;
    if (!out) {
        return status != MNIST_OK
                   ? status
                   : mnist_fail_memory(err, digits * sizeof *out, "a line of digits");
    }
    for (size_t d = 0; status == MNIST_OK && d < digits; d++) {
        const mnist_part part = {.picture = l->picture,
                                 .levels = &l->levels,
                                 .strokes = &l->strokes,
                                 .glyph = (uint32_t)d + 1,
                                 .within = grown(l->picture, &l->groups[l->order[d].group])};
        status = mnist_glyph_make(&part, center, &out[d], err);
    }
    if (status != MNIST_OK) {
        free(out);
        return status;
    }
    *glyphs = out;
    *count = digits;
    return MNIST_OK;
}

mnist_status mnist_picture_segment(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph **glyphs, size_t *count,
                                   mnist_error *err)
{
    assert(picture->rows >= 1 && picture->cols >= 1 && center != MNIST_CENTER_NONE);
    *glyphs = NULL;
    *count = 0;
    line l = {.picture = picture};
    mnist_status status = mnist_levels_find(picture, invert, &l.levels, err);
    if (status == MNIST_OK) {
        status = mnist_strokes_find(picture, &l.levels, &l.strokes, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    l.count = number_strokes(&l.strokes);
    if (l.count > MOST_STROKES) {
        mnist_strokes_free(&l.strokes);
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%zu strokes that do not touch: expected at most %u, of a line of at most "
            "%u digits",
            l.count, MOST_STROKES, MNIST_MAX_GLYPHS);
    }
    l.groups = calloc(l.count, sizeof *l.groups);
    l.order = calloc(l.count, sizeof *l.order);
    status = l.groups && l.order
                 ? make_glyphs(&l, center, glyphs, count, err)
                 : mnist_fail_memory(err, l.count * sizeof *l.groups, "a line of digits");
    free(l.order);
    free(l.groups);
    mnist_strokes_free(&l.strokes);
    return status;
}
