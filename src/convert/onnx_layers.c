/* Layers of an ONNX graph: Gemm and MatMul. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_graph.h"

#include "base/status.h"
#include "convert/hints.h"
#include "io/text.h"

#include <inttypes.h>
#include <string.h>

#define BYTE_DEVIATION                                                                             \
    50.0 /* above it, floats are 0 to 255: a deviation of pixels in 0 to 1 is below 0.5 */

static float float_attribute(const Onnx__NodeProto *node, const char *name)
{
    const Onnx__AttributeProto *attribute = mnist_onnx_attribute(node, name);
    return attribute ? attribute->f : 1.0f;
}

/* That a layer can take the value, as the activation of the one before, or as pixels. */
static mnist_status take_activation(mnist_onnx_reading *r, const mnist_onnx_value *value)
{
    mnist_activation kind;
    mnist_net *net = r->net;
    if (value->kind == MNIST_ONNX_PIXELS) {
        if (net->layer_count > 0) {
            return mnist_onnx_fail_node(r, "a second layer that takes the image, expected a chain "
                                           "of layers: branches are not read");
        }
        return value->is_flat
                   ? MNIST_OK
                   : mnist_onnx_fail_node(r, "it takes images that are not rows of "
                                             "numbers: expected Flatten or Reshape before it");
    }
    if (value->kind != MNIST_ONNX_SUMS || value->layer + 1 != net->layer_count) {
        return mnist_onnx_fail_node(r,
                                    "its input '%s' is %s, expected the activation of the layer "
                                    "before it: branches are not read",
                                    mnist_show(value->name).text,
                                    value->kind == MNIST_ONNX_CONSTANT ? "a constant"
                                    : value->kind == MNIST_ONNX_SUMS   ? "of an earlier layer"
                                                                       : "made by Softmax");
    }
    if (!mnist_onnx_find_activation(value->samples, &kind)) {
        return mnist_onnx_fail_node(
            r,
            "what is between its layer and the one before is %s, expected Relu, Tanh, Sigmoid, "
            "LeakyRelu of 0.01, or GELU by tanh",
            mnist_onnx_is_identity(value->samples) ? "no activation"
                                                   : "none of the activations there are");
    }
    if (net->layer_count > 1 && kind != net->activation) {
        return mnist_onnx_fail_node(r,
                                    "layer %u has activation %s and those before it %s, "
                                    "expected the same for all",
                                    net->layer_count, mnist_activation_name(kind),
                                    mnist_activation_name(net->activation));
    }
    net->knows_activation = true;
    net->activation = kind;
    return MNIST_OK;
}

/* What the first layer takes says the normalisation. */
static void take_normalization(mnist_onnx_reading *r, const mnist_onnx_value *pixels)
{
    mnist_net *net = r->net;
    double mean = pixels->mean, stddev = pixels->stddev;
    const bool is_known = r->takes_bytes || r->says_floats;
    if (!is_known && !pixels->is_changed) {
        return; /* the program that ran it has done it */
    }
    if (!is_known) {
        const bool wide = stddev > BYTE_DEVIATION;
        mean /= wide ? 255.0 : 1.0;
        stddev /= wide ? 255.0 : 1.0;
        mnist_net_note(net, "its input is floats, taken to be pixels in 0 to %u", wide ? 255u : 1u);
    }
    net->knows_normalization =
        mnist_normalization_of(&net->normalization, (float)mean, (float)stddev);
    if (!net->knows_normalization) {
        net->normalization = (mnist_normalization){.kind = MNIST_NORMALIZE_UNIT};
        mnist_net_note(net, "the normalisation in the graph is none that floats can hold");
    }
}

/* Appends the layer of a matrix. */
static mnist_status add_layer(mnist_onnx_reading *r, const mnist_onnx_tensor *w, bool transposed,
                              float factor)
{
    mnist_net *net = r->net;
    if (w->rank != 2) {
        return mnist_onnx_fail_node(r, "its weights '%s' have %u dimensions, expected 2",
                                    mnist_show(w->name).text, w->rank);
    }
    const uint64_t inputs = w->shape[transposed], outputs = w->shape[!transposed];
    if (net->layer_count == 0 && r->pixels > 0 && inputs != r->pixels) {
        return mnist_onnx_fail_node(
            r, "its weights '%s' take %" PRIu64 " numbers, but an image has %" PRIu64,
            mnist_show(w->name).text, inputs, r->pixels);
    }
    mnist_status status = mnist_net_add_layer(net, inputs, outputs, r->input->path, r->err);
    if (status != MNIST_OK) {
        return status;
    }
    float *to = net->layers[net->layer_count - 1].weights;
    for (uint64_t i = 0; i < inputs; i++) {
        for (uint64_t o = 0; o < outputs; o++, to++) {
            const uint64_t from = transposed ? o * inputs + i : i * outputs + o;
            const float value = mnist_onnx_tensor_get(w, from);
            *to = factor < 1.0f || factor > 1.0f ? factor * value : value;
            r->rounded += mnist_onnx_tensor_is_rounded(w, from);
        }
    }
    return MNIST_OK;
}

/* Gemm and MatMul; operands[2] may be NULL. */
mnist_status mnist_onnx_read_layer(mnist_onnx_reading *r, mnist_onnx_value *out,
                                   const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    const bool is_gemm = r->node->op_type[0] == 'G';
    const bool transposed = is_gemm && mnist_onnx_int(r->node, "transB", 0) != 0;
    const float alpha = is_gemm ? float_attribute(r->node, "alpha") : 1.0f;
    const float beta = is_gemm ? float_attribute(r->node, "beta") : 1.0f;
    mnist_onnx_tensor tensor;
    if (operands[1]->kind != MNIST_ONNX_CONSTANT) {
        return mnist_onnx_fail_node(r,
                                    "its second input '%s' is no initializer, expected the "
                                    "weights there",
                                    mnist_show(operands[1]->name).text);
    }
    if (is_gemm && mnist_onnx_int(r->node, "transA", 0) != 0) {
        return mnist_onnx_fail_node(r, "transA is set, expected images as rows");
    }
    mnist_status status = take_activation(r, operands[0]);
    if (status == MNIST_OK && r->net->layer_count == 0) {
        take_normalization(r, operands[0]);
    }
    if (status == MNIST_OK) {
        status = mnist_onnx_open_real(r, &tensor, operands[1]);
    }
    if (status == MNIST_OK) {
        status = add_layer(r, &tensor, transposed, alpha);
    }
    if (status != MNIST_OK) {
        return status;
    }
    *out = (mnist_onnx_value){.kind = MNIST_ONNX_SUMS, .layer = r->net->layer_count - 1};
    r->forms[out->layer] = (mnist_onnx_form){.weights = operands[1],
                                             .bias = operands[2],
                                             .transposed = transposed,
                                             .inputs = operands[0]->rounds};
    for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
        out->samples[i] = mnist_onnx_sample(i);
    }
    r->forms[out->layer].is_scaled = alpha < 1.0f || alpha > 1.0f || beta < 1.0f || beta > 1.0f;
    if (r->forms[out->layer].is_scaled) {
        mnist_net_note(r->net, "alpha %g and beta %g of layer %u are multiplied into its weights",
                       (double)alpha, (double)beta, r->net->layer_count);
    }
    if (!operands[2]) {
        return MNIST_OK;
    }
    if (operands[2]->kind != MNIST_ONNX_CONSTANT) {
        return mnist_onnx_fail_node(r,
                                    "its third input '%s' is no initializer, expected the bias "
                                    "there",
                                    mnist_show(operands[2]->name).text);
    }
    status = mnist_onnx_open_real(r, &tensor, operands[2]);
    out->has_bias = true;
    return status == MNIST_OK ? mnist_onnx_add_bias(r, out->layer, &tensor, beta) : status;
}

#else
typedef int mnist_no_onnx_layers; /* a file is not empty */
#endif
