/* The list of the pictures of one file, which has one format. */
#ifndef MNIST_IMAGE_PICTURES_H
#define MNIST_IMAGE_PICTURES_H

#include "base/file.h"
#include "data/idx.h"
#include "image/readers.h"

#include <mnist/image.h>

struct mnist_pictures {
    mnist_picture_format format;
    size_t count;
    mnist_picture *items; /* PNG, PNM: (count); pixels are owned */
    size_t room;          /* of items */
    mnist_bytes bytes;    /* RAW: (count, raw_rows, raw_cols) */
    unsigned raw_rows, raw_cols;
    mnist_idx_images images; /* IDX */
};

/* A sink that adds pictures to the list. */
mnist_picture_sink mnist_pictures_sink(mnist_pictures *pictures);

#endif
