/* From pictures to images of 28 x 28 (image/levels.c, strokes.c, prepare.c, segment.c), by the
 * rules in mnist/image.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mnist/data.h>
#include <mnist/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define SIDE MNIST_SIDE

/* A picture to draw on. */
typedef struct canvas {
    unsigned rows, cols;
    uint8_t *pixels;
} canvas;

static canvas blank(unsigned rows, unsigned cols, uint8_t grey)
{
    canvas c = {rows, cols, malloc((size_t)rows * cols)};
    assert_non_null(c.pixels);
    memset(c.pixels, grey, (size_t)rows * cols);
    return c;
}

static void fill(canvas *c, mnist_box box, uint8_t grey)
{
    for (unsigned y = box.y; y < box.y + box.height; y++) {
        memset(c->pixels + (size_t)y * c->cols + box.x, grey, box.width);
    }
}

static mnist_picture picture_of(const canvas *c)
{
    return (mnist_picture){c->pixels, c->rows, c->cols};
}

static mnist_glyph prepare(const canvas *c, mnist_invert invert, mnist_center center)
{
    mnist_glyph glyph;
    mnist_error err;
    const mnist_picture picture = picture_of(c);
    if (mnist_picture_prepare(&picture, invert, center, &glyph, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return glyph;
}

/* The image is value within a box, and 0 without. */
static void assert_only(const uint8_t *pixels, mnist_box box, uint8_t value)
{
    for (unsigned y = 0; y < SIDE; y++) {
        for (unsigned x = 0; x < SIDE; x++) {
            const bool within =
                x - box.x < box.width && y - box.y < box.height && x >= box.x && y >= box.y;
            if (pixels[y * SIDE + x] != (within ? value : 0)) {
                fail_msg("pixel (%u, %u) is %u", x, y, pixels[y * SIDE + x]);
            }
        }
    }
}

static void assert_box(mnist_box box, unsigned x, unsigned y, unsigned width, unsigned height)
{
    if (box.x != x || box.y != y || box.width != width || box.height != height) {
        fail_msg("box %u,%u of %u x %u, expected %u,%u of %u x %u", box.x, box.y, box.width,
                 box.height, x, y, width, height);
    }
}

/* A bar of 20 x 60 pixels: 7 x 20 in the end. */
static void test_bar(void **state)
{
    (void)state;
    for (unsigned dark = 0; dark < 2; dark++) {
        canvas c = blank(100, 150, dark ? 200 : 30);
        fill(&c, (mnist_box){111, 7, 20, 60}, dark ? 40 : 170);
        mnist_glyph glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
        assert_box(glyph.box, 111, 7, 20, 60);
        assert_int_equal(glyph.inverted, dark);
        /* (29 q - 2 * 3 q) / (2 q) = 11; (29 q - 19 q) / (2 q) = 5 */
        assert_only(glyph.pixels, (mnist_box){11, 5, 7, 20}, 255);
        glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_BOX);
        assert_only(glyph.pixels, (mnist_box){10, 4, 7, 20}, 255);
        /* the same if it is said; if the wrong thing is said, the ground is the digit, with a
         * hole */
        glyph = prepare(&c, dark ? MNIST_INVERT_YES : MNIST_INVERT_NO, MNIST_CENTER_BOX);
        assert_only(glyph.pixels, (mnist_box){10, 4, 7, 20}, 255);
        glyph = prepare(&c, dark ? MNIST_INVERT_NO : MNIST_INVERT_YES, MNIST_CENTER_BOX);
        assert_box(glyph.box, 0, 0, 150, 100);
        free(c.pixels);
    }
}

/* Two heights of one column: the heavier side is nearer to the middle. */
static void test_mass(void **state)
{
    (void)state;
    canvas c = blank(40, 40, 0);
    fill(&c, (mnist_box){10, 10, 20, 20}, 255);
    fill(&c, (mnist_box){20, 10, 10, 15}, 0); /* an L of 300 + 50 pixels */
    mnist_glyph glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
    /* columns: 10 of 20 rows, 10 of 5: q = 250, X = 45 * 20 + 145 * 5 = 1625 and
     * (29 * 250 - 3250) / 500 = 8; rows: 15 of 10, 5 of 20: Y = 105 * 10 + 85 * 20 = 2750 and
     * (7250 - 5500) / 500 = 3 */
    assert_int_equal(glyph.pixels[3 * SIDE + 8], 255);
    assert_int_equal(glyph.pixels[22 * SIDE + 27], 255);
    assert_int_equal(glyph.pixels[3 * SIDE + 7], 0);
    assert_int_equal(glyph.pixels[2 * SIDE + 8], 0);
    assert_int_equal(glyph.pixels[17 * SIDE + 18], 0);
    assert_int_equal(glyph.pixels[23 * SIDE + 27], 0);
    /* as far from the middle as is allowed: a thin leg a long way from a heavy block */
    fill(&c, (mnist_box){0, 0, 40, 40}, 0);
    fill(&c, (mnist_box){0, 0, 4, 40}, 255);
    fill(&c, (mnist_box){4, 38, 36, 2}, 255);
    glyph = prepare(&c, MNIST_INVERT_NO, MNIST_CENTER_MASS);
    unsigned sum = 0;
    for (unsigned y = 0; y < SIDE; y++) {
        sum += glyph.pixels[y * SIDE + SIDE - 1];
    }
    assert_true(sum > 0 && sum <= 255);
    free(c.pixels);
}

/* Areas, worked out by hand: 3 rows of 1 pixel become 20 of 7. */
static void test_areas(void **state)
{
    (void)state;
    canvas c = blank(30, 30, 0);
    static const uint8_t values[] = {255, 128, 255};
    for (unsigned i = 0; i < 3; i++) {
        c.pixels[(10 + i) * 30 + 10] = values[i];
    }
    /* the middle one is below the threshold, but touches the others and counts with its grey */
    const mnist_glyph glyph = prepare(&c, MNIST_INVERT_NO, MNIST_CENTER_BOX);
    assert_box(glyph.box, 10, 10, 1, 3);
    for (unsigned row = 0; row < 20; row++) {
        unsigned expected = 0; /* in thirds of a row of the result: 20 a pixel, 3 a row */
        for (unsigned unit = 3 * row; unit < 3 * row + 3; unit++) {
            expected += values[unit / 20];
        }
        for (unsigned col = 0; col < 7; col++) {
            assert_int_equal(glyph.pixels[(4 + row) * SIDE + 10 + col],
                             (510 * expected + 765) / (2 * 765));
        }
    }
    free(c.pixels);
}

/* Thin lines come out as bright as thick ones. */
static void test_thin(void **state)
{
    (void)state;
    canvas c = blank(1000, 1000, 255);
    fill(&c, (mnist_box){100, 100, 800, 4}, 0);
    fill(&c, (mnist_box){896, 100, 4, 800}, 0);
    const mnist_glyph glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_BOX);
    assert_int_equal(glyph.pixels[4 * SIDE + 23], 255);
    assert_true(glyph.pixels[4 * SIDE + 10] > 100);
    free(c.pixels);
}

/* A broad bar on the left, a row of `length` pixels to the right of it. */
static mnist_glyph barred(unsigned from, unsigned length, unsigned high, uint8_t grey)
{
    canvas c = blank(60, 60, 0);
    fill(&c, (mnist_box){from, 30 - high / 2, length, high}, grey);
    fill(&c, (mnist_box){10, 5, 6, 50}, 255);
    const mnist_glyph glyph = prepare(&c, MNIST_INVERT_NO, MNIST_CENTER_MASS);
    free(c.pixels);
    return glyph;
}

/* Of 40 x 50 pixels: k = 2, r = 2. A hairline becomes 5 pixels high, and 2 longer at both ends, even
 * if its grey is no ink. */
static void test_hairlines(void **state)
{
    (void)state;
    const mnist_glyph broad = barred(14, 38, 5, 255), bar = barred(16, 0, 1, 255);
    mnist_glyph glyph = barred(16, 34, 1, 255);
    assert_memory_equal(glyph.pixels, broad.pixels, MNIST_PIXELS);
    assert_box(glyph.box, 10, 5, 40, 50); /* of what is on the picture */
    glyph = barred(16, 34, 1, 100);
    assert_memory_equal(glyph.pixels, broad.pixels, MNIST_PIXELS);
    glyph = barred(16, 34, 1, 40);
    assert_memory_equal(glyph.pixels, broad.pixels, MNIST_PIXELS);
    glyph = barred(18, 32, 1, 100); /* does not touch */
    assert_memory_equal(glyph.pixels, bar.pixels, MNIST_PIXELS);
    glyph = barred(16, 34, 1, 39);
    assert_int_equal(glyph.box.width, 7); /* the box has one pixel of it, which touches the bar */
    /* 17 pixels have 13 that are hairs, as they are farther than 4 from the bar; 16 have 12 */
    glyph = barred(16, 17, 1, 255);
    const mnist_glyph as_broad = barred(14, 21, 5, 255);
    assert_memory_equal(glyph.pixels, as_broad.pixels, MNIST_PIXELS);
    glyph = barred(16, 16, 1, 255);
    unsigned most = 0;
    for (unsigned y = 0; y < SIDE; y++) {
        const uint8_t *row = glyph.pixels + y * SIDE;
        most = row[18] > most ? row[18] : most;
    }
    assert_in_range(most, 1, 110); /* two fifths of 255 */
}

/* At the edge of the picture, strokes grow out of it. */
static void test_hairs_at_edge(void **state)
{
    (void)state;
    canvas thin = blank(60, 60, 255), thick = blank(68, 68, 255);
    fill(&thin, (mnist_box){0, 0, 60, 60}, 0);
    fill(&thin, (mnist_box){1, 1, 58, 58}, 255);
    fill(&thick, (mnist_box){2, 2, 64, 64}, 0);
    fill(&thick, (mnist_box){7, 7, 54, 54}, 255);
    const mnist_glyph a = prepare(&thin, MNIST_INVERT_YES, MNIST_CENTER_BOX);
    const mnist_glyph b = prepare(&thick, MNIST_INVERT_YES, MNIST_CENTER_BOX);
    assert_memory_equal(a.pixels, b.pixels, MNIST_PIXELS);
    free(thin.pixels);
    free(thick.pixels);
}

static void test_dust(void **state)
{
    (void)state;
    canvas c = blank(100, 100, 220);
    fill(&c, (mnist_box){40, 20, 10, 64}, 30); /* 640 pixels: 20 stay, 19 do not */
    fill(&c, (mnist_box){80, 70, 5, 4}, 30);
    assert_box(prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS).box, 40, 20, 45, 64);
    c.pixels[73 * 100 + 84] = 220;
    assert_box(prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS).box, 40, 20, 10, 64);
    /* dust within the box is left out of it, with the grey around it */
    fill(&c, (mnist_box){60, 20, 3, 60}, 30);
    const mnist_glyph clean = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
    fill(&c, (mnist_box){53, 49, 4, 4}, 170);
    fill(&c, (mnist_box){54, 50, 2, 2}, 30);
    const mnist_glyph dusty = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
    assert_memory_equal(clean.pixels, dusty.pixels, MNIST_PIXELS);
    free(c.pixels);
}

/* Levels: of a noisy picture, paper is 0 and ink is 255. */
static void test_levels(void **state)
{
    (void)state;
    canvas c = blank(64, 64, 0);
    for (size_t i = 0; i < 64u * 64u; i++) {
        c.pixels[i] = (uint8_t)(180 + i * 7 % 11 - 5);
    }
    for (unsigned y = 12; y < 52; y++) {
        for (unsigned x = 20; x < 40; x++) {
            c.pixels[y * 64 + x] = (uint8_t)(90 + (y * 5 + x) % 7);
        }
    }
    const mnist_glyph glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_BOX);
    for (unsigned y = 0; y < SIDE; y++) {
        for (unsigned x = 0; x < SIDE; x++) {
            /* one pixel of antialiasing around it may have been noise */
            if (y >= 6 && y < 22 && x >= 11 && x < 17) {
                assert_true(glyph.pixels[y * SIDE + x] > 240);
            } else if (y < 4 || y >= 24 || x < 8 || x >= 20) {
                assert_int_equal(glyph.pixels[y * SIDE + x], 0);
            }
        }
    }
    free(c.pixels);
}

static void assert_blank(const canvas *c, const char *text)
{
    mnist_glyph glyph, *glyphs = &glyph;
    mnist_error err;
    size_t count = 1;
    const mnist_picture picture = picture_of(c);
    assert_int_equal(
        mnist_picture_prepare(&picture, MNIST_INVERT_AUTO, MNIST_CENTER_MASS, &glyph, &err),
        MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, text));
    assert_int_equal(mnist_picture_segment(&picture, MNIST_INVERT_AUTO, MNIST_CENTER_MASS, &glyphs,
                                           &count, &err),
                     MNIST_ERR_FORMAT);
    assert_null(glyphs);
    assert_int_equal(count, 0);
}

static void test_blank(void **state)
{
    (void)state;
    canvas c = blank(20, 30, 77);
    assert_blank(&c, "30 x 20 pixels are of one grey");
    fill(&c, (mnist_box){5, 5, 5, 5}, 77 + 15);
    assert_blank(&c, "blank: what might be ink has grey 92, and paper 77");
    fill(&c, (mnist_box){5, 5, 5, 5}, 77 + 16);
    assert_box(prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_MASS).box, 5, 5, 5, 5);
    free(c.pixels);
    c = blank(1, 1, 0);
    assert_blank(&c, "1 x 1");
    free(c.pixels);
}

/* MNIST_CENTER_NONE: bytes as they are, or 255 less them, and other sizes fitted in. */
static void test_none(void **state)
{
    (void)state;
    canvas c = blank(SIDE, SIDE, 0);
    for (unsigned i = 0; i < MNIST_PIXELS; i++) {
        c.pixels[i] = (uint8_t)(i % SIDE < 2 || i % 3 ? 0 : i * 31 % 256);
    }
    mnist_glyph glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_NONE);
    assert_memory_equal(glyph.pixels, c.pixels, MNIST_PIXELS);
    assert_false(glyph.inverted);
    glyph = prepare(&c, MNIST_INVERT_YES, MNIST_CENTER_NONE);
    for (unsigned i = 0; i < MNIST_PIXELS; i++) {
        assert_int_equal(glyph.pixels[i], 255 - c.pixels[i]);
        c.pixels[i] = (uint8_t)(255 - c.pixels[i]);
    }
    glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_NONE);
    assert_true(glyph.inverted);
    glyph = prepare(&c, MNIST_INVERT_NO, MNIST_CENTER_NONE);
    assert_memory_equal(glyph.pixels, c.pixels, MNIST_PIXELS);
    memset(c.pixels, 9, MNIST_PIXELS); /* one grey all over: no threshold */
    glyph = prepare(&c, MNIST_INVERT_AUTO, MNIST_CENTER_NONE);
    assert_memory_equal(glyph.pixels, c.pixels, MNIST_PIXELS);
    free(c.pixels);
    c = blank(56, 28, 0); /* 14 x 28 in the middle, pixels being means of four */
    c.pixels[0] = 255;
    c.pixels[1] = 100;
    glyph = prepare(&c, MNIST_INVERT_NO, MNIST_CENTER_NONE);
    assert_only(glyph.pixels, (mnist_box){7, 0, 1, 1}, 89); /* 355 / 4 */
    free(c.pixels);
}

/* Images like MNIST's come out nearly as they went in: at most a twentieth of all ink is elsewhere
 * or different, as where a faint edge was rounded down to nothing. */
static void test_idempotent(void **state)
{
    (void)state;
    mnist_dataset *dataset;
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, 0, 50, 5, &err), MNIST_OK);
    const mnist_view view = mnist_dataset_view(dataset);
    unsigned difference = 0, mass = 0;
    for (size_t i = 0; i < view.count; i++) {
        canvas c = {SIDE, SIDE, (uint8_t *)view.images + i * MNIST_PIXELS};
        mnist_glyph first = prepare(&c, MNIST_INVERT_NO, MNIST_CENTER_MASS);
        canvas again = {SIDE, SIDE, first.pixels};
        mnist_glyph second = prepare(&again, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
        assert_false(second.inverted);
        for (unsigned p = 0; p < MNIST_PIXELS; p++) {
            mass += first.pixels[p];
            difference += (unsigned)abs(first.pixels[p] - second.pixels[p]);
        }
    }
    assert_true(mass > 0 && 20 * difference < mass);
    mnist_dataset_free(dataset);
}

static mnist_piece *pieces_of(const canvas *c, size_t *count)
{
    mnist_piece *pieces;
    mnist_error err;
    const mnist_picture picture = picture_of(c);
    if (mnist_picture_pieces(&picture, MNIST_INVERT_YES, MNIST_CENTER_MASS, &pieces, count, &err) !=
        MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return pieces;
}

/* What every list of pieces promises: order, and that the whole picture can be read. */
static void check_pieces(const canvas *c, const mnist_piece *pieces, size_t count)
{
    unsigned last = 0, reached = 0;
    assert_true(count >= 1 && count <= MNIST_MAX_PIECES);
    for (size_t i = 0; i < count; i++) {
        const mnist_piece *p = &pieces[i];
        assert_true(p->from < p->to && p->cuts <= 2 && p->height >= 1);
        assert_true(i == 0 || pieces[i - 1].from < p->from ||
                    (pieces[i - 1].from == p->from && pieces[i - 1].to < p->to));
        assert_true(p->glyph.box.x + p->glyph.box.width <= c->cols);
        assert_true(p->glyph.box.y + p->glyph.box.height <= c->rows);
        last = p->to > last ? p->to : last;
        if (p->from == reached && p->cuts == 0 && p->joined == 0) {
            reached = p->to;
        }
    }
    assert_int_equal(reached, last);
}

/* Any picture at all gives results that keep to the promises. */
static void test_random(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 400; n++) {
        const mnist_rng_block shape = mnist_rng(1, MNIST_RNG_PROGRAM, n, 0);
        const unsigned rows = 1 + shape.word[0] % 40, cols = 1 + shape.word[1] % 40;
        const unsigned density = shape.word[2] % 256;
        canvas c = blank(rows, cols, 0);
        for (size_t i = 0; i < (size_t)rows * cols; i++) {
            const uint32_t bits = mnist_rng(1, MNIST_RNG_PROGRAM, n, i + 1).word[0];
            c.pixels[i] = (uint8_t)((bits & 255) < density ? bits >> 8 & 255 : 0);
        }
        const mnist_picture picture = picture_of(&c);
        mnist_glyph glyph, *glyphs;
        mnist_error err;
        size_t count;
        const mnist_invert invert = (mnist_invert)(n % MNIST_INVERTS);
        mnist_status status =
            mnist_picture_prepare(&picture, invert, MNIST_CENTER_MASS, &glyph, &err);
        assert_true(status == MNIST_OK || status == MNIST_ERR_FORMAT);
        if (status == MNIST_OK) {
            const unsigned longer =
                glyph.box.width > glyph.box.height ? glyph.box.width : glyph.box.height;
            unsigned brightest = 0, left = SIDE, right = 0, top = SIDE, bottom = 0;
            for (unsigned p = 0; p < MNIST_PIXELS; p++) {
                brightest = glyph.pixels[p] > brightest ? glyph.pixels[p] : brightest;
                if (glyph.pixels[p]) {
                    left = p % SIDE < left ? p % SIDE : left;
                    right = p % SIDE > right ? p % SIDE : right;
                    top = p / SIDE < top ? p / SIDE : top;
                    bottom = p / SIDE;
                }
            }
            assert_int_equal(brightest, 255);
            assert_true(right - left < 20 && bottom - top < 20 && longer > 0);
            assert_true(glyph.box.x + glyph.box.width <= cols);
            assert_true(glyph.box.y + glyph.box.height <= rows);
        }
        const mnist_status line =
            mnist_picture_segment(&picture, invert, MNIST_CENTER_BOX, &glyphs, &count, &err);
        assert_int_equal(line, status);
        assert_true(status != MNIST_OK || (count >= 1 && count <= rows * cols));
        free(glyphs);
        mnist_piece *pieces;
        const mnist_status cut =
            mnist_picture_pieces(&picture, invert, MNIST_CENTER_BOX, &pieces, &count, &err);
        assert_int_equal(cut, status);
        if (cut == MNIST_OK) {
            check_pieces(&c, pieces, count);
        } else {
            assert_true(!pieces && count == 0);
        }
        free(pieces);
        free(c.pixels);
    }
}

static void test_line(void **state)
{
    (void)state;
    canvas c = blank(60, 300, 250);
    /* a 5 of two strokes, whose bar reaches out to the right, a leaning 1 over the next one's
     * columns, dust */
    fill(&c, (mnist_box){20, 25, 15, 25}, 10);
    fill(&c, (mnist_box){25, 10, 20, 5}, 10);
    for (unsigned i = 0; i < 20; i++) {
        fill(&c, (mnist_box){90 - i, 10 + 2 * i, 4, 2}, 10);
    }
    fill(&c, (mnist_box){88, 10, 20, 40}, 10);
    fill(&c, (mnist_box){88, 10, 8, 20}, 250); /* the 1 leans into this one's columns */
    for (unsigned i = 0; i < 10; i++) {
        fill(&c, (mnist_box){90 - i, 10 + 2 * i, 4, 2}, 10);
    }
    fill(&c, (mnist_box){250, 8, 9, 44}, 10);
    fill(&c, (mnist_box){150, 30, 3, 3}, 10);
    mnist_glyph *glyphs;
    size_t count;
    mnist_error err;
    const mnist_picture picture = picture_of(&c);
    assert_int_equal(mnist_picture_segment(&picture, MNIST_INVERT_AUTO, MNIST_CENTER_MASS, &glyphs,
                                           &count, &err),
                     MNIST_OK);
    assert_int_equal(count, 4);
    assert_box(glyphs[0].box, 20, 10, 25, 40);
    assert_box(glyphs[1].box, 71, 10, 23, 40);
    assert_box(glyphs[2].box, 88, 10, 20, 40);
    assert_box(glyphs[3].box, 250, 8, 9, 44);
    /* each digit is as it would be alone */
    for (size_t g = 0; g < count; g++) {
        assert_true(glyphs[g].inverted);
    }
    canvas alone = blank(60, 100, 250);
    fill(&alone, (mnist_box){3, 2, 9, 44}, 10);
    const mnist_glyph one = prepare(&alone, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
    assert_memory_equal(one.pixels, glyphs[3].pixels, MNIST_PIXELS);
    free(alone.pixels);
    free(glyphs);
    free(c.pixels);
}

static const mnist_piece *piece_between(const mnist_piece *pieces, size_t count, unsigned x,
                                        unsigned width)
{
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].glyph.box.x == x && pieces[i].glyph.box.width == width) {
            return &pieces[i];
        }
    }
    return NULL;
}

/* A frame: a 0. */
static void ring(canvas *c, unsigned x, unsigned y)
{
    fill(c, (mnist_box){x, y, 30, 50}, 10);
    fill(c, (mnist_box){x + 8, y + 8, 14, 34}, 250);
}

/* Two rings of which corners touch, two that are joined by a bridge; a stroke with a gap. */
static void test_pieces(void **state)
{
    (void)state;
    static const unsigned gap[] = {0, 4};
    for (unsigned n = 0; n < 2; n++) {
        canvas c = blank(120, 120, 250);
        ring(&c, 10, 10);
        ring(&c, 40 + gap[n], n == 0 ? 56 : 10);
        fill(&c, (mnist_box){40, 34, gap[n], 3}, 10);
        size_t count;
        mnist_piece *pieces = pieces_of(&c, &count);
        check_pieces(&c, pieces, count);
        assert_non_null(piece_between(pieces, count, 10, 60 + gap[n]));
        const mnist_piece *left = piece_between(pieces, count, 10, 30);
        const mnist_piece *right = NULL; /* a border may be a cell beside the corner */
        for (unsigned x = 37; x <= 40; x++) {
            right = right ? right : piece_between(pieces, count, x, 70 + gap[n] - x);
        }
        assert_true(left && right && left->to == right->from);
        assert_int_equal(left->cuts, 1);
        assert_int_equal(left->crossed, right->crossed);
        assert_in_range(left->crossed, 30, 70); /* 4 of 96 rows, 3 of 50 */
        free(pieces);
        free(c.pixels);
    }
    canvas c = blank(90, 120, 250); /* a stroke of which the middle is missing */
    fill(&c, (mnist_box){10, 10, 12, 40}, 10);
    fill(&c, (mnist_box){23, 10, 12, 40}, 10);
    size_t count;
    mnist_piece *pieces = pieces_of(&c, &count);
    check_pieces(&c, pieces, count);
    assert_int_equal(count, 3);
    assert_int_equal(pieces[1].joined, 1);
    assert_box(pieces[1].glyph.box, 10, 10, 25, 40);
    free(pieces);
    free(c.pixels);
}

/* Two rows, the lower one with a part that stands above its neighbour; and a low dash. */
static void test_rows(void **state)
{
    (void)state;
    canvas c = blank(160, 200, 250);
    ring(&c, 100, 10);
    ring(&c, 20, 20);
    ring(&c, 60, 90);
    fill(&c, (mnist_box){110, 85, 10, 45}, 10);
    fill(&c, (mnist_box){140, 146, 20, 8}, 10);
    size_t count;
    mnist_glyph *glyphs;
    mnist_error err;
    const mnist_picture picture = picture_of(&c);
    assert_int_equal(
        mnist_picture_segment(&picture, MNIST_INVERT_YES, MNIST_CENTER_MASS, &glyphs, &count, &err),
        MNIST_OK);
    assert_int_equal(count, 5);
    static const unsigned lefts[] = {20, 100, 60, 110, 140};
    for (size_t g = 0; g < count; g++) {
        assert_int_equal(glyphs[g].box.x, lefts[g]);
    }
    free(glyphs);
    mnist_piece *pieces = pieces_of(&c, &count);
    check_pieces(&c, pieces, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pieces[i].row, pieces[i].glyph.box.y >= 80);
        assert_int_equal(pieces[i].height, 50);
    }
    free(pieces);
    free(c.pixels);
}

/* More digits than any line has. */
static void test_many(void **state)
{
    (void)state;
    for (unsigned things = 1000; things <= 1001; things++) {
        canvas c = blank(4, 2 * things + 2, 255);
        for (unsigned i = 0; i < things; i++) {
            fill(&c, (mnist_box){2 * i + 1, 1, 1, 2}, 0);
        }
        mnist_glyph *glyphs;
        size_t count;
        mnist_error err;
        const mnist_picture picture = picture_of(&c);
        const mnist_status status = mnist_picture_segment(&picture, MNIST_INVERT_YES,
                                                          MNIST_CENTER_BOX, &glyphs, &count, &err);
        assert_int_equal(status, things > MNIST_MAX_GLYPHS ? MNIST_ERR_FORMAT : MNIST_OK);
        assert_int_equal(count, things > MNIST_MAX_GLYPHS ? 0 : things);
        free(glyphs);
        free(c.pixels);
    }
    canvas c = blank(101, 101, 255); /* 2500 specks, one above the other */
    for (unsigned i = 0; i < 2500; i++) {
        c.pixels[(2 * (i / 50) + 1) * 101 + 2 * (i % 50) + 1] = 0;
    }
    mnist_glyph *glyphs;
    size_t count;
    mnist_error err;
    const mnist_picture picture = picture_of(&c);
    assert_int_equal(
        mnist_picture_segment(&picture, MNIST_INVERT_YES, MNIST_CENTER_BOX, &glyphs, &count, &err),
        MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "2500 strokes that do not touch"));
    free(c.pixels);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(mnist_invert_name(MNIST_INVERT_AUTO), "auto");
    assert_null(mnist_invert_name(MNIST_INVERTS));
    assert_string_equal(mnist_center_name(MNIST_CENTER_NONE), "none");
    assert_null(mnist_center_name(MNIST_CENTERS));
    assert_string_equal(mnist_picture_format_name(MNIST_PICTURE_RAW), "raw");
    assert_null(mnist_picture_format_name(MNIST_PICTURE_FORMATS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bar),           cmocka_unit_test(test_mass),
        cmocka_unit_test(test_areas),         cmocka_unit_test(test_thin),
        cmocka_unit_test(test_dust),          cmocka_unit_test(test_levels),
        cmocka_unit_test(test_blank),         cmocka_unit_test(test_none),
        cmocka_unit_test(test_idempotent),    cmocka_unit_test(test_random),
        cmocka_unit_test(test_line),          cmocka_unit_test(test_many),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_hairlines),
        cmocka_unit_test(test_hairs_at_edge), cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
