/* Values of an ONNX graph while it is read, node by node: what each is of the net (onnx_nodes.c), and what
 * arithmetic makes of it (onnx_values.c). */
#ifndef MNIST_CONVERT_ONNX_GRAPH_H
#define MNIST_CONVERT_ONNX_GRAPH_H

#include "convert/onnx.h"

#define MNIST_ONNX_SAMPLES 41 /* places at which a function of one number is looked at */
#define MNIST_ONNX_INPUTS  3  /* of nodes that are read */

typedef enum mnist_onnx_kind {
    MNIST_ONNX_CONSTANT,      /* a tensor of the file */
    MNIST_ONNX_PIXELS,        /* (p - mean) / stddev of the input's pixels p, which are in 0 to 1 */
    MNIST_ONNX_SUMS,          /* a function of the sums of a layer, each by itself */
    MNIST_ONNX_PROBABILITIES, /* softmax of a layer's sums, or its logarithm */
    MNIST_ONNX_KINDS
} mnist_onnx_kind;

/* Scale and zero point of a QuantizeLinear, of all numbers. */
typedef struct mnist_onnx_step {
    float scale;
    int32_t zero, type;
} mnist_onnx_step;

/* How a value was rounded on its way from its layer, or from the image, by QuantizeLinear. */
typedef struct mnist_onnx_rounds {
    unsigned count;
    mnist_onnx_step first, last; /* what DequantizeLinear made of the whole numbers */
    bool first_of_sums;          /* nothing was between the layer and the first */
    bool is_relu;                /* one is ReLU, as it has no whole numbers for what is below 0 */
    bool is_last;                /* nothing came after the last */
    bool is_of_pixels;           /* the first gave what mnist_integer_pixel gives */
} mnist_onnx_rounds;

typedef struct mnist_onnx_value {
    const char *name;
    mnist_onnx_kind kind;
    const Onnx__TensorProto *tensor;    /* of a constant: opened where it is used */
    bool is_flat;                       /* pixels, as rows of one image each */
    bool is_changed;                    /* pixels, by arithmetic */
    double mean, stddev;                /* pixels */
    unsigned layer;                     /* sums and probabilities: from 0 on */
    bool has_bias;                      /* and whether the layer had its bias by then */
    double samples[MNIST_ONNX_SAMPLES]; /* sums: the function's values at mnist_onnx_sample */
    bool
        is_whole; /* whole numbers of a QuantizeLinear, with this step; of a constant, with linear */
    bool is_byte; /* pixels, as the bytes that they are */
    mnist_onnx_step step;
    bool is_rounded;          /* a constant of reals, which are rounded as linear says */
    mnist_onnx_linear linear; /* of a constant that QuantizeLinear or DequantizeLinear made */
    mnist_onnx_rounds rounds;
} mnist_onnx_value;

/* What a layer would have to be for whole numbers. */
typedef struct mnist_onnx_form {
    const mnist_onnx_value *weights, *bias; /* constants; NULL: none */
    bool transposed, is_scaled;             /* by alpha or beta */
    mnist_onnx_rounds inputs;
} mnist_onnx_form;

/* A QuantizeLinear whose ends make another function of an activation: in whole numbers here they are part of the
 * net, but no net of floats has them. */
typedef struct mnist_onnx_cut {
    const Onnx__NodeProto *node; /* NULL: there is none */
    size_t number;
    double least, most;
} mnist_onnx_cut;

/* A graph on its way to a net. */
typedef struct mnist_onnx_reading {
    mnist_net *net;
    const mnist_format_input *input;
    const Onnx__GraphProto *graph;
    mnist_onnx_value *values; /* owned; room for every name that the graph may give */
    size_t value_count;
    uint64_t pixels;  /* of an image, as the input's shape has it; 0: unknown */
    bool takes_bytes; /* 0 to 255 */
    bool says_floats; /* how its floats were made: in mean and stddev */
    double mean, stddev;
    bool has_bias[MNIST_NET_LAYERS];
    mnist_onnx_form forms[MNIST_NET_LAYERS];
    bool has_rounds;    /* there is a QuantizeLinear or DequantizeLinear */
    bool says_most;     /* the largest activation, as a net of whole numbers here has it */
    bool has_ends;      /* there is a QuantizeLinear after a layer */
    double least, most; /* of these the one whose largest value is the least: what it leaves */
    unsigned ends_layer;
    mnist_onnx_cut cut; /* the first */
    uint64_t rounded;   /* numbers that became the nearest float */
    size_t node_number; /* the node that is read, from 0 on */
    const Onnx__NodeProto *node;
    mnist_error *err;
} mnist_onnx_reading;

/* MNIST_ERR_FORMAT, about the file. */
mnist_status mnist_onnx_fail(const mnist_onnx_reading *r, const char *format, ...)
    MNIST_PRINTF(2, 3);
/* The same, about the node that is read. */
mnist_status mnist_onnx_fail_node(const mnist_onnx_reading *r, const char *format, ...)
    MNIST_PRINTF(2, 3);

/* By name; NULL: there is none so far. */
mnist_onnx_value *mnist_onnx_find_value(const mnist_onnx_reading *r, const char *name);
/* Refuses names that are there, too long, or none. The caller has made room for it. */
mnist_status mnist_onnx_add_value(mnist_onnx_reading *r, const mnist_onnx_value *value);
/* That the node's attributes which are read are of their types, finite, and there once. */
mnist_status mnist_onnx_check_attributes(const mnist_onnx_reading *r);
/* What the node makes, of r->node and r->node_number, and the layer that it is, if any. */
mnist_status mnist_onnx_read_node(mnist_onnx_reading *r);

/* Gemm and MatMul; operands[2] may be NULL. */
mnist_status mnist_onnx_read_layer(mnist_onnx_reading *r, mnist_onnx_value *out,
                                   const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS]);
/* QuantizeLinear and DequantizeLinear; operands[2] may be NULL. */
mnist_status mnist_onnx_quantize(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS]);
mnist_status mnist_onnx_dequantize(mnist_onnx_reading *r, mnist_onnx_value *out,
                                   const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS]);
/* When all nodes have been read: gives the net its whole numbers, if they are those of a net here, and its
 * layers, normalisation and activation; else a note says what became of them, if there are any. Errors: MNIST_ERR_MEMORY;
 * MNIST_ERR_FORMAT where floats are not the same net. */
mnist_status mnist_onnx_take_integers(mnist_onnx_reading *r);

double mnist_onnx_sample(unsigned index);
/* Whether the function gives its argument, or is the activation. */
bool mnist_onnx_is_identity(const double samples[MNIST_ONNX_SAMPLES]);
bool mnist_onnx_find_activation(const double samples[MNIST_ONNX_SAMPLES], mnist_activation *out);
/* Of a function that is not the identity after the last layer: ": relu comes after that", or what there is of a
 * factor or a number that is added, and what to do. */
#define MNIST_ONNX_AFTER 320
void mnist_onnx_describe(const mnist_onnx_value *value, char text[MNIST_ONNX_AFTER]);

/* out, which is a copy of the operand, after Relu, Tanh, Sigmoid, LeakyRelu or Gelu. */
mnist_status mnist_onnx_apply_function(mnist_onnx_reading *r, mnist_onnx_value *out);
/* Add, Sub, Mul or Div of two values: a bias of a layer, a step of the normalisation, or part of a
 * function. */
mnist_status mnist_onnx_apply_arithmetic(mnist_onnx_reading *r, mnist_onnx_value *out,
                                         const mnist_onnx_value *const operands[2]);

/* Opens a constant that has to have real numbers, or whole ones with a scale. */
mnist_status mnist_onnx_open_real(mnist_onnx_reading *r, mnist_onnx_tensor *out,
                                  const mnist_onnx_value *value);
/* Adds factor times the tensor, which has one number for each output or one for all, to the bias of
 * the layer. what: for messages. */
mnist_status mnist_onnx_add_bias(mnist_onnx_reading *r, unsigned layer,
                                 const mnist_onnx_tensor *tensor, float factor);

#endif
