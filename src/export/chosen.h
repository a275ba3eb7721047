/* The images that are written. */
#ifndef MNIST_EXPORT_CHOSEN_H
#define MNIST_EXPORT_CHOSEN_H

#include <mnist/export.h>

#include <string.h>

static inline size_t mnist_export_count(const mnist_export *what)
{
    return what->chosen ? what->count : what->view.count;
}

static inline size_t mnist_export_index(const mnist_export *what, size_t i)
{
    return what->chosen ? what->chosen[i] : i;
}

static inline size_t mnist_export_pixels(const mnist_export *what)
{
    return (size_t)what->view.rows * what->view.cols;
}

/* (count, pixels) */
static inline void mnist_export_copy_images(const mnist_export *what, uint8_t *to)
{
    const size_t count = mnist_export_count(what), pixels = mnist_export_pixels(what);
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * pixels, what->view.images + mnist_export_index(what, i) * pixels, pixels);
    }
}

/* (count) */
static inline void mnist_export_copy_labels(const mnist_export *what, uint8_t *to)
{
    const size_t count = mnist_export_count(what);
    for (size_t i = 0; i < count; i++) {
        to[i] = what->view.labels[mnist_export_index(what, i)];
    }
}

#endif
