/* A directory for a test's files, and plain ways to fill it and to look at it. Define _XOPEN_SOURCE
 * 700 (nftw, mkdtemp) before the first header. */
#ifndef MNIST_TESTS_SCRATCH_H
#define MNIST_TESTS_SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct scratch {
    char path[256];
} scratch;

typedef struct scratch_file {
    char path[1024];
} scratch_file;

/* Made with mkdtemp, so no two tests meet. */
static inline int scratch_create(void **state)
{
    scratch *dir = malloc(sizeof *dir);
    const char *base = getenv("TMPDIR");
    if (!dir) {
        return -1;
    }
    snprintf(dir->path, sizeof dir->path, "%s/mnist-test-XXXXXX", base && *base ? base : "/tmp");
    *state = dir;
    return mkdtemp(dir->path) ? 0 : -1;
}

static inline int scratch_remove_entry(const char *path, const struct stat *st, int type,
                                       struct FTW *position)
{
    (void)st;
    (void)type;
    (void)position;
    return remove(path);
}

static inline int scratch_remove(void **state)
{
    scratch *dir = *state;
    int result = nftw(dir->path, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(dir);
    return result;
}

static inline scratch_file scratch_name(void **state, const char *name)
{
    const scratch *dir = *state;
    scratch_file file;
    snprintf(file.path, sizeof file.path, "%s/%s", dir->path, name);
    return file;
}

/* 0 if all went well. */
static inline int scratch_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        return -1;
    }
    size_t written = fwrite(data, 1, size, file);
    return fclose(file) != 0 || written != size ? -1 : 0;
}

/* The file's bytes and a terminating zero, to be freed; NULL if it cannot be read. */
static inline char *scratch_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(1 << 20);
    if (size) {
        *size = 0;
    }
    if (!file || !data) {
        free(data);
        if (file) {
            fclose(file);
        }
        return NULL;
    }
    size_t length = fread(data, 1, (1 << 20) - 1, file);
    fclose(file);
    data[length] = '\0';
    if (size) {
        *size = length;
    }
    return data;
}

/* Entries of the directory, hidden ones too. */
static inline size_t scratch_count(void **state)
{
    const scratch *scratch_dir = *state;
    size_t count = 0;
    DIR *dir = opendir(scratch_dir->path);
    while (dir && readdir(dir)) {
        count++;
    }
    if (dir) {
        closedir(dir);
    }
    return count - 2; /* "." and ".." */
}

#endif
