/* Archives: which of their members are the data set. */
#define _POSIX_C_SOURCE 200809L
#include "import/reading.h"

#include "base/status.h"
#include "data/signature.h"
#include "data/unpack.h"
#include "import/names.h"

#include <stdlib.h>
#include <string.h>

static const mnist_archive_limits limits_of_all = {
    .entries = 1u << 20, .growth = MNIST_UNPACK_GROWTH, .allowance = MNIST_UNPACK_ALLOWANCE};

static bool is_array(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npy") == 0;
}

/* Another part than the one that is asked for is not unpacked. */
static bool is_wanted(const void *context, const char *name)
{
    const mnist_reading *r = context;
    mnist_name words;
    mnist_name_read(&words, name);
    return !words.hidden && !words.other &&
           (words.part == 0 || r->what->part == 0 || words.part == r->what->part);
}

unsigned mnist_reading_parts(const mnist_archive *archive)
{
    unsigned parts = 0;
    for (size_t i = 0; i < archive->count; i++) {
        mnist_name words;
        mnist_name_read(&words, archive->entries[i].name);
        parts |= words.hidden ? 0 : words.part;
    }
    return parts;
}

mnist_status mnist_reading_choose_part(mnist_reading *r, unsigned parts, unsigned *part,
                                       const char *path, mnist_error *err)
{
    const unsigned both = MNIST_IDX_TRAIN | MNIST_IDX_TEST, asked = r->what->part;
    if (r->images) {
        r->parts |= parts;
    }
    *part = parts == both ? asked : parts;
    if (parts == both && asked == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: holds data for training and for testing, and it is not said which",
                          path);
    }
    if (parts != 0 && asked != 0 && *part != asked) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: by its names it holds data for %s alone: expected some for %s", path,
                          parts == MNIST_IDX_TRAIN ? "training" : "testing",
                          asked == MNIST_IDX_TRAIN ? "training" : "testing");
    }
    return MNIST_OK;
}

mnist_status mnist_reading_add_archive(mnist_reading *r, mnist_bytes *file, const char *path,
                                       mnist_error *err)
{
    const bool zip = mnist_signature_kind(file->data, file->size) == MNIST_FILE_ZIP;
    mnist_archive archive;
    mnist_archive_limits limits = limits_of_all;
    limits.wanted = is_wanted;
    limits.context = r;
    mnist_status status =
        zip ? mnist_archive_read_within(&archive, file->data, file->size, path, &limits, err)
            : mnist_unpack_tar(&archive, file->data, file->size, path, &limits, err);
    mnist_bytes_close(file);
    if (status != MNIST_OK) {
        return status;
    }
    bool arrays = true;
    for (size_t i = 0; i < archive.count; i++) {
        arrays = arrays && is_array(archive.entries[i].name);
    }
    if (arrays && zip) {
        status = mnist_reading_add_arrays(r, &archive, path, err);
        if (status == MNIST_OK && r->found_images) {
            mnist_reading_note(r, "NPZ");
        }
    } else {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: not yet", path);
    }
    mnist_archive_free(&archive);
    return status;
}
