/* Ink that touches: connected components, labelled in two passes over the picture (Rosenfeld &
 * Pfaltz 1966). */
#include "image/strokes.h"

#include "base/status.h"

#include <stdlib.h>

#define DUST 32u /* a stroke with less than 1/32 of the largest stroke's pixels is dust */

/* parents[i] <= i; a root is its own parent. */
static uint32_t root_of(uint32_t *parents, uint32_t label)
{
    while (parents[label] != label) {
        parents[label] = parents[parents[label]]; /* halves the way for the next search */
        label = parents[label];
    }
    return label;
}

static uint32_t join(uint32_t *parents, uint32_t a, uint32_t b)
{
    a = root_of(parents, a);
    b = root_of(parents, b);
    if (a < b) {
        parents[b] = a;
        return a;
    }
    parents[a] = b;
    return b;
}

/* First pass: gives each pixel of ink a label; the pixels to the left and above have theirs
 * already. Labels that turn out to belong to one stroke are joined. The number of labels. */
static uint32_t label_ink(const mnist_picture *picture, const mnist_levels *levels,
                          uint32_t *labels, uint32_t *parents)
{
    const size_t cols = picture->cols;
    uint32_t count = 0;
    for (size_t y = 0; y < picture->rows; y++) {
        for (size_t x = 0; x < cols; x++) {
            const size_t at = y * cols + x;
            uint32_t *label = labels + at;
            *label = 0;
            if (!mnist_levels_is_ink(levels, picture->pixels[at])) {
                continue;
            }
            const uint32_t near[] = {
                x > 0 ? labels[at - 1] : 0,
                y > 0 && x > 0 ? labels[at - cols - 1] : 0,
                y > 0 ? labels[at - cols] : 0,
                y > 0 && x + 1 < cols ? labels[at - cols + 1] : 0,
            };
            for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
                if (near[i] != 0 && near[i] != *label) {
                    *label = *label != 0 ? join(parents, *label, near[i]) : near[i];
                }
            }
            if (*label == 0) {
                *label = ++count;
                parents[count] = count;
            }
        }
    }
    return count;
}

/* Roots get numbers from 1 on, in their order; all other labels get their root's number. */
static uint32_t number_roots(uint32_t *parents, uint32_t count)
{
    uint32_t roots = 0;
    for (uint32_t label = 1; label <= count; label++) {
        parents[label] = parents[label] == label ? ++roots : parents[parents[label]];
    }
    return roots;
}

/* Replaces each stroke's area by the number of its digit: 1, or 0 for dust. */
static void leave_out_dust(uint32_t *areas, size_t count)
{
    uint64_t most = 0;
    for (size_t s = 1; s <= count; s++) {
        most = areas[s] > most ? areas[s] : most;
    }
    for (size_t s = 1; s <= count; s++) {
        areas[s] = (uint64_t)DUST * areas[s] >= most;
    }
}

mnist_status mnist_strokes_find(const mnist_picture *picture, const mnist_levels *levels,
                                mnist_strokes *out, mnist_error *err)
{
    *out = (mnist_strokes){0};
    const size_t pixels = (size_t)picture->rows * picture->cols;
    /* the four pixels of a square all touch, so only one of them can get a new label */
    const size_t most = ((size_t)picture->rows + 1) / 2 * (((size_t)picture->cols + 1) / 2);
    uint32_t *parents = calloc(most + 1, sizeof *parents);
    out->labels = malloc(pixels * sizeof *out->labels);
    if (parents && out->labels) {
        out->count = number_roots(parents, label_ink(picture, levels, out->labels, parents));
        out->glyphs = calloc(out->count + 1, sizeof *out->glyphs);
    }
    if (!out->glyphs) {
        free(parents);
        mnist_strokes_free(out);
        return mnist_fail_memory(err, pixels * 8, "the strokes of a picture");
    }
    for (size_t i = 0; i < pixels; i++) {
        if (out->labels[i] != 0) {
            out->labels[i] = parents[out->labels[i]];
            out->glyphs[out->labels[i]]++;
        }
    }
    free(parents);
    leave_out_dust(out->glyphs, out->count);
    return MNIST_OK;
}

void mnist_strokes_free(mnist_strokes *strokes)
{
    free(strokes->labels);
    free(strokes->glyphs);
    *strokes = (mnist_strokes){0};
}
