/* ONNX files, taken apart and put together: what the files of that format share. All but mnist_format_onnx is
 * there only where protobuf-c and ONNX's schema were, when this was built. */
#ifndef MNIST_CONVERT_ONNX_H
#define MNIST_CONVERT_ONNX_H

#include <mnist/convert.h>

#include <onnx.pb-c.h> /* made of the schema while building */

/* Constants of GELU by tanh, as kernels/activations.h has them. */
#define MNIST_ONNX_GELU_SCALE 0x1.988454p-1f /* sqrt(2 / pi) */
#define MNIST_ONNX_GELU_CUBE  0.044715f

/* Keys of the model's metadata that say how the floats were made which its input takes. */
#define MNIST_ONNX_MEAN   "mnist.mean"
#define MNIST_ONNX_STDDEV "mnist.stddev"

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

/* A tensor whose numbers are there. */
typedef struct mnist_onnx_tensor {
    const char *name;
    const Onnx__TensorProto *proto;
    unsigned rank;
    uint64_t shape[MNIST_ONNX_RANK];
    uint64_t count;
} mnist_onnx_tensor;

/* Checks it: dimensions, where its numbers are, how many bytes. name: for messages and kept. Errors:
 * MNIST_ERR_FORMAT. */
mnist_status mnist_onnx_tensor_open(mnist_onnx_tensor *out, const Onnx__TensorProto *proto,
                                    const char *name, const mnist_format_input *input,
                                    mnist_error *err);
/* Whether its numbers are float, double, float16 or bfloat16, and number i of such a one. */
bool mnist_onnx_tensor_is_real(const mnist_onnx_tensor *tensor);
float mnist_onnx_tensor_get(const mnist_onnx_tensor *tensor, uint64_t index);
/* Whether that is the nearest float, and not the number itself. */
bool mnist_onnx_tensor_is_rounded(const mnist_onnx_tensor *tensor, uint64_t index);
/* Whether its numbers are int64, and number i of such a one. */
bool mnist_onnx_tensor_is_int64(const mnist_onnx_tensor *tensor);
int64_t mnist_onnx_tensor_get_int64(const mnist_onnx_tensor *tensor, uint64_t index);
/* "float16", or "type 99" in text. */
const char *mnist_onnx_type_name(int32_t type, char text[24]);

/* A node's attribute; NULL: it has none of that name. */
const Onnx__AttributeProto *mnist_onnx_attribute(const Onnx__NodeProto *node, const char *name);

/* Reads the graph into an empty net. */
mnist_status mnist_onnx_read_graph(mnist_net *out, const Onnx__ModelProto *model,
                                   const mnist_format_input *input, mnist_error *err);

mnist_status mnist_onnx_write(mnist_format_output *out, mnist_net *net, mnist_error *err);

#endif
