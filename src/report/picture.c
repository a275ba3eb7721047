#include "report/picture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put_be32(mnist_text *out, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};
    mnist_text_add(out, bytes, sizeof bytes);
}

/* Begins a chunk of length, name and body; returns where its CRC begins to count. */
static size_t begin_chunk(mnist_text *out, const char *name, uint32_t length)
{
    put_be32(out, length);
    const size_t start = out->size;
    mnist_text_put(out, name);
    return start;
}

static void end_chunk(mnist_text *out, size_t start)
{
    if (!out->failed) {
        put_be32(out,
                 (uint32_t)crc32_z(0, (const unsigned char *)out->data + start, out->size - start));
    }
}

static void put_colors(mnist_text *out, const uint8_t (*colors)[4], unsigned count)
{
    size_t start = begin_chunk(out, "PLTE", 3 * count);
    for (unsigned i = 0; i < count; i++) {
        mnist_text_add(out, colors[i], 3);
    }
    end_chunk(out, start);
    start = begin_chunk(out, "tRNS", count);
    for (unsigned i = 0; i < count; i++) {
        mnist_text_add(out, &colors[i][3], 1);
    }
    end_chunk(out, start);
}

/* A zlib stream (RFC 1950) of one stored block (RFC 1951, 3.2.4); each row begins with the filter's
 * number, 0. */
static void put_pixels(mnist_text *out, const uint8_t *pixels, unsigned rows, unsigned cols)
{
    const uint32_t length = rows * (cols + 1);
    const uint8_t head[] = {0x78,
                            0x01,
                            1,
                            (uint8_t)length,
                            (uint8_t)(length >> 8),
                            (uint8_t)~length,
                            (uint8_t)(~length >> 8)};
    const size_t start = begin_chunk(out, "IDAT", (uint32_t)sizeof head + length + 4);
    mnist_text_add(out, head, sizeof head);
    const size_t body = out->size;
    for (size_t row = 0; row < rows; row++) {
        mnist_text_add(out, "", 1);
        mnist_text_add(out, pixels + row * cols, cols);
    }
    if (!out->failed) {
        put_be32(out, (uint32_t)adler32_z(1, (const unsigned char *)out->data + body, length));
    }
    end_chunk(out, start);
}

void mnist_picture_put(mnist_text *text, const uint8_t *pixels, unsigned rows, unsigned cols,
                       const uint8_t (*colors)[4], unsigned count)
{
    assert(rows >= 1 && cols >= 1 && (uint64_t)rows * (cols + 1) <= MNIST_PICTURE_MOST);
    assert(count <= 256);
    mnist_text png = {0};
    mnist_text_add(&png, "\x89PNG\r\n\x1a\n", 8);
    size_t start = begin_chunk(&png, "IHDR", 13);
    put_be32(&png, cols);
    put_be32(&png, rows);
    /* 8 bits; grey or by palette; deflate, no filter, not interlaced */
    mnist_text_add(&png, (const uint8_t[]){8, count > 0 ? 3 : 0, 0, 0, 0}, 5);
    end_chunk(&png, start);
    if (count > 0) {
        put_colors(&png, colors, count);
    }
    put_pixels(&png, pixels, rows, cols);
    start = begin_chunk(&png, "IEND", 0);
    end_chunk(&png, start);
    mnist_text_put(text, "data:image/png;base64,");
    mnist_text_base64(text, png.data, png.size);
    text->failed = text->failed || png.failed;
    free(png.data);
}
