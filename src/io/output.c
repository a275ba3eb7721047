#define _POSIX_C_SOURCE 200809L
#include <mnist/io.h>

#include "base/file.h"
#include "base/replace.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

mnist_status mnist_output_check(const char *path, mnist_error *err)
{
    mnist_target target;
    mnist_status status = mnist_target_resolve(&target, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    /* A stream is not opened, as that would wait for a pipe's reader, or rewind a tape. */
    if (!target.stream) {
        int fd;
        char *temporary;
        status = mnist_target_temporary(&target, &fd, &temporary, err);
        if (status == MNIST_OK) {
            /* nothing is lost if close fails here; but then writing would fail as well, which is
             * what this is to find out */
            const int error = close(fd) == 0 || errno == EINTR ? 0 : errno;
            unlink(temporary);
            free(temporary);
            if (error != 0) {
                status = mnist_fail_path(err, path, target.path, "close a temporary file beside it",
                                         error);
            }
        }
    }
    mnist_target_free(&target);
    return status;
}

mnist_status mnist_output_write(const char *path, const void *data, size_t size, mnist_error *err)
{
    return mnist_file_replace(path, data, size, err);
}
