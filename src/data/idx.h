/* The IDX format: reading it, and writing its header. A file is a magic number 00 00 <type> <rank>,
 * rank sizes as 32-bit big-endian integers, and the elements in row-major order
 * (http://yann.lecun.com/exdb/mnist/, "file formats"). Files are untrusted: nothing is allocated
 * and no element is touched because a header says so, before the file's size agrees. Byte offsets
 * in messages count IDX bytes; for a gzip file its name is then followed by "(gunzipped)". */
#ifndef MNIST_DATA_IDX_H
#define MNIST_DATA_IDX_H

#include <mnist/data.h>

#include "base/file.h"

#define MNIST_IDX_IMAGES_HEADER 16u /* magic, count, rows, cols */
#define MNIST_IDX_LABELS_HEADER 8u  /* magic, count */

/* The most that is read from a pipe; regular files may be larger. */
#define MNIST_IDX_STREAM_LIMIT ((size_t)1 << 30)

typedef struct mnist_idx_images {
    const uint8_t *pixels; /* (count, rows * cols), inside file or owned */
    size_t count;
    unsigned rows, cols;
    mnist_bytes file; /* a raw file, used in place; release with mnist_bytes_close */
    uint8_t *owned;   /* or what a gzip file inflated to; release with free */
} mnist_idx_images;

typedef struct mnist_idx_labels {
    uint8_t *values; /* (count); release with free */
    size_t count;
    unsigned classes; /* the largest label and 1 more, but at least MNIST_MIN_CLASSES */
} mnist_idx_labels;

/* Unsigned bytes, 3 dimensions, raw or gzip. On failure *out is all zero and there is nothing to
 * release. Errors: those of mnist_dataset_load_idx, bar MNIST_ERR_MISMATCH. */
mnist_status mnist_idx_read_images(mnist_idx_images *out, const char *path, mnist_error *err);

/* Unsigned bytes, 1 dimension; or 32-bit ints, 1 or 2 dimensions, of which the first column is
 * taken. Otherwise as above. */
mnist_status mnist_idx_read_labels(mnist_idx_labels *out, const char *path, mnist_error *err);

/* The same for a file's bytes that have been read already. They are taken over, also on failure.
 * path: for messages. */
mnist_status mnist_idx_take_images(mnist_idx_images *out, mnist_bytes *file, const char *path,
                                   mnist_error *err);
mnist_status mnist_idx_take_labels(mnist_idx_labels *out, mnist_bytes *file, const char *path,
                                   mnist_error *err);

/* The headers of files of unsigned bytes. */
void mnist_idx_images_header(uint8_t header[MNIST_IDX_IMAGES_HEADER], uint32_t count, uint32_t rows,
                             uint32_t cols);
void mnist_idx_labels_header(uint8_t header[MNIST_IDX_LABELS_HEADER], uint32_t count);

#endif
