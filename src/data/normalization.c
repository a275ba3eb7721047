#include <mnist/data.h>

#include "data/batch.h"

#include <math.h>

const char *mnist_normalization_name(mnist_normalization_kind kind)
{
    static const char *const names[MNIST_NORMALIZATIONS] = {
        [MNIST_NORMALIZE_UNIT] = "unit",
        [MNIST_NORMALIZE_STANDARD] = "standard",
    };
    return (unsigned)kind < MNIST_NORMALIZATIONS ? names[kind] : NULL;
}

typedef struct sums {
    uint64_t value, square;
} sums;

/* Exact: the squares of an image add up to at most MNIST_MAX_PIXELS * 255^2 = 4,261,478,400, which
 * fits 32 bits, so that the inner loop can use narrow vectors. */
static sums sum_pixels(mnist_view view)
{
    size_t pixels = (size_t)view.rows * view.cols;
    sums total = {0, 0};
    for (size_t i = 0; i < view.count; i++) {
        const uint8_t *image = view.images + i * pixels;
        uint32_t value = 0, square = 0;
        for (size_t p = 0; p < pixels; p++) {
            value += image[p];
            square += (uint32_t)image[p] * image[p];
        }
        total.value += value;
        total.square += square;
    }
    return total;
}

mnist_normalization mnist_normalization_fit(mnist_normalization_kind kind, mnist_view view)
{
    mnist_normalization fit = {.kind = kind, .mean = 0.0f, .stddev = 1.0f};
    uint64_t n = (uint64_t)view.count * view.rows * view.cols;
    if (kind == MNIST_NORMALIZE_UNIT || n == 0) {
        return fit;
    }
    sums s = sum_pixels(view);
    fit.mean = (float)((double)s.value / ((double)n * 255.0));

    /* The textbook formula E[v^2] - E[v]^2 loses digits. Measured from the whole part q of the
     * mean, the second moment d = sum (v - q)^2 is still an exact integer (terms may wrap around,
     * their sum does not), and only the fraction of the mean remains to be subtracted. For equal
     * pixels the result is exactly 0. */
    uint64_t q = s.value / n, rest = s.value % n;
    uint64_t d = s.square - 2 * q * s.value + q * q * n;
    double fraction = (double)rest / (double)n;
    double variance = (double)d / (double)n - fraction * fraction;
    if (variance > 0.0) {
        fit.stddev = (float)(sqrt(variance) / 255.0); /* IEEE 754 rounds sqrt correctly */
    }
    return fit;
}

const mnist_normalization *mnist_normalization_or_unit(const mnist_normalization *normalization)
{
    static const mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    return normalization ? normalization : &unit;
}

void mnist_normalization_table(const mnist_normalization *normalization, float table[256])
{
    normalization = mnist_normalization_or_unit(normalization);
    for (int v = 0; v < 256; v++) {
        float unit = (float)v / 255.0f;
        table[v] = normalization->kind == MNIST_NORMALIZE_UNIT
                       ? unit
                       : (unit - normalization->mean) / normalization->stddev;
    }
}

float mnist_normalization_split(const mnist_normalization *normalization, float table[256])
{
    normalization = mnist_normalization_or_unit(normalization);
    bool unit = normalization->kind == MNIST_NORMALIZE_UNIT;
    for (int v = 0; v < 256; v++) {
        float value = (float)v / 255.0f;
        table[v] = unit ? value : value / normalization->stddev;
    }
    return unit ? 0.0f : -normalization->mean / normalization->stddev;
}
