#include "data/idx.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "data/inflate.h"
#include "data/signature.h"

/* Element types that the format knows (its third byte), and those read here. */
enum {
    TYPE_UBYTE = 0x08,
    TYPE_SBYTE = 0x09,
    TYPE_SHORT = 0x0B,
    TYPE_INT = 0x0C,
    TYPE_FLOAT = 0x0D,
    TYPE_DOUBLE = 0x0E
};

#define MAX_RANK 3u

typedef enum role { IMAGES, LABELS } role;

typedef struct header {
    unsigned type, rank;
    uint32_t sizes[MAX_RANK];
    size_t bytes; /* of the header itself */
} header;

/* A stream of IDX bytes: a raw file's, or those that a gzip file inflates to. */
typedef struct source {
    const char *path;
    const char *note; /* follows the path in messages */
    mnist_bytes file;
    mnist_inflate *gz; /* NULL: raw */
    size_t next;       /* offset of the byte that is read next */
} source;

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

void mnist_idx_images_header(uint8_t out[MNIST_IDX_IMAGES_HEADER], uint32_t count, uint32_t rows,
                             uint32_t cols)
{
    put_be32(out, 0x00000803);
    put_be32(out + 4, count);
    put_be32(out + 8, rows);
    put_be32(out + 12, cols);
}

void mnist_idx_labels_header(uint8_t out[MNIST_IDX_LABELS_HEADER], uint32_t count)
{
    put_be32(out, 0x00000801);
    put_be32(out + 4, count);
}

static void source_close(source *in)
{
    mnist_inflate_free(in->gz);
    mnist_bytes_close(&in->file);
}

/* Takes the file's bytes over, also on failure. */
static mnist_status source_open(source *in, mnist_bytes *file, const char *path, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    *in = (source){.path = path, .note = "", .file = *file};
    *file = (mnist_bytes){0};
    if (mnist_inflate_is_gzip(in->file.data, in->file.size)) {
        in->note = " (gunzipped)";
        status = mnist_inflate_create(&in->gz, in->file.data, in->file.size, path, err);
        if (status != MNIST_OK) {
            source_close(in);
        }
    }
    return status;
}

/* Reads the next size bytes or, with *got < size, all that remain. */
static mnist_status source_read(source *in, uint8_t *out, size_t size, size_t *got,
                                mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (in->gz) {
        status = mnist_inflate_read(in->gz, out, size, got, err);
    } else {
        size_t left = in->file.size - in->next;
        *got = left < size ? left : size;
        if (*got != 0) {
            memcpy(out, in->file.data + in->next, *got);
        }
    }
    in->next += *got;
    return status;
}

static const char *type_name(unsigned type)
{
    switch (type) {
    case TYPE_UBYTE:
        return "unsigned byte";
    case TYPE_SBYTE:
        return "signed byte";
    case TYPE_SHORT:
        return "16-bit int";
    case TYPE_INT:
        return "32-bit int";
    case TYPE_FLOAT:
        return "32-bit float";
    case TYPE_DOUBLE:
        return "64-bit float";
    default:
        return "not a type of the format";
    }
}

static const char *expected_magic(role what)
{
    return what == IMAGES ? "0x00000803 (unsigned bytes, 3 dimensions)"
                          : "0x00000801 (unsigned bytes, 1 dimension)";
}

/* Fails because magic bytes 0 and 1 are not zero. Reads on a little, to guess better what the file
 * is. */
static mnist_status fail_magic(source *in, role what, const uint8_t magic[4], mnist_error *err)
{
    uint8_t start[MNIST_SIGNATURE_BYTES];
    size_t more = 0;
    memcpy(start, magic, 4);
    if (source_read(in, start + 4, sizeof start - 4, &more, NULL) != MNIST_OK) {
        more = 0; /* then the magic has to be enough */
    }
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "%s%s: bad magic 0x%08" PRIX32 " at byte 0: expected %s; %s", in->path,
                      in->note, get_be32(magic), expected_magic(what),
                      mnist_signature_guess(start, more + 4));
}

static bool is_images(unsigned type, unsigned rank)
{
    return type == TYPE_UBYTE && rank == 3;
}

static bool is_labels(unsigned type, unsigned rank)
{
    return (type == TYPE_UBYTE && rank == 1) || (type == TYPE_INT && (rank == 1 || rank == 2));
}

static mnist_status fail_rank(const source *in, role what, const header *h, mnist_error *err)
{
    const char *expected = "1 (labels)", *cause = "one-hot or multiple labels?";
    if (what == IMAGES) {
        expected = "3 (images, rows, columns)";
        cause = h->rank == 4   ? "colour images, or one with a channel dimension?"
                : h->rank == 2 ? "images flattened into rows?"
                               : "another data set, or a damaged header?";
    } else if (h->type == TYPE_INT) {
        expected = "1 or 2 (labels, columns)";
        cause = "another data set, or a damaged header?";
    }
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s%s: %u dimensions at byte 3: expected %s; %s",
                      in->path, in->note, h->rank, expected, cause);
}

static mnist_status check_magic(source *in, role what, const uint8_t magic[4], const header *h,
                                mnist_error *err)
{
    if (magic[0] != 0 || magic[1] != 0) {
        return fail_magic(in, what, magic, err);
    }
    if (what == IMAGES ? is_images(h->type, h->rank) : is_labels(h->type, h->rank)) {
        return MNIST_OK;
    }
    if (what == IMAGES ? is_labels(h->type, h->rank) : is_images(h->type, h->rank)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: magic 0x%08" PRIX32 " at byte 0: expected %s; this looks like %s "
                          "file: are the two swapped?",
                          in->path, in->note, get_be32(magic), expected_magic(what),
                          what == IMAGES ? "a label" : "an image");
    }
    if (h->type != TYPE_UBYTE && (what == IMAGES || h->type != TYPE_INT)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s%s: type code 0x%02X (%s) at byte 2: expected 0x08 (unsigned byte)%s; %s", in->path,
            in->note, h->type, type_name(h->type), what == IMAGES ? "" : " or 0x0C (32-bit int)",
            get_be32(magic) == 0 ? "all zeros: a download that never filled the file?"
                                 : "another data set, or a damaged header?");
    }
    return fail_rank(in, what, h, err);
}

static mnist_status fail_short_header(const source *in, role what, size_t expected,
                                      mnist_error *err)
{
    if (in->next == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: empty: expected an IDX file of %s; a download that failed?",
                          in->path, in->note, what == IMAGES ? "images" : "labels");
    }
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s%s: truncated at byte %zu: expected a header of %zu bytes, found the end; an "
        "interrupted download?",
        in->path, in->note, in->next, expected);
}

static mnist_status read_header(source *in, role what, header *h, mnist_error *err)
{
    uint8_t bytes[4 * MAX_RANK];
    size_t got;
    mnist_status status = source_read(in, bytes, 4, &got, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (got < 4) {
        size_t least = what == IMAGES ? MNIST_IDX_IMAGES_HEADER : MNIST_IDX_LABELS_HEADER;
        return fail_short_header(in, what, least, err);
    }
    *h = (header){.type = bytes[2], .rank = bytes[3]};
    status = check_magic(in, what, bytes, h, err);
    if (status != MNIST_OK) {
        return status;
    }
    h->bytes = 4 + 4 * (size_t)h->rank;
    status = source_read(in, bytes, h->bytes - 4, &got, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (got < h->bytes - 4) {
        return fail_short_header(in, what, h->bytes, err);
    }
    for (unsigned d = 0; d < h->rank; d++) {
        h->sizes[d] = get_be32(bytes + (size_t)4 * d);
    }
    return MNIST_OK;
}

#define DESCRIPTION 64

/* "60000 images of 28 x 28" */
static void describe(char text[DESCRIPTION], role what, const header *h)
{
    if (what == IMAGES) {
        snprintf(text, DESCRIPTION, "%" PRIu32 " images of %" PRIu32 " x %" PRIu32, h->sizes[0],
                 h->sizes[1], h->sizes[2]);
    } else if (h->rank == 2) {
        snprintf(text, DESCRIPTION, "%" PRIu32 " labels of %" PRIu32 " columns", h->sizes[0],
                 h->sizes[1]);
    } else {
        snprintf(text, DESCRIPTION, "%" PRIu32 " labels", h->sizes[0]);
    }
}

static mnist_status check_image_sizes(const source *in, const header *h, mnist_error *err)
{
    uint64_t pixels = (uint64_t)h->sizes[1] * h->sizes[2];
    if (h->sizes[0] == 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s%s: 0 images at byte 4: expected at least 1; a writer that was stopped "
            "before it was done?",
            in->path, in->note);
    }
    if (pixels == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: images of %" PRIu32 " x %" PRIu32
                          " at byte 8: expected at least 1 "
                          "row and 1 column; a damaged header?",
                          in->path, in->note, h->sizes[1], h->sizes[2]);
    }
    if (pixels > MNIST_MAX_PIXELS) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: images of %" PRIu32 " x %" PRIu32
                          " at byte 8: expected at most %u "
                          "pixels; a damaged header?",
                          in->path, in->note, h->sizes[1], h->sizes[2], MNIST_MAX_PIXELS);
    }
    return MNIST_OK;
}

static mnist_status check_label_sizes(const source *in, const header *h, mnist_error *err)
{
    if (h->sizes[0] == 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s%s: 0 labels at byte 4: expected at least 1; a writer that was stopped "
            "before it was done?",
            in->path, in->note);
    }
    if (h->rank == 2 && h->sizes[1] == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: 0 columns at byte 8: expected at least 1; a damaged header?",
                          in->path, in->note);
    }
    return MNIST_OK;
}

/* The number of bytes after the header, if this machine can address a file that holds them. */
static mnist_status measure_body(const source *in, role what, const header *h, size_t *body,
                                 mnist_error *err)
{
    uint64_t bytes = h->type == TYPE_INT ? 4 : 1;
    bool fits = true;
    for (unsigned d = 0; d < h->rank && fits; d++) {
        assert(h->sizes[d] != 0); /* checked above */
        fits = bytes <= (SIZE_MAX - h->bytes) / h->sizes[d];
        bytes *= fits ? h->sizes[d] : 1;
    }
    if (!fits) {
        char text[DESCRIPTION];
        describe(text, what, h);
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s%s: the sizes at byte 4 (%s) overflow: expected fewer than %zu bytes in "
            "all; a damaged header?",
            in->path, in->note, text, SIZE_MAX);
    }
    *body = (size_t)bytes;
    return MNIST_OK;
}

static mnist_status fail_truncated(const source *in, role what, const header *h, size_t body,
                                   size_t found, mnist_error *err)
{
    char text[DESCRIPTION];
    describe(text, what, h);
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s%s: truncated at byte %zu: expected %zu bytes (a header of %zu and %s), found "
        "%zu; an interrupted download?",
        in->path, in->note, found, h->bytes + body, h->bytes, text, found);
}

static mnist_status fail_trailing(const source *in, role what, const header *h, size_t body,
                                  size_t trailing, const char *more, mnist_error *err)
{
    char text[DESCRIPTION];
    describe(text, what, h);
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s%s: %s%zu trailing bytes at byte %zu: expected the end after a header of %zu "
        "bytes and %s; two files written into one, or a damaged header?",
        in->path, in->note, more, trailing, h->bytes + body, h->bytes, text);
}

static mnist_status check_raw_body(const source *in, role what, const header *h, size_t body,
                                   mnist_error *err)
{
    size_t found = in->file.size, expected = h->bytes + body;
    if (found < expected) {
        return fail_truncated(in, what, h, body, found, err);
    }
    if (found > expected) {
        return fail_trailing(in, what, h, body, found - expected, "", err);
    }
    return MNIST_OK;
}

/* Checks that nothing follows the body of a gzip file. Counts bytes that do, up to a bound, so that
 * a bomb takes neither memory nor much time. Reading to the end also has the CRC of the last member
 * verified. */
static mnist_status check_gzip_end(source *in, role what, const header *h, size_t body,
                                   mnist_error *err)
{
    enum { SCRAP = 16384, ENOUGH = 16 * 1024 * 1024 };
    uint8_t scrap[SCRAP];
    size_t trailing = 0, got;
    mnist_status status;
    do {
        status = source_read(in, scrap, sizeof scrap, &got, err);
        trailing += got;
    } while (status == MNIST_OK && got == sizeof scrap && trailing < ENOUGH);
    if (trailing == 0) {
        return status;
    }
    /* of two defects report the first: if there are bytes too many, how they end does not matter */
    bool counted = status == MNIST_OK && got < sizeof scrap;
    return fail_trailing(in, what, h, body, trailing, counted ? "" : "at least ", err);
}

/* Inflates the body into *owned, which is exactly as large. */
static mnist_status read_gzip_body(source *in, role what, const header *h, size_t body,
                                   uint8_t **owned, mnist_error *err)
{
    char text[DESCRIPTION];
    describe(text, what, h);
    /* a division, as the product may overflow; its rounding can only lead to reading on */
    if ((h->bytes + body) / MNIST_INFLATE_MAX_RATIO > in->file.size) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: the sizes at byte 4 (%s) promise %zu bytes, but %zu bytes of gzip "
                          "cannot inflate to so many: expected at most %u times as many; a damaged "
                          "header, or an interrupted download?",
                          in->path, in->note, text, h->bytes + body, in->file.size,
                          MNIST_INFLATE_MAX_RATIO);
    }
    uint8_t *data = mnist_alloc_large(body);
    if (!data) {
        return mnist_fail_memory(err, body, in->path);
    }
    size_t got;
    mnist_status status = source_read(in, data, body, &got, err);
    if (status == MNIST_OK) {
        status = got < body ? fail_truncated(in, what, h, body, in->next, err)
                            : check_gzip_end(in, what, h, body, err);
    }
    if (status != MNIST_OK) {
        free(data);
        return status;
    }
    *owned = data;
    return MNIST_OK;
}

/* The elements, which are all there: in the file itself, or in *owned (release with free). */
static mnist_status read_body(source *in, role what, const header *h, const uint8_t **data,
                              uint8_t **owned, mnist_error *err)
{
    size_t body = 0;
    *data = NULL;
    *owned = NULL;
    mnist_status status = measure_body(in, what, h, &body, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (in->gz) {
        status = read_gzip_body(in, what, h, body, owned, err);
        *data = *owned;
    } else {
        status = check_raw_body(in, what, h, body, err);
        *data = in->file.data + h->bytes;
    }
    return status;
}

mnist_status mnist_idx_take_images(mnist_idx_images *out, mnist_bytes *file, const char *path,
                                   mnist_error *err)
{
    *out = (mnist_idx_images){0};
    source in;
    header h = {0};
    const uint8_t *data = NULL;
    uint8_t *owned = NULL;
    mnist_status status = source_open(&in, file, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = read_header(&in, IMAGES, &h, err);
    if (status == MNIST_OK) {
        status = check_image_sizes(&in, &h, err);
    }
    if (status == MNIST_OK) {
        status = read_body(&in, IMAGES, &h, &data, &owned, err);
    }
    if (status == MNIST_OK) {
        *out = (mnist_idx_images){.pixels = data,
                                  .count = h.sizes[0],
                                  .rows = h.sizes[1],
                                  .cols = h.sizes[2],
                                  .owned = owned};
        if (!owned) {
            out->file = in.file; /* handed over instead of closed */
            in.file = (mnist_bytes){0};
        }
    }
    source_close(&in);
    return status;
}

mnist_status mnist_idx_read_images(mnist_idx_images *out, const char *path, mnist_error *err)
{
    mnist_bytes file;
    *out = (mnist_idx_images){0};
    mnist_status status = mnist_bytes_open(&file, path, MNIST_IDX_STREAM_LIMIT, err);
    return status == MNIST_OK ? mnist_idx_take_images(out, &file, path, err) : status;
}

static mnist_status fail_label(const source *in, const header *h, size_t index, size_t stride,
                               uint32_t value, mnist_error *err)
{
    const char *cause = "a damaged file?";
    if (h->type == TYPE_INT && (value & 0x00FFFFFFu) == 0) {
        cause = "written in little-endian order?";
    }
    long long shown = h->type == TYPE_INT && value > INT32_MAX ? (long long)value - (1LL << 32)
                                                               : (long long)value;
    return mnist_fail(
        err, MNIST_ERR_FORMAT, "%s%s: label %lld at byte %zu (index %zu): expected 0 to %u; %s",
        in->path, in->note, shown, h->bytes + index * stride, index, MNIST_MAX_CLASSES - 1, cause);
}

/* data is (count) of bytes or (count, columns) of 32-bit ints; values (count) of bytes. */
static mnist_status convert_labels(const source *in, const header *h, const uint8_t *data,
                                   mnist_idx_labels *out, mnist_error *err)
{
    out->classes = MNIST_MIN_CLASSES;
    bool wide = h->type == TYPE_INT;
    size_t stride = !wide ? 1 : h->rank == 2 ? (size_t)4 * h->sizes[1] : 4;
    for (size_t i = 0; i < h->sizes[0]; i++) {
        uint32_t value = wide ? get_be32(data + i * stride) : data[i];
        if (value >= MNIST_MAX_CLASSES) {
            return fail_label(in, h, i, stride, value, err);
        }
        out->values[i] = (uint8_t)value;
        out->classes = value < out->classes ? out->classes : value + 1;
    }
    return MNIST_OK;
}

mnist_status mnist_idx_take_labels(mnist_idx_labels *out, mnist_bytes *file, const char *path,
                                   mnist_error *err)
{
    *out = (mnist_idx_labels){0};
    source in;
    header h = {0};
    const uint8_t *data = NULL;
    uint8_t *owned = NULL;
    mnist_status status = source_open(&in, file, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = read_header(&in, LABELS, &h, err);
    if (status == MNIST_OK) {
        status = check_label_sizes(&in, &h, err);
    }
    if (status == MNIST_OK) {
        status = read_body(&in, LABELS, &h, &data, &owned, err);
    }
    if (status == MNIST_OK) {
        *out = (mnist_idx_labels){.values = malloc(h.sizes[0]), .count = h.sizes[0]};
        status = out->values ? convert_labels(&in, &h, data, out, err)
                             : mnist_fail_memory(err, h.sizes[0], path);
    }
    if (status != MNIST_OK) {
        free(out->values);
        *out = (mnist_idx_labels){0};
    }
    free(owned);
    source_close(&in);
    return status;
}

mnist_status mnist_idx_read_labels(mnist_idx_labels *out, const char *path, mnist_error *err)
{
    mnist_bytes file;
    *out = (mnist_idx_labels){0};
    mnist_status status = mnist_bytes_open(&file, path, MNIST_IDX_STREAM_LIMIT, err);
    return status == MNIST_OK ? mnist_idx_take_labels(out, &file, path, err) : status;
}
