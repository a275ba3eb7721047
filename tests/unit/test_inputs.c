/* Images on their way into the net: mixup's shares, dropout of pixels, noise. */
#include "unit/unit.h"

#include "kernels/approx.h"
#include "train/inputs.h"

#include <math.h>

enum { PIXELS = 50, STRIDE = 16 };

static mnist_inputs inputs_with(float mixup, float dropout, float noise, float stddev)
{
    mnist_train_config config = mnist_train_defaults();
    mnist_normalization normalization = {.mean = 0.0f, .stddev = stddev};
    config.mixup = mixup;
    config.input_dropout = dropout;
    config.input_noise = noise;
    config.seed = 8;
    return mnist_inputs_of(&config, &normalization);
}

static void test_exp(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = -690.0; x < 690.0; x += 0.0377) {
        worst = fmax(worst, fabs(approx_exp(x) / exp(x) - 1));
    }
    for (double x = 1e-12; x < 1.0; x *= 1.7) {
        worst = fmax(worst, fabs(approx_exp(x) / exp(x) - 1));
        worst = fmax(worst, fabs(approx_exp(-x) / exp(-x) - 1));
    }
    print_message("largest relative error: %.2g\n", worst);
    /* n ln 2 is not split into two parts: at x = 690, an error of 690 epsilons */
    assert_true(worst < 1e-13);
    assert_true(approx_exp(0.0) == 1.0);
}

/* --- Mixup ------------------------------------------------------------------------------------- */

static const float alphas[] = {0.05f, 0.2f, 0.4f, 1.0f, 2.0f, 8.0f, 100.0f};

/* Shares that a run draws: those of image a of many pairs, and of image b. */
static void measure_shares(const mnist_inputs *inputs, double mean[2], double variance[2],
                           double *product)
{
    enum { PAIRS = 40000 };
    double sum[2] = {0}, squares[2] = {0}, both = 0;
    for (uint32_t n = 0; n < PAIRS; n++) {
        uint8_t a[1] = {0}, b[1] = {0};
        float targets[2 * STRIDE];
        mnist_inputs_mix(inputs, n / 100, 2 * (n % 100),
                         &(mnist_neighbours){a, b, 1, {3, 7}, targets, STRIDE});
        const double share[2] = {(double)targets[3], (double)targets[STRIDE + 7]};
        for (size_t i = 0; i < 2; i++) {
            sum[i] += share[i];
            squares[i] += share[i] * share[i];
        }
        both += share[0] * share[1];
    }
    for (size_t i = 0; i < 2; i++) {
        mean[i] = sum[i] / PAIRS;
        variance[i] = squares[i] / PAIRS - mean[i] * mean[i];
    }
    *product = both / PAIRS - mean[0] * mean[1];
}

/* Beta(alpha, alpha) has mean 1/2 and variance 1 / (4 (2 alpha + 1)). */
static void test_mixup_shares(void **state)
{
    (void)state;
    for (size_t n = 0; n < LENGTH(alphas); n++) {
        const mnist_inputs inputs = inputs_with(alphas[n], 0.0f, 0.0f, 1.0f);
        const double expected = 1 / (4 * (2 * (double)alphas[n] + 1)),
                     deviation = sqrt(expected / 40000);
        double mean[2], variance[2], product;
        measure_shares(&inputs, mean, variance, &product);
        for (size_t i = 0; i < 2; i++) {
            if (!(fabs(mean[i] - 0.5) < 4 * deviation && fabs(variance[i] / expected - 1) < 0.04)) {
                fail_msg("alpha %g: mean %g, variance %g, expected %g", (double)alphas[n], mean[i],
                         variance[i], expected);
            }
        }
        assert_true(fabs(product) < 0.025 * expected); /* the two are independent */
    }
}

/* x^alpha (1 - x)^alpha / (x (1 - x)) from x0 to x1 <= 1/2, up to a factor: with u = x^alpha, which tames x = 0,
 * by Simpson's rule. */
static double integrate_beta(double x0, double x1, double alpha)
{
    enum { PARTS = 200 };
    const double u0 = pow(x0, alpha), u1 = pow(x1, alpha), step = (u1 - u0) / PARTS;
    double sum = 0;
    for (int i = 0; i <= PARTS; i++) {
        const double value = pow(1 - pow(u0 + i * step, 1 / alpha), alpha - 1);
        sum += value * (i == 0 || i == PARTS ? 1 : i % 2 ? 4 : 2);
    }
    return sum * step / 3 / alpha;
}

static void test_mixup_table(void **state)
{
    (void)state;
    for (size_t n = 0; n < LENGTH(alphas); n++) {
        const mnist_inputs inputs = inputs_with(alphas[n], 0.0f, 0.0f, 1.0f);
        double weights[MIXUP_BINS], total = 0, sum = 0, worst = 0;
        for (unsigned k = 0; k < MIXUP_BINS; k++) {
            const unsigned near = k < MIXUP_BINS / 2 ? k : MIXUP_BINS - 1 - k;
            weights[k] = integrate_beta((double)near / MIXUP_BINS, (near + 1.0) / MIXUP_BINS,
                                        (double)alphas[n]);
            total += weights[k];
        }
        for (unsigned k = 0; k < MIXUP_BINS; k++) {
            sum += weights[k];
            worst = fmax(worst, fabs(inputs.cumulated[k] / 4294967296.0 - sum / total));
            assert_true(k == 0 || inputs.cumulated[k] >= inputs.cumulated[k - 1]);
            if (alphas[n] == 1.0f) { /* uniform */
                assert_true(fabs(inputs.cumulated[k] - (k + 1.0) / MIXUP_BINS * 4294967296.0) <=
                            2.0);
            }
        }
        assert_int_equal(inputs.cumulated[MIXUP_BINS - 1], UINT32_MAX);
        if (!(worst < 1e-3)) {
            fail_msg("alpha %g: the distribution is off by %g", (double)alphas[n], worst);
        }
    }
}

static void test_mixed_images(void **state)
{
    (void)state;
    const mnist_inputs inputs = inputs_with(1.0f, 0.0f, 0.0f, 1.0f);
    size_t differ = 0;
    float before = 0;
    for (uint32_t n = 0; n < 200; n++) {
        uint8_t a[PIXELS + 1], b[PIXELS + 1], old_a[PIXELS], old_b[PIXELS];
        const uint8_t labels[2] = {(uint8_t)(n % 10), (uint8_t)(n / 10 % 10)};
        float targets[2 * STRIDE];
        for (uint32_t p = 0; p < PIXELS; p++) {
            uint32_t word = mnist_rng(7, (mnist_rng_purpose)TEST_RNG_PIXELS, p, n).word[0];
            a[p] = old_a[p] = word % 3 ? (uint8_t)(word >> 24) : 0;
            b[p] = old_b[p] = p < 5 ? 255 : word % 3 ? (uint8_t)(word >> 16) : 0;
        }
        a[PIXELS] = b[PIXELS] = 77; /* nobody's */
        mnist_inputs_mix(
            &inputs, n, 6,
            &(mnist_neighbours){a, b, PIXELS, {labels[0], labels[1]}, targets, STRIDE});
        double share[2] = {(double)targets[labels[0]], (double)targets[STRIDE + labels[1]]};
        for (size_t i = 0; i < 2; i++) {
            double sum = 0;
            for (size_t c = 0; c < STRIDE; c++) {
                sum += (double)targets[i * STRIDE + c];
                assert_true(c == labels[0] || c == labels[1] || targets[i * STRIDE + c] == 0.0f);
            }
            assert_true(sum == 1.0); /* 512ths add up exactly */
        }
        if (labels[0] == labels[1]) {
            assert_true(share[0] == 1.0 && share[1] == 1.0);
            continue;
        }
        for (size_t p = 0; p < PIXELS; p++) { /* to the nearest byte */
            assert_true(fabs(a[p] - share[0] * old_a[p] - (1 - share[0]) * old_b[p]) <= 0.5);
            assert_true(fabs(b[p] - share[1] * old_b[p] - (1 - share[1]) * old_a[p]) <= 0.5);
            assert_true((old_a[p] | old_b[p]) != 0 || (a[p] | b[p]) == 0); /* zeros stay zeros */
        }
        assert_int_equal(a[PIXELS], 77);
        assert_int_equal(b[PIXELS], 77);
        differ += targets[labels[0]] != before;
        before = targets[labels[0]];
    }
    assert_true(differ > 150);
    float target[STRIDE];
    memset(target, 1, sizeof target);
    mnist_inputs_target(4, target, STRIDE);
    for (size_t c = 0; c < STRIDE; c++) {
        assert_true(target[c] == (c == 4 ? 1.0f : 0.0f));
    }
}

/* --- Dropout of pixels --------------------------------------------------------------------------- */

static void test_dropped_pixels(void **state)
{
    (void)state;
    static const float rates[] = {0.1f, 0.2f, 0.5f};
    enum { WIDE = 784, IMAGES = 50 };
    for (size_t r = 0; r < LENGTH(rates); r++) {
        const mnist_inputs inputs = inputs_with(0.0f, rates[r], 0.0f, 1.0f);
        uint8_t bytes[2][WIDE];
        double kept = 0;
        size_t alike = 0;
        for (size_t i = 0; i < IMAGES; i++) {
            memset(bytes[i % 2], 200, WIDE);
            mnist_inputs_drop(&inputs, mnist_kernels_select(), 3, i, bytes[i % 2], WIDE);
            for (size_t p = 0; p < WIDE; p++) {
                assert_true(bytes[i % 2][p] == 0 || bytes[i % 2][p] == 200);
                kept += bytes[i % 2][p] != 0;
            }
            alike += i > 0 && memcmp(bytes[0], bytes[1], WIDE) == 0;
        }
        const double share = kept / (WIDE * IMAGES), p = 1 - (double)rates[r];
        assert_true(fabs(share - p) < 4 * sqrt(p * (1 - p) / (WIDE * IMAGES)));
        assert_true(fabs(share * (double)mnist_inputs_scale(&inputs) - 1) <
                    0.02); /* the mean stays */
        assert_int_equal(alike, 0);
        memset(bytes[0], 200, WIDE);
        memset(bytes[1], 200, WIDE);
        mnist_inputs_drop(&inputs, mnist_kernels_select(), 3, 5, bytes[0], WIDE);
        mnist_inputs_drop(&inputs, mnist_kernels_select(), 4, 5, bytes[1], WIDE);
        assert_memory_not_equal(bytes[0], bytes[1], WIDE);
    }
    const mnist_inputs none = inputs_with(0.0f, 0.0f, 0.0f, 1.0f);
    assert_true(mnist_inputs_scale(&none) == 1.0f);
    assert_false(mnist_inputs_change_bytes(&none));
}

/* --- Noise ----------------------------------------------------------------------------------------- */

/* Deviation as asked for, in units of the pixels' range, whatever the normalisation makes of these; of a shape that
 * is nearly normal. */
static void test_noise(void **state)
{
    (void)state;
    enum { IMAGES = 800 };
    static const float stddevs[] = {1.0f, 0.3081f};
    for (size_t n = 0; n < LENGTH(stddevs); n++) {
        const mnist_inputs inputs = inputs_with(0.0f, 0.0f, 0.2f, stddevs[n]);
        const double expected = 0.2 / (double)stddevs[n];
        double sum = 0, squares = 0, fourth = 0, neighbours = 0, count = (double)IMAGES * PIXELS;
        for (size_t i = 0; i < IMAGES; i++) {
            float x[PIXELS + 1];
            for (size_t p = 0; p <= PIXELS; p++) {
                x[p] = 0.25f;
            }
            mnist_inputs_add_noise(&inputs, i / 100, i % 100, x, PIXELS);
            assert_true(x[PIXELS] == 0.25f);
            for (size_t p = 0; p < PIXELS; p++) {
                const double noise = (double)x[p] - 0.25;
                sum += noise;
                squares += noise * noise;
                fourth += noise * noise * noise * noise;
                neighbours += p > 0 ? noise * ((double)x[p - 1] - 0.25) : 0;
            }
        }
        const double variance = squares / count;
        assert_true(fabs(sum / count) < 4 * expected / sqrt(count));
        assert_true(fabs(sqrt(variance) / expected - 1) < 0.02);
        assert_true(fabs(neighbours / count) < 4 * variance / sqrt(count));
        /* kurtosis of a sum of four uniform values: 3 - 1.2 / 4 */
        assert_true(fabs(fourth / count / variance / variance - 2.7) < 0.1);
    }
    float once[PIXELS] = {0}, again[PIXELS] = {0}, other[PIXELS] = {0};
    const mnist_inputs inputs = inputs_with(0.0f, 0.0f, 0.2f, 1.0f);
    mnist_inputs_add_noise(&inputs, 1, 2, once, PIXELS);
    mnist_inputs_add_noise(&inputs, 1, 2, again, PIXELS);
    mnist_inputs_add_noise(&inputs, 2, 2, other, PIXELS);
    assert_memory_equal(once, again, sizeof once);
    assert_memory_not_equal(once, other, sizeof once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_mixup_shares),
        cmocka_unit_test(test_mixup_table),
        cmocka_unit_test(test_mixed_images),
        cmocka_unit_test(test_dropped_pixels),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
