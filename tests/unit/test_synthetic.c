/* The built-in digits (data/synthetic.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mnist/data.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, TRAIN = 2000, TEST = 1000 };

static mnist_dataset *create(uint64_t first, size_t count, uint64_t seed)
{
    mnist_error err;
    mnist_dataset *dataset;
    if (mnist_dataset_create_synthetic(&dataset, first, count, seed, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    mnist_view view = mnist_dataset_view(dataset);
    assert_int_equal(view.count, count);
    assert_int_equal(view.rows, SIDE);
    assert_int_equal(view.cols, SIDE);
    return dataset;
}

/* The same bits from every compiler, at every optimisation level, on every machine. A change here
 * changes every result on the synthetic data. */
static void first_hundred_are_pinned(void **state)
{
    (void)state;
    mnist_dataset *dataset = create(0, 100, 1);
    mnist_data_digests digests;
    mnist_view_digests(mnist_dataset_view(dataset), &digests);
    assert_string_equal(digests.images,
                        "f2f058c3d8cfb06cc245928eaf92b05a8e456f02563f4ef2ec26d1fd7599d88d");
    assert_string_equal(digests.labels,
                        "f8f19eb580c1b221b7d2470a7678e15b4f100d020f199a542d0fc93d165f0392");
    mnist_dataset_free(dataset);
}

static void an_image_is_a_function_of_seed_and_index(void **state)
{
    (void)state;
    static const struct {
        uint64_t first;
        size_t count;
    } parts[] = {{0, 1}, {7, 1}, {9, 2}, {13, 40}, {53, 47}};
    mnist_dataset *all = create(0, 100, 9);
    mnist_view whole = mnist_dataset_view(all);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        mnist_dataset *part = create(parts[i].first, parts[i].count, 9);
        mnist_view view = mnist_dataset_view(part);
        assert_memory_equal(view.images, whole.images + parts[i].first * PIXELS,
                            parts[i].count * PIXELS);
        assert_memory_equal(view.labels, whole.labels + parts[i].first, parts[i].count);
        mnist_dataset_free(part);
    }
    mnist_dataset_free(all);
}

static void no_two_images_are_alike(void **state)
{
    (void)state;
    enum { N = 200 };
    static const uint64_t seeds[] = {0, 1, UINT64_C(1) << 32, UINT64_MAX};
    mnist_dataset *sets[4];
    for (size_t s = 0; s < 4; s++) {
        sets[s] = create(0, N, seeds[s]);
    }
    for (size_t i = 0; i < 4 * N; i++) {
        const uint8_t *a = mnist_dataset_view(sets[i / N]).images + i % N * PIXELS;
        for (size_t j = 0; j < i; j++) {
            const uint8_t *b = mnist_dataset_view(sets[j / N]).images + j % N * PIXELS;
            assert_true(memcmp(a, b, PIXELS) != 0);
        }
    }
    for (size_t s = 1; s < 4; s++) { /* the order of the classes is another too */
        assert_true(
            memcmp(mnist_dataset_view(sets[0]).labels, mnist_dataset_view(sets[s]).labels, N) != 0);
    }
    for (size_t s = 0; s < 4; s++) {
        mnist_dataset_free(sets[s]);
    }
}

static void labels_are_balanced_in_aligned_tens(void **state)
{
    (void)state;
    mnist_dataset *dataset = create(1000, 500, 3);
    mnist_view view = mnist_dataset_view(dataset);
    unsigned places[MNIST_CLASSES][10] = {{0}};
    for (size_t run = 0; run < view.count; run += 10) {
        unsigned seen = 0;
        for (size_t i = 0; i < 10; i++) {
            assert_true(view.labels[run + i] < MNIST_CLASSES);
            seen |= 1u << view.labels[run + i];
            places[view.labels[run + i]][i]++;
        }
        assert_int_equal(seen, 0x3FF);
    }
    for (size_t c = 0; c < MNIST_CLASSES; c++) { /* no class has a fixed place: 5 on average */
        for (size_t i = 0; i < 10; i++) {
            assert_true(places[c][i] < 18);
        }
    }
    mnist_dataset_free(dataset);
}

/* White on black, a margin all round, as much ink as real digits have, in the middle. */
static void images_look_like_mnist(void **state)
{
    (void)state;
    enum { N = 5000 };
    mnist_dataset *dataset = create(0, N, 2);
    mnist_view view = mnist_dataset_view(dataset);
    double total = 0.0;
    for (size_t i = 0; i < N; i++) {
        const uint8_t *image = view.images + i * PIXELS;
        unsigned brightest = 0, lit = 0;
        double mass = 0.0, mx = 0.0, my = 0.0;
        for (unsigned p = 0; p < PIXELS; p++) {
            unsigned x = p % SIDE, y = p / SIDE;
            if (x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1) {
                assert_int_equal(image[p], 0);
            }
            brightest = image[p] > brightest ? image[p] : brightest;
            lit += image[p] > 0;
            mass += image[p];
            mx += (x + 0.5) * image[p];
            my += (y + 0.5) * image[p];
        }
        assert_true(brightest >= 150);
        assert_in_range(lit, 25, 400);
        assert_true(mx / mass > 11.0 && mx / mass < 17.0 && my / mass > 11.0 && my / mass < 17.0);
        total += mass / PIXELS / 255.0;
    }
    assert_true(total / N > 0.10 && total / N < 0.17); /* MNIST: 0.1307 */
    mnist_dataset_free(dataset);
}

static double squared_distance(const double *centre, const uint8_t *image)
{
    double sum = 0.0;
    for (size_t p = 0; p < PIXELS; p++) {
        double d = centre[p] - image[p];
        sum += d * d;
    }
    return sum;
}

/* The nearest class mean tells most digits apart, so labels and images belong together; but not
 * all, so that there is something to learn. */
static void digits_can_be_told_apart_but_not_trivially(void **state)
{
    (void)state;
    mnist_dataset *train = create(0, TRAIN, 4), *test = create(TRAIN, TEST, 4);
    mnist_view from = mnist_dataset_view(train), to = mnist_dataset_view(test);
    double(*means)[PIXELS] = calloc(MNIST_CLASSES, sizeof *means);
    assert_non_null(means);
    for (size_t i = 0; i < from.count * PIXELS; i++) {
        means[from.labels[i / PIXELS]][i % PIXELS] += from.images[i] / (TRAIN / 10.0);
    }
    size_t right = 0;
    for (size_t i = 0; i < to.count; i++) {
        unsigned best = 0;
        double least = squared_distance(means[0], to.images + i * PIXELS);
        for (unsigned c = 1; c < MNIST_CLASSES; c++) {
            double d = squared_distance(means[c], to.images + i * PIXELS);
            if (d < least) {
                least = d;
                best = c;
            }
        }
        right += best == to.labels[i];
    }
    assert_in_range(right, 750, 970);
    free(means);
    mnist_dataset_free(train);
    mnist_dataset_free(test);
}

static void impossible_ranges_are_refused(void **state)
{
    (void)state;
    mnist_error err;
    mnist_dataset *dataset = (mnist_dataset *)(uintptr_t)&err; /* must be set to NULL */
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, 0, 0, 1, &err), MNIST_ERR_ARGUMENT);
    assert_null(dataset);
    assert_non_null(strstr(err.text, "0 synthetic images asked for: expected 1 to "));
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, 0, SIZE_MAX, 1, &err),
                     MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, UINT64_MAX - 5, 6, 1, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "synthetic images from 18446744073709551610 on"));
    mnist_dataset_free(create(UINT64_MAX - 5, 5, 1)); /* the last there are */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_hundred_are_pinned),
        cmocka_unit_test(an_image_is_a_function_of_seed_and_index),
        cmocka_unit_test(no_two_images_are_alike),
        cmocka_unit_test(labels_are_balanced_in_aligned_tens),
        cmocka_unit_test(images_look_like_mnist),
        cmocka_unit_test(digits_can_be_told_apart_but_not_trivially),
        cmocka_unit_test(impossible_ranges_are_refused),
    };
    return cmocka_run_group_tests_name("synthetic", tests, NULL, NULL);
}
