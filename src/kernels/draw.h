/* Random numbers, eight blocks at a time, in loops over lanes that compilers vectorise: each lane
 * is mnist_philox (base/rng.h) of its own counter. */
#ifndef MNIST_KERNELS_DRAW_H
#define MNIST_KERNELS_DRAW_H

#include "base/rng.h"
#include "kernels/kernels.h"

#define DRAW_LANES 8u

/* words[w][lane]: word w of the block of counter c0, c1, c2 + lane, c3. */
static inline __attribute__((always_inline)) void draw_blocks(uint32_t c0, uint32_t c1, uint32_t c2,
                                                              uint32_t c3, uint64_t seed,
                                                              uint32_t words[4][DRAW_LANES])
{
    uint32_t *x0 = words[0], *x1 = words[1], *x2 = words[2], *x3 = words[3];
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (uint32_t lane = 0; lane < DRAW_LANES; lane++) {
        x0[lane] = c0;
        x1[lane] = c1;
        x2[lane] = c2 + lane;
        x3[lane] = c3;
    }
    for (int round = 0; round < 10; round++) {
        for (uint32_t lane = 0; lane < DRAW_LANES; lane++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * x0[lane];
            uint64_t p1 = (uint64_t)0xCD9E8D57u * x2[lane];
            uint32_t n0 = (uint32_t)(p1 >> 32) ^ x1[lane] ^ k0;
            uint32_t n2 = (uint32_t)(p0 >> 32) ^ x3[lane] ^ k1;
            x1[lane] = (uint32_t)p1;
            x3[lane] = (uint32_t)p0;
            x0[lane] = n0;
            x2[lane] = n2;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* keep[u]: is value u of the group to be kept? 1 or 0. */
static inline __attribute__((always_inline)) void draw_group(const mnist_dropout *d, size_t group,
                                                             uint32_t keep[MNIST_DROPOUT_GROUP])
{
    uint32_t words[4][DRAW_LANES];
    const uint64_t b = d->step << 20 | d->row;
    draw_blocks((uint32_t)b, (uint32_t)(b >> 32), d->layer << 16 | (uint32_t)(group * DRAW_LANES),
                MNIST_RNG_DROPOUT, d->seed, words);
    for (size_t w = 0; w < 4; w++) {
        for (size_t lane = 0; lane < DRAW_LANES; lane++) {
            keep[(2 * w) * DRAW_LANES + lane] = (words[w][lane] & 0xffff) >= d->threshold;
            keep[(2 * w + 1) * DRAW_LANES + lane] = words[w][lane] >> 16 >= d->threshold;
        }
    }
}

#endif
