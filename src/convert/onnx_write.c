/* A net as an ONNX graph, which takes an image's bytes, or floats made of them. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx.h"

#include "base/status.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IR_VERSION 8
#define OPSET      13

#define NAME_BYTES 24 /* of a value or a node: "hidden17_tanh" */
#define GELU_NODES 9
#define MAX_NODES  (6 + MNIST_NET_LAYERS * (1 + GELU_NODES))
#define MAX_PARTS  (2 * MNIST_NET_LAYERS + 8) /* initializers */
#define MAX_DIMS   3
#define DOC_BYTES  256

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define UINT8 ONNX__TENSOR_PROTO__DATA_TYPE__UINT8

typedef struct node {
    Onnx__NodeProto proto;
    char name[NAME_BYTES], output[NAME_BYTES];
    char *inputs[3], *outputs[1];
    Onnx__AttributeProto attribute;
    Onnx__AttributeProto *attributes[1];
} node;

typedef struct part {
    Onnx__TensorProto proto;
    char name[NAME_BYTES];
    int64_t dims[2];
    uint8_t *bytes; /* owned */
} part;

/* What goes in or comes out. */
typedef struct port {
    Onnx__ValueInfoProto proto;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dims[MAX_DIMS];
    Onnx__TensorShapeProto__Dimension *list[MAX_DIMS];
} port;

/* All messages of the file: they point at one another. */
typedef struct graph {
    Onnx__ModelProto model;
    Onnx__GraphProto proto;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    node nodes[MAX_NODES];
    Onnx__NodeProto *node_list[MAX_NODES];
    part parts[MAX_PARTS];
    Onnx__TensorProto *part_list[MAX_PARTS];
    port input, outputs[2];
    char input_text[DOC_BYTES];
    mnist_number mean, stddev;
    Onnx__StringStringEntryProto metadata[2], *metadata_list[2];
    Onnx__ValueInfoProto *input_list[1], *output_list[2];
    bool is_short; /* of memory */
} graph;

/* Appends a node of one output, which is its name; returns that. second and third may be NULL. */
static char *add_node(graph *g, const char *op, const char *name, char *const inputs[3])
{
    assert(g->proto.n_node < MAX_NODES);
    node *n = &g->nodes[g->proto.n_node];
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
static Onnx__AttributeProto *add_attribute(graph *g, const char *name)
{
    node *n = &g->nodes[g->proto.n_node - 1];
    onnx__attribute_proto__init(&n->attribute);
    n->attribute.name = (char *)name;
    n->attribute.has_type = 1;
    n->attributes[0] = &n->attribute;
    n->proto.attribute = n->attributes;
    n->proto.n_attribute = 1;
    return &n->attribute;
}

static void set_int(graph *g, const char *name, int64_t value)
{
    Onnx__AttributeProto *attribute = add_attribute(g, name);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = 1;
    attribute->i = value;
}

/* Appends numbers and returns their name. rank: 0, 1 or 2. */
static char *add_part(graph *g, const char *name, unsigned rank, const unsigned shape[2],
                      const float *values)
{
    assert(g->proto.n_initializer < MAX_PARTS && rank <= 2);
    part *p = &g->parts[g->proto.n_initializer];
    size_t count = 1;
    onnx__tensor_proto__init(&p->proto);
    for (unsigned d = 0; d < rank; d++) {
        p->dims[d] = shape[d];
        count *= shape[d];
    }
    snprintf(p->name, sizeof p->name, "%s", name);
    p->bytes = malloc(count * sizeof *values);
    if (p->bytes) {
        mnist_safetensors_put(p->bytes, MNIST_F32, count, values);
    }
    g->is_short |= !p->bytes;
    p->proto.name = p->name;
    p->proto.n_dims = rank;
    p->proto.dims = p->dims;
    p->proto.has_data_type = 1;
    p->proto.data_type = FLOAT;
    p->proto.has_raw_data = 1;
    p->proto.raw_data = (ProtobufCBinaryData){.len = count * sizeof *values, .data = p->bytes};
    g->part_list[g->proto.n_initializer++] = &p->proto;
    return p->name;
}

static char *add_number(graph *g, const char *name, float value)
{
    return add_part(g, name, 0, NULL, &value);
}

/* A value of these dimensions, of which the first is the batch: any. */
static void describe(port *p, const char *name, int32_t type, unsigned rank,
                     const unsigned shape[MAX_DIMS])
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

static void set_input(graph *g, int32_t type, unsigned rank, const unsigned shape[MAX_DIMS],
                      const char *text)
{
    snprintf(g->input_text, sizeof g->input_text, "%s", text);
    describe(&g->input, "images", type, rank, shape);
    g->input.proto.doc_string = g->input_text;
    g->input_list[0] = &g->input.proto;
    g->proto.input = g->input_list;
    g->proto.n_input = 1;
}

/* Bytes become what the first layer takes: the same operations in the same order as in training
 * (data/normalization.c), so that they give the same floats. */
static char *add_normalization(graph *g, const mnist_net *net)
{
    const mnist_normalization *n = &net->normalization;
    const unsigned inputs = net->layers[0].inputs;
    unsigned side = 1;
    while ((side + 1) * (side + 1) <= inputs) {
        side++;
    }
    const bool square = side > 1 && side * side == inputs;
    const unsigned shape[MAX_DIMS] = {0, square ? side : inputs, side};
    set_input(g, UINT8, square ? 3 : 2, shape, "bytes of the pixels, row after row");
    char *at = add_node(g, "Flatten", "pixels", (char *[3]){g->input.proto.name});
    set_int(g, "axis", 1);
    at = add_node(g, "Cast", "bytes", (char *[3]){at});
    set_int(g, "to", FLOAT);
    at = add_node(g, "Div", "unit", (char *[3]){at, add_number(g, "byte_max", 255.0f)});
    if (n->kind != MNIST_NORMALIZE_UNIT) {
        at = add_node(g, "Sub", "centered", (char *[3]){at, add_number(g, "mean", n->mean)});
        at = add_node(g, "Div", "standard", (char *[3]){at, add_number(g, "stddev", n->stddev)});
    }
    return at;
}

static void add_metadata(graph *g, const char *key, mnist_number *value)
{
    Onnx__StringStringEntryProto *entry = &g->metadata[g->model.n_metadata_props];
    onnx__string_string_entry_proto__init(entry);
    entry->key = (char *)key;
    entry->value = value->text;
    g->metadata_list[g->model.n_metadata_props++] = entry;
    g->model.metadata_props = g->metadata_list;
}

/* The input is what the first layer takes. How it is made of bytes, no node says: the input's text says it
 * to people, the model's metadata to programs. */
static char *add_floats(graph *g, const mnist_net *net)
{
    const mnist_normalization *n = &net->normalization;
    char text[DOC_BYTES] = "pixels, row after row: byte / 255";
    g->mean = mnist_number_of((double)n->mean);
    g->stddev = mnist_number_of((double)n->stddev);
    if (n->kind != MNIST_NORMALIZE_UNIT) {
        snprintf(text, sizeof text, "pixels, row after row: (byte / 255 - %s) / %s", g->mean.text,
                 g->stddev.text);
    }
    set_input(g, FLOAT, 2, (const unsigned[MAX_DIMS]){0, net->layers[0].inputs}, text);
    add_metadata(g, MNIST_ONNX_MEAN, &g->mean);
    add_metadata(g, MNIST_ONNX_STDDEV, &g->stddev);
    return g->input.proto.name;
}

/* GELU by tanh, 0.5 z (1 + tanh(s (z + c z^3))), which this opset has no node for. */
static char *add_gelu(graph *g, unsigned layer, char *z, char *const constants[4])
{
    enum { HALF, ONE, CUBE, SCALE };
    static const char *const steps[GELU_NODES] = {"square", "cube", "cubic", "inner", "scaled",
                                                  "tanh",   "sum",  "half",  "gelu"};
    char names[GELU_NODES][NAME_BYTES];
    for (unsigned i = 0; i < GELU_NODES; i++) {
        snprintf(names[i], NAME_BYTES, "hidden%u_%s", layer + 1, steps[i]);
    }
    char *at = add_node(g, "Mul", names[0], (char *[3]){z, z});
    at = add_node(g, "Mul", names[1], (char *[3]){at, z});
    at = add_node(g, "Mul", names[2], (char *[3]){at, constants[CUBE]});
    at = add_node(g, "Add", names[3], (char *[3]){z, at});
    at = add_node(g, "Mul", names[4], (char *[3]){at, constants[SCALE]});
    at = add_node(g, "Tanh", names[5], (char *[3]){at});
    at = add_node(g, "Add", names[6], (char *[3]){at, constants[ONE]});
    char *half = add_node(g, "Mul", names[7], (char *[3]){z, constants[HALF]});
    return add_node(g, "Mul", names[8], (char *[3]){half, at});
}

static char *add_activation(graph *g, unsigned layer, mnist_activation kind, char *z,
                            char *const constants[4])
{
    static const char *const ops[MNIST_ACTIVATIONS] = {[MNIST_RELU] = "Relu",
                                                       [MNIST_TANH] = "Tanh",
                                                       [MNIST_SIGMOID] = "Sigmoid",
                                                       [MNIST_LEAKY_RELU] = "LeakyRelu"};
    char name[NAME_BYTES];
    if (kind == MNIST_GELU) {
        return add_gelu(g, layer, z, constants);
    }
    assert(ops[kind]);
    snprintf(name, sizeof name, "hidden%u", layer + 1);
    char *at = add_node(g, ops[kind], name, (char *[3]){z});
    if (kind == MNIST_LEAKY_RELU) {
        Onnx__AttributeProto *attribute = add_attribute(g, "alpha");
        attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        attribute->has_f = 1;
        attribute->f = 0.01f;
    }
    return at;
}

static void add_layers(graph *g, const mnist_net *net, char *at)
{
    char *constants[4] = {NULL};
    if (net->layer_count > 1 && net->activation == MNIST_GELU) {
        constants[0] = add_number(g, "half", 0.5f);
        constants[1] = add_number(g, "one", 1.0f);
        constants[2] = add_number(g, "gelu_cube", MNIST_ONNX_GELU_CUBE);
        constants[3] = add_number(g, "gelu_scale", MNIST_ONNX_GELU_SCALE);
    }
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        const bool last = l + 1 == net->layer_count;
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "weights%u", l + 1);
        char *weights =
            add_part(g, name, 2, (unsigned[2]){layer->inputs, layer->outputs}, layer->weights);
        snprintf(name, sizeof name, "bias%u", l + 1);
        char *bias = add_part(g, name, 1, (unsigned[2]){layer->outputs}, layer->bias);
        snprintf(name, sizeof name, "sums%u", l + 1);
        at = add_node(g, "Gemm", last ? "logits" : name, (char *[3]){at, weights, bias});
        if (!last) {
            at = add_activation(g, l, net->activation, at, constants);
        }
    }
    add_node(g, "Softmax", "probabilities", (char *[3]){at});
    set_int(g, "axis", 1);
}

static void build(graph *g, const mnist_net *net, mnist_net_input input)
{
    const unsigned shape[MAX_DIMS] = {0, net->layers[net->layer_count - 1].outputs};
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
    add_layers(g, net,
               input == MNIST_INPUT_FLOATS ? add_floats(g, net) : add_normalization(g, net));
    describe(&g->outputs[0], "logits", FLOAT, 2, shape);
    describe(&g->outputs[1], "probabilities", FLOAT, 2, shape);
    g->output_list[0] = &g->outputs[0].proto;
    g->output_list[1] = &g->outputs[1].proto;
    g->proto.n_output = 2;
    g->proto.output = g->output_list;
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

mnist_status mnist_onnx_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    if (!fits(net)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s: the net is too large for ONNX, whose files hold at most 2 GiB; "
                          "expected fewer weights, or another format",
                          out->path);
    }
    graph *g = calloc(1, sizeof *g);
    if (!g) {
        return mnist_fail_memory(err, sizeof *g, "an ONNX graph");
    }
    build(g, net, out->input);
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
