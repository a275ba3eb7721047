/* mnist/export.h: data sets into files of other programs. */
#ifndef MNIST_EXPORT_H
#define MNIST_EXPORT_H

#include <mnist/base.h>
#include <mnist/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Images to be written: those of a view, or some of them. */
typedef struct mnist_export {
    mnist_view view;
    const uint32_t *chosen; /* (count) indices in the view, in that order; NULL: all */
    size_t count;           /* with chosen */
    bool unlabelled;        /* no labels are written */
} mnist_export;

/* As IDX files of unsigned bytes, each whole or not at all. labels_path: not looked at where there are none. Errors:
 * MNIST_ERR_ARGUMENT (more than 4294967295 images), MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_export_idx(const mnist_export *what, const char *images_path,
                              const char *labels_path, mnist_error *err);

/* As CSV: a head "label,pixel0,…", and a line for each image, as Kaggle's train.csv. Errors: MNIST_ERR_IO,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_export_csv(const mnist_export *what, const char *path, mnist_error *err);

/* As a NumPy archive with x_train, y_train, x_test and y_test, as Keras's mnist.npz: (N, rows, cols) and (N) unsigned
 * bytes, stored. Either may be NULL. Errors: MNIST_ERR_ARGUMENT (4 GiB or more), MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_export_npz(const mnist_export *train, const mnist_export *test, const char *path,
                              mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
