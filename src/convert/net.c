/* The net between two files. */
#include <mnist/convert.h>

#include "base/status.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mnist_net_free(mnist_net *net)
{
    for (unsigned l = 0; l < net->layer_count; l++) {
        free(net->layers[l].weights);
        free(net->layers[l].bias);
    }
    mnist_model_free(net->integers);
    free(net->labels);
    *net = (mnist_net){.layer_count = 0};
}

void mnist_net_note(mnist_net *net, const char *format, ...)
{
    char raw[2 * MNIST_NET_NOTE];
    va_list arguments;
    if (net->note_count == MNIST_NET_NOTES) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    (void)mnist_plain_text(net->notes[net->note_count++], MNIST_NET_NOTE, raw);
}

mnist_status mnist_net_add_layer(mnist_net *net, uint64_t inputs, uint64_t outputs,
                                 const char *path, mnist_error *err)
{
    const unsigned number = net->layer_count + 1;
    if (inputs < 1 || inputs > MNIST_MAX_WIDTH || outputs < 1 || outputs > MNIST_MAX_WIDTH) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: layer %u is %" PRIu64 " by %" PRIu64
                          ", expected widths from 1 to %u",
                          path, number, inputs, outputs, MNIST_MAX_WIDTH);
    }
    if (number > MNIST_NET_LAYERS) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: more than %u layers", path, MNIST_NET_LAYERS);
    }
    if (number > 1 && net->layers[number - 2].outputs != inputs) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: layer %u has %" PRIu64 " inputs, but the layer before it %u outputs",
                          path, number, inputs, net->layers[number - 2].outputs);
    }
    mnist_net_layer *layer = &net->layers[number - 1];
    const size_t weights = (size_t)inputs * (size_t)outputs; /* at most 2^32 */
    layer->weights = calloc(weights, sizeof *layer->weights);
    layer->bias = calloc((size_t)outputs, sizeof *layer->bias);
    if (!layer->weights || !layer->bias) {
        free(layer->weights);
        free(layer->bias);
        return mnist_fail_memory(err, (weights + (size_t)outputs) * sizeof(float), "a layer");
    }
    layer->inputs = (unsigned)inputs;
    layer->outputs = (unsigned)outputs;
    net->layer_count = number;
    return MNIST_OK;
}

/* The first that is not finite; count: there is none. By the bits, as io/model.c does it. */
static size_t find_infinite(const float *values, size_t count)
{
    size_t i = 0;
    for (; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if ((bits & 0x7F800000u) == 0x7F800000u) {
            break;
        }
    }
    return i;
}

static mnist_status fail_infinite(mnist_error *err, mnist_status status, const char *path,
                                  unsigned layer, const char *what, size_t index)
{
    return mnist_fail(
        err, status,
        "%s: layer %u, %s %zu is not a finite number as fp32, in which nets are kept; "
        "expected one of magnitude below 3.4e38",
        path, layer + 1, what, index);
}

mnist_status mnist_net_check(const mnist_net *net, mnist_status status, const char *path,
                             mnist_error *err)
{
    if (net->layer_count == 0) {
        return mnist_fail(err, status, "%s: no layer in it, expected 1 to %u", path,
                          MNIST_NET_LAYERS);
    }
    const unsigned outputs = net->layers[net->layer_count - 1].outputs;
    if (outputs < MNIST_MIN_CLASSES || outputs > MNIST_MAX_CLASSES) {
        return mnist_fail(err, status,
                          "%s: the last layer has %u outputs, expected %u to %u, the classes", path,
                          outputs, MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
    }
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        const size_t weights = (size_t)layer->inputs * layer->outputs;
        size_t at = find_infinite(layer->weights, weights);
        if (at < weights) {
            return fail_infinite(err, status, path, l, "weight", at);
        }
        at = find_infinite(layer->bias, layer->outputs);
        if (at < layer->outputs) {
            return fail_infinite(err, status, path, l, "bias", at);
        }
    }
    return MNIST_OK;
}

mnist_status mnist_net_to_mlp(const mnist_net *net, mnist_mlp **out, mnist_error *err)
{
    assert(net->layer_count > 0 && (net->knows_activation || net->layer_count == 1));
    mnist_mlp_config config = {
        .inputs = net->layers[0].inputs,
        .outputs = net->layers[net->layer_count - 1].outputs,
        .hidden_count = net->layer_count - 1,
        .activation = net->knows_activation ? net->activation : MNIST_RELU,
    };
    for (unsigned l = 0; l + 1 < net->layer_count; l++) {
        config.hidden[l] = net->layers[l].outputs;
    }
    mnist_status status = mnist_mlp_create(out, &config, err);
    for (unsigned l = 0; status == MNIST_OK && l < net->layer_count; l++) {
        mnist_mlp_set_layer(*out, l, net->layers[l].weights, net->layers[l].bias);
    }
    return status;
}

mnist_status mnist_net_of_mlp(mnist_net *out, const mnist_mlp *mlp,
                              const mnist_normalization *normalization, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    *out = (mnist_net){.knows_activation = true, .knows_normalization = true};
    out->activation = mnist_mlp_shape(mlp)->activation;
    out->normalization = *normalization;
    for (unsigned l = 0; status == MNIST_OK && l < mnist_mlp_layers(mlp); l++) {
        status = mnist_net_add_layer(out, mnist_mlp_layer_inputs(mlp, l),
                                     mnist_mlp_layer_outputs(mlp, l), "the net", err);
        if (status == MNIST_OK) {
            mnist_mlp_get_layer(mlp, l, out->layers[l].weights, out->layers[l].bias);
        }
    }
    if (status != MNIST_OK) {
        mnist_net_free(out);
    }
    return status;
}

void mnist_net_shape_text(const mnist_net *net, char text[MNIST_NET_SHAPE])
{
    size_t used = (size_t)snprintf(text, MNIST_NET_SHAPE, "%u",
                                   net->layer_count > 0 ? net->layers[0].inputs : 0);
    for (unsigned l = 0; l < net->layer_count; l++) {
        used +=
            (size_t)snprintf(text + used, MNIST_NET_SHAPE - used, "-%u", net->layers[l].outputs);
    }
}
