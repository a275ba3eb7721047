/* Reads PNG (W3C, "Portable Network Graphics"), through libpng. Writing PNG is in io/: reading
 * makes a picture, which io/, the room of models and logs, does not know. */
#include "image/readers.h"

#include "base/status.h"
#include "image/exif.h"
#include "image/grey.h"

#include <stdlib.h>
#include <string.h>

#ifdef MNIST_HAVE_PNG
#include <png.h>
#include <setjmp.h>

/* The most that deflate can shrink data. */
#define MOST_RATIO 1032u

/* The state of a reading. It may not be in variables of the function that libpng's errors jump back
 * to, as those that have changed are lost then. */
typedef struct decoder {
    const mnist_picture_sink *sink;
    const uint8_t *data; /* (size): what is left of the file; at: of which this much is read */
    size_t size, at;
    size_t start; /* where in the file data begins, for messages */
    const char *path;
    png_structp png;
    png_infop info;
    size_t rows, cols;
    unsigned channels;
    uint8_t *samples; /* (rows, cols, channels): grey, grey and opacity, RGB, RGBA */
    mnist_error *err;
    mnist_status status;
} decoder;

static void on_error(png_structp png, png_const_charp text)
{
    decoder *d = png_get_error_ptr(png);
    if (d->status == MNIST_OK) {
        d->status =
            mnist_fail(d->err, MNIST_ERR_FORMAT, "%s: not a sound PNG file: %s, at byte %zu",
                       d->path, text, d->start + d->at);
    }
    longjmp(png_jmpbuf(png), 1);
}

/* Ignores warnings: the picture can still be read. */
static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep out, size_t size)
{
    decoder *d = png_get_io_ptr(png);
    if (size > d->size - d->at) {
        d->status = mnist_fail(d->err, MNIST_ERR_FORMAT,
                               "%s: truncated at byte %zu: expected the rest of the PNG file",
                               d->path, d->start + d->size);
        png_error(png, "truncated");
    }
    memcpy(out, d->data + d->at, size);
    d->at += size;
}

/* Has libpng skip chunks that do not concern grey and opacity, without reading or inflating
 * them. */
static void skip_others(png_structp png)
{
    static const png_byte skipped[] = "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0"
                                      "sBIT\0sCAL\0sPLT\0sRGB\0sTER\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, skipped, (int)(sizeof skipped / 5));
}

/* Checks, before memory is taken, that a picture may have so many pixels, and that the file can
 * hold them. */
static mnist_status check_header(decoder *d)
{
    const png_uint_32 rows = png_get_image_height(d->png, d->info);
    const png_uint_32 cols = png_get_image_width(d->png, d->info);
    const size_t stated = d->start + 16; /* where the size is, behind signature and IHDR */
    mnist_status status = d->sink->admit(d->sink->context, d->path, stated, rows, cols, d->err);
    if (status != MNIST_OK) {
        return status;
    }
    d->rows = rows;
    d->cols = cols;
    const uint64_t bytes = (uint64_t)rows * png_get_rowbytes(d->png, d->info);
    if (bytes / MOST_RATIO > d->size) {
        return mnist_fail(
            d->err, MNIST_ERR_FORMAT,
            "%s: the size at byte %zu, %zu x %zu pixels, promises %llu bytes, but a file "
            "of %zu bytes cannot inflate to so many",
            d->path, stated, d->cols, d->rows, (unsigned long long)bytes, d->size);
    }
    return MNIST_OK;
}

static mnist_status prepare(decoder *d)
{
    mnist_status status = check_header(d);
    if (status != MNIST_OK) {
        return status;
    }
    png_set_expand(d->png); /* palettes, fewer than 8 bits, transparent colours */
    png_set_scale_16(d->png);
    (void)png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    d->channels = png_get_channels(d->png, d->info);
    const size_t row = png_get_rowbytes(d->png, d->info);
    if (d->channels < 1 || d->channels > 4 || row != d->cols * d->channels) {
        return mnist_fail(d->err, MNIST_ERR_FORMAT, "%s: rows of %zu bytes for %zu pixels", d->path,
                          row, d->cols);
    }
    /* zeroed, since in each pass of an interlaced picture libpng leaves rows alone that have no
     * part in it */
    d->samples = calloc(d->rows, row);
    return d->samples ? MNIST_OK : mnist_fail_memory(d->err, d->rows * row, d->path);
}

/* libpng's errors jump back to here; none of this function's own variables is used after that. */
static void decode(decoder *d)
{
    if (setjmp(png_jmpbuf(d->png))) {
        return;
    }
    png_set_read_fn(d->png, d, on_read);
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* our own limit says more */
    png_set_crc_action(d->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    skip_others(d->png);
    png_read_info(d->png, d->info);
    d->status = prepare(d);
    if (d->status != MNIST_OK) {
        return;
    }
    const int passes = png_get_interlace_type(d->png, d->info) == PNG_INTERLACE_NONE
                           ? 1
                           : PNG_INTERLACE_ADAM7_PASSES;
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < d->rows; y++) {
            png_read_row(d->png, d->samples + y * d->cols * d->channels, NULL);
        }
    }
    png_read_end(d->png, NULL);
}

/* Makes greys from count pairs of grey and opacity: each pixel in front of the ground that step 0
 * of mnist/image.h determines. out may be pairs. */
static void flatten(const uint8_t *pairs, size_t count, uint8_t *out)
{
    uint64_t opacity = 0, light = 0;
    for (size_t i = 0; i < count; i++) {
        opacity += pairs[2 * i + 1];
        light += (uint64_t)pairs[2 * i] * pairs[2 * i + 1];
    }
    const bool dark = 2 * light < 255 * opacity, ink = 2 * opacity < 255 * (uint64_t)count;
    const unsigned ground = dark == ink ? 255 : 0;
    for (size_t i = 0; i < count; i++) {
        const unsigned grey = pairs[2 * i], a = pairs[2 * i + 1];
        out[i] = (uint8_t)((grey * a + ground * (255 - a) + 127) / 255);
    }
}

/* Converts samples to grey in place: no pixel is written before it has been read. */
static void make_grey(decoder *d)
{
    const size_t count = d->rows * d->cols;
    uint8_t *s = d->samples;
    switch (d->channels) {
    case 2:
        flatten(s, count, s);
        break;
    case 3:
        for (size_t i = 0; i < count; i++) {
            s[i] = mnist_grey(s[3 * i], s[3 * i + 1], s[3 * i + 2]);
        }
        break;
    case 4:
        for (size_t i = 0; i < count; i++) {
            const uint8_t opacity = s[4 * i + 3];
            s[2 * i] = mnist_grey(s[4 * i], s[4 * i + 1], s[4 * i + 2]);
            s[2 * i + 1] = opacity;
        }
        flatten(s, count, s);
        break;
    default:
        break;
    }
}

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The orientation in the eXIf chunk of a PNG file that libpng has read to its end: chunks are
 * length, name, body and CRC. Found here and not by libpng, which would take memory as that
 * chunk's length says, and older ones of which do not know the chunk. */
static unsigned find_orientation(const uint8_t *file, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        const size_t length = get_be32(file + at);
        if (length > size - at - 12) {
            break;
        }
        if (memcmp(file + at + 4, "eXIf", 4) == 0) {
            return mnist_exif_orientation(file + at + 8, length);
        }
        at += 12 + length;
    }
    return 1;
}

/* Turns a grey picture upright. Errors: MNIST_ERR_MEMORY. */
static mnist_status turn(decoder *d)
{
    const unsigned orientation = find_orientation(d->data, d->at);
    if (orientation == 1) {
        return MNIST_OK;
    }
    uint8_t *upright = malloc(d->rows * d->cols);
    if (!upright) {
        return mnist_fail_memory(d->err, d->rows * d->cols, d->path);
    }
    mnist_exif_turn(d->samples, d->rows, d->cols, orientation, upright);
    free(d->samples);
    d->samples = upright;
    if (mnist_exif_is_turned(orientation)) {
        const size_t rows = d->rows;
        d->rows = d->cols;
        d->cols = rows;
    }
    return MNIST_OK;
}

/* Reads one PNG file at the start of d->data; d->at is then where it ends. */
static mnist_status read_one(decoder *d)
{
    d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, on_error, on_warning);
    d->info = d->png ? png_create_info_struct(d->png) : NULL;
    if (d->info) {
        decode(d);
    } else {
        d->status = mnist_fail(d->err, MNIST_ERR_MEMORY, "%s: out of memory for reading a PNG file",
                               d->path);
    }
    png_destroy_read_struct(&d->png, &d->info, NULL);
    if (d->status == MNIST_OK) {
        make_grey(d);
        uint8_t *pixels = realloc(d->samples, d->rows * d->cols);
        d->samples = pixels ? pixels : d->samples;
        d->status = turn(d);
    }
    if (d->status != MNIST_OK) {
        free(d->samples);
        return d->status;
    }
    return d->sink->take(
        d->sink->context,
        (mnist_picture){.pixels = d->samples, .rows = (unsigned)d->rows, .cols = (unsigned)d->cols},
        d->err);
}

/* Where the next byte is that is no padding: zeros and white space behind a file are none of it. */
static size_t skip_padding(const uint8_t *data, size_t size, size_t at)
{
    while (at < size && (data[at] == 0 || data[at] == ' ' || (data[at] >= 9 && data[at] <= 13))) {
        at++;
    }
    return at;
}

mnist_status mnist_png_read(const mnist_picture_sink *sink, const uint8_t *data, size_t size,
                            const char *path, mnist_error *err)
{
    size_t at = 0;
    do {
        decoder d = {.sink = sink,
                     .data = data + at,
                     .size = size - at,
                     .start = at,
                     .path = path,
                     .err = err,
                     .status = MNIST_OK};
        mnist_status status = read_one(&d);
        if (status != MNIST_OK) {
            return status;
        }
        at = skip_padding(data, size, at + d.at);
    } while (size - at >= 4 && memcmp(data + at, "\x89PNG", 4) == 0);
    if (at < size) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: %zu bytes too many at byte %zu: expected the end of the file behind "
                          "IEND, or another PNG file",
                          path, size - at, at);
    }
    return MNIST_OK;
}

#else

mnist_status mnist_png_read(const mnist_picture_sink *sink, const uint8_t *data, size_t size,
                            const char *path, mnist_error *err)
{
    (void)sink;
    (void)data;
    (void)size;
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: a PNG file, which cannot be read, as this program was built without "
        "libpng; install libpng's development files and build again, or convert it to "
        "PGM",
        path);
}

#endif
