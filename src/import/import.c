/* The entrance: what a file is, which reader it gets, and the data set that comes of it. */
#define _POSIX_C_SOURCE 200809L
#include "import/reading.h"

#include "base/status.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/inflate.h"
#include "data/signature.h"
#include "data/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that holds one array: it is what is asked for. */
static mnist_status add_only(mnist_reading *r, const mnist_numbers *numbers, mnist_bytes *file,
                             const char *format, mnist_error *err)
{
    char text[MNIST_IMPORT_FORMAT];
    const mnist_status status = mnist_reading_add_numbers(r, numbers, file, r->images, err);
    if (status == MNIST_OK && r->images) {
        snprintf(text, sizeof text, "%s of %s", format, mnist_kind_name(numbers->type));
        mnist_reading_note(r, text);
    }
    return status;
}

static mnist_status add_npy(mnist_reading *r, mnist_bytes *file, const char *path, mnist_error *err)
{
    mnist_numbers numbers;
    mnist_status status = mnist_numbers_of_npy(&numbers, file->data, file->size, path, "", err);
    if (status != MNIST_OK) {
        mnist_bytes_close(file);
        return status;
    }
    return add_only(r, &numbers, file, "NPY", err);
}

/* What is asked of the table and not there is noticed at the end. */
static mnist_status add_csv(mnist_reading *r, mnist_bytes *file, const char *path, mnist_error *err)
{
    mnist_csv csv;
    mnist_status status = mnist_csv_read(&csv, file->data, file->size, path, err);
    mnist_bytes_close(file);
    if (status == MNIST_OK && r->images && !csv.pixels) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: a table of labels: expected one of pixels",
                            path);
    } else if (status == MNIST_OK && !r->images && !csv.labels) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: a table of pixels: expected one of labels",
                            path);
    }
    if (status == MNIST_OK && r->images) {
        r->dataset->images = csv.pixels;
        csv.pixels = NULL;
        mnist_reading_take_images(r, r->dataset->images, csv.count, csv.rows, csv.cols);
        mnist_reading_note(r, "CSV");
    }
    if (status == MNIST_OK && r->labels && csv.labels) {
        r->dataset->labels = csv.labels;
        csv.labels = NULL;
        r->label_count = csv.count;
        r->found_labels = true;
    }
    free(csv.pixels);
    free(csv.labels);
    return status;
}

/* IDX files as MNIST's own, raw or gzip, by the reader that knows them alone; it also says what is wrong with a
 * file of which nothing is known. */
static mnist_status add_plain_idx(mnist_reading *r, mnist_bytes *file, const char *path,
                                  mnist_error *err)
{
    if (r->images) {
        mnist_idx_images images;
        mnist_status status = mnist_idx_take_images(&images, file, path, err);
        r->dataset->file = images.file;
        r->dataset->images = images.owned;
        if (status == MNIST_OK) {
            mnist_reading_take_images(r, images.pixels, images.count, images.rows, images.cols);
            mnist_reading_note(r, "IDX");
        }
        return status;
    }
    mnist_idx_labels labels;
    mnist_status status = mnist_idx_take_labels(&labels, file, path, err);
    r->dataset->labels = labels.values;
    r->label_count = labels.count;
    r->found_labels = status == MNIST_OK;
    return status;
}

/* Whether the reader of MNIST's own files reads it, or has the better words for what is wrong: bytes of 3
 * dimensions are images, those of one and ints of up to two labels. */
static bool is_plain_idx(const mnist_reading *r, const uint8_t *start)
{
    const bool images = start[2] == 0x08 && start[3] == 3;
    const bool labels =
        start[3] == 1 ? start[2] == 0x08 || start[2] == 0x0C : start[3] == 2 && start[2] == 0x0C;
    return images || (labels && !(r->images && start[3] == 2));
}

static mnist_status add_idx(mnist_reading *r, mnist_bytes *file, const char *path, mnist_error *err)
{
    mnist_numbers numbers;
    if (is_plain_idx(r, file->data)) {
        return add_plain_idx(r, file, path, err);
    }
    mnist_status status = mnist_numbers_of_idx(&numbers, file->data, file->size, path, "", err);
    if (status != MNIST_OK) {
        mnist_bytes_close(file);
        return status;
    }
    return add_only(r, &numbers, file, "IDX", err);
}

/* Gzip of MNIST's own files is inflated by their reader, which knows how much to expect. */
static mnist_status add_packed(mnist_reading *r, mnist_bytes *file, const char *path,
                               mnist_error *err)
{
    if (mnist_inflate_is_gzip(file->data, file->size)) {
        uint8_t start[MNIST_SIGNATURE_BYTES];
        size_t size = 0;
        mnist_unpack_peek(file->data, file->size, start, sizeof start, &size);
        const mnist_file_kind kind = mnist_signature_kind(start, size);
        if ((kind == MNIST_FILE_UNKNOWN && !(r->images && r->labels)) ||
            (kind == MNIST_FILE_IDX && is_plain_idx(r, start))) {
            return add_plain_idx(r, file, path, err);
        }
    }
    mnist_status status = mnist_unpack(file, path, err);
    return status == MNIST_OK ? r->add(r, file, path, err) : status;
}

static mnist_status fail_kind(const mnist_bytes *file, const char *path, mnist_error *err)
{
    const char *guess = mnist_signature_of(MNIST_READER_DATA, file->data, file->size);
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: %s%zu bytes: expected images with their labels as NPZ, CSV, a zip or tar "
        "archive, or a folder of pictures%s%s",
        path, file->size == 0 ? "empty, " : "", file->size, guess ? "; " : "", guess ? guess : "");
}

static mnist_status add_bytes(mnist_reading *r, mnist_bytes *file, const char *path,
                              mnist_error *err)
{
    mnist_status status;
    if (r->depth == MNIST_READING_DEPTH) {
        mnist_bytes_close(file);
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: archives within archives: expected at most %d, one in another", path,
                          MNIST_READING_DEPTH);
    }
    r->depth++;
    switch (mnist_signature_kind(file->data, file->size)) {
    case MNIST_FILE_IDX:
        status = add_idx(r, file, path, err);
        break;
    case MNIST_FILE_NPY:
        status = add_npy(r, file, path, err);
        break;
    case MNIST_FILE_CSV:
        status = add_csv(r, file, path, err);
        break;
    case MNIST_FILE_GZIP:
    case MNIST_FILE_XZ:
    case MNIST_FILE_ZSTD:
    case MNIST_FILE_BZIP2:
        status = add_packed(r, file, path, err);
        break;
    case MNIST_FILE_ZIP:
    case MNIST_FILE_TAR:
        status = mnist_reading_add_archive(r, file, path, err);
        break;
    default:
        if (!(r->images && r->labels)) { /* it also says what is wrong */
            status = add_plain_idx(r, file, path, err);
        } else {
            status = fail_kind(file, path, err);
            mnist_bytes_close(file);
        }
        break;
    }
    r->depth--;
    return status;
}

/* That all is there that was asked for, and that it fits. */
static mnist_status finish(mnist_reading *r, mnist_error *err)
{
    const mnist_import *what = r->what;
    mnist_dataset *dataset = r->dataset;
    if (!r->found_labels && what->unlabelled) {
        dataset->labels = calloc(dataset->view.count, 1);
        r->label_count = dataset->view.count;
        if (!dataset->labels) {
            return mnist_fail_memory(err, r->label_count, what->images);
        }
    } else if (!r->found_labels) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: images without labels: expected both in one file, or a file of labels "
            "beside it",
            what->images);
    }
    if (what->apart && r->parts == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: one set of images, which no name calls one for training or for "
                          "testing: expected both",
                          what->images);
    }
    dataset->view.labels = dataset->labels;
    if (r->found_labels) {
        dataset->view.classes = mnist_classes_of_labels(dataset->labels, r->label_count);
    }
    return mnist_dataset_check_counts(dataset->view.count, what->images, r->label_count,
                                      what->labels ? what->labels : what->images, err);
}

/* file: the bytes of the images, or NULL: to be opened. */
static mnist_status load(mnist_dataset **out, const mnist_import *what, mnist_import_facts *facts,
                         mnist_bytes *file, mnist_error *err)
{
    *out = NULL;
    mnist_dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) {
        if (file) {
            mnist_bytes_close(file);
        }
        return mnist_fail_memory(err, sizeof *dataset, "a data set");
    }
    mnist_reading r = {.add = add_bytes,
                       .what = what,
                       .dataset = dataset,
                       .images = true,
                       .labels = what->labels == NULL};
    mnist_status status = file ? add_bytes(&r, file, what->images, err)
                               : mnist_reading_add_path(&r, what->images, err);
    if (status == MNIST_OK && what->labels) {
        r.images = false;
        r.labels = true;
        status = mnist_reading_add_path(&r, what->labels, err);
    }
    if (status == MNIST_OK) {
        status = finish(&r, err);
    }
    if (status != MNIST_OK) {
        mnist_dataset_free(dataset);
        return status;
    }
    if (facts) {
        *facts = (mnist_import_facts){.parts = r.parts, .labelled = r.found_labels};
        memcpy(facts->format, r.format, sizeof facts->format);
    }
    *out = dataset;
    return MNIST_OK;
}

mnist_status mnist_dataset_load(mnist_dataset **out, const mnist_import *what,
                                mnist_import_facts *facts, mnist_error *err)
{
    return load(out, what, facts, NULL, err);
}

mnist_status mnist_reading_load(mnist_dataset **out, const mnist_import *what, mnist_bytes *file,
                                mnist_error *err)
{
    return load(out, what, NULL, file, err);
}
