/* Output paths: where one leads, a temporary file beside it, and the message when that fails. Used
 * by mnist_file_replace (base/file.h), and by who tries a path beforehand. */
#ifndef MNIST_BASE_REPLACE_H
#define MNIST_BASE_REPLACE_H

#include "base/status.h"

/* Where writing to a path really goes. */
typedef struct mnist_target {
    const char *given; /* the path asked for; borrowed */
    char *path;        /* with symbolic links in its last part followed, so that a link stays one */
    bool exists;       /* something is there */
    bool stream;       /* it is a device or a pipe: written to as it is, never replaced */
    unsigned mode;     /* permission bits of the regular file that is there */
} mnist_target;

/* Changes nothing. An existing target must be writable, and must not be a directory or a socket.
 * Errors: MNIST_ERR_IO, MNIST_ERR_MEMORY. Release with mnist_target_free. */
mnist_status mnist_target_resolve(mnist_target *out, const char *path, mnist_error *err);
void mnist_target_free(mnist_target *target);

/* Creates an empty file of a name not yet used, ".NAME.XXXXXX.tmp", in the target's directory and
 * opens it for writing. Its mode is that of the file it is to replace, or what the umask leaves of
 * 0666. The caller closes *fd, and unlinks and frees *name. Not for streams. Errors: MNIST_ERR_IO,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_target_temporary(const mnist_target *target, int *fd, char **name,
                                    mnist_error *err);

/* open, tried again when a signal interrupts it. O_CLOEXEC and O_NOCTTY are added. */
int mnist_open(const char *path, int flags, unsigned mode);

/* Writes all of data, however many calls that takes. 0, or the errno of the failure. */
int mnist_write_all(int fd, const void *data, size_t size);

/* Makes the name of a file that has been created durable, as fsync of the file alone need not:
 * syncs its directory, where that may be read. A device or a pipe is left alone. Errors:
 * MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_sync_entry(const char *path, mnist_error *err);

/* MNIST_ERR_IO: path, what could not be done, and why, naming the part of the path that is at fault
 * where it can be told. resolved is where path leads, or path itself. */
mnist_status mnist_fail_path(mnist_error *err, const char *path, const char *resolved,
                             const char *operation, int error);

#endif
