/* Packed model files whose bytes are in memory: the header, the metadata, the checksum. */
#ifndef MNIST_IO_PACKED_H
#define MNIST_IO_PACKED_H

#include <mnist/io.h>

/* What a packed file holds. */
typedef struct mnist_packed {
    mnist_mlp *mlp;
    mnist_normalization normalization;
    mnist_metadata *metadata; /* the format's own first; texts point into text or are static */
    size_t metadata_count;
    char *text;
} mnist_packed;

#define MNIST_PACKED_MAGIC 4u /* bytes */

/* Does it begin as packed files do? */
bool mnist_packed_is(const uint8_t *data, size_t size);

/* Decodes a file for which that is so. path: for messages. What is returned is the caller's: mlp,
 * metadata and text are released one by one. On failure all are NULL. Errors: MNIST_ERR_FORMAT,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_packed_decode(mnist_packed *out, const uint8_t *data, size_t size,
                                 const char *path, mnist_error *err);

/* The bytes of a file, to be released with free; NULL on failure. parts->normalization is given; size
 * may be NULL. Errors: as mnist_packed_write, save MNIST_ERR_IO. */
mnist_status mnist_packed_encode(uint8_t **bytes, size_t *count, mnist_packed_size *size,
                                 const mnist_model_parts *parts, const char *path,
                                 mnist_error *err);

#endif
