/* What is the same for every format of mnist-convert that keeps all of a net: there and back, and files that end early or have
 * a bit turned. */
#ifndef MNIST_TESTS_ROUND_TRIPS_H
#define MNIST_TESTS_ROUND_TRIPS_H

#include "unit.h"

#include <stdlib.h>

#include <mnist/convert.h>

/* A net of these widths, whose numbers have all bits. */
static inline void make_net(mnist_net *net, const unsigned *widths, size_t count)
{
    mnist_error err;
    *net = (mnist_net){.knows_activation = true, .knows_normalization = true};
    for (size_t l = 0; l + 1 < count; l++) {
        assert_int_equal(mnist_net_add_layer(net, widths[l], widths[l + 1], "net", &err), MNIST_OK);
        test_fill(net->layers[l].weights, (size_t)widths[l] * widths[l + 1], (uint32_t)(2 * l),
                  3.0f);
        test_fill(net->layers[l].bias, widths[l + 1], (uint32_t)(2 * l + 1), 3.0f);
    }
    net->normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
}

static inline void assert_same_net(const mnist_net *a, const mnist_net *b)
{
    assert_int_equal(a->layer_count, b->layer_count);
    for (unsigned l = 0; l < a->layer_count; l++) {
        const mnist_net_layer *x = &a->layers[l], *y = &b->layers[l];
        assert_true(x->inputs == y->inputs && x->outputs == y->outputs);
        assert_memory_equal(x->weights, y->weights, (size_t)x->inputs * x->outputs * sizeof(float));
        assert_memory_equal(x->bias, y->bias, x->outputs * sizeof(float));
    }
}

/* There and back: the same bits, activation and normalisation, and no note on the way back. input_kind: what
 * the net in the file takes. */
static inline void check_round_trip_for(const mnist_format *format, mnist_net_input input_kind,
                                        mnist_net *net)
{
    mnist_format_output bytes;
    mnist_net again;
    mnist_error err;
    assert_int_equal(mnist_net_encode_for(&bytes, net, format,
                                          &(mnist_net_form){.input = input_kind}, "written", &err),
                     MNIST_OK);
    const mnist_format_input input = {
        .data = bytes.bytes[0], .size = bytes.sizes[0], .path = "again"};
    assert_ptr_equal(mnist_format_detect(input.data, input.size), format);
    assert_int_equal(mnist_net_decode(&again, &input, NULL, NULL, &err), MNIST_OK);
    assert_same_net(net, &again);
    assert_int_equal(again.note_count, 0);
    assert_true(again.knows_normalization);
    assert_true(again.normalization.mean == net->normalization.mean);
    assert_true(again.normalization.stddev == net->normalization.stddev);
    assert_int_equal(again.normalization.kind, net->normalization.kind);
    if (net->layer_count > 1) {
        assert_true(again.knows_activation && again.activation == net->activation);
    }
    mnist_net_free(&again);
    mnist_format_output_free(&bytes);
}

static inline void check_round_trip(const mnist_format *format, mnist_net *net)
{
    check_round_trip_for(format, MNIST_INPUT_BYTES, net);
    if (format->holds & MNIST_HOLDS_INPUT) {
        check_round_trip_for(format, MNIST_INPUT_FLOATS, net);
    }
}

static inline void check_round_trips(const mnist_format *format)
{
    static const unsigned widths[] = {784, 5, 7, 3, 10};
    static const float normalizations[][2] = {{0.0f, 1.0f},
                                              {0.1307f, 0.3081f},
                                              {0.130660474f, 0.308107793f},
                                              {-3.0f, 1e-3f},
                                              {0.5f, 0.7f}};
    mnist_net net;
    make_net(&net, widths, LENGTH(widths));
    for (int kind = 0; kind < MNIST_ACTIVATIONS; kind++) {
        net.activation = (mnist_activation)kind;
        check_round_trip(format, &net);
    }
    for (size_t i = 0; i < LENGTH(normalizations); i++) {
        net.normalization =
            (mnist_normalization){i == 0 ? MNIST_NORMALIZE_UNIT : MNIST_NORMALIZE_STANDARD,
                                  normalizations[i][0], normalizations[i][1]};
        check_round_trip(format, &net);
    }
    mnist_net_free(&net);
    unsigned deep[MNIST_NET_LAYERS + 1];
    for (size_t i = 0; i < LENGTH(deep); i++) {
        deep[i] = i < MNIST_NET_LAYERS ? 4 : MNIST_CLASSES;
    }
    make_net(&net, deep, LENGTH(deep));
    check_round_trip(format, &net);
    mnist_net_free(&net);
    make_net(&net, (const unsigned[]){9, MNIST_CLASSES}, 2);
    net.knows_activation = false;
    check_round_trip(format, &net);
    mnist_net_free(&net);
    make_net(&net, (const unsigned[]){15, 1, MNIST_CLASSES}, 3);
    check_round_trip(format, &net);
    mnist_net_free(&net);
}

/* A file that ends early is refused, wherever it does; one with a bit turned is refused, or is a whole net. */
static inline void check_damage(const mnist_format *format)
{
    mnist_format_output bytes;
    mnist_net net, again;
    mnist_error err;
    make_net(&net, (const unsigned[]){4, 2, MNIST_CLASSES}, 3);
    net.activation = MNIST_GELU;
    assert_int_equal(mnist_net_encode(&bytes, &net, format, "written", &err), MNIST_OK);
    mnist_net_free(&net);
    mnist_format_input input = {.data = bytes.bytes[0], .path = "damaged"};
    for (input.size = 0; input.size < bytes.sizes[0]; input.size++) {
        assert_int_equal(mnist_net_decode(&again, &input, format, NULL, &err), MNIST_ERR_FORMAT);
    }
    for (size_t bit = 0; bit < 8 * bytes.sizes[0]; bit++) {
        bytes.bytes[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
        mnist_status status = mnist_net_decode(&again, &input, format, NULL, &err);
        /* a tensor's name or shape may have changed */
        assert_true(status == MNIST_OK || status == MNIST_ERR_FORMAT ||
                    status == MNIST_ERR_MISMATCH);
        if (status == MNIST_OK) {
            assert_int_equal(mnist_net_check(&again, MNIST_ERR_FORMAT, "net", &err), MNIST_OK);
            mnist_net_free(&again);
        }
        bytes.bytes[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    mnist_format_output_free(&bytes);
}

#endif
