/* From strokes to an image as a net was trained on: cut out, scaled and positioned. */
#include "image/strokes.h"

#include "base/status.h"
#include "image/pen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIT 20u /* MNIST's digits fit into this square */

const char *mnist_center_name(mnist_center center)
{
    static const char *const names[MNIST_CENTERS] = {"mass", "box", "none"};
    return (unsigned)center < MNIST_CENTERS ? names[center] : NULL;
}

/* A part of a picture, and what its pixels' values are found from. */
typedef struct source {
    const mnist_picture *picture;
    const uint8_t *value;         /* (256): the value of each grey */
    const mnist_levels *levels;   /* with strokes */
    const mnist_strokes *strokes; /* NULL: every pixel counts */
    uint32_t glyph, last;
    const mnist_borders *borders; /* or NULL */
    mnist_box box;
} source;

static bool is_between(const mnist_borders *b, unsigned x, unsigned y)
{
    const unsigned row = (y - b->y) / b->cell, col = x - b->x;
    return b->left[row] <= col && col < b->right[row];
}

static bool belongs(const source *in, unsigned x, unsigned y)
{
    const size_t at = (size_t)y * in->picture->cols + x;
    const uint32_t glyph = in->strokes->glyphs[in->strokes->labels[at]];
    return glyph >= in->glyph && glyph <= in->last &&
           (!in->borders || is_between(in->borders, x, y));
}

static bool touches(const source *in, unsigned x, unsigned y)
{
    const mnist_picture *picture = in->picture;
    const unsigned left = x > 0 ? x - 1 : x, right = x + 1 < picture->cols ? x + 1 : x;
    const unsigned top = y > 0 ? y - 1 : y, bottom = y + 1 < picture->rows ? y + 1 : y;
    for (unsigned row = top; row <= bottom; row++) {
        for (unsigned col = left; col <= right; col++) {
            if (belongs(in, col, row)) {
                return true;
            }
        }
    }
    return false;
}

/* The value of a pixel; 0 if it does not count. */
static unsigned value_at(const source *in, unsigned x, unsigned y)
{
    const size_t at = (size_t)y * in->picture->cols + x;
    const uint8_t grey = in->picture->pixels[at];
    const unsigned value = in->value[grey];
    if (!in->strokes || value == 0) {
        return value;
    }
    const bool counts =
        mnist_levels_is_ink(in->levels, grey) ? belongs(in, x, y) : touches(in, x, y);
    return counts ? value : 0;
}

/* The box of what counts within a part of the picture. */
static mnist_box find_box(const source *in, mnist_box within)
{
    unsigned left = within.x + within.width, right = 0, top = within.y + within.height, bottom = 0;
    for (unsigned y = within.y; y < within.y + within.height; y++) {
        for (unsigned x = within.x; x < within.x + within.width; x++) {
            if (value_at(in, x, y) != 0) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y;
            }
        }
    }
    assert(left <= right && top <= bottom);
    return (mnist_box){left, top, right - left + 1, bottom - top + 1};
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* A scaled part of a picture, at most 28 x 28, before it is rounded to bytes. */
typedef struct scaled {
    unsigned rows, cols;
    uint64_t sums[MNIST_PIXELS]; /* (rows, cols): values times areas */
    uint64_t whole;              /* the sum of a pixel that has the value 1 everywhere: its area */
} scaled;

/* Length of a side when the longer side becomes fit. */
static unsigned fit_side(unsigned length, unsigned longer, unsigned fit)
{
    const uint64_t side = (2 * (uint64_t)fit * length + longer) / (2 * (uint64_t)longer);
    return side > 0 ? (unsigned)side : 1;
}

/* The overlap of a pixel of the picture with one of the result, along one side. The unit is such
 * that nothing needs to be rounded: where a side of n pixels becomes m, a pixel of the picture has
 * m units and one of the result n. */
static uint64_t overlap(unsigned from, unsigned from_units, unsigned to, unsigned to_units)
{
    const uint64_t a = (uint64_t)from * from_units, b = (uint64_t)to * to_units;
    const uint64_t begin = a > b ? a : b;
    const uint64_t end = a + from_units < b + to_units ? a + from_units : b + to_units;
    return end > begin ? end - begin : 0;
}

static uint64_t sum_area(const source *in, const scaled *out, unsigned row, unsigned col)
{
    const mnist_box box = in->box;
    const unsigned first_y = (unsigned)((uint64_t)row * box.height / out->rows);
    const unsigned first_x = (unsigned)((uint64_t)col * box.width / out->cols);
    uint64_t sum = 0;
    for (unsigned y = first_y; y < box.height; y++) {
        const uint64_t high = overlap(y, out->rows, row, box.height);
        if (high == 0) {
            break;
        }
        uint64_t line = 0;
        for (unsigned x = first_x; x < box.width; x++) {
            const uint64_t wide = overlap(x, out->cols, col, box.width);
            if (wide == 0) {
                break;
            }
            line += wide * value_at(in, box.x + x, box.y + y);
        }
        sum += high * line;
    }
    return sum;
}

static void scale(const source *in, unsigned fit, scaled *out)
{
    const unsigned longer = in->box.width > in->box.height ? in->box.width : in->box.height;
    out->cols = fit_side(in->box.width, longer, fit);
    out->rows = fit_side(in->box.height, longer, fit);
    out->whole = (uint64_t)in->box.width * in->box.height;
    for (unsigned row = 0; row < out->rows; row++) {
        for (unsigned col = 0; col < out->cols; col++) {
            out->sums[row * out->cols + col] = sum_area(in, out, row, col);
        }
    }
}

/* The same of values, whose box it finds. */
static void scale_values(const mnist_values *values, scaled *out)
{
    uint8_t same[256];
    for (unsigned v = 0; v < 256; v++) {
        same[v] = (uint8_t)v;
    }
    const mnist_picture picture = {values->of, values->rows, values->cols};
    source in = {.picture = &picture, .value = same};
    in.box = find_box(&in, (mnist_box){0, 0, picture.cols, picture.rows});
    scale(&in, FIT, out);
}

/* Rounds sums to bytes, in place: the sum `whole` becomes `brightest`. */
static void round_to_bytes(scaled *s, uint64_t whole, uint64_t brightest)
{
    for (unsigned i = 0; i < s->rows * s->cols; i++) {
        s->sums[i] = (2 * brightest * s->sums[i] + whole) / (2 * whole);
        assert(s->sums[i] <= 255);
    }
}

static uint64_t largest(const scaled *s)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < s->rows * s->cols; i++) {
        most = s->sums[i] > most ? s->sums[i] : most;
    }
    return most;
}

/* Columns to the left, or rows above, of a result of length pixels. mass is the sum of all pixels,
 * moment that of pixel times position. MNIST's centres of mass lie between 13.5 and 14.5 if the
 * first pixel is 0. */
static unsigned margin(unsigned length, uint64_t mass, uint64_t moment, mnist_center center)
{
    const unsigned room = MNIST_SIDE - length;
    if (center != MNIST_CENTER_MASS) {
        return room / 2;
    }
    const uint64_t wanted = (MNIST_SIDE + 1) * mass, has = 2 * moment;
    return wanted > has ? (unsigned)least((unsigned)((wanted - has) / (2 * mass)), room) : 0;
}

static void place(const scaled *s, mnist_center center, uint8_t out[MNIST_PIXELS])
{
    uint64_t mass = 0, across = 0, down = 0;
    for (unsigned row = 0; row < s->rows; row++) {
        for (unsigned col = 0; col < s->cols; col++) {
            const uint64_t value = s->sums[row * s->cols + col];
            mass += value;
            across += value * col;
            down += value * row;
        }
    }
    const unsigned left = margin(s->cols, mass, across, center);
    const unsigned top = margin(s->rows, mass, down, center);
    memset(out, 0, MNIST_PIXELS);
    for (unsigned row = 0; row < s->rows; row++) {
        for (unsigned col = 0; col < s->cols; col++) {
            out[(top + row) * MNIST_SIDE + left + col] = (uint8_t)s->sums[row * s->cols + col];
        }
    }
}

/* The values of a part of the picture. Errors: MNIST_ERR_MEMORY. */
static mnist_status copy_values(const source *in, mnist_box within, mnist_values *out,
                                mnist_error *err)
{
    const size_t size = (size_t)within.width * within.height;
    *out = (mnist_values){
        .of = malloc(size), .faint = malloc(size), .rows = within.height, .cols = within.width};
    if (!out->of || !out->faint) {
        return mnist_fail_memory(err, 2 * size, "a digit of a picture");
    }
    size_t to = 0;
    for (unsigned y = within.y; y < within.y + within.height; y++) {
        for (unsigned x = within.x; x < within.x + within.width; x++, to++) {
            const uint8_t grey = in->picture->pixels[(size_t)y * in->picture->cols + x];
            const bool faint =
                in->value[grey] >= MNIST_FAINT && !mnist_levels_is_ink(in->levels, grey);
            out->of[to] = (uint8_t)value_at(in, x, y);
            out->faint[to] = out->of[to] == 0 && faint ? in->value[grey] : 0;
        }
    }
    return MNIST_OK;
}

mnist_status mnist_glyph_make(const mnist_part *part, mnist_center center, mnist_glyph *out,
                              mnist_error *err)
{
    assert(center != MNIST_CENTER_NONE && part->glyph != 0);
    source in = {.picture = part->picture,
                 .value = part->levels->value,
                 .levels = part->levels,
                 .strokes = part->strokes,
                 .glyph = part->glyph,
                 .last = part->last,
                 .borders = part->borders};
    mnist_values values;
    bool broadened = false;
    in.box = find_box(&in, part->within);
    out->box = in.box;
    out->inverted = part->levels->dark;
    mnist_status status = copy_values(&in, part->within, &values, err);
    if (status == MNIST_OK) {
        status = mnist_pen_broaden(&values, &broadened, err);
    }
    if (status == MNIST_OK) {
        scaled image;
        if (broadened) {
            scale_values(&values, &image);
        } else {
            scale(&in, FIT, &image);
        }
        round_to_bytes(&image, largest(&image), 255);
        place(&image, center, out->pixels);
    }
    mnist_values_free(&values);
    return status;
}

/* MNIST_CENTER_NONE: takes the whole picture, without telling ink from paper. */
static void take_whole(const mnist_picture *picture, bool dark, mnist_glyph *out)
{
    uint8_t value[256];
    scaled image;
    for (unsigned g = 0; g < 256; g++) {
        value[g] = (uint8_t)(dark ? 255 - g : g);
    }
    const source in = {
        .picture = picture, .value = value, .box = {0, 0, picture->cols, picture->rows}};
    scale(&in, MNIST_SIDE, &image);
    round_to_bytes(&image, image.whole, 1);
    place(&image, MNIST_CENTER_BOX, out->pixels);
    out->box = in.box;
    out->inverted = dark;
}

mnist_status mnist_picture_prepare(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph *out, mnist_error *err)
{
    assert(picture->rows >= 1 && picture->cols >= 1);
    if (center == MNIST_CENTER_NONE) {
        take_whole(picture, mnist_levels_is_dark(picture, invert), out);
        return MNIST_OK;
    }
    mnist_levels levels;
    mnist_strokes strokes;
    mnist_status status = mnist_levels_find(picture, invert, &levels, err);
    if (status == MNIST_OK) {
        status = mnist_strokes_find(picture, &levels, &strokes, err);
    }
    if (status == MNIST_OK) {
        const mnist_part part = {.picture = picture,
                                 .levels = &levels,
                                 .strokes = &strokes,
                                 .glyph = 1,
                                 .last = 1,
                                 .within = {0, 0, picture->cols, picture->rows}};
        status = mnist_glyph_make(&part, center, out, err);
        mnist_strokes_free(&strokes);
    }
    return status;
}
