/* Borders through the places where a shape is thin: paths from top to bottom that cross little ink
 * (dynamic programming, as Burges et al. 1992, "Shortest path segmentation"). On a raster of cells,
 * at most 32 rows, so that the size of the picture does not matter. */
#include "image/cuts.h"

#include "base/status.h"

#include <assert.h>
#include <stdlib.h>

#define ROWS      32u /* of cells, at most */
#define REACH     4u  /* cells that a border may go away from its middle, to either side */
#define BAND      (2 * REACH + 1)
#define MOST_CUTS 60u
#define MOST_COLS (64 * ROWS) /* wider shapes are no digits side by side */
#define SPAN      6u          /* intervals between borders that a piece may have */

/* Of one possible border. */
typedef struct seam {
    uint32_t cost; /* UINT32_MAX: none */
    uint32_t at[ROWS];
} seam;

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* ink: (rows, cols) of cells: how many pixels of each are the shape's. */
static void count_ink(const mnist_picture *picture, const mnist_strokes *strokes, uint32_t glyph,
                      const mnist_cuts *c, uint32_t *ink)
{
    for (unsigned y = 0; y < c->box.height; y++) {
        const uint32_t *label = strokes->labels + (size_t)(c->box.y + y) * picture->cols + c->box.x;
        uint32_t *row = ink + (size_t)(y / c->cell) * c->cols;
        for (unsigned x = 0; x < c->box.width; x++) {
            row[x / c->cell] += strokes->glyphs[label[x]] == glyph;
        }
    }
}

/* The path around the middle column that crosses least ink: a border at column x lies to the left
 * of the cells of that column, and crosses ink where there is some on both its sides; ink beside it
 * costs less, and so does a step to another column, and a start away from the middle. */
static seam find_seam(const mnist_cuts *c, const uint32_t *ink, unsigned middle)
{
    uint32_t cost[ROWS][BAND] = {{0}};
    uint8_t came[ROWS][BAND];
    const uint32_t step = c->cell * c->cell;
    assert(c->rows >= 1 && c->rows <= ROWS);
    for (unsigned row = 0; row < c->rows; row++) {
        for (unsigned b = 0; b < BAND; b++) {
            const unsigned x = middle + b - REACH; /* from 1 to cols - 1, or beyond */
            cost[row][b] = UINT32_MAX / 2;
            came[row][b] = (uint8_t)b;
            if (middle + b < REACH + 1 || x >= c->cols) {
                continue;
            }
            const uint32_t *cells = ink + (size_t)row * c->cols + x;
            const uint32_t crossed = 4 * least(cells[-1], cells[0]) + cells[-1] + cells[0];
            uint32_t best = row == 0 ? (b > REACH ? b - REACH : REACH - b) * step / 4 : UINT32_MAX;
            for (unsigned p = b > 0 ? b - 1 : 0; row > 0 && p <= b + 1 && p < BAND; p++) {
                const uint32_t so_far = cost[row - 1][p] + (p != b ? step / 2 : 0);
                if (so_far < best) {
                    best = so_far;
                    came[row][b] = (uint8_t)p;
                }
            }
            cost[row][b] = least(best + crossed, UINT32_MAX / 2);
        }
    }
    seam s = {.cost = UINT32_MAX};
    unsigned b = 0;
    for (unsigned k = 0; k < BAND; k++) {
        if (cost[c->rows - 1][k] < s.cost) {
            s.cost = cost[c->rows - 1][k];
            b = k;
        }
    }
    for (unsigned row = c->rows; row-- > 0;) {
        s.at[row] = (middle + b - REACH) * c->cell;
        b = came[row][b];
    }
    return s;
}

/* Takes the cheapest seams first, and none near one that is taken. seams: (cols). */
static void choose(mnist_cuts *c, seam *seams)
{
    const unsigned apart = (c->rows + 5) / 6;
    const unsigned wanted = least(MOST_CUTS, 4 * c->cols / c->rows);
    for (unsigned n = 0; n < wanted; n++) {
        unsigned best = 0;
        for (unsigned x = apart; x + apart <= c->cols; x++) {
            best = seams[x].cost < UINT32_MAX && (best == 0 || seams[x].cost < seams[best].cost)
                       ? x
                       : best;
        }
        if (best == 0) {
            break;
        }
        c->middle[++c->count] = best;
        for (unsigned x = best > apart ? best - apart + 1 : 0; x < best + apart && x < c->cols;
             x++) {
            if (x != best) {
                seams[x].cost = UINT32_MAX;
            }
        }
        seams[best].cost = UINT32_MAX;
    }
}

static int compare(const void *a, const void *b)
{
    const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

/* How much ink lies on both sides of a border, in thousandths of the height. */
static unsigned crossing(const mnist_cuts *c, const seam *s, const uint32_t *ink)
{
    uint64_t sum = 0;
    for (unsigned row = 0; row < c->rows; row++) {
        const uint32_t *cells = ink + (size_t)row * c->cols + s->at[row] / c->cell;
        sum += least(cells[-1], cells[0]);
    }
    return (unsigned)(1000 * sum / ((uint64_t)c->cell * c->cell * c->rows));
}

/* Writes borders down, none of which crosses another, and counts ink between them. */
static void write_borders(mnist_cuts *c, const seam *seams, const uint32_t *ink)
{
    c->middle[0] = 0;
    qsort(c->middle + 1, c->count, sizeof *c->middle, compare);
    c->middle[c->count + 1] = c->cols;
    for (unsigned n = 1; n <= c->count; n++) {
        c->crossed[n] = crossing(c, &seams[c->middle[n]], ink);
    }
    for (unsigned row = 0; row < c->rows; row++) {
        uint32_t before = 0;
        c->borders[row] = 0;
        for (unsigned n = 1; n <= c->count; n++) {
            const uint32_t at = seams[c->middle[n]].at[row];
            before = at > before ? at : before;
            c->borders[n * c->rows + row] = before;
        }
        c->borders[(c->count + 1) * c->rows + row] = c->cols * c->cell;
        for (unsigned n = 0; n <= c->count; n++) {
            const uint32_t end = c->borders[(n + 1) * c->rows + row] / c->cell;
            for (uint32_t x = c->borders[n * c->rows + row] / c->cell; x < end; x++) {
                c->ink[n] += ink[(size_t)row * c->cols + x];
            }
        }
    }
}

mnist_status mnist_cuts_find(const mnist_picture *picture, const mnist_strokes *strokes,
                             uint32_t glyph, mnist_box box, mnist_cuts *out, mnist_error *err)
{
    const unsigned cell = (box.height + ROWS - 1) / ROWS;
    *out = (mnist_cuts){.cell = cell,
                        .rows = (box.height + cell - 1) / cell,
                        .cols = (box.width + cell - 1) / cell,
                        .box = box};
    if (box.height < 8 || out->cols > MOST_COLS ||
        5 * (uint64_t)box.width < 3 * (uint64_t)box.height) {
        return MNIST_OK;
    }
    uint32_t *ink = calloc((size_t)out->rows * out->cols, sizeof *ink);
    seam *seams = calloc(out->cols, sizeof *seams);
    out->middle = calloc(MOST_CUTS + 2, sizeof *out->middle);
    out->crossed = calloc(MOST_CUTS + 2, sizeof *out->crossed);
    out->ink = calloc(MOST_CUTS + 1, sizeof *out->ink);
    out->borders = calloc((MOST_CUTS + 2) * ROWS, sizeof *out->borders);
    const bool ok = ink && seams && out->middle && out->crossed && out->ink && out->borders;
    if (ok) {
        count_ink(picture, strokes, glyph, out, ink);
        for (unsigned x = 0; x < out->cols; x++) {
            seams[x] = find_seam(out, ink, x);
        }
        choose(out, seams);
        write_borders(out, seams, ink);
    }
    free(seams);
    free(ink);
    return ok ? MNIST_OK
              : mnist_fail_memory(err, out->cols * (sizeof *seams + out->rows * sizeof *ink),
                                  "a line of digits");
}

void mnist_cuts_free(mnist_cuts *cuts)
{
    free(cuts->borders);
    free(cuts->ink);
    free(cuts->crossed);
    free(cuts->middle);
    *cuts = (mnist_cuts){0};
}

bool mnist_cuts_allows(const mnist_cuts *c, unsigned from, unsigned to)
{
    uint64_t ink = 0, all = 0;
    if (from == 0 && to == c->count + 1) {
        return true;
    }
    for (unsigned n = 0; n <= c->count; n++) {
        ink += n >= from && n < to ? c->ink[n] : 0;
        all += c->ink[n];
    }
    return to - from <= SPAN && ink > 0 && 4 * (c->middle[to] - c->middle[from]) <= 5 * c->rows &&
           12 * ink * c->cols >= all * c->rows;
}

void mnist_cuts_bound(const mnist_cuts *c, unsigned from, unsigned to, mnist_part *part,
                      mnist_borders *borders)
{
    *borders = (mnist_borders){.left = c->borders + from * c->rows,
                               .right = c->borders + to * c->rows,
                               .x = c->box.x,
                               .y = c->box.y,
                               .cell = c->cell};
    part->borders = borders;
    uint32_t left = c->box.width, right = 0;
    for (unsigned row = 0; row < c->rows; row++) {
        left = least(left, borders->left[row]);
        right = borders->right[row] > right ? borders->right[row] : right;
    }
    const unsigned end = part->within.x + part->within.width;
    const unsigned first = c->box.x + left;
    part->within.x = first > part->within.x + 1 ? first - 1 : part->within.x;
    part->within.width = least(c->box.x + least(right, c->box.width) + 1, end) - part->within.x;
}
