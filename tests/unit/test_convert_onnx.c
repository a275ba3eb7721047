/* ONNX: there and back, damaged files; or, where it was built without protobuf-c, that this is said. */
#include "round_trips.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(damaged),
        cmocka_unit_test(floats),
        cmocka_unit_test(every_width_of_an_image),
    };
    return cmocka_run_group_tests_name("convert_onnx", tests, NULL, NULL);
}
