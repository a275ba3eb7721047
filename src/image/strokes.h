/* From a picture to its strokes, and from strokes to a digit: those steps of mnist/image.h that one
 * digit and a line of digits share. */
#ifndef MNIST_IMAGE_STROKES_H
#define MNIST_IMAGE_STROKES_H

#include <mnist/image.h>

/* Which greys are ink, and the value of each. */
typedef struct mnist_levels {
    unsigned threshold; /* greys up to it are the dark class */
    bool dark;          /* ink is the dark class */
    uint8_t value[256]; /* of every grey: 0 is paper, 255 is ink */
} mnist_levels;

static inline bool mnist_levels_is_ink(const mnist_levels *levels, uint8_t grey)
{
    return (grey <= levels->threshold) == levels->dark;
}

/* Steps 1 to 3. Errors: MNIST_ERR_FORMAT (the picture is blank). */
mnist_status mnist_levels_find(const mnist_picture *picture, mnist_invert invert, mnist_levels *out,
                               mnist_error *err);
/* Steps 1 and 2 alone: whether ink is dark. */
bool mnist_levels_is_dark(const mnist_picture *picture, mnist_invert invert);

/* Strokes of ink that touches, numbered from 1; 0 stands for pixels that are not ink. */
typedef struct mnist_strokes {
    uint32_t *labels; /* (rows, cols): the stroke that a pixel belongs to */
    uint32_t *glyphs; /* (count + 1): the digit that a stroke belongs to, from 1; 0: none */
    size_t count;
} mnist_strokes;

/* Step 4: every stroke that is no dust belongs to digit 1. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_strokes_find(const mnist_picture *picture, const mnist_levels *levels,
                                mnist_strokes *out, mnist_error *err);
void mnist_strokes_free(mnist_strokes *strokes);

/* Two borders from top to bottom, between which a part of a digit lies: a step in columns for every
 * `cell` rows, counted from (x, y). */
typedef struct mnist_borders {
    const uint32_t *left, *right; /* ink in columns from x + left on, and before x + right */
    unsigned x, y, cell;
} mnist_borders;

/* A digit of a picture. */
typedef struct mnist_part {
    const mnist_picture *picture;
    const mnist_levels *levels;
    const mnist_strokes *strokes;
    uint32_t glyph, last; /* the number of the digit; or of several, from the one to the other */
    mnist_box within;     /* a part of the picture in which all of its ink is */
    const mnist_borders *borders; /* NULL: all of the digit; else it has some ink between them */
} mnist_part;

/* Steps 5 to 8 for one digit. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_glyph_make(const mnist_part *part, mnist_center center, mnist_glyph *out,
                              mnist_error *err);

#endif
