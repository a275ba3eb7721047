#include "data/inflate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/status.h"

struct mnist_inflate {
    z_stream stream;
    const uint8_t *data;
    size_t size;
    size_t next; /* data[next] is the first byte not yet consumed */
    const char *name;
    bool ended; /* the last member has been read and verified */
};

bool mnist_inflate_is_gzip(const uint8_t *data, size_t size)
{
    return size >= 2 && data[0] == 0x1F && data[1] == 0x8B;
}

mnist_status mnist_inflate_create(mnist_inflate **out, const uint8_t *data, size_t size,
                                  const char *name, mnist_error *err)
{
    *out = NULL;
    mnist_inflate *gz = calloc(1, sizeof *gz);
    if (!gz) {
        return mnist_fail_memory(err, sizeof *gz, "inflating gzip");
    }
    gz->data = data;
    gz->size = size;
    gz->name = name;
    /* + 16: a gzip wrapper and no other, whose CRC and length zlib checks */
    if (inflateInit2(&gz->stream, MAX_WBITS + 16) != Z_OK) {
        free(gz);
        return mnist_fail_memory(err, (size_t)1 << MAX_WBITS, "inflating gzip");
    }
    *out = gz;
    return MNIST_OK;
}

void mnist_inflate_free(mnist_inflate *gz)
{
    if (gz) {
        (void)inflateEnd(&gz->stream);
        free(gz);
    }
}

static mnist_status fail_truncated(const mnist_inflate *gz, mnist_error *err)
{
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: gzip data truncated at byte %zu: expected more compressed data, found the "
        "end of the file; an interrupted download?",
        gz->name, gz->size);
}

/* zlib's own words are kept, since people search for them. */
static mnist_status fail_damaged(const mnist_inflate *gz, mnist_error *err)
{
    const char *reason = gz->stream.msg ? gz->stream.msg : "invalid data";
    if (strcmp(reason, "incorrect data check") == 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: gzip CRC-32 mismatch near byte %zu: expected the checksum stored "
            "there, found another in the inflated data (%s); damaged in transfer or on "
            "disk?",
            gz->name, gz->next, reason);
    }
    if (strcmp(reason, "incorrect length check") == 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: gzip length mismatch near byte %zu: expected the length stored there, "
            "found another in the inflated data (%s); damaged in transfer or on disk?",
            gz->name, gz->next, reason);
    }
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "%s: damaged gzip data near byte %zu: %s; damaged in transfer or on disk?",
                      gz->name, gz->next, reason);
}

/* After a member's end: goes on to the next one, if there is one. */
static mnist_status next_member(mnist_inflate *gz, mnist_error *err)
{
    size_t left = gz->size - gz->next;
    const uint8_t *rest = gz->data + gz->next;
    if (left == 0) {
        gz->ended = true;
        return MNIST_OK;
    }
    if (!mnist_inflate_is_gzip(rest, left)) {
        size_t zeros = 0;
        while (zeros < left && rest[zeros] == 0) {
            zeros++;
        }
        if (zeros == left) { /* padding of a tape or of a copy by blocks, which gzip ignores too */
            gz->ended = true;
            return MNIST_OK;
        }
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: %zu trailing bytes at byte %zu, after the last gzip member: expected "
            "the end of the file, found 0x%02X; two files written into one?",
            gz->name, left, gz->next, rest[zeros]);
    }
    (void)inflateReset(&gz->stream); /* fails only on a stream that was never initialised */
    return MNIST_OK;
}

/* One call of zlib, whose sizes are unsigned int, not size_t. */
static int inflate_some(mnist_inflate *gz, uint8_t *out, size_t size, size_t *made)
{
    z_stream *stream = &gz->stream;
    size_t left = gz->size - gz->next;
    uInt in = left < UINT_MAX ? (uInt)left : UINT_MAX;
    uInt room = size < UINT_MAX ? (uInt)size : UINT_MAX;
    stream->next_in = gz->data + gz->next;
    stream->avail_in = in;
    stream->next_out = out;
    stream->avail_out = room;
    int result = inflate(stream, Z_NO_FLUSH);
    gz->next += in - stream->avail_in;
    *made = room - stream->avail_out;
    return result;
}

mnist_status mnist_inflate_read(mnist_inflate *gz, uint8_t *out, size_t size, size_t *got,
                                mnist_error *err)
{
    *got = 0;
    while (*got < size && !gz->ended) {
        size_t made = 0;
        int result = inflate_some(gz, out + *got, size - *got, &made);
        *got += made;
        mnist_status status = MNIST_OK;
        switch (result) {
        case Z_OK:
            break;
        case Z_STREAM_END:
            status = next_member(gz, err);
            break;
        case Z_BUF_ERROR: /* no progress although there is room: the input has ended */
            status = fail_truncated(gz, err);
            break;
        case Z_MEM_ERROR:
            status = mnist_fail_memory(err, (size_t)1 << MAX_WBITS, "inflating gzip");
            break;
        default:
            status = fail_damaged(gz, err);
            break;
        }
        if (status != MNIST_OK) {
            return status;
        }
    }
    return MNIST_OK;
}
