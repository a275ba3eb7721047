/* Reading gzip (RFC 1952) out of memory, without trusting it. */
#ifndef MNIST_DATA_INFLATE_H
#define MNIST_DATA_INFLATE_H

#include "base/file.h"

/* The most that deflate can shrink data: a length/distance pair of 2 bits stands for 258 bytes. */
#define MNIST_INFLATE_MAX_RATIO 1032u

typedef struct mnist_inflate mnist_inflate;

/* Whether the bytes begin with gzip's magic, 1F 8B. */
bool mnist_inflate_is_gzip(const uint8_t *data, size_t size);

/* Borrows data and name (of the file, for messages) until mnist_inflate_free. Takes some 40 KB.
 * Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_inflate_create(mnist_inflate **out, const uint8_t *data, size_t size,
                                  const char *name, mnist_error *err);
void mnist_inflate_free(mnist_inflate *gz);

/* Inflates the next size bytes straight into out. Members follow one another as one stream. Each
 * one's header, CRC-32 and length are verified when it has been read, and only another member may
 * follow, or zeros up to the end. *got < size if and only if the stream has ended, without an error, after *got bytes.
 * Errors: MNIST_ERR_FORMAT (damaged, truncated, something after the last member; offsets in the
 * text count compressed bytes), MNIST_ERR_MEMORY. */
mnist_status mnist_inflate_read(mnist_inflate *gz, uint8_t *out, size_t size, size_t *got,
                                mnist_error *err);

#endif
