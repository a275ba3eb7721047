/* Reading whole files and replacing whole files. */
#ifndef MNIST_BASE_FILE_H
#define MNIST_BASE_FILE_H

#include "base/status.h"

/* A file's bytes: mapped where the system can, else read into memory. */
typedef struct mnist_bytes {
    const uint8_t *data;
    size_t size;
    bool mapped;
    int fd; /* of the file, if it is mapped and not yet settled; else -1 or 0 */
} mnist_bytes;

/* Regular files are mapped; pipes and the like are read up to limit bytes. An empty file gives
 * size 0. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO (a directory, no permission, a failing read),
 * MNIST_ERR_FORMAT (more than limit bytes), MNIST_ERR_MEMORY. */
mnist_status mnist_bytes_open(mnist_bytes *out, const char *path, size_t limit, mnist_error *err);
/* What is left in an open file or pipe, read into memory, up to limit bytes. name: for messages. fd
 * stays open. Errors: as mnist_bytes_open, but for MNIST_ERR_NOT_FOUND. */
mnist_status mnist_bytes_read(mnist_bytes *out, int fd, const char *name, size_t limit,
                              mnist_error *err);
void mnist_bytes_close(mnist_bytes *bytes);

/* Once it is known that all of it is wanted: takes a large mapped file into memory of its own, with
 * large pages. What is read often is then reached faster, and no change of the file can be felt.
 * Where there is nothing to gain, or memory is short, the file stays mapped. data may move. Errors:
 * MNIST_ERR_IO (a failing read, or the file has shrunk). */
mnist_status mnist_bytes_settle(mnist_bytes *bytes, const char *path, mnist_error *err);

/* Replaces path by data, whole or not at all: temporary file in the same directory, fsync, rename,
 * fsync of the directory. A path that is a device or a pipe is written to as it is. Errors:
 * MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_file_replace(const char *path, const void *data, size_t size, mnist_error *err);

#endif
