#include "unit/unit.h"

#include "base/memory.h"
#include "nn/mlp.h"

#include <math.h>
#include <stdlib.h>

static mnist_mlp *create(unsigned inputs, unsigned outputs, unsigned count, const unsigned *hidden,
                         mnist_activation activation)
{
    mnist_mlp_config config = {
        .inputs = inputs, .outputs = outputs, .hidden_count = count, .activation = activation};
    mnist_mlp *mlp;
    memcpy(config.hidden, hidden, count * sizeof *hidden);
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    return mlp;
}

static void test_shape(void **state)
{
    (void)state;
    mnist_mlp *mlp = create(784, 10, 2, (unsigned[]){512, 30}, MNIST_TANH);
    assert_int_equal(mnist_mlp_layers(mlp), 3);
    assert_int_equal(mnist_mlp_parameters(mlp), 785 * 512 + 513 * 30 + 31 * 10);
    assert_int_equal(mnist_mlp_layer_inputs(mlp, 1), 512);
    assert_int_equal(mnist_mlp_layer_outputs(mlp, 1), 30);
    assert_int_equal(mnist_mlp_shape(mlp)->activation, MNIST_TANH);
    mnist_mlp_free(mlp);
    mnist_mlp_free(NULL);
}

static void test_bad_configs(void **state)
{
    (void)state;
    static const struct {
        mnist_mlp_config config;
        const char *text;
    } cases[] = {
        {{.inputs = 0, .outputs = 10}, "inputs: expected 1 to 65536, found 0"},
        {{.inputs = 784, .outputs = 65537}, "outputs: expected 1 to 65536, found 65537"},
        {{.inputs = 784, .outputs = 10, .hidden_count = 17}, "expected at most 16, found 17"},
        {{.inputs = 784, .outputs = 10, .hidden_count = 1}, "hidden layer: expected 1 to 65536"},
        {{.inputs = 784, .outputs = 10, .activation = MNIST_ACTIVATIONS}, "activation: "},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_mlp *mlp = (mnist_mlp *)&mlp;
        mnist_error err;
        assert_int_equal(mnist_mlp_create_drawn(&mlp, &cases[i].config, MNIST_INIT_AUTO, 1, &err),
                         MNIST_ERR_ARGUMENT);
        mlp = (mnist_mlp *)&mlp;
        assert_int_equal(mnist_mlp_create(&mlp, &cases[i].config, &err), MNIST_ERR_ARGUMENT);
        assert_null(mlp);
        assert_non_null(strstr(err.text, cases[i].text));
    }
}

/* What is set comes back, whatever the panels inside; padding stays zero. */
static void test_layers_round_trip(void **state)
{
    (void)state;
    static const unsigned widths[] = {1, 15, 16, 17, 63, 64, 65, 128, 130, 200};
    for (size_t i = 0; i < LENGTH(widths); i++) {
        mnist_mlp *mlp = create(7, 10, 1, &widths[i], MNIST_RELU);
        size_t count = 7 * widths[i];
        float *w = malloc(count * sizeof *w), *back = malloc(count * sizeof *w);
        float bias[200], bias_back[200];
        assert_true(w && back);
        test_fill(w, count, 1, 1.0f);
        test_fill(bias, widths[i], 2, 1.0f);
        mnist_mlp_set_layer(mlp, 0, w, NULL);
        mnist_mlp_set_layer(mlp, 0, NULL, bias);
        mnist_mlp_get_layer(mlp, 0, back, bias_back);
        assert_memory_equal(w, back, count * sizeof *w);
        assert_memory_equal(bias, bias_back, widths[i] * sizeof *bias);
        double in_arena = 0, in_layer = 0;
        for (size_t k = 0; k < mlp->arena_size; k++) {
            in_arena += fabs((double)mlp->parameters[k]);
        }
        for (size_t k = 0; k < count; k++) {
            in_layer += fabs((double)w[k]);
        }
        for (size_t k = 0; k < widths[i]; k++) {
            in_layer += fabs((double)bias[k]);
        }
        assert_true(fabs(in_arena - in_layer) < 1e-9 * in_layer);
        free(w);
        free(back);
        mnist_mlp_free(mlp);
    }
}

static void check_init(mnist_init init, mnist_activation activation, unsigned hidden_count,
                       double expected_bound)
{
    mnist_mlp *mlp = create(784, 10, hidden_count, (unsigned[]){100}, activation);
    unsigned outputs = mnist_mlp_layer_outputs(mlp, 0);
    size_t count = 784 * (size_t)outputs;
    float *w = malloc(count * sizeof *w), bias[100];
    double largest = 0, sum = 0, squares = 0;
    assert_non_null(w);
    mnist_mlp_init(mlp, init, 5);
    mnist_mlp_get_layer(mlp, 0, w, bias);
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)w[i]));
        sum += (double)w[i];
        squares += (double)w[i] * (double)w[i];
    }
    assert_true(largest <= expected_bound * 1.000001 && largest > 0.99 * expected_bound);
    assert_true(fabs(sum / (double)count) < 0.02 * expected_bound);
    /* a uniform variable's variance is a third of its bound squared */
    assert_true(fabs(squares / (double)count / (expected_bound * expected_bound / 3) - 1) < 0.05);
    for (unsigned i = 0; i < outputs; i++) {
        assert_true(bias[i] == 0.0f);
    }
    free(w);
    mnist_mlp_free(mlp);
}

static void test_init(void **state)
{
    (void)state;
    double he = sqrt(6.0 / 784), xavier = sqrt(6.0 / 884);
    check_init(MNIST_INIT_HE, MNIST_TANH, 1, he);
    check_init(MNIST_INIT_XAVIER, MNIST_RELU, 1, xavier);
    check_init(MNIST_INIT_AUTO, MNIST_RELU, 1, he);
    check_init(MNIST_INIT_AUTO, MNIST_GELU, 1, he);
    check_init(MNIST_INIT_AUTO, MNIST_TANH, 1, xavier);
    check_init(MNIST_INIT_AUTO, MNIST_SIGMOID, 1, xavier);
    check_init(MNIST_INIT_AUTO, MNIST_RELU, 0, sqrt(6.0 / 794));
    assert_string_equal(mnist_init_name(MNIST_INIT_XAVIER), "xavier");
    assert_null(mnist_init_name(MNIST_INITS));
}

/* A weight depends on the seed, its layer and its place alone. */
static void test_init_is_keyed(void **state)
{
    (void)state;
    mnist_mlp *a = create(20, 10, 1, (unsigned[]){70}, MNIST_RELU);
    mnist_mlp *b;
    mnist_mlp_init(a, MNIST_INIT_HE, 1);
    assert_int_equal(mnist_mlp_create_drawn(&b, mnist_mlp_shape(a), MNIST_INIT_HE, 2, NULL),
                     MNIST_OK);
    assert_memory_not_equal(a->parameters, b->parameters, a->arena_size * sizeof(float));
    mnist_mlp_init(b, MNIST_INIT_HE, 1);
    assert_memory_equal(a->parameters, b->parameters, a->arena_size * sizeof(float));
    float w[70 * 10], first[20 * 70];
    mnist_mlp_get_layer(a, 0, first, NULL);
    mnist_mlp_get_layer(a, 1, w, NULL);
    assert_memory_not_equal(w, first, 100 * sizeof *w);
    mnist_mlp_free(a);
    mnist_mlp_free(b);
}

static void test_finite(void **state)
{
    (void)state;
    mnist_mlp *mlp = create(5, 10, 0, (unsigned[]){0}, MNIST_RELU);
    float bias[10] = {0};
    assert_true(mnist_mlp_finite(mlp));
    bias[9] = INFINITY;
    mnist_mlp_set_layer(mlp, 0, NULL, bias);
    assert_false(mnist_mlp_finite(mlp));
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_layers_round_trip),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_init_is_keyed),
        cmocka_unit_test(test_finite),
    };
    return cmocka_run_group_tests_name("mlp", tests, NULL, NULL);
}
