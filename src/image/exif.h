/* Which way up a picture is: EXIF's orientation, and turning pixels by it. */
#ifndef MNIST_IMAGE_EXIF_H
#define MNIST_IMAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation in an EXIF block (EXIF 2.32, 4.6.4 A; TIFF 6.0, "Orientation"): 1 to 8, which say
 * on which sides of the scene the first row and column are. 1, upright, where the block has none or
 * is not sound: a picture can be read without. Only the first directory is looked at. */
unsigned mnist_exif_orientation(const uint8_t *exif, size_t size);

/* Are rows and columns exchanged in a picture of this orientation? */
static inline int mnist_exif_is_turned(unsigned orientation)
{
    return orientation >= 5;
}

/* Writes the picture upright: (cols, rows) where it is turned, else (rows, cols). out does not
 * overlap in. */
void mnist_exif_turn(const uint8_t *in, size_t rows, size_t cols, unsigned orientation,
                     uint8_t *out);

#endif
