/* An ONNX graph as a net: what goes in, its nodes in their order, what comes out. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_graph.h"

#include "base/status.h"
#include "convert/hints.h"
#include "io/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_OPSET 7  /* from which on Add and its like broadcast as they do now */
#define LAST_OPSET  25 /* of which it is known what its operators do */

static bool is_initializer(const mnist_onnx_reading *r, const char *name)
{
    const mnist_onnx_value *value = name ? mnist_onnx_find_value(r, name) : NULL;
    return value && value->kind == MNIST_ONNX_CONSTANT;
}

/* Pixels of an image, of the shape of the input: dimensions after the first, as far as they are known. */
static mnist_status measure_input(mnist_onnx_reading *r, const Onnx__TensorShapeProto *shape,
                                  const char *name)
{
    r->pixels = 1;
    for (size_t d = 1; d < shape->n_dim; d++) {
        const Onnx__TensorShapeProto__Dimension *dim = shape->dim[d];
        const bool known = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (known && (dim->dim_value < 1 || (uint64_t)dim->dim_value > MNIST_MAX_WIDTH)) {
            return mnist_onnx_fail(r,
                                   "dimension %zu of input '%s' is %" PRId64 ", expected 1 to %u",
                                   d, mnist_show(name).text, dim->dim_value, MNIST_MAX_WIDTH);
        }
        r->pixels =
            known && r->pixels <= MNIST_MAX_WIDTH ? r->pixels * (uint64_t)dim->dim_value : 0;
        if (r->pixels == 0) {
            return MNIST_OK;
        }
    }
    return MNIST_OK;
}

static mnist_status read_input(mnist_onnx_reading *r, const Onnx__ValueInfoProto *info)
{
    mnist_onnx_value value = {.name = info->name, .kind = MNIST_ONNX_PIXELS};
    const mnist_shown shown = mnist_show(info->name ? info->name : "");
    const Onnx__TypeProto__Tensor *tensor =
        info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
            ? info->type->tensor_type
            : NULL;
    char text[24];
    if (!tensor || (tensor->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__UINT8 &&
                    tensor->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)) {
        const bool is_double =
            tensor && (tensor->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ||
                       tensor->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16);
        return mnist_onnx_fail(
            r, "input '%s' is of %s, expected uint8 or float%s", shown.text,
            tensor ? mnist_onnx_type_name(tensor->elem_type, text) : "no tensor type",
            is_double ? ": have the program that wrote the file make the net one "
                        "of float, as PyTorch's net.float() does, and write it "
                        "again"
                      : "");
    }
    r->takes_bytes = tensor->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT8;
    value.is_byte = r->takes_bytes;
    value.is_flat = !tensor->shape || tensor->shape->n_dim == 2;
    value.stddev = r->takes_bytes ? 1.0 / 255.0 : 1.0;
    if (!r->takes_bytes && r->says_floats) {
        value.mean = r->mean;
        value.stddev = r->stddev;
    }
    if (tensor->shape) {
        if (tensor->shape->n_dim < 2) {
            return mnist_onnx_fail(r, "input '%s' has %zu dimensions, expected a batch of images",
                                   shown.text, tensor->shape->n_dim);
        }
        mnist_status status = measure_input(r, tensor->shape, info->name ? info->name : "");
        if (status != MNIST_OK) {
            return status;
        }
    }
    return mnist_onnx_add_value(r, &value);
}

/* Initializers, and the one input beside them. */
static mnist_status read_sources(mnist_onnx_reading *r)
{
    const Onnx__GraphProto *graph = r->graph;
    mnist_status status = MNIST_OK;
    const char *first = NULL;
    for (size_t i = 0; status == MNIST_OK && i < graph->n_initializer; i++) {
        const mnist_onnx_value value = {.name = graph->initializer[i]->name,
                                        .kind = MNIST_ONNX_CONSTANT,
                                        .tensor = graph->initializer[i]};
        status = mnist_onnx_add_value(r, &value);
    }
    for (size_t i = 0; status == MNIST_OK && i < graph->n_input; i++) {
        const Onnx__ValueInfoProto *info = graph->input[i];
        if (is_initializer(r, info->name)) {
            continue; /* with a default, as older files list them */
        }
        if (first) {
            return mnist_onnx_fail(r, "inputs '%s' and '%s', expected one: the images",
                                   mnist_show(first).text,
                                   mnist_show(info->name ? info->name : "").text);
        }
        status = read_input(r, info);
        first = info->name;
    }
    if (status == MNIST_OK && !first) {
        status = mnist_onnx_fail(r, "the graph has no input, expected the images");
    }
    return status;
}

static mnist_status check_opset(mnist_onnx_reading *r, const Onnx__ModelProto *model)
{
    int64_t opset = 0;
    size_t found = 0;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = model->opset_import[i];
        if (!set->domain || set->domain[0] == '\0' || strcmp(set->domain, "ai.onnx") == 0) {
            opset = set->version;
            found++;
        }
    }
    if (found != 1) {
        return mnist_onnx_fail(r,
                               "%zu opsets of ONNX's own operators, expected one: which version "
                               "of them the graph means",
                               found);
    }
    if (opset < FIRST_OPSET) {
        return mnist_onnx_fail(r, "opset %" PRId64 " of ONNX's own operators, expected %u or above",
                               opset, FIRST_OPSET);
    }
    if (opset > LAST_OPSET) {
        mnist_net_note(r->net, "opset %" PRId64 " is newer than what is known here, and read as %u",
                       opset, LAST_OPSET);
    }
    return MNIST_OK;
}

/* A number of the model's metadata; *found: there is one. */
static mnist_status find_number(const mnist_onnx_reading *r, const Onnx__ModelProto *model,
                                const char *key, bool *found, float *out)
{
    *found = false;
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *entry = model->metadata_props[i];
        const char *value = entry->value ? entry->value : "";
        if (!entry->key || strcmp(entry->key, key) != 0) {
            continue;
        }
        if (*found) {
            return mnist_onnx_fail(r, "metadata %s is there twice, expected once", key);
        }
        if (!mnist_number_parse(value, out)) {
            return mnist_onnx_fail(r, "metadata %s is '%s', expected a number", key,
                                   mnist_show(value).text);
        }
        *found = true;
    }
    return MNIST_OK;
}

/* What the metadata say of an input of floats: both numbers, or nothing; and of whole numbers. */
static mnist_status read_metadata(mnist_onnx_reading *r, const Onnx__ModelProto *model)
{
    mnist_normalization normalization;
    bool has_mean, has_stddev = false;
    float mean, stddev, most;
    mnist_status status = find_number(r, model, MNIST_ONNX_MOST, &r->says_most, &most);
    if (status == MNIST_OK && r->says_most &&
        (most < MNIST_INTEGER_VALUE_MOST || most > MNIST_INTEGER_VALUE_MOST)) {
        status = mnist_onnx_fail(r, "metadata %s is %g, expected %u, the largest activation",
                                 MNIST_ONNX_MOST, (double)most, MNIST_INTEGER_VALUE_MOST);
    }
    if (status == MNIST_OK) {
        status = find_number(r, model, MNIST_ONNX_MEAN, &has_mean, &mean);
    }
    if (status == MNIST_OK) {
        status = find_number(r, model, MNIST_ONNX_STDDEV, &has_stddev, &stddev);
    }
    if (status != MNIST_OK || (!has_mean && !has_stddev)) {
        return status;
    }
    if (has_mean != has_stddev) {
        return mnist_onnx_fail(r, "metadata %s is there without %s, expected both",
                               has_mean ? MNIST_ONNX_MEAN : MNIST_ONNX_STDDEV,
                               has_mean ? MNIST_ONNX_STDDEV : MNIST_ONNX_MEAN);
    }
    if (!mnist_normalization_of(&normalization, mean, stddev)) {
        return mnist_onnx_fail(r,
                               "metadata say mean %g and deviation %g, expected a deviation above "
                               "0, and not so small that pixels in 0 to 1 become infinite",
                               (double)mean, (double)stddev);
    }
    r->says_floats = true;
    r->mean = (double)mean;
    r->stddev = (double)stddev;
    return MNIST_OK;
}

static mnist_status check_model(mnist_onnx_reading *r, const Onnx__ModelProto *model)
{
    const Onnx__GraphProto *graph = model->graph;
    if (!graph) {
        return mnist_onnx_fail(r, "a model without a graph, expected one");
    }
    mnist_status status = check_opset(r, model);
    if (status != MNIST_OK) {
        return status;
    }
    if (model->n_functions > 0 || graph->n_sparse_initializer > 0) {
        return mnist_onnx_fail(r, "the model has %s, which are not read",
                               model->n_functions > 0 ? "functions of its own"
                                                      : "sparse initializers");
    }
    if (graph->n_node > MNIST_ONNX_ITEMS || graph->n_initializer > MNIST_ONNX_ITEMS ||
        graph->n_input > 2 * MNIST_ONNX_ITEMS) {
        return mnist_onnx_fail(
            r,
            "%zu nodes, %zu initializers and %zu inputs, expected at most %u each: a "
            "chain of layers has few",
            graph->n_node, graph->n_initializer, graph->n_input, MNIST_ONNX_ITEMS);
    }
    for (size_t i = 0; i < graph->n_node; i++) {
        if (!graph->node[i]->op_type) {
            return mnist_onnx_fail(r, "node %zu has no operator, expected one", i);
        }
    }
    return MNIST_OK;
}

/* Every output is what the last layer gives. */
static mnist_status check_outputs(const mnist_onnx_reading *r)
{
    const Onnx__GraphProto *graph = r->graph;
    if (graph->n_output == 0) {
        return mnist_onnx_fail(r, "the graph has no output, expected logits or probabilities");
    }
    for (size_t i = 0; i < graph->n_output; i++) {
        const char *name = graph->output[i]->name ? graph->output[i]->name : "";
        const mnist_onnx_value *value = mnist_onnx_find_value(r, name);
        if (!value) {
            return mnist_onnx_fail(r, "output '%s' is made by no node", mnist_show(name).text);
        }
        if (value->is_whole) {
            return mnist_onnx_fail(
                r, "output '%s' is whole numbers, expected DequantizeLinear after them",
                mnist_show(name).text);
        }
        const bool of_last =
            (value->kind == MNIST_ONNX_SUMS || value->kind == MNIST_ONNX_PROBABILITIES) &&
            value->layer + 1 == r->net->layer_count && value->has_bias == r->has_bias[value->layer];
        if (!of_last ||
            (value->kind == MNIST_ONNX_SUMS && !mnist_onnx_is_identity(value->samples))) {
            char after[MNIST_ONNX_AFTER] = "";
            if (of_last) {
                mnist_onnx_describe(value, after);
            }
            return mnist_onnx_fail(
                r, "output '%s' is not what the last layer gives, nor its Softmax%s",
                mnist_show(name).text, after);
        }
    }
    return MNIST_OK;
}

static mnist_status read_nodes(mnist_onnx_reading *r)
{
    mnist_status status = read_sources(r);
    for (size_t n = 0; status == MNIST_OK && n < r->graph->n_node; n++) {
        r->node_number = n;
        r->node = r->graph->node[n];
        status = mnist_onnx_read_node(r);
    }
    if (status == MNIST_OK) {
        status = check_outputs(r);
    }
    if (status == MNIST_OK) {
        status = mnist_onnx_take_integers(r);
    }
    if (status == MNIST_OK && r->rounded > 0) {
        mnist_net_note(r->net, "%" PRIu64 " numbers of 64 bits were rounded to fp32", r->rounded);
    }
    return status;
}

mnist_status mnist_onnx_read_graph(mnist_net *out, const Onnx__ModelProto *model,
                                   const mnist_format_input *input, mnist_error *err)
{
    mnist_onnx_reading r = {.net = out, .input = input, .graph = model->graph, .err = err};
    mnist_status status = check_model(&r, model);
    if (status == MNIST_OK) {
        status = read_metadata(&r, model);
    }
    if (status != MNIST_OK) {
        return status;
    }
    const size_t room = r.graph->n_initializer + r.graph->n_input + r.graph->n_node + 1;
    r.values = calloc(room, sizeof *r.values);
    if (!r.values) {
        return mnist_fail_memory(err, room * sizeof *r.values, "the values of an ONNX graph");
    }
    status = read_nodes(&r);
    free(r.values);
    return status;
}

#else
typedef int mnist_no_onnx_graph; /* a file is not empty */
#endif
