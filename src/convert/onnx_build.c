/* Pieces of an ONNX model. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_build.h"

#include "io/safetensors.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IR_VERSION 8
#define OPSET      13

char *mnist_onnx_add_node(mnist_onnx_building *g, const char *op, const char *name,
                          char *const inputs[3])
{
    assert(g->proto.n_node < MNIST_ONNX_NODES);
    mnist_onnx_node *n = &g->nodes[g->proto.n_node];
    onnx__node_proto__init(&n->proto);
    snprintf(n->output, sizeof n->output, "%s", name);
    snprintf(n->name, sizeof n->name, "%s", name);
    for (unsigned i = 0; i < 3 && inputs[i]; i++) {
        n->inputs[i] = inputs[i];
        n->proto.n_input = i + 1;
    }
    n->outputs[0] = n->output;
    n->proto.input = n->inputs;
    n->proto.output = n->outputs;
    n->proto.n_output = 1;
    n->proto.name = n->name;
    n->proto.op_type = (char *)op;
    g->node_list[g->proto.n_node++] = &n->proto;
    return n->output;
}

/* Of the node that came last. */
static Onnx__AttributeProto *add_attribute(mnist_onnx_building *g, const char *name)
{
    mnist_onnx_node *n = &g->nodes[g->proto.n_node - 1];
    onnx__attribute_proto__init(&n->attribute);
    n->attribute.name = (char *)name;
    n->attribute.has_type = 1;
    n->attributes[0] = &n->attribute;
    n->proto.attribute = n->attributes;
    n->proto.n_attribute = 1;
    return &n->attribute;
}

void mnist_onnx_set_int(mnist_onnx_building *g, const char *name, int64_t value)
{
    Onnx__AttributeProto *attribute = add_attribute(g, name);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = 1;
    attribute->i = value;
}

void mnist_onnx_set_float(mnist_onnx_building *g, const char *name, float value)
{
    Onnx__AttributeProto *attribute = add_attribute(g, name);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    attribute->has_f = 1;
    attribute->f = value;
}

/* Numbers as a file has them: little-endian. */
static void put_numbers(uint8_t *bytes, int32_t type, size_t count, const void *values)
{
    if (type == MNIST_ONNX_FLOAT) {
        mnist_safetensors_put(bytes, MNIST_F32, count, values);
    } else if (type == MNIST_ONNX_INT32) {
        const int32_t *from = values;
        for (size_t i = 0; i < 4 * count; i++) {
            bytes[i] = (uint8_t)((uint32_t)from[i / 4] >> (8 * (i % 4)));
        }
    } else {
        memcpy(bytes, values, count);
    }
}

char *mnist_onnx_add_part(mnist_onnx_building *g, const char *name, int32_t type, unsigned rank,
                          const unsigned shape[2], const void *values)
{
    assert(g->proto.n_initializer < MNIST_ONNX_PARTS && rank <= 2);
    mnist_onnx_part *p = &g->parts[g->proto.n_initializer];
    size_t size = type == MNIST_ONNX_FLOAT || type == MNIST_ONNX_INT32 ? 4 : 1;
    size_t count = 1;
    onnx__tensor_proto__init(&p->proto);
    for (unsigned d = 0; d < rank; d++) {
        p->dims[d] = shape[d];
        count *= shape[d];
    }
    size *= count;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->bytes = malloc(size);
    if (p->bytes) {
        put_numbers(p->bytes, type, count, values);
    }
    g->is_short |= !p->bytes;
    p->proto.name = p->name;
    p->proto.n_dims = rank;
    p->proto.dims = p->dims;
    p->proto.has_data_type = 1;
    p->proto.data_type = type;
    p->proto.has_raw_data = 1;
    p->proto.raw_data = (ProtobufCBinaryData){.len = size, .data = p->bytes};
    g->part_list[g->proto.n_initializer++] = &p->proto;
    return p->name;
}

char *mnist_onnx_add_number(mnist_onnx_building *g, const char *name, float value)
{
    return mnist_onnx_add_part(g, name, MNIST_ONNX_FLOAT, 0, NULL, &value);
}

/* A value of these dimensions, of which the first is the batch: any. */
static void describe(mnist_onnx_port *p, const char *name, int32_t type, unsigned rank,
                     const unsigned shape[MNIST_ONNX_DIMS])
{
    onnx__value_info_proto__init(&p->proto);
    onnx__type_proto__init(&p->type);
    onnx__type_proto__tensor__init(&p->tensor);
    onnx__tensor_shape_proto__init(&p->shape);
    for (unsigned d = 0; d < rank; d++) {
        onnx__tensor_shape_proto__dimension__init(&p->dims[d]);
        if (d == 0) {
            p->dims[d].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            p->dims[d].dim_param = (char *)"N";
        } else {
            p->dims[d].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            p->dims[d].dim_value = shape[d];
        }
        p->list[d] = &p->dims[d];
    }
    p->shape.n_dim = rank;
    p->shape.dim = p->list;
    p->tensor.has_elem_type = 1;
    p->tensor.elem_type = type;
    p->tensor.shape = &p->shape;
    p->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    p->type.tensor_type = &p->tensor;
    p->proto.name = (char *)name;
    p->proto.type = &p->type;
}

void mnist_onnx_set_input(mnist_onnx_building *g, int32_t type, unsigned rank,
                          const unsigned shape[MNIST_ONNX_DIMS], const char *text)
{
    snprintf(g->input_text, sizeof g->input_text, "%s", text);
    describe(&g->input, "images", type, rank, shape);
    g->input.proto.doc_string = g->input_text;
    g->input_list[0] = &g->input.proto;
    g->proto.input = g->input_list;
    g->proto.n_input = 1;
}

char *mnist_onnx_add_bytes(mnist_onnx_building *g, const mnist_net *net)
{
    const unsigned inputs = net->layers[0].inputs;
    unsigned side = 1;
    while ((side + 1) * (side + 1) <= inputs) {
        side++;
    }
    const bool square = side > 1 && side * side == inputs;
    const unsigned shape[MNIST_ONNX_DIMS] = {0, square ? side : inputs, side};
    mnist_onnx_set_input(g, MNIST_ONNX_UINT8, square ? 3 : 2, shape,
                         "bytes of the pixels, row after row");
    char *at = mnist_onnx_add_node(g, "Flatten", "pixels", (char *[3]){g->input.proto.name});
    mnist_onnx_set_int(g, "axis", 1);
    at = mnist_onnx_add_node(g, "Cast", "bytes", (char *[3]){at});
    mnist_onnx_set_int(g, "to", MNIST_ONNX_FLOAT);
    return at;
}

void mnist_onnx_add_metadata(mnist_onnx_building *g, const char *key, mnist_number value)
{
    assert(g->model.n_metadata_props < MNIST_ONNX_METADATA);
    const size_t index = g->model.n_metadata_props++;
    Onnx__StringStringEntryProto *entry = &g->metadata[index];
    onnx__string_string_entry_proto__init(entry);
    g->values[index] = value;
    entry->key = (char *)key;
    entry->value = g->values[index].text;
    g->metadata_list[index] = entry;
    g->model.metadata_props = g->metadata_list;
}

void mnist_onnx_say_normalization(mnist_onnx_building *g, const mnist_normalization *normalization)
{
    mnist_onnx_add_metadata(g, MNIST_ONNX_MEAN, mnist_number_of((double)normalization->mean));
    mnist_onnx_add_metadata(g, MNIST_ONNX_STDDEV, mnist_number_of((double)normalization->stddev));
}

/* How the floats are made of bytes, no node says: the input's text says it to people, the model's metadata to
 * programs. */
char *mnist_onnx_add_floats(mnist_onnx_building *g, const mnist_net *net)
{
    const mnist_normalization *n = &net->normalization;
    char text[MNIST_ONNX_DOC] = "pixels, row after row: byte / 255";
    if (n->kind != MNIST_NORMALIZE_UNIT) {
        snprintf(text, sizeof text, "pixels, row after row: (byte / 255 - %s) / %s",
                 mnist_number_of((double)n->mean).text, mnist_number_of((double)n->stddev).text);
    }
    mnist_onnx_set_input(g, MNIST_ONNX_FLOAT, 2,
                         (const unsigned[MNIST_ONNX_DIMS]){0, net->layers[0].inputs}, text);
    mnist_onnx_say_normalization(g, n);
    return g->input.proto.name;
}

/* GELU by tanh, 0.5 z (1 + tanh(s (z + c z^3))), which this opset has no node for. */
static char *add_gelu(mnist_onnx_building *g, unsigned layer, char *z, char *const constants[4])
{
    enum { HALF, ONE, CUBE, SCALE };
    static const char *const steps[MNIST_ONNX_GELU_NODES] = {
        "square", "cube", "cubic", "inner", "scaled", "tanh", "sum", "half", "gelu"};
    char names[MNIST_ONNX_GELU_NODES][MNIST_ONNX_NAME];
    for (unsigned i = 0; i < MNIST_ONNX_GELU_NODES; i++) {
        snprintf(names[i], MNIST_ONNX_NAME, "hidden%u_%s", layer + 1, steps[i]);
    }
    char *at = mnist_onnx_add_node(g, "Mul", names[0], (char *[3]){z, z});
    at = mnist_onnx_add_node(g, "Mul", names[1], (char *[3]){at, z});
    at = mnist_onnx_add_node(g, "Mul", names[2], (char *[3]){at, constants[CUBE]});
    at = mnist_onnx_add_node(g, "Add", names[3], (char *[3]){z, at});
    at = mnist_onnx_add_node(g, "Mul", names[4], (char *[3]){at, constants[SCALE]});
    at = mnist_onnx_add_node(g, "Tanh", names[5], (char *[3]){at});
    at = mnist_onnx_add_node(g, "Add", names[6], (char *[3]){at, constants[ONE]});
    char *half = mnist_onnx_add_node(g, "Mul", names[7], (char *[3]){z, constants[HALF]});
    return mnist_onnx_add_node(g, "Mul", names[8], (char *[3]){half, at});
}

char *mnist_onnx_add_activation(mnist_onnx_building *g, unsigned layer, mnist_activation kind,
                                char *z, char *const constants[4])
{
    static const char *const ops[MNIST_ACTIVATIONS] = {[MNIST_RELU] = "Relu",
                                                       [MNIST_TANH] = "Tanh",
                                                       [MNIST_SIGMOID] = "Sigmoid",
                                                       [MNIST_LEAKY_RELU] = "LeakyRelu"};
    char name[MNIST_ONNX_NAME];
    if (kind == MNIST_GELU) {
        return add_gelu(g, layer, z, constants);
    }
    assert(ops[kind]);
    snprintf(name, sizeof name, "hidden%u", layer + 1);
    char *at = mnist_onnx_add_node(g, ops[kind], name, (char *[3]){z});
    if (kind == MNIST_LEAKY_RELU) {
        mnist_onnx_set_float(g, "alpha", 0.01f);
    }
    return at;
}

void mnist_onnx_add_constants(mnist_onnx_building *g, const mnist_net *net, char *constants[4])
{
    if (net->layer_count > 1 && net->activation == MNIST_GELU) {
        constants[0] = mnist_onnx_add_number(g, "half", 0.5f);
        constants[1] = mnist_onnx_add_number(g, "one", 1.0f);
        constants[2] = mnist_onnx_add_number(g, "gelu_cube", MNIST_ONNX_GELU_CUBE);
        constants[3] = mnist_onnx_add_number(g, "gelu_scale", MNIST_ONNX_GELU_SCALE);
    }
}

void mnist_onnx_begin(mnist_onnx_building *g)
{
    onnx__model_proto__init(&g->model);
    onnx__graph_proto__init(&g->proto);
    onnx__operator_set_id_proto__init(&g->opset);
    g->opset.has_version = 1;
    g->opset.version = OPSET;
    g->opset.domain = (char *)"";
    g->opsets[0] = &g->opset;
    g->model.has_ir_version = 1;
    g->model.ir_version = IR_VERSION;
    g->model.producer_name = (char *)"mnist-convert";
    g->model.producer_version = (char *)mnist_version();
    g->model.n_opset_import = 1;
    g->model.opset_import = g->opsets;
    g->model.graph = &g->proto;
    g->proto.name = (char *)"mnist";
    g->proto.node = g->node_list;
    g->proto.initializer = g->part_list;
}

void mnist_onnx_finish(mnist_onnx_building *g, const mnist_net *net, char *logits)
{
    const unsigned shape[MNIST_ONNX_DIMS] = {0, net->layers[net->layer_count - 1].outputs};
    mnist_onnx_add_node(g, "Softmax", "probabilities", (char *[3]){logits});
    mnist_onnx_set_int(g, "axis", 1);
    describe(&g->outputs[0], "logits", MNIST_ONNX_FLOAT, 2, shape);
    describe(&g->outputs[1], "probabilities", MNIST_ONNX_FLOAT, 2, shape);
    g->output_list[0] = &g->outputs[0].proto;
    g->output_list[1] = &g->outputs[1].proto;
    g->proto.n_output = 2;
    g->proto.output = g->output_list;
}

#else
typedef int mnist_no_onnx_build; /* a file is not empty */
#endif
