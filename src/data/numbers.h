/* Arrays of numbers, whatever file they come from, as 8-bit images or labels. The rules are stated in
 * mnist/import.h. */
#ifndef MNIST_DATA_NUMBERS_H
#define MNIST_DATA_NUMBERS_H

#include <mnist/data.h>

#include "data/npy.h"

typedef enum mnist_kind {
    MNIST_KIND_U8,
    MNIST_KIND_S8,
    MNIST_KIND_BOOLEAN,
    MNIST_KIND_U16,
    MNIST_KIND_S16,
    MNIST_KIND_U32,
    MNIST_KIND_S32,
    MNIST_KIND_U64,
    MNIST_KIND_S64,
    MNIST_KIND_F16,
    MNIST_KIND_F32,
    MNIST_KIND_F64,
    MNIST_KINDS
} mnist_kind;

/* "unsigned bytes", "32-bit floats" */
const char *mnist_kind_name(mnist_kind type);

/* Bytes of one. */
size_t mnist_kind_width(mnist_kind type);

#define MNIST_NUMBERS_RANK 8

/* A plain value, which borrows its bytes and names. */
typedef struct mnist_numbers {
    mnist_kind type;
    bool big_endian;
    bool column_major;
    bool first_column; /* of labels of several columns that are not one-hot the first counts */
    unsigned rank;
    uint64_t shape[MNIST_NUMBERS_RANK];
    const uint8_t *bytes; /* exactly as many as type and shape say */
    const char *path;     /* of the file, for messages */
    const char *name;     /* what it is, for messages: " (gunzipped)", ": array 'x_train'", or "" */
} mnist_numbers;

/* An IDX file of any type, of 1 to 4 dimensions: all of its bytes. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_numbers_of_idx(mnist_numbers *out, const uint8_t *data, size_t size,
                                  const char *path, const char *name, mnist_error *err);

/* An NPY file. array: its name in an NPZ file, or "". Errors: MNIST_ERR_FORMAT (also a type that is not
 * in the list above). */
mnist_status mnist_numbers_of_npy(mnist_numbers *out, const uint8_t *data, size_t size,
                                  const char *path, const char *array, mnist_error *err);

/* Whether its shape is one of images; of labels. Of (N, P) both may be. */
bool mnist_numbers_may_be_images(const mnist_numbers *array);
bool mnist_numbers_may_be_labels(const mnist_numbers *array);

typedef struct mnist_numbers_images {
    const uint8_t *pixels; /* (count, rows * cols): the array's own bytes, or owned */
    uint8_t *owned;        /* or NULL; release with free */
    size_t count;
    unsigned rows, cols;
} mnist_numbers_images;

/* Errors: MNIST_ERR_FORMAT (shape; a number out of range), MNIST_ERR_MEMORY. */
mnist_status mnist_numbers_images_of(mnist_numbers_images *out, const mnist_numbers *array,
                                     mnist_error *err);

/* *labels: (*count) of bytes, each below MNIST_MAX_CLASSES; release with free. Errors: as above. */
mnist_status mnist_numbers_labels_of(uint8_t **labels, size_t *count, const mnist_numbers *array,
                                     mnist_error *err);

/* The sides of an image of so many pixels: those of a square, or one row. */
void mnist_sides_of(size_t pixels, unsigned *rows, unsigned *cols);

/* Whether the value is a label; *label: it as a byte. The one place that knows which are. */
bool mnist_number_is_label(double value, uint8_t *label);

/* What mnist_number_is_label accepts, for messages: "0 to 255". */
const char *mnist_label_range(void);

#endif
