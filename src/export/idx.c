/* IDX files (http://yann.lecun.com/exdb/mnist/, "file formats"). */
#include "base/file.h"
#include "base/status.h"
#include "export/chosen.h"

#include <stdlib.h>

enum { IMAGES_HEAD = 16, LABELS_HEAD = 8 };

static void put_be32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static mnist_status write_images(const mnist_export *what, const char *path, mnist_error *err)
{
    const size_t count = mnist_export_count(what);
    const size_t size = IMAGES_HEAD + count * mnist_export_pixels(what);
    uint8_t *file = malloc(size);
    if (!file) {
        return mnist_fail_memory(err, size, "a file of images");
    }
    put_be32(file, 0x803);
    put_be32(file + 4, (uint32_t)count);
    put_be32(file + 8, what->view.rows);
    put_be32(file + 12, what->view.cols);
    mnist_export_copy_images(what, file + IMAGES_HEAD);
    const mnist_status status = mnist_file_replace(path, file, size, err);
    free(file);
    return status;
}

static mnist_status write_labels(const mnist_export *what, const char *path, mnist_error *err)
{
    const size_t count = mnist_export_count(what), size = LABELS_HEAD + count;
    uint8_t *file = malloc(size);
    if (!file) {
        return mnist_fail_memory(err, size, "a file of labels");
    }
    put_be32(file, 0x801);
    put_be32(file + 4, (uint32_t)count);
    mnist_export_copy_labels(what, file + LABELS_HEAD);
    const mnist_status status = mnist_file_replace(path, file, size, err);
    free(file);
    return status;
}

mnist_status mnist_export_idx(const mnist_export *what, const char *images_path,
                              const char *labels_path, mnist_error *err)
{
    if (mnist_export_count(what) > UINT32_MAX) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: an IDX file has at most %u images",
                          images_path, UINT32_MAX);
    }
    const mnist_status status = write_images(what, images_path, err);
    return status == MNIST_OK && !what->unlabelled ? write_labels(what, labels_path, err) : status;
}
