/* Finding hairlines, and drawing them again with a broader pen: a few passes over the picture,
 * however broad that is. */
#include "image/pen.h"

#include "base/status.h"

#include <stdlib.h>
#include <string.h>

#define FULL  128u /* the least value of ink that a broad stroke is made of */
#define LEAST 24u  /* pixels of the longer side; images like MNIST's are smaller */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* Pixels whose neighbours are still to be looked at. */
typedef struct stack {
    uint32_t *at;
    size_t count, room;
} stack;

static mnist_status push(stack *s, size_t at, mnist_error *err)
{
    if (s->count == s->room) {
        const size_t room = s->room > 0 ? 2 * s->room : 256;
        uint32_t *larger = realloc(s->at, room * sizeof *larger);
        if (!larger) {
            return mnist_fail_memory(err, room * sizeof *larger, "a thin pen's strokes");
        }
        s->at = larger;
        s->room = room;
    }
    s->at[s->count++] = (uint32_t)at;
    return MNIST_OK;
}

/* Makes what is faint and touches (x, y) part of the digit. */
static mnist_status take_neighbours(mnist_values *v, stack *open, size_t x, size_t y,
                                    mnist_error *err)
{
    mnist_status status = MNIST_OK;
    const size_t left = x > 0 ? x - 1 : x, right = x + 1 < v->cols ? x + 1 : x;
    const size_t top = y > 0 ? y - 1 : y, bottom = y + 1 < v->rows ? y + 1 : y;
    for (size_t row = top; row <= bottom; row++) {
        for (size_t col = left; col <= right && status == MNIST_OK; col++) {
            const size_t at = row * v->cols + col;
            if (v->faint[at] > 0) {
                v->of[at] = v->faint[at];
                v->faint[at] = 0;
                status = push(open, at, err);
            }
        }
    }
    return status;
}

/* Makes everything faint part of the digit that hangs together with it. */
static mnist_status take_faint(mnist_values *v, mnist_error *err)
{
    stack open = {0};
    mnist_status status = MNIST_OK;
    for (size_t y = 0; y < v->rows && status == MNIST_OK; y++) {
        for (size_t x = 0; x < v->cols && status == MNIST_OK; x++) {
            if (v->of[y * v->cols + x] >= MNIST_FAINT) {
                status = take_neighbours(v, &open, x, y, err);
            }
            while (status == MNIST_OK && open.count > 0) {
                const size_t at = open.at[--open.count];
                status = take_neighbours(v, &open, at % v->cols, at / v->cols, err);
            }
        }
    }
    free(open.at);
    return status;
}

/* Moves the part that is not 0 to the start of the array. */
static void crop(mnist_values *v)
{
    size_t left = v->cols, right = 0, top = v->rows, bottom = 0;
    for (size_t y = 0; y < v->rows; y++) {
        for (size_t x = 0; x < v->cols; x++) {
            if (v->of[y * v->cols + x] > 0) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y;
            }
        }
    }
    const size_t wide = right - left + 1;
    for (size_t y = top; y <= bottom; y++) {
        memmove(v->of + (y - top) * wide, v->of + y * v->cols + left, wide);
    }
    v->cols = (unsigned)wide;
    v->rows = (unsigned)(bottom - top + 1);
}

/* side[y][x]: of the largest square of pixels of the digit that ends in (x, y), at most `enough`. */
static void measure_squares(const mnist_values *v, unsigned enough, uint16_t *side)
{
    const size_t cols = v->cols;
    for (size_t y = 0; y < v->rows; y++) {
        for (size_t x = 0; x < cols; x++) {
            const size_t at = y * cols + x;
            unsigned smallest = 0;
            if (x > 0 && y > 0) {
                smallest = least(side[at - 1], least(side[at - cols], side[at - cols - 1]));
            }
            side[at] = (uint16_t)(v->of[at] >= FULL ? least(smallest + 1, enough) : 0);
        }
    }
}

/* A pixel in which a square of side `enough` ends covers that square: counts down from `enough`
 * going up and to the left, so that what is covered is not 0. In place. */
static void cover_squares(uint16_t *side, size_t rows, size_t cols, unsigned enough)
{
    for (size_t y = rows; y-- > 0;) {
        for (size_t x = cols; x-- > 0;) {
            const size_t at = y * cols + x;
            const bool right = x + 1 < cols, below = y + 1 < rows;
            unsigned n = side[at] == enough ? enough + 1 : 1;
            n = right ? most(n, side[at + 1]) : n;
            n = below ? most(n, side[at + cols]) : n;
            n = right && below ? most(n, side[at + cols + 1]) : n;
            side[at] = (uint16_t)(n - 1);
        }
    }
}

/* What is not 0 counts down going to any of eight neighbours; the larger prevails. In place. */
static void spread(uint16_t *reach, size_t rows, size_t cols)
{
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < cols; x++) {
            const size_t at = y * cols + x;
            unsigned n = reach[at] + 1u;
            n = x > 0 ? most(n, reach[at - 1]) : n;
            n = y > 0 ? most(n, reach[at - cols]) : n;
            n = x > 0 && y > 0 ? most(n, reach[at - cols - 1]) : n;
            n = y > 0 && x + 1 < cols ? most(n, reach[at - cols + 1]) : n;
            reach[at] = (uint16_t)(n - 1);
        }
    }
    for (size_t y = rows; y-- > 0;) {
        for (size_t x = cols; x-- > 0;) {
            const size_t at = y * cols + x;
            unsigned n = reach[at] + 1u;
            n = x + 1 < cols ? most(n, reach[at + 1]) : n;
            n = y + 1 < rows ? most(n, reach[at + cols]) : n;
            n = x + 1 < cols && y + 1 < rows ? most(n, reach[at + cols + 1]) : n;
            n = x > 0 && y + 1 < rows ? most(n, reach[at + cols - 1]) : n;
            reach[at] = (uint16_t)(n - 1);
        }
    }
}

/* Of hairlines far from any broader stroke: how many pixels there are. broad: (rows, cols), changed. */
static size_t count_hairs(const mnist_values *v, unsigned width, uint16_t *broad)
{
    const size_t pixels = (size_t)v->rows * v->cols;
    size_t hairs = 0;
    for (size_t i = 0; i < pixels; i++) {
        broad[i] = broad[i] > 0 ? (uint16_t)(2 * width + 1) : 0;
    }
    spread(broad, v->rows, v->cols);
    for (size_t i = 0; i < pixels; i++) {
        hairs += v->of[i] >= MNIST_FAINT && broad[i] == 0;
    }
    return hairs;
}

/* Draws what is not broad again, radius broader on all sides. broad: (rows, cols). */
static mnist_status draw(mnist_values *v, const uint16_t *broad, unsigned radius, mnist_error *err)
{
    const size_t rows = v->rows + 2u * radius, cols = v->cols + 2u * radius;
    uint8_t *out = calloc(rows, cols);
    uint16_t *reach = calloc(rows, cols * sizeof *reach);
    if (!out || !reach) {
        free(out);
        free(reach);
        return mnist_fail_memory(err, rows * cols * 3, "a thin pen's strokes");
    }
    for (size_t y = 0; y < v->rows; y++) {
        for (size_t x = 0; x < v->cols; x++) {
            const size_t at = y * v->cols + x, to = (y + radius) * cols + radius + x;
            out[to] = v->of[at] >= FULL ? 255 : v->of[at];
            reach[to] = v->of[at] >= MNIST_FAINT && broad[at] == 0 ? (uint16_t)(radius + 1) : 0;
        }
    }
    spread(reach, rows, cols);
    for (size_t i = 0; i < rows * cols; i++) {
        out[i] = reach[i] > 0 ? 255 : out[i];
    }
    free(reach);
    free(v->of);
    v->of = out;
    v->rows = (unsigned)rows;
    v->cols = (unsigned)cols;
    return MNIST_OK;
}

static void find_broad(const mnist_values *v, unsigned width, uint16_t *broad)
{
    measure_squares(v, width, broad);
    cover_squares(broad, v->rows, v->cols, width);
}

/* After what is faint has been taken. */
static mnist_status broaden(mnist_values *v, bool *broadened, mnist_error *err)
{
    const unsigned longer = most(v->rows, v->cols), shorter = least(v->rows, v->cols);
    const unsigned width = most((longer + 13) / 26, 2), radius = (longer + 14) / 28;
    if (longer < LEAST || shorter < 2 * radius) {
        return MNIST_OK;
    }
    const size_t pixels = (size_t)v->rows * v->cols;
    uint16_t *broad = malloc(pixels * sizeof *broad);
    if (!broad) {
        return mnist_fail_memory(err, pixels * sizeof *broad, "a thin pen's strokes");
    }
    mnist_status status = MNIST_OK;
    find_broad(v, width, broad);
    if (4 * count_hairs(v, width, broad) >= longer) {
        find_broad(v, width, broad); /* again: counting has changed it */
        status = draw(v, broad, radius, err);
        *broadened = status == MNIST_OK;
    }
    free(broad);
    return status;
}

mnist_status mnist_pen_broaden(mnist_values *values, bool *broadened, mnist_error *err)
{
    *broadened = false;
    mnist_status status = take_faint(values, err);
    free(values->faint);
    values->faint = NULL;
    if (status == MNIST_OK) {
        crop(values);
        status = broaden(values, broadened, err);
    }
    return status;
}

void mnist_values_free(mnist_values *values)
{
    free(values->of);
    free(values->faint);
    *values = (mnist_values){0};
}
