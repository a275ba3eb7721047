/* What a file is, by its first bytes: one table for all readers, those that choose by it how to read a
 * file, and those that say in a message what was given to them instead of what they read. */
#ifndef MNIST_DATA_SIGNATURE_H
#define MNIST_DATA_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* How many of a file's first bytes can tell: a tar archive has its mark at byte 257. */
#define MNIST_SIGNATURE_BYTES 512u

typedef enum mnist_file_kind {
    MNIST_FILE_UNKNOWN, /* also what is known, but read nowhere */
    MNIST_FILE_IDX, /* 0, 0, a type and a rank of the format; whether it is all there is not looked at */
    MNIST_FILE_GZIP,
    MNIST_FILE_XZ,
    MNIST_FILE_ZSTD,
    MNIST_FILE_BZIP2,
    MNIST_FILE_ZIP, /* NPZ too */
    MNIST_FILE_TAR,
    MNIST_FILE_NPY,
    MNIST_FILE_CSV, /* text with commas, semicolons or tabs, or of one column of numbers */
    MNIST_FILE_PNG,
    MNIST_FILE_PNM /* P2, P3, P5, P6 */
} mnist_file_kind;

mnist_file_kind mnist_signature_kind(const uint8_t *data, size_t size);

/* Who was given the file. */
typedef enum mnist_reader {
    MNIST_READER_DATA,     /* of data sets */
    MNIST_READER_PICTURES, /* of what is to be predicted */
    MNIST_READER_MODELS,
    MNIST_READERS
} mnist_reader;

/* A static phrase that ends a message of that reader, such as "a zip archive: unpack it first?" or, for
 * models, "this is a zip archive, ..."; NULL: nothing is known of the file. */
const char *mnist_signature_of(mnist_reader reader, const uint8_t *data, size_t size);

/* For readers of IDX files: the same for MNIST_READER_DATA, never NULL. */
const char *mnist_signature_guess(const uint8_t *data, size_t size);

#endif
