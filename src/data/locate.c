#define _POSIX_C_SOURCE 200809L
#include <mnist/data.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

#define ROLES 4

/* The names of each file: the original one, and the one that some unpacking tools and several
 * mirrors have made of it. The raw file comes before the gzip one. */
static const char *const names[ROLES][2] = {
    {"train-images-idx3-ubyte", "train-images.idx3-ubyte"},
    {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte"},
    {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"},
    {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"},
};
static const char *const endings[] = {"", ".gz"};

static void slots_of(mnist_idx_paths *paths, char **slots[ROLES])
{
    slots[0] = &paths->train_images;
    slots[1] = &paths->train_labels;
    slots[2] = &paths->test_images;
    slots[3] = &paths->test_labels;
}

/* The message of what was tried, which grows piece by piece and ends in dots where it is full. */
typedef struct attempts {
    char text[MNIST_ERROR_TEXT];
    size_t used;
    unsigned places; /* directories named so far */
} attempts;

static void attempts_add(attempts *tried, const char *format, ...) MNIST_PRINTF(2, 3);

static void attempts_add(attempts *tried, const char *format, ...)
{
    size_t room = sizeof tried->text - tried->used;
    if (room <= 1) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(tried->text + tried->used, room, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return;
    }
    if ((size_t)length >= room) {
        memcpy(tried->text + sizeof tried->text - 5, " ...", 5);
        tried->used = sizeof tried->text - 1;
    } else {
        tried->used += (size_t)length;
    }
}

static char *join(const char *dir, const char *name, const char *ending)
{
    size_t dir_length = strlen(dir);
    const char *slash = dir_length > 0 && dir[dir_length - 1] == '/' ? "" : "/";
    size_t size = dir_length + strlen(slash) + strlen(name) + strlen(ending) + 1;
    char *path = malloc(size);
    if (path) {
        snprintf(path, size, "%s%s%s%s", dir, slash, name, ending);
    }
    return path;
}

/* The file of a role in dir: *found is its path, owned, or NULL if there is none. */
static mnist_status find_file(char **found, const char *dir, unsigned role, mnist_error *err)
{
    *found = NULL;
    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
        for (size_t n = 0; n < sizeof names[role] / sizeof names[role][0]; n++) {
            char *path = join(dir, names[role][n], endings[e]);
            if (!path) {
                return mnist_fail_memory(err, strlen(dir) + 64, "a path");
            }
            struct stat info;
            if (stat(path, &info) == 0) {
                if (!S_ISDIR(info.st_mode)) {
                    *found = path;
                    return MNIST_OK;
                }
            } else if (errno == EIO ||
                       errno == ENOMEM) { /* errors that do not mean that the file does not exist */
                mnist_fail(err, MNIST_ERR_IO, "%s: cannot be examined: %s", path, strerror(errno));
                free(path);
                return MNIST_ERR_IO;
            }
            free(path);
        }
    }
    return MNIST_OK;
}

/* Why nothing can be found in dir, or NULL if it is a directory that may be searched. */
static const char *directory_defect(const char *dir)
{
    struct stat info;
    if (stat(dir, &info) != 0) {
        return errno == ENOENT ? "no such directory" : strerror(errno);
    }
    if (!S_ISDIR(info.st_mode)) {
        return "not a directory";
    }
    return access(dir, X_OK) == 0 ? NULL : strerror(errno);
}

/* Looks in one directory for the roles that are wanted. found holds all of them, owned, or, with
 * *complete false, nothing. */
static mnist_status try_directory(char *found[ROLES], bool *complete, const char *dir,
                                  const bool wanted[ROLES], attempts *tried, mnist_error *err)
{
    *complete = false;
    const char *defect = directory_defect(dir);
    attempts_add(tried, "%s %s (", tried->places++ ? "," : "", dir);
    if (defect) {
        attempts_add(tried, "%s)", defect);
        return MNIST_OK;
    }
    mnist_status status = MNIST_OK;
    unsigned lacking = 0;
    for (unsigned r = 0; r < ROLES && status == MNIST_OK; r++) {
        if (wanted[r]) {
            status = find_file(&found[r], dir, r, err);
            if (status == MNIST_OK && !found[r]) {
                attempts_add(tried, "%s%s", lacking++ ? ", " : "no ", names[r][0]);
            }
        }
    }
    attempts_add(tried, ")");
    *complete = status == MNIST_OK && lacking == 0;
    if (!*complete) {
        for (unsigned r = 0; r < ROLES; r++) {
            free(found[r]);
            found[r] = NULL;
        }
    }
    return status;
}

mnist_status mnist_idx_locate(mnist_idx_paths *paths, unsigned wanted, const char *const *dirs,
                              size_t count, mnist_error *err)
{
    static const unsigned pair_of[ROLES] = {MNIST_IDX_TRAIN, MNIST_IDX_TRAIN, MNIST_IDX_TEST,
                                            MNIST_IDX_TEST};
    char **slots[ROLES], *found[ROLES] = {NULL};
    bool missing[ROLES], any = false, complete = false;
    attempts tried = {.used = 0};
    slots_of(paths, slots);
    attempts_add(&tried, "the data was not found; tried");
    for (unsigned r = 0; r < ROLES; r++) {
        missing[r] = (wanted & pair_of[r]) != 0 && *slots[r] == NULL;
        any = any || missing[r];
    }
    if (!any) {
        return MNIST_OK;
    }
    for (size_t i = 0; i < count && !complete; i++) {
        if (dirs[i]) {
            mnist_status status = try_directory(found, &complete, dirs[i], missing, &tried, err);
            if (status != MNIST_OK) {
                return status;
            }
        }
    }
    if (!complete) {
        if (tried.places == 0) {
            attempts_add(&tried, " nothing, as no directory was given");
        }
        return mnist_fail(err, MNIST_ERR_NOT_FOUND, "%s", tried.text);
    }
    for (unsigned r = 0; r < ROLES; r++) {
        if (missing[r]) {
            *slots[r] = found[r];
        }
    }
    return MNIST_OK;
}

void mnist_idx_paths_free(mnist_idx_paths *paths)
{
    char **slots[ROLES];
    slots_of(paths, slots);
    for (unsigned r = 0; r < ROLES; r++) {
        free(*slots[r]);
        *slots[r] = NULL;
    }
}

mnist_status mnist_dataset_load_dir(mnist_dataset **out, const char *dir, unsigned which,
                                    mnist_error *err)
{
    mnist_idx_paths paths = {NULL, NULL, NULL, NULL};
    *out = NULL;
    if (which != MNIST_IDX_TRAIN && which != MNIST_IDX_TEST) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: expected MNIST_IDX_TRAIN or MNIST_IDX_TEST, one pair of files, found %u", dir,
            which);
    }
    mnist_status status = mnist_idx_locate(&paths, which, &dir, 1, err);
    if (status == MNIST_OK) {
        status = which == MNIST_IDX_TRAIN
                     ? mnist_dataset_load_idx(out, paths.train_images, paths.train_labels, err)
                     : mnist_dataset_load_idx(out, paths.test_images, paths.test_labels, err);
    }
    mnist_idx_paths_free(&paths);
    return status;
}
