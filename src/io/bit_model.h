/* How likely the next bit is a 1: learnt from the bits before it, and mixed from several opinions.
 *
 * A chance has seen the bits of one context. A mixer weighs the log odds of several chances, and of
 * facts that are no chances, by weights that it learns on the way, as a logistic regression does
 * (Mahoney 2005, "Adaptive weighing of context models for lossless data compression"). All is in
 * whole numbers of stated widths, so that what one machine has encoded any other decodes.
 */
#ifndef MNIST_IO_BIT_MODEL_H
#define MNIST_IO_BIT_MODEL_H

#include "io/range_coder.h"

#include <mnist/io.h>

/* What was seen in one context; all 0: nothing. */
typedef struct mnist_chance {
    uint32_t one;   /* how likely a 1 is, of 2^22; not looked at while count is 0 */
    uint32_t count; /* bits seen, up to a limit */
} mnist_chance;

/* Log odds are natural logarithms in units of 1/256, within ± this. */
#define MNIST_LOG_ODDS_MOST 3071

#define MNIST_CHANCE_COUNT_MOST 1000 /* so that a chance goes on learning */

/* Log odds to chances and back; what the count of a chance means. */
typedef struct mnist_odds_tables {
    uint16_t chance[MNIST_LOG_ODDS_MOST + 1];    /* of log odds from 0: of 65536 */
    int16_t odds[32768];                         /* of chances from 32768 of 65536 */
    uint32_t step[MNIST_CHANCE_COUNT_MOST + 1];  /* how far the next bit moves it, of 65536 */
    uint32_t trust[MNIST_CHANCE_COUNT_MOST + 1]; /* how much it counts in a mixer, of 65536 */
} mnist_odds_tables;

void mnist_odds_tables_init(mnist_odds_tables *tables);

/* Log odds of the chance part / whole. part <= whole, 0 < whole < 2^47. */
int32_t mnist_log_odds(const mnist_odds_tables *tables, uint64_t part, uint64_t whole);

#define MNIST_MIX_CHANCES 12 /* most of a bit */
#define MNIST_MIX_FACTS   8
#define MNIST_MIX_INPUTS  (MNIST_MIX_CHANCES + MNIST_MIX_FACTS)
#define MNIST_MIX_WAYS    3 /* in which a bit's weights are chosen: as many sets weigh each bit */

/* A mixer for bits of one kind; in the caller's memory. */
typedef struct mnist_mixer {
    unsigned chances, facts; /* of each bit */
    unsigned sets;           /* of weights, to choose from, in each of the ways */
    int32_t *weights;        /* (MNIST_MIX_WAYS, sets, chances + facts), of 65536 */
    uint32_t *bits;          /* (MNIST_MIX_WAYS, sets): that a set has weighed */
} mnist_mixer;

/* Takes memory, and sets each input's weights to first (chances + facts), of 100. false: there is no
 * memory. */
bool mnist_mixer_create(mnist_mixer *mixer, unsigned chances, unsigned facts, unsigned sets,
                        const int8_t *first);
void mnist_mixer_free(mnist_mixer *mixer); /* all 0 is fine, too */

/* What is known of the next bit. */
typedef struct mnist_bit_context {
    mnist_chance *chances[MNIST_MIX_CHANCES];
    int32_t facts[MNIST_MIX_FACTS]; /* log odds */
    unsigned set[MNIST_MIX_WAYS];   /* which weights, each below the mixer's sets */
} mnist_bit_context;

/* How many bits were spent on what: on each part, of 65536. */
typedef struct mnist_bit_tally {
    uint64_t spent[MNIST_PACKED_PARTS];
    mnist_packed_part part; /* that the next bits are of */
} mnist_bit_tally;

/* What codes bits. */
typedef struct mnist_bit_coder {
    mnist_range_coder *coder; /* NULL: none, to learn from bits that are known */
    const mnist_odds_tables *tables;
    mnist_bit_tally *tally; /* NULL: none */
} mnist_bit_coder;

/* Says what the next bits are of. */
static inline void mnist_bit_part(const mnist_bit_coder *to, mnist_packed_part part)
{
    if (to->tally) {
        to->tally->part = part;
    }
}

/* A value of so many bits, at most 32, each as likely as not; the highest first. */
uint32_t mnist_bits_plain(const mnist_bit_coder *to, uint32_t value, unsigned bits);

/* Codes a bit, and learns from it. When decoding, bit is not looked at. Returns the bit. */
unsigned mnist_bit_mix(const mnist_bit_coder *to, mnist_mixer *mixer,
                       const mnist_bit_context *context, unsigned bit);

/* The same by one chance alone. */
unsigned mnist_bit_code(const mnist_bit_coder *to, mnist_chance *chance, unsigned bit);

/* A whole number from 0: how many bits it has, then those below the highest. The chances of numbers
 * of one kind: all 0 at first. At most 33 bits. */
#define MNIST_NUMBER_BITS 33
typedef struct mnist_number_model {
    mnist_chance length[MNIST_NUMBER_BITS + 1];
    mnist_chance below[MNIST_NUMBER_BITS + 1]; /* the bit after the highest */
} mnist_number_model;

/* Decoding, a number is less than 2^33. */
uint64_t mnist_number_code(const mnist_bit_coder *to, mnist_number_model *model, uint64_t number);

#endif
