/* Reading files of pictures: one format a file, untrusted bytes in memory. */
#ifndef MNIST_IMAGE_PICTURES_H
#define MNIST_IMAGE_PICTURES_H

#include "base/file.h"
#include "data/idx.h"

#include <mnist/image.h>

struct mnist_pictures {
    mnist_picture_format format;
    size_t count;
    mnist_picture *items;    /* PNG, PNM, RAW: (count); pixels are owned, but for RAW */
    size_t room;             /* of items */
    mnist_bytes bytes;       /* RAW */
    mnist_idx_images images; /* IDX */
};

/* Adds a picture, whose pixels it takes over: with free, in the end. Errors: MNIST_ERR_MEMORY; the
 * pixels are then released. */
mnist_status mnist_pictures_add(mnist_pictures *pictures, mnist_picture picture, mnist_error *err);

/* The size of a picture, before memory is taken. at: offset in the file where it stands. Errors:
 * MNIST_ERR_FORMAT. */
mnist_status mnist_picture_check_size(const char *path, size_t at, uint64_t rows, uint64_t cols,
                                      mnist_error *err);

/* Each adds all pictures that the bytes of a file hold; they begin as that format does. On failure
 * some may have been added. Errors: MNIST_ERR_FORMAT, MNIST_ERR_MEMORY. */
mnist_status mnist_pnm_read(mnist_pictures *out, const uint8_t *data, size_t size, const char *path,
                            mnist_error *err);
mnist_status mnist_png_read(mnist_pictures *out, const uint8_t *data, size_t size, const char *path,
                            mnist_error *err);

static inline uint8_t mnist_grey(unsigned red, unsigned green, unsigned blue)
{
    return (uint8_t)((77 * red + 150 * green + 29 * blue + 128) >> 8);
}

/* Of pairs of grey and opacity, count of them: the grey that is seen before the ground that goes
 * with them (step 0 of mnist/image.h). */
void mnist_flatten(const uint8_t *pairs, size_t count, uint8_t *out);

#endif
