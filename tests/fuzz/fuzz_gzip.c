/* gzip: the input is a file, inflated at once and in pieces, which must come to the same; and read
 * as an IDX file. */
#include "fuzz.h"
#include "idx_check.h"

#include <zlib.h>

#define MOST ((size_t)96 << 10) /* inflated, per input */

/* Up to MOST bytes, `piece` at a time. */
static mnist_status inflate_in(uint8_t *out, size_t *total, size_t piece, const uint8_t *data,
                               size_t size, mnist_error *err)
{
    mnist_inflate *gz;
    *total = 0;
    mnist_status status = mnist_inflate_create(&gz, data, size, "file\x1b\n", err);
    PROMISED(status == MNIST_OK);
    while (status == MNIST_OK && *total < MOST) {
        const size_t wanted = piece < MOST - *total ? piece : MOST - *total;
        size_t got;
        status = mnist_inflate_read(gz, out + *total, wanted, &got, err);
        PROMISED(got <= wanted);
        *total += got;
        if (status == MNIST_OK && got < wanted) {
            break;
        }
    }
    mnist_inflate_free(gz);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t whole[MOST], pieces[MOST];
    if (mnist_inflate_is_gzip(data, size)) {
        mnist_error err, other;
        size_t length, sum;
        mnist_status status = inflate_in(whole, &length, MOST, data, size, &err);
        PROMISED(length <= size * MNIST_INFLATE_MAX_RATIO);
        if (status != MNIST_OK) {
            check_failure(status, &err);
        }
        const size_t piece = 1 + (data[size - 1] % 13u) * (data[size / 2] % 7u);
        if (length / piece < 2000 && chosen(data, size, 4)) {
            PROMISED(inflate_in(pieces, &sum, piece, data, size, &other) == status);
            PROMISED(sum == length && memcmp(pieces, whole, length) == 0);
        }
    }
    check_images(data, size);
    check_labels(data, size);
    return 0;
}

#ifdef MNIST_FUZZ_MUTATOR
/* In half of all cases the mutator changes the inflated content, and packs it again: else hardly an
 * input would get past the CRC. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    enum { ROOM = 1 << 14 };
    static uint8_t plain[ROOM], packed[2 * ROOM];
    z_stream in = {.next_in = data, .avail_in = (uInt)size};
    if (seed % 2 == 0 || inflateInit2(&in, MAX_WBITS + 16) != Z_OK) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    in.next_out = plain;
    in.avail_out = ROOM;
    (void)inflate(&in, Z_FINISH);
    size_t length = ROOM - in.avail_out;
    (void)inflateEnd(&in);
    length = LLVMFuzzerMutate(plain, length, ROOM);
    z_stream out = {.next_in = plain, .avail_in = (uInt)length};
    out.next_out = packed;
    out.avail_out = sizeof packed;
    if (deflateInit2(&out, (int)(seed / 2 % 10), Z_DEFLATED, MAX_WBITS + 16, 8,
                     (int)(seed / 20 % 5)) != Z_OK) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    (void)deflate(&out, Z_FINISH);
    length = sizeof packed - out.avail_out;
    (void)deflateEnd(&out);
    length = length < max_size ? length : max_size;
    memcpy(data, packed, length);
    return length;
}
#endif
