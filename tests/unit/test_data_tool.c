/* mnist-data: ranges, how images are dealt out, lines of digits, and files of other programs. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "scratch.h"
#include "unit.h"

#include "cli/data/compose.h"
#include "cli/data/deal.h"

#include <mnist/mnist.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 997, CLASSES = 7 };

static uint8_t labels[COUNT];

static void draw_labels(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        labels[i] =
            (uint8_t)(mnist_rng(7, (mnist_rng_purpose)TEST_RNG_LABELS, 0, i).word[0] % CLASSES);
    }
}

static void test_ranges(void **state)
{
    (void)state;
    static const char *const bad[] = {"",  "a",   "1:",   ":2",  "2:1",        "1:2:3", "1 :2",
                                      "-", "--1", "-5:0", "0:9", "1:99999999", "+1",    "1.5"};
    mnist_data_range range = {0, 0};
    assert_true(mnist_data_range_parse(&range, "3", -4, 8));
    assert_true(range.low == 3 && range.high == 3);
    assert_true(mnist_data_range_parse(&range, "-4:8", -4, 8));
    assert_true(range.low == -4 && range.high == 8);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        assert_false(mnist_data_range_parse(&range, bad[i], -4, 8));
    }
    assert_true(range.low == -4); /* as it was */
}

/* --- Dealing ------------------------------------------------------------------------------------------- */

/* Every image is in one hand, and no hand is empty. */
static void assert_complete(const mnist_hands *hands, const mnist_deck *deck)
{
    bool seen[COUNT] = {false};
    size_t sum = 0;
    for (unsigned h = 0; h < hands->hands; h++) {
        assert_true(hands->sizes[h] > 0);
        sum += hands->sizes[h];
    }
    assert_int_equal(sum, deck->count);
    for (size_t i = 0; i < deck->count; i++) {
        assert_true(hands->order[i] < COUNT && !seen[hands->order[i]]);
        seen[hands->order[i]] = true;
    }
}

static size_t classes_of(const mnist_hands *hands, unsigned hand)
{
    bool there[CLASSES] = {false};
    size_t from = 0, classes = 0;
    for (unsigned h = 0; h < hand; h++) {
        from += hands->sizes[h];
    }
    for (size_t i = 0; i < hands->sizes[hand]; i++) {
        const uint8_t label = labels[hands->order[from + i]];
        classes += !there[label];
        there[label] = true;
    }
    return classes;
}

static void test_iid(void **state)
{
    (void)state;
    mnist_hands hands, again;
    mnist_error err;
    const mnist_deck deck = {labels, NULL, COUNT, 3};
    assert_int_equal(mnist_deal_iid(&hands, &deck, 10, &err), MNIST_OK);
    assert_complete(&hands, &deck);
    for (unsigned h = 0; h < 10; h++) {
        assert_in_range(hands.sizes[h], 99, 100);
        assert_int_equal(classes_of(&hands, h), CLASSES);
    }
    assert_int_equal(mnist_deal_iid(&again, &deck, 10, &err), MNIST_OK);
    assert_memory_equal(hands.order, again.order, COUNT * sizeof *hands.order);
    mnist_hands_free(&again);
    mnist_hands_free(&hands);
    assert_int_equal(mnist_deal_iid(&hands, &deck, COUNT + 1, &err), MNIST_ERR_ARGUMENT);
    assert_string_equal(err.text,
                        "997 images are too few: expected at least 998, one for each piece");
}

static void test_shards(void **state)
{
    (void)state;
    mnist_hands hands;
    mnist_error err;
    const mnist_deck deck = {labels, NULL, COUNT, 3};
    assert_int_equal(mnist_deal_shards(&hands, &deck, 20, 2, &err), MNIST_OK);
    assert_complete(&hands, &deck);
    for (unsigned h = 0; h < 20; h++) {
        assert_in_range(hands.sizes[h], 48, 50);
        assert_in_range(classes_of(&hands, h), 1, 4); /* a piece may lie across two classes */
    }
    mnist_hands_free(&hands);
    assert_int_equal(mnist_deal_shards(&hands, &deck, 500, 2, &err), MNIST_ERR_ARGUMENT);
}

static void test_dirichlet(void **state)
{
    (void)state;
    mnist_hands hands;
    mnist_error err;
    uint32_t half[COUNT / 2];
    for (uint32_t i = 0; i < COUNT / 2; i++) {
        half[i] = 2 * i + 1;
    }
    const mnist_deck deck = {labels, half, COUNT / 2, 5};
    static const double alphas[] = {1e-3, 0.5, 1000.0};
    double spread[LENGTH(alphas)];
    for (size_t a = 0; a < LENGTH(alphas); a++) {
        assert_int_equal(mnist_deal_dirichlet(&hands, &deck, 8, alphas[a], &err), MNIST_OK);
        assert_complete(&hands, &deck);
        spread[a] = 0.0;
        for (unsigned h = 0; h < 8; h++) {
            spread[a] += (double)classes_of(&hands, h) / 8.0;
        }
        for (size_t i = 0; i < deck.count; i++) {
            assert_int_equal(hands.order[i] % 2, 1); /* of those that were given */
        }
        mnist_hands_free(&hands);
    }
    assert_true(spread[0] < 2.5 && spread[0] < spread[1] && spread[1] < spread[2]);
    assert_true(spread[2] == CLASSES);
    assert_int_equal(mnist_deal_dirichlet(&hands, &deck, COUNT, 0.5, &err), MNIST_ERR_ARGUMENT);
}

static void test_parts(void **state)
{
    (void)state;
    mnist_hands hands;
    mnist_error err;
    const mnist_deck deck = {labels, NULL, COUNT, 3};
    static const size_t sizes[] = {697, 100, 200};
    size_t all[CLASSES] = {0}, own[CLASSES] = {0};
    for (unsigned by_class = 0; by_class < 2; by_class++) {
        assert_int_equal(mnist_deal_parts(&hands, &deck, sizes, 3, by_class == 1, &err), MNIST_OK);
        assert_complete(&hands, &deck);
        assert_memory_equal(hands.sizes, sizes, sizeof sizes);
        if (by_class == 0) {
            mnist_hands_free(&hands);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        all[labels[i]]++;
    }
    for (size_t i = 0; i < sizes[0]; i++) {
        own[labels[hands.order[i]]]++;
    }
    for (unsigned c = 0; c < CLASSES; c++) {
        const double share = (double)all[c] * 697.0 / COUNT;
        assert_true((double)own[c] > share - 1.0 && (double)own[c] < share + 1.0);
    }
    mnist_hands_free(&hands);
}

/* --- Lines --------------------------------------------------------------------------------------------- */

enum { IMAGES = 20 };

static mnist_view synthetic(mnist_dataset **dataset)
{
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(dataset, 0, IMAGES, 1, &err), MNIST_OK);
    return mnist_dataset_view(*dataset);
}

static void test_compose(void **state)
{
    (void)state;
    mnist_dataset *dataset;
    const mnist_view view = synthetic(&dataset);
    const mnist_line_style plain = {.digits = {1, 12}, .spacing = {4, 10}, .margin = 8};
    mnist_line_style wild = {.digits = {3, 3},
                             .spacing = {-2, 0},
                             .slant = 20,
                             .size = 0.3,
                             .baseline = 4,
                             .noise = 10,
                             .margin = 2};
    bool lengths[13] = {false};
    mnist_error err;
    for (size_t i = 0; i < 100; i++) {
        mnist_composed line, again, other;
        assert_int_equal(mnist_compose_line(&line, view, &plain, 1, i, &err), MNIST_OK);
        assert_in_range(line.count, 1, 12);
        lengths[line.count] = true;
        assert_true(line.rows > 16 && line.cols > 16);
        for (unsigned x = 0; x < line.cols; x++) { /* the margin is white */
            assert_int_equal(line.pixels[7 * line.cols + x], 255);
        }
        assert_int_equal(mnist_compose_line(&again, view, &plain, 1, i, &err), MNIST_OK);
        assert_true(again.rows == line.rows && again.cols == line.cols);
        assert_memory_equal(again.pixels, line.pixels, (size_t)line.rows * line.cols);
        assert_int_equal(mnist_compose_line(&other, view, &wild, 1, i, &err), MNIST_OK);
        assert_int_equal(other.count, 3);
        mnist_composed_free(&line);
        mnist_composed_free(&again);
        mnist_composed_free(&other);
    }
    for (size_t i = 1; i <= 12; i++) {
        assert_true(lengths[i]);
    }
    mnist_dataset_free(dataset);
}

/* One digit, upright and of its own size, is the image's ink itself. */
static void test_compose_exactly(void **state)
{
    (void)state;
    uint8_t image[25] = {0}, label = 7;
    image[1 * 5 + 2] = 255;
    image[2 * 5 + 2] = 100;
    image[2 * 5 + 3] = 50;
    const mnist_view view = {.images = image, .labels = &label, .count = 1, .rows = 5, .cols = 5};
    const mnist_line_style style = {.digits = {1, 1}, .spacing = {0, 0}, .margin = 1};
    static const uint8_t expected[16] = {255, 255, 255, 255, 255, 0,   255, 255,
                                         255, 155, 205, 255, 255, 255, 255, 255};
    mnist_composed line;
    mnist_error err;
    assert_int_equal(mnist_compose_line(&line, view, &style, 1, 0, &err), MNIST_OK);
    assert_int_equal(line.digits[0], 7);
    assert_true(line.rows == 4 && line.cols == 4);
    assert_memory_equal(line.pixels, expected, sizeof expected);
    mnist_composed_free(&line);
}

/* --- Files of other programs ---------------------------------------------------------------------------- */

static void test_export(void **state)
{
    const scratch_file images = scratch_name(state, "e"), own = scratch_name(state, "l");
    mnist_dataset *dataset, *read;
    const mnist_view view = synthetic(&dataset);
    static const uint32_t chosen[3] = {5, 0, 17};
    const mnist_export some = {.view = view, .chosen = chosen, .count = 3};
    mnist_error err;
    const size_t pixels = (size_t)view.rows * view.cols;
    for (unsigned form = 0; form < 3; form++) {
        mnist_import what = {.images = images.path};
        if (form == 0) {
            what.labels = own.path;
            assert_int_equal(mnist_export_idx(&some, images.path, own.path, &err), MNIST_OK);
        } else if (form == 1) {
            assert_int_equal(mnist_export_csv(&some, images.path, &err), MNIST_OK);
        } else {
            what.part = MNIST_IDX_TEST;
            assert_int_equal(mnist_export_npz(NULL, &some, images.path, &err), MNIST_OK);
        }
        const mnist_status status = mnist_dataset_load(&read, &what, NULL, &err);
        if (form == 2 && status == MNIST_ERR_IO) {
            continue; /* built without libzip */
        }
        assert_int_equal(status, MNIST_OK);
        const mnist_view back = mnist_dataset_view(read);
        assert_int_equal(back.count, 3);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(back.labels[i], view.labels[chosen[i]]);
            assert_memory_equal(back.images + i * pixels, view.images + chosen[i] * pixels, pixels);
        }
        mnist_dataset_free(read);
    }
    mnist_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_iid),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_dirichlet),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_compose),
        cmocka_unit_test(test_compose_exactly),
        cmocka_unit_test_setup_teardown(test_export, scratch_create, scratch_remove),
    };
    draw_labels();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
