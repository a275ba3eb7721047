#include "train/inputs.h"

#include "base/rng.h"
#include "kernels/approx.h"

#include <string.h>

/* x^a for x in (0, 1], in arithmetic that is the same everywhere. */
static double power(double x, double a)
{
    return approx_exp(-a * approx_log(1.0 / x));
}

/* The weight of bin k under Beta(alpha, alpha), up to a common factor. The factor of the density
 * that is steep near this end is integrated, (x1^alpha - x0^alpha) / alpha; the other one, which is
 * flat there, is taken at the bin's middle. */
static double bin_weight(unsigned k, double alpha)
{
    const unsigned near = k < MIXUP_BINS / 2 ? k : MIXUP_BINS - 1 - k; /* symmetric */
    const double x0 = (double)near / MIXUP_BINS, x1 = (near + 1.0) / MIXUP_BINS;
    const double low = near > 0 ? power(x0, alpha) : 0.0;
    return (power(x1, alpha) - low) / alpha * power(1.0 - 0.5 * (x0 + x1), alpha - 1.0);
}

static void fill_bins(mnist_inputs *inputs)
{
    double weights[MIXUP_BINS], total = 0.0, sum = 0.0;
    for (unsigned k = 0; k < MIXUP_BINS; k++) {
        weights[k] = bin_weight(k, (double)inputs->mixup);
        total += weights[k];
    }
    for (unsigned k = 0; k < MIXUP_BINS; k++) {
        sum += weights[k];
        inputs->cumulated[k] =
            k + 1 < MIXUP_BINS ? (uint32_t)(sum / total * 4294967295.0) : UINT32_MAX;
    }
}

mnist_inputs mnist_inputs_of(const mnist_train_config *config,
                             const mnist_normalization *normalization)
{
    mnist_inputs inputs = {.dropout = config->input_dropout,
                           .noise = config->input_noise / normalization->stddev,
                           .mixup = config->mixup,
                           .seed = config->seed};
    if (inputs.mixup > 0.0f) {
        fill_bins(&inputs);
    }
    return inputs;
}

/* The bin that a random word falls into. */
static unsigned find_bin(const mnist_inputs *inputs, uint32_t word)
{
    unsigned low = 0, high = MIXUP_BINS - 1;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (word <= inputs->cumulated[middle]) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

void mnist_inputs_target(uint8_t label, float *target, size_t stride)
{
    memset(target, 0, stride * sizeof *target);
    target[label] = 1.0f;
}

void mnist_inputs_mix(const mnist_inputs *inputs, uint64_t step, size_t image,
                      const mnist_neighbours *pair)
{
    uint8_t *a = pair->a, *b = pair->b;
    const size_t pixels = pair->pixels;
    const uint8_t *labels = pair->labels;
    float *of_first = pair->targets, *of_second = pair->targets + pair->stride;
    const mnist_rng_block random = mnist_rng(inputs->seed, MNIST_RNG_MIXUP, 0, step << 20 | image);
    /* shares in 512ths: odd numbers, as the middles of bins are */
    const unsigned of_a = 2 * find_bin(inputs, random.word[0]) + 1;
    const unsigned of_b = 2 * find_bin(inputs, random.word[1]) + 1;
    for (size_t p = 0; p < pixels; p++) {
        const unsigned x = a[p], y = b[p];
        a[p] = (uint8_t)((of_a * x + (512 - of_a) * y + 256) >> 9);
        b[p] = (uint8_t)((of_b * y + (512 - of_b) * x + 256) >> 9);
    }
    memset(pair->targets, 0, 2 * pair->stride * sizeof *pair->targets);
    of_first[labels[0]] += (float)of_a / 512.0f;
    of_first[labels[1]] += (float)(512 - of_a) / 512.0f;
    of_second[labels[1]] += (float)of_b / 512.0f;
    of_second[labels[0]] += (float)(512 - of_b) / 512.0f;
}

static mnist_dropout dropout_of(const mnist_inputs *inputs)
{
    mnist_dropout dropout = {.seed = inputs->seed, .layer = MNIST_DROPOUT_INPUT};
    mnist_dropout_set_rate(&dropout, inputs->dropout);
    return dropout;
}

void mnist_inputs_drop(const mnist_inputs *inputs, const mnist_kernels *kernels, uint64_t step,
                       size_t image, uint8_t *bytes, size_t pixels)
{
    mnist_dropout dropout = dropout_of(inputs);
    dropout.step = step;
    dropout.row = (uint32_t)image;
    kernels->dropout_bytes(bytes, pixels, &dropout);
}

float mnist_inputs_scale(const mnist_inputs *inputs)
{
    return dropout_of(inputs).scale;
}

/* Standard deviation of the sum of four bytes: sqrt(4 (256^2 - 1) / 12). */
#define SUM_DEVIATION 147.800541f

void mnist_inputs_add_noise(const mnist_inputs *inputs, uint64_t step, size_t image, float *x,
                            size_t pixels)
{
    const float scale = inputs->noise / SUM_DEVIATION;
    mnist_rng_block block = {{0}};
    for (size_t p = 0; p < pixels; p++) {
        if (p % 4 == 0) {
            block = mnist_rng(inputs->seed, MNIST_RNG_NOISE, (uint32_t)(p / 4), step << 20 | image);
        }
        x[p] += scale * mnist_rng_bell(block.word[p % 4]);
    }
}
