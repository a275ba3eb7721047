/* mnist/import.h: data sets in whatever form people have them, told by content.
 *
 * What is read, alone, within another, or packed (gzip; xz, zstd and bzip2 by libarchive):
 *
 *   IDX      8-bit images as mnist_dataset_load_idx; also signed bytes, 16- and 32-bit ints, floats and
 *            doubles, of 2 to 4 dimensions
 *   NPY      an array of images or of labels
 *   NPZ      x_train, y_train, x_test, y_test, as Keras's mnist.npz; names with other such words; or the
 *            only arrays that fit
 *   CSV      a line an image: the label first and then pixels, or as a header says; pixels only; labels only
 *   folders  CLASS/NAME.png (or .pgm, .ppm, .pnm), below train and test or not
 *   zip, tar archives of any of these
 *
 * Shapes of images: (N, rows, cols), (N, 1, rows, cols), (N, rows, cols, 1), or (N, pixels), of which a
 * square number is a square, and another one row. Labels: (N), (N, 1), or, of whole numbers, (N, columns),
 * of which the first counts (QMNIST); or one-hot, (N, classes) of zeros and one 1.
 *
 * Pixels become 8 bits by a rule that looks at all numbers of the array:
 *
 *   unsigned bytes      as they are; of booleans 1 becomes 255
 *   other whole numbers as they are, where all are 0 to 255. Signed bytes of which some are negative: 128
 *                       is added where -128 is more frequent than 0, else they are unsigned bytes that were
 *                       stored as signed ones. 16 bits without sign, some above 255: (255 v + 32767) / 65535
 *   fractions           0 to 1: 255 v; else 0 to 255: v; else -1 to 1: 127.5 (v + 1): computed in double
 *                       and rounded to nearest, halves up. In a CSV file numbers count as fractions if one
 *                       of its pixels has a decimal point or an exponent
 *
 * Anything else is an error that says which number is out of range, and where it stands.
 *
 * Folders: names that are all whole numbers are labels; other names are sorted, and the first is label 0.
 * Images are in the order of their file names, in which a run of digits counts as its number; of
 * equal names, in the order of their labels. */
#ifndef MNIST_IMPORT_H
#define MNIST_IMPORT_H

#include <mnist/base.h>
#include <mnist/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to read. */
typedef struct mnist_import {
    const char *images; /* a file or a folder */
    const char *labels; /* NULL: images holds them too */
    unsigned
        part; /* MNIST_IDX_TRAIN or MNIST_IDX_TEST: which of two sets, where there are two; 0: the only one */
    bool apart; /* a file that holds one set only is an error: it must have that part by name */
    bool as_is; /* pictures are taken whole, 0 is paper, as mnist_picture_prepare does with
                           MNIST_CENTER_NONE and MNIST_INVERT_NO; else it finds digit and ink in each
                           (MNIST_CENTER_MASS, MNIST_INVERT_AUTO) */
    bool unlabelled; /* there need not be labels: they are then all 0 */
} mnist_import;

#define MNIST_IMPORT_FORMAT 96

/* What was read, for people. */
typedef struct mnist_import_facts {
    char format
        [MNIST_IMPORT_FORMAT]; /* of the images: "IDX", "CSV in zip", "NPY of 32-bit floats in NPZ" */
    unsigned parts; /* MNIST_IDX_TRAIN | MNIST_IDX_TEST, as images has them by name; 0: one set */
    bool labelled;
} mnist_import_facts;

/* Reads a data set. facts may be NULL. Two IDX files are read by mnist_dataset_load_idx, with its limits
 * and messages. Of other files at most 1 GiB is read, and of what is packed at most 64 MiB and 1033
 * times its size; at most 1048576 members of an archive, or files of a folder. Errors:
 * MNIST_ERR_NOT_FOUND, MNIST_ERR_IO (also: built without libarchive, libzip or libpng, which is named),
 * MNIST_ERR_FORMAT, MNIST_ERR_MISMATCH (counts, or sizes of pictures), MNIST_ERR_MEMORY; the text names
 * the file, where in it, what was expected and what was found. */
mnist_status mnist_dataset_load(mnist_dataset **out, const mnist_import *what,
                                mnist_import_facts *facts, mnist_error *err);

/* What of a data set lies at place, a folder or a file. wanted: MNIST_IDX_TRAIN, MNIST_IDX_TEST, or both.
 * Entries of *paths that are NULL are filled in, in pairs: images and labels, or images alone that hold
 * both, for mnist_dataset_load. Where train_images and test_images are then the same, that holds both
 * parts. Customary names are known (torchvision's MNIST/raw, emnist-*, qmnist-*, kmnist-*.npz, mnist.npz,
 * mnist_train.csv, x_train.npy, train/CLASS/NAME.png), by their words train, test, t10k, images, labels.
 * Of a file raw and packed the raw one is taken. Errors: MNIST_ERR_NOT_FOUND (nothing complete),
 * MNIST_ERR_FORMAT (several data sets), MNIST_ERR_IO, MNIST_ERR_MEMORY. On failure *paths keeps what it held. */
mnist_status mnist_import_locate(mnist_idx_paths *paths, unsigned wanted, const char *place,
                                 mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
