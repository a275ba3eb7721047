/* ONNX: the format's entry. The schema is that of the ONNX project's package, compiled by protobuf-c while building. */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"

#include <string.h>

/* A model begins with the version of the format, and its second field is one of those that then come. */
static bool onnx_matches(const uint8_t *data, size_t size)
{
    static const uint8_t second[] = {0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42}; /* fields 2 to 8 */
    return size > 3 && data[0] == 0x08 && data[1] >= 1 && data[1] < 0x20 &&
           memchr(second, data[2], sizeof second) != NULL;
}

#ifdef MNIST_HAVE_ONNX

#include "convert/onnx.h"

static mnist_status onnx_read(mnist_net *out, const mnist_format_input *input, mnist_error *err)
{
    Onnx__ModelProto *model;
    mnist_status status;
    if (input->layers) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: a list of layers is for files that only have names; an ONNX file's graph "
            "says their order",
            input->path);
    }
    status = mnist_onnx_unpack(&model, input, err);
    if (status == MNIST_OK) {
        status = mnist_onnx_read_graph(out, model, input, err);
        mnist_onnx_release(model);
    }
    return status;
}

static mnist_status onnx_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    return mnist_onnx_write(out, net, err);
}

#else

static mnist_status fail_without(const char *path, mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_IO,
                      "%s: ONNX needs protobuf-c and ONNX's schema, which were not there when this "
                      "was built: install libprotobuf-c-dev, protobuf-c-compiler and libonnx-dev, "
                      "and build again",
                      path);
}

static mnist_status onnx_read(mnist_net *out, const mnist_format_input *input, mnist_error *err)
{
    out->layer_count = 0;
    return fail_without(input->path, err);
}

static mnist_status onnx_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    (void)net;
    return fail_without(out->path, err);
}

#endif

const mnist_format mnist_format_onnx = {
    .name = "onnx",
    .text = "ONNX, from an image to probabilities",
    .endings = ".onnx",
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION | MNIST_HOLDS_INPUT |
             MNIST_HOLDS_INTEGERS,
    .matches = onnx_matches,
    .read = onnx_read,
    .write = onnx_write,
};
