/* Nets in and out of other programs' files: numbers, order of layers, round trips, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/convert/conversion.h"
#include "data/archive.h"
#include "convert/assemble.h"
#include "data/npy.h"

#include <mnist/convert.h>
#include <mnist/eval.h>

/* Numbers */

static void every_half_is_exact(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const uint8_t little[2] = {(uint8_t)bits, (uint8_t)(bits >> 8)};
        const uint8_t big[2] = {little[1], little[0]};
        const int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        const double sign = bits & 0x8000u ? -1.0 : 1.0;
        const float got = mnist_number_get(little, MNIST_NUMBER_F16, false);
        const float turned = mnist_number_get(big, MNIST_NUMBER_F16, true);
        assert_memory_equal(&got, &turned, sizeof got);
        if (exponent == 31) {
            assert_true(fraction > 0 ? isnan(got) : isinf(got));
            continue;
        }
        const double expected =
            sign * (exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25));
        assert_true((double)got == expected && !signbit(got) == !signbit(expected));
    }
}

static void numbers_of_every_type(void **state)
{
    (void)state;
    const uint8_t f32[4] = {0, 0, 0xC0, 0x3F}, f32_big[4] = {0x3F, 0xC0, 0, 0};
    const uint8_t f64[8] = {0, 0, 0, 0, 0, 0, 0xF8, 0x3F};
    const uint8_t f64_big[8] = {0x3F, 0xF8, 0, 0, 0, 0, 0, 0}, bf16[2] = {0xC0, 0x3F};
    const uint8_t third[8] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5, 0x3F};
    assert_true(mnist_number_get(f32, MNIST_NUMBER_F32, false) == 1.5f);
    assert_true(mnist_number_get(f32_big, MNIST_NUMBER_F32, true) == 1.5f);
    assert_true(mnist_number_get(f64, MNIST_NUMBER_F64, false) == 1.5f);
    assert_true(mnist_number_get(f64_big, MNIST_NUMBER_F64, true) == 1.5f);
    assert_true(mnist_number_get(bf16, MNIST_NUMBER_BF16, false) == 1.5f);
    assert_true(mnist_number_get(third, MNIST_NUMBER_F64, false) == 1.0f / 3.0f);
    assert_true(mnist_number_is_rounded(third, MNIST_NUMBER_F64, false));
    assert_false(mnist_number_is_rounded(f64, MNIST_NUMBER_F64, false));
    assert_false(mnist_number_is_rounded(f32, MNIST_NUMBER_F32, false));
}

static void normalizations(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      "units", "0.1",       ":",       "0.1:",    ":0.3",  "0:0",  "0.1:-0.3", "nan:1",
        "0:inf", "1,2",   "0.1:0.3:1", "0:1e-46", "0:1e-45", "0x1:1", " 0:1", "0:1 "};
    mnist_normalization n;
    mnist_error err;
    assert_int_equal(mnist_normalization_parse(&n, "unit", &err), MNIST_OK);
    assert_int_equal(n.kind, MNIST_NORMALIZE_UNIT);
    assert_int_equal(mnist_normalization_parse(&n, "0:1", &err), MNIST_OK);
    assert_int_equal(n.kind, MNIST_NORMALIZE_UNIT);
    assert_int_equal(mnist_normalization_parse(&n, "standard", &err), MNIST_OK);
    assert_true(n.mean == 0.130660474f && n.stddev == 0.308107793f);
    assert_int_equal(mnist_normalization_parse(&n, "0.1307:0.3081", &err), MNIST_OK);
    assert_true(n.kind == MNIST_NORMALIZE_STANDARD && n.mean == 0.1307f && n.stddev == 0.3081f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (mnist_normalization_parse(&n, wrong[i], &err) != MNIST_ERR_ARGUMENT) {
            fail_msg("'%s' was accepted", wrong[i]);
        }
    }
}

static void names_are_ordered_as_people_do(void **state)
{
    (void)state;
    static const char *const ascending[] = {"",    "0.weight", "2.weight", "10.weight",
                                            "a",   "fc",       "fc.bias",  "fc1",
                                            "fc2", "fc10",     "fc10.b",   "fd"};
    for (size_t i = 0; i < sizeof ascending / sizeof ascending[0]; i++) {
        for (size_t k = 0; k < sizeof ascending / sizeof ascending[0]; k++) {
            const int order = mnist_natural_compare(ascending[i], ascending[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
    assert_int_equal(mnist_natural_compare("a01", "a1"), 0);
}

/* Order of layers */

/* A matrix or a vector of floats that count up from first; static room for a few. */
static float room[8][512];

static mnist_named_array array(size_t slot, const char *name, uint64_t rows, uint64_t columns)
{
    mnist_named_array made = {.name = name,
                              .rank = columns > 0 ? 2 : 1,
                              .shape = {rows, columns},
                              .type = MNIST_NUMBER_F32,
                              .bytes = (const uint8_t *)room[slot]};
    for (size_t i = 0; i < 512; i++) {
        room[slot][i] = (float)(1000 * slot + i);
    }
    return made;
}

static mnist_status assemble(mnist_net *net, const mnist_named_array *arrays, size_t count,
                             const char *layers, mnist_error *err)
{
    const mnist_assembly a = {
        .path = "file", .layers = layers, .outputs_first = true, .arrays = arrays, .count = count};
    *net = (mnist_net){.layer_count = 0};
    return mnist_assemble(net, &a, err);
}

static void assert_widths(const mnist_net *net, const char *expected)
{
    char text[MNIST_NET_SHAPE];
    mnist_net_shape_text(net, text);
    assert_string_equal(text, expected);
}

static void layers_by_name(void **state)
{
    (void)state;
    mnist_net net;
    mnist_error err;
    const mnist_named_array arrays[] = {array(0, "fc10.weight", 10, 3), array(1, "fc2.bias", 3, 0),
                                        array(2, "fc2.weight", 3, 4), array(3, "fc10.bias", 10, 0)};
    assert_int_equal(assemble(&net, arrays, 4, NULL, &err), MNIST_OK);
    assert_widths(&net, "4-3-10");
    assert_true(net.layers[0].weights[0 * 3 + 1] == 2004.0f); /* input 0, output 1 */
    assert_true(net.layers[0].bias[2] == 1002.0f && net.layers[1].bias[9] == 3009.0f);
    assert_int_equal(net.note_count, 0);
    mnist_net_free(&net);
}

static void layers_the_other_way_round(void **state)
{
    (void)state;
    mnist_net net;
    mnist_error err;
    mnist_named_array arrays[] = {array(0, "arr_0", 4, 3), array(1, "arr_1", 3, 0),
                                  array(2, "arr_2", 3, 10), array(3, "arr_3", 10, 0)};
    assert_int_equal(assemble(&net, arrays, 4, NULL, &err), MNIST_OK);
    assert_widths(&net, "4-3-10");
    assert_true(net.layers[0].weights[1 * 3 + 2] == 5.0f);
    assert_int_equal(net.note_count, 1);
    mnist_net_free(&net);
    arrays[0].column_major = true;
    assert_int_equal(assemble(&net, arrays, 4, NULL, &err), MNIST_OK);
    assert_true(net.layers[0].weights[1 * 3 + 2] == 9.0f);
    mnist_net_free(&net);
}

static void layers_by_shape(void **state)
{
    (void)state;
    mnist_net net;
    mnist_error err;
    const mnist_named_array arrays[] = {array(0, "a", 10, 3), array(1, "b", 3, 2),
                                        array(2, "c", 2, 7)};
    assert_int_equal(assemble(&net, arrays, 3, NULL, &err), MNIST_OK);
    assert_widths(&net, "7-2-3-10");
    assert_int_equal(net.note_count, 2); /* found by shape; no biases */
    mnist_net_free(&net);
    const mnist_named_array unclear[] = {array(0, "a", 10, 3), array(1, "b", 3, 3),
                                         array(2, "c", 3, 3), array(3, "d", 3, 7)};
    assert_int_equal(assemble(&net, unclear, 4, NULL, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "name them in order"));
    mnist_net_free(&net);
    assert_int_equal(assemble(&net, unclear, 4, "d,c,b,a", &err), MNIST_OK);
    assert_widths(&net, "7-3-3-3-10");
    assert_true(net.layers[1].weights[0] == 2000.0f);
    mnist_net_free(&net);
}

/* Other numbers of classes than ten, where it is clear which end of the net they are. */
static void layers_of_other_classes(void **state)
{
    (void)state;
    mnist_net net;
    mnist_error err;
    const mnist_named_array own[] = {array(0, "a.weight", 5, 6), array(1, "b.weight", 7, 5)};
    assert_int_equal(assemble(&net, own, 2, NULL, &err), MNIST_OK);
    assert_widths(&net, "6-5-7");
    mnist_net_free(&net);
    /* the format's own order is not this, and 6 may be classes as well as 7 */
    const mnist_named_array other[] = {array(0, "a.weight", 6, 5), array(1, "b.weight", 5, 7)};
    assert_int_equal(assemble(&net, other, 2, NULL, &err), MNIST_OK);
    assert_widths(&net, "7-5-6");
    mnist_net_free(&net);
    assert_int_equal(assemble(&net, other, 2, "a.weight,b.weight", &err), MNIST_ERR_MISMATCH);
    mnist_net_free(&net);
    /* but 300 may not */
    const mnist_named_array wide[] = {array(0, "a.weight", 300, 0 + 1),
                                      array(1, "b.weight", 1, 47)};
    assert_int_equal(assemble(&net, wide, 2, NULL, &err), MNIST_OK);
    assert_widths(&net, "300-1-47");
    mnist_net_free(&net);
    const mnist_named_array one[] = {array(0, "w", 1, 4)};
    assert_int_equal(assemble(&net, one, 1, NULL, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "to another number of classes"));
    mnist_net_free(&net);
}

static void layers_as_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"W1,W3",    "W1+b1,W2+b3", "",  "W1,",    "b1",
                                        "W1,W2,W2", "W2,W1",       "+", "W1+,W2", "conv,W2"};
    mnist_net net;
    mnist_error err;
    mnist_named_array conv = array(4, "conv", 3, 4);
    conv.rank = 4;
    const mnist_named_array arrays[] = {array(0, "W1", 3, 4), array(1, "b1", 3, 0),
                                        array(2, "W2", 10, 3), array(3, "b2", 10, 0), conv};
    assert_int_equal(assemble(&net, arrays, 5, NULL, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "4 dimensions"));
    mnist_net_free(&net);
    assert_int_equal(assemble(&net, arrays, 5, "W1+b1,W2+b2", &err), MNIST_OK);
    assert_true(net.layers[1].bias[1] == 3001.0f);
    mnist_net_free(&net);
    assert_int_equal(assemble(&net, arrays, 5, "W1,W2", &err), MNIST_OK);
    assert_true(net.layers[1].bias[1] == 0.0f);
    mnist_net_free(&net);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (assemble(&net, arrays, 5, wrong[i], &err) == MNIST_OK) {
            fail_msg("--layers '%s' was accepted", wrong[i]);
        }
        mnist_net_free(&net);
    }
}

static void arrays_that_are_no_net(void **state)
{
    (void)state;
    mnist_net net;
    mnist_error err;
    mnist_named_array one = array(0, "w", 10, 4);
    const mnist_named_array vectors[] = {array(0, "a", 10, 0), array(1, "b", 10, 0)};
    const mnist_named_array classes[] = {array(0, "w", 1, 4)};
    const mnist_named_array biases[] = {array(0, "w", 10, 4), array(1, "a", 10, 0),
                                        array(2, "b", 4, 0)};
    const mnist_named_array norm[] = {array(0, "w", 10, 4), array(1, "bn.running_mean", 10, 0)};
    mnist_named_array many[18];
    char names[18][8];
    assert_int_equal(assemble(&net, NULL, 0, NULL, &err), MNIST_ERR_FORMAT);
    assert_int_equal(assemble(&net, vectors, 2, NULL, &err), MNIST_ERR_FORMAT);
    assert_int_equal(assemble(&net, classes, 1, NULL, &err), MNIST_ERR_MISMATCH);
    assert_int_equal(assemble(&net, biases, 3, NULL, &err), MNIST_ERR_MISMATCH);
    assert_int_equal(assemble(&net, norm, 2, NULL, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "batch normalisation"));
    one.unread = "I8";
    assert_int_equal(assemble(&net, &one, 1, NULL, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "of type I8"));
    for (size_t i = 0; i < 18;
         i++) { /* one more than there may be, all alike: the search must end */
        snprintf(names[i], sizeof names[i], "m%zu", i);
        many[i] = array(0, names[i], i == 0 ? 11 : 12, 12);
    }
    assert_int_equal(assemble(&net, many, 18, NULL, &err), MNIST_ERR_MISMATCH);
    assert_int_equal(assemble(&net, many, 17, NULL, &err), MNIST_ERR_MISMATCH);
    many[3].shape[0] = MNIST_CLASSES;
    assert_int_equal(assemble(&net, many, 17, NULL, &err), MNIST_ERR_MISMATCH);
    mnist_net_free(&net);
}

/* NumPy's headers */

/* A file of this version; more is added to the length that it states. */
static mnist_status parse_version(mnist_npy *npy, uint8_t version, const char *header,
                                  uint32_t more, size_t numbers, mnist_error *err)
{
    const size_t before = version == 1 ? 10 : 12, size = before + strlen(header) + numbers;
    const uint32_t stated = (uint32_t)strlen(header) + more;
    uint8_t *exact = calloc(size, 1); /* so that a sanitizer sees a read past the end */
    assert_non_null(exact);
    memcpy(exact, "\x93NUMPY", 6);
    exact[6] = version;
    for (size_t i = 0; i < before - 8; i++) {
        exact[8 + i] = (uint8_t)(stated >> (8 * i));
    }
    memcpy(exact + before, header, strlen(header));
    const mnist_status status = mnist_npy_parse(npy, exact, size, "file", "a", err);
    free(exact);
    return status;
}

static mnist_status parse_npy(mnist_npy *npy, const char *header, size_t numbers, mnist_error *err)
{
    return parse_version(npy, 1, header, 0, numbers, err);
}

static void npy_headers(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f44444444444444444444444444', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999,999999999999999)}",
        "{'descr': '', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f0', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': 'f4', 'fortran_order': False, 'shape': (2,)}",
    };
    mnist_npy npy;
    mnist_error err;
    assert_int_equal(
        parse_npy(&npy, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n", 8, &err),
        MNIST_OK);
    assert_true(npy.is_number && npy.rank == 1 && npy.shape[0] == 2 && !npy.column_major);
    assert_int_equal(
        parse_npy(&npy, "{\"shape\":(1,2),\"fortran_order\":True,\"descr\":\">f4\"}", 8, &err),
        MNIST_OK);
    assert_true(npy.big_endian && npy.column_major && npy.rank == 2);
    assert_int_equal(
        parse_npy(&npy, "{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 8, &err),
        MNIST_OK);
    assert_int_equal(npy.rank, 0);
    assert_int_equal(
        parse_npy(&npy, "{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", 8, &err),
        MNIST_OK);
    assert_false(npy.is_number);
    static const char plain[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    for (uint8_t version = 1; version <= 3; version++) {
        assert_int_equal(parse_version(&npy, version, plain, 0, 8, &err), MNIST_OK);
        assert_int_equal(npy.data, strlen(plain) + (version == 1 ? 10 : 12));
        assert_int_equal(parse_version(&npy, version, plain, 9, 8, &err), MNIST_ERR_FORMAT);
        assert_non_null(strstr(err.text, "its header has 66 bytes"));
    }
    assert_int_equal(parse_version(&npy, 2, plain, 1u << 24, 8, &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "its header has 16777273 bytes"));
    assert_int_equal(parse_version(&npy, 4, plain, 0, 8, &err), MNIST_ERR_FORMAT);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (parse_npy(&npy, wrong[i], 8, &err) != MNIST_ERR_FORMAT ||
            strncmp(err.text, "file: array 'a'", 15) != 0) {
            fail_msg("%s: %s", wrong[i], err.text);
        }
    }
}

/* Round trips */

/* A net whose weights are of every sort of float: denormal, largest, -0. */
static void make_net(mnist_net *net, unsigned layers)
{
    static const float odd[] = {0.0f, -0.0f, 1e-45f, -1e-38f, 3.4028234e38f, -1.0f / 3.0f, 1e-20f};
    const unsigned widths[] = {12, 5, 7, 3};
    mnist_error err;
    *net = (mnist_net){
        .knows_activation = true, .activation = MNIST_GELU, .knows_normalization = true};
    net->normalization = (mnist_normalization){MNIST_NORMALIZE_STANDARD, 0.1307f, 0.3081f};
    for (unsigned l = 0; l < layers; l++) {
        const unsigned out = l + 1 < layers ? widths[l + 1] : MNIST_CLASSES;
        assert_int_equal(mnist_net_add_layer(net, widths[l], out, "net", &err), MNIST_OK);
        for (size_t i = 0; i < (size_t)widths[l] * out; i++) {
            net->layers[l].weights[i] = odd[(i + l) % 7] / (i % 2 ? 1.0f : 3.0f);
        }
        for (unsigned i = 0; i < out; i++) {
            net->layers[l].bias[i] = odd[(i + 2) % 7];
        }
    }
}

static void assert_same(const mnist_net *a, const mnist_net *b)
{
    assert_int_equal(a->layer_count, b->layer_count);
    for (unsigned l = 0; l < a->layer_count; l++) {
        const mnist_net_layer *left = &a->layers[l], *right = &b->layers[l];
        assert_int_equal(left->inputs, right->inputs);
        assert_int_equal(left->outputs, right->outputs);
        assert_memory_equal(left->weights, right->weights,
                            (size_t)left->inputs * left->outputs * sizeof(float));
        assert_memory_equal(left->bias, right->bias, left->outputs * sizeof(float));
    }
    assert_true(b->knows_normalization && a->normalization.kind == b->normalization.kind &&
                a->normalization.mean == b->normalization.mean &&
                a->normalization.stddev == b->normalization.stddev);
    if (a->layer_count > 1) {
        assert_true(b->knows_activation && a->activation == b->activation);
    }
}

static mnist_status encode(mnist_format_output *bytes, mnist_net *net, const mnist_format *format)
{
    mnist_error err = {0};
    const mnist_status status = mnist_net_encode(bytes, net, format, "written", &err);
    if (status != MNIST_OK && status != MNIST_ERR_IO) {
        fail_msg("%s: %s", format->name, err.text);
    }
    return status;
}

static mnist_status decode(mnist_net *net, const mnist_format_output *bytes, mnist_error *err)
{
    const mnist_format_input input = {
        .data = bytes->bytes[0], .size = bytes->sizes[0], .path = "read"};
    return mnist_net_decode(net, &input, NULL, NULL, err);
}

/* There and back by content alone, and twice the same bytes. False where a library is not there. */
static bool comes_back(mnist_net *net, const mnist_format *format)
{
    mnist_net again;
    mnist_format_output bytes, twice;
    mnist_error err = {0};
    mnist_status status = encode(&bytes, net, format);
    status = status == MNIST_OK ? decode(&again, &bytes, &err) : status;
    if (status == MNIST_ERR_IO) {
        mnist_format_output_free(&bytes);
        return false;
    }
    if (status != MNIST_OK) {
        fail_msg("%s: %s", format->name, err.text);
    }
    assert_ptr_equal(again.source, format);
    assert_int_equal(strlen(again.digest), 64);
    assert_same(net, &again);
    assert_int_equal(encode(&twice, net, format), MNIST_OK);
    assert_int_equal(bytes.sizes[0], twice.sizes[0]);
    assert_memory_equal(bytes.bytes[0], twice.bytes[0], bytes.sizes[0]);
    mnist_format_output_free(&bytes);
    mnist_format_output_free(&twice);
    mnist_net_free(&again);
    return true;
}

/* Each activation in each normalisation. */
static bool all_come_back(mnist_net *net, const mnist_format *format)
{
    static const mnist_normalization normalizations[] = {
        {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f},
        {MNIST_NORMALIZE_STANDARD, 0.1307f, 0.3081f},
        {MNIST_NORMALIZE_STANDARD, 0.130660474f, 0.308107793f},
        {MNIST_NORMALIZE_STANDARD, -3.0f, 1e-3f},
    };
    bool is_there = true;
    for (size_t n = 0; n < sizeof normalizations / sizeof normalizations[0]; n++) {
        for (int kind = 0; is_there && kind < MNIST_ACTIVATIONS; kind++) {
            net->normalization = normalizations[n];
            net->activation = (mnist_activation)kind;
            is_there = comes_back(net, format);
        }
    }
    return is_there;
}

static void round_trips_keep_every_bit(void **state)
{
    (void)state;
    const mnist_format *format;
    for (size_t i = 0; (format = mnist_format_at(i)) != NULL; i++) {
        bool is_there = format->read && format->write;
        for (unsigned layers = 1; is_there && layers <= 4; layers++) {
            mnist_net net;
            make_net(&net, layers);
            is_there = all_come_back(&net, format);
            mnist_net_free(&net);
            if (!is_there) {
                printf("left out: %s: built without a library that it needs\n", format->name);
            }
        }
    }
}

/* Weights may be any bytes, those too by which models of mnist-train are known. */
static void weights_say_no_format(void **state)
{
    (void)state;
    static const char mark[24] = "   \"format\":\"mnist-mlp\"";
    const mnist_format *format;
    for (size_t i = 0; (format = mnist_format_at(i)) != NULL; i++) {
        mnist_net net;
        if (format->read && format->write) {
            make_net(&net, 2);
            for (size_t at = 0; at < sizeof mark / sizeof(float);
                 at++) { /* as columns and as rows */
                memcpy(&net.layers[0].weights[at * net.layers[0].outputs], mark + 4 * at, 4);
            }
            (void)comes_back(&net, format);
            memcpy(net.layers[0].weights, mark, sizeof mark);
            (void)comes_back(&net, format);
            mnist_net_free(&net);
        }
    }
}

/* A model of mnist-train whose header another program has written anew, with spaces. */
static void spaces_in_a_header(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{\"__metadata__\":{\"format\":\"mnist-mlp\"}}",
        "{\"__metadata__\": {\"format\" :\t\"mnist-mlp\"}}",
        "{\"__metadata__\":{\"format\":\"mnist-ml\"}} \"format\":\"mnist-mlp\"",
        "{\"__metadata__\":{\"a\":\"mnist-mlp\",\"format\"",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        const size_t size = strlen(headers[i]), length = i == 2 ? 39 : size;
        uint8_t *file = calloc(1, 8 + size);
        assert_non_null(file);
        file[0] = (uint8_t)length;
        memcpy(file + 8, headers[i], size);
        assert_string_equal(mnist_format_detect(file, 8 + size)->name, i < 2 ? "native" : "torch");
        free(file);
    }
}

/* Cut short anywhere, or a bit turned: refused, or another net, but never a crash. */
static void damage_is_met(void **state)
{
    (void)state;
    const mnist_format *format;
    for (size_t i = 0; (format = mnist_format_at(i)) != NULL; i++) {
        mnist_net net, again;
        mnist_format_output bytes;
        mnist_error err;
        make_net(&net, 2);
        if (!format->read || !format->write || encode(&bytes, &net, format) != MNIST_OK) {
            mnist_net_free(&net);
            continue;
        }
        const size_t size = bytes.sizes[0];
        for (size_t cut = 0; cut < size; cut += cut < 1200 ? 1 : 37) {
            uint8_t *exact = malloc(cut > 0 ? cut : 1);
            assert_non_null(exact);
            memcpy(exact, bytes.bytes[0], cut);
            const mnist_format_input input = {.data = exact, .size = cut, .path = "cut"};
            if (mnist_net_decode(&again, &input, format, NULL, &err) == MNIST_OK) {
                fail_msg("%s: accepted at %zu of %zu bytes", format->name, cut, size);
            }
            free(exact);
        }
        for (size_t bit = 0; bit < 8 * size; bit += bit < 8192 ? 3 : 101) {
            bytes.bytes[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (decode(&again, &bytes, &err) == MNIST_OK) {
                mnist_net_free(&again);
            }
            bytes.bytes[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        mnist_format_output_free(&bytes);
        mnist_net_free(&net);
    }
}

/* A net made by hand: of pixels a and b, hidden relu(a - b) and relu(b - a), logits by class. */
static void logits_are_known(void **state)
{
    (void)state;
    mnist_net net = {
        .knows_activation = true, .activation = MNIST_RELU, .knows_normalization = true};
    mnist_mlp *mlp;
    mnist_error err;
    const uint8_t images[4] = {255, 0, 51, 255}, labels[2] = {0, 0};
    const mnist_view view = {.images = images, .labels = labels, .count = 2, .rows = 1, .cols = 2};
    float logits[2 * MNIST_CLASSES];
    net.normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    assert_int_equal(mnist_net_add_layer(&net, 2, 2, "net", &err), MNIST_OK);
    assert_int_equal(mnist_net_add_layer(&net, 2, MNIST_CLASSES, "net", &err), MNIST_OK);
    const float first[4] = {1.0f, -1.0f, -1.0f, 1.0f}; /* (in, out) */
    memcpy(net.layers[0].weights, first, sizeof first);
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        net.layers[1].weights[c] = (float)c;
        net.layers[1].weights[MNIST_CLASSES + c] = -(float)c;
        net.layers[1].bias[c] = 0.5f;
    }
    for (size_t i = 0; mnist_format_at(i); i++) {
        const mnist_format *format = mnist_format_at(i);
        mnist_format_output bytes;
        mnist_net again;
        if (!format->read || !format->write || encode(&bytes, &net, format) != MNIST_OK) {
            continue;
        }
        if (decode(&again, &bytes, &err) != MNIST_OK) {
            assert_int_equal(err.status, MNIST_ERR_IO);
            mnist_format_output_free(&bytes);
            continue;
        }
        assert_int_equal(mnist_net_to_mlp(&again, &mlp, &err), MNIST_OK);
        assert_int_equal(mnist_logits(mlp, view, &again.normalization, NULL, logits, NULL, &err),
                         MNIST_OK);
        for (unsigned c = 0; c < MNIST_CLASSES; c++) {
            assert_true(logits[c] == (float)c + 0.5f);
            assert_true(fabsf(logits[MNIST_CLASSES + c] - (0.5f - 0.8f * (float)c)) < 1e-6f);
        }
        mnist_mlp_free(mlp);
        mnist_format_output_free(&bytes);
        mnist_net_free(&again);
    }
    mnist_net_free(&net);
}

/* The table */

static void formats_are_found(void **state)
{
    (void)state;
    char list[MNIST_FORMAT_LIST_TEXT];
    const mnist_format *format;
    for (size_t i = 0; (format = mnist_format_at(i)) != NULL; i++) {
        assert_ptr_equal(mnist_format_find(format->name), format);
        assert_true(format->text[0] != '\0' && (format->read || format->write));
        assert_true(!format->read || format->matches);
        mnist_format_list(format->write != NULL, list);
        assert_non_null(strstr(list, format->name));
    }
    assert_null(mnist_format_find("bogus"));
    assert_string_equal(mnist_format_of_path("a.safetensors")->name, "native");
    assert_string_equal(mnist_format_of_path("a.pt.safetensors")->name, "torch");
    assert_string_equal(mnist_format_of_path("dir.x/b.npz")->name, "npz");
    assert_null(mnist_format_of_path(".npz")); /* a name that is an ending is none */
    assert_null(mnist_format_of_path("npz"));
    assert_null(mnist_format_detect((const uint8_t *)"hello, world", 12));
    assert_null(mnist_format_detect(NULL, 0));
}

/* Every format is read and written by those alone who can. */
static void formats_go_one_way(void **state)
{
    (void)state;
    const mnist_format read_only = {.name = "bogus", .endings = "", .matches = NULL};
    const mnist_format_input input = {.data = (const uint8_t *)"int", .size = 3, .path = "a.c"};
    mnist_format_output bytes;
    mnist_net net, again;
    mnist_error err;
    assert_int_equal(mnist_net_decode(&again, &input, mnist_format_find("c"), NULL, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "a.c: format c is written only; formats that are read: "));
    make_net(&net, 2);
    assert_int_equal(mnist_net_encode(&bytes, &net, &read_only, "out", &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "out: format bogus is read only; formats that are written: "));
    assert_null(bytes.bytes[0]);
    mnist_net_free(&net);
}

/* NumPy's archives */

static void arrays_are_archived(void **state)
{
    (void)state;
    static const float numbers[6] = {0.0f, -0.0f, 1e-45f, 3.4028234e38f, 1.0f / 3.0f, 7.0f};
    static const uint8_t bytes_of[3] = {0, 127, 255};
    const mnist_npz_array arrays[] = {{"matrix", MNIST_NPZ_F32, numbers, 2, {2, 3}},
                                      {"row", MNIST_NPZ_U8, bytes_of, 1, {3}},
                                      {"number", MNIST_NPZ_F32, numbers + 4, 0, {0}},
                                      {"text", MNIST_NPZ_TEXT, "relu", 0, {0}},
                                      {"none", MNIST_NPZ_U8, bytes_of, 2, {0, 5}}};
    static const char *const types[] = {"<f4", "|u1", "<f4", "<U4", "|u1"};
    static const uint8_t text[16] = {'r', 0, 0, 0, 'e', 0, 0, 0, 'l', 0, 0, 0, 'u', 0, 0, 0};
    const void *const values[] = {numbers, bytes_of, numbers + 4, text, ""};
    static const size_t sizes[] = {sizeof numbers, 3, 4, 16, 0};
    uint8_t *file;
    size_t size;
    mnist_archive archive;
    mnist_error err;
    assert_int_equal(mnist_npz_encode(arrays, 5, "out", &file, &size, &err), MNIST_OK);
    const mnist_status status = mnist_archive_read(&archive, file, size, "out", &err);
    free(file);
    if (status == MNIST_ERR_IO) {
        printf("left out: built without libzip\n");
        skip();
    }
    assert_int_equal(status, MNIST_OK);
    assert_int_equal(archive.count, 5);
    for (size_t i = 0; i < archive.count; i++) {
        const mnist_archive_entry *entry = &archive.entries[i];
        mnist_npy npy;
        const size_t length = strlen(arrays[i].name);
        assert_memory_equal(entry->name, arrays[i].name, length);
        assert_string_equal(entry->name + length, ".npy");
        if (mnist_npy_parse(&npy, entry->bytes, entry->size, "out", entry->name, &err) !=
            MNIST_OK) {
            fail_msg("%s", err.text);
        }
        assert_string_equal(npy.descr, types[i]);
        assert_int_equal(npy.rank, arrays[i].rank);
        for (unsigned d = 0; d < npy.rank; d++) {
            assert_int_equal(npy.shape[d], arrays[i].shape[d]);
        }
        assert_int_equal(npy.data % 64, 0); /* as NumPy aligns them */
        assert_int_equal(entry->size - npy.data, sizes[i]);
        assert_memory_equal(entry->bytes + npy.data, values[i], sizes[i]);
    }
    mnist_archive_free(&archive);
}

/* Nothing of the entries is looked at before it is known that they fit. */
static void archives_have_limits(void **state)
{
    (void)state;
    char name[] = "a.npy";
    mnist_archive_entry entries[2] = {{.name = name, .size = UINT32_MAX / 2},
                                      {.name = name, .size = UINT32_MAX / 2}};
    const mnist_archive archive = {.entries = entries, .count = 2};
    uint8_t *bytes;
    size_t size;
    mnist_error err;
    assert_int_equal(mnist_archive_write(&archive, &bytes, &size, "out.npz", &err),
                     MNIST_ERR_ARGUMENT);
    assert_string_equal(err.text, "out.npz: an archive of 4294967488 bytes, expected less than "
                                  "4 GiB, as zip files hold");
    assert_null(bytes);
}

static void hints_count_more(void **state)
{
    (void)state;
    mnist_net net, again;
    mnist_format_output bytes;
    mnist_error err;
    make_net(&net, 1);
    net.normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    assert_int_equal(encode(&bytes, &net, mnist_format_find("torch")), MNIST_OK);
    const mnist_format_input input = {
        .data = bytes.bytes[0], .size = bytes.sizes[0], .path = "read"};
    mnist_net_hints hints = {
        .has_activation = true, .activation = MNIST_TANH, .has_normalization = true};
    hints.normalization = (mnist_normalization){MNIST_NORMALIZE_STANDARD, 0.5f, 2.0f};
    assert_int_equal(mnist_net_decode(&again, &input, NULL, &hints, &err), MNIST_OK);
    assert_true(again.activation == MNIST_TANH && again.normalization.stddev == 2.0f);
    assert_int_equal(again.note_count, 2); /* the file says otherwise */
    mnist_net_free(&again);
    hints.order = MNIST_ORDER_COLUMNS; /* 12 inputs are no square */
    assert_int_equal(mnist_net_decode(&again, &input, NULL, &hints, &err), MNIST_ERR_ARGUMENT);
    mnist_format_output_free(&bytes);
    mnist_net_free(&net);
}

static void columns_become_rows(void **state)
{
    (void)state;
    mnist_net net = {.knows_normalization = true}, again;
    mnist_format_output bytes;
    mnist_error err;
    net.normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    assert_int_equal(mnist_net_add_layer(&net, 9, MNIST_CLASSES, "net", &err), MNIST_OK);
    for (size_t i = 0; i < 90; i++) {
        net.layers[0].weights[i] = (float)i;
    }
    assert_int_equal(encode(&bytes, &net, mnist_format_find("torch")), MNIST_OK);
    const mnist_format_input input = {
        .data = bytes.bytes[0], .size = bytes.sizes[0], .path = "read"};
    const mnist_net_hints hints = {.order = MNIST_ORDER_COLUMNS};
    assert_int_equal(mnist_net_decode(&again, &input, NULL, &hints, &err), MNIST_OK);
    for (size_t row = 0; row < 3; row++) {
        for (size_t column = 0; column < 3; column++) {
            assert_true(again.layers[0].weights[(3 * row + column) * 10 + 4] ==
                        (float)((3 * column + row) * 10 + 4));
        }
    }
    mnist_net_free(&again);
    mnist_format_output_free(&bytes);
    mnist_net_free(&net);
}

static void limits(void **state)
{
    (void)state;
    mnist_net net = {.layer_count = 0};
    mnist_error err;
    assert_int_equal(mnist_net_check(&net, MNIST_ERR_FORMAT, "net", &err), MNIST_ERR_FORMAT);
    assert_int_equal(mnist_net_add_layer(&net, 0, 1, "net", &err), MNIST_ERR_FORMAT);
    assert_int_equal(mnist_net_add_layer(&net, 1, 0, "net", &err), MNIST_ERR_FORMAT);
    assert_int_equal(mnist_net_add_layer(&net, 65537, 1, "net", &err), MNIST_ERR_FORMAT);
    assert_int_equal(mnist_net_add_layer(&net, UINT64_MAX, UINT64_MAX, "net", &err),
                     MNIST_ERR_FORMAT);
    for (unsigned l = 0; l < MNIST_NET_LAYERS; l++) {
        const uint64_t outputs = l + 1 < MNIST_NET_LAYERS ? 2 : 257;
        assert_int_equal(mnist_net_add_layer(&net, 2, outputs, "net", &err), MNIST_OK);
    }
    assert_int_equal(mnist_net_add_layer(&net, 2, 2, "net", &err), MNIST_ERR_FORMAT);
    assert_int_equal(mnist_net_check(&net, MNIST_ERR_FORMAT, "net", &err), MNIST_ERR_FORMAT);
    for (size_t i = 0; i < 2 * MNIST_NET_NOTES; i++) {
        mnist_net_note(&net, "\x1b[31m%0300d", 1);
    }
    assert_int_equal(net.note_count, MNIST_NET_NOTES);
    assert_null(strchr(net.notes[0], 0x1b));
    mnist_net_free(&net);
    mnist_net_free(&net); /* twice does no harm */
}

/* The gate of --max-difference: at the bound it passes, and a probability that is no number never does. */
static void difference_is_judged(void **state)
{
    (void)state;
    mnist_convert_settings settings = mnist_convert_settings_defaults();
    mnist_conversion c = {.settings = &settings, .comparison = {.count = 1, .difference = 0.25}};
    assert_true(mnist_conversion_passes(&c)); /* none was asked for */
    settings.max_difference = 0.25;
    assert_true(mnist_conversion_passes(&c));
    settings.max_difference = 0.125;
    assert_false(mnist_conversion_passes(&c));
    c.comparison.difference = (double)INFINITY;
    settings.max_difference = 1.0;
    assert_false(mnist_conversion_passes(&c));
}

/* What two nets make of the images: the second is the first with a weight of another size. */
static void differences_are_found(void **state)
{
    (void)state;
    const mnist_convert_settings settings = mnist_convert_settings_defaults();
    mnist_conversion c = {.settings = &settings, .out = "out", .to = mnist_format_find("torch")};
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(&c.source.test, 0, 20, 1, &err), MNIST_OK);
    assert_int_equal(mnist_net_add_layer(&c.net, 784, MNIST_CLASSES, "net", &err), MNIST_OK);
    c.net.knows_normalization = true;
    c.net.normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    c.net.layers[0].bias[3] = 1.0f;
    assert_int_equal(mnist_net_encode(&c.bytes, &c.net, c.to, "out", &err), MNIST_OK);
    assert_true(mnist_conversion_compare(&c, &err));
    assert_true(c.comparison.count == 20 && c.comparison.changed == 0 &&
                c.comparison.difference == 0.0);
    c.net.layers[0].bias[3] = -1.0f; /* p[0] was 1 / (9 + e), and becomes 1 / (9 + 1 / e) */
    assert_true(mnist_conversion_compare(&c, &err));
    const double e = exp(1.0), expected = e / (9.0 + e) - 1.0 / e / (9.0 + 1.0 / e);
    assert_int_equal(c.comparison.changed, 20);
    assert_true(fabs(c.comparison.difference - expected) < 1e-6);
    mnist_format_output_free(&c.bytes);
    mnist_net_free(&c.net);
    mnist_source_close(&c.source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_exact),
        cmocka_unit_test(numbers_of_every_type),
        cmocka_unit_test(normalizations),
        cmocka_unit_test(names_are_ordered_as_people_do),
        cmocka_unit_test(layers_by_name),
        cmocka_unit_test(layers_the_other_way_round),
        cmocka_unit_test(layers_by_shape),
        cmocka_unit_test(layers_of_other_classes),
        cmocka_unit_test(layers_as_told),
        cmocka_unit_test(arrays_that_are_no_net),
        cmocka_unit_test(npy_headers),
        cmocka_unit_test(round_trips_keep_every_bit),
        cmocka_unit_test(weights_say_no_format),
        cmocka_unit_test(spaces_in_a_header),
        cmocka_unit_test(damage_is_met),
        cmocka_unit_test(logits_are_known),
        cmocka_unit_test(formats_are_found),
        cmocka_unit_test(formats_go_one_way),
        cmocka_unit_test(arrays_are_archived),
        cmocka_unit_test(archives_have_limits),
        cmocka_unit_test(hints_count_more),
        cmocka_unit_test(columns_become_rows),
        cmocka_unit_test(limits),
        cmocka_unit_test(difference_is_judged),
        cmocka_unit_test(differences_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
