/* Nodes of an ONNX graph: each makes a value of those before it. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_graph.h"

#include "base/status.h"
#include "convert/hints.h"
#include "io/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES  512 /* of a value's name, at most */
#define NODE_INPUTS 3   /* of nodes that are read */
#define BYTE_DEVIATION                                                                             \
    50.0 /* above it, floats are 0 to 255: a deviation of pixels in 0 to 1 is below 0.5 */

mnist_status mnist_onnx_fail(const mnist_onnx_reading *r, const char *format, ...)
{
    char text[MNIST_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: %s", r->input->path, text);
}

static int64_t int_attribute(const Onnx__NodeProto *node, const char *name, int64_t fallback)
{
    const Onnx__AttributeProto *attribute = mnist_onnx_attribute(node, name);
    return attribute ? attribute->i : fallback;
}

static float float_attribute(const Onnx__NodeProto *node, const char *name)
{
    const Onnx__AttributeProto *attribute = mnist_onnx_attribute(node, name);
    return attribute ? attribute->f : 1.0f;
}

/* Values and their names. */

mnist_onnx_value *mnist_onnx_find_value(const mnist_onnx_reading *r, const char *name)
{
    for (size_t i = r->value_count; i-- > 0;) { /* what is used was mostly made just before */
        if (strcmp(r->values[i].name, name) == 0) {
            return &r->values[i];
        }
    }
    return NULL;
}

/* There is room for it (count_values). */
mnist_status mnist_onnx_add_value(mnist_onnx_reading *r, const mnist_onnx_value *value)
{
    if (!value->name || value->name[0] == '\0') {
        return mnist_onnx_fail(
            r, "a value without a name, expected one of each input, initializer and node");
    }
    if (strlen(value->name) > NAME_BYTES) {
        return mnist_onnx_fail(r, "value '%s' has a name of %zu bytes, expected at most %u",
                               mnist_show(value->name).text, strlen(value->name), NAME_BYTES);
    }
    if (mnist_onnx_find_value(r, value->name)) {
        return mnist_onnx_fail(r, "there are two values of name '%s', expected each name once",
                               mnist_show(value->name).text);
    }
    r->values[r->value_count++] = *value;
    return MNIST_OK;
}

/* Why a name is not that of a value so far. */
static mnist_status fail_missing(const mnist_onnx_reading *r, const char *name)
{
    const mnist_shown shown = mnist_show(name);
    for (size_t n = r->node_number; n < r->graph->n_node; n++) {
        const Onnx__NodeProto *node = r->graph->node[n];
        for (size_t o = 0; o < node->n_output; o++) {
            if (strcmp(node->output[o], name) == 0) {
                return mnist_onnx_fail_node(r,
                                            "it takes '%s', which node %zu only makes: the graph "
                                            "has a cycle, or its nodes are not in their order",
                                            shown.text, n);
            }
        }
    }
    return mnist_onnx_fail_node(
        r, "it takes '%s', which is no input, no initializer and no node's output", shown.text);
}

/* A node's input, in a state in which it can be used. */
static mnist_status get_input(mnist_onnx_reading *r, size_t index, const mnist_onnx_value **out)
{
    *out = mnist_onnx_find_value(r, r->node->input[index]);
    if (!*out) {
        return fail_missing(r, r->node->input[index]);
    }
    const bool of_layer =
        (*out)->kind == MNIST_ONNX_SUMS || (*out)->kind == MNIST_ONNX_PROBABILITIES;
    if (of_layer && (*out)->has_bias != r->has_bias[(*out)->layer]) {
        return mnist_onnx_fail_node(r,
                                    "it takes '%s', the sums of layer %u without the bias that is "
                                    "added elsewhere: branches are not read",
                                    mnist_show(r->node->input[index]).text, (*out)->layer + 1);
    }
    return MNIST_OK;
}

/* Layers. */

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
static mnist_status read_layer(mnist_onnx_reading *r, mnist_onnx_value *out,
                               const mnist_onnx_value *const operands[NODE_INPUTS])
{
    const bool is_gemm = r->node->op_type[0] == 'G';
    const bool transposed = is_gemm && int_attribute(r->node, "transB", 0) != 0;
    const float alpha = is_gemm ? float_attribute(r->node, "alpha") : 1.0f;
    const float beta = is_gemm ? float_attribute(r->node, "beta") : 1.0f;
    mnist_onnx_tensor tensor;
    if (operands[1]->kind != MNIST_ONNX_CONSTANT) {
        return mnist_onnx_fail_node(r,
                                    "its second input '%s' is no initializer, expected the "
                                    "weights there",
                                    mnist_show(operands[1]->name).text);
    }
    if (is_gemm && int_attribute(r->node, "transA", 0) != 0) {
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
    for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
        out->samples[i] = mnist_onnx_sample(i);
    }
    if (alpha < 1.0f || alpha > 1.0f || beta < 1.0f || beta > 1.0f) {
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

/* Other nodes. */

static mnist_status fail_constant(const mnist_onnx_reading *r, const mnist_onnx_value *value)
{
    return mnist_onnx_fail_node(r,
                                "its input '%s' is a constant, expected images or a layer: have "
                                "the program that wrote the file fold constants",
                                mnist_show(value->name).text);
}

/* The shape that a constant states: (batch, width). */
static mnist_status read_shape(mnist_onnx_reading *r, const mnist_onnx_value *value, int64_t *batch,
                               int64_t *width)
{
    mnist_onnx_tensor shape;
    if (value->kind != MNIST_ONNX_CONSTANT) {
        return mnist_onnx_fail_node(r, "its shape '%s' is computed, expected a constant",
                                    mnist_show(value->name).text);
    }
    mnist_status status =
        mnist_onnx_tensor_open(&shape, value->tensor, value->name, r->input, r->err);
    if (status != MNIST_OK) {
        return status;
    }
    if (!mnist_onnx_tensor_is_int64(&shape) || shape.rank != 1 || shape.count != 2) {
        return mnist_onnx_fail_node(r, "its shape '%s' is not two int64, expected (batch, numbers)",
                                    mnist_show(value->name).text);
    }
    *batch = mnist_onnx_tensor_get_int64(&shape, 0);
    *width = mnist_onnx_tensor_get_int64(&shape, 1);
    return MNIST_OK;
}

/* That the value becomes rows of the width that it has. */
static mnist_status read_reshape(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[NODE_INPUTS])
{
    int64_t batch = 0, width = 0;
    char numbers[24] = "numbers";
    *out = *operands[0];
    if (out->kind == MNIST_ONNX_CONSTANT) {
        return fail_constant(r, out);
    }
    mnist_status status = read_shape(r, operands[1], &batch, &width);
    if (status != MNIST_OK) {
        return status;
    }
    const uint64_t expected = out->kind == MNIST_ONNX_PIXELS ? r->pixels /* 0: unknown */
                                                             : r->net->layers[out->layer].outputs;
    if (batch < -1 || (width < 1 && !(width == -1 && batch >= 0)) ||
        (width > 0 && expected > 0 && (uint64_t)width != expected)) {
        if (expected > 0) {
            snprintf(numbers, sizeof numbers, "%" PRIu64, expected);
        }
        return mnist_onnx_fail_node(
            r, "to (%" PRId64 ", %" PRId64 "), expected (batch, %s): images as rows", batch, width,
            numbers);
    }
    out->is_flat = true;
    return MNIST_OK;
}

static mnist_status read_flatten(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[NODE_INPUTS])
{
    const int64_t axis = int_attribute(r->node, "axis", 1);
    *out = *operands[0];
    if (out->kind == MNIST_ONNX_CONSTANT) {
        return fail_constant(r, out);
    }
    if (axis != 1) {
        return mnist_onnx_fail_node(r, "axis is %" PRId64 ", expected 1, of images or layers",
                                    axis);
    }
    out->is_flat = true;
    return MNIST_OK;
}

static mnist_status read_cast(mnist_onnx_reading *r, mnist_onnx_value *out,
                              const mnist_onnx_value *const operands[NODE_INPUTS])
{
    const int64_t to = int_attribute(r->node, "to", 0);
    char text[24];
    *out = *operands[0];
    if (to != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT) {
        return mnist_onnx_fail_node(
            r, "to %s, expected float",
            mnist_onnx_type_name(to < 0 || to > INT32_MAX ? -1 : (int32_t)to, text));
    }
    return MNIST_OK;
}

static mnist_status read_softmax(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[NODE_INPUTS])
{
    const int64_t axis = int_attribute(r->node, "axis", -1);
    *out = *operands[0];
    if (out->kind != MNIST_ONNX_SUMS || !mnist_onnx_is_identity(out->samples)) {
        return mnist_onnx_fail_node(r, "its input '%s' is not the sums of a layer",
                                    mnist_show(operands[0]->name).text);
    }
    if (axis != 1 && axis != -1) {
        return mnist_onnx_fail_node(r, "axis is %" PRId64 ", expected 1 or -1: over the classes",
                                    axis);
    }
    out->kind = MNIST_ONNX_PROBABILITIES;
    return MNIST_OK;
}

static mnist_status read_constant(mnist_onnx_reading *r, mnist_onnx_value *out,
                                  const mnist_onnx_value *const operands[NODE_INPUTS])
{
    (void)operands;
    const Onnx__AttributeProto *value = mnist_onnx_attribute(r->node, "value");
    if (!value || !value->t) {
        return mnist_onnx_fail_node(r, "without attribute value, expected a tensor there");
    }
    *out = (mnist_onnx_value){.kind = MNIST_ONNX_CONSTANT, .tensor = value->t};
    return MNIST_OK;
}

static mnist_status read_copy(mnist_onnx_reading *r, mnist_onnx_value *out,
                              const mnist_onnx_value *const operands[NODE_INPUTS])
{
    (void)r;
    *out = *operands[0];
    return MNIST_OK;
}

/* It changes nothing, unless it is told that the net is in training. */
static mnist_status read_dropout(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[NODE_INPUTS])
{
    const mnist_onnx_value *training = operands[2];
    const Onnx__TensorProto *flag = training ? training->tensor : NULL;
    const bool is_false =
        flag && flag->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL &&
        ((flag->raw_data.len == 1 && flag->n_int32_data == 0 && flag->raw_data.data[0] == 0) ||
         (flag->raw_data.len == 0 && flag->n_int32_data == 1 && flag->int32_data[0] == 0));
    if (training && !is_false) {
        return mnist_onnx_fail_node(
            r, "its training_mode '%s' is not a constant of false: it may drop values",
            mnist_show(training->name).text);
    }
    return read_copy(r, out, operands);
}

static mnist_status read_function(mnist_onnx_reading *r, mnist_onnx_value *out,
                                  const mnist_onnx_value *const operands[NODE_INPUTS])
{
    *out = *operands[0];
    return mnist_onnx_apply_function(r, out);
}

static mnist_status read_arithmetic(mnist_onnx_reading *r, mnist_onnx_value *out,
                                    const mnist_onnx_value *const operands[NODE_INPUTS])
{
    return mnist_onnx_apply_arithmetic(r, out, operands);
}

typedef struct operator_kind {
    const char *op;
    unsigned least, most; /* inputs */
    mnist_status (*read)(mnist_onnx_reading *r, mnist_onnx_value *out,
                         const mnist_onnx_value *const operands[NODE_INPUTS]);
} operator_kind;

static const operator_kind operators[] = {
    {"Gemm", 2, 3, read_layer},         {"MatMul", 2, 2, read_layer},
    {"Add", 2, 2, read_arithmetic},     {"Sub", 2, 2, read_arithmetic},
    {"Mul", 2, 2, read_arithmetic},     {"Div", 2, 2, read_arithmetic},
    {"Relu", 1, 1, read_function},      {"Tanh", 1, 1, read_function},
    {"Sigmoid", 1, 1, read_function},   {"LeakyRelu", 1, 1, read_function},
    {"Gelu", 1, 1, read_function},      {"Softmax", 1, 1, read_softmax},
    {"Flatten", 1, 1, read_flatten},    {"Reshape", 2, 2, read_reshape},
    {"Cast", 1, 1, read_cast},          {"Constant", 0, 0, read_constant},
    {"Identity", 1, 1, read_copy},      {"Dropout", 1, 3, read_dropout},
    {"LogSoftmax", 1, 1, read_softmax}, /* Softmax makes the same of its values as of the sums */
};

static const operator_kind *find_operator(const Onnx__NodeProto *node)
{
    const bool own =
        !node->domain || node->domain[0] == '\0' || strcmp(node->domain, "ai.onnx") == 0;
    for (size_t i = 0; own && i < sizeof operators / sizeof operators[0]; i++) {
        if (strcmp(operators[i].op, node->op_type) == 0) {
            return &operators[i];
        }
    }
    return NULL;
}

mnist_status mnist_onnx_read_node(mnist_onnx_reading *r)
{
    const Onnx__NodeProto *node = r->node;
    const mnist_onnx_value *operands[NODE_INPUTS] = {NULL};
    mnist_onnx_value made;
    const operator_kind *kind = find_operator(node);
    if (!kind && strcmp(node->op_type, "BatchNormalization") == 0) {
        return mnist_onnx_fail_node(r, "batch normalisation is not read; fold it into the layer "
                                       "before it");
    }
    if (!kind) {
        return mnist_onnx_fail_node(
            r,
            "a node that is not read%s%s; expected Gemm, or MatMul and Add, Flatten, Reshape, "
            "Cast, Add, Sub, Mul, Div, Relu, Tanh, Sigmoid, LeakyRelu, Gelu, Softmax or LogSoftmax",
            node->domain && node->domain[0] != '\0' ? ", of domain " : "",
            mnist_show(node->domain ? node->domain : "").text);
    }
    if (node->n_input < kind->least || node->n_input > kind->most || node->n_output < 1) {
        return mnist_onnx_fail_node(r, "%zu inputs and %zu outputs, expected %u to %u and 1",
                                    node->n_input, node->n_output, kind->least, kind->most);
    }
    mnist_status status = mnist_onnx_check_attributes(r);
    for (size_t i = 0; status == MNIST_OK && i < node->n_input; i++) {
        if (i >= kind->least && node->input[i][0] == '\0') {
            continue; /* left out */
        }
        status = get_input(r, i, &operands[i]);
    }
    if (status == MNIST_OK) {
        status = kind->read(r, &made, operands);
    }
    made.name = node->output[0];
    return status == MNIST_OK ? mnist_onnx_add_value(r, &made) : status;
}

#else
typedef int mnist_no_onnx_nodes; /* a file is not empty */
#endif
