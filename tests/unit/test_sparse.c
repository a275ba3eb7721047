/* Nets many of whose weights are 0: the same logits as densely, bit for bit, whatever the kernels, the
 * threads, the number of images and the density; which layers are computed so. */
#include "unit/unit.h"

#include "kernels/kernels.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 9, PIXELS = SIDE * SIDE, COUNT = 135 };

static uint8_t images[COUNT * PIXELS], labels[COUNT];

static mnist_view the_view(void)
{
    test_images(images, labels, COUNT, PIXELS);
    return (mnist_view){images, labels, COUNT, SIDE, SIDE, MNIST_CLASSES, 0};
}

/* Leaves the share `kept` of each layer's weights; of the last only if `last`. Some outputs keep
 * nothing, some everything. */
static void prune(mnist_mlp *mlp, double kept, bool last)
{
    for (unsigned l = 0; l + !last < mnist_mlp_layers(mlp); l++) {
        const size_t in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        float *w = malloc(in * out * sizeof *w);
        mnist_mlp_get_layer(mlp, l, w, NULL);
        for (size_t i = 0; i < in * out; i++) {
            const size_t n = i % out;
            const bool all = kept < 1.0 && n % 23 == 5, none = n % 23 == 7;
            if (!all && (none || (double)fabsf(test_value(90 + l, i)) >= kept)) {
                w[i] = i % 2 ? 0.0f : -0.0f;
            }
        }
        mnist_mlp_set_layer(mlp, l, w, NULL);
        free(w);
    }
}

static mnist_mlp *net(mnist_activation activation, unsigned inputs, unsigned hidden_count,
                      const unsigned *hidden)
{
    mnist_mlp_config config = {.inputs = inputs,
                               .outputs = MNIST_CLASSES,
                               .hidden_count = hidden_count,
                               .activation = activation};
    memcpy(config.hidden, hidden, hidden_count * sizeof *hidden);
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &config, MNIST_INIT_AUTO, 3, NULL), MNIST_OK);
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) { /* biases that matter */
        float *bias = malloc(mnist_mlp_layer_outputs(mlp, l) * sizeof *bias);
        test_fill(bias, mnist_mlp_layer_outputs(mlp, l), 50 + l, 0.3f);
        mnist_mlp_set_layer(mlp, l, NULL, bias);
        free(bias);
    }
    return mlp;
}

static void logits_of(mnist_mlp *mlp, mnist_view view, const mnist_normalization *normalization,
                      unsigned threads, float *logits)
{
    mnist_pool *pool;
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    assert_int_equal(mnist_logits(mlp, view, normalization, pool, logits, NULL, NULL), MNIST_OK);
    mnist_pool_free(pool);
}

static const struct {
    unsigned count, hidden[3];
} shapes[] = {{0, {0}}, {1, {1}}, {1, {130}}, {2, {30, 67}}, {3, {7, 64, 5}}};

/* A logit that is 0 may have either sign. */
static void assert_same_logits(float *a, float *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(a[i] == 0.0f && b[i] == 0.0f)) {
            fail_msg("value %zu is %a, densely %a", i, (double)b[i], (double)a[i]);
        }
    }
}

static void check_net(mnist_mlp *mlp, const mnist_normalization *normalization)
{
    static float dense[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    static const unsigned threads[] = {1, 2, 7};
    static const size_t counts[] = {1, 2, 3, 17, 64};
    mnist_sparse_use(MNIST_SPARSE_OFF);
    assert_int_equal(mnist_mlp_sparse_layers(mlp, COUNT, NULL), 0);
    logits_of(mlp, the_view(), normalization, 1, dense);
    mnist_sparse_use(MNIST_SPARSE_ON);
    assert_int_equal(mnist_mlp_sparse_layers(mlp, 1, NULL), mnist_mlp_layers(mlp));
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
        for (size_t t = 0; t < LENGTH(threads); t++) {
            memset(found, 0xff, sizeof found);
            logits_of(mlp, the_view(), normalization, threads[t], found);
            assert_same_logits(dense, found, COUNT * MNIST_CLASSES);
        }
        for (size_t c = 0; c < LENGTH(counts); c++) {
            const mnist_view some = mnist_view_slice(the_view(), COUNT - counts[c], counts[c]);
            logits_of(mlp, some, normalization, 1, found);
            assert_same_logits(dense + (COUNT - counts[c]) * MNIST_CLASSES, found,
                               counts[c] * MNIST_CLASSES);
        }
    }
    mnist_kernels_use(NULL, NULL);
    mnist_sparse_use(MNIST_SPARSE_AUTO);
}

static void test_same_bits(void **state)
{
    (void)state;
    static const double kept[] = {0.0, 0.03, 0.4, 1.0};
    const mnist_normalization standard =
        mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, the_view());
    unsigned turn = 0;
    for (size_t s = 0; s < LENGTH(shapes); s++) {
        for (size_t d = 0; d < LENGTH(kept); d++, turn++) {
            const mnist_activation a = (mnist_activation)(turn % MNIST_ACTIVATIONS);
            mnist_mlp *mlp = net(a, PIXELS, shapes[s].count, shapes[s].hidden);
            prune(mlp, kept[d], true);
            check_net(mlp, turn % 3 ? NULL : &standard);
            mnist_mlp_free(mlp);
        }
    }
}

/* By itself: a pruned net is computed without zeros, its full last layer too as the one below is; a
 * dense one is not, nor are few images. In all cases with the same result. */
static void test_choice(void **state)
{
    (void)state;
    static float dense[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {512, 300};
    double share;
    for (int pruned = 0; pruned < 2; pruned++) {
        mnist_mlp *mlp = net(MNIST_RELU, PIXELS, 2, hidden);
        if (pruned) {
            prune(mlp, 0.02, false);
        }
        assert_int_equal(mnist_mlp_sparse_layers(mlp, 1, NULL), 0);
        assert_int_equal(mnist_mlp_sparse_layers(mlp, COUNT, &share), pruned ? 3 : 0);
        assert_true(pruned ? share > 0.04 && share < 0.1 : share >= 1.0);
        mnist_classifier *plain, *expecting;
        assert_int_equal(mnist_classifier_create(&plain, mlp, NULL, 100, NULL), MNIST_OK);
        assert_int_equal(mnist_classifier_create(&expecting, mlp, NULL, 100, NULL), MNIST_OK);
        assert_int_equal(mnist_classifier_expect(expecting, 1000, NULL), MNIST_OK);
        static const size_t at_once[] = {1, 2, 5, 30, 100};
        static float p[100 * MNIST_CLASSES], q[100 * MNIST_CLASSES];
        for (size_t c = 0; c < LENGTH(at_once); c++) {
            the_view();
            mnist_classifier_run(plain, images, at_once[c], p);
            mnist_classifier_run(expecting, images, at_once[c], q);
            assert_memory_equal(p, q, at_once[c] * MNIST_CLASSES * sizeof *p);
        }
        mnist_classifier_free(plain);
        mnist_classifier_free(expecting);
        mnist_sparse_use(MNIST_SPARSE_OFF);
        logits_of(mlp, the_view(), NULL, 1, dense);
        mnist_sparse_use(MNIST_SPARSE_AUTO);
        logits_of(mlp, the_view(), NULL, 2, found);
        assert_same_logits(dense, found, COUNT * MNIST_CLASSES);
        mnist_mlp_free(mlp);
    }
}

/* A layer in the middle that is dense: values are turned to and fro. */
static void test_mixed(void **state)
{
    (void)state;
    static float dense[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {200, 200, 200, 100};
    for (unsigned full = 0; full < 4; full++) {
        mnist_mlp *mlp = net(MNIST_GELU, PIXELS, 4, hidden);
        float *w = malloc((size_t)200 * 200 * sizeof *w);
        mnist_mlp_get_layer(mlp, full, w, NULL);
        prune(mlp, 0.02, true);
        mnist_mlp_set_layer(mlp, full, w, NULL);
        assert_int_equal(mnist_mlp_sparse_layers(mlp, COUNT, NULL), 4);
        mnist_sparse_use(MNIST_SPARSE_OFF);
        logits_of(mlp, the_view(), NULL, 1, dense);
        mnist_sparse_use(MNIST_SPARSE_AUTO);
        logits_of(mlp, the_view(), NULL, 2, found);
        assert_same_logits(dense, found, COUNT * MNIST_CLASSES);
        free(w);
        mnist_mlp_free(mlp);
    }
}

/* Where a value is not finite a product with 0 is not 0: such images are computed densely. A weight
 * that is not finite makes its net dense. */
static void test_not_finite(void **state)
{
    (void)state;
    static float dense[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {40, 30};
    for (int what = 0; what < 3; what++) {
        for (size_t count = 1; count <= COUNT; count += 50) {
            const mnist_view view = mnist_view_slice(the_view(), 0, count);
            mnist_mlp *mlp = net(MNIST_RELU, PIXELS, 2, hidden);
            prune(mlp, 0.1, true);
            static float w[PIXELS * 40];
            mnist_mlp_get_layer(mlp, 0, w, NULL);
            w[40 * 40 + 3] = what == 0 ? 3e38f : what == 1 ? INFINITY : NAN;
            w[41 * 40 + 3] = w[42 * 40 + 3] = w[50 * 40 + 3] = 3e38f;
            mnist_mlp_set_layer(mlp, 0, w, NULL);
            mnist_sparse_use(MNIST_SPARSE_OFF);
            logits_of(mlp, view, NULL, 1, dense);
            mnist_sparse_use(MNIST_SPARSE_ON);
            logits_of(mlp, view, NULL, 1, found);
            for (size_t i = 0; i < count * MNIST_CLASSES; i++) {
                assert_true(memcmp(&dense[i], &found[i], sizeof *dense) == 0 ||
                            (isnan(dense[i]) && isnan(found[i])));
            }
            mnist_mlp_free(mlp);
        }
    }
    mnist_sparse_use(MNIST_SPARSE_AUTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests_name("sparse", tests, NULL, NULL);
}
