/* mnist_bias_calibrate against trying every offset. */
#include "unit/unit.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 6, PIXELS = SIDE * SIDE, IMAGES = 300 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};

/* Images of a class are noise about a pattern of their own; the net has learnt all of it but for the
 * biases of `classes`, which are off by `off`. */
static mnist_mlp *made(unsigned classes, float off)
{
    const mnist_mlp_config shape = {
        .inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 1, .hidden = {20}};
    mnist_train_config config = mnist_train_defaults();
    mnist_mlp *mlp;
    for (size_t i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)(i * 7 % MNIST_CLASSES);
        for (size_t p = 0; p < PIXELS; p++) {
            const float value = 128.0f + 60.0f * test_value(labels[i], p) +
                                60.0f * test_value(100 + (uint32_t)i, p);
            images[i * PIXELS + p] = (uint8_t)value;
        }
    }
    config.epochs = 3;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 1, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp, .config = &config, .train = view};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    float bias[MNIST_CLASSES];
    mnist_mlp_get_layer(mlp, 1, NULL, bias);
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        bias[c] += classes >> c & 1u ? off : 0.0f;
    }
    mnist_mlp_set_layer(mlp, 1, NULL, bias);
    return mlp;
}

/* Errors where the logits of the classes are moved by an offset. */
static size_t errors_at(const float *logits, unsigned classes, double offset)
{
    size_t errors = 0;
    for (size_t i = 0; i < IMAGES; i++) {
        double best = -INFINITY;
        unsigned predicted = 0;
        for (unsigned c = 0; c < MNIST_CLASSES; c++) {
            const double z =
                (double)logits[i * MNIST_CLASSES + c] + (classes >> c & 1u ? offset : 0.0);
            if (z > best) {
                best = z;
                predicted = c;
            }
        }
        errors += predicted != labels[i];
    }
    return errors;
}

static mnist_class_set set_of(unsigned bits)
{
    return (mnist_class_set){{bits}};
}

static void check(unsigned classes, float off)
{
    mnist_mlp *mlp = made(classes, off);
    static float logits[IMAGES * MNIST_CLASSES];
    mnist_evaluation before, after;
    mnist_bias_shift found;
    assert_int_equal(mnist_logits(mlp, view, NULL, NULL, logits, &before, NULL), MNIST_OK);
    assert_int_equal(mnist_bias_calibrate(mlp, view, NULL, NULL, set_of(classes), &found, NULL),
                     MNIST_OK);
    assert_int_equal(mnist_evaluate(mlp, view, NULL, NULL, &after, NULL), MNIST_OK);
    size_t least = IMAGES;
    for (int step = -4000; step <= 4000; step++) {
        const size_t errors = errors_at(logits, classes, step / 200.0);
        least = errors < least ? errors : least;
    }
    assert_int_equal(found.errors_before, before.errors);
    assert_int_equal(found.errors, after.errors);
    assert_int_equal(after.errors, errors_at(logits, classes, (double)found.offset));
    assert_true(after.errors <= least); /* steps may jump over a short run */
    assert_true(after.errors <= before.errors);
    mnist_mlp_free(mlp);
}

static void test_fewest_errors(void **state)
{
    (void)state;
    static const unsigned sets[] = {1u << 3, 1u << 0, 1u << 7 | 1u << 8, 0x3ff & ~(1u << 9), 0x155};
    for (size_t i = 0; i < LENGTH(sets); i++) {
        for (int off = -8; off <= 8; off += 4) {
            check(sets[i], (float)off);
        }
    }
}

/* What is right stays as it is; what is not finite is left alone. */
static void test_left_alone(void **state)
{
    (void)state;
    mnist_mlp *mlp = made(0, 0.0f);
    float bias[2][MNIST_CLASSES];
    mnist_bias_shift found;
    const mnist_view first = mnist_view_slice(view, 0, 1);
    mnist_evaluation all;
    assert_int_equal(mnist_evaluate(mlp, first, NULL, NULL, &all, NULL), MNIST_OK);
    assert_int_equal(all.errors, 0);
    mnist_mlp_get_layer(mlp, 1, NULL, bias[0]);
    assert_int_equal(mnist_bias_calibrate(mlp, first, NULL, NULL, set_of(1u << 5), &found, NULL),
                     MNIST_OK);
    assert_int_equal(found.errors, 0);
    mnist_mlp_set_layer(mlp, 1, NULL, bias[0]);
    bias[0][4] = INFINITY;
    mnist_mlp_set_layer(mlp, 1, NULL, bias[0]);
    assert_int_equal(mnist_bias_calibrate(mlp, view, NULL, NULL, set_of(1u << 5), &found, NULL),
                     MNIST_OK);
    assert_true(found.offset == 0.0f);
    mnist_mlp_get_layer(mlp, 1, NULL, bias[1]);
    assert_memory_equal(bias[0], bias[1], sizeof bias[0]);
    mnist_mlp_free(mlp);
}

static void test_errors(void **state)
{
    (void)state;
    mnist_mlp *mlp = made(0, 0.0f);
    mnist_bias_shift found;
    const mnist_view empty = mnist_view_slice(view, 0, 0);
    assert_int_equal(mnist_bias_calibrate(mlp, empty, NULL, NULL, set_of(1), &found, NULL),
                     MNIST_ERR_ARGUMENT);
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fewest_errors),
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("bias", tests, NULL, NULL);
}
