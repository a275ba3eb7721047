/* Checkpoint files: what is saved comes back bit for bit; any damage is found; a file that is no
 * checkpoint is refused as such. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <mnist/io.h>

#include "crafted.h"
#include "scratch.h"

static float floats[6] = {1.0f, -0.0f, 1e-45f, 3.4028235e38f, 0.0f, 0.1f};
static double reals[3] = {0.1, -1e-320, 0.0};
static uint64_t wholes[2] = {0, UINT64_MAX};
static uint64_t single = (uint64_t)1 << 53 | 1; /* no double holds it */

static const mnist_array arrays[] = {
    {"net.layers.0", MNIST_F32, 2, {2, 3}, floats},
    {"loss_sum", MNIST_F64, 1, {3}, reals},
    {"a name of just thirty-one bytes", MNIST_U64, 1, {2}, wholes},
    {"step", MNIST_U64, 0, {0}, &single},
};
enum { ARRAYS = sizeof arrays / sizeof arrays[0] };
static const mnist_metadata metadata[] = {{"config", "{\"lr\":0.1}"}, {"text", "\"é\\\n"}};

static void save(const char *path)
{
    mnist_error err;
    floats[4] = NAN; /* a training that is about to diverge is kept as it is */
    reals[2] = INFINITY;
    if (mnist_checkpoint_save(path, arrays, ARRAYS, metadata, 2, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
}

static void comes_back_to_the_bit(void **state)
{
    scratch_file file = scratch_name(state, "run.ckpt");
    mnist_checkpoint *loaded;
    mnist_error err;
    size_t count;
    save(file.path);
    if (mnist_checkpoint_load(&loaded, file.path, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    const mnist_array *found = mnist_checkpoint_arrays(loaded, &count);
    assert_int_equal(count, ARRAYS);
    for (size_t i = 0; i < ARRAYS; i++) {
        assert_string_equal(found[i].name, arrays[i].name);
        assert_int_equal(found[i].element, arrays[i].element);
        assert_int_equal(found[i].rank, arrays[i].rank);
        assert_memory_equal(found[i].shape, arrays[i].shape, sizeof found[i].shape);
        assert_memory_equal(found[i].values, arrays[i].values,
                            mnist_array_count(&arrays[i]) * mnist_element_size(arrays[i].element));
    }
    assert_string_equal(mnist_checkpoint_metadata(loaded, "config"), metadata[0].value);
    assert_string_equal(mnist_checkpoint_metadata(loaded, "text"), metadata[1].value);
    assert_string_equal(mnist_checkpoint_metadata(loaded, "format"), "mnist-checkpoint");
    assert_null(mnist_checkpoint_metadata(loaded, "none"));
    mnist_checkpoint_free(loaded);
    mnist_checkpoint_free(NULL);
    mnist_model *model;
    assert_int_equal(mnist_model_load(&model, file.path, &err), MNIST_ERR_CHECKPOINT);
    assert_null(model);
    assert_int_equal(scratch_count(state), 1); /* no temporary file is left */
}

static void assert_refused(const char *path, const char *expected)
{
    mnist_checkpoint *loaded;
    mnist_error err = {0};
    mnist_status status = mnist_checkpoint_load(&loaded, path, &err);
    if (status == MNIST_OK || !strstr(err.text, expected)) {
        fail_msg("expected '%s', got status %d '%s'", expected, (int)status, err.text);
    }
    assert_null(loaded);
}

/* Every byte, changed; every length, cut or grown. */
static void any_damage_is_found(void **state)
{
    scratch_file file = scratch_name(state, "run.ckpt");
    size_t size;
    save(file.path);
    char *bytes = scratch_read(file.path, &size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
        assert_int_equal(scratch_write(file.path, bytes, size), 0);
        assert_refused(file.path, "run.ckpt: ");
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
    }
    for (size_t length = 0; length < size; length += 1 + length / 16) {
        assert_int_equal(scratch_write(file.path, bytes, length), 0);
        assert_refused(file.path, "run.ckpt: ");
    }
    assert_int_equal(scratch_write(file.path, bytes, size + 1), 0); /* its terminating zero */
    assert_refused(file.path, "1 trailing bytes");
    free(bytes);
}

#define HEAD                                                                                       \
    "{\"__metadata__\":{\"format\":\"mnist-checkpoint\",\"format_version\":\"2\","                 \
    "\"crc32\":\"00000000\"}"

static void what_is_none(void **state)
{
    static const struct {
        const char *header;
        size_t size;
        const char *expected;
    } cases[] = {
        {"{}", 0, "format '(none)', expected 'mnist-checkpoint'"},
        {"{\"__metadata__\":{\"format\":\"mnist-mlp\"}}", 0,
         "format 'mnist-mlp', expected 'mnist-checkpoint': a model has no state of a training"},
        {"{\"__metadata__\":{\"format\":\"other\"}}", 0, "format 'other', expected"},
        {"{\"__metadata__\":{\"format\":\"mnist-checkpoint\"}}", 0, "format_version '(none)'"},
        {"{\"__metadata__\":{\"format\":\"mnist-checkpoint\",\"format_version\":\"1\"}}", 0,
         "made by another version of mnist-train?"},
        {"{\"__metadata__\":{\"format\":\"mnist-checkpoint\",\"format_version\":\"2\"}}", 0,
         "no checksum"},
        {HEAD ",\"a name that is thirty-two bytes..\":{\"dtype\":\"F32\",\"shape\":[1],"
              "\"data_offsets\":[0,4]}}",
         4, "expected names of at most 31 bytes"},
        {HEAD ",\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1],\"data_offsets\":[0,4]}}", 4,
         "tensor 'a' of 3 dimensions"},
        {HEAD
         ",\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,0],\"data_offsets\":[0,0]}}",
         0, "tensor 'a' is empty"},
        {HEAD ",\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "dtype 'I64'"},
    };
    static const uint8_t data[8];
    scratch_file file = scratch_name(state, "other");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crafted made = craft(cases[i].header, data, cases[i].size);
        assert_int_equal(scratch_write(file.path, made.bytes, made.size), 0);
        assert_refused(file.path, cases[i].expected);
        free(made.bytes);
    }
    assert_refused(scratch_name(state, "missing").path, "missing: cannot be opened");
    assert_refused(((scratch *)*state)->path, "is a directory");
}

/* What cannot be written leaves what was there. */
static void the_one_before_survives(void **state)
{
    scratch_file file = scratch_name(state, "run.ckpt");
    mnist_checkpoint *loaded;
    mnist_error err;
    save(file.path);
    const mnist_metadata bad[] = {{"text", "\xff"}};
    assert_int_equal(mnist_checkpoint_save(file.path, arrays, ARRAYS, bad, 1, &err),
                     MNIST_ERR_ARGUMENT);
    const mnist_metadata own[] = {{"format", "x"}};
    assert_int_equal(mnist_checkpoint_save(file.path, arrays, ARRAYS, own, 1, &err),
                     MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_checkpoint_load(&loaded, file.path, NULL), MNIST_OK);
    mnist_checkpoint_free(loaded);
    scratch_file none = scratch_name(state, "none/run.ckpt");
    assert_int_equal(mnist_checkpoint_save(none.path, arrays, ARRAYS, NULL, 0, &err), MNIST_ERR_IO);
    assert_int_equal(scratch_count(state), 1);
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(comes_back_to_the_bit),
        SCRATCH_TEST(any_damage_is_found),
        SCRATCH_TEST(what_is_none),
        SCRATCH_TEST(the_one_before_survives),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
