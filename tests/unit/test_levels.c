/* Layers of few different weights, biases that are multiples of a step (mnist/compress.h). */
#include "drawn_mlp.h"

#include "io/packed_numbers.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { PIXELS = 784 };

/* Weights of the first layer that are 0 or one of six. */
static void thin_out(mnist_mlp *mlp)
{
    static const float levels[] = {-0.5f, -0.25f, -0.125f, 0.15625f, 0.3f, 1e-20f};
    static float w[PIXELS * 33];
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
        const unsigned drawn = (unsigned)(mnist_random(1, 0, i) * 60);
        w[i] = drawn < 6 ? levels[drawn] : 0.0f;
    }
    mnist_mlp_set_layer(mlp, 0, w, NULL);
}

static size_t different(const mnist_mlp *mlp, unsigned layer)
{
    static mnist_codebook codebook;
    const size_t count =
        (size_t)mnist_mlp_layer_inputs(mlp, layer) * mnist_mlp_layer_outputs(mlp, layer);
    float *w = malloc(count * sizeof *w);
    assert_non_null(w);
    mnist_mlp_get_layer(mlp, layer, w, NULL);
    const bool few = mnist_codebook_of(&codebook, w, count);
    free(w);
    return few ? codebook.count[0] + codebook.count[1] : SIZE_MAX;
}

static void test_levels(void **state)
{
    (void)state;
    for (unsigned levels = 1; levels <= MNIST_LEVELS_MOST; levels = levels * 2 + 1) {
        mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 2);
        size_t changed;
        assert_int_equal(mnist_mlp_take_levels(mlp, levels, levels, &changed, NULL), MNIST_OK);
        assert_true(changed > 25000);
        for (unsigned l = 0; l < 3; l++) {
            assert_true(different(mlp, l) <= levels);
        }
        assert_int_equal(mnist_mlp_take_levels(mlp, levels, levels, &changed, NULL), MNIST_OK);
        assert_int_equal(changed, 0);
        mnist_mlp_free(mlp);
    }
    mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
    size_t changed = 1;
    thin_out(mlp);
    assert_int_equal(mnist_mlp_take_levels(mlp, 3, 330, &changed, NULL), MNIST_OK);
    assert_in_range(changed, 300, 330); /* few enough as it is; of the last layer each is another */
    assert_int_equal(mnist_mlp_take_levels(mlp, 3, 3, &changed, NULL), MNIST_OK);
    assert_true(different(mlp, 0) <= 3);
    mnist_mlp_free(mlp);
}

static void test_bias_steps(void **state)
{
    (void)state;
    for (unsigned bits = 2; bits <= 16; bits += 2) {
        mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
        float bias[33];
        size_t changed;
        for (unsigned i = 0; i < 33; i++) {
            bias[i] = (float)mnist_random(2, 0, i) - 0.4f;
        }
        mnist_mlp_set_layer(mlp, 0, NULL, bias);
        assert_int_equal(mnist_mlp_round_biases(mlp, bits, &changed, NULL), MNIST_OK);
        assert_true(changed > 20);
        float rounded[33];
        mnist_mlp_get_layer(mlp, 0, NULL, rounded);
        for (unsigned i = 0; i < 33; i++) {
            assert_true(fabsf(rounded[i] - bias[i]) <= 0.31f / (float)((1u << (bits - 1)) - 1));
        }
        assert_true(mnist_step_of(rounded, 33, (1u << (bits - 1)) - 1) > 0.0f);
        assert_int_equal(mnist_mlp_round_biases(mlp, bits, &changed, NULL), MNIST_OK);
        assert_int_equal(changed, 0);
        bias[0] = INFINITY;
        mnist_mlp_set_layer(mlp, 0, NULL, bias);
        mnist_error err;
        assert_int_equal(mnist_mlp_round_biases(mlp, bits, NULL, &err), MNIST_ERR_ARGUMENT);
        assert_int_equal(mnist_mlp_take_levels(mlp, 4, 4, NULL, &err), MNIST_ERR_ARGUMENT);
        mnist_mlp_free(mlp);
    }
}

/* Each weight is at its nearest level, and 0 counts as one. */
static void test_nearest(void **state)
{
    (void)state;
    mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 0);
    static float before[PIXELS * 10], after[PIXELS * 10];
    static mnist_codebook codebook;
    mnist_mlp_get_layer(mlp, 0, before, NULL);
    assert_int_equal(mnist_mlp_take_levels(mlp, 6, 6, NULL, NULL), MNIST_OK);
    mnist_mlp_get_layer(mlp, 0, after, NULL);
    assert_true(mnist_codebook_of(&codebook, after, PIXELS * 10));
    const int low = -(int)codebook.count[0], high = (int)codebook.count[1];
    size_t zeros = 0;
    for (size_t i = 0; i < PIXELS * 10; i++) {
        float least = INFINITY;
        for (int rank = low; rank <= high; rank++) {
            least = fminf(least, fabsf(before[i] - mnist_codebook_value(&codebook, rank)));
        }
        /* levels are rounded once weights have theirs */
        assert_true(fabsf(before[i] - after[i]) <= least + 0.005f * fabsf(before[i]));
        zeros += after[i] == 0.0f;
    }
    assert_true(zeros > 500 && zeros < 2500 && low == -3 && high == 3);
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_bias_steps),
    };
    return cmocka_run_group_tests_name("levels", tests, NULL, NULL);
}
