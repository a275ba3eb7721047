/* Reading whole files and replacing whole files. */
#ifndef MNIST_BASE_FILE_H
#define MNIST_BASE_FILE_H

#include "base/status.h"

/* A file's bytes, in allocated memory or mapped. */
typedef struct mnist_bytes {
    const uint8_t *data;
    size_t size;
    bool mapped;
} mnist_bytes;

/* Regular files of more bytes than this are mapped, if the system can, as they may be meant to be
 * larger than memory. If a mapped file is cut short while it is in use, the process gets SIGBUS. */
#define MNIST_BYTES_READ_MOST ((size_t)1 << 30)

/* Reads or maps a regular file; reads a pipe or the like, up to limit bytes. Later changes of a
 * file that was read have no effect. An empty file gives size 0. Errors: MNIST_ERR_NOT_FOUND,
 * MNIST_ERR_IO (a directory, a device, no permission, a failing read, a file that shrinks
 * meanwhile), MNIST_ERR_FORMAT (more than limit bytes), MNIST_ERR_MEMORY. */
mnist_status mnist_bytes_open(mnist_bytes *out, const char *path, size_t limit, mnist_error *err);
/* Reads what remains of an open file or pipe into memory, up to limit bytes. name: for messages. fd
 * stays open. Errors: as mnist_bytes_open, but for MNIST_ERR_NOT_FOUND. */
mnist_status mnist_bytes_read(mnist_bytes *out, int fd, const char *name, size_t limit,
                              mnist_error *err);
void mnist_bytes_close(mnist_bytes *bytes);

/* Replaces path by data, whole or not at all: temporary file in the same directory, fsync, rename,
 * fsync of the directory. A path that is a device or a pipe is written to as it is. Errors:
 * MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_file_replace(const char *path, const void *data, size_t size, mnist_error *err);

#endif
