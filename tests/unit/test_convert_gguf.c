/* GGUF: there and back, what the bytes are, damaged files. */
#include "round_trips.h"

static void there_and_back(void **state)
{
    (void)state;
    check_round_trips(mnist_format_find("gguf"));
}

static void damaged(void **state)
{
    (void)state;
    check_damage(mnist_format_find("gguf"));
}

/* As ggml has it: a weight's row is all inputs of one output. */
static void weights_are_by_output(void **state)
{
    (void)state;
    mnist_net net;
    mnist_format_output bytes;
    mnist_error err;
    float row[4];
    make_net(&net, (const unsigned[]){4, MNIST_CLASSES}, 2);
    assert_int_equal(mnist_net_encode(&bytes, &net, mnist_format_find("gguf"), "written", &err),
                     MNIST_OK);
    /* at the end lie 40 weights, and 10 numbers of bias up to the next 32 bytes */
    const size_t weights = bytes.sizes[0] - 64 - 160;
    assert_int_equal(bytes.sizes[0] % 32, 0);
    memcpy(row, bytes.bytes[0] + weights + 3 * sizeof row, sizeof row);
    for (size_t i = 0; i < 4; i++) {
        assert_true(row[i] == net.layers[0].weights[i * MNIST_CLASSES + 3]);
    }
    mnist_format_output_free(&bytes);
    mnist_net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(damaged),
        cmocka_unit_test(weights_are_by_output),
    };
    return cmocka_run_group_tests_name("convert_gguf", tests, NULL, NULL);
}
