/* An ONNX model that is being put together: nodes, initializers, what goes in and comes out. */
#ifndef MNIST_CONVERT_ONNX_BUILD_H
#define MNIST_CONVERT_ONNX_BUILD_H

#include "convert/onnx.h"

#include "io/text.h"

#define MNIST_ONNX_NAME       24 /* bytes of a value's or a node's name: "hidden17_tanh" */
#define MNIST_ONNX_DIMS       3
#define MNIST_ONNX_DOC        256
#define MNIST_ONNX_GELU_NODES 9
/* A layer is at most three constants' DequantizeLinear, its inputs', Gemm, two more for its sums, the activation,
 * QuantizeLinear; and has ten initializers. */
#define MNIST_ONNX_NODES    (8 + MNIST_NET_LAYERS * (8 + MNIST_ONNX_GELU_NODES))
#define MNIST_ONNX_PARTS    (16 + MNIST_NET_LAYERS * 10)
#define MNIST_ONNX_METADATA 3

typedef struct mnist_onnx_node {
    Onnx__NodeProto proto;
    char name[MNIST_ONNX_NAME], output[MNIST_ONNX_NAME];
    char *inputs[3], *outputs[1];
    Onnx__AttributeProto attribute;
    Onnx__AttributeProto *attributes[1];
} mnist_onnx_node;

typedef struct mnist_onnx_part {
    Onnx__TensorProto proto;
    char name[MNIST_ONNX_NAME];
    int64_t dims[2];
    uint8_t *bytes; /* owned */
} mnist_onnx_part;

/* What goes in or comes out. */
typedef struct mnist_onnx_port {
    Onnx__ValueInfoProto proto;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dims[MNIST_ONNX_DIMS];
    Onnx__TensorShapeProto__Dimension *list[MNIST_ONNX_DIMS];
} mnist_onnx_port;

/* All messages of the file: they point at one another. */
typedef struct mnist_onnx_building {
    Onnx__ModelProto model;
    Onnx__GraphProto proto;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    mnist_onnx_node nodes[MNIST_ONNX_NODES];
    Onnx__NodeProto *node_list[MNIST_ONNX_NODES];
    mnist_onnx_part parts[MNIST_ONNX_PARTS];
    Onnx__TensorProto *part_list[MNIST_ONNX_PARTS];
    mnist_onnx_port input, outputs[2];
    char input_text[MNIST_ONNX_DOC];
    mnist_number values[MNIST_ONNX_METADATA];
    Onnx__StringStringEntryProto metadata[MNIST_ONNX_METADATA], *metadata_list[MNIST_ONNX_METADATA];
    Onnx__ValueInfoProto *input_list[1], *output_list[2];
    bool is_short; /* of memory */
} mnist_onnx_building;

#define MNIST_ONNX_FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define MNIST_ONNX_UINT8 ONNX__TENSOR_PROTO__DATA_TYPE__UINT8
#define MNIST_ONNX_INT8  ONNX__TENSOR_PROTO__DATA_TYPE__INT8
#define MNIST_ONNX_INT32 ONNX__TENSOR_PROTO__DATA_TYPE__INT32

/* Begins the model, of a zeroed g: version, opset and the rest that holds for each. */
void mnist_onnx_begin(mnist_onnx_building *g);
/* Appends a node of one output, which is its name; returns that. The first input that is NULL ends them. */
char *mnist_onnx_add_node(mnist_onnx_building *g, const char *op, const char *name,
                          char *const inputs[3]);
/* An attribute of the node that came last. */
void mnist_onnx_set_int(mnist_onnx_building *g, const char *name, int64_t value);
void mnist_onnx_set_float(mnist_onnx_building *g, const char *name, float value);

/* Appends numbers of one of the types above, float, uint8_t, int8_t or int32_t each, which are copied; returns
 * their name. rank: 0, 1 or 2. */
char *mnist_onnx_add_part(mnist_onnx_building *g, const char *name, int32_t type, unsigned rank,
                          const unsigned shape[2], const void *values);
char *mnist_onnx_add_number(mnist_onnx_building *g, const char *name, float value);

/* What goes in: values of these dimensions, of which the first is the batch, any. */
void mnist_onnx_set_input(mnist_onnx_building *g, int32_t type, unsigned rank,
                          const unsigned shape[MNIST_ONNX_DIMS], const char *text);
/* Bytes of the pixels go in; returns them as floats, 0 to 255, rows of images. */
char *mnist_onnx_add_bytes(mnist_onnx_building *g, const mnist_net *net);
/* Floats go in, which are what the first layer takes; returns them. */
char *mnist_onnx_add_floats(mnist_onnx_building *g, const mnist_net *net);
/* Says in the model's metadata which normalisation the net has. */
void mnist_onnx_say_normalization(mnist_onnx_building *g, const mnist_normalization *normalization);
void mnist_onnx_add_metadata(mnist_onnx_building *g, const char *key, mnist_number value);

/* The activation of a layer, from 0 on, of its sums z; returns what comes out. constants: of GELU, from
 * mnist_onnx_add_constants, which does nothing for other activations. */
char *mnist_onnx_add_activation(mnist_onnx_building *g, unsigned layer, mnist_activation kind,
                                char *z, char *const constants[4]);
void mnist_onnx_add_constants(mnist_onnx_building *g, const mnist_net *net, char *constants[4]);

/* Probabilities of the logits, which are there, and what comes out of the graph. */
void mnist_onnx_finish(mnist_onnx_building *g, const mnist_net *net, char *logits);

/* A net of floats, and one of whole numbers (net->integers), as layers of a model that has begun. Short memory
 * is noted in g. */
void mnist_onnx_build_floats(mnist_onnx_building *g, const mnist_net *net, mnist_net_input input);
void mnist_onnx_build_integers(mnist_onnx_building *g, const mnist_net *net, mnist_net_input input);

#endif
