#include "io/safetensors.h"

#include "base/status.h"
#include "data/signature.h"
#include "io/json.h"
#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LENGTH_SIZE 8u         /* bytes of the header's length, with which a file begins */
#define MAX_HEADER  100000000u /* bytes; the reference implementation's limit */
#define MAX_DEPTH   3u         /* {"name": {"shape": [ */
#define MAX_VALUES  65536u     /* JSON values in a header; a net of 17 layers has some 300 */
#define CRC_DIGITS  8u

static const char crc_key[] = "\"crc32\":\"";
static const char crc_zeros[] = "00000000";

static uint64_t read_length(const uint8_t *data)
{
    uint64_t length = 0;
    for (unsigned i = 0; i < LENGTH_SIZE; i++) {
        length |= (uint64_t)data[i] << (8 * i);
    }
    return length;
}

/* Checks the eight bytes of length, and that the file holds a header of that length. */
static mnist_status check_frame(const uint8_t *data, size_t size, const char *path,
                                size_t *header_size, mnist_error *err)
{
    const char *kind = mnist_signature_of(MNIST_READER_MODELS, data, size);
    if (size == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: the file is empty; was the program that wrote it interrupted?",
                          path);
    }
    uint64_t length = size < LENGTH_SIZE ? 0 : read_length(data);
    const bool is_framed =
        length >= 2 && length <= MAX_HEADER && size > LENGTH_SIZE && data[LENGTH_SIZE] == '{';
    if (kind && size >= LENGTH_SIZE && !is_framed) { /* its first bytes are no length */
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: not a safetensors file: %s", path, kind);
    }
    if (size < LENGTH_SIZE) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: %zu bytes, but a safetensors file begins with 8 bytes of header "
                          "length%s%s",
                          path, size, kind ? ": " : "", kind ? kind : "");
    }
    if (length > MAX_HEADER || length < 2) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: not a safetensors file: header length %" PRIu64
                          " at byte 0, expected 2 to %u",
                          path, length, MAX_HEADER);
    }
    if (size > LENGTH_SIZE && data[LENGTH_SIZE] != '{') {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: not a safetensors file: 0x%02X at byte 8, expected '{'", path,
                          data[LENGTH_SIZE]);
    }
    if (length > size - LENGTH_SIZE) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: truncated in the header: expected at least %" PRIu64
                          " bytes, found %zu; copy or download it again",
                          path, length + LENGTH_SIZE, size);
    }
    *header_size = (size_t)length;
    return MNIST_OK;
}

/* Counts the JSON values before anything is parsed. The parser takes some hundred bytes for a
 * value, and JSON needs only two bytes to state one: without a limit a hostile header could use up
 * the memory. */
static mnist_status check_structure(const char *json, size_t size, size_t *count, const char *path,
                                    mnist_error *err)
{
    size_t depth = 0, values = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = json[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
            values++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ',') {
            values++;
        }
        if (depth > MAX_DEPTH) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: header nested deeper than %u levels at byte %zu", path,
                              MAX_DEPTH, LENGTH_SIZE + i);
        }
        if (values > MAX_VALUES) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: more than %u values in the header at byte %zu", path, MAX_VALUES,
                              LENGTH_SIZE + i);
        }
    }
    *count = values;
    return MNIST_OK;
}

/* The header without NULs behind its end, which some writers pad it with instead of the format's
 * spaces: they say nothing. */
static size_t without_padding(const char *json, size_t size)
{
    while (size > 0 && json[size - 1] == '\0') {
        size--;
    }
    return size;
}

/* Parses the header; values: how many it holds, at most. */
static mnist_status parse_json(json_t **out, const char *json, size_t size, size_t values,
                               const char *path, mnist_error *err)
{
    json_error_t error;
    const mnist_io_json_text text = {
        .text = json, .size = size, .values = values, .what = "a JSON header"};
    mnist_status status = mnist_io_json(out, &text, &error, err);
    if (status != MNIST_ERR_FORMAT) {
        return status;
    }
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s: header is not valid JSON near byte %zu: %s", path,
                      LENGTH_SIZE + (size_t)(error.position > 0 ? error.position : 0),
                      mnist_show(error.text).text);
}

static mnist_status read_metadata(mnist_safetensors *file, json_t *object, const char *path,
                                  mnist_error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: __metadata__ is not a JSON object", path);
    }
    size_t room = json_object_size(object) + 1; /* calloc(0) may give NULL */
    file->metadata = calloc(room, sizeof *file->metadata);
    if (!file->metadata) {
        return mnist_fail_memory(err, room * sizeof *file->metadata, "metadata");
    }
    json_object_foreach (object, key, value) {
        if (!json_is_string(value)) {
            return mnist_fail(err, MNIST_ERR_FORMAT, "%s: __metadata__ key '%s' is not a string",
                              path, mnist_show(key).text);
        }
        file->metadata[file->metadata_count++] =
            (mnist_metadata){.key = key, .value = json_string_value(value)};
    }
    return MNIST_OK;
}

/* Reads a list of integers from 0 on; false if it is something else. */
static bool read_integers(const json_t *list, uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_integer(item) || json_integer_value(item) < 0) {
            return false;
        }
        values[i] = (uint64_t)json_integer_value(item);
    }
    return true;
}

/* Bytes of a number of a type that mnist_safetensors_get does not read; 0: the format has no such
 * type. */
static size_t foreign_width(const char *dtype)
{
    static const struct {
        const char *dtype;
        size_t width;
    } types[] = {
        {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4},  {"I16", 2},     {"I8", 1},
        {"U32", 4}, {"U16", 2},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(dtype, types[i].dtype) == 0) {
            return types[i].width;
        }
    }
    return 0;
}

/* Computes the bytes of a tensor; false: more than any file has. */
static bool tensor_size(const mnist_tensor *tensor, uint64_t *size)
{
    uint64_t product = tensor->type < MNIST_ELEMENTS ? mnist_element_size(tensor->type)
                                                     : foreign_width(tensor->dtype);
    bool empty = false;
    for (unsigned i = 0; i < tensor->rank; i++) {
        empty = empty || tensor->shape[i] == 0;
    }
    for (unsigned i = 0; i < tensor->rank && !empty; i++) {
        if (tensor->shape[i] > INT64_MAX / product) {
            return false;
        }
        product *= tensor->shape[i];
    }
    *size = empty ? 0 : product;
    return true;
}

/* false: not a type that is read here. */
static bool read_type(const char *text, mnist_element *type)
{
    for (int i = 0; i < MNIST_ELEMENTS; i++) {
        if (strcmp(text, mnist_element_name((mnist_element)i)) == 0) {
            *type = (mnist_element)i;
            return true;
        }
    }
    return false;
}

/* Whether the tensor's type may be there. */
static bool accept_type(mnist_tensor *tensor, const char *dtype, bool any)
{
    tensor->dtype = dtype;
    if (read_type(dtype, &tensor->type)) {
        return true;
    }
    tensor->type = MNIST_ELEMENTS;
    return any && foreign_width(dtype) > 0;
}

static mnist_status read_tensor(mnist_safetensors *file, const char *name, const json_t *object,
                                const char *path, mnist_error *err)
{
    mnist_tensor *tensor = &file->tensors[file->tensor_count++];
    mnist_shown shown = mnist_show(name);
    const json_t *type = json_object_get(object, "dtype");
    const json_t *shape = json_object_get(object, "shape");
    const json_t *offsets = json_object_get(object, "data_offsets");
    uint64_t ends[2], expected;
    tensor->name = name;
    if (json_object_size(object) != 3 || !json_is_string(type) || !json_is_array(shape) ||
        !json_is_array(offsets) || json_array_size(offsets) != 2) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: header entry '%s': expected dtype, shape and data_offsets [begin, "
                          "end] and no more",
                          path, shown.text);
    }
    if (!accept_type(tensor, json_string_value(type), file->any_types)) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' has dtype '%s', expected %s",
                          path, shown.text, mnist_show(json_string_value(type)).text,
                          file->any_types ? "one of the safetensors format, as F32 or BF16"
                                          : "F32, F64 or U64");
    }
    if (json_array_size(shape) > MNIST_TENSOR_RANK) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has %zu dimensions, expected at most %d", path,
                          shown.text, json_array_size(shape), MNIST_TENSOR_RANK);
    }
    tensor->rank = (unsigned)json_array_size(shape);
    if (!read_integers(shape, tensor->shape, tensor->rank)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s': shape is not a list of integers from 0 on", path,
                          shown.text);
    }
    if (!read_integers(offsets, ends, 2) || ends[1] < ends[0]) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s': data_offsets are not two ascending integers from 0 on",
                          path, shown.text);
    }
    tensor->begin = ends[0];
    tensor->size = ends[1] - ends[0];
    if (!tensor_size(tensor, &expected)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s': shape is larger than any file could be", path,
                          shown.text);
    }
    if (tensor->size != expected) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has %" PRIu64 " bytes by its data_offsets and %" PRIu64
                          " by its shape",
                          path, shown.text, tensor->size, expected);
    }
    return MNIST_OK;
}

static mnist_status read_entries(mnist_safetensors *file, json_t *root, const char *path,
                                 mnist_error *err)
{
    const char *key;
    json_t *value;
    size_t room = json_object_size(root) + 1;
    file->tensors = calloc(room, sizeof *file->tensors);
    if (!file->tensors) {
        return mnist_fail_memory(err, room * sizeof *file->tensors, "the list of tensors");
    }
    json_object_foreach (root, key, value) {
        mnist_status status = strcmp(key, "__metadata__") == 0
                                  ? read_metadata(file, value, path, err)
                                  : read_tensor(file, key, value, path, err);
        if (status != MNIST_OK) {
            return status;
        }
    }
    return MNIST_OK;
}

static int compare_tensors(const void *a, const void *b)
{
    const mnist_tensor *left = a, *right = b;
    if (left->begin != right->begin) {
        return left->begin < right->begin ? -1 : 1;
    }
    if (left->size != right->size) { /* the empty one first, at the same byte */
        return left->size < right->size ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

/* Checks that the tensors follow one another without gaps, and that the last ends where the file
 * ends. */
static mnist_status check_tiling(mnist_safetensors *file, size_t size, const char *path,
                                 mnist_error *err)
{
    uint64_t end = 0, found = size - file->data;
    qsort(file->tensors, file->tensor_count, sizeof *file->tensors, compare_tensors);
    for (size_t i = 0; i < file->tensor_count; i++) {
        const mnist_tensor *tensor = &file->tensors[i];
        if (tensor->begin > end) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: a hole in the data: bytes %" PRIu64 " to %" PRIu64
                              " before tensor '%s' belong to none",
                              path, end, tensor->begin, mnist_show(tensor->name).text);
        }
        if (tensor->begin < end) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: tensor '%s' at data byte %" PRIu64
                              " overlaps the one before it, which ends at %" PRIu64,
                              path, mnist_show(tensor->name).text, tensor->begin, end);
        }
        end += tensor->size; /* at most the data_offsets' end, which fits 63 bits */
    }
    if (end > found) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: truncated: expected %" PRIu64
                          " bytes, found %zu; copy or download it again",
                          path, end + file->data, size);
    }
    if (end < found) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: %" PRIu64 " trailing bytes: expected %" PRIu64 " bytes, found %zu",
                          path, found - end, end + file->data, size);
    }
    return MNIST_OK;
}

static mnist_status parse(mnist_safetensors *file, const uint8_t *data, size_t size,
                          const char *path, mnist_error *err)
{
    size_t header_size = 0, values = 0;
    json_t *root = NULL;
    mnist_status status = check_frame(data, size, path, &header_size, err);
    if (status != MNIST_OK) {
        return status;
    }
    const char *header = (const char *)data + LENGTH_SIZE;
    file->data = LENGTH_SIZE + header_size;
    header_size = without_padding(header, header_size);
    status = check_structure(header, header_size, &values, path, err);
    if (status == MNIST_OK) {
        status = parse_json(&root, header, header_size, values, path, err);
    }
    file->json = root;
    if (status == MNIST_OK) {
        status = read_entries(file, root, path, err);
    }
    return status == MNIST_OK ? check_tiling(file, size, path, err) : status;
}

static mnist_status parse_or_free(mnist_safetensors *out, const uint8_t *data, size_t size,
                                  const char *path, mnist_error *err)
{
    mnist_status status = parse(out, data, size, path, err);
    if (status != MNIST_OK) {
        mnist_safetensors_free(out);
    }
    return status;
}

mnist_status mnist_safetensors_parse(mnist_safetensors *out, const uint8_t *data, size_t size,
                                     const char *path, mnist_error *err)
{
    *out = (mnist_safetensors){.any_types = false};
    return parse_or_free(out, data, size, path, err);
}

mnist_status mnist_safetensors_parse_any(mnist_safetensors *out, const uint8_t *data, size_t size,
                                         const char *path, mnist_error *err)
{
    *out = (mnist_safetensors){.any_types = true};
    return parse_or_free(out, data, size, path, err);
}

void mnist_safetensors_free(mnist_safetensors *file)
{
    free(file->tensors);
    free(file->metadata);
    json_decref(file->json);
    *file = (mnist_safetensors){0};
}

const char *mnist_safetensors_metadata(const mnist_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i].key, key) == 0) {
            return file->metadata[i].value;
        }
    }
    return NULL;
}

mnist_status mnist_safetensors_check_version(const mnist_safetensors *file, const char *format,
                                             const char *const versions[2], const char *path,
                                             mnist_error *err)
{
    const char *found = mnist_safetensors_metadata(file, "format_version");
    for (size_t i = 0; found && i < 2 && versions[i]; i++) {
        if (strcmp(found, versions[i]) == 0) {
            return MNIST_OK;
        }
    }
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: format_version '%s' of format '%s', expected '%s'%s%s%s; made by another "
        "version of mnist-train?",
        path, found ? mnist_show(found).text : "(none)", format, versions[0],
        versions[1] ? " or '" : "", versions[1] ? versions[1] : "", versions[1] ? "'" : "");
}

void mnist_safetensors_get(void *values, mnist_element element, size_t count, const uint8_t *bytes)
{
    const size_t width = mnist_element_size(element);
    uint8_t *out = values;
    for (size_t i = 0; i < count; i++, bytes += width, out += width) {
        uint64_t bits = 0;
        for (size_t byte = 0; byte < width; byte++) {
            bits |= (uint64_t)bytes[byte] << (8 * byte);
        }
        const uint32_t narrow = (uint32_t)bits;
        memcpy(out, width == sizeof narrow ? (const void *)&narrow : &bits, width);
    }
}

void mnist_safetensors_put(uint8_t *bytes, mnist_element element, size_t count, const void *values)
{
    const size_t width = mnist_element_size(element);
    const uint8_t *in = values;
    for (size_t i = 0; i < count; i++, in += width, bytes += width) {
        uint64_t bits = 0;
        uint32_t narrow = 0;
        memcpy(width == sizeof narrow ? (void *)&narrow : &bits, in, width);
        bits |= narrow;
        for (size_t byte = 0; byte < width; byte++) {
            bytes[byte] = (uint8_t)(bits >> (8 * byte));
        }
    }
}

static mnist_status add_metadata(json_t *object, const mnist_metadata *entry, const char *path,
                                 mnist_error *err)
{
    mnist_shown shown = mnist_show(entry->key);
    if (!mnist_is_utf8(entry->key) || !mnist_is_utf8(entry->value)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: metadata '%s' is not UTF-8", path,
                          shown.text);
    }
    if (json_object_get(object, entry->key)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: metadata key '%s' is given twice", path,
                          shown.text);
    }
    /* all else has been checked above: only memory can be short */
    if (json_object_set_new_nocheck(object, entry->key, json_string_nocheck(entry->value)) != 0) {
        return mnist_fail_memory(err, strlen(entry->key) + strlen(entry->value), "metadata");
    }
    return MNIST_OK;
}

/* {"dtype": "…", "shape": [...], "data_offsets": [begin, end]}; NULL when memory is short. */
static json_t *describe_tensor(const mnist_tensor *tensor)
{
    json_t *shape = json_array();
    for (unsigned i = 0; i < tensor->rank; i++) {
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    }
    if (json_array_size(shape) != tensor->rank) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype",
                     tensor->type < MNIST_ELEMENTS ? mnist_element_name(tensor->type)
                                                   : tensor->dtype,
                     "shape", shape, "data_offsets", (json_int_t)tensor->begin,
                     (json_int_t)tensor->begin + (json_int_t)tensor->size);
}

/* root as text, to be freed; NULL when memory is short. json_dumps is not used: if memory runs out
 * on the way, jansson 2.14 leaves parts out without an error. */
static char *print_json(const json_t *root)
{
    const size_t flags = JSON_COMPACT | JSON_PRESERVE_ORDER;
    size_t length = json_dumpb(root, NULL, 0, flags);
    char *text = length > 0 ? malloc(length + 1) : NULL;
    if (text && json_dumpb(root, text, length, flags) != length) {
        free(text);
        return NULL;
    }
    if (text) {
        text[length] = '\0';
    }
    return text;
}

/* Writes the header, with the tensors one after the other. *text is released with free. */
static mnist_status write_header(char **text, const mnist_safetensors_output *file,
                                 mnist_error *err)
{
    mnist_tensor *tensors = file->tensors;
    json_t *root = json_object(), *object = json_object();
    mnist_status status = MNIST_OK;
    uint64_t end = 0;
    bool complete = root && object && json_object_set_nocheck(root, "__metadata__", object) == 0;
    for (size_t i = 0; i < file->metadata_count && complete && status == MNIST_OK; i++) {
        status = add_metadata(object, &file->metadata[i], file->path, err);
    }
    for (size_t i = 0; i < file->tensor_count && complete && status == MNIST_OK; i++) {
        bool fits = tensor_size(&tensors[i], &tensors[i].size);
        assert(fits && "a tensor that is in memory fits a file");
        (void)fits;
        tensors[i].begin = end;
        end += tensors[i].size;
        complete = json_object_set_new(root, tensors[i].name, describe_tensor(&tensors[i])) == 0;
    }
    if (complete && status == MNIST_OK) {
        *text = print_json(root);
        complete = *text != NULL;
    }
    json_decref(object);
    json_decref(root);
    return complete ? status : mnist_fail_memory(err, 4096, "a JSON header");
}

mnist_status mnist_safetensors_build(mnist_safetensors_output *file, mnist_error *err)
{
    char *header = NULL;
    file->bytes = NULL;
    mnist_status status = write_header(&header, file, err);
    if (status != MNIST_OK) {
        return status;
    }
    assert(header);
    size_t length = strlen(header), values;
    size_t padded = (length + 7) / 8 * 8; /* aligns the data for who maps them */
    /* refuse to write what could not be read */
    if (padded > MAX_HEADER ||
        check_structure(header, length, &values, file->path, NULL) != MNIST_OK) {
        free(header);
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s: too much metadata: a header of %zu bytes, expected at most %u bytes "
                          "and %u values",
                          file->path, padded, MAX_HEADER, MAX_VALUES);
    }
    const mnist_tensor *last =
        file->tensor_count > 0 ? &file->tensors[file->tensor_count - 1] : NULL;
    file->data = LENGTH_SIZE + padded;
    file->size = file->data + (last ? (size_t)(last->begin + last->size) : 0);
    file->bytes = calloc(file->size, 1);
    if (!file->bytes) {
        free(header);
        return mnist_fail_memory(err, file->size, "a model file");
    }
    for (unsigned i = 0; i < LENGTH_SIZE; i++) {
        file->bytes[i] = (uint8_t)((uint64_t)padded >> (8 * i));
    }
    memcpy(file->bytes + LENGTH_SIZE, header, length);
    memset(file->bytes + LENGTH_SIZE + length, ' ', padded - length);
    free(header);
    return MNIST_OK;
}

/* Finds where the value of "crc32" lies, in bytes from the start of the file; returns how often the
 * key occurs. A quote behind a backslash is inside a string; any other one opens the key. */
static size_t find_crc(const uint8_t *file, size_t *place)
{
    size_t end = LENGTH_SIZE + (size_t)read_length(file), count = 0;
    size_t key_length = sizeof crc_key - 1;
    for (size_t i = LENGTH_SIZE; i + key_length + CRC_DIGITS < end; i++) {
        if (file[i] == '"' && file[i - 1] != '\\' && memcmp(file + i, crc_key, key_length) == 0) {
            *place = i + key_length;
            count++;
        }
    }
    return count;
}

/* Computes the file's CRC-32, with zeros instead of the digits at place, as text. */
static void compute_crc(const uint8_t *file, size_t size, size_t place, char text[CRC_DIGITS + 1])
{
    size_t rest = place + CRC_DIGITS;
    uLong crc = crc32_z(0, file, place);
    crc = crc32_z(crc, (const uint8_t *)crc_zeros, CRC_DIGITS);
    crc = crc32_z(crc, file + rest, size - rest);
    snprintf(text, CRC_DIGITS + 1, "%08lx", crc & 0xFFFFFFFFu);
}

void mnist_safetensors_seal(uint8_t *file, size_t size)
{
    char text[CRC_DIGITS + 1];
    size_t place = 0, count = find_crc(file, &place);
    assert(count == 1 && memcmp(file + place, crc_zeros, CRC_DIGITS) == 0);
    (void)count;
    compute_crc(file, size, place, text);
    memcpy(file + place, text, CRC_DIGITS);
}

mnist_status mnist_safetensors_verify(const uint8_t *file, size_t size, const char *path,
                                      mnist_error *err)
{
    char text[CRC_DIGITS + 1];
    size_t place = 0, count = find_crc(file, &place);
    if (count != 1) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: no checksum: expected \"crc32\":\"xxxxxxxx\" once in the header, found "
            "it %zu times; was the file edited or written by another program?",
            path, count);
    }
    compute_crc(file, size, place, text);
    if (file[place + CRC_DIGITS] != '"') {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: the checksum at byte %zu is not 8 hex digits long", path, place);
    }
    if (memcmp(file + place, text, CRC_DIGITS) != 0) {
        char stated[CRC_DIGITS + 1] = {0};
        memcpy(stated, file + place, CRC_DIGITS);
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: the file is damaged: its CRC-32 is %s, but %s is stated at byte %zu",
                          path, text, mnist_show(stated).text, place);
    }
    return MNIST_OK;
}
