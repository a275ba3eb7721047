/* NumPy's array files: the header, by a parser of that one dictionary, which evaluates nothing
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 *
 *   6 bytes   "\x93NUMPY"
 *   2 bytes   version, 1.0, 2.0 or 3.0
 *   2 or 4    length of the header, little-endian: 2 bytes in version 1.0
 *   the header, {'descr': '<f4', 'fortran_order': False, 'shape': (784, 128), }, padded with blanks
 *   the rest  the numbers
 */
#ifndef MNIST_DATA_NPY_H
#define MNIST_DATA_NPY_H

#include <mnist/base.h>

#include "data/elements.h"

#define MNIST_NPY_RANK  8  /* most dimensions accepted */
#define MNIST_NPY_DESCR 24 /* longest type accepted, with its end */

typedef struct mnist_npy {
    char descr[MNIST_NPY_DESCR]; /* '<f4' */
    bool is_number;              /* type and big_endian say how to read it; else it is no float */
    mnist_number_type type;
    bool big_endian;
    bool column_major;
    unsigned rank;
    uint64_t shape[MNIST_NPY_RANK];
    size_t data; /* where the numbers begin; they end with the file */
} mnist_npy;

/* Checks all of it, and that there are as many bytes as type and shape say. path and name (of the
 * array): for messages. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_npy_parse(mnist_npy *out, const uint8_t *data, size_t size, const char *path,
                             const char *name, mnist_error *err);

#define MNIST_NPY_HEADER 128 /* bytes of every header that is written */

/* Writes a header of version 1.0. shape: the dimensions as text, "(784, 128)" or "(10,)". */
void mnist_npy_put_header(uint8_t out[MNIST_NPY_HEADER], const char *descr, const char *shape);

#endif
