/* An arithmetic coder of single bits, in whole numbers alone: the same bytes on every machine.
 *
 * A bit costs -log2 of the chance that its model gave it (Witten, Neal & Cleary 1987, "Arithmetic
 * coding for data compression"). Chances are of 16 bits, and the interval has 64, so that what
 * rounding costs cannot be measured. Who encodes and who decodes call the same mnist_range_code with
 * the same chances: one piece of code is both, and the two cannot part ways.
 */
#ifndef MNIST_IO_RANGE_CODER_H
#define MNIST_IO_RANGE_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mnist_range_coder {
    bool decodes;
    bool failed;        /* encoding: out of memory; decoding: the stream has ended early. What is
                         * decoded from then on is 0 */
    uint64_t low, high; /* the interval, both ends in it */
    uint64_t window;    /* decoding: the bytes at the interval's place */
    const uint8_t *in;  /* decoding */
    uint8_t *out;       /* encoding; owned, NULL at first */
    size_t size;        /* of in, or of what out has so far */
    size_t room;        /* of out */
    size_t at;          /* decoding: bytes that have left the window */
} mnist_range_coder;

void mnist_range_encoder_init(mnist_range_coder *coder);
/* in is the caller's, and is to stay. */
void mnist_range_decoder_init(mnist_range_coder *coder, const uint8_t *in, size_t size);

/* Encodes the bit, or decodes and returns one; chance: that it is 1, 1 to 65535 of 65536. */
unsigned mnist_range_code(mnist_range_coder *coder, uint32_t chance, unsigned bit);

/* Encoding: appends the fewest bytes that say the interval. Decoding: false unless the stream ends
 * here, with the very bytes that the encoder would have appended. */
bool mnist_range_finish(mnist_range_coder *coder);

#endif
