/* GGUF read, the files of ggml: keys and values, descriptions of tensors, and their numbers, in this order. Of its
 * architectures this is "mnist-fc" of ggml's example, layers fc1, fc2 and so on; the example itself takes two. */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "convert/assemble.h"
#include "convert/gguf.h"
#include "convert/hints.h"
#include "io/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEYS  256 /* and tensors; a net of 17 layers has 34 */
#define KEY_BYTES 256
#define MAX_ALIGN 65536

typedef struct span {
    const uint8_t *bytes;
    size_t size;
} span;

typedef struct key {
    span name;
    uint32_t type;
    span value; /* of a string its text; of an array nothing */
} key;

/* A file while it is read; on the heap, as it is large. */
typedef struct reading {
    const mnist_format_input *input;
    size_t at;
    size_t key_count, tensor_count;
    key keys[MAX_KEYS];
    char names[MAX_KEYS][MNIST_GGUF_NAME_BYTES];
    uint64_t offsets[MAX_KEYS];
    mnist_named_array arrays[MAX_KEYS];
    mnist_error *err;
} reading;

static bool gguf_matches(const uint8_t *data, size_t size)
{
    return size >= 4 && memcmp(data, "GGUF", 4) == 0;
}

/* Bytes that have to be there next. */
static mnist_status take(reading *r, uint64_t size, const char *what, span *out)
{
    const size_t left = r->input->size - r->at;
    *out = (span){.bytes = r->input->data, .size = 0};
    if (size > left) {
        return mnist_fail(r->err, MNIST_ERR_FORMAT,
                          "%s: offset %zu: %s of %" PRIu64 " bytes, but %zu are left; the file may "
                          "be cut short",
                          r->input->path, r->at, what, size, left);
    }
    *out = (span){.bytes = r->input->data + r->at, .size = (size_t)size};
    r->at += (size_t)size;
    return MNIST_OK;
}

static uint64_t number_of(span s)
{
    uint64_t value = 0;
    for (size_t i = s.size; i-- > 0;) {
        value = value << 8 | s.bytes[i];
    }
    return value;
}

static mnist_status take_number(reading *r, size_t width, const char *what, uint64_t *out)
{
    span bytes;
    mnist_status status = take(r, width, what, &bytes);
    *out = status == MNIST_OK ? number_of(bytes) : 0;
    return status;
}

static mnist_status take_string(reading *r, const char *what, span *out)
{
    uint64_t length;
    *out = (span){.bytes = r->input->data, .size = 0};
    mnist_status status = take_number(r, 8, "a length", &length);
    return status == MNIST_OK ? take(r, length, what, out) : status;
}

/* For messages. */
static mnist_shown show(span text)
{
    char copy[KEY_BYTES + 1];
    const size_t length = text.size < KEY_BYTES ? text.size : KEY_BYTES;
    memcpy(copy, text.bytes, length);
    copy[length] = '\0';
    return mnist_show(copy);
}

static bool same(span a, span b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_text(span a, const char *text)
{
    return same(a, (span){.bytes = (const uint8_t *)text, .size = strlen(text)});
}

static size_t width_of(uint64_t type)
{
    static const uint8_t widths[MNIST_GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < MNIST_GGUF_TYPES ? widths[type] : 0;
}

/* An array is passed over: none says anything of a net. */
static mnist_status skip_array(reading *r, span name)
{
    uint64_t type = 0, count = 0;
    span ignored;
    mnist_status status = take_number(r, 4, "an array's type", &type);
    if (status == MNIST_OK) {
        status = take_number(r, 8, "an array's count", &count);
    }
    if (status != MNIST_OK) {
        return status;
    }
    const size_t width =
        type == MNIST_GGUF_STRING ? 8 : width_of(type); /* a string's length at least */
    if (width == 0) {
        return mnist_fail(r->err, MNIST_ERR_FORMAT,
                          "%s: key '%s' is an array of type %" PRIu64
                          ", expected numbers, truth values or strings",
                          r->input->path, show(name).text, type);
    }
    if (count > (r->input->size - r->at) / width) {
        return mnist_fail(r->err, MNIST_ERR_FORMAT,
                          "%s: key '%s' is an array of %" PRIu64 " values, for which %zu bytes are "
                          "left",
                          r->input->path, show(name).text, count, r->input->size - r->at);
    }
    if (type != MNIST_GGUF_STRING) {
        return take(r, count * width, "an array", &ignored);
    }
    for (uint64_t i = 0; status == MNIST_OK && i < count; i++) {
        status = take_string(r, "a string", &ignored);
    }
    return status;
}

static mnist_status read_key(reading *r)
{
    key *k = &r->keys[r->key_count];
    const size_t begin = r->at;
    uint64_t type = 0;
    mnist_status status = take_string(r, "a key", &k->name);
    if (status == MNIST_OK && (k->name.size == 0 || k->name.size > KEY_BYTES)) {
        status = mnist_fail(r->err, MNIST_ERR_FORMAT,
                            "%s: offset %zu: a key of %zu bytes, expected 1 to %u", r->input->path,
                            begin, k->name.size, KEY_BYTES);
    }
    for (size_t i = 0; status == MNIST_OK && i < r->key_count; i++) {
        if (same(r->keys[i].name, k->name)) {
            status = mnist_fail(r->err, MNIST_ERR_FORMAT,
                                "%s: offset %zu: key '%s' for the second time, expected once",
                                r->input->path, begin, show(k->name).text);
        }
    }
    if (status == MNIST_OK) {
        status = take_number(r, 4, "a value's type", &type);
    }
    if (status != MNIST_OK) {
        return status;
    }
    k->type = (uint32_t)type;
    r->key_count++;
    if (type == MNIST_GGUF_STRING) {
        return take_string(r, "a string", &k->value);
    }
    if (type == MNIST_GGUF_ARRAY) {
        return skip_array(r, k->name);
    }
    if (width_of(type) == 0) {
        return mnist_fail(r->err, MNIST_ERR_FORMAT,
                          "%s: key '%s' is of type %" PRIu64 ", expected 0 to %u", r->input->path,
                          show(k->name).text, type, MNIST_GGUF_TYPES - 1);
    }
    return take(r, width_of(type), "a value", &k->value);
}

static const key *find_key(const reading *r, const char *name, uint32_t type)
{
    for (size_t i = 0; i < r->key_count; i++) {
        if (r->keys[i].type == type && is_text(r->keys[i].name, name)) {
            return &r->keys[i];
        }
    }
    return NULL;
}

static mnist_status take_name(reading *r)
{
    const size_t begin = r->at;
    char *name = r->names[r->tensor_count];
    span text;
    mnist_status status = take_string(r, "a tensor's name", &text);
    if (status != MNIST_OK) {
        return status;
    }
    if (text.size == 0 || text.size >= MNIST_GGUF_NAME_BYTES || memchr(text.bytes, 0, text.size)) {
        return mnist_fail(r->err, MNIST_ERR_FORMAT,
                          "%s: offset %zu: a tensor's name of %zu bytes, expected 1 to %u, none of "
                          "them zero",
                          r->input->path, begin, text.size, MNIST_GGUF_NAME_BYTES - 1);
    }
    memcpy(name, text.bytes, text.size);
    name[text.size] = '\0';
    for (size_t i = 0; i < r->tensor_count; i++) {
        if (strcmp(r->names[i], name) == 0) {
            return mnist_fail(r->err, MNIST_ERR_FORMAT,
                              "%s: offset %zu: tensor '%s' for the second time, expected once",
                              r->input->path, begin, mnist_show(name).text);
        }
    }
    return MNIST_OK;
}

/* Dimensions, of which the first is that of numbers side by side. */
static mnist_status take_shape(reading *r, mnist_named_array *array)
{
    uint64_t rank, dims[2] = {0, 0}, count = 1;
    mnist_status status = take_number(r, 4, "a tensor's rank", &rank);
    if (status == MNIST_OK && (rank < 1 || rank > 2)) {
        status = mnist_fail(r->err, MNIST_ERR_FORMAT,
                            "%s: tensor '%s' has %" PRIu64
                            " dimensions, expected 2 (weights) or 1 (a bias)",
                            r->input->path, mnist_show(array->name).text, rank);
    }
    for (unsigned d = 0; status == MNIST_OK && d < rank; d++) {
        status = take_number(r, 8, "a dimension", &dims[d]);
        if (status == MNIST_OK && (dims[d] == 0 || count > r->input->size / dims[d])) {
            status = mnist_fail(
                r->err, MNIST_ERR_FORMAT,
                "%s: dimension %u of tensor '%s' is %" PRIu64
                ", expected 1 or above, and not more than the file's %zu bytes hold",
                r->input->path, d, mnist_show(array->name).text, dims[d], r->input->size);
        }
        count *= dims[d];
    }
    array->rank = (unsigned)rank;
    array->shape[0] = rank == 1 ? dims[0] : dims[1];
    array->shape[1] = dims[0];
    return status;
}

/* All of a tensor but where its numbers are, which is found when all are known. */
static mnist_status read_tensor(reading *r)
{
    static const struct {
        uint32_t number;
        mnist_number_type type;
    } types[] = {{0, MNIST_NUMBER_F32},
                 {1, MNIST_NUMBER_F16},
                 {28, MNIST_NUMBER_F64},
                 {30, MNIST_NUMBER_BF16}};
    mnist_named_array *array = &r->arrays[r->tensor_count];
    uint64_t type = 0;
    size_t t = 0;
    *array = (mnist_named_array){.name = r->names[r->tensor_count]};
    mnist_status status = take_name(r);
    if (status == MNIST_OK) {
        status = take_shape(r, array);
    }
    if (status == MNIST_OK) {
        status = take_number(r, 4, "a tensor's type", &type);
    }
    while (t < sizeof types / sizeof types[0] && types[t].number != type) {
        t++;
    }
    if (status == MNIST_OK && t == sizeof types / sizeof types[0]) {
        status =
            mnist_fail(r->err, MNIST_ERR_FORMAT,
                       "%s: tensor '%s' is of ggml's type %" PRIu64
                       ", expected F32 (0), F16 (1), F64 (28) or BF16 (30): quantised nets are "
                       "not read",
                       r->input->path, mnist_show(array->name).text, type);
    }
    if (status == MNIST_OK) {
        array->type = types[t].type;
        status = take_number(r, 8, "a tensor's offset", &r->offsets[r->tensor_count]);
    }
    if (status == MNIST_OK) {
        r->tensor_count++;
    }
    return status;
}

static mnist_status find_alignment(const reading *r, uint64_t *out)
{
    const key *k = find_key(r, "general.alignment", MNIST_GGUF_U32);
    *out = k ? number_of(k->value) : MNIST_GGUF_ALIGNMENT;
    if (*out < 8 || *out > MAX_ALIGN || (*out & (*out - 1)) != 0) {
        return mnist_fail(r->err, MNIST_ERR_FORMAT,
                          "%s: general.alignment is %" PRIu64
                          ", expected a power of two from 8 to %u",
                          r->input->path, *out, MAX_ALIGN);
    }
    return MNIST_OK;
}

/* The numbers lie one tensor after the other, each at the next place that is aligned, and zeros up to
 * such a place end the file: so ggml demands it. */
static mnist_status place_tensors(reading *r)
{
    uint64_t alignment, expected = 0;
    mnist_status status = find_alignment(r, &alignment);
    if (status != MNIST_OK) {
        return status;
    }
    const uint64_t data = (r->at + alignment - 1) / alignment * alignment;
    for (size_t i = 0; i < r->tensor_count; i++) {
        mnist_named_array *a = &r->arrays[i];
        const uint64_t count = a->rank == 2 ? a->shape[0] * a->shape[1] : a->shape[0];
        const uint64_t bytes = count * mnist_number_width(a->type);
        const uint64_t padded = (bytes + alignment - 1) / alignment * alignment;
        if (r->offsets[i] != expected) {
            return mnist_fail(
                r->err, MNIST_ERR_FORMAT,
                "%s: tensor '%s' is at offset %" PRIu64 " of the data, expected %" PRIu64
                ": one after the other, each at a multiple of %" PRIu64,
                r->input->path, mnist_show(a->name).text, r->offsets[i], expected, alignment);
        }
        if (data > r->input->size || expected > r->input->size - data ||
            padded > r->input->size - data - expected) {
            return mnist_fail(r->err, MNIST_ERR_FORMAT,
                              "%s: tensor '%s' of %" PRIu64 " bytes begins at %" PRIu64
                              ", past what the file's %zu bytes hold; it may be cut short",
                              r->input->path, mnist_show(a->name).text, padded, data + expected,
                              r->input->size);
        }
        a->bytes = r->input->data + data + expected;
        expected += padded;
    }
    return MNIST_OK;
}

static mnist_status read_counts(reading *r, uint64_t *tensors, uint64_t *keys)
{
    uint64_t version = 0;
    *tensors = *keys = 0;
    span magic;
    mnist_status status = take(r, 4, "its first word", &magic);
    if (status == MNIST_OK && !gguf_matches(magic.bytes, magic.size)) {
        status =
            mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: it does not begin with GGUF", r->input->path);
    }
    if (status == MNIST_OK) {
        status = take_number(r, 4, "a version", &version);
    }
    if (status == MNIST_OK && version != 2 && version != 3) {
        const bool turned = version > 0 && (version & 0xFFFF) == 0;
        status = mnist_fail(r->err, MNIST_ERR_FORMAT,
                            "%s: offset 4: version %" PRIu64 "%s, expected 2 or 3, little-endian",
                            r->input->path, version, turned ? ", as a big-endian file has it" : "");
    }
    if (status == MNIST_OK) {
        status = take_number(r, 8, "a count", tensors);
    }
    if (status == MNIST_OK) {
        status = take_number(r, 8, "a count", keys);
    }
    if (status == MNIST_OK && (*tensors > MAX_KEYS || *keys > MAX_KEYS)) {
        status = mnist_fail(r->err, MNIST_ERR_FORMAT,
                            "%s: offset 8: %" PRIu64 " tensors and %" PRIu64
                            " keys, expected at most %u of each: a net has few",
                            r->input->path, *tensors, *keys, MAX_KEYS);
    }
    return status;
}

static mnist_status check_architecture(const reading *r)
{
    const key *k = find_key(r, "general.architecture", MNIST_GGUF_STRING);
    if (k && is_text(k->value, MNIST_GGUF_ARCHITECTURE)) {
        return MNIST_OK;
    }
    return mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: general.architecture %s%s%s, expected '%s'",
                      r->input->path, k ? "is '" : "is not said", k ? show(k->value).text : "",
                      k ? "'" : "", MNIST_GGUF_ARCHITECTURE);
}

static bool find_float(const reading *r, const char *name, float *out)
{
    const key *k = find_key(r, name, MNIST_GGUF_F32);
    if (k) {
        *out = mnist_number_get(k->value.bytes, MNIST_NUMBER_F32, false);
    }
    return k != NULL;
}

/* What gguf_write has put there; else what ggml's example does. */
static void read_known(mnist_net *out, const reading *r)
{
    const key *activation = find_key(r, MNIST_GGUF_ARCHITECTURE ".activation", MNIST_GGUF_STRING);
    float mean, stddev;
    if (find_float(r, MNIST_GGUF_ARCHITECTURE ".mean", &mean) &&
        find_float(r, MNIST_GGUF_ARCHITECTURE ".stddev", &stddev)) {
        out->knows_normalization = mnist_normalization_of(&out->normalization, mean, stddev);
        out->knows_activation =
            activation && mnist_activation_find((const char *)activation->value.bytes,
                                                activation->value.size, &out->activation);
        return;
    }
    out->knows_activation = true;
    out->activation = MNIST_RELU;
    out->knows_normalization = mnist_normalization_of(&out->normalization, 0.0f, 1.0f);
    mnist_net_note(out, "taken to be as in ggml's example: ReLU, and pixels divided by 255");
}

static mnist_status read_file(mnist_net *out, reading *r)
{
    uint64_t tensors, keys;
    mnist_status status = read_counts(r, &tensors, &keys);
    while (status == MNIST_OK && r->key_count < keys) {
        status = read_key(r);
    }
    if (status == MNIST_OK) {
        status = check_architecture(r);
    }
    while (status == MNIST_OK && r->tensor_count < tensors) {
        status = read_tensor(r);
    }
    if (status == MNIST_OK) {
        status = place_tensors(r);
    }
    if (status == MNIST_OK) {
        const mnist_assembly assembly = {.path = r->input->path,
                                         .layers = r->input->layers,
                                         .outputs_first = true,
                                         .arrays = r->arrays,
                                         .count = r->tensor_count};
        status = mnist_assemble(out, &assembly, r->err);
    }
    if (status == MNIST_OK) {
        read_known(out, r);
    }
    return status;
}

static mnist_status gguf_read(mnist_net *out, const mnist_format_input *input, mnist_error *err)
{
    reading *r = calloc(1, sizeof *r);
    if (!r) {
        return mnist_fail_memory(err, sizeof *r, "the list of tensors");
    }
    r->input = input;
    r->err = err;
    mnist_status status = read_file(out, r);
    free(r);
    return status;
}

const mnist_format mnist_format_gguf = {
    .name = "gguf",
    .text = "ggml's file, of architecture mnist-fc",
    .endings = ".gguf",
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION,
    .matches = gguf_matches,
    .read = gguf_read,
    .write = mnist_gguf_write,
};
