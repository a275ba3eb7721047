/* The backward pass against central differences, in double, of an independent forward pass. */
#include "unit/unit.h"

#include "unit/exact.h"

#include <math.h>
#include <mnist/nn.h>
#include <stdlib.h>

enum { INPUTS = 21, CLASSES = 10, BATCH = 7, MAX_WIDTH = 70 };

/* A net in double: weights (in, out), one array a layer, the bias after the weights. */
typedef struct reference {
    unsigned layers;
    unsigned width[5]; /* width[0] is INPUTS */
    double *parameters[4];
    mnist_activation activation;
} reference;

/* Mean cross-entropy of the batch. */
static double reference_loss(const reference *net, const float *x, const uint8_t *labels,
                             double smoothing)
{
    double total = 0;
    for (size_t i = 0; i < BATCH; i++) {
        double a[MAX_WIDTH], z[MAX_WIDTH];
        for (size_t k = 0; k < INPUTS; k++) {
            a[k] = (double)x[i * INPUTS + k];
        }
        for (unsigned l = 0; l < net->layers; l++) {
            size_t in = net->width[l], out = net->width[l + 1];
            for (size_t n = 0; n < out; n++) {
                z[n] = net->parameters[l][in * out + n];
                for (size_t k = 0; k < in; k++) {
                    z[n] += a[k] * net->parameters[l][k * out + n];
                }
            }
            for (size_t n = 0; n < out; n++) {
                a[n] = l + 1 < net->layers ? exact_activation(net->activation, z[n]) : z[n];
            }
        }
        double sum = 0, loss = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            sum += exp(a[c]);
        }
        for (size_t c = 0; c < CLASSES; c++) {
            double target = smoothing / CLASSES + (c == labels[i] ? 1 - smoothing : 0);
            loss -= target * (a[c] - log(sum));
        }
        total += loss / BATCH;
    }
    return total;
}

/* Every parameter of one layer. The error is relative to the parameter's own gradient or, where
 * that is small, to the layer's root mean square: a float's rounding is of the size of what was
 * added up. */
static void check_layer(const reference *net, unsigned layer, const mnist_pass *pass,
                        const float *x, const uint8_t *labels, double smoothing, double *worst)
{
    size_t in = net->width[layer], out = net->width[layer + 1], count = (in + 1) * out;
    float *gradient = malloc(count * sizeof *gradient);
    double *difference = malloc(count * sizeof *difference), squares = 0;
    assert_true(gradient && difference);
    mnist_pass_get_gradient(pass, layer, gradient, gradient + in * out);
    for (size_t i = 0; i < count; i++) {
        double *parameter = &net->parameters[layer][i], old = *parameter, step = 1e-5;
        *parameter = old + step;
        double above = reference_loss(net, x, labels, smoothing);
        *parameter = old - step;
        double below = reference_loss(net, x, labels, smoothing);
        *parameter = old;
        difference[i] = (above - below) / (2 * step);
        squares += difference[i] * difference[i];
    }
    double typical = sqrt(squares / (double)count);
    assert_true(typical > 1e-6); /* else there would be nothing to see */
    for (size_t i = 0; i < count; i++) {
        double error =
            fabs((double)gradient[i] - difference[i]) / fmax(fabs(difference[i]), typical);
        *worst = fmax(*worst, error);
        if (!(error < 1e-5)) {
            fail_msg("%s, layer %u, parameter %zu: gradient %.9g, difference %.9g",
                     mnist_activation_name(net->activation), layer, i, (double)gradient[i],
                     difference[i]);
        }
    }
    free(gradient);
    free(difference);
}

static void check_net(unsigned depth, const unsigned *hidden, mnist_activation activation,
                      float smoothing, mnist_pool *pool, double *worst)
{
    mnist_mlp_config config = {
        .inputs = INPUTS, .outputs = CLASSES, .hidden_count = depth, .activation = activation};
    reference net = {.layers = depth + 1, .width = {INPUTS}, .activation = activation};
    memcpy(config.hidden, hidden, depth * sizeof *hidden);
    memcpy(net.width + 1, hidden, depth * sizeof *hidden);
    net.width[depth + 1] = CLASSES;
    mnist_mlp *mlp;
    mnist_pass *pass;
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, mlp, pool, BATCH, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_HE, 11 + depth);
    for (unsigned l = 0; l < net.layers; l++) {
        size_t weights = net.width[l] * (size_t)net.width[l + 1], outs = net.width[l + 1];
        float values[MAX_WIDTH * MAX_WIDTH], bias[MAX_WIDTH];
        test_fill(bias, outs, 40 + l, 0.3f);
        mnist_mlp_set_layer(mlp, l, NULL, bias);
        mnist_mlp_get_layer(mlp, l, values, bias);
        net.parameters[l] = malloc((weights + outs) * sizeof(double));
        assert_non_null(net.parameters[l]);
        for (size_t i = 0; i < weights + outs; i++) {
            net.parameters[l][i] = (double)(i < weights ? values[i] : bias[i - weights]);
        }
    }
    float x[BATCH * INPUTS], losses[BATCH];
    uint8_t labels[BATCH];
    double mean = 0;
    test_fill(x, LENGTH(x), 50, 1.0f);
    for (size_t i = 0; i < BATCH; i++) {
        labels[i] = (uint8_t)(i * 3 % CLASSES);
        x[i * INPUTS + i] = 0.0f;
    }
    mnist_pass_gradient(pass, x, labels, BATCH, smoothing, losses);
    for (size_t i = 0; i < BATCH; i++) {
        mean += (double)losses[i] / BATCH;
    }
    double expected = reference_loss(&net, x, labels, (double)smoothing);
    assert_true(fabs(mean / expected - 1) < 1e-6);
    for (unsigned l = 0; l < net.layers; l++) {
        check_layer(&net, l, pass, x, labels, (double)smoothing, worst);
    }
    for (unsigned l = 0; l < net.layers; l++) {
        free(net.parameters[l]);
    }
    mnist_pass_free(pass);
    mnist_mlp_free(mlp);
}

static void test_gradients(void **state)
{
    (void)state;
    static const unsigned hidden[3] = {70, 9, 17}; /* over a panel, under a lane row, over one */
    mnist_pool *pool;
    double worst = 0;
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    for (unsigned depth = 0; depth <= 3; depth++) {
        for (int f = 0; f < (depth == 0 ? 1 : MNIST_ACTIVATIONS); f++) {
            check_net(depth, hidden, (mnist_activation)f, 0.0f, pool, &worst);
        }
    }
    check_net(2, hidden, MNIST_TANH, 0.1f, pool, &worst);
    check_net(0, hidden, MNIST_RELU, 0.3f, pool, &worst);
    print_message("largest relative error: %.2g\n", worst);
    mnist_pool_free(pool);
}

/* Logits of the public forward call: a batch and its images one by one, any number of workers. */
static void test_forward_does_not_depend_on_batch(void **state)
{
    (void)state;
    mnist_mlp_config config = {
        .inputs = INPUTS, .outputs = CLASSES, .hidden_count = 2, .hidden = {70, 33}};
    mnist_mlp *mlp;
    float x[BATCH * INPUTS], all[BATCH * CLASSES], one[CLASSES];
    test_fill(x, LENGTH(x), 51, 1.0f);
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 3);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        mnist_pool *pool;
        mnist_pass *pass;
        assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
        assert_int_equal(mnist_pass_create(&pass, mlp, pool, BATCH, NULL), MNIST_OK);
        if (threads == 1) {
            mnist_pass_forward(pass, x, BATCH, all);
        }
        for (size_t i = 0; i < BATCH; i++) {
            mnist_pass_forward(pass, x + i * INPUTS, 1, one);
            assert_memory_equal(one, all + i * CLASSES, sizeof one);
        }
        mnist_pass_free(pass);
        mnist_pool_free(pool);
    }
    mnist_mlp_free(mlp);
}

static void test_pass_errors(void **state)
{
    (void)state;
    mnist_mlp_config config = {.inputs = INPUTS, .outputs = 300};
    mnist_mlp *mlp;
    mnist_pool *pool;
    mnist_pass *pass;
    mnist_error err;
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, mlp, pool, 0, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_pass_create(&pass, mlp, pool, 1, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "at most 256, found 300"));
    mnist_mlp_free(mlp);
    config.outputs = CLASSES;
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, mlp, pool, SIZE_MAX / 8, &err), MNIST_ERR_MEMORY);
    assert_null(pass);
    assert_non_null(strstr(err.text, "smaller batch"));
    mnist_mlp_free(mlp);
    mnist_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_forward_does_not_depend_on_batch),
        cmocka_unit_test(test_pass_errors),
    };
    return cmocka_run_group_tests_name("gradient", tests, NULL, NULL);
}
