/* A net as an ONNX graph, which takes an image's bytes, or floats made of them. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_build.h"

#include "base/status.h"

#include <float.h>
#include <stdlib.h>

/* Bytes become what the first layer takes: the same operations in the same order as in training
 * (data/normalization.c), so that they give the same floats. */
static char *add_normalization(mnist_onnx_building *g, const mnist_net *net)
{
    const mnist_normalization *n = &net->normalization;
    char *at = mnist_onnx_add_bytes(g, net);
    at = mnist_onnx_add_node(g, "Div", "unit",
                             (char *[3]){at, mnist_onnx_add_number(g, "byte_max", 255.0f)});
    if (n->kind != MNIST_NORMALIZE_UNIT) {
        at = mnist_onnx_add_node(g, "Sub", "centered",
                                 (char *[3]){at, mnist_onnx_add_number(g, "mean", n->mean)});
        at = mnist_onnx_add_node(g, "Div", "standard",
                                 (char *[3]){at, mnist_onnx_add_number(g, "stddev", n->stddev)});
    }
    return at;
}

void mnist_onnx_build_floats(mnist_onnx_building *g, const mnist_net *net, mnist_net_input input)
{
    char *constants[4] = {NULL};
    char *at =
        input == MNIST_INPUT_FLOATS ? mnist_onnx_add_floats(g, net) : add_normalization(g, net);
    mnist_onnx_add_constants(g, net, constants);
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        const bool last = l + 1 == net->layer_count;
        char name[MNIST_ONNX_NAME];
        snprintf(name, sizeof name, "weights%u", l + 1);
        char *weights =
            mnist_onnx_add_part(g, name, MNIST_ONNX_FLOAT, 2,
                                (unsigned[2]){layer->inputs, layer->outputs}, layer->weights);
        snprintf(name, sizeof name, "bias%u", l + 1);
        char *bias = mnist_onnx_add_part(g, name, MNIST_ONNX_FLOAT, 1,
                                         (unsigned[2]){layer->outputs}, layer->bias);
        snprintf(name, sizeof name, "sums%u", l + 1);
        at = mnist_onnx_add_node(g, "Gemm", last ? "logits" : name, (char *[3]){at, weights, bias});
        if (!last) {
            at = mnist_onnx_add_activation(g, l, net->activation, at, constants);
        }
    }
    mnist_onnx_finish(g, net, at);
}

/* A message holds at most 2 GiB: whether the weights and 1 MiB are less. */
static bool fits(const mnist_net *net)
{
    uint64_t bytes = 1u << 20;
    for (unsigned l = 0; l < net->layer_count; l++) {
        bytes += ((uint64_t)net->layers[l].inputs + 1) * net->layers[l].outputs * sizeof(float);
    }
    return bytes <= INT32_MAX;
}

/* What a program that runs the file makes of it: src/convert/README.md has the figures. */
static void note_rounding(mnist_net *net)
{
    mnist_net_note(net, "its whole numbers are kept, as QuantizeLinear and DequantizeLinear; "
                        "programs that run these round otherwise: answers can differ where "
                        "rounding decides; src/convert/README.md has figures");
}

mnist_status mnist_onnx_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    if (!fits(net)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s: the net is too large for ONNX, whose files hold at most 2 GiB; "
                          "expected fewer weights, or another format",
                          out->path);
    }
    if (net->integers && mnist_onnx_input_scale(net) < FLT_MIN) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: pixels in whole numbers have the scale %g, expected at least 1.2e-38, "
            "as programs may take less for 0: the net can be written as floats",
            out->path, (double)mnist_onnx_input_scale(net));
    }
    mnist_onnx_building *g = calloc(1, sizeof *g);
    if (!g) {
        return mnist_fail_memory(err, sizeof *g, "an ONNX graph");
    }
    mnist_onnx_begin(g);
    if (net->integers) {
        mnist_onnx_build_integers(g, net, out->input);
        note_rounding(net);
    } else {
        mnist_onnx_build_floats(g, net, out->input);
    }
    const size_t size = g->is_short ? 0 : onnx__model_proto__get_packed_size(&g->model);
    out->bytes[0] = g->is_short ? NULL : malloc(size);
    if (out->bytes[0]) {
        out->sizes[0] = onnx__model_proto__pack(&g->model, out->bytes[0]);
    }
    for (size_t i = 0; i < g->proto.n_initializer; i++) {
        free(g->parts[i].bytes);
    }
    free(g);
    return out->bytes[0] ? MNIST_OK : mnist_fail_memory(err, size, "an ONNX file");
}

#else
typedef int mnist_no_onnx_write; /* a file is not empty */
#endif
