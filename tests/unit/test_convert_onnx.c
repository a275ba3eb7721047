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
        cmocka_unit_test(every_width_of_an_image),
    };
    return cmocka_run_group_tests_name("convert_onnx", tests, NULL, NULL);
}
