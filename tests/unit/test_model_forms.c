/* Model files whose parameters are 16-bit floats or whole numbers. */
#define _XOPEN_SOURCE 700

#include "unit/unit.h"

#include "drawn_mlp.h"
#include "scratch.h"

#include "kernels/half.h"

#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 60 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    return 0;
}

static size_t write_parts(const char *path, const mnist_model_parts *parts)
{
    mnist_error err;
    size_t bytes = 0;
    if (mnist_model_write(path, parts, NULL, &err) != MNIST_OK ||
        mnist_model_size(parts, &bytes, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return bytes;
}

static mnist_model *load(const char *path)
{
    mnist_model *model;
    mnist_error err;
    if (mnist_model_load(&model, path, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return model;
}

static uint8_t *read_bytes(const char *path, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    FILE *file = fopen(path, "rb");
    assert_true(bytes && file);
    assert_int_equal(fread(bytes, 1, size + 1, file), size);
    fclose(file);
    return bytes;
}

/* 16-bit parameters are those that the nearest 16-bit number is, and stay so. */
static void test_halves(void **state)
{
    for (int precision = MNIST_BF16; precision <= MNIST_FP16; precision++) {
        scratch_file file = scratch_name(state, "model"), again = scratch_name(state, "again");
        mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_GELU, 2);
        const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.13f, 0.31f};
        const mnist_metadata metadata[] = {{"seed", "3"}};
        mnist_model_parts parts = {.mlp = mlp,
                                   .normalization = &standard,
                                   .metadata = metadata,
                                   .metadata_count = 1,
                                   .storage = (mnist_precision)precision};
        const size_t size = write_parts(file.path, &parts);
        mnist_model *model = load(file.path);
        assert_string_equal(mnist_model_metadata(model, "format_version"), "2");
        assert_string_equal(mnist_model_metadata(model, "weights"),
                            mnist_precision_name((mnist_precision)precision));
        assert_string_equal(mnist_model_metadata(model, "seed"), "3");
        assert_memory_equal(mnist_model_normalization(model), &standard, sizeof standard);
        for (unsigned l = 0; l < 3; l++) {
            const size_t count =
                (size_t)(mnist_mlp_layer_inputs(mlp, l) + 1) * mnist_mlp_layer_outputs(mlp, l);
            const size_t weights = count - mnist_mlp_layer_outputs(mlp, l);
            float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
            assert_true(x && y);
            mnist_mlp_get_layer(mlp, l, x, x + weights);
            mnist_mlp_get_layer(mnist_model_mlp(model), l, y, y + weights);
            for (size_t i = 0; i < count; i++) {
                const float near = precision == MNIST_BF16 ? bf16_value(bf16_code(x[i]))
                                                           : fp16_value(fp16_code(x[i]));
                assert_memory_equal(&y[i], &near, sizeof near);
            }
            free(x);
            free(y);
        }
        /* half the bytes of its weights, and the same file when it is written once more */
        uint8_t *first = read_bytes(file.path, size);
        assert_true(size < mnist_mlp_parameters(mlp) * 2 + 2000);
        parts.mlp = mnist_model_mlp(model);
        assert_int_equal(write_parts(again.path, &parts), size);
        uint8_t *second = read_bytes(again.path, size);
        assert_memory_equal(first, second, size);
        free(first);
        free(second);
        mnist_model_free(model);
        mnist_mlp_free(mlp);
    }
}

/* What is too large for fp16 is refused, and named; bf16 holds it. */
static void test_too_large(void **state)
{
    scratch_file file = scratch_name(state, "model");
    mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
    float bias[MNIST_CLASSES] = {0};
    mnist_error err;
    mnist_model_parts parts = {.mlp = mlp, .storage = MNIST_FP16};
    bias[4] = 65519.0f; /* rounds to the largest */
    mnist_mlp_set_layer(mlp, 1, NULL, bias);
    write_parts(file.path, &parts);
    bias[4] = -65520.0f;
    mnist_mlp_set_layer(mlp, 1, NULL, bias);
    assert_int_equal(mnist_model_write(file.path, &parts, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(
        strstr(err.text, "parameter layers.1.bias[4] is -65520, expected at most 65504"));
    parts.storage = MNIST_BF16;
    write_parts(file.path, &parts);
    mnist_mlp_free(mlp);
}

/* A net of whole numbers comes back with the same logits, to the bit, and the same file. */
static void test_integers(void **state)
{
    for (int activation = 0; activation < MNIST_ACTIVATIONS; activation++) {
        scratch_file file = scratch_name(state, "model"), again = scratch_name(state, "again");
        mnist_mlp *mlp = drawn_mlp(PIXELS, (mnist_activation)activation, (unsigned)activation % 3);
        const mnist_normalization normalization =
            mnist_normalization_fit((mnist_normalization_kind)(activation % 2), view);
        static float before[IMAGES * MNIST_CLASSES], after[IMAGES * MNIST_CLASSES];
        assert_int_equal(mnist_mlp_quantize(mlp, view, &normalization, NULL, NULL, NULL), MNIST_OK);
        assert_int_equal(mnist_logits(mlp, view, &normalization, NULL, before, NULL, NULL),
                         MNIST_OK);
        const mnist_model_parts parts = {.mlp = mlp, .normalization = &normalization};
        const size_t size = write_parts(file.path, &parts);
        assert_true(size < mnist_mlp_parameters(mlp) + 4000);
        mnist_model *model = load(file.path);
        assert_string_equal(mnist_model_metadata(model, "weights"), "integers");
        assert_true(mnist_mlp_has_integers(mnist_model_mlp(model), NULL));
        assert_int_equal(mnist_logits(mnist_model_mlp(model), view,
                                      mnist_model_normalization(model), NULL, after, NULL, NULL),
                         MNIST_OK);
        assert_memory_equal(before, after, sizeof before);
        assert_int_equal(mnist_model_save(again.path, mnist_model_mlp(model), &normalization, NULL,
                                          0, NULL, NULL),
                         MNIST_OK);
        uint8_t *first = read_bytes(file.path, size), *second = read_bytes(again.path, size);
        assert_memory_equal(first, second, size);
        free(first);
        free(second);
        mnist_model_free(model);
        mnist_mlp_free(mlp);
    }
}

/* Further training makes a net of floats of it, which is written as such. */
static void test_training_on(void **state)
{
    scratch_file file = scratch_name(state, "model");
    mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 1;
    assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, NULL, NULL, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp, .config = &config, .train = view};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    write_parts(file.path, &(mnist_model_parts){.mlp = mlp});
    mnist_model *model = load(file.path);
    assert_string_equal(mnist_model_metadata(model, "format_version"), "1");
    assert_null(mnist_model_metadata(model, "weights"));
    mnist_model_free(model);
    mnist_mlp_free(mlp);
}

/* Any flipped bit is found, and any truncation. */
static void test_damage(void **state)
{
    scratch_file file = scratch_name(state, "model"), broken = scratch_name(state, "broken");
    mnist_mlp *mlp;
    const mnist_mlp_config config = {
        .inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 1, .hidden = {2}};
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &config, MNIST_INIT_AUTO, 3, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, NULL, NULL, NULL), MNIST_OK);
    const size_t size = write_parts(file.path, &(mnist_model_parts){.mlp = mlp});
    uint8_t *bytes = read_bytes(file.path, size);
    for (size_t i = 0; i < 8 * size; i += 37) {
        mnist_model *model;
        mnist_error err;
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(scratch_write(broken.path, bytes, size), 0);
        assert_int_equal(mnist_model_load(&model, broken.path, &err), MNIST_ERR_FORMAT);
        assert_null(model);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t cut = 0; cut < size; cut += 41) {
        mnist_model *model;
        assert_int_equal(scratch_write(broken.path, bytes, cut), 0);
        assert_int_equal(mnist_model_load(&model, broken.path, NULL), MNIST_ERR_FORMAT);
    }
    free(bytes);
    mnist_mlp_free(mlp);
}

/* "weights" is the format's own key. */
static void test_own_key(void **state)
{
    scratch_file file = scratch_name(state, "model");
    mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 0);
    const mnist_metadata metadata[] = {{"weights", "heavy"}};
    mnist_error err;
    assert_int_equal(mnist_model_save(file.path, mlp, NULL, metadata, 1, NULL, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "metadata key 'weights' is one of the format's own"));
    mnist_mlp_free(mlp);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_halves),      IN_SCRATCH(test_too_large), IN_SCRATCH(test_integers),
        IN_SCRATCH(test_training_on), IN_SCRATCH(test_damage),    IN_SCRATCH(test_own_key),
    };
    return cmocka_run_group_tests_name("model_forms", tests, make_images, NULL);
}
