/* Which strokes are one digit, and which digits one row. */
#include "image/line.h"

#include "base/status.h"

#include <stdlib.h>

#define MOST_STROKES (2 * MNIST_MAX_GLYPHS)

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
static void measure(const mnist_picture *picture, const mnist_strokes *strokes,
                    mnist_ink_group *groups, size_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        groups[i] = (mnist_ink_group){.left = picture->cols, .top = picture->rows, .into = i};
    }
    const uint32_t *label = strokes->labels;
    for (unsigned y = 0; y < picture->rows; y++) {
        for (unsigned x = 0; x < picture->cols; x++, label++) {
            const uint32_t number = strokes->glyphs[*label];
            if (number != 0) {
                mnist_ink_group *g = &groups[number - 1];
                g->left = least(g->left, x);
                g->right = most(g->right, x + 1);
                g->top = least(g->top, y);
                g->bottom = y + 1;
            }
        }
    }
}

/* Do two stretches overlap by more than `part` of `parts` of the shorter one? */
static bool overlap(const unsigned a[2], const unsigned b[2], unsigned part, unsigned parts)
{
    const unsigned begin = most(a[0], b[0]), end = least(a[1], b[1]);
    const unsigned shorter = least(a[1] - a[0], b[1] - b[0]);
    return end > begin && parts * (uint64_t)(end - begin) > part * (uint64_t)shorter;
}

/* Is it one digit? */
static bool one_digit(const mnist_ink_group *a, const mnist_ink_group *b)
{
    return a->row == b->row &&
           overlap((unsigned[]){a->left, a->right}, (unsigned[]){b->left, b->right}, 1, 2);
}

static bool one_row(const mnist_ink_group *a, const mnist_ink_group *b)
{
    return overlap((unsigned[]){a->top, a->bottom}, (unsigned[]){b->top, b->bottom}, 1, 3);
}

static void absorb(mnist_ink_group *groups, uint32_t into, uint32_t from)
{
    mnist_ink_group *a = &groups[into];
    const mnist_ink_group *b = &groups[from];
    a->left = least(a->left, b->left);
    a->right = most(a->right, b->right);
    a->top = least(a->top, b->top);
    a->bottom = most(a->bottom, b->bottom);
    groups[from].into = into;
}

/* Joins groups until no two are one: a group that has grown may overlap others than before. */
static void join(mnist_ink_group *groups, size_t count,
                 bool (*are_one)(const mnist_ink_group *, const mnist_ink_group *))
{
    bool changed;
    do {
        changed = false;
        for (uint32_t a = 0; a < count; a++) {
            for (uint32_t b = a + 1; groups[a].into == a && b < count; b++) {
                if (groups[b].into == b && are_one(&groups[a], &groups[b])) {
                    absorb(groups, a, b);
                    changed = true;
                }
            }
        }
    } while (changed);
}

static uint32_t group_of(const mnist_ink_group *groups, uint32_t i)
{
    while (groups[i].into != i) {
        i = groups[i].into;
    }
    return i;
}

static int compare(const void *a, const void *b)
{
    const mnist_ink_place *x = a, *y = b;
    if (x->row != y->row) {
        return x->row < y->row ? -1 : 1;
    }
    if (x->middle != y->middle) {
        return x->middle < y->middle ? -1 : 1;
    }
    return x->group < y->group ? -1 : x->group > y->group;
}

/* Joins rows of less than half the height of the highest, such as the bar of a 5 that stands by
 * itself, to the nearest other row. */
static void join_low(mnist_ink_group *rows, size_t count)
{
    unsigned highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        highest = rows[i].into == i ? most(highest, rows[i].bottom - rows[i].top) : highest;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t nearest = i;
        unsigned distance = 0;
        if (rows[i].into != i || 2 * (uint64_t)(rows[i].bottom - rows[i].top) >= highest) {
            continue;
        }
        for (uint32_t k = 0; k < count; k++) {
            const unsigned below = rows[k].top > rows[i].bottom ? rows[k].top - rows[i].bottom : 0;
            const unsigned above = rows[i].top > rows[k].bottom ? rows[i].top - rows[k].bottom : 0;
            if (k != i && rows[k].into == k && (nearest == i || below + above < distance)) {
                nearest = k;
                distance = below + above;
            }
        }
        if (nearest != i) {
            absorb(rows, nearest, i);
        }
    }
}

/* Finds the rows that strokes stand in. Errors: MNIST_ERR_MEMORY. */
static mnist_status find_rows(mnist_ink_line *l, mnist_error *err)
{
    mnist_ink_group *rows = malloc(l->count * sizeof *rows);
    if (!rows) {
        return mnist_fail_memory(err, l->count * sizeof *rows, "a line of digits");
    }
    for (size_t i = 0; i < l->count; i++) {
        rows[i] = l->groups[i];
    }
    join(rows, l->count, one_row);
    join_low(rows, l->count);
    size_t count = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        if (rows[i].into == i) {
            l->order[count++] =
                (mnist_ink_place){.middle = (uint64_t)rows[i].top + rows[i].bottom, .group = i};
        }
    }
    qsort(l->order, count, sizeof *l->order, compare);
    for (size_t n = 0; n < count; n++) {
        rows[l->order[n].group].row = (unsigned)n;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        l->groups[i].row = rows[group_of(rows, i)].row;
    }
    free(rows);
    return MNIST_OK;
}

/* Sorts the digits by rows, and from left to right; their count. */
static size_t sort(const mnist_ink_group *groups, size_t count, mnist_ink_place *order)
{
    size_t digits = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (groups[i].into == i) {
            order[digits++] =
                (mnist_ink_place){groups[i].row, (uint64_t)groups[i].left + groups[i].right, i};
        }
    }
    qsort(order, digits, sizeof *order, compare);
    return digits;
}

/* Replaces strokes' numbers by the numbers of their digits, in the given order. */
static mnist_status number_digits(mnist_ink_line *l, size_t digits, mnist_error *err)
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

/* Makes digits of strokes. */
static mnist_status find_digits(mnist_ink_line *l, mnist_error *err)
{
    measure(l->picture, &l->strokes, l->groups, l->count);
    mnist_status status = find_rows(l, err);
    if (status != MNIST_OK) {
        return status;
    }
    join(l->groups, l->count, one_digit);
    l->digits = sort(l->groups, l->count, l->order);
    if (l->digits > MNIST_MAX_GLYPHS) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%zu shapes stand side by side: expected a line of at most %u digits",
                          l->digits, MNIST_MAX_GLYPHS);
    }
    for (size_t d = 0; d < l->digits; d++) {
        const mnist_ink_group *g = &l->groups[l->order[d].group];
        l->heights[g->row] = most(l->heights[g->row], g->bottom - g->top);
    }
    return number_digits(l, l->digits, err);
}

void mnist_ink_line_close(mnist_ink_line *l)
{
    free(l->heights);
    free(l->order);
    free(l->groups);
    mnist_strokes_free(&l->strokes);
}

mnist_status mnist_ink_line_open(mnist_ink_line *l, const mnist_picture *picture,
                                 mnist_invert invert, mnist_error *err)
{
    *l = (mnist_ink_line){.picture = picture};
    mnist_status status = mnist_levels_find(l->picture, invert, &l->levels, err);
    if (status == MNIST_OK) {
        status = mnist_strokes_find(l->picture, &l->levels, &l->strokes, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    l->count = number_strokes(&l->strokes);
    if (l->count > MOST_STROKES) {
        mnist_strokes_free(&l->strokes);
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%zu strokes that do not touch: expected at most %u, of a line of at most "
            "%u digits",
            l->count, MOST_STROKES, MNIST_MAX_GLYPHS);
    }
    l->groups = calloc(l->count, sizeof *l->groups);
    l->order = calloc(l->count, sizeof *l->order);
    l->heights = calloc(l->count, sizeof *l->heights);
    status = l->groups && l->order && l->heights
                 ? find_digits(l, err)
                 : mnist_fail_memory(err, l->count * sizeof *l->groups, "a line of digits");
    if (status != MNIST_OK) {
        mnist_ink_line_close(l);
    }
    return status;
}
