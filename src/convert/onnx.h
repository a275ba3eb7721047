/* ONNX files, taken apart and put together: what the files of that format share. All but mnist_format_onnx is
 * there only where protobuf-c and ONNX's schema were, when this was built. */
#ifndef MNIST_CONVERT_ONNX_H
#define MNIST_CONVERT_ONNX_H

#include <mnist/convert.h>
#include <mnist/integers.h>

#include <onnx.pb-c.h> /* made of the schema while building */

/* Constants of GELU by tanh, as kernels/activations.h has them. */
#define MNIST_ONNX_GELU_SCALE 0x1.988454p-1f /* sqrt(2 / pi) */
#define MNIST_ONNX_GELU_CUBE  0.044715f

/* Keys of the model's metadata that say how the floats were made which its input takes; and of a net of whole
 * numbers, whatever it takes, its normalisation, and the largest activation, 127: no node says that. */
#define MNIST_ONNX_MEAN   "mnist.mean"
#define MNIST_ONNX_STDDEV "mnist.stddev"
#define MNIST_ONNX_MOST   "mnist.most"

/* How much a file may hold. Beside its size these bound what reading it takes. */
#define MNIST_ONNX_ITEMS  1024 /* nodes, and initializers, each */
#define MNIST_ONNX_DEPTH  16   /* messages within messages; a net's weights lie at the third */
#define MNIST_ONNX_GROWTH 4 /* memory of the messages is at most so many times the file's size, */
#define MNIST_ONNX_FREE   ((size_t)4 << 20) /* and this */
#define MNIST_ONNX_RANK   8

/* The file's messages. Before protobuf-c sees the bytes, it is made sure that they are fields of the
 * schema's messages, not too deep (protobuf-c recurses), and that no single message is there twice.
 * Release with mnist_onnx_release. Errors: MNIST_ERR_FORMAT, MNIST_ERR_MEMORY. */
mnist_status mnist_onnx_unpack(Onnx__ModelProto **out, const mnist_format_input *input,
                               mnist_error *err);
void mnist_onnx_release(Onnx__ModelProto *model);

/* What whole numbers q stand for: (q - zero) scale; one scale and zero point for all, or for each index of a
 * dimension. Their tensors have been opened, by mnist_onnx_tensor_open and mnist_onnx_tensor_open_whole. */
typedef struct mnist_onnx_linear {
    const Onnx__TensorProto *scale; /* finite and above 0; NULL: the numbers stand for themselves */
    const Onnx__TensorProto *zero;  /* NULL: 0 */
    int32_t type;                   /* of the whole numbers */
    uint64_t count;                 /* of scales */
    uint64_t inner; /* neighbours that have the same scale, where there are more than one */
} mnist_onnx_linear;

/* A tensor whose numbers are there. */
typedef struct mnist_onnx_tensor {
    const char *name;
    const Onnx__TensorProto *proto;
    unsigned rank;
    uint64_t shape[MNIST_ONNX_RANK];
    uint64_t count;
    mnist_onnx_linear linear; /* what its numbers, if whole, stand for; others are rounded so */
} mnist_onnx_tensor;

/* Checks it: dimensions, where its numbers are, how many bytes. name: for messages and kept. Errors:
 * MNIST_ERR_FORMAT. */
mnist_status mnist_onnx_tensor_open(mnist_onnx_tensor *out, const Onnx__TensorProto *proto,
                                    const char *name, const mnist_format_input *input,
                                    mnist_error *err);
/* The same of int8, uint8 or int32, and number i of such a one. */
mnist_status mnist_onnx_tensor_open_whole(mnist_onnx_tensor *out, const Onnx__TensorProto *proto,
                                          const char *name, const mnist_format_input *input,
                                          mnist_error *err);
int32_t mnist_onnx_tensor_get_whole(const mnist_onnx_tensor *tensor, uint64_t index);
/* Least and largest of int8, uint8 or int32. */
int64_t mnist_onnx_least(int32_t type);
int64_t mnist_onnx_most(int32_t type);
/* Whether its numbers are float, double, float16 or bfloat16; number i of such a one, or of one with
 * a scale. */
bool mnist_onnx_tensor_is_real(const mnist_onnx_tensor *tensor);
float mnist_onnx_tensor_get(const mnist_onnx_tensor *tensor, uint64_t index);
/* Scale and zero point of number i, of a tensor that has them. */
float mnist_onnx_tensor_scale(const mnist_onnx_tensor *tensor, uint64_t index);
int32_t mnist_onnx_tensor_zero(const mnist_onnx_tensor *tensor, uint64_t index);
/* Whether that is the nearest float, and not the number itself. */
bool mnist_onnx_tensor_is_rounded(const mnist_onnx_tensor *tensor, uint64_t index);
/* Whether its numbers are int64, and number i of such a one. */
bool mnist_onnx_tensor_is_int64(const mnist_onnx_tensor *tensor);
int64_t mnist_onnx_tensor_get_int64(const mnist_onnx_tensor *tensor, uint64_t index);
/* "float16", or "type 99" in text. */
const char *mnist_onnx_type_name(int32_t type, char text[24]);

/* A node's attribute; NULL: it has none of that name. */
const Onnx__AttributeProto *mnist_onnx_attribute(const Onnx__NodeProto *node, const char *name);
/* Its whole number, or what stands for it. */
int64_t mnist_onnx_int(const Onnx__NodeProto *node, const char *name, int64_t fallback);

/* Reads the graph into an empty net. */
mnist_status mnist_onnx_read_graph(mnist_net *out, const Onnx__ModelProto *model,
                                   const mnist_format_input *input, mnist_error *err);

mnist_status mnist_onnx_write(mnist_format_output *out, mnist_net *net, mnist_error *err);

/* Of nets of whole numbers: the first layer's inputs are whole numbers from 0 on, and what a pixel of 0 is is in its
 * biases, as a zero point would have to be a whole number, too. What is in an output's bias, whose weights add up
 * to that. */
int64_t mnist_onnx_shift_in_bias(const mnist_integer_inputs *inputs, int64_t weights);
/* The scale of the first layer's inputs, of a net that has whole numbers. */
float mnist_onnx_input_scale(const mnist_net *net);
/* The scale of sums, of which a bias is one: the product, kept within what a file may have. */
float mnist_onnx_bias_scale(float inputs, float weights);

#endif
