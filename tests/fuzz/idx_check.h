/* The promises of data/idx.h, held against the bytes of a file. */
#ifndef MNIST_TESTS_FUZZ_IDX_CHECK_H
#define MNIST_TESTS_FUZZ_IDX_CHECK_H

#include "data/idx.h"
#include "data/inflate.h"
#include "fuzz.h"

/* The most bytes that a file of this size can hold. */
static inline size_t most_within(const uint8_t *data, size_t size)
{
    return mnist_inflate_is_gzip(data, size) ? (size + 1) * MNIST_INFLATE_MAX_RATIO : size;
}

static inline void check_images(const uint8_t *data, size_t size)
{
    mnist_idx_images images;
    mnist_bytes file = {.data = copy_of(data, size), .size = size};
    mnist_error err;
    const size_t most = most_within(data, size);
    mnist_status status = mnist_idx_take_images(&images, &file, "images\x1b\n", &err);
    PROMISED(!file.data);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!images.pixels && !images.owned && !images.file.data && images.count == 0);
        return;
    }
    PROMISED(images.count >= 1 && images.rows >= 1 && images.cols >= 1);
    PROMISED((uint64_t)images.rows * images.cols <= MNIST_MAX_PIXELS);
    const size_t pixels = images.count * images.rows * images.cols;
    PROMISED(pixels / images.count == (size_t)images.rows * images.cols);
    PROMISED(pixels + MNIST_IDX_IMAGES_HEADER <= most);
    unsigned sum = 0;
    for (size_t i = 0; i < pixels; i++) { /* that all of them can be read */
        sum += images.pixels[i];
    }
    PROMISED(sum <= pixels * 255);
    mnist_bytes_close(&images.file);
    free(images.owned);
}

static inline void check_labels(const uint8_t *data, size_t size)
{
    mnist_idx_labels labels;
    mnist_bytes file = {.data = copy_of(data, size), .size = size};
    mnist_error err;
    const size_t most = most_within(data, size);
    mnist_status status = mnist_idx_take_labels(&labels, &file, "labels\x1b\n", &err);
    PROMISED(!file.data);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!labels.values && labels.count == 0);
        return;
    }
    PROMISED(labels.count >= 1 && labels.count + MNIST_IDX_LABELS_HEADER <= most);
    for (size_t i = 0; i < labels.count; i++) {
        PROMISED(labels.values[i] < labels.classes);
    }
    free(labels.values);
}

#endif
