/* Numbers of a packed model that are not ranks: codebooks, biases, floats to the bit. */
#ifndef MNIST_IO_PACKED_NUMBERS_H
#define MNIST_IO_PACKED_NUMBERS_H

#include "io/weight_coder.h"

/* A stream under way, and what it has learnt of numbers that are few. */
typedef struct mnist_packing {
    mnist_range_coder coder;
    const mnist_odds_tables *tables;
    mnist_bit_tally *tally; /* NULL: not wanted */
    const char *path;       /* for messages */
    mnist_chance kind[4], tied[2], mirrored, sign[2], same;
    mnist_number_model counts, places, firsts, gaps, biases, wholes;
    mnist_chance exponent[256], mantissa[8];
} mnist_packing;

/* The coder of bits; what follows counts as of that kind. */
mnist_bit_coder mnist_packing_bits(mnist_packing *packing, mnist_packed_part part);

/* Nonzero numbers of a layer by sign: 0 negative, 1 positive; the magnitudes, as bits of floats,
 * ascending. A weight's rank is its place there, from 1. */
typedef struct mnist_codebook {
    unsigned count[2];
    uint32_t magnitudes[2][MNIST_RANK_MOST];
} mnist_codebook;

/* Lists the different values. false: there are more than MNIST_RANK_MOST of a sign. */
bool mnist_codebook_of(mnist_codebook *codebook, const float *values, size_t count);
int mnist_codebook_rank(const mnist_codebook *codebook, float value);
float mnist_codebook_value(const mnist_codebook *codebook, int rank);

/* false: decoding, what is there is no codebook. */
bool mnist_codebook_code(mnist_packing *packing, mnist_codebook *codebook);

/* Magnitudes of floats, to the bit: whose signs are coded elsewhere. tail: zeros that all of them
 * have at the end, at most 23. false: decoding, it is 0, infinite or not a number. */
bool mnist_magnitude_code(mnist_packing *packing, const mnist_bit_coder *to, unsigned tail,
                          float *value);
/* The tail of the values that are not 0. */
unsigned mnist_magnitudes_tail(const float *values, size_t count);

/* The largest step of which all values, which are finite, are whole multiples, at most `most` times;
 * 0: there is none that is found, or all are 0. */
float mnist_step_of(const float *values, size_t count, unsigned most);

/* A layer's float biases. false: decoding, they are no finite numbers. */
bool mnist_biases_code(mnist_packing *packing, float *biases, size_t count);

/* A whole number of either sign within ±2^32. */
int64_t mnist_whole_code(mnist_packing *packing, const mnist_bit_coder *to,
                         mnist_number_model *model, int64_t value);

#endif
