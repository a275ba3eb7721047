/* SHA-256 (FIPS 180-4), by nettle. */
#ifndef MNIST_BASE_DIGEST_H
#define MNIST_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define MNIST_SHA256_TEXT 65

/* Lower-case hex of the SHA-256 of head followed by body; either may be empty. */
void mnist_sha256(const void *head, size_t head_size, const void *body, size_t body_size,
                  char text[MNIST_SHA256_TEXT]);

/* The same as if `raise` had been added to every byte of the body. */
void mnist_sha256_raised(const void *head, size_t head_size, const uint8_t *body, size_t body_size,
                         uint8_t raise, char text[MNIST_SHA256_TEXT]);

#endif
