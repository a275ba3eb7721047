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

#define NAME_BYTES 512 /* of a value's name, at most */

mnist_status mnist_onnx_fail(const mnist_onnx_reading *r, const char *format, ...)
{
    char text[MNIST_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: %s", r->input->path, text);
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
    const char *op = r->node->op_type;
    if ((*out)->is_whole && strcmp(op, "DequantizeLinear") != 0 && strcmp(op, "Flatten") != 0 &&
        strcmp(op, "Reshape") != 0 && strcmp(op, "Identity") != 0) {
        return mnist_onnx_fail_node(
            r,
            "it takes '%s', the whole numbers of a QuantizeLinear: expected "
            "DequantizeLinear after that",
            mnist_show(r->node->input[index]).text);
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

/* Nodes. */

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
                                 const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
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
                                 const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    const int64_t axis = mnist_onnx_int(r->node, "axis", 1);
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
                              const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    const int64_t to = mnist_onnx_int(r->node, "to", 0);
    char text[24];
    *out = *operands[0];
    if (to != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT) {
        return mnist_onnx_fail_node(
            r, "to %s, expected float",
            mnist_onnx_type_name(to < 0 || to > INT32_MAX ? -1 : (int32_t)to, text));
    }
    out->is_byte = false;
    return MNIST_OK;
}

static mnist_status read_softmax(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    const int64_t axis = mnist_onnx_int(r->node, "axis", -1);
    *out = *operands[0];
    if (out->kind != MNIST_ONNX_SUMS || !mnist_onnx_is_identity(out->samples)) {
        char after[MNIST_ONNX_AFTER] = "";
        if (out->kind == MNIST_ONNX_SUMS) {
            mnist_onnx_describe(out, after);
        }
        return mnist_onnx_fail_node(r, "its input '%s' is not the sums of a layer%s",
                                    mnist_show(operands[0]->name).text, after);
    }
    if (axis != 1 && axis != -1) {
        return mnist_onnx_fail_node(r, "axis is %" PRId64 ", expected 1 or -1: over the classes",
                                    axis);
    }
    out->kind = MNIST_ONNX_PROBABILITIES;
    return MNIST_OK;
}

static mnist_status read_constant(mnist_onnx_reading *r, mnist_onnx_value *out,
                                  const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
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
                              const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    (void)r;
    *out = *operands[0];
    return MNIST_OK;
}

/* It changes nothing, unless it is told that the net is in training. */
static mnist_status read_dropout(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
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
                                  const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    *out = *operands[0];
    return mnist_onnx_apply_function(r, out);
}

static mnist_status read_arithmetic(mnist_onnx_reading *r, mnist_onnx_value *out,
                                    const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    return mnist_onnx_apply_arithmetic(r, out, operands);
}

typedef struct operator_kind {
    const char *op;
    unsigned least, most; /* inputs */
    mnist_status (*read)(mnist_onnx_reading *r, mnist_onnx_value *out,
                         const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS]);
} operator_kind;

static const operator_kind operators[] = {
    {"Gemm", 2, 3, mnist_onnx_read_layer},
    {"MatMul", 2, 2, mnist_onnx_read_layer},
    {"Add", 2, 2, read_arithmetic},
    {"Sub", 2, 2, read_arithmetic},
    {"Mul", 2, 2, read_arithmetic},
    {"Div", 2, 2, read_arithmetic},
    {"Relu", 1, 1, read_function},
    {"Tanh", 1, 1, read_function},
    {"Sigmoid", 1, 1, read_function},
    {"LeakyRelu", 1, 1, read_function},
    {"Gelu", 1, 1, read_function},
    {"Softmax", 1, 1, read_softmax},
    {"Flatten", 1, 1, read_flatten},
    {"Reshape", 2, 2, read_reshape},
    {"Cast", 1, 1, read_cast},
    {"Constant", 0, 0, read_constant},
    {"Identity", 1, 1, read_copy},
    {"Dropout", 1, 3, read_dropout},
    {"QuantizeLinear", 2, 3, mnist_onnx_quantize},
    {"DequantizeLinear", 2, 3, mnist_onnx_dequantize},
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
    const mnist_onnx_value *operands[MNIST_ONNX_INPUTS] = {NULL};
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
            "Cast, Add, Sub, Mul, Div, Relu, Tanh, Sigmoid, LeakyRelu, Gelu, QuantizeLinear, "
            "DequantizeLinear, Softmax or LogSoftmax",
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
