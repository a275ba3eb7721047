/* Reads PGM and PPM (netpbm.sourceforge.net/doc/pgm.html, ppm.html): plain and raw, of up to 16
 * bits. */
#include "image/readers.h"

#include "base/status.h"
#include "image/grey.h"

#include <inttypes.h>
#include <stdlib.h>

#define MOST_VALUE 65535u

typedef struct reader {
    const mnist_picture_sink *sink;
    const uint8_t *data;
    size_t size, at;
    const char *path;
} reader;

typedef struct header {
    unsigned rows, cols, channels;
    unsigned most; /* the number that means white */
    bool plain;    /* numbers in ASCII */
} header;

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static void skip_space(reader *in)
{
    while (in->at < in->size && is_space(in->data[in->at])) {
        in->at++;
    }
}

/* Skips white space, and comments from # to the end of a line. */
static void skip_between(reader *in)
{
    skip_space(in);
    while (in->at < in->size && in->data[in->at] == '#') {
        while (in->at < in->size && in->data[in->at] != '\n' && in->data[in->at] != '\r') {
            in->at++;
        }
        skip_space(in);
    }
}

/* what: for messages, "the width". */
static mnist_status read_number(reader *in, const char *what, uint64_t *out, mnist_error *err)
{
    skip_between(in);
    if (in->at >= in->size) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: truncated at byte %zu: expected %s, found the end", in->path, in->at,
                          what);
    }
    if (!is_digit(in->data[in->at])) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: byte 0x%02X at byte %zu: expected %s, a number in decimal digits",
                          in->path, in->data[in->at], in->at, what);
    }
    uint64_t value = 0;
    for (; in->at < in->size && is_digit(in->data[in->at]); in->at++) {
        /* larger numbers stay too large for every range */
        value = value < UINT32_MAX ? 10 * value + (in->data[in->at] - (unsigned)'0') : value;
    }
    *out = value;
    return MNIST_OK;
}

/* in->at is behind the magic number. */
static mnist_status read_header(reader *in, char kind, header *h, mnist_error *err)
{
    uint64_t cols, rows = 0, most = 0;
    const size_t start = in->at - 2;
    size_t at = 0;
    mnist_status status = read_number(in, "the width", &cols, err);
    if (status == MNIST_OK) {
        status = read_number(in, "the height", &rows, err);
    }
    if (status == MNIST_OK) {
        status = in->sink->admit(in->sink->context, in->path, start, rows, cols, err);
    }
    if (status == MNIST_OK) {
        skip_between(in);
        at = in->at;
        status = read_number(in, "the largest value", &most, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    if (most < 1 || most > MOST_VALUE) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: largest value %" PRIu64 " at byte %zu: expected 1 to %u", in->path,
                          most, at, MOST_VALUE);
    }
    *h = (header){.rows = (unsigned)rows,
                  .cols = (unsigned)cols,
                  .channels = kind == '3' || kind == '6' ? 3 : 1,
                  .most = (unsigned)most,
                  .plain = kind == '2' || kind == '3'};
    if (in->at < in->size && !is_space(in->data[in->at])) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: byte 0x%02X at byte %zu: expected white space after the header",
                          in->path, in->data[in->at], in->at);
    }
    in->at += in->at < in->size; /* only one: data may look like white space, too */
    return MNIST_OK;
}

/* Checks that the file has all samples, before memory is taken for them. */
static mnist_status check_length(const reader *in, const header *h, mnist_error *err)
{
    const uint64_t samples = (uint64_t)h->rows * h->cols * h->channels;
    const uint64_t wanted = h->plain ? 2 * samples - 1 : samples * (h->most > 255 ? 2 : 1);
    if (in->size - in->at < wanted) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: truncated at byte %zu: expected %s%" PRIu64
                          " bytes after the header, of %u x %u pixels, found %zu",
                          in->path, in->size, h->plain ? "at least " : "", wanted, h->cols, h->rows,
                          in->size - in->at);
    }
    return MNIST_OK;
}

static mnist_status read_sample(reader *in, const header *h, unsigned *out, mnist_error *err)
{
    uint64_t value;
    size_t at = in->at;
    if (h->plain) {
        mnist_status status = read_number(in, "a pixel", &value, err);
        if (status != MNIST_OK) {
            return status;
        }
        if (in->at < in->size && !is_space(in->data[in->at]) && in->data[in->at] != '#') {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: byte 0x%02X at byte %zu: expected white space after a pixel",
                              in->path, in->data[in->at], in->at);
        }
    } else if (h->most > 255) {
        value = (unsigned)in->data[at] << 8 | in->data[at + 1];
        in->at += 2;
    } else {
        value = in->data[at];
        in->at++;
    }
    if (value > h->most) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: pixel of value %" PRIu64 " at byte %zu: expected at most %u",
                          in->path, value, at, h->most);
    }
    *out = (unsigned)((255 * value + h->most / 2) / h->most);
    return MNIST_OK;
}

static mnist_status read_pixels(reader *in, const header *h, uint8_t *pixels, mnist_error *err)
{
    const size_t count = (size_t)h->rows * h->cols;
    for (size_t i = 0; i < count; i++) {
        unsigned sample[3] = {0};
        for (unsigned c = 0; c < h->channels; c++) {
            mnist_status status = read_sample(in, h, &sample[c], err);
            if (status != MNIST_OK) {
                return status;
            }
        }
        pixels[i] =
            h->channels == 1 ? (uint8_t)sample[0] : mnist_grey(sample[0], sample[1], sample[2]);
    }
    return MNIST_OK;
}

static bool at_raw_magic(const reader *in)
{
    return in->size - in->at >= 2 && in->data[in->at] == 'P' &&
           (in->data[in->at + 1] == '5' || in->data[in->at + 1] == '6');
}

mnist_status mnist_pnm_read(const mnist_picture_sink *sink, const uint8_t *data, size_t size,
                            const char *path, mnist_error *err)
{
    reader in = {.sink = sink, .data = data, .size = size, .path = path};
    header h = {0};
    do {
        const char kind = (char)data[in.at + 1];
        in.at += 2;
        mnist_status status = read_header(&in, kind, &h, err);
        if (status == MNIST_OK) {
            status = check_length(&in, &h, err);
        }
        if (status != MNIST_OK) {
            return status;
        }
        uint8_t *pixels = malloc((size_t)h.rows * h.cols);
        status = pixels ? read_pixels(&in, &h, pixels, err)
                        : mnist_fail_memory(err, (size_t)h.rows * h.cols, path);
        if (status != MNIST_OK) {
            free(pixels);
            return status;
        }
        status = sink->take(sink->context,
                            (mnist_picture){.pixels = pixels, .rows = h.rows, .cols = h.cols}, err);
        if (status != MNIST_OK) {
            return status;
        }
        skip_space(&in);
    } while (!h.plain && at_raw_magic(&in));
    if (in.at < size) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: %zu bytes too many at byte %zu: expected the end after %u x %u "
                          "pixels%s",
                          path, size - in.at, in.at, h.cols, h.rows,
                          h.plain ? "" : ", or another raw picture");
    }
    return MNIST_OK;
}
