#include "cli/data/compose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Positions are in 1024ths of a pixel. */
enum { ONE = 1024 };

/* Streams of mnist_random: of the numbers for a line, and of the noise on it. */
enum { STREAM_LINE = 20, STREAM_NOISE = 21 };

#define DRAWS 1024u /* of a line: the index of a draw is line * DRAWS + number */

typedef struct dice {
    uint64_t seed, next;
} dice;

static double draw(dice *d)
{
    return mnist_random(d->seed, STREAM_LINE, d->next++);
}

/* low to high, both included */
static int draw_between(dice *d, int low, int high)
{
    return low + (int)(draw(d) * (high - low + 1));
}

/* Where the ink of an image is. */
typedef struct ink {
    int x, y, width, height; /* width 0: there is none */
} ink;

static ink find_ink(const uint8_t *image, int rows, int cols)
{
    int left = cols, right = -1, top = rows, bottom = -1;
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < cols; x++) {
            if (image[y * cols + x] > 0) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y;
            }
        }
    }
    return (ink){left, top, right >= 0 ? right - left + 1 : 0, bottom - top + 1};
}

/* A digit as it will be drawn: slanted and sized, cut to its ink. */
typedef struct sprite {
    uint8_t *pixels; /* (height, width), by malloc */
    int width, height;
    int x, y; /* of its first pixel in the line */
} sprite;

/* The value at a point of the image, between its four nearest pixels; beyond the image it is 0. */
static int sample(const uint8_t *image, int rows, int cols, int64_t x, int64_t y)
{
    const int64_t left = x >= 0 ? x / ONE : -((-x + ONE - 1) / ONE);
    const int64_t top = y >= 0 ? y / ONE : -((-y + ONE - 1) / ONE);
    const int64_t fx = x - left * ONE, fy = y - top * ONE;
    int64_t sum = 0;
    for (int64_t dy = 0; dy < 2; dy++) {
        for (int64_t dx = 0; dx < 2; dx++) {
            const int64_t px = left + dx, py = top + dy;
            if (px >= 0 && px < cols && py >= 0 && py < rows) {
                sum += (dx ? fx : ONE - fx) * (dy ? fy : ONE - fy) * image[py * cols + px];
            }
        }
    }
    return (int)((sum + ONE * ONE / 2) / (ONE * ONE));
}

/* Cuts a drawn field down to its ink; where there is none, to nothing. */
static void trim(sprite *s)
{
    const ink box = find_ink(s->pixels, s->height, s->width);
    for (int y = 0; y < box.height && box.width > 0; y++) {
        memmove(s->pixels + (size_t)y * (size_t)box.width,
                s->pixels + (size_t)(box.y + y) * (size_t)s->width + box.x, (size_t)box.width);
    }
    s->width = box.width;
    s->height = box.width > 0 ? box.height : 0;
}

/* size: 1024ths; lean: pixels to the right for each pixel up, in 1024ths. */
static mnist_status make_sprite(sprite *out, mnist_view view, size_t index, int size, int lean,
                                mnist_error *err)
{
    const int rows = (int)view.rows, cols = (int)view.cols;
    const uint8_t *image = view.images + index * (size_t)rows * (size_t)cols;
    const int high = rows * size / ONE + 2;
    const int reach = (lean < 0 ? -lean : lean) * high / ONE / 2 + 1;
    const int wide = cols * size / ONE + 2 + 2 * reach;
    *out =
        (sprite){.pixels = calloc((size_t)high * (size_t)wide, 1), .width = wide, .height = high};
    if (!out->pixels) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a digit");
    }
    for (int y = 0; y < high; y++) {
        for (int x = 0; x < wide; x++) {
            /* from the middle of the one field to the middle of the other */
            const int64_t down = (2 * y + 1 - high) * (int64_t)ONE / 2;
            const int64_t right = (2 * x + 1 - wide) * (int64_t)ONE / 2 + down * lean / ONE;
            out->pixels[y * wide + x] =
                (uint8_t)sample(image, rows, cols, right * ONE / size + (cols - 1) * ONE / 2,
                                down * ONE / size + (rows - 1) * ONE / 2);
        }
    }
    trim(out);
    return MNIST_OK;
}

/* An image that has ink: one at random, or the next that has. */
static size_t choose(mnist_view view, dice *d)
{
    const size_t pixels = (size_t)view.rows * view.cols;
    size_t index = (size_t)(draw(d) * (double)view.count);
    for (size_t tries = 0; tries < view.count; tries++, index = (index + 1) % view.count) {
        const ink box = find_ink(view.images + index * pixels, (int)view.rows, (int)view.cols);
        if (box.width >= 2 && box.height >= 2) {
            break; /* less may vanish when it is made smaller */
        }
    }
    return index;
}

/* Draws the digits and sets them side by side; the line begins at x = 0. */
static mnist_status set_line(mnist_composed *out, sprite *sprites, mnist_view view,
                             const mnist_line_style *style, dice *d, mnist_error *err)
{
    const double slant = style->slant * (2.0 * draw(d) - 1.0);
    const int lean = (int)lround(ONE * tan(slant * 3.14159265358979323846 / 180.0));
    int x = 0;
    out->count = (size_t)draw_between(d, style->digits.low, style->digits.high);
    for (size_t i = 0; i < out->count; i++) {
        sprite *s = &sprites[i];
        const size_t index = choose(view, d);
        const int size = (int)lround(ONE * (1.0 + style->size * (2.0 * draw(d) - 1.0)));
        const int up = draw_between(d, -(int)style->baseline, (int)style->baseline);
        const int space = draw_between(d, style->spacing.low, style->spacing.high);
        const mnist_status status = make_sprite(s, view, index, size, lean, err);
        if (status != MNIST_OK) {
            return status;
        }
        out->digits[i] = view.labels[index];
        if (i > 0) {
            const int beyond = sprites[i - 1].x + 1; /* a digit begins right of the one before */
            x += space;
            x = x < beyond ? beyond : x;
        }
        s->x = x;
        s->y = -s->height - up; /* they stand on y = 0 */
        x += s->width;
    }
    return MNIST_OK;
}

/* White paper, with the ink of all digits; where two overlap, the darker one. */
static mnist_status paint(mnist_composed *out, sprite *sprites, const mnist_line_style *style,
                          mnist_error *err)
{
    int right = 0, top = 0, bottom = 0;
    const int margin = (int)style->margin;
    for (size_t i = 0; i < out->count; i++) {
        const sprite *s = &sprites[i];
        right = s->x + s->width > right ? s->x + s->width : right;
        top = i == 0 || s->y < top ? s->y : top;
        bottom = i == 0 || s->y + s->height > bottom ? s->y + s->height : bottom;
    }
    out->rows = (unsigned)(bottom - top + 2 * margin);
    out->cols = (unsigned)(right + 2 * margin);
    out->pixels = malloc((size_t)out->rows * out->cols);
    if (!out->pixels) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a line of digits");
    }
    memset(out->pixels, 255, (size_t)out->rows * out->cols);
    for (size_t i = 0; i < out->count; i++) {
        const sprite *s = &sprites[i];
        for (int y = 0; y < s->height; y++) {
            uint8_t *row = out->pixels + (size_t)(s->y - top + margin + y) * out->cols +
                           (size_t)(s->x + margin);
            for (int x = 0; x < s->width; x++) {
                const uint8_t grey = (uint8_t)(255 - s->pixels[y * s->width + x]);
                row[x] = grey < row[x] ? grey : row[x];
            }
        }
    }
    return MNIST_OK;
}

/* Nearly normal: the sum of twelve numbers in [0, 1), without its mean, has deviation 1 (Irwin and Hall). */
static void add_noise(mnist_composed *line, double deviation, uint64_t seed, size_t number)
{
    const size_t pixels = (size_t)line->rows * line->cols;
    for (size_t p = 0; p < pixels; p++) {
        double sum = -6.0;
        for (unsigned i = 0; i < 12; i++) {
            sum += mnist_random(seed, STREAM_NOISE, ((uint64_t)number << 32) + 12 * p + i);
        }
        const double grey = line->pixels[p] + deviation * sum;
        line->pixels[p] = (uint8_t)(grey < 0.0 ? 0.0 : grey > 255.0 ? 255.0 : grey + 0.5);
    }
}

mnist_status mnist_compose_line(mnist_composed *out, mnist_view view, const mnist_line_style *style,
                                uint64_t seed, size_t number, mnist_error *err)
{
    sprite sprites[MNIST_LINE_DIGITS] = {{NULL, 0, 0, 0, 0}};
    dice d = {seed, (uint64_t)number * DRAWS};
    *out = (mnist_composed){.pixels = NULL};
    mnist_status status = set_line(out, sprites, view, style, &d, err);
    if (status == MNIST_OK) {
        status = paint(out, sprites, style, err);
    }
    if (status == MNIST_OK && style->noise > 0.0) {
        add_noise(out, style->noise, seed, number);
    }
    for (size_t i = 0; i < MNIST_LINE_DIGITS; i++) {
        free(sprites[i].pixels);
    }
    return status;
}

void mnist_composed_free(mnist_composed *line)
{
    free(line->pixels);
    *line = (mnist_composed){.pixels = NULL};
}
