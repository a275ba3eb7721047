/* Nets as C (src/convert/c.c): numbers come back to the bit, names are C's, what is refused. That it compiles and
 * gives the same answers: tests/cli/test_convert_c.sh. */
#include "convert_nets.h"

#include <float.h>
#include <stdio.h>

static mnist_net create(const unsigned *widths, mnist_activation activation,
                        mnist_normalization normalization)
{
    return drawn_net(widths, activation, normalization, 0.3f);
}

/* The table called so, as a compiler reads it; to be freed. */
static float *read_table(const char *source, const char *name, size_t count)
{
    char head[128];
    snprintf(head, sizeof head, "static const float %s[%zu] = {\n", name, count);
    const char *at = strstr(source, head);
    float *values = malloc(count * sizeof *values);
    if (!at || !values) {
        fail_msg("no %s", head);
    }
    at += strlen(head);
    for (size_t i = 0; i < count; i++) {
        char *end;
        values[i] = strtof(at, &end);
        assert_true(end > at && end[0] == 'f' && end[1] == ',');
        at = end + 2;
    }
    assert_memory_equal(at, "\n};\n", 4);
    return values;
}

static void assert_table(const char *source, const char *name, const float *expected, size_t count)
{
    float *values = read_table(source, name, count);
    assert_memory_equal(values, expected, count * sizeof *values);
    free(values);
}

static void numbers_come_back_to_the_bit(void **state)
{
    (void)state;
    static const float edges[] = {
        0.0f, -0.0f,    1.0f, -1.0f,         FLT_MAX,  FLT_MIN,  0x1p-149f, -0x1.fffffcp-127f,
        0.1f, -FLT_MAX, 3.0f, 0x1.000002p0f, 0x1p127f, 0x1p-126f};
    mnist_net net = create((unsigned[]){784, 13, 10, 0}, MNIST_RELU, unit);
    memcpy(net.layers[0].weights, edges, sizeof edges);
    memcpy(net.layers[0].bias, edges + 1, 13 * sizeof edges[0]);
    memcpy(net.layers[1].bias, edges + 4, 10 * sizeof edges[0]);
    written_net text = write_net(&net, "c", "dir.d/my.net.c");
    assert_table(text.first, "my_net_predict_weights1", net.layers[0].weights, (size_t)784 * 13);
    assert_table(text.first, "my_net_predict_bias1", net.layers[0].bias, 13);
    assert_table(text.first, "my_net_predict_weights2", net.layers[1].weights, 130);
    assert_table(text.first, "my_net_predict_bias2", net.layers[1].bias, 10);
    assert_has(text.first, "#include \"my.net.h\"\n");
    release(text);
    mnist_net_free(&net);
}

/* What pixels of 0 give is in the first layer's bias, and nowhere else. */
static void normalization_goes_into_the_bias(void **state)
{
    (void)state;
    mnist_net net = create((unsigned[]){784, 11, 10, 0}, MNIST_TANH, standard);
    written_net text = write_net(&net, "c", "net.c");
    assert_table(text.first, "net_predict_weights1", net.layers[0].weights, (size_t)784 * 11);
    assert_table(text.first, "net_predict_weights2", net.layers[1].weights, 110);
    assert_table(text.first, "net_predict_bias2", net.layers[1].bias, 10);
    float *bias = read_table(text.first, "net_predict_bias1", 11);
    for (size_t o = 0; o < 11; o++) {
        double expected = (double)net.layers[0].bias[o];
        for (size_t i = 0; i < 784; i++) {
            expected -= 0.1307 / 0.3081 * (double)net.layers[0].weights[i * 11 + o];
        }
        const double difference = (double)bias[o] - expected;
        assert_true(difference < 1e-5 && difference > -1e-5);
    }
    free(bias);
    release(text);
    mnist_net_free(&net);
}

static void functions_are_called_after_the_file(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"mnist_predict.c", "mnist_predict"},
        {"/a.b/mnist.c", "mnist_predict"},
        {"predict.c", "predict_predict"},
        {"int.c", "int_predict"},
        {"7.c", "net_7_predict"},
        {"_7.c", "net_7_predict"},
        {"_a__b--c_.c", "a_b_c_predict"},
        {"---.c", "net_predict"},
        {".c", "c_predict"},
        {"no-ending", "no_ending_predict"},
        {"Net+2.x.c", "Net_2_x_predict"},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv.c",
         "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv_predict"},
        {"7bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv.c",
         "net_7bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv_predict"},
    };
    mnist_net net = create((unsigned[]){784, 10, 0}, MNIST_RELU, unit);
    for (size_t i = 0; i < LENGTH(names); i++) {
        char prototype[256], static_name[256];
        snprintf(prototype, sizeof prototype, "\nint %s(const uint8_t pixels[784], float out[10])",
                 names[i][1]);
        snprintf(static_name, sizeof static_name, "\nstatic float %s_exp(float x)\n", names[i][1]);
        written_net text = write_net(&net, "c", names[i][0]);
        assert_has(text.second, prototype);
        assert_has(text.first, prototype);
        assert_has(text.first, static_name);
        release(text);
    }
    mnist_net_free(&net);
}

static void names_that_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a b.c", "a\"b.c", "a\\b.c", "a\nb.c", "\xC3\xA4.c",
                                        "a$b.c", "a%sb.c", "a*b.c",  "a?b.c",  "dir/"};
    mnist_net net = create((unsigned[]){784, 10, 0}, MNIST_RELU, unit);
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        assert_refused(&net, "c", wrong[i], "the name of this file becomes C: expected ");
    }
    assert_refused(&net, "c", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw.c",
                   "49 bytes before its ending, expected at most 48");
    assert_refused(&net, "c", "stdint.c", "its header would be called stdint.h, as one of C's own");
    assert_refused(&net, "c", "net.h", "would take the place of its own header");
    mnist_net_free(&net);
}

/* The limit is 2^22 weights and biases. */
static void huge_nets_are_refused(void **state)
{
    (void)state;
    mnist_net net = create((unsigned[]){784, 5283, 10, 0}, MNIST_RELU, unit);
    assert_refused(
        &net, "c", "net.c",
        "4199995 weights and biases are too many for a compiler's tables: format c takes "
        "nets of at most 4194304");
    mnist_net_free(&net);
}

static void every_activation_and_depth(void **state)
{
    (void)state;
    unsigned widths[MNIST_NET_LAYERS + 2] = {784};
    for (int a = 0; a < MNIST_ACTIVATIONS; a++) {
        char comment[64];
        mnist_net net = create((unsigned[]){784, 3, 10, 0}, (mnist_activation)a, unit);
        snprintf(comment, sizeof comment, "\n/* %s", mnist_activation_name((mnist_activation)a));
        written_net text = write_net(&net, "c", "net.c");
        assert_has(text.first, comment);
        assert_has(text.first, "static float net_predict_activate(float x)\n");
        release(text);
        mnist_net_free(&net);
    }
    for (unsigned l = 1; l < MNIST_NET_LAYERS; l++) {
        widths[l] = 20 + l;
    }
    widths[MNIST_NET_LAYERS] = 10;
    mnist_net net = create(widths, MNIST_GELU, unit);
    written_net text = write_net(&net, "c", "net.c");
    assert_has(text.first, "    float a[35];\n    float b[36];\n");
    assert_has(text.first, "    net_predict_layer16(a, b);\n    net_predict_layer17(b, out);\n");
    release(text);
    mnist_net_free(&net);
}

static void the_comment_says_sizes(void **state)
{
    (void)state;
    mnist_net net = create((unsigned[]){784, 32, 10, 0}, MNIST_RELU, unit);
    written_net text = write_net(&net, "c", "net.c");
    assert_has(text.second, "784-32-10, relu");
    assert_has(text.second, "Flash: 101800 bytes of tables, ");
    assert_has(text.second, "on the stack 128 bytes of values");
    assert_has(text.second, "25408 at most, of which 25088 are the first layer's");
    assert_has(text.second, "#ifndef NET_PREDICT_H\n#define NET_PREDICT_H\n");
    release(text);
    mnist_net_free(&net);
    net = create((unsigned[]){1, 10, 0}, MNIST_RELU, unit);
    text = write_net(&net, "c", "net.c");
    assert_has(text.second, "Flash: 80 bytes of tables, ");
    assert_has(text.second, "on the stack 0 bytes of values");
    assert_has(text.second, "int net_predict(const uint8_t pixels[1], float out[10]);");
    assert_null(strstr(text.first, "_activate"));
    release(text);
    mnist_net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back_to_the_bit),
        cmocka_unit_test(normalization_goes_into_the_bias),
        cmocka_unit_test(functions_are_called_after_the_file),
        cmocka_unit_test(names_that_are_refused),
        cmocka_unit_test(huge_nets_are_refused),
        cmocka_unit_test(every_activation_and_depth),
        cmocka_unit_test(the_comment_says_sizes),
    };
    return cmocka_run_group_tests_name("convert_c", tests, NULL, NULL);
}
