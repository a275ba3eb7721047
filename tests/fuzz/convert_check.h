/* What the readers of other programs' nets promise. */
#ifndef MNIST_TESTS_FUZZ_CONVERT_CHECK_H
#define MNIST_TESTS_FUZZ_CONVERT_CHECK_H

#include "fuzz.h"

#include <math.h>
#include <mnist/convert.h>

/* Two nets are the same to the bit. */
static inline void check_same(const mnist_net *a, const mnist_net *b)
{
    PROMISED(a->layer_count == b->layer_count);
    for (unsigned l = 0; l < a->layer_count; l++) {
        const mnist_net_layer *left = &a->layers[l], *right = &b->layers[l];
        PROMISED(left->inputs == right->inputs && left->outputs == right->outputs);
        PROMISED(memcmp(left->weights, right->weights,
                        (size_t)left->inputs * left->outputs * sizeof(float)) == 0);
        PROMISED(memcmp(left->bias, right->bias, left->outputs * sizeof(float)) == 0);
    }
}

/* It can be written in every format, and read again. */
static inline void check_round_trips(mnist_net *net)
{
    const mnist_format *format;
    net->knows_activation = net->knows_normalization = true;
    if (net->normalization.stddev == 0.0f) {
        net->normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    }
    for (size_t i = 0; (format = mnist_format_at(i)) != NULL; i++) {
        mnist_format_output bytes;
        mnist_net again;
        mnist_error err;
        if (!format->read || !format->write) {
            continue;
        }
        mnist_status status = mnist_net_encode(&bytes, net, format, "written", &err);
        if (status == MNIST_ERR_IO) {
            continue; /* built without a library that it needs; likewise below */
        }
        PROMISED(status == MNIST_OK);
        const mnist_format_input input = {
            .data = bytes.bytes[0], .size = bytes.sizes[0], .path = "again"};
        PROMISED(mnist_format_detect(input.data, input.size) == format);
        status = mnist_net_decode(&again, &input, format, NULL, &err);
        PROMISED(status == MNIST_OK || status == MNIST_ERR_IO);
        if (status == MNIST_OK) {
            check_same(net, &again);
            PROMISED(!(format->holds & MNIST_HOLDS_INTEGERS) || !net->integers == !again.integers);
        }
        mnist_net_free(&again);
        mnist_format_output_free(&bytes);
    }
}

/* Reads the input as that format, or whatever it is. numbers: of the file's bytes, so many floats at most. */
static inline void check_decoding(const uint8_t *data, size_t size, const char *format,
                                  const mnist_net_hints *hints, size_t most)
{
    uint8_t *copy = copy_of(data, size);
    const mnist_format_input input = {.data = copy, .size = size, .path = "file\x1b\n"};
    mnist_net net;
    mnist_error err;
    const mnist_status status =
        mnist_net_decode(&net, &input, format ? mnist_format_find(format) : NULL, hints, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(net.layer_count == 0);
    } else {
        size_t count = 0;
        PROMISED(mnist_net_check(&net, MNIST_ERR_FORMAT, "net", &err) == MNIST_OK);
        for (unsigned l = 0; l < net.layer_count; l++) {
            count += (size_t)net.layers[l].inputs * net.layers[l].outputs;
            PROMISED(l == 0 || net.layers[l].inputs == net.layers[l - 1].outputs);
        }
        PROMISED(count <= most);
        if (chosen(data, size, 16)) {
            check_round_trips(&net);
        }
    }
    mnist_net_free(&net);
    free(copy);
}

#endif
