/* Files of pictures: the format of a file, which reader gets it, and the list of its pictures,
 * which is the sink of the readers. */
#include "image/pictures.h"

#include "base/status.h"
#include "data/inflate.h"
#include "data/signature.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *mnist_picture_format_name(mnist_picture_format format)
{
    static const char *const names[MNIST_PICTURE_FORMATS] = {"png", "pnm", "idx", "raw"};
    return (unsigned)format < MNIST_PICTURE_FORMATS ? names[format] : NULL;
}

static mnist_status admit_size(void *context, const char *path, size_t at, uint64_t rows,
                               uint64_t cols, mnist_error *err)
{
    (void)context;
    if (rows < 1 || cols < 1) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: a picture of %" PRIu64 " x %" PRIu64
                          " pixels at byte %zu: expected at least 1 row and 1 column",
                          path, cols, rows, at);
    }
    if (cols > MNIST_MAX_PICTURE / rows) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: a picture of %" PRIu64 " x %" PRIu64
                          " pixels at byte %zu: expected at most %u pixels in all",
                          path, cols, rows, at, MNIST_MAX_PICTURE);
    }
    return MNIST_OK;
}

static mnist_status take_picture(void *context, mnist_picture picture, mnist_error *err)
{
    mnist_pictures *pictures = context;
    if (pictures->count == pictures->room) {
        const size_t room = pictures->room > 0 ? 2 * pictures->room : 1;
        mnist_picture *items = realloc(pictures->items, room * sizeof *items);
        if (!items) {
            free((void *)picture.pixels);
            return mnist_fail_memory(err, room * sizeof *items, "a list of pictures");
        }
        pictures->items = items;
        pictures->room = room;
    }
    pictures->items[pictures->count++] = picture;
    return MNIST_OK;
}

mnist_picture_sink mnist_pictures_sink(mnist_pictures *pictures)
{
    return (mnist_picture_sink){.context = pictures, .admit = admit_size, .take = take_picture};
}

static mnist_status fail_unknown(const uint8_t *data, size_t size, const char *path,
                                 unsigned raw_rows, unsigned raw_cols, mnist_error *err)
{
    const char *may_be = mnist_signature_of(MNIST_READER_PICTURES, data, size);
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "%s: %s%zu bytes: expected a picture as PNG, PGM or PPM (P2, P3, P5, P6), "
                      "images as IDX, or %u bytes for each image of %u x %u%s%s",
                      path, size == 0 ? "empty, " : "", size, raw_rows * raw_cols, raw_cols,
                      raw_rows, may_be ? "; " : "", may_be ? may_be : "");
}

/* Two zeros, a type and the number of dimensions: raw images begin with zeros too. */
static bool is_idx(const uint8_t *data, size_t size)
{
    return size >= 4 && data[0] == 0 && data[1] == 0 && data[2] >= 0x08 && data[2] <= 0x0E &&
           data[3] >= 1 && data[3] <= 4;
}

/* Text without a byte that pixels would have: all of it can be printed. */
static bool is_text(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] > 0x7E || (data[i] < ' ' && (data[i] < '\t' || data[i] > '\r'))) {
            return false;
        }
    }
    return true;
}

/* Bytes of whole images. Of one image, whatever it begins with; of several, paper or nothing that is
 * known as something else. */
static bool is_raw(const uint8_t *data, size_t size, size_t pixels)
{
    return size > 0 && size % pixels == 0 &&
           (size == pixels || data[0] == 0 ||
            (!mnist_signature_of(MNIST_READER_PICTURES, data, size) && !is_text(data, size)));
}

/* Takes the bytes over, also on failure. */
static mnist_status read_bytes(mnist_pictures *out, mnist_bytes *file, const char *path,
                               unsigned raw_rows, unsigned raw_cols, mnist_error *err)
{
    const mnist_picture_sink sink = mnist_pictures_sink(out);
    const uint8_t *data = file->data;
    const size_t size = file->size, pixels = (size_t)raw_rows * raw_cols;
    mnist_status status;
    if (size >= 4 && memcmp(data, "\x89PNG", 4) == 0) {
        out->format = MNIST_PICTURE_PNG;
        status = mnist_png_read(&sink, data, size, path, err);
    } else if (size >= 2 && data[0] == 'P' && memchr("2356", data[1], 4)) {
        out->format = MNIST_PICTURE_PNM;
        status = mnist_pnm_read(&sink, data, size, path, err);
    } else if (size != pixels && (is_idx(data, size) || mnist_inflate_is_gzip(data, size))) {
        out->format = MNIST_PICTURE_IDX;
        status = mnist_idx_take_images(&out->images, file, path, err);
        out->count = out->images.count;
    } else if (is_raw(data, size, pixels)) {
        out->format = MNIST_PICTURE_RAW;
        out->bytes = *file;
        *file = (mnist_bytes){0};
        out->raw_rows = raw_rows;
        out->raw_cols = raw_cols;
        out->count = size / pixels;
        return MNIST_OK;
    } else {
        status = fail_unknown(data, size, path, raw_rows, raw_cols, err);
    }
    mnist_bytes_close(file);
    return status;
}

/* Makes the list from the bytes; status is that of reading them. */
static mnist_status finish(mnist_pictures **out, mnist_status status, mnist_bytes *file,
                           const char *path, unsigned raw_rows, unsigned raw_cols, mnist_error *err)
{
    *out = NULL;
    if (status != MNIST_OK) {
        return status;
    }
    mnist_pictures *pictures = calloc(1, sizeof *pictures);
    if (!pictures) {
        mnist_bytes_close(file);
        return mnist_fail_memory(err, sizeof *pictures, path);
    }
    status = read_bytes(pictures, file, path, raw_rows, raw_cols, err);
    if (status != MNIST_OK) {
        mnist_pictures_free(pictures);
        return status;
    }
    assert(pictures->count > 0);
    *out = pictures;
    return MNIST_OK;
}

mnist_status mnist_pictures_load(mnist_pictures **out, const char *path, unsigned raw_rows,
                                 unsigned raw_cols, mnist_error *err)
{
    mnist_bytes file;
    mnist_status status = mnist_bytes_open(&file, path, MNIST_IDX_STREAM_LIMIT, err);
    return finish(out, status, &file, path, raw_rows, raw_cols, err);
}

mnist_status mnist_pictures_read(mnist_pictures **out, int fd, const char *name, unsigned raw_rows,
                                 unsigned raw_cols, mnist_error *err)
{
    mnist_bytes file;
    mnist_status status = mnist_bytes_read(&file, fd, name, MNIST_IDX_STREAM_LIMIT, err);
    return finish(out, status, &file, name, raw_rows, raw_cols, err);
}

void mnist_pictures_free(mnist_pictures *pictures)
{
    if (!pictures) {
        return;
    }
    for (size_t i = 0; pictures->items && i < pictures->count; i++) {
        free((void *)pictures->items[i].pixels);
    }
    free(pictures->items);
    mnist_bytes_close(&pictures->bytes);
    mnist_bytes_close(&pictures->images.file);
    free(pictures->images.owned);
    free(pictures);
}

mnist_picture_format mnist_pictures_format(const mnist_pictures *pictures)
{
    return pictures->format;
}

size_t mnist_pictures_count(const mnist_pictures *pictures)
{
    return pictures->count;
}

mnist_picture mnist_pictures_at(const mnist_pictures *pictures, size_t index)
{
    assert(index < pictures->count);
    if (pictures->format == MNIST_PICTURE_RAW) {
        const size_t pixels = (size_t)pictures->raw_rows * pictures->raw_cols;
        return (mnist_picture){.pixels = pictures->bytes.data + index * pixels,
                               .rows = pictures->raw_rows,
                               .cols = pictures->raw_cols};
    }
    if (pictures->format != MNIST_PICTURE_IDX) {
        return pictures->items[index];
    }
    const mnist_idx_images *images = &pictures->images;
    return (mnist_picture){.pixels = images->pixels + index * images->rows * images->cols,
                           .rows = images->rows,
                           .cols = images->cols};
}
