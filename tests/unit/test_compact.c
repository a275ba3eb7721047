/* Nets without the units that they can do without give the same logits; parameters of 16 bits are the
 * nearest that there are. */
#include "unit/unit.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 6, PIXELS = SIDE * SIDE, IMAGES = 200, FIRST = 70, SECOND = 30, OUT = MNIST_CLASSES };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
static float before[IMAGES * OUT], after[IMAGES * OUT];

static mnist_mlp *drawn(mnist_activation activation)
{
    const mnist_mlp_config shape = {.inputs = PIXELS,
                                    .outputs = OUT,
                                    .hidden_count = 2,
                                    .hidden = {FIRST, SECOND},
                                    .activation = activation};
    mnist_mlp *mlp;
    float biases[FIRST];
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 3, NULL), MNIST_OK);
    test_fill(biases, FIRST, 5, 0.3f);
    mnist_mlp_set_layer(mlp, 0, NULL, biases);
    mnist_mlp_set_layer(mlp, 1, NULL, biases);
    mnist_mlp_set_layer(mlp, 2, NULL, biases);
    return mlp;
}

/* Sets weights of a layer to 0: those from input `in`, or to output `out`; -1: from or to any. */
static void cut(mnist_mlp *mlp, unsigned layer, int in, int out)
{
    const int inputs = (int)mnist_mlp_layer_inputs(mlp, layer),
              outputs = (int)mnist_mlp_layer_outputs(mlp, layer);
    float *weights = malloc((size_t)inputs * (size_t)outputs * sizeof *weights);
    assert_non_null(weights);
    mnist_mlp_get_layer(mlp, layer, weights, NULL);
    for (int i = 0; i < inputs; i++) {
        for (int n = 0; n < outputs; n++) {
            if ((in < 0 || in == i) && (out < 0 || out == n)) {
                weights[i * outputs + n] = i % 2 ? 0.0f : -0.0f; /* either is no weight */
            }
        }
    }
    mnist_mlp_set_layer(mlp, layer, weights, NULL);
    free(weights);
}

static void logits(mnist_mlp *mlp, float *out)
{
    assert_int_equal(mnist_logits(mlp, view, NULL, NULL, out, NULL, NULL), MNIST_OK);
}

/* Compacts; the net before is freed. The largest difference of two logits. */
static float compact(mnist_mlp *mlp, unsigned first, unsigned second, mnist_compaction expected)
{
    mnist_mlp *small;
    mnist_compaction removed;
    float most = 0.0f;
    logits(mlp, before);
    assert_int_equal(mnist_mlp_compact(&small, mlp, &removed, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_shape(small)->hidden[0], first);
    assert_int_equal(mnist_mlp_shape(small)->hidden[1], second);
    assert_int_equal(removed.unread, expected.unread);
    assert_int_equal(removed.constant, expected.constant);
    logits(small, after);
    for (size_t i = 0; i < IMAGES * OUT; i++) {
        most = fmaxf(most, fabsf(before[i] - after[i]));
    }
    mnist_mlp_free(small);
    mnist_mlp_free(mlp);
    return most;
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    assert_true(compact(drawn(MNIST_RELU), FIRST, SECOND, (mnist_compaction){0}) == 0.0f);
    assert_memory_equal(before, after, sizeof before);
}

/* Units that nothing reads go, to the bit, and with them those that only they read. */
static void test_unread(void **state)
{
    (void)state;
    for (int a = 0; a < MNIST_ACTIVATIONS; a++) {
        mnist_mlp *mlp = drawn((mnist_activation)a);
        const int gone[] = {0, 1, 63, 64, 69};
        for (size_t i = 0; i < LENGTH(gone); i++) {
            cut(mlp, 1, gone[i], -1);
        }
        cut(mlp, 2, 7, -1);
        cut(mlp, 2, 29, -1);
        for (int n = 0; n < SECOND; n++) { /* unit 20 is read by 7 and 29 alone */
            if (n != 7 && n != 29) {
                cut(mlp, 1, 20, n);
            }
        }
        compact(mlp, FIRST - 6, SECOND - 2, (mnist_compaction){.unread = 8});
        assert_memory_equal(before, after, sizeof before);
    }
}

/* Units that are the same for every image become biases, and so do those above that become so. */
static void test_constant(void **state)
{
    (void)state;
    for (int a = 0; a < MNIST_ACTIVATIONS; a++) {
        mnist_mlp *mlp = drawn((mnist_activation)a);
        cut(mlp, 0, -1, 4);
        cut(mlp, 0, -1, 65);
        for (int i = 0; i < FIRST; i++) { /* unit 3 above reads those two alone */
            if (i != 4 && i != 65) {
                cut(mlp, 1, i, 3);
            }
        }
        const float most = compact(mlp, FIRST - 2, SECOND - 1, (mnist_compaction){.constant = 3});
        assert_true(most < 2e-5f);
    }
}

/* With numbers that leave nothing to round: 0.5 x 0.25 is added to a bias of 1. */
static void test_fold(void **state)
{
    const mnist_mlp_config shape = {.inputs = 1, .outputs = 1, .hidden_count = 1, .hidden = {2}};
    const float in[] = {0.0f, 1.0f}, in_bias[] = {0.5f, 0.0f}, out[] = {0.25f, 2.0f}, one = 1.0f;
    float weights[1], bias[1];
    mnist_mlp *mlp, *small;
    (void)state;
    assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, in, in_bias);
    mnist_mlp_set_layer(mlp, 1, out, &one);
    assert_int_equal(mnist_mlp_compact(&small, mlp, NULL, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_shape(small)->hidden[0], 1);
    mnist_mlp_get_layer(small, 1, weights, bias);
    assert_true(weights[0] == 2.0f && bias[0] == 1.125f);
    mnist_mlp_free(small);
    mnist_mlp_free(mlp);
}

/* A layer keeps a unit, whatever is 0. */
static void test_all_gone(void **state)
{
    size_t left;
    (void)state;
    mnist_mlp *mlp = drawn(MNIST_TANH);
    cut(mlp, 2, -1, -1);
    compact(mlp, 1, 1, (mnist_compaction){.unread = FIRST + SECOND - 2});
    assert_memory_equal(before, after, sizeof before);
    mlp = drawn(MNIST_TANH);
    cut(mlp, 0, -1, -1);
    assert_int_equal(mnist_mlp_layer_weights_left(mlp, 0, &left, NULL), MNIST_OK);
    assert_int_equal(left, 0);
    assert_int_equal(mnist_mlp_layer_weights_left(mlp, 1, &left, NULL), MNIST_OK);
    assert_int_equal(left, FIRST * SECOND);
    const float most = compact(mlp, 1, 1, (mnist_compaction){.constant = FIRST + SECOND - 2});
    assert_true(most < 2e-5f);
}

static void test_not_finite(void **state)
{
    mnist_mlp *mlp = drawn(MNIST_RELU), *small;
    mnist_error err;
    float biases[SECOND] = {0};
    (void)state;
    biases[3] = NAN;
    mnist_mlp_set_layer(mlp, 1, NULL, biases);
    assert_int_equal(mnist_mlp_compact(&small, mlp, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_null(small);
    assert_string_equal(err.text, "layer 1: a parameter is not a finite number");
    assert_int_equal(mnist_mlp_round(mlp, MNIST_BF16, NULL, &err), MNIST_ERR_ARGUMENT);
    mnist_mlp_free(mlp);
}

/* One parameter through mnist_mlp_round; NAN where it is refused. */
static float rounded(float value, mnist_precision precision)
{
    const mnist_mlp_config shape = {.inputs = 1, .outputs = 1};
    mnist_mlp *mlp;
    float got = NAN;
    size_t changed;
    assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, &value, NULL);
    if (mnist_mlp_round(mlp, precision, &changed, NULL) == MNIST_OK) {
        mnist_mlp_get_layer(mlp, 0, &got, NULL);
        assert_int_equal(changed, got != value);
    }
    mnist_mlp_free(mlp);
    return got;
}

/* The nearest fp16 by its definition, in double: a multiple of 2^(exponent - 10), ties to even. */
static float nearest_fp16(double value)
{
    int exponent;
    (void)frexp(value, &exponent);
    const double unit = ldexp(1.0, (exponent < -13 ? -13 : exponent) - 11);
    const double result = nearbyint(value / unit) * unit;
    return fabs(result) > 65504.0 ? NAN : (float)result;
}

static void test_round(void **state)
{
    (void)state;
    static const float halves[][2] = {
        {1.0f, 1.0f},
        {0x1.002p0f, 0x1.0p0f},
        {0x1.006p0f, 0x1.008p0f},
        {0x1.002002p0f, 0x1.004p0f},
        {65504.0f, 65504.0f},
        {65519.0f, 65504.0f},
        {0x1p-24f, 0x1p-24f},
        {0x1p-25f, 0.0f},
        {0x1.8p-24f, 0x1p-23f},
        {0x1.ffep-15f, 0x1p-14f},
    };
    for (size_t i = 0; i < LENGTH(halves); i++) {
        assert_true(rounded(halves[i][0], MNIST_FP16) == halves[i][1]);
        assert_true(rounded(-halves[i][0], MNIST_FP16) == -halves[i][1]);
    }
    assert_true(isnan(rounded(65520.0f, MNIST_FP16)) && isnan(rounded(1e30f, MNIST_FP16)));
    for (uint64_t i = 0; i < 4000; i++) {
        const float value = ldexpf(test_value(9, i), (int)(i % 48) - 30);
        const float expected = nearest_fp16((double)value), got = rounded(value, MNIST_FP16);
        assert_true(got == expected || (isnan(got) && isnan(expected)));
    }
    assert_true(rounded(0x1.01p0f, MNIST_BF16) == 1.0f);
    assert_true(rounded(0x1.03p0f, MNIST_BF16) == 0x1.04p0f);
    assert_true(rounded(0x1.010002p0f, MNIST_BF16) == 0x1.02p0f);
    assert_true(rounded(-1e30f, MNIST_BF16) == -0x1.94p99f);
    assert_true(isnan(rounded(0x1.fffffep127f, MNIST_BF16)));
    assert_true(rounded(0.1f, MNIST_FP32) == 0.1f);
}

int main(void)
{
    test_images(images, labels, IMAGES, PIXELS);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_unread),
        cmocka_unit_test(test_constant),      cmocka_unit_test(test_fold),
        cmocka_unit_test(test_all_gone),      cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
