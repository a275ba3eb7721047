#define _POSIX_C_SOURCE 200809L
#include "import/tree.h"

#include "base/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct walk {
    mnist_tree *tree;
    size_t room;
    const char *path; /* of the whole */
} walk;

char *mnist_tree_join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const char *slash = length == 0 || folder[length - 1] == '/' ? "" : "/";
    const size_t size = length + strlen(slash) + strlen(name) + 1;
    char *path = malloc(size);
    if (path) {
        snprintf(path, size, "%s%s%s", folder, slash, name);
    }
    return path;
}

/* Takes the name over, also on failure. */
static mnist_status add(walk *w, char *name, mnist_error *err)
{
    mnist_tree *tree = w->tree;
    if (tree->count == MNIST_TREE_FILES) {
        free(name);
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: more than %u files, the most that are read: is it the right folder?",
                          w->path, MNIST_TREE_FILES);
    }
    if (tree->count == w->room) {
        const size_t room = w->room > 0 ? 2 * w->room : 64;
        char **names = realloc(tree->names, room * sizeof *names);
        if (!names) {
            free(name);
            return mnist_fail_memory(err, room * sizeof *names, w->path);
        }
        tree->names = names;
        w->room = room;
    }
    tree->names[tree->count++] = name;
    return MNIST_OK;
}

static mnist_status list_folder(walk *w, const char *folder, const char *prefix, unsigned depth,
                                mnist_error *err);

static mnist_status take_entry(walk *w, const char *folder, const char *prefix, const char *name,
                               unsigned depth, mnist_error *err)
{
    struct stat info, target;
    char *path = mnist_tree_join(folder, name), *inner = mnist_tree_join(prefix, name);
    mnist_status status = MNIST_OK;
    if (!path || !inner) {
        status = mnist_fail_memory(err, strlen(folder) + strlen(name), w->path);
    } else if (lstat(path, &info) != 0) {
        if (errno != ENOENT) { /* else it is gone meanwhile */
            status =
                mnist_fail(err, MNIST_ERR_IO, "%s: cannot be examined: %s", path, strerror(errno));
        }
    } else if (S_ISDIR(info.st_mode)) {
        status = depth < MNIST_TREE_DEPTH ? list_folder(w, path, inner, depth + 1, err) : MNIST_OK;
    } else if (S_ISREG(info.st_mode) ||
               (S_ISLNK(info.st_mode) && stat(path, &target) == 0 && S_ISREG(target.st_mode))) {
        status = add(w, inner, err);
        inner = NULL;
    }
    free(path);
    free(inner);
    return status;
}

static mnist_status list_folder(walk *w, const char *folder, const char *prefix, unsigned depth,
                                mnist_error *err)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        return mnist_fail(err,
                          errno == ENOENT || errno == EACCES ? MNIST_ERR_NOT_FOUND
                          : errno == ENOMEM                  ? MNIST_ERR_MEMORY
                                                             : MNIST_ERR_IO,
                          "%s: cannot be listed: %s", folder, strerror(errno));
    }
    mnist_status status = MNIST_OK;
    struct dirent *entry = NULL;
    errno = 0;
    while (status == MNIST_OK && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = take_entry(w, folder, prefix, entry->d_name, depth, err);
        }
        errno = 0;
    }
    if (status == MNIST_OK && errno != 0) {
        status = mnist_fail(err, MNIST_ERR_IO, "%s: cannot be listed: %s", folder, strerror(errno));
    }
    (void)closedir(dir);
    return status;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

mnist_status mnist_tree_list(mnist_tree *out, const char *path, mnist_error *err)
{
    walk w = {.tree = out, .path = path};
    *out = (mnist_tree){.count = 0};
    const mnist_status status = list_folder(&w, path, "", 0, err);
    if (status != MNIST_OK) {
        mnist_tree_free(out);
    } else if (out->count > 0) {
        qsort(out->names, out->count, sizeof *out->names, compare);
    }
    return status;
}

void mnist_tree_free(mnist_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->names[i]);
    }
    free(tree->names);
    *tree = (mnist_tree){.count = 0};
}
