/* Codes a layer's weights where they are few numbers: most of them 0, or levels of a codebook.
 *
 * A weight is 0 or not, then has a sign, then a rank: the smallest magnitude of its sign has rank 1.
 * Each of these is a bit or some, mixed (io/bit_model.h) from what is known when it is coded, unit
 * by unit:
 * - how many weights of this input and of this unit are not 0 so far, and how many the layer before
 *   gave this input
 * - where inputs are pixels: the weights of this unit at the pixels to the left and above, and how
 *   many other units have weights around there
 * - what units before have at this input, each as much as it has agreed with this unit so far, in
 *   sign and size. This is what saves the most above the first layer.
 */
#ifndef MNIST_IO_WEIGHT_CODER_H
#define MNIST_IO_WEIGHT_CODER_H

#include "io/bit_model.h"

#include <mnist/base.h>

#define MNIST_RANK_MOST 255

typedef struct mnist_ranks {
    size_t inputs, outputs; /* at least 1 */
    size_t side;            /* inputs are a picture's pixels, so many a line; 0: they are not */
    unsigned negative, positive; /* the most ranks of each sign: 0 to MNIST_RANK_MOST */
    int16_t *ranks; /* (inputs, outputs) row-major, negative ones with a minus. Decoding: all 0 at
                     * first */
    const uint32_t *fullness; /* (inputs): how many weights that are not 0 the layer before has for
                               * the unit that an input is; NULL: not known */
} mnist_ranks;

/* MNIST_OK; MNIST_ERR_MEMORY; MNIST_ERR_FORMAT: decoding, more weights than there are places. What
 * the coder's stream is short of is decoded as 0. */
mnist_status mnist_ranks_code(const mnist_bit_coder *to, const mnist_ranks *ranks);

#endif
