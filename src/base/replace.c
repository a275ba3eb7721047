#define _POSIX_C_SOURCE 200809L
#include "base/replace.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINKS     40  /* Linux's own limit */
#define MAX_TRIES     100 /* of names for the temporary file */
#define MAX_NAME_KEPT 200 /* bytes of NAME in ".NAME.XXXXXX.tmp", so that NAME_MAX holds it */

/* One write call's worth: some systems refuse more than INT_MAX. */
#define WRITE_CHUNK ((size_t)1 << 30)

/* Length of the directory part: 0 for "a", 1 for "/a", 3 for "a/b/c". */
static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return 0;
    }
    return slash == path ? 1 : (size_t)(slash - path);
}

/* "." or the directory part, to be freed; NULL when memory is short. */
static char *directory_of(const char *path)
{
    size_t length = directory_length(path);
    return length == 0 ? strdup(".") : strndup(path, length);
}

/* Length of the first leading directory of path that cannot be passed, with the reason in *error;
 * 0 when all can. */
static size_t find_blocked_part(const char *path, int *error)
{
    char *part = strdup(path);
    size_t found = 0;
    for (size_t i = 1; part && path[0] != '\0' && path[i] != '\0' && found == 0; i++) {
        if (path[i] != '/' || path[i - 1] == '/') {
            continue;
        }
        struct stat st;
        part[i] = '\0';
        if (stat(part, &st) != 0) {
            *error = errno;
            found = i;
        } else if (!S_ISDIR(st.st_mode)) {
            *error = ENOTDIR;
            found = i;
        } else if (faccessat(AT_FDCWD, part, X_OK, AT_EACCESS) != 0) {
            *error = errno;
            found = i;
        }
        part[i] = '/';
    }
    free(part);
    return found;
}

mnist_status mnist_fail_path(mnist_error *err, const char *path, const char *resolved,
                             const char *operation, int error)
{
    bool linked = strcmp(path, resolved) != 0;
    char reason[512];
    int part_error = 0;
    size_t length = find_blocked_part(resolved, &part_error);
    int shown = length > 300 ? 300 : (int)length;
    if (length > 0 && part_error == ENOENT) {
        snprintf(reason, sizeof reason, "the directory '%.*s' does not exist", shown, resolved);
    } else if (length > 0 && part_error == ENOTDIR) {
        snprintf(reason, sizeof reason, "'%.*s' is not a directory", shown, resolved);
    } else if (length > 0) {
        snprintf(reason, sizeof reason, "'%.*s': %s", shown, resolved, strerror(part_error));
    } else {
        snprintf(reason, sizeof reason, "%s", strerror(error));
    }
    /* a path may be longer than an error's text: leave room for the reason */
    return mnist_fail(err, MNIST_ERR_IO, "%.300s%s%.300s%s: cannot %s: %s", path,
                      linked ? " (a link to " : "", linked ? resolved : "", linked ? ")" : "",
                      operation, reason);
}

static mnist_status fail_target(mnist_error *err, const mnist_target *target, const char *operation,
                                int error)
{
    return mnist_fail_path(err, target->given, target->path, operation, error);
}

/* Names under which the kernel shows open files. They look like links to regular files, but what is
 * meant by them is the open file, as in "-o /dev/stdout >file". */
static bool is_open_file(const char *path)
{
    return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/fd/", 8) == 0;
}

/* Where the link at path points, as a path from here; to be freed. NULL with errno set, EINVAL when
 * path is no link. */
static char *read_link(const char *path)
{
    char text[PATH_MAX];
    ssize_t length = readlink(path, text, sizeof text);
    if (length < 0) {
        return NULL;
    }
    if ((size_t)length == sizeof text) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    const char *slash = strrchr(path, '/');
    size_t head = text[0] == '/' || !slash ? 0 : (size_t)(slash - path) + 1;
    char *joined = malloc(head + (size_t)length + 1);
    if (joined) {
        memcpy(joined, path, head);
        memcpy(joined + head, text, (size_t)length);
        joined[head + (size_t)length] = '\0';
    }
    return joined;
}

/* Follows the links in the last part of target->path by hand, because a link to a file that is not
 * yet there must be followed too, which realpath does not do. */
static mnist_status follow_links(mnist_target *target, mnist_error *err)
{
    for (int hops = 0; hops < MAX_LINKS; hops++) {
        if (target->exists && is_open_file(target->path)) {
            target->stream = true;
            return MNIST_OK;
        }
        char *next = read_link(target->path);
        if (!next && errno == ENOMEM) {
            return mnist_fail_memory(err, PATH_MAX, "a path");
        }
        if (!next && (errno == EINVAL || errno == ENOENT)) {
            return MNIST_OK;
        }
        if (!next) {
            return fail_target(err, target, "follow the link", errno);
        }
        free(target->path);
        target->path = next;
    }
    return fail_target(err, target, "follow the link", ELOOP);
}

static mnist_status check_existing(const mnist_target *target, mode_t mode, mnist_error *err)
{
    if (S_ISDIR(mode)) {
        return mnist_fail(err, MNIST_ERR_IO, "%.600s: is a directory; name a file in it",
                          target->given);
    }
    if (S_ISSOCK(mode)) {
        return mnist_fail(err, MNIST_ERR_IO, "%.600s: is a socket; name a file", target->given);
    }
    /* asked of the effective user, as open will be */
    if (faccessat(AT_FDCWD, target->given, W_OK, AT_EACCESS) != 0) {
        return mnist_fail(err, MNIST_ERR_IO,
                          "%.600s: exists and may not be written (mode %04o): %s", target->given,
                          (unsigned)mode & 07777u, strerror(errno));
    }
    return MNIST_OK;
}

static mnist_status resolve(mnist_target *target, mnist_error *err)
{
    const char *path = target->given;
    struct stat st;
    if (path[0] == '\0') {
        return mnist_fail(err, MNIST_ERR_IO, "the output path is empty; name a file");
    }
    target->path = strdup(path);
    if (!target->path) {
        return mnist_fail_memory(err, strlen(path) + 1, "a path");
    }
    if (stat(path, &st) == 0) {
        target->exists = true;
        target->stream = !S_ISREG(st.st_mode);
        target->mode = (unsigned)st.st_mode & 0777u;
        mnist_status status = check_existing(target, st.st_mode, err);
        return status != MNIST_OK || target->stream ? status : follow_links(target, err);
    }
    if (errno != ENOENT) {
        return fail_target(err, target, "write there", errno);
    }
    if (path[strlen(path) - 1] == '/') {
        return mnist_fail(err, MNIST_ERR_IO,
                          "%.600s: ends in '/', so it names a directory; name a file", path);
    }
    return follow_links(target, err);
}

mnist_status mnist_target_resolve(mnist_target *out, const char *path, mnist_error *err)
{
    *out = (mnist_target){.given = path};
    mnist_status status = resolve(out, err);
    if (status != MNIST_OK) {
        mnist_target_free(out);
    }
    return status;
}

void mnist_target_free(mnist_target *target)
{
    free(target->path);
    *target = (mnist_target){0};
}

/* Six characters that differ from call to call. They need not be secret, as O_EXCL prevents that an
 * existing file is opened. */
static void draw_suffix(char suffix[6], unsigned attempt)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t x = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    x ^= (uint64_t)getpid() << 40 ^ (uint64_t)attempt << 24;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u; /* the finaliser of SplitMix64 */
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    for (int i = 0; i < 6; i++) {
        suffix[i] = digits[x % 36];
        x /= 36;
    }
}

mnist_status mnist_target_temporary(const mnist_target *target, int *fd, char **name,
                                    mnist_error *err)
{
    const char *slash = strrchr(target->path, '/');
    const char *base = slash ? slash + 1 : target->path;
    int head = (int)(base - target->path);
    size_t room = (size_t)head + MAX_NAME_KEPT + sizeof "..XXXXXX.tmp";
    char *temporary = malloc(room);
    int error = EEXIST;
    *fd = -1;
    *name = NULL;
    if (!temporary) {
        return mnist_fail_memory(err, room, "the name of a temporary file");
    }
    for (unsigned attempt = 0; attempt < MAX_TRIES && error == EEXIST; attempt++) {
        char suffix[6];
        draw_suffix(suffix, attempt);
        snprintf(temporary, room, "%.*s.%.*s.%.6s.tmp", head, target->path, MAX_NAME_KEPT, base,
                 suffix);
        *fd = mnist_open(temporary, O_WRONLY | O_CREAT | O_EXCL,
                         target->exists ? target->mode : 0666);
        error = *fd >= 0 ? 0 : errno;
    }
    if (error != 0) {
        char operation[384];
        char *directory = directory_of(target->path);
        snprintf(operation, sizeof operation, "create a temporary file in '%.300s'",
                 directory ? directory : "");
        free(directory);
        free(temporary);
        return fail_target(err, target, operation, error);
    }
    /* the umask may have taken bits that the old file has */
    struct stat st;
    if (target->exists &&
        (fstat(*fd, &st) != 0 || ((unsigned)st.st_mode & 0777u) != target->mode) &&
        fchmod(*fd, (mode_t)target->mode) != 0) {
        error = errno;
        close(*fd);
        unlink(temporary);
        free(temporary);
        *fd = -1;
        return fail_target(err, target, "give the new file the mode of the old one", error);
    }
    *name = temporary;
    return MNIST_OK;
}

int mnist_open(const char *path, int flags, unsigned mode)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int mnist_write_all(int fd, const void *data, size_t size)
{
    const char *next = data;
    while (size > 0) {
        ssize_t written = write(fd, next, size < WRITE_CHUNK ? size : WRITE_CHUNK);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : ENOSPC;
        }
        next += written;
        size -= (size_t)written;
    }
    return 0;
}

/* fsync, where the file system knows it. */
static int sync_file(int fd)
{
    int result;
    do {
        result = fsync(fd);
    } while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS ? 0 : errno;
}

/* POSIX leaves open what EINTR means for close; on systems that return it, the file is closed. */
static int close_file(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

static mnist_status write_stream(const mnist_target *target, const void *data, size_t size,
                                 mnist_error *err)
{
    int fd = mnist_open(target->given, O_WRONLY | O_TRUNC, 0);
    if (fd < 0) {
        return fail_target(err, target, "open it for writing", errno);
    }
    int error = mnist_write_all(fd, data, size);
    int close_error = close_file(fd);
    error = error ? error : close_error;
    return error ? fail_target(err, target, "write it", error) : MNIST_OK;
}

/* Makes a file's name durable. A directory that may be written but not read cannot be opened for
 * that: then it becomes durable when the file system writes it. */
static mnist_status sync_directory(const mnist_target *target, mnist_error *err)
{
    char *directory = directory_of(target->path);
    if (!directory) {
        return mnist_fail_memory(err, strlen(target->path) + 1, "a path");
    }
    int fd = mnist_open(directory, O_RDONLY | O_DIRECTORY, 0);
    int error = fd >= 0 ? 0 : errno;
    free(directory);
    if (fd >= 0) {
        error = sync_file(fd);
        close(fd);
    }
    if (error == 0 || error == EACCES) {
        return MNIST_OK;
    }
    return fail_target(err, target, "make its directory entry durable", error);
}

mnist_status mnist_sync_entry(const char *path, mnist_error *err)
{
    mnist_target target;
    mnist_status status = mnist_target_resolve(&target, path, err);
    if (status == MNIST_OK) {
        status = target.stream ? MNIST_OK : sync_directory(&target, err);
        mnist_target_free(&target);
    }
    return status;
}

static mnist_status replace_target(const mnist_target *target, const void *data, size_t size,
                                   mnist_error *err)
{
    int fd;
    char *temporary;
    mnist_status status = mnist_target_temporary(target, &fd, &temporary, err);
    if (status != MNIST_OK) {
        return status;
    }
    const char *operation = "write the temporary file beside it";
    int error = mnist_write_all(fd, data, size);
    if (error == 0) {
        operation = "sync the temporary file beside it";
        error = sync_file(fd);
    }
    int close_error = close_file(fd);
    if (error == 0 && close_error != 0) {
        operation = "close the temporary file beside it";
        error = close_error;
    }
    if (error == 0 && rename(temporary, target->path) != 0) {
        operation = "rename the temporary file to it";
        error = errno;
    }
    if (error != 0) {
        unlink(temporary);
        status = fail_target(err, target, operation, error);
    } else {
        status = sync_directory(target, err);
    }
    free(temporary);
    return status;
}

mnist_status mnist_file_replace(const char *path, const void *data, size_t size, mnist_error *err)
{
    mnist_target target;
    mnist_status status = mnist_target_resolve(&target, path, err);
    if (status == MNIST_OK) {
        status = target.stream ? write_stream(&target, data, size, err)
                               : replace_target(&target, data, size, err);
        mnist_target_free(&target);
    }
    return status;
}
