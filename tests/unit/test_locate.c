/* Finding the four files of a data set (data/locate.c). */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <mnist/data.h>

#include "scratch.h"

/* Directory name of the scratch directory, freshly made, with the files of a list in it. */
static scratch_file make(void **state, const char *name, const char *const *files, size_t count)
{
    scratch_file dir = scratch_name(state, name);
    assert_int_equal(mkdir(dir.path, 0777), 0);
    for (size_t i = 0; i < count; i++) {
        char path[2048];
        snprintf(path, sizeof path, "%s/%s", dir.path, files[i]);
        assert_int_equal(scratch_write(path, "x", 1), 0);
    }
    return dir;
}

#define BOTH             (MNIST_IDX_TRAIN | MNIST_IDX_TEST)
#define MAKE(name, list) make(state, name, list, sizeof(list) / sizeof(list)[0])

static const char *const plain[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

static void assert_path(const char *path, const scratch_file *dir, const char *name)
{
    char expected[2048];
    snprintf(expected, sizeof expected, "%s/%s", dir->path, name);
    assert_non_null(path);
    assert_string_equal(path, expected);
}

static void assert_located(mnist_idx_paths *paths, const char *const *dirs, size_t count)
{
    mnist_error err;
    if (mnist_idx_locate(paths, BOTH, dirs, count, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
}

static void assert_finds(const char *dir_path, const scratch_file *dir, const char *const names[4])
{
    mnist_idx_paths paths = {0};
    assert_located(&paths, &dir_path, 1);
    assert_path(paths.train_images, dir, names[0]);
    assert_path(paths.train_labels, dir, names[1]);
    assert_path(paths.test_images, dir, names[2]);
    assert_path(paths.test_labels, dir, names[3]);
    mnist_idx_paths_free(&paths);
    assert_null(paths.train_images);
    assert_null(paths.test_labels);
    mnist_idx_paths_free(&paths); /* twice does no harm */
}

static void finds_every_customary_name(void **state)
{
    static const char *const gzipped[] = {"train-images-idx3-ubyte.gz",
                                          "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
                                          "t10k-labels-idx1-ubyte.gz"};
    static const char *const dotted[] = {"train-images.idx3-ubyte", "train-labels.idx1-ubyte",
                                         "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"};
    static const char *const mixed[] = {"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte",
                                        "t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte.gz"};
    scratch_file dir = MAKE("plain", plain);
    assert_finds(dir.path, &dir, plain);
    dir = MAKE("gzipped", gzipped);
    assert_finds(dir.path, &dir, gzipped);
    dir = MAKE("dotted", dotted);
    assert_finds(dir.path, &dir, dotted);
    dir = MAKE("mixed", mixed);
    assert_finds(dir.path, &dir, mixed);
    char slash[1040]; /* a slash at the end is not doubled */
    snprintf(slash, sizeof slash, "%s/", dir.path);
    assert_finds(slash, &dir, mixed);
}

static void raw_comes_before_gzip(void **state)
{
    static const char *const both[] = {"train-images-idx3-ubyte.gz", "train-images.idx3-ubyte",
                                       "train-labels-idx1-ubyte",    "train-labels-idx1-ubyte.gz",
                                       "t10k-images-idx3-ubyte",     "t10k-images.idx3-ubyte",
                                       "t10k-labels-idx1-ubyte.gz"};
    static const char *const expected[] = {"train-images.idx3-ubyte", "train-labels-idx1-ubyte",
                                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"};
    scratch_file dir = MAKE("both", both);
    assert_finds(dir.path, &dir, expected);
}

static void the_first_whole_directory_wins(void **state)
{
    scratch_file part = make(state, "w-part", plain, 3);
    scratch_file first = MAKE("w-first", plain), second = MAKE("w-second", plain);
    const char *dirs[] = {NULL, part.path, "/no/such/place", first.path, second.path};
    mnist_idx_paths paths = {0};
    assert_located(&paths, dirs, 5);
    assert_path(paths.train_images, &first, plain[0]); /* all four from one place */
    assert_path(paths.test_labels, &first, plain[3]);
    mnist_idx_paths_free(&paths);
}

static void given_paths_are_kept_and_not_looked_for(void **state)
{
    scratch_file dir = make(state, "given", plain, 2); /* the training files alone */
    const char *dirs[] = {dir.path};
    char *images = strdup("my/images"), *labels = strdup("my/labels");
    mnist_idx_paths paths = {.test_images = images, .test_labels = labels};
    assert_located(&paths, dirs, 1);
    assert_path(paths.train_images, &dir, plain[0]);
    assert_path(paths.train_labels, &dir, plain[1]);
    assert_ptr_equal(paths.test_images, images);
    assert_ptr_equal(paths.test_labels, labels);
    assert_located(&paths, NULL, 0); /* nothing left to look for */
    mnist_idx_paths_free(&paths);
}

static void not_found_says_what_each_place_lacked(void **state)
{
    static const char *const three[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz",
                                        "t10k-images.idx3-ubyte"};
    scratch_file part = MAKE("l-part", three), empty = make(state, "l-empty", NULL, 0);
    scratch_file none = scratch_name(state, "l-none"), file = scratch_name(state, "l-file");
    assert_int_equal(scratch_write(file.path, "x", 1), 0);
    char *mine = strdup("mine");
    mnist_idx_paths paths = {.train_labels = mine};
    const char *dirs[] = {none.path, NULL, part.path, empty.path, file.path};
    mnist_error err;
    assert_int_equal(mnist_idx_locate(&paths, BOTH, dirs, 5, &err), MNIST_ERR_NOT_FOUND);
    assert_int_equal(err.status, MNIST_ERR_NOT_FOUND);
    char expected[8192];
    snprintf(
        expected, sizeof expected,
        "the data was not found; tried %s (no such directory), %s (no t10k-labels-idx1-ubyte), "
        "%s (no train-images-idx3-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte), "
        "%s (not a directory)",
        none.path, part.path, empty.path, file.path);
    assert_string_equal(err.text, expected);
    assert_null(paths.train_images); /* although it was there before */
    assert_ptr_equal(paths.train_labels, mine);
    assert_null(paths.test_images);
    mnist_idx_paths_free(&paths);

    const char *nowhere[] = {NULL};
    assert_int_equal(mnist_idx_locate(&paths, BOTH, nowhere, 1, &err), MNIST_ERR_NOT_FOUND);
    assert_string_equal(err.text,
                        "the data was not found; tried nothing, as no directory was given");
    assert_int_equal(mnist_idx_locate(&paths, BOTH, nowhere, 1, NULL), MNIST_ERR_NOT_FOUND);
}

static void a_directory_under_a_file_s_name_is_no_file(void **state)
{
    scratch_file dir = make(state, "d", plain, 3);
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", dir.path, plain[3]);
    assert_int_equal(mkdir(path, 0777), 0);
    const char *dirs[] = {dir.path};
    mnist_idx_paths paths = {0};
    mnist_error err;
    assert_int_equal(mnist_idx_locate(&paths, BOTH, dirs, 1, &err), MNIST_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "(no t10k-labels-idx1-ubyte)"));
    assert_int_equal(rmdir(path), 0);
}

static void a_long_list_ends_in_dots(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    const char *dirs[MANY];
    for (size_t i = 0; i < MANY; i++) {
        dirs[i] = "/no/such/place/anywhere/on/this/machine";
    }
    mnist_idx_paths paths = {0};
    mnist_error err;
    assert_int_equal(mnist_idx_locate(&paths, BOTH, dirs, MANY, &err), MNIST_ERR_NOT_FOUND);
    size_t length = strlen(err.text);
    assert_true(length < sizeof err.text && length > sizeof err.text - 8);
    assert_string_equal(err.text + length - 4, " ...");
}

/* mnist-eval needs no training files. */
static void one_pair_alone_can_be_wanted(void **state)
{
    scratch_file dir = make(state, "pair", plain + 2, 2);
    const char *dirs[1] = {dir.path};
    mnist_idx_paths paths = {0};
    mnist_error err;
    assert_int_equal(mnist_idx_locate(&paths, MNIST_IDX_TEST, dirs, 1, &err), MNIST_OK);
    assert_path(paths.test_images, &dir, plain[2]);
    assert_path(paths.test_labels, &dir, plain[3]);
    assert_null(paths.train_images);
    mnist_idx_paths_free(&paths);
    assert_int_equal(mnist_idx_locate(&paths, MNIST_IDX_TRAIN, dirs, 1, &err), MNIST_ERR_NOT_FOUND);
    assert_null(strstr(err.text, "t10k"));
}

/* Images of one white pixel each, and as many labels of 7. */
static void write_pair(const scratch_file *dir, const char *const names[2], uint8_t count)
{
    const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1, 255, 255};
    const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, count, 7, 7};
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", dir->path, names[0]);
    assert_int_equal(scratch_write(path, images, 16u + count), 0);
    snprintf(path, sizeof path, "%s/%s", dir->path, names[1]);
    assert_int_equal(scratch_write(path, labels, 8u + count), 0);
}

static void loads_a_pair_of_a_directory(void **state)
{
    scratch_file dir = MAKE("pairs", plain);
    mnist_dataset *dataset;
    mnist_error err;
    write_pair(&dir, &plain[0], 2);
    assert_int_equal(mnist_dataset_load_dir(&dataset, dir.path, MNIST_IDX_TRAIN, &err), MNIST_OK);
    assert_int_equal(mnist_dataset_view(dataset).count, 2);
    mnist_dataset_free(dataset);
    assert_int_equal(mnist_dataset_load_dir(&dataset, dir.path, MNIST_IDX_TEST, &err),
                     MNIST_ERR_FORMAT); /* still "x" */
    assert_null(dataset);
    write_pair(&dir, &plain[2], 1);
    assert_int_equal(mnist_dataset_load_dir(&dataset, dir.path, MNIST_IDX_TEST, &err), MNIST_OK);
    assert_int_equal(mnist_dataset_view(dataset).count, 1);
    mnist_dataset_free(dataset);
    const scratch_file empty = make(state, "no pairs", NULL, 0);
    assert_int_equal(
        mnist_dataset_load_dir(&dataset, dir.path, MNIST_IDX_TRAIN | MNIST_IDX_TEST, &err),
        MNIST_ERR_ARGUMENT);
    assert_null(dataset);
    assert_int_equal(mnist_dataset_load_dir(&dataset, dir.path, 0, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_dataset_load_dir(&dataset, empty.path, MNIST_IDX_TEST, &err),
                     MNIST_ERR_NOT_FOUND);
    assert_null(dataset);
    assert_non_null(strstr(err.text, "no t10k-images-idx3-ubyte"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_customary_name),
        cmocka_unit_test(raw_comes_before_gzip),
        cmocka_unit_test(the_first_whole_directory_wins),
        cmocka_unit_test(one_pair_alone_can_be_wanted),
        cmocka_unit_test(given_paths_are_kept_and_not_looked_for),
        cmocka_unit_test(not_found_says_what_each_place_lacked),
        cmocka_unit_test(a_directory_under_a_file_s_name_is_no_file),
        cmocka_unit_test(a_long_list_ends_in_dots),
        cmocka_unit_test(loads_a_pair_of_a_directory),
    };
    return cmocka_run_group_tests_name("locate", tests, scratch_create, scratch_remove);
}
