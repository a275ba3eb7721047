/* For error messages: guesses what a file is that is not what it should be. */
#ifndef MNIST_DATA_SIGNATURE_H
#define MNIST_DATA_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* How many of a file's first bytes the guess can use. */
#define MNIST_SIGNATURE_BYTES 32u

/* A static phrase that ends a sentence, such as "a zip archive: unpack it first?", for a file whose
 * first bytes are these; never NULL. */
const char *mnist_signature_guess(const uint8_t *data, size_t size);

#endif
