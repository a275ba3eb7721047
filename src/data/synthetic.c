/* Stroke-drawn digits. A glyph is a few strokes through knots. An image is a glyph whose knots are
 * displaced, bent, slanted and rotated, drawn with a pen of some width into MNIST's frame (28 x 28,
 * the digit about 20 high, its centre of mass in the middle).
 *
 * The bits are the same on every machine: only +, -, *, / and sqrtf in single precision are used,
 * in a fixed order, and random numbers that are a function of (seed, image, draw). */
#include <mnist/data.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include "data/dataset.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE };

#define BOX 20.0f /* the side of the frame's inner box, which the digit is scaled to */

/* What the pen does at a knot. */
typedef enum pen {
    SMOOTH, /* passes in a curve */
    CORNER, /* changes direction sharply */
    LIFT,   /* ends the stroke; the next knot, if any, begins another */
} pen;

typedef struct knot {
    uint8_t x, y; /* in hundredths of the glyph's box, y downwards */
    uint8_t pen;
} knot;

enum {
    MAX_KNOTS = 16,
    MAX_VARIANTS = 4,
    SUBDIVISIONS = 4, /* segments that stand for a curve between two knots */
    MAX_SEGMENTS = MAX_KNOTS * SUBDIVISIONS
};

typedef struct glyph {
    uint8_t count;
    knot knots[MAX_KNOTS];
} glyph;

typedef struct letter {
    unsigned variants;
    glyph variant[MAX_VARIANTS];
} letter;

/* Ways in which people write the ten digits. */
/* one row of knots for each stroke */
/* clang-format off */
static const letter alphabet[MNIST_CLASSES] = {
    [0] = {2, {
        {9, {{54, 2, SMOOTH}, {28, 12, SMOOTH}, {17, 50, SMOOTH}, {28, 88, SMOOTH},
             {50, 98, SMOOTH}, {73, 86, SMOOTH}, {83, 48, SMOOTH}, {74, 13, SMOOTH},
             {48, 3, LIFT}}},
        {10, {{66, 12, SMOOTH}, {44, 3, SMOOTH}, {24, 24, SMOOTH}, {18, 62, SMOOTH},
              {32, 94, SMOOTH}, {58, 96, SMOOTH}, {79, 70, SMOOTH}, {80, 32, SMOOTH},
              {66, 8, SMOOTH}, {46, 12, LIFT}}},
    }},
    [1] = {4, {
        {3, {{52, 0, SMOOTH}, {50, 50, SMOOTH}, {49, 100, LIFT}}},
        {3, {{56, 0, SMOOTH}, {50, 50, SMOOTH}, {47, 100, LIFT}}},
        {4, {{36, 20, SMOOTH}, {54, 2, CORNER}, {52, 52, SMOOTH}, {51, 100, LIFT}}},
        {7, {{36, 18, SMOOTH}, {54, 2, CORNER}, {52, 52, SMOOTH}, {51, 98, LIFT}, {32, 99, SMOOTH},
             {50, 98, SMOOTH}, {72, 97, LIFT}}},
    }},
    [2] = {3, {
        {9, {{18, 24, SMOOTH}, {32, 7, SMOOTH}, {54, 2, SMOOTH}, {75, 13, SMOOTH}, {75, 34, SMOOTH},
             {58, 60, SMOOTH}, {18, 95, CORNER}, {50, 94, SMOOTH}, {84, 95, LIFT}}},
        {11, {{20, 20, SMOOTH}, {40, 3, SMOOTH}, {66, 7, SMOOTH}, {74, 28, SMOOTH},
              {58, 58, SMOOTH}, {32, 88, SMOOTH}, {16, 92, SMOOTH}, {17, 78, SMOOTH},
              {34, 76, SMOOTH}, {58, 93, SMOOTH}, {88, 88, LIFT}}},
        {8, {{24, 8, SMOOTH}, {52, 2, SMOOTH}, {74, 16, SMOOTH}, {68, 44, SMOOTH}, {44, 74, SMOOTH},
             {22, 97, CORNER}, {54, 90, SMOOTH}, {86, 98, LIFT}}},
    }},
    [3] = {3, {
        {9, {{20, 14, SMOOTH}, {44, 2, SMOOTH}, {70, 10, SMOOTH}, {70, 32, SMOOTH},
             {42, 47, CORNER}, {72, 56, SMOOTH}, {78, 80, SMOOTH}, {52, 98, SMOOTH},
             {18, 88, LIFT}}},
        {7, {{20, 5, SMOOTH}, {76, 4, CORNER}, {44, 40, CORNER}, {72, 50, SMOOTH}, {78, 76, SMOOTH},
             {54, 98, SMOOTH}, {18, 91, LIFT}}},
        {11, {{24, 10, SMOOTH}, {48, 2, SMOOTH}, {70, 14, SMOOTH}, {64, 36, SMOOTH},
              {44, 46, SMOOTH}, {38, 49, SMOOTH}, {50, 51, SMOOTH}, {74, 64, SMOOTH},
              {74, 88, SMOOTH}, {48, 98, SMOOTH}, {20, 94, LIFT}}},
    }},
    [4] = {3, {
        {7, {{26, 2, SMOOTH}, {20, 28, SMOOTH}, {16, 54, CORNER}, {50, 54, SMOOTH}, {86, 50, LIFT},
             {68, 14, SMOOTH}, {62, 98, LIFT}}},
        {6, {{62, 2, SMOOTH}, {40, 34, SMOOTH}, {12, 65, CORNER}, {88, 62, LIFT}, {62, 2, SMOOTH},
             {60, 99, LIFT}}},
        {8, {{24, 4, SMOOTH}, {18, 30, SMOOTH}, {24, 48, SMOOTH}, {46, 50, SMOOTH}, {70, 40, LIFT},
             {76, 4, SMOOTH}, {70, 46, SMOOTH}, {66, 98, LIFT}}},
    }},
    [5] = {3, {
        {9, {{78, 4, SMOOTH}, {34, 4, CORNER}, {28, 24, SMOOTH}, {25, 46, CORNER}, {50, 38, SMOOTH},
             {74, 52, SMOOTH}, {74, 80, SMOOTH}, {50, 98, SMOOTH}, {18, 90, LIFT}}},
        {9, {{34, 8, SMOOTH}, {29, 28, SMOOTH}, {28, 46, CORNER}, {54, 44, SMOOTH},
             {74, 64, SMOOTH}, {62, 92, SMOOTH}, {22, 95, LIFT}, {34, 8, SMOOTH}, {82, 3, LIFT}}},
        {8, {{80, 5, SMOOTH}, {46, 6, SMOOTH}, {32, 22, SMOOTH}, {40, 42, SMOOTH}, {64, 54, SMOOTH},
             {70, 78, SMOOTH}, {50, 97, SMOOTH}, {18, 90, LIFT}}},
    }},
    [6] = {3, {
        {9, {{64, 2, SMOOTH}, {36, 30, SMOOTH}, {22, 66, SMOOTH}, {34, 93, SMOOTH},
             {60, 95, SMOOTH}, {74, 75, SMOOTH}, {60, 56, SMOOTH}, {36, 61, SMOOTH},
             {24, 78, LIFT}}},
        {8, {{46, 0, SMOOTH}, {26, 38, SMOOTH}, {20, 76, SMOOTH}, {40, 98, SMOOTH},
             {68, 90, SMOOTH}, {72, 67, SMOOTH}, {50, 56, SMOOTH}, {23, 72, LIFT}}},
        {9, {{76, 8, SMOOTH}, {46, 10, SMOOTH}, {24, 40, SMOOTH}, {22, 78, SMOOTH},
             {46, 97, SMOOTH}, {74, 84, SMOOTH}, {68, 58, SMOOTH}, {44, 54, SMOOTH},
             {26, 68, LIFT}}},
    }},
    [7] = {4, {
        {5, {{16, 6, SMOOTH}, {48, 6, SMOOTH}, {82, 4, CORNER}, {56, 46, SMOOTH}, {42, 98, LIFT}}},
        {7, {{16, 6, SMOOTH}, {48, 7, SMOOTH}, {80, 4, CORNER}, {58, 48, SMOOTH}, {44, 98, LIFT},
             {30, 53, SMOOTH}, {74, 49, LIFT}}},
        {5, {{18, 22, SMOOTH}, {20, 7, CORNER}, {82, 5, CORNER}, {60, 50, SMOOTH}, {54, 98, LIFT}}},
        {6, {{14, 16, SMOOTH}, {34, 6, SMOOTH}, {62, 8, SMOOTH}, {76, 14, SMOOTH}, {58, 50, SMOOTH},
             {36, 98, LIFT}}},
    }},
    [8] = {3, {
        {11, {{70, 16, SMOOTH}, {48, 2, SMOOTH}, {27, 16, SMOOTH}, {36, 38, SMOOTH},
              {62, 56, SMOOTH}, {75, 80, SMOOTH}, {50, 98, SMOOTH}, {24, 80, SMOOTH},
              {38, 56, SMOOTH}, {64, 36, SMOOTH}, {72, 14, LIFT}}},
        {14, {{52, 2, SMOOTH}, {30, 12, SMOOTH}, {32, 36, SMOOTH}, {50, 46, SMOOTH},
              {69, 36, SMOOTH}, {70, 12, SMOOTH}, {50, 2, LIFT}, {50, 46, SMOOTH}, {25, 62, SMOOTH},
              {27, 90, SMOOTH}, {52, 98, SMOOTH}, {77, 86, SMOOTH}, {74, 60, SMOOTH},
              {50, 46, LIFT}}},
        {11, {{30, 14, SMOOTH}, {50, 2, SMOOTH}, {72, 14, SMOOTH}, {62, 38, SMOOTH},
              {36, 58, SMOOTH}, {24, 82, SMOOTH}, {48, 98, SMOOTH}, {74, 80, SMOOTH},
              {62, 56, SMOOTH}, {36, 38, SMOOTH}, {28, 12, LIFT}}},
    }},
    [9] = {3, {
        {9, {{74, 16, SMOOTH}, {50, 4, SMOOTH}, {25, 18, SMOOTH}, {28, 44, SMOOTH},
             {52, 49, SMOOTH}, {70, 34, SMOOTH}, {75, 12, CORNER}, {71, 56, SMOOTH},
             {62, 98, LIFT}}},
        {10, {{72, 20, SMOOTH}, {48, 3, SMOOTH}, {25, 22, SMOOTH}, {34, 46, SMOOTH},
              {58, 45, SMOOTH}, {74, 18, CORNER}, {76, 46, SMOOTH}, {70, 78, SMOOTH},
              {52, 97, SMOOTH}, {26, 90, LIFT}}},
        {9, {{66, 10, SMOOTH}, {42, 4, SMOOTH}, {24, 26, SMOOTH}, {36, 46, SMOOTH},
             {60, 38, SMOOTH}, {70, 14, SMOOTH}, {70, 34, SMOOTH}, {58, 70, SMOOTH},
             {40, 99, LIFT}}},
    }},
};
/* clang-format on */
/* clang-format on */

/* A sequence of random words that belongs to one image. */
typedef struct dice {
    uint64_t seed, image;
    uint32_t draw; /* blocks taken so far */
    unsigned left; /* words of the block not yet used */
    mnist_rng_block block;
} dice;

static uint32_t dice_word(dice *d)
{
    if (d->left == 0) {
        d->block = mnist_rng(d->seed, MNIST_RNG_SYNTHETIC, d->draw++, d->image);
        d->left = 4;
    }
    return d->block.word[4 - d->left--];
}

/* Uniform in [low, high). */
static float dice_range(dice *d, float low, float high)
{
    return low + (high - low) * mnist_rng_unit(dice_word(d));
}

/* In (-width, width), likeliest at 0: the sum of two uniform numbers. */
static float dice_spread(dice *d, float width)
{
    float a = mnist_rng_unit(dice_word(d));
    float b = mnist_rng_unit(dice_word(d));
    return (a + b - 1.0f) * width;
}

/* Images' own draws start from 0 and never reach this number. */
#define LABEL_DRAWS 0x80000000u

/* The labels of the ten images from run * 10 on: a permutation of the classes (Fisher-Yates). */
static void draw_labels(uint64_t seed, uint64_t run, uint8_t labels[MNIST_CLASSES])
{
    dice d = {.seed = seed, .image = run * MNIST_CLASSES, .draw = LABEL_DRAWS};
    for (unsigned i = 0; i < MNIST_CLASSES; i++) {
        labels[i] = (uint8_t)i;
    }
    for (unsigned left = MNIST_CLASSES; left > 1; left--) {
        uint32_t pick = mnist_rng_below(dice_word(&d), left);
        uint8_t last = labels[left - 1];
        labels[left - 1] = labels[pick];
        labels[pick] = last;
    }
}

typedef struct point {
    float x, y;
} point;

/* Displaces the knots, in units of the glyph's height with the origin in its middle: first each by
 * itself, then all together by one bend, one aspect, one slant and one rotation. */
static void distort(const glyph *g, dice *d, point out[MAX_KNOTS])
{
    float bend_x = dice_spread(d, 0.3f), bend_y = dice_spread(d, 0.2f);
    float aspect = dice_range(d, 0.78f, 1.32f);
    float slant = dice_range(d, -0.25f, 0.5f);
    /* a rotation by means of the half angle's tangent: it needs neither sine nor cosine */
    float t = dice_spread(d, 0.18f);
    float cosine = (1.0f - t * t) / (1.0f + t * t), sine = 2.0f * t / (1.0f + t * t);
    for (int k = 0; k < g->count; k++) {
        float x = ((float)g->knots[k].x - 50.0f) * 0.01f + dice_spread(d, 0.07f);
        float y = ((float)g->knots[k].y - 50.0f) * 0.01f + dice_spread(d, 0.07f);
        float bent_x = x + bend_x * (4.0f * y * y - 0.5f) * 0.5f;
        float bent_y = y + bend_y * (4.0f * x * x - 0.5f) * 0.5f;
        float slanted_x = bent_x * aspect - slant * bent_y;
        out[k].x = cosine * slanted_x - sine * bent_y;
        out[k].y = sine * slanted_x + cosine * bent_y;
    }
}

typedef struct segment {
    point a, b;
} segment;

/* The point at t in [0, 1] from p1 to p2 of the uniform Catmull-Rom spline (Catmull & Rom 1974). */
static point spline(point p0, point p1, point p2, point p3, float t)
{
    float t2 = t * t, t3 = t2 * t;
    float w0 = 2.0f * t2 - t3 - t, w1 = 3.0f * t3 - 5.0f * t2 + 2.0f;
    float w2 = 4.0f * t2 - 3.0f * t3 + t, w3 = t3 - t2;
    return (point){0.5f * (w0 * p0.x + w1 * p1.x + w2 * p2.x + w3 * p3.x),
                   0.5f * (w0 * p0.y + w1 * p1.y + w2 * p2.y + w3 * p3.y)};
}

/* Strokes through the displaced knots p, as segments; returns how many. */
static int trace(const glyph *g, const point p[MAX_KNOTS], segment out[MAX_SEGMENTS])
{
    int count = 0;
    for (int k = 0; k + 1 < g->count; k++) {
        if (g->knots[k].pen == LIFT) {
            continue;
        }
        /* at a stroke's end and at a corner the curve does not depend on what lies beyond */
        bool enters = k > 0 && g->knots[k].pen == SMOOTH && g->knots[k - 1].pen != LIFT;
        bool leaves = g->knots[k + 1].pen == SMOOTH;
        point p0 = enters ? p[k - 1] : p[k];
        point p3 = leaves ? p[k + 2] : p[k + 1];
        int pieces = enters || leaves ? SUBDIVISIONS : 1;
        point from = p[k];
        for (int s = 1; s <= pieces; s++) {
            point to = s == pieces ? p[k + 1]
                                   : spline(p0, p[k], p[k + 1], p3, (float)s / (float)SUBDIVISIONS);
            out[count++] = (segment){from, to};
            from = to;
        }
    }
    return count;
}

/* The position of the origin on one axis of the frame: the centre of mass is near the middle, and
 * no ink is on the outermost pixels. low and high are the ends of the digit, scaled. */
static float place(float low, float high, float centre, float reach, dice *d)
{
    float at = (float)SIDE * 0.5f + dice_spread(d, 1.5f) - centre;
    float margin = reach + 0.5f;
    at = at + low < margin ? margin - low : at;
    return at + high > (float)SIDE - margin ? (float)SIDE - margin - high : at;
}

/* Moves and scales the segments into the frame, for a pen of the given radius whose ink goes no
 * further than reach: the longer side fills the box but for a random margin. */
static void frame(segment *segments, int count, float radius, float reach, dice *d)
{
    point low = segments[0].a, high = segments[0].a, moment = {0.0f, 0.0f};
    float mass = 0.0f;
    for (int s = 0; s < count; s++) {
        point a = segments[s].a, b = segments[s].b;
        low.x = b.x < low.x ? b.x : low.x;
        low.y = b.y < low.y ? b.y : low.y;
        high.x = b.x > high.x ? b.x : high.x;
        high.y = b.y > high.y ? b.y : high.y;
        low.x = a.x < low.x ? a.x : low.x;
        low.y = a.y < low.y ? a.y : low.y;
        high.x = a.x > high.x ? a.x : high.x;
        high.y = a.y > high.y ? a.y : high.y;
        float dx = b.x - a.x, dy = b.y - a.y;
        float length = sqrtf(dx * dx + dy * dy);
        mass += length;
        moment.x += length * (a.x + b.x) * 0.5f;
        moment.y += length * (a.y + b.y) * 0.5f;
    }
    float width = high.x - low.x, height = high.y - low.y;
    float extent = width > height ? width : height;
    float scale = (BOX - 2.0f * radius) / extent * dice_range(d, 0.9f, 1.0f);
    float x = place(scale * low.x, scale * high.x, scale * moment.x / mass, reach, d);
    float y = place(scale * low.y, scale * high.y, scale * moment.y / mass, reach, d);
    for (int s = 0; s < count; s++) {
        segment *g = &segments[s];
        g->a = (point){x + scale * g->a.x, y + scale * g->a.y};
        g->b = (point){x + scale * g->b.x, y + scale * g->b.y};
    }
}

/* The pixels whose centres lie between low and high, as a half-open range within the frame. */
static void pixel_range(float low, float high, int *first, int *end)
{
    int f = (int)(low < 0.0f ? 0.0f : low), e = (int)(high < 0.0f ? 0.0f : high) + 1;
    *first = f < SIDE ? f : SIDE;
    *end = e < SIDE ? e : SIDE;
}

/* Lowers each pixel's squared distance to that from the segment, for pixels that may be within
 * reach. */
static void measure(float squares[PIXELS], segment g, float weight, float reach)
{
    int x0, x1, y0, y1;
    pixel_range((g.a.x < g.b.x ? g.a.x : g.b.x) - reach, (g.a.x > g.b.x ? g.a.x : g.b.x) + reach,
                &x0, &x1);
    pixel_range((g.a.y < g.b.y ? g.a.y : g.b.y) - reach, (g.a.y > g.b.y ? g.a.y : g.b.y) + reach,
                &y0, &y1);
    float dx = g.b.x - g.a.x, dy = g.b.y - g.a.y;
    float square = dx * dx + dy * dy;
    float inverse = square > 1e-12f ? 1.0f / square : 0.0f; /* a dot has but one point */
    for (int y = y0; y < y1; y++) {
        float *row = squares + (size_t)y * SIDE;
        float py = (float)y + 0.5f - g.a.y;
        for (int x = x0; x < x1; x++) {
            float px = (float)x + 0.5f - g.a.x;
            float t = (px * dx + py * dy) * inverse;
            t = t < 0.0f ? 0.0f : t;
            t = t > 1.0f ? 1.0f : t;
            float ex = px - t * dx, ey = py - t * dy;
            float distance = (ex * ex + ey * ey) * weight;
            row[x] = distance < row[x] ? distance : row[x];
        }
    }
}

/* Ink from distances: full inside the pen's radius, falling to none over the softness of its edge.
 * It is dimmed and made grainy a little, but the background stays 0, as MNIST's is. */
static void ink(const float squares[PIXELS], float radius, float softness, dice *d,
                uint8_t image[PIXELS])
{
    float gain = dice_range(d, 230.0f, 340.0f), grain = dice_range(d, 0.0f, 0.3f);
    float steepness = 1.0f / softness;
    uint32_t noise = 0;
    for (int p = 0; p < PIXELS; p++) {
        noise = p % 4 == 0 ? dice_word(d) : noise >> 8;
        float cover = 0.5f + (radius - sqrtf(squares[p])) * steepness;
        cover = cover < 0.0f ? 0.0f : cover;
        cover = cover > 1.0f ? 1.0f : cover;
        float value = gain * cover * (1.0f - grain * (float)(noise & 255u) * (1.0f / 256.0f));
        value = value > 255.0f ? 255.0f : value;
        image[p] = (uint8_t)(value + 0.5f);
    }
}

static void draw_digit(uint64_t seed, uint64_t index, unsigned label, uint8_t image[PIXELS])
{
    dice d = {.seed = seed, .image = index};
    const letter *l = &alphabet[label];
    const glyph *g = &l->variant[mnist_rng_below(dice_word(&d), l->variants)];
    point knots[MAX_KNOTS];
    segment segments[MAX_SEGMENTS];
    float squares[PIXELS];

    distort(g, &d, knots);
    int count = trace(g, knots, segments);
    float radius = dice_range(&d, 0.75f, 1.35f);
    radius += dice_range(&d, 0.0f, 0.5f); /* C does not order operands */
    float softness = dice_range(&d, 1.1f, 1.7f);
    float reach = radius * 1.3f + softness; /* 1.3: see pressure below */
    frame(segments, count, radius, reach, &d);

    /* the pen's pressure rises or falls along the way: where the line is thin, distances count for
     * more */
    float pressure = dice_spread(&d, 0.3f);
    for (int p = 0; p < PIXELS; p++) {
        squares[p] = (float)(2 * PIXELS); /* beyond the frame's diagonal, so beyond all ink */
    }
    for (int s = 0; s < count; s++) {
        float along = ((float)s + 0.5f) / (float)count * 2.0f - 1.0f;
        float width = 1.0f + pressure * along;
        measure(squares, segments[s], 1.0f / (width * width), reach);
    }
    ink(squares, radius, softness, &d, image);
}

mnist_status mnist_dataset_create_synthetic(mnist_dataset **out, uint64_t first, size_t count,
                                            uint64_t seed, mnist_error *err)
{
    *out = NULL;
    if (count < 1 || count > UINT32_MAX || count > SIZE_MAX / PIXELS) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%zu synthetic images asked for: expected 1 to %zu", count,
                          SIZE_MAX / PIXELS < UINT32_MAX ? SIZE_MAX / PIXELS : (size_t)UINT32_MAX);
    }
    if (first > UINT64_MAX - count) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "synthetic images from %llu on: there are no %zu before the sequence's end",
            (unsigned long long)first, count);
    }
    mnist_dataset *dataset = calloc(1, sizeof *dataset);
    uint8_t *images = mnist_alloc_large(count * PIXELS);
    uint8_t *labels = malloc(count);
    if (!dataset || !images || !labels) {
        free(dataset);
        free(images);
        free(labels);
        return mnist_fail_memory(err, count * (PIXELS + 1), "synthetic digits");
    }
    uint8_t run[MNIST_CLASSES];
    for (size_t i = 0; i < count; i++) {
        uint64_t index = first + i;
        if (i == 0 || index % MNIST_CLASSES == 0) {
            draw_labels(seed, index / MNIST_CLASSES, run);
        }
        labels[i] = run[index % MNIST_CLASSES];
        draw_digit(seed, index, labels[i], images + i * PIXELS);
    }
    dataset->images = images;
    dataset->labels = labels;
    dataset->view = (mnist_view){
        .images = images, .labels = labels, .count = count, .rows = SIDE, .cols = SIDE};
    *out = dataset;
    return MNIST_OK;
}
