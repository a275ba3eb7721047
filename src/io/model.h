/* A model file whose bytes are in memory. */
#ifndef MNIST_IO_MODEL_H
#define MNIST_IO_MODEL_H

#include <mnist/io.h>

/* As mnist_model_load, for the bytes of a file; data is not kept. path: for messages. */
mnist_status mnist_model_decode(mnist_model **out, const uint8_t *data, size_t size,
                                const char *path, mnist_error *err);

#endif
