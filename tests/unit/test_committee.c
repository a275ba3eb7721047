/* Class probabilities, and nets that vote with their mean. */
#include "unit/unit.h"

#include "base/memory.h"
#include "kernels/kernels.h"

#include <math.h>
#include <mnist/mnist.h>

enum { SIDE = 4, PIXELS = SIDE * SIDE, COUNT = 101 };

static const mnist_normalization UNIT = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};

/* A net without hidden layers, of small weights that are a function of stream. */
static mnist_mlp *small_net(uint32_t stream, float scale)
{
    mnist_mlp_config config = {.inputs = PIXELS, .outputs = MNIST_CLASSES};
    float w[PIXELS * MNIST_CLASSES], bias[MNIST_CLASSES];
    mnist_mlp *mlp;
    test_fill(w, PIXELS * MNIST_CLASSES, stream, scale);
    test_fill(bias, MNIST_CLASSES, stream + 1, scale);
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, w, bias);
    return mlp;
}

/* By the textbook, in double. */
static void expected_probabilities(uint32_t stream, float scale, const uint8_t *image, double *p)
{
    float w[PIXELS * MNIST_CLASSES], bias[MNIST_CLASSES];
    double sum = 0.0;
    test_fill(w, PIXELS * MNIST_CLASSES, stream, scale);
    test_fill(bias, MNIST_CLASSES, stream + 1, scale);
    for (size_t c = 0; c < MNIST_CLASSES; c++) {
        double z = (double)bias[c];
        for (size_t i = 0; i < PIXELS; i++) {
            z += image[i] / 255.0 * (double)w[i * MNIST_CLASSES + c];
        }
        p[c] = exp(z);
        sum += p[c];
    }
    for (size_t c = 0; c < MNIST_CLASSES; c++) {
        p[c] /= sum;
    }
}

static uint8_t images[COUNT * PIXELS], labels[COUNT];

static mnist_view test_view(void)
{
    test_images(images, labels, COUNT, PIXELS);
    return (mnist_view){images, labels, COUNT, SIDE, SIDE, MNIST_CLASSES, 0};
}

/* Without labels the kernel gives probabilities, of the same bits in every table, and in place. */
static void test_kernel_same_bits(void **state)
{
    (void)state;
    enum { ROWS = 37, MOST = 64 };
    static const unsigned classes[] = {1, 2, 10, 16, 17, 47};
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t c = 0; c < LENGTH(classes); c++) {
            size_t stride = (classes[c] + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;
            _Alignas(MNIST_ALIGN) float z[ROWS * MOST], p[ROWS * MOST];
            test_fill(z, ROWS * stride, 9, c % 2 ? 60.0f : 3.0f);
            mnist_softmax softmax = {.z = z,
                                     .dz = p,
                                     .stride = stride,
                                     .rows = ROWS,
                                     .classes = classes[c],
                                     .smoothing = 0.5f, /* for targets, and there are none */
                                     .scale = 1.0f};
            mnist_kernels_scalar.softmax(&softmax);
            softmax.dz = z;
            mnist_kernels_list(k)->softmax(&softmax);
            assert_memory_equal(z, p, ROWS * stride * sizeof *z);
            for (size_t i = 0; i < ROWS; i++) {
                double sum = 0.0;
                for (size_t j = 0; j < stride; j++) {
                    assert_true(p[i * stride + j] >= 0.0f && p[i * stride + j] <= 1.0f);
                    assert_true(j < classes[c] || p[i * stride + j] == 0.0f);
                    sum += (double)p[i * stride + j];
                }
                assert_true(fabs(sum - 1.0) < 1e-6);
            }
        }
    }
}

static void test_probabilities(void **state)
{
    (void)state;
    mnist_view view = test_view();
    mnist_mlp *mlp = small_net(40, 2.0f);
    float first[COUNT * MNIST_CLASSES], p[COUNT * MNIST_CLASSES];
    for (unsigned threads = 1; threads <= 4; threads++) {
        mnist_pool *pool;
        mnist_evaluation with, alone;
        assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
        assert_int_equal(mnist_probabilities(mlp, view, &UNIT, pool, p, &with, NULL), MNIST_OK);
        assert_int_equal(mnist_evaluate(mlp, view, &UNIT, pool, &alone, NULL), MNIST_OK);
        assert_memory_equal(&with, &alone, sizeof with);
        if (threads == 1) {
            memcpy(first, p, sizeof p);
        }
        assert_memory_equal(first, p, sizeof p);
        mnist_view unlabelled = view;
        unlabelled.labels = NULL;
        memset(p, 0xff, sizeof p);
        assert_int_equal(mnist_probabilities(mlp, unlabelled, &UNIT, pool, p, NULL, NULL),
                         MNIST_OK);
        assert_memory_equal(first, p, sizeof p);
        mnist_pool_free(pool);
    }
    for (size_t i = 0; i < COUNT; i++) {
        double expected[MNIST_CLASSES];
        expected_probabilities(40, 2.0f, images + i * PIXELS, expected);
        for (size_t c = 0; c < MNIST_CLASSES; c++) {
            assert_true(fabs((double)first[i * MNIST_CLASSES + c] - expected[c]) < 2e-6);
        }
    }
    mnist_mlp_free(mlp);
}

/* Two nets that differ also in their normalisation, against means taken by hand. */
static void test_mean_of_two(void **state)
{
    (void)state;
    mnist_view view = test_view();
    mnist_mlp *a = small_net(40, 2.0f), *b = small_net(50, 1.0f);
    mnist_pool *pool;
    mnist_committee *committee;
    mnist_evaluation own, alone, together;
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_create(&committee, view, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_count(committee), 0);
    assert_int_equal(mnist_committee_add(committee, a, &UNIT, pool, &own, NULL), MNIST_OK);
    assert_int_equal(mnist_evaluate(a, view, &UNIT, pool, &alone, NULL), MNIST_OK);
    assert_memory_equal(&own, &alone, sizeof own);
    /* (x / 255 - 0) / 1, told as a normalisation of its own kind */
    const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.0f, 1.0f};
    assert_int_equal(mnist_committee_add(committee, b, &standard, pool, NULL, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_count(committee), 2);
    mnist_committee_evaluate(committee, &together);

    double loss = 0.0;
    size_t errors = 0, differs = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double p[MNIST_CLASSES], q[MNIST_CLASSES];
        size_t top = 0, top_a = 0;
        expected_probabilities(40, 2.0f, images + i * PIXELS, p);
        expected_probabilities(50, 1.0f, images + i * PIXELS, q);
        for (size_t c = 0; c < MNIST_CLASSES; c++) {
            top = p[c] + q[c] > p[top] + q[top] ? c : top;
            top_a = p[c] > p[top_a] ? c : top_a;
        }
        loss -= log((p[labels[i]] + q[labels[i]]) / 2.0);
        errors += top != labels[i];
        differs += top != top_a;
    }
    assert_true(differs > 0); /* else the second would not matter */
    assert_int_equal(together.count, COUNT);
    assert_int_equal(together.errors, errors);
    assert_true(fabs(together.loss - loss / COUNT) < 1e-6);
    assert_true(together.accuracy == (double)(COUNT - errors) / COUNT);
    mnist_committee_free(committee);
    mnist_pool_free(pool);
    mnist_mlp_free(a);
    mnist_mlp_free(b);
}

/* A committee of one net, or of one net several times, predicts as that net does. */
static void test_of_one(void **state)
{
    (void)state;
    mnist_view view = test_view();
    mnist_mlp *mlp = small_net(60, 4.0f);
    mnist_pool *pool;
    mnist_committee *committee;
    mnist_evaluation own, together;
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_create(&committee, view, NULL), MNIST_OK);
    for (size_t members = 1; members <= 3; members++) {
        assert_int_equal(mnist_committee_add(committee, mlp, &UNIT, pool, &own, NULL), MNIST_OK);
        mnist_committee_evaluate(committee, &together);
        assert_int_equal(together.errors, own.errors);
        assert_true(together.accuracy == own.accuracy && together.accuracy_se == own.accuracy_se);
        assert_true(fabs(together.loss - own.loss) < 1e-6);
    }
    mnist_committee_free(committee);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

/* Versions of the images are so many members more, and one version is the net itself. */
static void test_versions(void **state)
{
    (void)state;
    enum { VERSIONS = 4 };
    mnist_view view = test_view();
    mnist_mlp *mlp = small_net(40, 2.0f);
    mnist_augmentation a;
    mnist_evaluation alone, expected, found, other;
    assert_int_equal(mnist_augmentation_parse(&a, "shift=1,rotate=40,erase=0.5,half17", NULL),
                     MNIST_OK);
    const mnist_versions itself = {.count = 1, .augmentation = a, .seed = 9};
    const mnist_versions several = {.count = VERSIONS, .augmentation = a, .seed = 9};
    for (unsigned threads = 1; threads <= 3; threads++) {
        mnist_pool *pool;
        mnist_augmenter *augmenter;
        mnist_committee *one, *many, *joined;
        static uint8_t distorted[COUNT * PIXELS];
        static float p[COUNT * MNIST_CLASSES];
        static double sums[COUNT][MNIST_CLASSES];
        assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
        assert_int_equal(mnist_committee_create(&one, view, NULL), MNIST_OK);
        assert_int_equal(mnist_committee_add(one, mlp, &UNIT, pool, NULL, NULL), MNIST_OK);
        mnist_committee_evaluate(one, &alone);
        mnist_committee_free(one);
        assert_int_equal(mnist_committee_create(&one, view, NULL), MNIST_OK);
        assert_int_equal(mnist_committee_add_versions(one, mlp, &UNIT, &itself, pool, NULL),
                         MNIST_OK);
        assert_int_equal(mnist_committee_count(one), 1);
        mnist_committee_evaluate(one, &found);
        assert_memory_equal(&found, &alone, sizeof found);

        assert_int_equal(mnist_committee_create(&many, view, NULL), MNIST_OK);
        assert_int_equal(mnist_committee_add_versions(many, mlp, threads == 2 ? NULL : &UNIT,
                                                      &several, threads == 3 ? NULL : pool, NULL),
                         MNIST_OK);
        assert_int_equal(mnist_committee_count(many), VERSIONS);
        mnist_committee_evaluate(many, &found);
        if (threads == 1) {
            expected = found;
        }
        assert_memory_equal(&found, &expected, sizeof found);
        assert_true(found.loss != alone.loss);

        /* by hand: the images, then what epochs 1 to 3 of seed 9 make of them, whatever their
         * labels are */
        memset(sums, 0, sizeof sums);
        assert_int_equal(mnist_augmenter_create(&augmenter, &a, SIDE, SIDE, pool, NULL), MNIST_OK);
        for (unsigned version = 0; version < VERSIONS; version++) {
            mnist_view seen = view;
            if (version > 0) {
                mnist_augmenter_start(augmenter, pool, 9, version);
                for (size_t i = 0; i < COUNT; i++) {
                    mnist_augment_image(augmenter, 0, i, 0, images + i * PIXELS,
                                        distorted + i * PIXELS);
                }
                seen.images = distorted;
            }
            assert_int_equal(mnist_probabilities(mlp, seen, &UNIT, pool, p, NULL, NULL), MNIST_OK);
            for (size_t i = 0; i < COUNT * MNIST_CLASSES; i++) {
                sums[i / MNIST_CLASSES][i % MNIST_CLASSES] += (double)p[i];
            }
        }
        double loss = 0.0;
        for (size_t i = 0; i < COUNT; i++) {
            loss -= log(sums[i][labels[i]] / VERSIONS) / COUNT;
        }
        assert_true(fabs(loss - found.loss) < 1e-9);
        mnist_augmenter_free(augmenter);

        /* joined with others, each member weighs as much as any */
        assert_int_equal(mnist_committee_create(&joined, view, NULL), MNIST_OK);
        mnist_committee_join(joined, many);
        assert_int_equal(mnist_committee_count(joined), VERSIONS);
        mnist_committee_evaluate(joined, &other);
        assert_memory_equal(&other, &found, sizeof found);
        mnist_committee_join(joined, one);
        assert_int_equal(mnist_committee_count(joined), VERSIONS + 1);
        assert_int_equal(mnist_committee_add(many, mlp, &UNIT, pool, NULL, NULL), MNIST_OK);
        mnist_committee_evaluate(joined, &other);
        mnist_committee_evaluate(many, &found);
        assert_memory_equal(&other, &found, sizeof found);

        mnist_committee_free(joined);
        mnist_committee_free(many);
        mnist_committee_free(one);
        mnist_pool_free(pool);
    }
    mnist_mlp_free(mlp);
}

/* Certain and wrong: a loss as large as a float's exponent allows, but finite. NaN is noticed. */
static void test_extremes(void **state)
{
    (void)state;
    mnist_view view = test_view();
    mnist_mlp *mlp = small_net(70, 0.0f);
    float bias[MNIST_CLASSES] = {500.0f};
    mnist_pool *pool;
    mnist_committee *committee;
    mnist_evaluation e;
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 0, NULL, bias);
    assert_int_equal(mnist_committee_create(&committee, view, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_add(committee, mlp, &UNIT, pool, NULL, NULL), MNIST_OK);
    mnist_committee_evaluate(committee, &e);
    assert_true(fabs(e.loss * COUNT - 87.0 * (double)e.errors) < 1e-3);
    bias[1] = INFINITY;
    mnist_mlp_set_layer(mlp, 0, NULL, bias);
    assert_int_equal(mnist_committee_add(committee, mlp, &UNIT, pool, NULL, NULL), MNIST_OK);
    mnist_committee_evaluate(committee, &e);
    assert_true(isnan(e.loss));
    mnist_committee_free(committee);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

static void test_refusals(void **state)
{
    (void)state;
    mnist_view view = test_view(), empty = view, wide = view;
    empty.count = 0;
    wide = (mnist_view){images, labels, 4, 5, 5, MNIST_CLASSES, 0};
    mnist_mlp *mlp = small_net(80, 1.0f);
    mnist_pool *pool;
    mnist_committee *committee;
    mnist_error err;
    mnist_evaluation e;
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_create(&committee, empty, &err), MNIST_ERR_ARGUMENT);
    assert_null(committee);
    mnist_committee_free(committee);
    assert_int_equal(mnist_committee_create(&committee, wide, &err), MNIST_OK);
    assert_int_equal(mnist_committee_add(committee, mlp, &UNIT, pool, &e, &err),
                     MNIST_ERR_MISMATCH);
    const mnist_versions bad = {.count = 2, .augmentation = {.shift = -1.0f}, .seed = 1};
    mnist_committee *small;
    assert_int_equal(mnist_committee_create(&small, view, &err), MNIST_OK);
    assert_int_equal(mnist_committee_add_versions(small, mlp, &UNIT, &bad, pool, &err),
                     MNIST_ERR_ARGUMENT);
    mnist_committee_free(small);
    assert_int_equal(mnist_committee_add_versions(committee, mlp, &UNIT, &bad, pool, &err),
                     MNIST_ERR_MISMATCH); /* said first */
    assert_string_equal(err.text, "the images are 5 x 5 = 25 pixels, but the net has 16 inputs");
    assert_int_equal(mnist_committee_count(committee), 0);
    mnist_committee_free(committee);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_same_bits), cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_mean_of_two),      cmocka_unit_test(test_of_one),
        cmocka_unit_test(test_versions),         cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("committee", tests, NULL, NULL);
}
