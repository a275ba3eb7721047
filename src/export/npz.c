/* NumPy archives with the names of Keras's mnist.npz. */
#define _POSIX_C_SOURCE 200809L
#include "base/file.h"
#include "base/status.h"
#include "data/archive.h"
#include "data/npy.h"
#include "export/chosen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAYS 4 /* at most */

/* Adds one array; it is counted even if memory was short, so that it is released. */
static mnist_status add_array(mnist_archive *archive, const mnist_export *what, const char *name,
                              bool images, mnist_error *err)
{
    const size_t count = mnist_export_count(what);
    const size_t values = images ? count * mnist_export_pixels(what) : count;
    char shape[80];
    mnist_archive_entry *entry = &archive->entries[archive->count++];
    *entry = (mnist_archive_entry){.name = strdup(name),
                                   .bytes = malloc(MNIST_NPY_HEADER + values),
                                   .size = MNIST_NPY_HEADER + values};
    if (!entry->name || !entry->bytes) {
        return mnist_fail_memory(err, entry->size, "an array of a NumPy archive");
    }
    if (images) {
        snprintf(shape, sizeof shape, "(%zu, %u, %u)", count, what->view.rows, what->view.cols);
        mnist_export_copy_images(what, entry->bytes + MNIST_NPY_HEADER);
    } else {
        snprintf(shape, sizeof shape, "(%zu,)", count);
        mnist_export_copy_labels(what, entry->bytes + MNIST_NPY_HEADER);
    }
    mnist_npy_put_header(entry->bytes, "|u1", shape);
    return MNIST_OK;
}

static mnist_status add_part(mnist_archive *archive, const mnist_export *what, const char *images,
                             const char *labels, mnist_error *err)
{
    mnist_status status = what ? add_array(archive, what, images, true, err) : MNIST_OK;
    if (status == MNIST_OK && what && !what->unlabelled) {
        status = add_array(archive, what, labels, false, err);
    }
    return status;
}

mnist_status mnist_export_npz(const mnist_export *train, const mnist_export *test, const char *path,
                              mnist_error *err)
{
    mnist_archive archive = {.entries = calloc(ARRAYS, sizeof *archive.entries)};
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!archive.entries) {
        return mnist_fail_memory(err, ARRAYS * sizeof *archive.entries, "a NumPy archive");
    }
    mnist_status status = add_part(&archive, train, "x_train.npy", "y_train.npy", err);
    if (status == MNIST_OK) {
        status = add_part(&archive, test, "x_test.npy", "y_test.npy", err);
    }
    if (status == MNIST_OK) {
        status = mnist_archive_write(&archive, &bytes, &size, path, err);
    }
    mnist_archive_free(&archive);
    if (status == MNIST_OK) {
        status = mnist_file_replace(path, bytes, size, err);
    }
    free(bytes);
    return status;
}
