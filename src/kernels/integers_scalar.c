/* The oracle of integers.h: it does what the contract says, a value at a time. */
#include "kernels/integers.h"

#include <assert.h>

static int32_t sum_of(const mnist_integer_product *p, size_t i, size_t n)
{
    const uint8_t *x = p->x + i * p->x_stride;
    int32_t sum = p->init[n];
    for (size_t k = 0; k < p->inputs; k++) {
        const int32_t value = p->pixels ? mnist_integer_pixel(x[k]) : x[k];
        sum += value * p->w[mnist_integer_place(p->inputs, p->outputs, k, n)];
    }
    return sum;
}

static void product(const mnist_integer_product *p)
{
    assert(p->outputs % MNIST_LANES == 0 && p->inputs <= MNIST_INTEGER_DEPTH);
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t n = 0; n < p->outputs; n++) {
            const int32_t sum = sum_of(p, i, n);
            if (p->steps) {
                const uint8_t v = mnist_integer_value(p->steps, n, sum);
                p->out[i * p->out_stride + n] = p->steps->table ? p->steps->table[v] : v;
            } else {
                p->logits[i * p->logits_stride + n] = (float)sum * p->scales[n];
            }
        }
    }
}

#define PEAK_SUMS 8u

static double peak(size_t rounds, double *operations)
{
    volatile uint8_t input = 4;
    volatile int8_t weight = -1;
    uint32_t sum[PEAK_SUMS] = {0, 1, 2, 3, 4, 5, 6, 7}, total = 0;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t s = 0; s < PEAK_SUMS; s++) {
            sum[s] += (uint32_t)(input * weight);
        }
    }
    for (size_t s = 0; s < PEAK_SUMS; s++) {
        total ^= sum[s];
    }
    *operations = 2.0 * (double)rounds * PEAK_SUMS;
    return (double)(int32_t)total;
}

const mnist_integer_kernels mnist_integer_kernels_scalar = {
    .name = "scalar", .product = product, .peak = peak};
