/* Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011. A value is a function of (seed, purpose, a, b): there is no state,
 * so the order in which work is done cannot matter.
 */
#ifndef MNIST_BASE_RNG_H
#define MNIST_BASE_RNG_H

#include <stdint.h>

/* What a number is for. Part of the key: never renumber, only append. */
typedef enum mnist_rng_purpose {
    MNIST_RNG_INIT = 1,       /* a: layer, b: index of the weight in (in, out) order / 4 */
    MNIST_RNG_SHUFFLE = 2,    /* a: epoch, b: position */
    MNIST_RNG_SYNTHETIC = 3,  /* a: index of the draw within the image, b: image */
    MNIST_RNG_DROPOUT = 4,    /* a: layer << 16 | block, b: step << 20 | row of the batch */
    MNIST_RNG_MIXUP = 5,      /* b: step << 20 | image of the batch, the first of its pair */
    MNIST_RNG_NOISE = 6,      /* a: pixel / 4, b: step << 20 | image of the batch */
    MNIST_RNG_DIRECTION = 7,  /* a: pixel / 4, b: step << 20 | image of the batch */
    MNIST_RNG_AUGMENT = 8,    /* a: epoch, b: image << 2 | block of the image's draws */
    MNIST_RNG_ELASTIC = 9,    /* a: epoch, b: index of the field's value / 4 */
    MNIST_RNG_BOOTSTRAP = 30, /* a: resample, b: image / 4 */
    MNIST_RNG_PROGRAM = 100,  /* mnist_random, for programs; a: stream, b: index */
} mnist_rng_purpose;

typedef struct mnist_rng_block {
    uint32_t word[4];
} mnist_rng_block;

/* The generator itself: one block of four words from a counter and a key. */
static inline mnist_rng_block mnist_philox(const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    return (mnist_rng_block){{c0, c1, c2, c3}};
}

/* Four words for (seed, purpose, a, b). */
static inline mnist_rng_block mnist_rng(uint64_t seed, mnist_rng_purpose purpose, uint32_t a,
                                        uint64_t b)
{
    const uint32_t counter[4] = {(uint32_t)b, (uint32_t)(b >> 32), a, (uint32_t)purpose};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    return mnist_philox(counter, key);
}

/* [0, 1), a multiple of 2^-24: exact in float. */
static inline float mnist_rng_unit(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

/* Nearly normal, with mean 0: the sum of a word's bytes, minus its mean. A whole number in [-510,
 * 510]. */
static inline float mnist_rng_bell(uint32_t word)
{
    const uint32_t sum = (word & 0xff) + (word >> 8 & 0xff) + (word >> 16 & 0xff) + (word >> 24);
    return (float)((int32_t)sum - 510);
}

/* [0, bound), bound >= 1: the high half of a product (Lemire 2019, without the rejection: the bias
 * is below bound / 2^32). */
static inline uint32_t mnist_rng_below(uint32_t word, uint32_t bound)
{
    return (uint32_t)(((uint64_t)word * bound) >> 32);
}

#endif
