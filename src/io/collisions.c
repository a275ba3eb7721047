/* Outputs that would destroy an input or one another. */
#define _POSIX_C_SOURCE 200809L
#include <mnist/io.h>

#include "base/memory.h"
#include "base/replace.h"
#include "io/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 4096 /* bytes of a file that tell what it is */

/* Where a path leads. */
typedef struct place {
    bool known;          /* else it is a stream, or neither it nor its directory exists */
    dev_t device;        /* of the file or, where there is none, of its directory */
    ino_t inode;         /* likewise */
    const char *name;    /* its name in that directory; NULL: the file exists */
    mnist_target target; /* of an output */
} place;

static void take_identity(place *at, const struct stat *st)
{
    at->known = true;
    at->device = st->st_dev;
    at->inode = st->st_ino;
}

static void find_input(place *at, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        take_identity(at, &st);
    }
}

/* For a file that does not exist: finds its directory, which may not exist either. */
static mnist_status find_directory(place *at, mnist_error *err)
{
    const char *path = at->target.path, *slash = strrchr(path, '/');
    struct stat st;
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!directory) {
        return mnist_fail_memory(err, strlen(path) + 1, "a path");
    }
    if (stat(directory, &st) == 0) {
        take_identity(at, &st);
        at->name = slash ? slash + 1 : path;
    }
    free(directory);
    return MNIST_OK;
}

static mnist_status find_output(place *at, const char *path, mnist_error *err)
{
    struct stat st;
    mnist_status status = mnist_target_resolve(&at->target, path, err);
    if (status != MNIST_OK || at->target.stream) {
        return status;
    }
    if (!at->target.exists) {
        return find_directory(at, err);
    }
    if (stat(path, &st) == 0) { /* else it has been removed meanwhile */
        take_identity(at, &st);
    }
    return MNIST_OK;
}

static bool is_same(const place *a, const place *b)
{
    if (!a->known || !b->known || a->device != b->device || a->inode != b->inode) {
        return false;
    }
    return a->name && b->name ? strcmp(a->name, b->name) == 0 : !a->name && !b->name;
}

/* What a file is by its first bytes, if an output must not replace it; else NULL, also for a file
 * that cannot be read. */
static const char *kind_of(const char *path)
{
    uint8_t head[HEAD_BYTES];
    static const char checkpoint[] = "\"mnist-checkpoint\"";
    struct stat st;
    int fd = mnist_open(path, O_RDONLY, 0);
    if (fd < 0) {
        return NULL;
    }
    ssize_t got;
    do {
        got = read(fd, head, sizeof head);
    } while (got < 0 && errno == EINTR);
    const bool sized = fstat(fd, &st) == 0;
    close(fd);
    if (got < 9 || !sized) {
        return NULL;
    }
    if (mnist_packed_is(head, (size_t)got)) {
        return "model";
    }
    if (head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 &&
        head[3] <= 4) {
        return "data file";
    }
    uint64_t length = 0; /* of a safetensors header */
    for (unsigned i = 0; i < 8; i++) {
        length |= (uint64_t)head[i] << (8 * i);
    }
    if (head[8] != '{' || length < 2 || length > (uint64_t)st.st_size - 8) {
        return NULL;
    }
    for (size_t i = 0; i + sizeof checkpoint <= (size_t)got; i++) {
        if (memcmp(head + i, checkpoint, sizeof checkpoint - 1) == 0) {
            return "checkpoint";
        }
    }
    return "model";
}

/* forgotten: the file is one that an option takes where its argument is missing. */
static mnist_status fail_overwrite(mnist_error *err, const mnist_file_use *output, const char *what,
                                   const char *path, bool forgotten)
{
    const bool linked = strcmp(output->path, path) != 0, of_option = output->name[0] == '-';
    return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s%s%.2000s would overwrite the %s %.2000s; %s",
                      output->name, linked ? " " : "", linked ? output->path : "", what, path,
                      forgotten && of_option ? "was FILE forgotten?" : "name another file");
}

/* Models are often given by a pattern. If the argument of an option was forgotten, the option takes
 * the first of them as its output: the file that would be destroyed is then not among the inputs,
 * but still must not be replaced. */
static mnist_status check_kind(const mnist_file_use *output, const place *at, mnist_error *err)
{
    const char *kind = at->known && !at->name ? kind_of(output->path) : NULL;
    if (!kind) {
        return MNIST_OK;
    }
    const bool data = strcmp(kind, "data file") == 0;
    return data || !output->tensors ? fail_overwrite(err, output, kind, output->path, !data)
                                    : MNIST_OK;
}

static mnist_status check_pair(const mnist_file_use *a, const mnist_file_use *b, const place *pa,
                               const place *pb, mnist_error *err)
{
    if (!a->output && !b->output) {
        return MNIST_OK;
    }
    if (!is_same(pa, pb) || (a->output != b->output && a->pair != 0 && a->pair == b->pair)) {
        return MNIST_OK;
    }
    if (a->output && b->output && strcmp(a->name, b->name) == 0) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: %.2000s and %.2000s are the same file",
                          a->name, a->path, b->path);
    }
    if (a->output && b->output) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s and %s name the same file", a->name,
                          b->name);
    }
    const mnist_file_use *output = a->output ? a : b, *input = a->output ? b : a;
    const char *kind = kind_of(input->path);
    const bool tensors = kind && strcmp(kind, "data file") != 0;
    return fail_overwrite(err, output, input->name, input->path, tensors && !output->tensors);
}

mnist_status mnist_outputs_check(const mnist_file_use *files, size_t count, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    place *places = mnist_alloc(count > 0 ? count : 1, sizeof *places);
    if (!places) {
        return mnist_fail_memory(err, count * sizeof *places, "the names of files");
    }
    for (size_t i = 0; i < count && status == MNIST_OK; i++) {
        if (files[i].path && files[i].output) {
            status = find_output(&places[i], files[i].path, err);
        } else if (files[i].path) {
            find_input(&places[i], files[i].path);
        }
    }
    for (size_t i = 0; i < count && status == MNIST_OK; i++) {
        for (size_t j = i + 1; j < count && status == MNIST_OK; j++) {
            status = check_pair(&files[i], &files[j], &places[i], &places[j], err);
        }
    }
    for (size_t i = 0; i < count && status == MNIST_OK; i++) {
        if (files[i].output) {
            status = check_kind(&files[i], &places[i], err);
        }
    }
    for (size_t i = 0; i < count; i++) {
        mnist_target_free(&places[i].target);
    }
    mnist_free(places);
    return status;
}
