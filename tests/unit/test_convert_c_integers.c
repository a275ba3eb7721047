/* Nets of whole numbers as C (src/convert/c_integers.c): the numbers in the text are the library's, packed where they
 * are small; sizes; what is refused. That it compiles and gives the same logits: tests/cli/test_convert_c.sh. */
#include "convert_nets.h"

#include "io/model.h"

#include <float.h>
#include <stdio.h>

#include <mnist/eval.h>
#include <mnist/integers.h>

#define IMAGES 60

/* The net of these widths, which end with 0, as whole numbers of so many bits: what mnist-convert reads. */
static mnist_net whole_net(const unsigned *widths, mnist_activation activation, unsigned bits)
{
    mnist_net drawn = drawn_net(widths, activation, standard, 0.3f), net;
    mnist_safetensors_output file = {.path = "model"};
    mnist_dataset *images;
    mnist_mlp *mlp;
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(&images, 0, IMAGES, 1, &err), MNIST_OK);
    assert_int_equal(mnist_net_to_mlp(&drawn, &mlp, &err), MNIST_OK);
    assert_int_equal(mnist_mlp_quantize(mlp, mnist_dataset_view(images), &standard,
                                        &(mnist_quantize_options){.bits = bits}, NULL, &err),
                     MNIST_OK);
    const mnist_model_parts parts = {.mlp = mlp, .normalization = &standard};
    assert_int_equal(mnist_model_encode(&file, &parts, &err), MNIST_OK);
    const mnist_format_input input = {.data = file.bytes, .size = file.size, .path = "model"};
    assert_int_equal(mnist_net_decode(&net, &input, NULL, NULL, &err), MNIST_OK);
    assert_non_null(net.integers);
    free(file.bytes);
    mnist_mlp_free(mlp);
    mnist_dataset_free(images);
    mnist_net_free(&drawn);
    return net;
}

/* Numbers of a table, one after the other, as a compiler reads them. */
typedef struct table {
    const char *at;
} table;

static table find_table(const char *source, const char *type, const char *name, unsigned l,
                        size_t count)
{
    char head[128];
    snprintf(head, sizeof head, "\nstatic const %s net_predict_%s%u[%zu] = {\n", type, name, l + 1,
             count);
    const char *at = strstr(source, head);
    if (!at) {
        fail_msg("no %s", head);
    }
    return (table){at + strlen(head)};
}

static long next(table *t)
{
    char *end;
    const long value = strtol(t->at, &end, 10);
    assert_true(end > t->at && *end == ',');
    t->at = end + 1;
    return value;
}

static void assert_ends(const table *t)
{
    assert_memory_equal(t->at, "\n};\n", 4);
}

static void assert_numbers(const char *source, const char *type, const char *name, unsigned l,
                           const int32_t *expected, size_t count)
{
    table t = find_table(source, type, name, l, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(next(&t), expected[i]);
    }
    assert_ends(&t);
}

/* The weights of a layer, each in so many bits. */
static void assert_weights(const char *source, const mnist_net *net, unsigned l, unsigned bits)
{
    const unsigned inputs = net->layers[l].inputs, outputs = net->layers[l].outputs;
    const size_t row = ((size_t)outputs * bits + 7) / 8;
    int8_t *expected = malloc((size_t)inputs * outputs);
    assert_non_null(expected);
    mnist_mlp_get_integers(mnist_model_mlp(net->integers), l, expected, NULL, NULL, NULL);
    table t = find_table(source, bits == 8 ? "int8_t" : "uint8_t", "weights", l, inputs * row);
    for (size_t i = 0; i < inputs; i++) {
        long byte = 0;
        for (size_t o = 0; o < outputs; o++) {
            const unsigned place = (unsigned)(o * bits % 8);
            byte = place == 0 ? next(&t) : byte;
            const long value = bits == 8 ? byte : (byte >> place) % (1 << bits) - (1 << bits) / 2;
            assert_int_equal(value, expected[i * outputs + o]);
        }
        assert_int_equal(bits < 8 && byte >> ((outputs - 1) * bits % 8 + bits), 0); /* the rest */
    }
    assert_ends(&t);
    free(expected);
}

/* All tables, each layer's weights in these bits. */
static void assert_tables(const char *source, const mnist_net *net, const unsigned *bits)
{
    const mnist_mlp *mlp = mnist_model_mlp(net->integers);
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_integer_constants c = mnist_mlp_integer_constants(mlp, l);
        const unsigned outputs = net->layers[l].outputs;
        assert_weights(source, net, l, bits[l]);
        assert_numbers(source, "int32_t", "start", l, c.start, outputs);
        assert_int_equal(c.shifts != NULL, l + 1 < net->layer_count);
        assert_int_equal(c.scales == NULL, l + 1 < net->layer_count);
        assert_int_equal(c.table != NULL, c.shifts && net->activation != MNIST_RELU);
        if (c.shifts) {
            assert_numbers(source, "uint8_t", "shift", l, c.shifts, outputs);
            assert_numbers(source, "int16_t", "multiplier", l, c.multipliers, outputs);
        }
        if (c.table) {
            table t = find_table(source, "uint8_t", "table", l, 256);
            for (size_t i = 0; i < 256; i++) {
                assert_int_equal(next(&t), c.table[i]);
            }
        }
        for (unsigned o = 0; c.scales && o < outputs; o++) {
            char text[32];
            uint32_t value;
            memcpy(&value, &c.scales[o], sizeof value);
            snprintf(text, sizeof text, " 0x%08X,", (unsigned)value);
            assert_has(strstr(source, "static const uint32_t net_predict_scale[10] = {"), text);
        }
    }
}

static void the_numbers_are_the_librarys(void **state)
{
    (void)state;
    static const struct {
        unsigned bits, per_layer[3];
    } kinds[] = {{8, {8, 8, 8}}, {5, {8, 8, 8}}, {4, {4, 4, 4}}, {3, {4, 4, 4}}, {2, {2, 2, 2}}};
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        for (int a = 0; a < MNIST_ACTIVATIONS; a += MNIST_ACTIVATIONS - 1) {
            mnist_net net =
                whole_net((unsigned[]){784, 7, 5, 10, 0}, (mnist_activation)a, kinds[i].bits);
            written_net text = write_net(&net, "c", "net.c");
            assert_tables(text.first, &net, kinds[i].per_layer);
            assert_has(text.first, "\nint net_predict_class(const uint8_t pixels[784])\n{\n"
                                   "    int32_t z[10];\n");
            assert_has(text.first, "\n#ifndef NET_PREDICT_CLASS_ONLY\n");
            release(text);
            mnist_net_free(&net);
        }
    }
}

static void what_is_said(void **state)
{
    (void)state;
    mnist_net net = whole_net((unsigned[]){784, 30, 10, 0}, MNIST_RELU, 8);
    written_net text = write_net(&net, "c", "net.c");
    assert_has(text.second,
               "\n * It computes in whole numbers. A weight has 8, 8 bits, layer by layer.\n");
    assert_has(text.second, "Flash: 24110 bytes of tables, and less than 2 KB of code");
    assert_has(text.second, "on the stack 150 bytes of values");
    assert_has(text.second, "\nint net_predict(const uint8_t pixels[784], float out[10]);\n");
    assert_has(text.second, "\nint net_predict_class(const uint8_t pixels[784]);\n");
    assert_int_equal(net.note_count, 1);
    assert_string_equal(net.notes[0], "the functions are called net_predict and net_predict_class, "
                                      "after the file; the second needs no floats");
    release(text);
    mnist_net_free(&net);
    net = whole_net((unsigned[]){784, 10, 0}, MNIST_RELU, 2);
    text = write_net(&net, "c", "net.c");
    assert_has(text.second, "\n * It computes in whole numbers. A weight has 2 bits.\n");
    assert_has(text.second, "Flash: 2432 bytes of tables, "); /* 784 3 + 40 + 40 */
    assert_has(text.second, "on the stack 40 bytes of values");
    assert_null(strstr(text.first, "_value"));
    release(text);
    text = write_net(&net, "torch", "net.pt"); /* which holds floats */
    assert_has(net.notes[1], "whole numbers; written are the floats");
    release(text);
    mnist_net_free(&net);
}

/* Two nets of which one gives what the other's whole numbers stand for: C is of what was read. */
static void other_hints_are_floats(void **state)
{
    (void)state;
    mnist_net net = whole_net((unsigned[]){784, 5, 10, 0}, MNIST_TANH, 8);
    mnist_model_free(net.integers);
    net.integers = NULL;
    written_net text = write_net(&net, "c", "net.c");
    assert_has(text.first, "static const float net_predict_weights1[3920]");
    assert_null(strstr(text.second, "_class"));
    release(text);
    mnist_net_free(&net);
}

/* Scales that make no normal floats of logits; the library takes them. */
static void logits_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        float scale;
        const char *part;
    } wrong[] = {{FLT_MIN, "net.c: logits of class 3 are whole numbers up to "},
                 {1e36f, "format c takes a factor of at least 1.2e-38, and logits below 1.7e38"}};
    mnist_net net = whole_net((unsigned[]){784, 10, 0}, MNIST_RELU, 8);
    mnist_mlp *mlp = mnist_model_mlp(net.integers);
    mnist_integer_inputs inputs;
    static int8_t weights[7840];
    float scales[10];
    int32_t biases[10];
    mnist_integer_range range;
    mnist_error err;
    assert_true(mnist_mlp_has_integers(mlp, &inputs));
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        mnist_mlp_get_integers(mlp, 0, weights, scales, biases, &range);
        const float before = scales[3];
        const mnist_integer_layer layer = {weights, scales, biases, range};
        scales[3] = wrong[i].scale;
        assert_int_equal(mnist_mlp_set_integers(mlp, &inputs, &layer, &err), MNIST_OK);
        assert_refused(&net, "c", "net.c", wrong[i].part);
        scales[3] = before;
        assert_int_equal(mnist_mlp_set_integers(mlp, &inputs, &layer, &err), MNIST_OK);
    }
    release(write_net(&net, "c", "net.c"));
    mnist_net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_are_the_librarys),
        cmocka_unit_test(what_is_said),
        cmocka_unit_test(other_hints_are_floats),
        cmocka_unit_test(logits_that_are_refused),
    };
    return cmocka_run_group_tests_name("convert_c_integers", tests, NULL, NULL);
}
