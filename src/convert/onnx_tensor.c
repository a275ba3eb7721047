/* Tensors of an ONNX file: where their numbers are, which has more ways than there are types. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx.h"

#include "base/status.h"
#include "convert/elements.h"
#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

const char *mnist_onnx_type_name(int32_t type, char text[24])
{
    static const char *const names[] = {"undefined",  "float",   "uint8",  "int8",   "uint16",
                                        "int16",      "int32",   "int64",  "string", "bool",
                                        "float16",    "double",  "uint32", "uint64", "complex64",
                                        "complex128", "bfloat16"};
    if (type >= 0 && (size_t)type < sizeof names / sizeof names[0]) {
        return names[type];
    }
    snprintf(text, 24, "type %" PRId32, type);
    return text;
}

/* Bytes of a number in raw_data; 0: not of a type that is read. */
static size_t width_of(int32_t type)
{
    switch (type) {
    case TYPE(FLOAT16):
    case TYPE(BFLOAT16):
        return 2;
    case TYPE(FLOAT):
        return 4;
    case TYPE(DOUBLE):
    case TYPE(INT64):
        return 8;
    default:
        return 0;
    }
}

/* The field that a type has beside raw_data, and how many numbers are in it. */
static size_t typed_count(const Onnx__TensorProto *proto, const char **field)
{
    switch (proto->data_type) {
    case TYPE(FLOAT):
        *field = "float_data";
        return proto->n_float_data;
    case TYPE(DOUBLE):
        *field = "double_data";
        return proto->n_double_data;
    case TYPE(INT64):
        *field = "int64_data";
        return proto->n_int64_data;
    default:
        *field = "int32_data";
        return proto->n_int32_data;
    }
}

/* Dimensions, and how many numbers they ask for: no more than the file has bytes. */
static mnist_status read_shape(mnist_onnx_tensor *out, const mnist_format_input *input,
                               mnist_error *err)
{
    const Onnx__TensorProto *proto = out->proto;
    const mnist_shown shown = mnist_show(out->name);
    if (proto->n_dims > MNIST_ONNX_RANK) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has %zu dimensions, expected at most %u", input->path,
                          shown.text, proto->n_dims, MNIST_ONNX_RANK);
    }
    out->rank = (unsigned)proto->n_dims;
    out->count = 1;
    for (unsigned d = 0; d < out->rank; d++) {
        if (proto->dims[d] < 0) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: dimension %u of tensor '%s' is %" PRId64
                              ", expected 0 or above: numbers that are there have a known shape",
                              input->path, d, shown.text, proto->dims[d]);
        }
        out->shape[d] = (uint64_t)proto->dims[d];
        if (out->shape[d] > 0 && out->count > input->size / out->shape[d]) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: the dimensions of tensor '%s' ask for more numbers than the "
                              "file has bytes, which are %zu",
                              input->path, shown.text, input->size);
        }
        out->count *= out->shape[d];
    }
    return MNIST_OK;
}

/* That exactly so many numbers are there, in one place. */
static mnist_status check_numbers(const mnist_onnx_tensor *tensor, const mnist_format_input *input,
                                  mnist_error *err)
{
    const Onnx__TensorProto *proto = tensor->proto;
    const mnist_shown shown = mnist_show(tensor->name);
    const size_t width = width_of(proto->data_type);
    const char *field;
    const size_t typed = typed_count(proto, &field);
    if (proto->has_raw_data && typed > 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has its numbers both in raw_data and in %s, expected "
                          "one of them",
                          input->path, shown.text, field);
    }
    if (proto->has_raw_data && proto->raw_data.len != tensor->count * width) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has %zu bytes in raw_data, expected %" PRIu64
                          " for its shape",
                          input->path, shown.text, proto->raw_data.len, tensor->count * width);
    }
    if (!proto->has_raw_data && typed != tensor->count) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has %zu numbers in %s, expected %" PRIu64
                          " for its shape",
                          input->path, shown.text, typed, field, tensor->count);
    }
    for (size_t i = 0; width == 2 && i < typed; i++) {
        if (proto->int32_data[i] < 0 || proto->int32_data[i] > UINT16_MAX) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: number %zu of tensor '%s' is %" PRId32
                              " in int32_data, expected 16 bits",
                              input->path, i, shown.text, proto->int32_data[i]);
        }
    }
    return MNIST_OK;
}

mnist_status mnist_onnx_tensor_open(mnist_onnx_tensor *out, const Onnx__TensorProto *proto,
                                    const char *name, const mnist_format_input *input,
                                    mnist_error *err)
{
    char text[24];
    *out = (mnist_onnx_tensor){.name = name, .proto = proto};
    if (proto->n_external_data > 0 ||
        (proto->has_data_location &&
         proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' is external data, in another file, which is not opened: "
                          "save the model as one file (onnx.save with save_as_external_data=False)",
                          input->path, mnist_show(name).text);
    }
    if (proto->segment) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' is one segment of several, expected it whole",
                          input->path, mnist_show(name).text);
    }
    if (width_of(proto->data_type) == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' is of %s, expected float, double, float16 or bfloat16, "
                          "or int64 for a shape",
                          input->path, mnist_show(name).text,
                          mnist_onnx_type_name(proto->data_type, text));
    }
    mnist_status status = read_shape(out, input, err);
    return status == MNIST_OK ? check_numbers(out, input, err) : status;
}

bool mnist_onnx_tensor_is_real(const mnist_onnx_tensor *tensor)
{
    return tensor->proto->data_type != TYPE(INT64);
}

bool mnist_onnx_tensor_is_int64(const mnist_onnx_tensor *tensor)
{
    return tensor->proto->data_type == TYPE(INT64);
}

static mnist_number_type number_type(int32_t type)
{
    return type == TYPE(FLOAT)     ? MNIST_NUMBER_F32
           : type == TYPE(DOUBLE)  ? MNIST_NUMBER_F64
           : type == TYPE(FLOAT16) ? MNIST_NUMBER_F16
                                   : MNIST_NUMBER_BF16;
}

float mnist_onnx_tensor_get(const mnist_onnx_tensor *tensor, uint64_t index)
{
    const Onnx__TensorProto *proto = tensor->proto;
    assert(index < tensor->count && mnist_onnx_tensor_is_real(tensor));
    const mnist_number_type type = number_type(proto->data_type);
    if (proto->has_raw_data) {
        return mnist_number_get(proto->raw_data.data + index * mnist_number_width(type), type,
                                false);
    }
    if (type == MNIST_NUMBER_F32) {
        return proto->float_data[index];
    }
    if (type == MNIST_NUMBER_F64) {
        return (float)proto->double_data[index];
    }
    const uint32_t bits = (uint32_t)proto->int32_data[index];
    const uint8_t bytes[2] = {(uint8_t)bits, (uint8_t)(bits >> 8)};
    return mnist_number_get(bytes, type, false);
}

bool mnist_onnx_tensor_is_rounded(const mnist_onnx_tensor *tensor, uint64_t index)
{
    const Onnx__TensorProto *proto = tensor->proto;
    const mnist_number_type type = number_type(proto->data_type);
    if (proto->has_raw_data) {
        return mnist_number_is_rounded(proto->raw_data.data + index * mnist_number_width(type),
                                       type, false);
    }
    return type == MNIST_NUMBER_F64 &&
           (double)(float)proto->double_data[index] != proto->double_data[index];
}

int64_t mnist_onnx_tensor_get_int64(const mnist_onnx_tensor *tensor, uint64_t index)
{
    const Onnx__TensorProto *proto = tensor->proto;
    uint64_t bits = 0;
    assert(index < tensor->count && mnist_onnx_tensor_is_int64(tensor));
    if (!proto->has_raw_data) {
        return proto->int64_data[index];
    }
    for (unsigned i = 8; i-- > 0;) {
        bits = bits << 8 | proto->raw_data.data[8 * index + i];
    }
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#else
typedef int mnist_no_onnx_tensor; /* a file is not empty */
#endif
