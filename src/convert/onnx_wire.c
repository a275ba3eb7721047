/* The bytes of an ONNX file: looked through before protobuf-c unpacks them, with memory that has a limit. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx.h"

#include "base/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* The file, and how far it has been looked through. */
typedef struct scan {
    const mnist_format_input *input;
    size_t at;
    mnist_error *err;
} scan;

static mnist_status get_varint(scan *s, size_t end, uint64_t *out)
{
    const size_t begin = s->at;
    *out = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (s->at == end) {
            return mnist_fail(s->err, MNIST_ERR_FORMAT,
                              "%s: offset %zu: a number that goes on past its message, which ends "
                              "at %zu; the file may be cut short",
                              s->input->path, begin, end);
        }
        const uint8_t byte = s->input->data[s->at++];
        *out |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
        if (byte < 0x80) {
            return MNIST_OK;
        }
    }
    return mnist_fail(s->err, MNIST_ERR_FORMAT,
                      "%s: offset %zu: a number of more than 10 bytes, expected a protobuf message",
                      s->input->path, begin);
}

/* Bytes that a field takes after its key, and after its length where it has one. */
static mnist_status get_length(scan *s, size_t end, unsigned wire, uint64_t *length)
{
    const size_t begin = s->at;
    mnist_status status = MNIST_OK;
    *length = 0;
    switch (wire) {
    case WIRE_VARINT:
        return get_varint(s, end, &(uint64_t){0});
    case WIRE_BYTES:
        status = get_varint(s, end, length);
        break;
    case WIRE_64:
    case WIRE_32:
        *length = wire == WIRE_64 ? 8 : 4;
        break;
    default:
        return mnist_fail(s->err, MNIST_ERR_FORMAT,
                          "%s: offset %zu: a field of wire type %u, expected 0, 1, 2 or 5, as ONNX "
                          "has them",
                          s->input->path, begin, wire);
    }
    if (status == MNIST_OK && *length > end - s->at) {
        return mnist_fail(s->err, MNIST_ERR_FORMAT,
                          "%s: offset %zu: a field of %" PRIu64 " bytes, but %zu are left of its "
                          "message; the file may be cut short",
                          s->input->path, begin, *length, end - s->at);
    }
    return status;
}

/* Looks through a message that ends at end. It recurses, MNIST_ONNX_DEPTH deep at most. */
static mnist_status scan_message(scan *s, size_t end, const ProtobufCMessageDescriptor *kind,
                                 unsigned depth)
{
    uint64_t seen = 0; /* messages of which there can be one, by their place in the description */
    if (depth > MNIST_ONNX_DEPTH) {
        return mnist_fail(s->err, MNIST_ERR_FORMAT,
                          "%s: offset %zu: messages within messages, more than %u deep",
                          s->input->path, s->at, MNIST_ONNX_DEPTH);
    }
    while (s->at < end) {
        const size_t begin = s->at;
        uint64_t key, length;
        mnist_status status = get_varint(s, end, &key);
        if (status == MNIST_OK && (key >> 3 == 0 || key >> 3 > INT32_MAX)) {
            status = mnist_fail(s->err, MNIST_ERR_FORMAT,
                                "%s: offset %zu: field %" PRIu64 ", expected one of 1 or above",
                                s->input->path, begin, key >> 3);
        }
        if (status == MNIST_OK) {
            status = get_length(s, end, (unsigned)(key & 7), &length);
        }
        if (status != MNIST_OK) {
            return status;
        }
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(kind, (unsigned)(key >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_STRING && (key & 7) == WIRE_BYTES &&
            length > 0 && memchr(s->input->data + s->at, '\0', (size_t)length)) {
            return mnist_fail(s->err, MNIST_ERR_FORMAT,
                              "%s: offset %zu: text with a zero in it, expected names and the like",
                              s->input->path, begin);
        }
        if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE || (key & 7) != WIRE_BYTES) {
            s->at += (size_t)length;
            continue;
        }
        const uint64_t bit = (uint64_t)1 << ((field - kind->fields) % 64);
        if (field->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit)) {
            return mnist_fail(s->err, MNIST_ERR_FORMAT,
                              "%s: offset %zu: field %" PRIu64 " of its message for the second "
                              "time, expected once",
                              s->input->path, begin, key >> 3);
        }
        seen |= bit;
        status = scan_message(s, s->at + (size_t)length, field->descriptor, depth + 1);
        if (status != MNIST_OK) {
            return status;
        }
    }
    return MNIST_OK;
}

/* Memory for messages, while there is some left. */
typedef struct allowance {
    size_t left;
    size_t wanted; /* not 0: so many bytes were not given */
    bool beyond;   /* as they are more than is left, and not as there is no memory */
} allowance;

static void *take(void *data, size_t size)
{
    allowance *a = data;
    void *block = NULL;
    a->beyond = size > a->left;
    if (!a->beyond) {
        block = malloc(size > 0 ? size : 1);
    }
    if (block) {
        a->left -= size;
    } else {
        a->wanted = size > 0 ? size : 1;
    }
    return block;
}

static void give_back(void *data, void *block)
{
    (void)data; /* nothing is added to what is left: it is a bound, not an account */
    free(block);
}

mnist_status mnist_onnx_unpack(Onnx__ModelProto **out, const mnist_format_input *input,
                               mnist_error *err)
{
    scan s = {.input = input, .err = err};
    *out = NULL;
    mnist_status status = scan_message(&s, input->size, &onnx__model_proto__descriptor, 1);
    if (status != MNIST_OK) {
        return status;
    }
    allowance memory = {.left = MNIST_ONNX_FREE + (input->size < SIZE_MAX / (2 * MNIST_ONNX_GROWTH)
                                                       ? MNIST_ONNX_GROWTH * input->size
                                                       : 0)};
    ProtobufCAllocator allocator = {.alloc = take, .free = give_back, .allocator_data = &memory};
    *out = (Onnx__ModelProto *)protobuf_c_message_unpack(&onnx__model_proto__descriptor, &allocator,
                                                         input->size, input->data);
    if (*out) {
        return MNIST_OK;
    }
    if (memory.wanted > 0 && !memory.beyond) {
        return mnist_fail_memory(err, memory.wanted, "the messages of an ONNX file");
    }
    if (memory.wanted > 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: its messages take more memory than %u times the file's size and 4 "
                          "MiB: too many small or empty parts for a net",
                          input->path, MNIST_ONNX_GROWTH);
    }
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "%s: no message of ONNX's schema: a field is of the wrong type", input->path);
}

void mnist_onnx_release(Onnx__ModelProto *model)
{
    ProtobufCAllocator allocator = {.alloc = take, .free = give_back};
    protobuf_c_message_free_unpacked(&model->base, &allocator);
}

#else
typedef int mnist_no_onnx_wire; /* a file is not empty */
#endif
