#define _POSIX_C_SOURCE 200809L
#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Maps a regular file of a known size. False where the file system cannot map; no harm is done. */
static bool bytes_map(mnist_bytes *out, int fd, size_t size)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return false;
    }
    /* a hint: starts the reading of the whole file now, in the background; no matter if refused */
    (void)posix_madvise(data, size, POSIX_MADV_WILLNEED);
    *out = (mnist_bytes){.data = data, .size = size, .mapped = true, .fd = fd};
    return true;
}

static mnist_status bytes_take(mnist_bytes *out, int fd, const char *path, size_t limit,
                               mnist_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode)) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: is a directory, expected a file", path);
    }
    /* files below /proc say that they are regular and have size 0, and do have contents */
    if (S_ISREG(info.st_mode) && info.st_size > 0) {
        if ((uintmax_t)info.st_size > SIZE_MAX) {
            return mnist_fail(err, MNIST_ERR_MEMORY, "%s: too large for this machine's addresses",
                              path);
        }
        size_t size = (size_t)info.st_size;
        if (bytes_map(out, fd, size)) {
            return MNIST_OK;
        }
        limit = limit > size ? limit : size;
    }
    return read_all(out, fd, path, limit, err);
}

mnist_status mnist_bytes_open(mnist_bytes *out, const char *path, size_t limit, mnist_error *err)
{
    *out = (mnist_bytes){0};
    int fd;
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        return mnist_fail(err, absent ? MNIST_ERR_NOT_FOUND : MNIST_ERR_IO,
                          "%s: cannot be opened: %s", path, strerror(errno));
    }
    mnist_status status = bytes_take(out, fd, path, limit, err);
    if (!out->mapped) {
        (void)close(fd); /* only read from: nothing can be lost */
    }
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

/* Smaller files are not worth a system call, and larger ones may be meant to be larger than
 * memory. */
#define SETTLE_LEAST ((size_t)4 << 20)
#define SETTLE_MOST  ((size_t)1 << 30)

static mnist_status read_mapped(mnist_bytes *bytes, uint8_t *memory, const char *path,
                                mnist_error *err)
{
    for (size_t at = 0; at < bytes->size;) {
        ssize_t got = pread(bytes->fd, memory + at, bytes->size - at, (off_t)at);
        if (got > 0) {
            at += (size_t)got;
        } else if (got == 0) {
            return mnist_fail(err, MNIST_ERR_IO,
                              "%s: ends at byte %zu, where it had %zu bytes a moment ago: was it "
                              "cut short while it was read?",
                              path, at, bytes->size);
        } else if (errno != EINTR) {
            return mnist_fail(err, MNIST_ERR_IO, "%s: reading failed at byte %zu: %s", path, at,
                              strerror(errno));
        }
    }
    return MNIST_OK;
}

mnist_status mnist_bytes_settle(mnist_bytes *bytes, const char *path, mnist_error *err)
{
    if (!bytes->mapped || bytes->fd < 0) {
        return MNIST_OK;
    }
    uint8_t *memory = NULL;
    mnist_status status = MNIST_OK;
    if (bytes->size >= SETTLE_LEAST && bytes->size <= SETTLE_MOST && mnist_has_large_pages()) {
        memory = mnist_alloc_large(bytes->size);
    }
    if (memory) {
        status = read_mapped(bytes, memory, path, err);
    }
    if (memory && status == MNIST_OK) {
        const size_t size = bytes->size;
        mnist_bytes_close(bytes);
        *bytes = (mnist_bytes){.data = memory, .size = size};
    } else {
        free(memory);
        (void)close(bytes->fd); /* a mapping outlives it */
        bytes->fd = -1;
    }
    return status;
}

void mnist_bytes_close(mnist_bytes *bytes)
{
    if (bytes->mapped) {
        (void)munmap((void *)bytes->data, bytes->size);
        if (bytes->fd >= 0) {
            (void)close(bytes->fd);
        }
    } else {
        free((void *)bytes->data);
    }
    *bytes = (mnist_bytes){0};
}
