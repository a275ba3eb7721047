/* Model files whose bytes are in memory. */
#ifndef MNIST_IO_MODEL_H
#define MNIST_IO_MODEL_H

#include <mnist/io.h>

#include "io/safetensors.h"

/* As mnist_model_load, for the bytes of a file; data is not kept. path: for messages. */
mnist_status mnist_model_decode(mnist_model **out, const uint8_t *data, size_t size,
                                const char *path, mnist_error *err);

/* The bytes of the file that mnist_model_write would write: into file, whose path is given, for
 * messages; file->bytes, NULL on failure, is to be released with free. Errors: MNIST_ERR_ARGUMENT,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_model_encode(mnist_safetensors_output *file, const mnist_model_parts *parts,
                                mnist_error *err);

#endif
