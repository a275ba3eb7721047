/* Tensors of an ONNX file: where their numbers are, which has more ways than there are types. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx.h"

#include "base/status.h"
#include "data/elements.h"
#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
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
    case TYPE(INT8):
    case TYPE(UINT8):
        return 1;
    case TYPE(FLOAT16):
    case TYPE(BFLOAT16):
        return 2;
    case TYPE(FLOAT):
    case TYPE(INT32):
        return 4;
    case TYPE(DOUBLE):
    case TYPE(INT64):
        return 8;
    default:
        return 0;
    }
}

static bool is_whole(int32_t type)
{
    return type == TYPE(INT8) || type == TYPE(UINT8) || type == TYPE(INT32);
}

int64_t mnist_onnx_least(int32_t type)
{
    return type == TYPE(UINT8) ? 0 : type == TYPE(INT8) ? INT8_MIN : INT32_MIN;
}

int64_t mnist_onnx_most(int32_t type)
{
    return type == TYPE(UINT8) ? UINT8_MAX : type == TYPE(INT8) ? INT8_MAX : INT32_MAX;
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
    const int64_t least = width == 2 ? 0 : mnist_onnx_least(proto->data_type);
    const int64_t most = width == 2 ? UINT16_MAX : mnist_onnx_most(proto->data_type);
    for (size_t i = 0; width <= 2 && i < typed; i++) {
        if (proto->int32_data[i] < least || proto->int32_data[i] > most) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: number %zu of tensor '%s' is %" PRId32
                              " in int32_data, expected %s",
                              input->path, i, shown.text, proto->int32_data[i],
                              width == 2  ? "16 bits"
                              : least < 0 ? "-128 to 127"
                                          : "0 to 255");
        }
    }
    return MNIST_OK;
}

static mnist_status open_tensor(mnist_onnx_tensor *out, const char *expected,
                                const mnist_format_input *input, mnist_error *err)
{
    const Onnx__TensorProto *proto = out->proto;
    const char *name = out->name;
    char text[24];
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
    if (expected) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' is of %s, expected %s",
                          input->path, mnist_show(name).text,
                          mnist_onnx_type_name(proto->data_type, text), expected);
    }
    mnist_status status = read_shape(out, input, err);
    return status == MNIST_OK ? check_numbers(out, input, err) : status;
}

mnist_status mnist_onnx_tensor_open(mnist_onnx_tensor *out, const Onnx__TensorProto *proto,
                                    const char *name, const mnist_format_input *input,
                                    mnist_error *err)
{
    const bool is_read = width_of(proto->data_type) > 0 && !is_whole(proto->data_type);
    *out = (mnist_onnx_tensor){.name = name, .proto = proto};
    return open_tensor(out,
                       is_read ? NULL : "float, double, float16 or bfloat16, or int64 for a shape",
                       input, err);
}

mnist_status mnist_onnx_tensor_open_whole(mnist_onnx_tensor *out, const Onnx__TensorProto *proto,
                                          const char *name, const mnist_format_input *input,
                                          mnist_error *err)
{
    *out = (mnist_onnx_tensor){.name = name, .proto = proto};
    return open_tensor(out, is_whole(proto->data_type) ? NULL : "int8, uint8 or int32", input, err);
}

bool mnist_onnx_tensor_is_real(const mnist_onnx_tensor *tensor)
{
    return tensor->proto->data_type != TYPE(INT64) && !is_whole(tensor->proto->data_type);
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

/* Of a tensor of one of these types. */
static float get_real(const Onnx__TensorProto *proto, uint64_t index)
{
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

static int32_t get_whole(const Onnx__TensorProto *proto, uint64_t index)
{
    uint32_t bits = 0;
    int32_t value;
    if (!proto->has_raw_data) {
        return proto->int32_data[index];
    }
    const uint8_t *at = proto->raw_data.data + index * width_of(proto->data_type);
    if (proto->data_type != TYPE(INT32)) {
        return proto->data_type == TYPE(UINT8) || *at < 128 ? *at : *at - 256;
    }
    for (unsigned i = 4; i-- > 0;) {
        bits = bits << 8 | at[i];
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

int32_t mnist_onnx_tensor_get_whole(const mnist_onnx_tensor *tensor, uint64_t index)
{
    assert(index < tensor->count && is_whole(tensor->proto->data_type));
    return get_whole(tensor->proto, index);
}

static uint64_t place_of_scale(const mnist_onnx_linear *linear, uint64_t index)
{
    return linear->count > 1 ? index / linear->inner % linear->count : 0;
}

float mnist_onnx_tensor_scale(const mnist_onnx_tensor *tensor, uint64_t index)
{
    return get_real(tensor->linear.scale, place_of_scale(&tensor->linear, index));
}

int32_t mnist_onnx_tensor_zero(const mnist_onnx_tensor *tensor, uint64_t index)
{
    const mnist_onnx_linear *linear = &tensor->linear;
    return linear->zero ? get_whole(linear->zero, place_of_scale(linear, index)) : 0;
}

float mnist_onnx_tensor_get(const mnist_onnx_tensor *tensor, uint64_t index)
{
    const mnist_onnx_linear *linear = &tensor->linear;
    assert(index < tensor->count);
    if (!linear->scale) {
        assert(mnist_onnx_tensor_is_real(tensor));
        return get_real(tensor->proto, index);
    }
    const double scale = (double)mnist_onnx_tensor_scale(tensor, index);
    const double zero = (double)mnist_onnx_tensor_zero(tensor, index);
    double q;
    if (is_whole(tensor->proto->data_type)) {
        q = (double)get_whole(tensor->proto, index);
    } else {
        q = rint((double)get_real(tensor->proto, index) / scale) + zero;
        const double least = (double)mnist_onnx_least(linear->type);
        const double most = (double)mnist_onnx_most(linear->type);
        q = q < least ? least : q > most ? most : q; /* NaN stays NaN */
    }
    return (float)((q - zero) * scale);
}

bool mnist_onnx_tensor_is_rounded(const mnist_onnx_tensor *tensor, uint64_t index)
{
    const Onnx__TensorProto *proto = tensor->proto;
    if (tensor->linear.scale) {
        return false; /* of numbers that are rounded anyway */
    }
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
