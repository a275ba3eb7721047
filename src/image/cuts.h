/* Where a shape of ink may be cut into digits that touch. Shared by the files of image/ only. */
#ifndef MNIST_IMAGE_CUTS_H
#define MNIST_IMAGE_CUTS_H

#include "image/strokes.h"

#define MNIST_CUTS_PIECES 400u /* the most pieces of one shape */

/* Borders 0 to count + 1; the first and the last are the shape's own ends. */
typedef struct mnist_cuts {
    unsigned count; /* of borders within the shape */
    unsigned cell;  /* rows and columns of pixels that are looked at as one */
    unsigned rows;  /* of cells */
    unsigned cols;
    mnist_box box;     /* of the shape */
    uint32_t *borders; /* (count + 2, rows): columns from box.x on */
    uint32_t *ink;     /* (count + 1): pixels of ink between a border and the next */
    unsigned *crossed; /* (count + 2): ink that a border crosses, in thousandths of the height */
    unsigned *middle;  /* (count + 2): in cells, where borders were sought */
} mnist_cuts;

/* No cuts of a shape that is narrow enough for one digit. Errors: MNIST_ERR_MEMORY; out is then to
 * be freed too. */
mnist_status mnist_cuts_find(const mnist_picture *picture, const mnist_strokes *strokes,
                             uint32_t glyph, mnist_box box, mnist_cuts *out, mnist_error *err);
void mnist_cuts_free(mnist_cuts *cuts);

/* May what is between the two borders be a digit? All of the shape may. */
bool mnist_cuts_allows(const mnist_cuts *cuts, unsigned from, unsigned to);

/* Sets the part's borders, and what it lies within. */
void mnist_cuts_bound(const mnist_cuts *cuts, unsigned from, unsigned to, mnist_part *part,
                      mnist_borders *borders);

#endif
