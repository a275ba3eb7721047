/* Data sets, views of them and their digests (data/dataset.c), normalisation. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <mnist/data.h>
#include <zlib.h>

#include "base/digest.h"
#include "scratch.h"

static const char images_file[] = "\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02"
                                  "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xAA\xBB";
static const char labels_file[] = "\0\0\x08\x01\0\0\0\x03\x07\x00\x09";
static const char wide_labels_file[] = "\0\0\x0C\x02\0\0\0\x03\0\0\0\x02\0\0\0\x07\0\0\0\x01"
                                       "\0\0\0\0\0\0\0\x02\0\0\0\x09\0\0\0\x03";
static const char two_labels_file[] = "\0\0\x08\x01\0\0\0\x02\x07\x00";
static const char bad_labels_file[] = "\0\0\x0C\x01\0\0\0\x03\0\0\0\x07\0\0\0\x00\0\0\1\x0A";

static scratch_file put(void **state, const char *name, const void *data, size_t size)
{
    scratch_file file = scratch_name(state, name);
    assert_int_equal(scratch_write(file.path, data, size), 0);
    return file;
}

/* A file of the literal's bytes, without the zero that C adds. */
#define PUT(name, literal) put(state, name, literal, sizeof(literal) - 1)

static scratch_file put_gzipped(void **state, const char *name, const void *data, unsigned size)
{
    scratch_file file = scratch_name(state, name);
    gzFile gz = gzopen(file.path, "wb");
    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, data, size), (int)size);
    assert_int_equal(gzclose(gz), Z_OK);
    return file;
}

static void assert_loads(const char *images, const char *labels)
{
    mnist_error err;
    mnist_dataset *dataset;
    if (mnist_dataset_load_idx(&dataset, images, labels, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    mnist_view view = mnist_dataset_view(dataset);
    assert_int_equal(view.count, 3);
    assert_int_equal(view.rows, 2);
    assert_int_equal(view.cols, 2);
    assert_memory_equal(view.images, images_file + 16, 12);
    assert_memory_equal(view.labels, "\7\0\x09", 3);

    /* the digests are those of the files, whatever form they came in */
    mnist_data_digests digests;
    char expected[MNIST_SHA256_TEXT];
    mnist_view_digests(view, &digests);
    mnist_sha256(images_file, sizeof images_file - 1, NULL, 0, expected);
    assert_string_equal(digests.images, expected);
    mnist_sha256(labels_file, sizeof labels_file - 1, NULL, 0, expected);
    assert_string_equal(digests.labels, expected);
    mnist_dataset_free(dataset);
}

static void loads_raw_gzip_and_wide_labels(void **state)
{
    scratch_file images[2] = {PUT("i", images_file),
                              put_gzipped(state, "i.gz", images_file, sizeof images_file - 1)};
    scratch_file labels[3] = {
        PUT("l", labels_file), put_gzipped(state, "l.gz", labels_file, sizeof labels_file - 1),
        put_gzipped(state, "w.gz", wide_labels_file, sizeof wide_labels_file - 1)};
    for (size_t i = 0; i < 2; i++) {
        for (size_t l = 0; l < 3; l++) {
            assert_loads(images[i].path, labels[l].path);
        }
    }
}

static void digests_are_sha256sum_s(void **state)
{
    (void)state;
    static const uint8_t pixels[] = {0, 127, 255}, labels[] = {3};
    mnist_view view = {.images = pixels, .labels = labels, .count = 1, .rows = 1, .cols = 3};
    mnist_data_digests digests;
    mnist_view_digests(view, &digests);
    /* printf '\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\3\0\177\377' | sha256sum, and
     * printf '\0\0\10\1\0\0\0\1\3' | sha256sum */
    assert_string_equal(digests.images,
                        "61f730879f4427dbef215096ad6a58caeaeb8fa1459acbcee2373f6a9b47b9c3");
    assert_string_equal(digests.labels,
                        "1e023d46f646a9594224597ffeb38a1e2137e06d2eebb1f6ca8a772dd766deab");
}

static void assert_refused(const char *images, const char *labels, mnist_status status,
                           const char *fragment)
{
    mnist_error err;
    mnist_dataset *dataset = (mnist_dataset *)(uintptr_t)&err; /* must be set to NULL */
    assert_int_equal(mnist_dataset_load_idx(&dataset, images, labels, &err), status);
    assert_null(dataset);
    assert_int_equal(err.status, status);
    if (!strstr(err.text, fragment)) {
        fail_msg("expected \"%s\", found \"%s\"", fragment, err.text);
    }
    assert_int_equal(mnist_dataset_load_idx(&dataset, images, labels, NULL), status);
}

static void refuses_files_that_do_not_fit(void **state)
{
    scratch_file images = PUT("images", images_file), labels = PUT("labels", labels_file);
    scratch_file two = PUT("two", two_labels_file), bad = PUT("bad", bad_labels_file);
    scratch_file none = scratch_name(state, "none");
    assert_refused(images.path, two.path, MNIST_ERR_MISMATCH, "images holds 3 images, but ");
    assert_refused(images.path, two.path, MNIST_ERR_MISMATCH,
                   "two holds 2 labels: expected equal numbers; a file of the "
                   "training set beside one of the test set?");
    assert_refused(labels.path, images.path, MNIST_ERR_FORMAT, "are the two swapped?");
    assert_refused(images.path, images.path, MNIST_ERR_FORMAT, "this looks like an image file");
    assert_refused(images.path, bad.path, MNIST_ERR_FORMAT, "bad: label 266 at byte 16 (index 2)");
    assert_refused(none.path, labels.path, MNIST_ERR_NOT_FOUND, "none: cannot be opened");
    assert_refused(images.path, none.path, MNIST_ERR_NOT_FOUND, "none: cannot be opened");
    mnist_dataset_free(NULL);
}

static void slices_share_the_memory(void **state)
{
    (void)state;
    static const uint8_t pixels[5 * 6], labels[5];
    mnist_view view = {.images = pixels, .labels = labels, .count = 5, .rows = 2, .cols = 3};
    mnist_view slice = mnist_view_slice(view, 2, 3);
    assert_ptr_equal(slice.images, pixels + 12);
    assert_ptr_equal(slice.labels, labels + 2);
    assert_int_equal(slice.count, 3);
    assert_int_equal(slice.rows, 2);
    assert_int_equal(slice.cols, 3);
    slice = mnist_view_slice(slice, 1, 1); /* of a slice */
    assert_ptr_equal(slice.images, pixels + 18);
    assert_ptr_equal(slice.labels, labels + 3);
    assert_int_equal(mnist_view_slice(view, 5, 0).count, 0);
    assert_int_equal(mnist_view_slice((mnist_view){0}, 0, 0).count, 0);
}

static void normalizations_have_names(void **state)
{
    (void)state;
    assert_string_equal(mnist_normalization_name(MNIST_NORMALIZE_UNIT), "unit");
    assert_string_equal(mnist_normalization_name(MNIST_NORMALIZE_STANDARD), "standard");
    assert_null(mnist_normalization_name(MNIST_NORMALIZATIONS));
    assert_null(mnist_normalization_name((mnist_normalization_kind)77));
}

/* Means and deviations worked out by hand, in units of 1/255. */
static void fits_by_hand(void **state)
{
    (void)state;
    static const struct {
        uint8_t pixels[8];
        size_t count;
        double mean, stddev;
    } cases[] = {
        {{0, 255}, 1, 127.5, 127.5},
        {{0, 0, 0, 255}, 2, 63.75, 110.41823898251593},                   /* 255 sqrt(3) / 4 */
        {{1, 2, 3, 4, 5, 6}, 3, 3.5, 1.707825127659933},                  /* sqrt(35 / 12) */
        {{254, 255, 255, 255}, 2, 254.75, 0.4330127018922193},            /* sqrt(3) / 4 */
        {{0, 0, 0, 0, 0, 0, 0, 1}, 4, 0.125, 0.33071891388307384},        /* sqrt(7) / 8 */
        {{10, 250, 0, 255, 128, 127, 3, 3}, 4, 97.0, 103.00728129603266}, /* sqrt(10610.5) */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mnist_view view = {
            .images = cases[i].pixels, .count = cases[i].count, .rows = 1, .cols = 2};
        mnist_normalization fit = mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, view);
        assert_int_equal(fit.kind, MNIST_NORMALIZE_STANDARD);
        assert_true(fit.mean == (float)(cases[i].mean / 255.0));
        assert_true(fit.stddev == (float)(cases[i].stddev / 255.0));
        fit = mnist_normalization_fit(MNIST_NORMALIZE_UNIT, view);
        assert_int_equal(fit.kind, MNIST_NORMALIZE_UNIT);
        assert_true(fit.mean == 0.0f && fit.stddev == 1.0f);
    }
}

static void equal_pixels_have_deviation_one(void **state)
{
    (void)state;
    uint8_t pixels[300];
    for (int v = 0; v < 256; v++) {
        memset(pixels, v, sizeof pixels);
        mnist_view view = {.images = pixels, .count = 3, .rows = 10, .cols = 10};
        mnist_normalization fit = mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, view);
        assert_true(fit.stddev == 1.0f);
        assert_true(fit.mean == (float)((double)v / 255.0));
    }
    mnist_normalization fit = mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, (mnist_view){0});
    assert_true(fit.mean == 0.0f && fit.stddev == 1.0f);
}

/* The largest image accepted, all white but for one pixel: sums that fill 32 bits, and a deviation
 * that the textbook formula would lose to cancellation. */
static void fits_the_largest_image(void **state)
{
    (void)state;
    uint8_t *pixels = malloc(MNIST_MAX_PIXELS);
    assert_non_null(pixels);
    memset(pixels, 255, MNIST_MAX_PIXELS);
    pixels[12345] = 254;
    mnist_view view = {.images = pixels, .count = 1, .rows = 256, .cols = 256};
    mnist_normalization fit = mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, view);
    double p = 1.0 / MNIST_MAX_PIXELS;
    assert_true(fit.mean == (float)((255.0 - p) / 255.0));
    assert_true(fit.stddev == (float)(sqrt(p * (1.0 - p)) / 255.0));
    free(pixels);
}

static void tables_are_the_formula(void **state)
{
    (void)state;
    float table[256];
    mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    mnist_normalization_table(&unit, table);
    assert_true(table[0] == 0.0f && table[51] == 0.2f && table[255] == 1.0f);
    for (int v = 1; v < 256; v++) {
        assert_true(table[v] == (float)v / 255.0f);
    }
    mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.25f, 0.5f};
    mnist_normalization_table(&standard, table);
    assert_true(table[0] == -0.5f && table[255] == 1.5f);
    for (int v = 0; v < 256; v++) {
        float expected = (float)v / 255.0f;
        expected -= 0.25f;
        assert_true(table[v] == expected * 2.0f); /* times 2 is exact, as is by 0.5 */
    }
}

static mnist_class_set set_of(unsigned bits)
{
    return (mnist_class_set){{bits}};
}

static void leaves_out_classes(void **state)
{
    (void)state;
    uint8_t images[6 * 4], labels[6] = {3, 7, 3, 0, 9, 7};
    for (size_t i = 0; i < sizeof images; i++) {
        images[i] = (uint8_t)(i + 1);
    }
    const mnist_view view = {images, labels, 6, 2, 2, MNIST_CLASSES, 0};
    mnist_dataset *kept;
    mnist_error err = {0};
    assert_int_equal(mnist_view_count_of(view, set_of(1u << 3 | 1u << 9)), 3);
    assert_int_equal(mnist_view_count_of(view, set_of(0)), 0);
    assert_int_equal(mnist_dataset_create_without(&kept, view, set_of(1u << 3 | 1u << 9), NULL),
                     MNIST_OK);
    mnist_view rest = mnist_dataset_view(kept);
    assert_int_equal(rest.count, 3);
    assert_int_equal(rest.rows, 2);
    assert_int_equal(rest.cols, 2);
    assert_memory_equal(rest.labels, "\x07\x00\x07", 3);
    assert_memory_equal(rest.images, images + 4, 4);
    assert_memory_equal(rest.images + 4, images + 12, 4);
    assert_memory_equal(rest.images + 8, images + 20, 4);
    mnist_dataset_free(kept);
    assert_int_equal(mnist_dataset_create_without(&kept, view, set_of(0), NULL), MNIST_OK);
    assert_memory_equal(mnist_dataset_view(kept).images, images, sizeof images);
    mnist_dataset_free(kept);
    assert_int_equal(mnist_dataset_create_without(&kept, view, set_of(0x3ff), &err),
                     MNIST_ERR_ARGUMENT);
    assert_null(kept);
    assert_string_equal(err.text, "no image of 6 is of another class than those left out");
}

/* So many of each class, in the view's order; others with another seed. */
static void draws_a_sample(void **state)
{
    (void)state;
    enum { COUNT = 200, EACH = 7 };
    static uint8_t images[COUNT], labels[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        images[i] = (uint8_t)i;
        labels[i] = (uint8_t)(i * i % 4 + i % 2 * 5); /* 0 and 6 alone */
    }
    const mnist_view view = {images, labels, COUNT, 1, 1, MNIST_CLASSES, 0};
    mnist_dataset *samples[3];
    const uint64_t seeds[] = {1, 1, 2};
    mnist_error err = {0};
    for (size_t s = 0; s < 3; s++) {
        assert_int_equal(mnist_dataset_create_sample(&samples[s], view, EACH, seeds[s], NULL),
                         MNIST_OK);
        const mnist_view drawn = mnist_dataset_view(samples[s]);
        assert_int_equal(drawn.count, 2 * EACH);
        assert_int_equal(mnist_view_count_of(drawn, set_of(1u << 0)), EACH);
        assert_int_equal(mnist_view_count_of(drawn, set_of(1u << 6)), EACH);
        for (size_t i = 0; i < drawn.count; i++) {
            assert_int_equal(drawn.labels[i], labels[drawn.images[i]]);
            assert_true(i == 0 || drawn.images[i] > drawn.images[i - 1]);
        }
    }
    const mnist_view one = mnist_dataset_view(samples[0]), two = mnist_dataset_view(samples[1]),
                     other = mnist_dataset_view(samples[2]);
    assert_memory_equal(one.images, two.images, one.count);
    assert_memory_not_equal(one.images, other.images, one.count);
    for (size_t s = 0; s < 3; s++) {
        mnist_dataset_free(samples[s]);
    }
    assert_int_equal(mnist_dataset_create_sample(&samples[0], view, COUNT / 2 + 1, 1, &err),
                     MNIST_ERR_ARGUMENT);
    assert_string_equal(err.text,
                        "101 images of each class are wanted, but of class 0 there are 100");
    assert_int_equal(mnist_dataset_create_sample(&samples[0], view, 0, 1, &err),
                     MNIST_ERR_ARGUMENT);
    assert_null(samples[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_raw_gzip_and_wide_labels),
        cmocka_unit_test(digests_are_sha256sum_s),
        cmocka_unit_test(draws_a_sample),
        cmocka_unit_test(refuses_files_that_do_not_fit),
        cmocka_unit_test(slices_share_the_memory),
        cmocka_unit_test(normalizations_have_names),
        cmocka_unit_test(fits_by_hand),
        cmocka_unit_test(equal_pixels_have_deviation_one),
        cmocka_unit_test(fits_the_largest_image),
        cmocka_unit_test(tables_are_the_formula),
        cmocka_unit_test(leaves_out_classes),
    };
    return cmocka_run_group_tests_name("dataset", tests, scratch_create, scratch_remove);
}
