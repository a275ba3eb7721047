/* The steps from stored pixels to inputs (data/steps.c), in data sets and in model files. */
#define _XOPEN_SOURCE 700

#include "unit/unit.h"

#include "drawn_mlp.h"
#include "scratch.h"

/* Two images of 2 x 3. */
static const uint8_t stored[] = {0, 1, 2, 3, 4, 5, 255, 254, 128, 127, 15, 16};
static const uint8_t labels[] = {3, 8};
static const mnist_view view = {
    .images = stored, .labels = labels, .count = 2, .rows = 2, .cols = 3};

static void test_texts(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"", ""},
        {"invert", "invert"},
        {"transpose,invert", "transpose,invert"},
        {"max-pixel=1,invert,transpose", "max-pixel=1,invert,transpose"},
        {"max-pixel=254.000", "max-pixel=254"},
        {"max-pixel=015", "max-pixel=15"},
    };
    static const char *const bad[][2] = {
        {"deskew", "unknown step \"deskew\"; expected some of max-pixel=N, invert, transpose"},
        {"invert,", "unknown step \"\"; expected some of max-pixel=N, invert, transpose"},
        {",invert", "unknown step \"\"; expected some of max-pixel=N, invert, transpose"},
        {"inver", "unknown step \"inver\"; expected some of max-pixel=N, invert, transpose"},
        {"a\033[31mb", "unknown step \"a?[31mb\"; expected some of max-pixel=N, invert, transpose"},
        {"a-word-that-is-longer-than-any-step",
         "unknown step \"a-word-that-is-longer-than-a...\"; expected some of max-pixel=N, invert, "
         "transpose"},
        {"invert=1", "\"invert=1\": the step invert has no value"},
        {"max-pixel", "\"max-pixel\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=", "\"max-pixel=\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=0", "\"max-pixel=0\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=255", "\"max-pixel=255\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=1.5", "\"max-pixel=1.5\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=-1", "\"max-pixel=-1\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=1x", "\"max-pixel=1x\": expected max-pixel=N, N from 1 to 254"},
        {"max-pixel=0000001", "\"max-pixel=0000001\": expected max-pixel=N, N from 1 to 254"},
        {"invert,transpose,invert", "the step invert is there twice"},
    };
    for (size_t i = 0; i < LENGTH(good); i++) {
        mnist_steps steps;
        mnist_error err;
        char text[MNIST_STEPS_TEXT];
        assert_int_equal(mnist_steps_parse(&steps, good[i][0], &err), MNIST_OK);
        mnist_steps_print(&steps, text);
        assert_string_equal(text, good[i][1]);
    }
    for (size_t i = 0; i < LENGTH(bad); i++) {
        mnist_steps steps = {.count = 7};
        mnist_error err;
        assert_int_equal(mnist_steps_parse(&steps, bad[i][0], &err), MNIST_ERR_ARGUMENT);
        assert_string_equal(err.text, bad[i][1]);
        assert_int_equal(steps.count, 7); /* nothing was touched */
    }
    assert_string_equal(mnist_step_name(MNIST_STEP_TRANSPOSE), "transpose");
    assert_null(mnist_step_name(MNIST_STEP_KINDS));
}

/* A value that is no whole number, which no step has yet, is printed as it was read. */
static void test_lists(void **state)
{
    (void)state;
    mnist_steps steps, other;
    char text[MNIST_STEPS_TEXT];
    assert_int_equal(mnist_steps_parse(&steps, "invert,transpose", NULL), MNIST_OK);
    assert_int_equal(mnist_steps_parse(&other, "transpose,invert", NULL), MNIST_OK);
    assert_true(mnist_steps_equal(&steps, &steps));
    assert_false(mnist_steps_equal(&steps, &other));
    assert_false(mnist_steps_equal(&steps, NULL));
    assert_true(mnist_steps_equal(NULL, &(mnist_steps){.count = 0}));
    assert_int_equal(mnist_steps_of_pictures(&steps).count, 0); /* both are of storage */
    steps = (mnist_steps){1, {{MNIST_STEP_MAX_PIXEL, 0.25f}}};
    mnist_steps_print(&steps, text);
    assert_string_equal(text, "max-pixel=0.25");
    mnist_steps_print(NULL, text);
    assert_string_equal(text, "");
}

static void assert_becomes(const char *text, const uint8_t *expected, unsigned rows, unsigned cols)
{
    mnist_steps steps;
    uint8_t out[sizeof stored] = {0};
    unsigned sides[] = {view.rows, view.cols};
    assert_int_equal(mnist_steps_parse(&steps, text, NULL), MNIST_OK);
    mnist_steps_shape(&steps, &sides[0], &sides[1]);
    assert_int_equal(sides[0], rows);
    assert_int_equal(sides[1], cols);
    assert_int_equal(mnist_steps_apply(&steps, view, out, NULL), MNIST_OK);
    assert_memory_equal(out, expected, sizeof stored);
}

static void test_pixels(void **state)
{
    (void)state;
    static const uint8_t inverted[] = {255, 254, 253, 252, 251, 250, 0, 1, 127, 128, 240, 239};
    static const uint8_t turned[] = {0, 3, 1, 4, 2, 5, 255, 127, 254, 15, 128, 16};
    static const uint8_t both[] = {255, 252, 254, 251, 253, 250, 0, 128, 1, 240, 127, 239};
    static const uint8_t binary[] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t of_fifteen[] = {0, 17, 34, 51, 68, 85, 255, 255, 255, 255, 255, 255};
    static const uint8_t all[] = {255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_becomes("", stored, 2, 3);
    assert_becomes("invert", inverted, 2, 3);
    assert_becomes("transpose", turned, 3, 2);
    assert_becomes("invert,transpose", both, 3, 2);
    assert_becomes("transpose,invert", both, 3, 2);
    assert_becomes("max-pixel=1", binary, 2, 3);
    assert_becomes("max-pixel=15", of_fifteen, 2, 3);
    assert_becomes("max-pixel=1,invert,transpose", all, 3, 2);
}

/* The digests stay those of what is stored, however many lists of steps are applied. */
static void test_data_set(void **state)
{
    (void)state;
    mnist_dataset *dataset;
    mnist_data_digests before, after;
    mnist_steps steps, none = {.count = 0};
    mnist_error err;
    uint8_t expected[MNIST_CLASSES * 784];
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, 0, MNIST_CLASSES, 1, &err), MNIST_OK);
    assert_int_equal(mnist_steps_parse(&steps, "invert,transpose", NULL), MNIST_OK);
    const mnist_view whole = mnist_dataset_view(dataset);
    assert_int_equal(mnist_steps_apply(&steps, whole, expected, &err), MNIST_OK);
    mnist_view_digests(whole, &before);
    assert_int_equal(mnist_dataset_apply_steps(dataset, NULL, &err), MNIST_OK);
    assert_int_equal(mnist_dataset_apply_steps(dataset, &none, &err), MNIST_OK);
    assert_ptr_equal(mnist_dataset_view(dataset).images, whole.images); /* not even copied */
    mnist_dataset_digests(dataset, &after);
    assert_memory_equal(&after, &before, sizeof before);

    assert_int_equal(mnist_dataset_apply_steps(dataset, &steps, &err), MNIST_OK);
    assert_memory_equal(mnist_dataset_view(dataset).images, expected, sizeof expected);
    mnist_dataset_digests(dataset, &after);
    assert_memory_equal(&after, &before, sizeof before);

    assert_int_equal(mnist_dataset_apply_steps(dataset, &steps, &err), MNIST_OK); /* and back */
    mnist_dataset_digests(dataset, &after);
    assert_memory_equal(&after, &before, sizeof before);
    mnist_view_digests(mnist_dataset_view(dataset), &after);
    assert_memory_equal(&after, &before, sizeof before);
    mnist_dataset_free(dataset);
}

/* Saves a model with steps, packed or not, in the given precision. */
static void save(const char *path, const char *text, mnist_precision storage, bool packed)
{
    mnist_steps steps;
    mnist_error err;
    const mnist_metadata mine[] = {{"seed", "7"}};
    mnist_mlp *mlp = drawn_mlp(6, MNIST_RELU, 0);
    assert_int_equal(mnist_steps_parse(&steps, text, NULL), MNIST_OK);
    const mnist_model_parts parts = {
        .mlp = mlp, .metadata = mine, .metadata_count = 1, .storage = storage, .steps = &steps};
    const mnist_status status = packed ? mnist_packed_write(path, &parts, NULL, NULL, &err)
                                       : mnist_model_write(path, &parts, NULL, &err);
    assert_int_equal(status, MNIST_OK);
    mnist_mlp_free(mlp);
}

static void test_models(void **state)
{
    static const struct {
        const char *steps;
        mnist_precision storage;
        bool packed;
        const char *version;
    } cases[] = {
        {"", MNIST_FP32, false, "1"},           {"", MNIST_BF16, false, "2"},
        {"transpose", MNIST_FP32, false, "3"},  {"invert,transpose", MNIST_FP16, false, "3"},
        {"max-pixel=1", MNIST_FP32, true, "1"}, {"", MNIST_FP32, true, "1"},
    };
    const scratch_file file = scratch_name(state, "model");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_model *model;
        mnist_error err;
        char text[MNIST_STEPS_TEXT];
        save(file.path, cases[i].steps, cases[i].storage, cases[i].packed);
        assert_int_equal(mnist_model_load(&model, file.path, &err), MNIST_OK);
        mnist_steps_print(mnist_model_steps(model), text);
        assert_string_equal(text, cases[i].steps);
        assert_string_equal(mnist_model_metadata(model, "seed"), "7");
        assert_string_equal(mnist_model_metadata(model, "format_version"), cases[i].version);
        const char *stated = mnist_model_metadata(model, "steps");
        assert_true(stated ? strcmp(stated, cases[i].steps) == 0 : !cases[i].steps[0]);
        mnist_model_free(model);
    }
}

/* The key is the format's own. What a file may say is in test_model.c. */
static void test_taken_key(void **state)
{
    const scratch_file file = scratch_name(state, "model");
    const mnist_metadata taken[] = {{"steps", "invert"}};
    mnist_mlp *mlp = drawn_mlp(6, MNIST_RELU, 0);
    mnist_error err;
    const mnist_model_parts parts = {.mlp = mlp, .metadata = taken, .metadata_count = 1};
    assert_int_equal(mnist_model_write(file.path, &parts, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "metadata key 'steps' is one of the format's own"));
    assert_int_equal(mnist_packed_write(file.path, &parts, NULL, NULL, &err), MNIST_ERR_ARGUMENT);
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_data_set),
        cmocka_unit_test_setup_teardown(test_models, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_taken_key, scratch_create, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
