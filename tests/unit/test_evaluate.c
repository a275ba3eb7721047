#include "unit/unit.h"

#include <math.h>
#include <mnist/mnist.h>

enum { SIDE = 4, PIXELS = SIDE * SIDE, COUNT = 1000 };

/* A net without hidden layers whose logit c is pixel c, so that its predictions are known
 * beforehand. */
static mnist_mlp *identity(void)
{
    mnist_mlp_config config = {.inputs = PIXELS, .outputs = MNIST_CLASSES};
    float w[PIXELS * MNIST_CLASSES] = {0};
    mnist_mlp *mlp;
    for (size_t c = 0; c < MNIST_CLASSES; c++) {
        w[c * MNIST_CLASSES + c] = 5.0f;
    }
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, w, NULL);
    return mlp;
}

static void test_counts_and_loss(void **state)
{
    (void)state;
    static uint8_t images[COUNT * PIXELS], labels[COUNT];
    mnist_mlp *mlp = identity();
    size_t wrong = 0;
    double loss = 0;
    for (size_t i = 0; i < COUNT; i++) {
        size_t shown = i % MNIST_CLASSES;
        images[i * PIXELS + shown] = 255;
        labels[i] = (uint8_t)(i % 7 == 0 ? (shown + 1) % MNIST_CLASSES : shown);
        wrong += labels[i] != shown;
        loss += log(exp(5.0) + 9.0) - (labels[i] == shown ? 5.0 : 0.0);
    }
    mnist_view view = {images, labels, COUNT, SIDE, SIDE, MNIST_CLASSES, 0};
    mnist_normalization normalization = mnist_normalization_fit(MNIST_NORMALIZE_UNIT, view);
    mnist_evaluation first;
    for (unsigned threads = 1; threads <= 4; threads++) {
        mnist_pool *pool;
        mnist_evaluation e;
        assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
        assert_int_equal(mnist_evaluate(mlp, view, &normalization, pool, &e, NULL), MNIST_OK);
        assert_int_equal(e.count, COUNT);
        assert_int_equal(e.errors, wrong);
        assert_true(fabs(e.loss - loss / COUNT) < 1e-6);
        assert_true(e.accuracy == (double)(COUNT - wrong) / COUNT);
        assert_true(fabs(e.accuracy_se - sqrt(e.accuracy * (1 - e.accuracy) / COUNT)) < 1e-15);
        if (threads == 1) {
            first = e;
        }
        assert_true(e.loss == first.loss);
        mnist_pool_free(pool);
    }
    mnist_evaluation e; /* neither normalisation nor pool: pixels / 255, and a pool of its own */
    assert_int_equal(mnist_evaluate(mlp, view, NULL, NULL, &e, NULL), MNIST_OK);
    assert_memory_equal(&e, &first, sizeof e);
    mnist_mlp_free(mlp);
}

/* A net that sees only the signs of its inputs: these must be as the normalisation says. */
static void test_normalization_is_applied(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS], labels[2] = {0, 1};
    memset(images, 50, PIXELS);
    memset(images + PIXELS, 150, PIXELS);
    mnist_view view = {images, labels, 2, SIDE, SIDE, MNIST_CLASSES, 0};
    mnist_mlp_config config = {.inputs = PIXELS, .outputs = MNIST_CLASSES};
    float w[PIXELS * MNIST_CLASSES] = {0};
    mnist_mlp *mlp;
    mnist_pool *pool;
    mnist_evaluation e;
    for (size_t p = 0; p < PIXELS; p++) { /* z = (-sum, sum, 0, …) */
        w[p * MNIST_CLASSES] = -1.0f;
        w[p * MNIST_CLASSES + 1] = 1.0f;
    }
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, w, NULL);
    mnist_normalization unit = mnist_normalization_fit(MNIST_NORMALIZE_UNIT, view);
    mnist_normalization standard = mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, view);
    assert_int_equal(mnist_evaluate(mlp, view, &unit, pool, &e, NULL), MNIST_OK);
    assert_int_equal(e.errors, 1); /* every pixel is above 0 */
    assert_int_equal(mnist_evaluate(mlp, view, &standard, pool, &e, NULL), MNIST_OK);
    assert_int_equal(e.errors, 0); /* and now -1 or 1: logits (16, -16) or (-16, 16), the rest 0 */
    assert_true(fabs(e.loss - log(1 + 8 * exp(-16) + exp(-32))) < 1.3e-7);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

/* One by one, in twos or all at once: the bits of mnist_probabilities, whatever the normalisation.
 */
static void test_classifier(void **state)
{
    (void)state;
    mnist_dataset *dataset;
    mnist_mlp *mlp;
    mnist_pool *pool;
    mnist_error err;
    enum { IMAGES = 50 };
    static float expected[IMAGES * MNIST_CLASSES], found[IMAGES * MNIST_CLASSES];
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, 0, IMAGES, 3, &err), MNIST_OK);
    const mnist_view view = mnist_dataset_view(dataset);
    const size_t pixels = (size_t)view.rows * view.cols;
    const mnist_mlp_config config = {.inputs = (unsigned)pixels,
                                     .outputs = MNIST_CLASSES,
                                     .hidden_count = 2,
                                     .hidden = {70, 33},
                                     .activation = MNIST_TANH};
    assert_int_equal(mnist_mlp_create(&mlp, &config, &err), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 7);
    assert_int_equal(mnist_pool_create(&pool, 2, &err), MNIST_OK);
    for (int kind = 0; kind < MNIST_NORMALIZATIONS; kind++) {
        const mnist_normalization normalization =
            mnist_normalization_fit((mnist_normalization_kind)kind, view);
        assert_int_equal(mnist_probabilities(mlp, view, &normalization, pool, expected, NULL, &err),
                         MNIST_OK);
        for (size_t step = 1; step <= IMAGES; step = step < 3 ? step + 1 : step + 47) {
            mnist_classifier *classifier;
            assert_int_equal(mnist_classifier_create(&classifier, mlp, &normalization, step, &err),
                             MNIST_OK);
            memset(found, 0, sizeof found);
            for (size_t i = 0; i < IMAGES; i += step) {
                mnist_classifier_run(classifier, view.images + i * pixels,
                                     IMAGES - i < step ? IMAGES - i : step,
                                     found + i * MNIST_CLASSES);
            }
            assert_memory_equal(found, expected, sizeof expected);
            mnist_classifier_free(classifier);
        }
    }
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
    mnist_dataset_free(dataset);
    mnist_classifier_free(NULL);
}

static void test_refusals(void **state)
{
    (void)state;
    static const uint8_t images[100], labels[4];
    mnist_mlp *mlp = identity();
    mnist_pool *pool;
    mnist_error err;
    mnist_evaluation e;
    mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    mnist_view empty = {images, labels, 0, SIDE, SIDE, MNIST_CLASSES, 0},
               wide = {images, labels, 4, 5, 5, MNIST_CLASSES, 0};
    assert_int_equal(mnist_evaluate(mlp, empty, &unit, pool, &e, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_evaluate(mlp, wide, &unit, pool, &e, &err), MNIST_ERR_MISMATCH);
    assert_string_equal(err.text, "the images are 5 x 5 = 25 pixels, but the net has 16 inputs");
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_loss),
        cmocka_unit_test(test_normalization_is_applied),
        cmocka_unit_test(test_classifier),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
