#include <mnist/base.h>

#include "base/rng.h"

double mnist_random(uint64_t seed, uint32_t stream, uint64_t index)
{
    return (double)mnist_rng_unit(mnist_rng(seed, MNIST_RNG_PROGRAM, stream, index).word[0]);
}
