/* From a picture to the digits that stand in it, by rows and from left to right: shapes of ink that
 * are nowhere cut. Shared by the files of image/ only. */
#ifndef MNIST_IMAGE_LINE_H
#define MNIST_IMAGE_LINE_H

#include "image/strokes.h"

/* Strokes that have been found to be one digit; or digits that are one row. */
typedef struct mnist_ink_group {
    unsigned left, right, top, bottom; /* right and bottom are past its end */
    uint32_t into;                     /* the group that it was joined to; its own index: none */
    unsigned row;                      /* from the top, from 0 */
} mnist_ink_group;

/* Where a digit stands in the picture. */
typedef struct mnist_ink_place {
    unsigned row;
    uint64_t middle; /* twice the middle column; of rows: row */
    uint32_t group;
} mnist_ink_place;

/* The state of cutting a line. */
typedef struct mnist_ink_line {
    const mnist_picture *picture;
    mnist_levels levels;
    mnist_strokes strokes;
    size_t count;            /* of strokes that are no dust */
    size_t digits;           /* of groups that remain */
    mnist_ink_group *groups; /* (count): at first each is one stroke */
    mnist_ink_place *order;  /* (count): the groups that remain, by rows and from left to right */
    unsigned *heights;       /* (count): of each row's highest digit */
} mnist_ink_line;

/* Strokes belong to digits 1 to digits then. On failure there is nothing to close. Errors:
 * MNIST_ERR_FORMAT (blank; more than MNIST_MAX_GLYPHS), MNIST_ERR_MEMORY. */
mnist_status mnist_ink_line_open(mnist_ink_line *line, const mnist_picture *picture,
                                 mnist_invert invert, mnist_error *err);
void mnist_ink_line_close(mnist_ink_line *line);

#endif
