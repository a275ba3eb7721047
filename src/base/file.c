#define _POSIX_C_SOURCE 200809L
#include "base/file.h"

#include "base/memory.h"
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE_LEAST  ((size_t)4 << 20)  /* bytes; for less, large pages do not pay */
#define DEVICE_LIMIT ((size_t)64 << 20) /* bytes; more than any data set that somebody types */

/* Everything up to the end of the stream, in memory that grows by doubling. Reads one byte beyond
 * limit at most, to tell a stream that ends there from one that does not. */
static mnist_status read_all(mnist_bytes *out, int fd, const char *path, size_t limit,
                             mnist_error *err)
{
    uint8_t *data = NULL;
    size_t size = 0, capacity = 0;
    for (;;) {
        if (size == capacity) {
            size_t wanted = capacity == 0             ? 65536
                            : capacity > SIZE_MAX / 2 ? SIZE_MAX
                                                      : capacity * 2;
            uint8_t *grown = wanted > capacity ? realloc(data, wanted) : NULL;
            if (!grown) {
                free(data);
                return mnist_fail_memory(err, wanted, path);
            }
            data = grown;
            capacity = wanted;
        }
        ssize_t got = read(fd, data + size, capacity - size);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            int cause = errno;
            free(data);
            return mnist_fail(err, MNIST_ERR_IO, "%s: reading failed at byte %zu: %s", path, size,
                              strerror(cause));
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
        if (size > limit) {
            free(data);
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: more than %zu bytes, the most that is read from a stream; is it "
                              "the right one? A regular file may be larger",
                              path, limit);
        }
    }
    if (size == 0) {
        free(data);
        data = NULL;
    }
    *out = (mnist_bytes){.data = data, .size = size, .mapped = false};
    return MNIST_OK;
}

/* Reads all of a regular file of a known size. From 4 MiB on into large pages: what is read often
 * and in random order is then reached faster. Mapping the file instead would cost a page fault for
 * every small page. */
static mnist_status bytes_read_whole(mnist_bytes *out, int fd, size_t size, const char *path,
                                     mnist_error *err)
{
    uint8_t *data = size >= LARGE_LEAST ? mnist_alloc_large(size) : malloc(size);
    if (!data) {
        return mnist_fail_memory(err, size, path);
    }
    mnist_status status = MNIST_OK;
    for (size_t at = 0; at < size && status == MNIST_OK;) {
        ssize_t got = read(fd, data + at, size - at);
        if (got > 0) {
            at += (size_t)got;
        } else if (got == 0) {
            status = mnist_fail(err, MNIST_ERR_IO,
                                "%s: ends at byte %zu, where it had %zu bytes a moment ago: was it "
                                "cut short while it was read?",
                                path, at, size);
        } else if (errno != EINTR) {
            status = mnist_fail(err, MNIST_ERR_IO, "%s: reading failed at byte %zu: %s", path, at,
                                strerror(errno));
        }
    }
    if (status != MNIST_OK) {
        free(data);
        return status;
    }
    *out = (mnist_bytes){.data = data, .size = size};
    return MNIST_OK;
}

/* false: the file system cannot map; the caller then reads. */
static bool bytes_map(mnist_bytes *out, int fd, size_t size)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return false;
    }
    *out = (mnist_bytes){.data = data, .size = size, .mapped = true};
    return true;
}

static mnist_status bytes_take(mnist_bytes *out, int fd, const char *path, size_t limit,
                               mnist_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode)) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: is a %s, expected a file", path,
                          S_ISDIR(info.st_mode) ? "directory" : "device");
    }
    if (S_ISCHR(info.st_mode)) { /* a terminal, /dev/null; but /dev/zero would never end */
        limit = limit < DEVICE_LIMIT ? limit : DEVICE_LIMIT;
    }
    /* files below /proc claim to be regular and to have size 0, yet they have contents */
    if (!S_ISREG(info.st_mode) || info.st_size <= 0) {
        return read_all(out, fd, path, limit, err);
    }
    if ((uintmax_t)info.st_size > SIZE_MAX) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "%s: too large for this machine's addresses",
                          path);
    }
    const size_t size = (size_t)info.st_size;
    return size > MNIST_BYTES_READ_MOST && bytes_map(out, fd, size)
               ? MNIST_OK
               : bytes_read_whole(out, fd, size, path, err);
}

mnist_status mnist_bytes_open(mnist_bytes *out, const char *path, size_t limit, mnist_error *err)
{
    *out = (mnist_bytes){0};
    int fd = mnist_open(path, O_RDONLY, 0);
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        return mnist_fail(err, absent ? MNIST_ERR_NOT_FOUND : MNIST_ERR_IO,
                          "%s: cannot be opened: %s", path, strerror(errno));
    }
    mnist_status status = bytes_take(out, fd, path, limit, err);
    (void)close(fd); /* an error loses nothing, as the file was only read; a mapping outlives fd */
    return status;
}

mnist_status mnist_bytes_read(mnist_bytes *out, int fd, const char *name, size_t limit,
                              mnist_error *err)
{
    struct stat info;
    *out = (mnist_bytes){0};
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: is a directory, expected a file", name);
    }
    return read_all(out, fd, name, limit, err);
}

void mnist_bytes_close(mnist_bytes *bytes)
{
    if (bytes->mapped) {
        (void)munmap((void *)bytes->data, bytes->size);
    } else {
        free((void *)bytes->data);
    }
    *bytes = (mnist_bytes){0};
}
