/* ONNX: there and back, damaged files; or, where it was built without protobuf-c, that this is said. */
#include "round_trips.h"

#include "io/model.h"

#include <mnist/eval.h>
#include <mnist/integers.h>

/* Whether it was built with what ONNX needs. */
static bool is_there(void)
{
    mnist_net net;
    mnist_format_output bytes;
    mnist_error err;
    make_net(&net, (const unsigned[]){4, MNIST_CLASSES}, 2);
    const mnist_status status =
        mnist_net_encode(&bytes, &net, mnist_format_find("onnx"), "written", &err);
    mnist_net_free(&net);
    if (status == MNIST_OK) {
        mnist_format_output_free(&bytes);
        return true;
    }
    assert_int_equal(status, MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "libprotobuf-c-dev, protobuf-c-compiler and libonnx-dev"));
    return false;
}

static void there_and_back(void **state)
{
    (void)state;
    if (!is_there()) {
        skip();
    }
    check_round_trips(mnist_format_find("onnx"));
}

static void damaged(void **state)
{
    (void)state;
    if (!is_there()) {
        skip();
    }
    check_damage(mnist_format_find("onnx"));
}

/* Floats are what the first layer takes; of a file without the metadata it is not known how they were made. */
static void floats(void **state)
{
    (void)state;
    mnist_net net, again;
    mnist_format_output bytes;
    mnist_error err;
    if (!is_there()) {
        skip();
    }
    const mnist_format *format = mnist_format_find("onnx");
    make_net(&net, (const unsigned[]){9, 3, MNIST_CLASSES}, 3);
    net.normalization = (mnist_normalization){MNIST_NORMALIZE_STANDARD, 0.1307f, 0.3081f};
    assert_int_equal(mnist_net_encode_for(&bytes, &net, format,
                                          &(mnist_net_form){.input = MNIST_INPUT_FLOATS}, "net",
                                          &err),
                     MNIST_OK);
    const mnist_format_input input = {
        .data = bytes.bytes[0], .size = bytes.sizes[0], .path = "again"};
    unsigned renamed = 0;
    for (size_t i = 0; i + 10 < bytes.sizes[0]; i++) {
        if (memcmp(bytes.bytes[0] + i, "mnist.mean", 10) == 0 ||
            memcmp(bytes.bytes[0] + i, "mnist.stdd", 10) == 0) {
            bytes.bytes[0][i] = 'n';
            renamed++;
        }
    }
    assert_int_equal(renamed, 2);
    assert_int_equal(mnist_net_decode(&again, &input, NULL, NULL, &err), MNIST_OK);
    assert_same_net(&net, &again);
    assert_false(again.knows_normalization);
    mnist_net_free(&again);
    mnist_format_output_free(&bytes);
    mnist_net_free(&net);
}

/* Square images come in as such. */
static void every_width_of_an_image(void **state)
{
    (void)state;
    mnist_net net;
    if (!is_there()) {
        skip();
    }
    for (unsigned inputs = 1; inputs < 70; inputs++) {
        make_net(&net, (const unsigned[]){inputs, MNIST_CLASSES}, 2);
        check_round_trip(mnist_format_find("onnx"), &net);
        mnist_net_free(&net);
    }
}

/* A net of whole numbers, as it comes from a model file. */
static void make_whole(mnist_net *net, mnist_activation activation,
                       const mnist_normalization *normalization, unsigned hidden, unsigned bits)
{
    const mnist_mlp_config config = {.inputs = 784,
                                     .outputs = MNIST_CLASSES,
                                     .hidden = {6, 5},
                                     .hidden_count = hidden,
                                     .activation = activation};
    mnist_safetensors_output file = {.path = "model"};
    mnist_dataset *images;
    mnist_mlp *mlp;
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(&images, 0, 60, 1, &err), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&mlp, &config, &err), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 1);
    assert_int_equal(mnist_mlp_quantize(mlp, mnist_dataset_view(images), normalization,
                                        &(mnist_quantize_options){.bits = bits}, NULL, &err),
                     MNIST_OK);
    const mnist_model_parts parts = {.mlp = mlp, .normalization = normalization};
    assert_int_equal(mnist_model_encode(&file, &parts, &err), MNIST_OK);
    const mnist_format_input input = {.data = file.bytes, .size = file.size, .path = "model"};
    assert_int_equal(mnist_net_decode(net, &input, NULL, NULL, &err), MNIST_OK);
    assert_non_null(net->integers);
    free(file.bytes);
    mnist_mlp_free(mlp);
    mnist_dataset_free(images);
}

static void assert_same_integers(mnist_model *a, mnist_model *b)
{
    static int8_t weights[2][784 * MNIST_CLASSES];
    float scales[2][MNIST_CLASSES];
    int32_t biases[2][MNIST_CLASSES];
    mnist_integer_range ranges[2];
    mnist_integer_inputs inputs[2];
    mnist_mlp *mlps[2] = {mnist_model_mlp(a), mnist_model_mlp(b)};
    for (unsigned i = 0; i < 2; i++) {
        assert_true(mnist_mlp_has_integers(mlps[i], &inputs[i]));
    }
    assert_memory_equal(&inputs[0], &inputs[1], sizeof inputs[0]);
    for (unsigned l = 0; l < mnist_mlp_layers(mlps[0]); l++) {
        const size_t width = mnist_mlp_layer_outputs(mlps[0], l);
        for (unsigned i = 0; i < 2; i++) {
            mnist_mlp_get_integers(mlps[i], l, weights[i], scales[i], biases[i], &ranges[i]);
        }
        assert_memory_equal(weights[0], weights[1], width * mnist_mlp_layer_inputs(mlps[0], l));
        assert_memory_equal(scales[0], scales[1], width * sizeof scales[0][0]);
        assert_memory_equal(biases[0], biases[1], width * sizeof biases[0][0]);
        assert_memory_equal(&ranges[0], &ranges[1], sizeof ranges[0]);
    }
}

/* There and back; and as floats, where these are asked for. */
static void whole_numbers_there_and_back(void **state)
{
    (void)state;
    static const mnist_normalization normalizations[] = {
        {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f},
        {MNIST_NORMALIZE_STANDARD, 0.1307f, 0.3081f},
        {MNIST_NORMALIZE_STANDARD, 1.0f, 1e-3f},
    };
    const mnist_format *format = mnist_format_find("onnx");
    if (!is_there()) {
        skip();
    }
    for (unsigned i = 0; i < 3 * MNIST_ACTIVATIONS; i++) {
        mnist_net net, again;
        mnist_format_output bytes;
        mnist_error err;
        make_whole(&net, (mnist_activation)(i / 3), &normalizations[i % 3], (i + i / 3) % 3,
                   2 + i % 7);
        for (unsigned form = 0; form < 3; form++) {
            const mnist_net_form asked = {
                .input = form == 1 ? MNIST_INPUT_FLOATS : MNIST_INPUT_BYTES, .floats = form == 2};
            assert_int_equal(mnist_net_encode_for(&bytes, &net, format, &asked, "net", &err),
                             MNIST_OK);
            const mnist_format_input input = {
                .data = bytes.bytes[0], .size = bytes.sizes[0], .path = "again"};
            assert_int_equal(mnist_net_decode(&again, &input, NULL, NULL, &err), MNIST_OK);
            assert_int_equal(again.note_count, 0);
            assert_same_net(&net, &again);
            assert_memory_equal(&net.normalization, &again.normalization, sizeof net.normalization);
            if (form == 2) {
                assert_null(again.integers);
            } else {
                assert_non_null(again.integers);
                assert_same_integers(net.integers, again.integers);
            }
            mnist_net_free(&again);
            mnist_format_output_free(&bytes);
        }
        mnist_net_free(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(damaged),
        cmocka_unit_test(floats),
        cmocka_unit_test(every_width_of_an_image),
        cmocka_unit_test(whole_numbers_there_and_back),
    };
    return cmocka_run_group_tests_name("convert_onnx", tests, NULL, NULL);
}
