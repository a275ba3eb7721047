#include "data/dataset.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/status.h"
#include "data/idx.h"

#include <mnist/steps.h>

_Static_assert(MNIST_DIGEST_TEXT == MNIST_SHA256_TEXT, "a data digest is a SHA-256");

mnist_view mnist_view_slice(mnist_view view, size_t first, size_t count)
{
    assert(first <= view.count && count <= view.count - first);
    if (count != 0) { /* an empty view may have null pointers, which must not be added to */
        view.images += first * view.rows * view.cols;
        view.labels += first;
    }
    view.count = count;
    return view;
}

mnist_status mnist_dataset_check_counts(size_t images, const char *images_path, size_t labels,
                                        const char *labels_path, mnist_error *err)
{
    if (images == labels) {
        return MNIST_OK;
    }
    return mnist_fail(err, MNIST_ERR_MISMATCH,
                      "%s holds %zu images, but %s holds %zu labels: expected equal numbers; a "
                      "file of the training set beside one of the test set?",
                      images_path, images, labels_path, labels);
}

mnist_status mnist_dataset_load_idx(mnist_dataset **out, const char *images_path,
                                    const char *labels_path, mnist_error *err)
{
    *out = NULL;
    mnist_dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) {
        return mnist_fail_memory(err, sizeof *dataset, "a data set");
    }
    mnist_idx_images images = {0};
    mnist_idx_labels labels = {0};
    mnist_status status = mnist_idx_read_images(&images, images_path, err);
    dataset->file = images.file;
    dataset->images = images.owned;
    if (status == MNIST_OK) {
        status = mnist_idx_read_labels(&labels, labels_path, err);
        dataset->labels = labels.values;
    }
    if (status == MNIST_OK) {
        status =
            mnist_dataset_check_counts(images.count, images_path, labels.count, labels_path, err);
    }
    if (status != MNIST_OK) {
        mnist_dataset_free(dataset);
        return status;
    }
    dataset->view = (mnist_view){.images = images.pixels,
                                 .labels = labels.values,
                                 .count = images.count,
                                 .rows = images.rows,
                                 .cols = images.cols,
                                 .classes = labels.classes};
    *out = dataset;
    return MNIST_OK;
}

size_t mnist_view_count_of(mnist_view view, mnist_class_set classes)
{
    size_t count = 0;
    for (size_t i = 0; i < view.count; i++) {
        count += mnist_class_set_has(&classes, view.labels[i]);
    }
    return count;
}

void mnist_view_count_each(mnist_view view, size_t counts[MNIST_MAX_CLASSES])
{
    memset(counts, 0, MNIST_MAX_CLASSES * sizeof *counts);
    for (size_t i = 0; i < view.count; i++) {
        counts[view.labels[i]]++;
    }
}

/* Copies those of the view's images that are marked; count: how many are. */
static mnist_status copy_marked(mnist_dataset **out, mnist_view view, const uint8_t *marked,
                                size_t count, mnist_error *err)
{
    const size_t pixels = (size_t)view.rows * view.cols;
    mnist_dataset *dataset = calloc(1, sizeof *dataset);
    if (dataset) {
        dataset->images = mnist_alloc_large(count * pixels);
        dataset->labels = malloc(count);
    }
    if (!dataset || !dataset->images || !dataset->labels) {
        mnist_dataset_free(dataset);
        return mnist_fail_memory(err, count * (pixels + 1), "images");
    }
    size_t kept = 0;
    for (size_t i = 0; i < view.count; i++) {
        if (marked[i]) {
            memcpy(dataset->images + kept * pixels, view.images + i * pixels, pixels);
            dataset->labels[kept++] = view.labels[i];
        }
    }
    dataset->view = view;
    dataset->view.images = dataset->images;
    dataset->view.labels = dataset->labels;
    dataset->view.count = count;
    *out = dataset;
    return MNIST_OK;
}

mnist_status mnist_dataset_create_without(mnist_dataset **out, mnist_view view,
                                          mnist_class_set classes, mnist_error *err)
{
    const size_t count = view.count - mnist_view_count_of(view, classes);
    *out = NULL;
    if (count == 0) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "no image of %zu is of another class than those left out", view.count);
    }
    uint8_t *marked = malloc(view.count);
    if (!marked) {
        return mnist_fail_memory(err, view.count, "the choice of images");
    }
    for (size_t i = 0; i < view.count; i++) {
        marked[i] = !mnist_class_set_has(&classes, view.labels[i]);
    }
    mnist_status status = copy_marked(out, view, marked, count, err);
    free(marked);
    return status;
}

/* Marks per_class images of each class, the first of each in a random order. Returns how many, or 0
 * where memory is short. */
static size_t mark_sample(mnist_view view, size_t per_class, uint64_t seed, uint8_t *marked)
{
    size_t taken[MNIST_MAX_CLASSES] = {0}, count = 0;
    uint32_t *order = malloc(view.count * sizeof *order);
    if (order) {
        mnist_epoch_order(order, view.count, seed, 0); /* epochs of trainings begin at 1 */
        for (size_t i = 0; i < view.count; i++) {
            const size_t image = order[i];
            marked[image] = taken[view.labels[image]] < per_class;
            taken[view.labels[image]] += marked[image];
            count += marked[image];
        }
    }
    free(order);
    return count;
}

mnist_status mnist_dataset_create_sample(mnist_dataset **out, mnist_view view, size_t per_class,
                                         uint64_t seed, mnist_error *err)
{
    *out = NULL;
    if (view.count > UINT32_MAX || per_class < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%zu of each class of %zu images: expected 1 at least, and at most "
                          "4294967295 images",
                          per_class, view.count);
    }
    size_t there_are[MNIST_MAX_CLASSES];
    mnist_view_count_each(view, there_are);
    for (unsigned c = 0; c < mnist_view_classes(view); c++) {
        if (there_are[c] > 0 && there_are[c] < per_class) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "%zu images of each class are wanted, but of class %u there are %zu",
                              per_class, view.label_base + c, there_are[c]);
        }
    }
    uint8_t *marked = malloc(view.count);
    const size_t count = marked ? mark_sample(view, per_class, seed, marked) : 0;
    mnist_status status =
        count > 0 ? copy_marked(out, view, marked, count, err)
                  : mnist_fail_memory(err, view.count * sizeof(uint32_t), "the choice of images");
    free(marked);
    return status;
}

void mnist_dataset_free(mnist_dataset *dataset)
{
    if (dataset) {
        mnist_bytes_close(&dataset->file);
        free(dataset->images);
        free(dataset->labels);
        free(dataset);
    }
}

mnist_view mnist_dataset_view(const mnist_dataset *dataset)
{
    return dataset->view;
}

void mnist_view_digests(mnist_view view, mnist_data_digests *out)
{
    assert(view.count <= UINT32_MAX); /* an IDX header cannot state more */
    uint8_t header[MNIST_IDX_IMAGES_HEADER];
    mnist_idx_images_header(header, (uint32_t)view.count, view.rows, view.cols);
    mnist_sha256(header, sizeof header, view.images, view.count * view.rows * view.cols,
                 out->images);
    mnist_idx_labels_header(header, (uint32_t)view.count);
    mnist_sha256_raised(header, MNIST_IDX_LABELS_HEADER, view.labels, view.count,
                        (uint8_t)view.label_base, out->labels);
}

void mnist_dataset_digests(const mnist_dataset *dataset, mnist_data_digests *out)
{
    if (dataset->stored.images[0]) {
        *out = dataset->stored;
    } else {
        mnist_view_digests(dataset->view, out);
    }
}

mnist_status mnist_dataset_apply_steps(mnist_dataset *dataset, const mnist_steps *steps,
                                       mnist_error *err)
{
    mnist_view *view = &dataset->view;
    unsigned rows = view->rows, cols = view->cols;
    if (!steps || steps->count == 0) {
        return MNIST_OK;
    }
    mnist_steps_shape(steps, &rows, &cols);
    const size_t pixels = (size_t)rows * cols;
    uint8_t *images =
        view->count <= SIZE_MAX / pixels ? mnist_alloc_large(view->count * pixels) : NULL;
    if (!images) {
        return mnist_fail_memory(err, view->count * pixels, "images");
    }
    if (mnist_steps_apply(steps, *view, images, err) != MNIST_OK) {
        free(images);
        return err->status;
    }
    mnist_dataset_digests(dataset, &dataset->stored);
    mnist_bytes_close(&dataset->file);
    free(dataset->images);
    dataset->images = images;
    view->images = images;
    view->rows = rows;
    view->cols = cols;
    return MNIST_OK;
}
