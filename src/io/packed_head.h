/* The header of a packed file: io/README.md has what is in it. Shared by the files of io/ only. */
#ifndef MNIST_IO_PACKED_HEAD_H
#define MNIST_IO_PACKED_HEAD_H

#include <mnist/io.h>

#define MNIST_PACKED_CRC_AT    5u /* after magic and version */
#define MNIST_PACKED_SHAPE_AT  9u
#define MNIST_PACKED_HEAD_MOST (MNIST_PACKED_SHAPE_AT + 2 + 3 * (MNIST_MAX_HIDDEN + 2) + 8)

typedef struct mnist_packed_head {
    uint8_t bytes[MNIST_PACKED_HEAD_MOST];
    size_t size;
} mnist_packed_head;

/* The checksum's bytes are 0. */
void mnist_packed_head_write(mnist_packed_head *h, const mnist_model_parts *parts);

/* The CRC-32 of a whole file, without the bytes where it stands; size: at least
 * MNIST_PACKED_SHAPE_AT. */
uint32_t mnist_packed_checksum(const uint8_t *data, size_t size);

/* May a file of so many bytes become a net of that shape? */
bool mnist_packed_allows(const mnist_mlp_config *config, size_t size);

/* A file that is read. */
typedef struct mnist_packed_reader {
    const uint8_t *data;
    size_t size, at;
    const char *path;
    mnist_error *err;
} mnist_packed_reader;

/* Reads the header, checks the checksum; r->at then is where the stream begins. whole: is it a net of
 * whole numbers? false: r->err, MNIST_ERR_FORMAT. */
bool mnist_packed_head_read(mnist_packed_reader *r, mnist_mlp_config *config,
                            mnist_normalization *normalization, bool *whole);

#endif
