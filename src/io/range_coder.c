#include "io/range_coder.h"

#include <assert.h>
#include <stdlib.h>

#define WINDOW 8u /* bytes */

static uint64_t next_byte(const mnist_range_coder *coder, size_t at)
{
    return at < coder->size ? coder->in[at] : 0; /* the encoder leaves zeros at the end out */
}

void mnist_range_encoder_init(mnist_range_coder *coder)
{
    *coder = (mnist_range_coder){.high = UINT64_MAX};
}

void mnist_range_decoder_init(mnist_range_coder *coder, const uint8_t *in, size_t size)
{
    *coder = (mnist_range_coder){.decodes = true, .high = UINT64_MAX, .in = in, .size = size};
    for (size_t i = 0; i < WINDOW; i++) {
        coder->window = coder->window << 8 | next_byte(coder, i);
    }
}

static void put_byte(mnist_range_coder *coder, uint8_t byte)
{
    if (coder->size == coder->room && !coder->failed) {
        const size_t room = coder->room > 0 ? 2 * coder->room : 1024;
        uint8_t *out = realloc(coder->out, room);
        coder->failed = !out;
        coder->out = out ? out : coder->out;
        coder->room = out ? room : coder->room;
    }
    if (!coder->failed) {
        coder->out[coder->size++] = byte;
    }
}

/* Passes on the leading bytes that both ends of the interval have in common. */
static void shift(mnist_range_coder *coder)
{
    while ((coder->low ^ coder->high) >> 56 == 0) {
        if (coder->decodes) {
            coder->window = coder->window << 8 | next_byte(coder, coder->at + WINDOW);
            coder->at++;
            coder->failed = coder->failed || coder->at > coder->size;
        } else {
            put_byte(coder, (uint8_t)(coder->low >> 56));
        }
        coder->low <<= 8;
        coder->high = coder->high << 8 | 0xFF;
    }
}

unsigned mnist_range_code(mnist_range_coder *coder, uint32_t chance, unsigned bit)
{
    assert(chance > 0 && chance < 65536);
    /* The lower part is of 1. Both parts have a number at least, as high > low after each shift. */
    const uint64_t span = coder->high - coder->low;
    const uint64_t middle = coder->low + (span >> 16) * chance + (((span & 0xFFFF) * chance) >> 16);
    if (coder->decodes) {
        bit = !coder->failed && coder->window <= middle;
    }
    if (bit) {
        coder->high = middle;
    } else {
        coder->low = middle + 1;
    }
    shift(coder);
    return bit;
}

/* The number in the interval that has the most zeros at its end; how many bytes are before them. */
static unsigned shortest(const mnist_range_coder *coder, uint64_t *number)
{
    for (unsigned bytes = 0; bytes < WINDOW; bytes++) {
        const uint64_t tail = UINT64_MAX >> 8 * bytes;
        *number = coder->low > UINT64_MAX - tail ? 0 : (coder->low + tail) & ~tail;
        if (*number >= coder->low && *number <= coder->high) {
            return bytes;
        }
    }
    *number = coder->low;
    return WINDOW;
}

bool mnist_range_finish(mnist_range_coder *coder)
{
    uint64_t number;
    const unsigned bytes = shortest(coder, &number);
    if (coder->decodes) {
        return !coder->failed && coder->window == number && coder->at + bytes == coder->size;
    }
    for (unsigned i = 0; i < bytes; i++) {
        put_byte(coder, (uint8_t)(number >> (56 - 8 * i)));
    }
    return !coder->failed;
}
