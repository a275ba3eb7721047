/* Cuts a line of digits into its digits, and into what may be digits. */
#include "image/cuts.h"
#include "image/line.h"

#include "base/status.h"

#include <assert.h>
#include <stdlib.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* The group's box, with one pixel more on every side for antialiasing. */
static mnist_box grown(const mnist_picture *picture, const mnist_ink_group *g)
{
    const unsigned left = g->left > 0 ? g->left - 1 : 0, top = g->top > 0 ? g->top - 1 : 0;
    return (mnist_box){left, top, least(g->right + 1, picture->cols) - left,
                       least(g->bottom + 1, picture->rows) - top};
}

/* Pieces of a line, which grow in number. */
typedef struct list {
    mnist_piece *items;
    size_t count, room;
    mnist_center center; /* of what is added */
} list;

/* Room for one more; NULL if memory is short. */
static mnist_piece *add(list *pieces)
{
    if (pieces->count == pieces->room) {
        const size_t room = pieces->room > 0 ? 2 * pieces->room : 16;
        mnist_piece *items = realloc(pieces->items, room * sizeof *items);
        if (!items) {
            return NULL;
        }
        pieces->items = items;
        pieces->room = room;
    }
    mnist_piece *piece = &pieces->items[pieces->count++];
    *piece = (mnist_piece){.to = 1};
    return piece;
}

/* What two parts are in. */
static mnist_box around(mnist_box a, mnist_box b)
{
    const unsigned left = least(a.x, b.x), top = least(a.y, b.y);
    return (mnist_box){left, top, most(a.x + a.width, b.x + b.width) - left,
                       most(a.y + a.height, b.y + b.height) - top};
}

static mnist_part part_of(const mnist_ink_line *l, size_t first, size_t last)
{
    mnist_part part = {.picture = l->picture,
                       .levels = &l->levels,
                       .strokes = &l->strokes,
                       .glyph = (uint32_t)first + 1,
                       .last = (uint32_t)last + 1,
                       .within = grown(l->picture, &l->groups[l->order[first].group])};
    for (size_t d = first + 1; d <= last; d++) {
        part.within = around(part.within, grown(l->picture, &l->groups[l->order[d].group]));
    }
    return part;
}

static mnist_status add_piece(const mnist_ink_line *l, const mnist_part *part, mnist_piece piece,
                              list *pieces, mnist_error *err)
{
    mnist_piece *to = add(pieces);
    if (!to) {
        return mnist_fail_memory(err, 2 * pieces->room * sizeof *to, "a line of digits");
    }
    const mnist_ink_group *g = &l->groups[l->order[part->glyph - 1].group];
    *to = piece;
    to->row = g->row;
    to->height = l->heights[g->row];
    return mnist_glyph_make(part, pieces->center, &to->glyph, err);
}

/* Parts of one digit, borders counted from `from` on. */
static mnist_status add_parts(const mnist_ink_line *l, size_t digit, const mnist_cuts *cuts,
                              unsigned border, list *pieces, mnist_error *err)
{
    const unsigned last = cuts->count + 1;
    mnist_status status = MNIST_OK;
    for (unsigned from = 0; from < last; from++) {
        for (unsigned to = from + 1; status == MNIST_OK && to <= last; to++) {
            mnist_part part = part_of(l, digit, digit);
            mnist_piece piece = {.from = border + from, .to = border + to};
            mnist_borders borders;
            if (from > 0 || to < last) {
                if (!mnist_cuts_allows(cuts, from, to)) {
                    continue;
                }
                mnist_cuts_bound(cuts, from, to, &part, &borders);
                piece.cuts = (from > 0 ? 1u : 0u) + (to < last ? 1u : 0u);
                piece.crossed = cuts->crossed[from] + cuts->crossed[to];
            }
            status = add_piece(l, &part, piece, pieces, err);
        }
    }
    return status;
}

/* Digits taken together, if they are as narrow as one: what has been broken. */
static mnist_status add_joined(const mnist_ink_line *l, size_t first, const unsigned *borders,
                               list *pieces, mnist_error *err)
{
    const mnist_ink_group *a = &l->groups[l->order[first].group];
    mnist_status status = MNIST_OK;
    for (size_t d = first + 1; d < l->digits && d <= first + 2 && status == MNIST_OK; d++) {
        const mnist_ink_group *b = &l->groups[l->order[d].group];
        const unsigned right = most(a->right, b->right), left = least(a->left, b->left);
        if (a->row != b->row || right - left > l->heights[a->row]) {
            break;
        }
        const mnist_part part = part_of(l, first, d);
        const mnist_piece piece = {
            .from = borders[first], .to = borders[d + 1], .joined = (unsigned)(d - first)};
        status = add_piece(l, &part, piece, pieces, err);
    }
    return status;
}

/* Every digit, every part of those that may be several, and neighbours that may be one. */
static mnist_status add_pieces(const mnist_ink_line *l, list *pieces, mnist_error *err)
{
    unsigned *borders = calloc(l->digits + 1, sizeof *borders);
    mnist_status status = MNIST_OK;
    if (!borders) {
        return mnist_fail_memory(err, l->digits * sizeof *borders, "a line");
    }
    for (size_t d = 0; d < l->digits && status == MNIST_OK; d++) {
        const mnist_ink_group *g = &l->groups[l->order[d].group];
        mnist_cuts cuts = {0};
        if (pieces->count < MNIST_MAX_PIECES - 4 * MNIST_MAX_GLYPHS - MNIST_CUTS_PIECES) {
            const mnist_box box = {g->left, g->top, g->right - g->left, g->bottom - g->top};
            status = mnist_cuts_find(l->picture, &l->strokes, (uint32_t)d + 1, box, &cuts, err);
        }
        if (status == MNIST_OK) {
            status = add_parts(l, d, &cuts, borders[d], pieces, err);
        }
        borders[d + 1] = borders[d] + cuts.count + 1;
        mnist_cuts_free(&cuts);
    }
    for (size_t d = 0; d < l->digits && status == MNIST_OK; d++) {
        status = add_joined(l, d, borders, pieces, err);
    }
    free(borders);
    return status;
}

static mnist_status add_digits(const mnist_ink_line *l, list *pieces, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (size_t d = 0; status == MNIST_OK && d < l->digits; d++) {
        const mnist_part part = part_of(l, d, d);
        const mnist_piece piece = {.from = (unsigned)d, .to = (unsigned)d + 1};
        status = add_piece(l, &part, piece, pieces, err);
    }
    return status;
}

static int by_borders(const void *a, const void *b)
{
    const mnist_piece *x = a, *y = b;
    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return (x->to > y->to) - (x->to < y->to);
}

/* pieces: empty; so it stays on failure. */
static mnist_status segment(const mnist_picture *picture, mnist_invert invert, bool cut,
                            list *pieces, mnist_error *err)
{
    mnist_ink_line l;
    assert(picture->rows >= 1 && picture->cols >= 1 && pieces->center != MNIST_CENTER_NONE);
    mnist_status status = mnist_ink_line_open(&l, picture, invert, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = cut ? add_pieces(&l, pieces, err) : add_digits(&l, pieces, err);
    mnist_ink_line_close(&l);
    if (status != MNIST_OK) {
        free(pieces->items);
        *pieces = (list){0};
    } else if (pieces->items) {
        qsort(pieces->items, pieces->count, sizeof *pieces->items, by_borders);
    }
    return status;
}

mnist_status mnist_picture_pieces(const mnist_picture *picture, mnist_invert invert,
                                  mnist_center center, mnist_piece **pieces, size_t *count,
                                  mnist_error *err)
{
    list all = {.center = center};
    const mnist_status status = segment(picture, invert, true, &all, err);
    *pieces = all.items;
    *count = all.count;
    return status;
}

mnist_status mnist_picture_segment(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph **glyphs, size_t *count,
                                   mnist_error *err)
{
    list all = {.center = center};
    *glyphs = NULL;
    *count = 0;
    const mnist_status status = segment(picture, invert, false, &all, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_glyph *out = malloc(all.count * sizeof *out);
    for (size_t i = 0; out && i < all.count; i++) {
        out[i] = all.items[i].glyph;
    }
    *glyphs = out;
    *count = out ? all.count : 0;
    free(all.items);
    return out ? MNIST_OK : mnist_fail_memory(err, all.count * sizeof *out, "a line of digits");
}
