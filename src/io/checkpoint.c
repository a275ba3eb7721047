#include <mnist/io.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "mnist-checkpoint";
static const char format_version[] = "2";

/* Most that is read from a pipe; a regular file may be larger. */
#define MAX_STREAM ((size_t)1 << 30)

#define OWN_KEYS 3

struct mnist_checkpoint {
    mnist_array *arrays;
    size_t count;
    mnist_safetensors file; /* for the metadata */
};

_Static_assert(sizeof(float) == 4 && sizeof(double) == 8,
               "arrays of float and double are F32, F64");

/* Saving. */

/* Makes the whole file, sealed; its bytes are to be freed. There are as many tensors as arrays. */
static mnist_status encode(mnist_safetensors_output *file, const mnist_array *arrays,
                           mnist_error *err)
{
    for (size_t i = 0; i < file->tensor_count; i++) {
        file->tensors[i] = (mnist_tensor){
            .name = arrays[i].name, .type = arrays[i].element, .rank = arrays[i].rank};
        memcpy(file->tensors[i].shape, arrays[i].shape, sizeof arrays[i].shape);
    }
    mnist_status status = mnist_safetensors_build(file, err);
    if (status == MNIST_OK) {
        for (size_t i = 0; i < file->tensor_count; i++) {
            mnist_safetensors_put(file->bytes + file->data + file->tensors[i].begin,
                                  arrays[i].element, mnist_array_count(&arrays[i]),
                                  arrays[i].values);
        }
        mnist_safetensors_seal(file->bytes, file->size);
    }
    return status;
}

mnist_status mnist_checkpoint_save(const char *path, const mnist_array *arrays, size_t array_count,
                                   const mnist_metadata *metadata, size_t metadata_count,
                                   mnist_error *err)
{
    const mnist_metadata own[OWN_KEYS] = {
        {"format", format_name}, {"format_version", format_version}, {"crc32", "00000000"}};
    mnist_metadata *all = malloc((OWN_KEYS + metadata_count) * sizeof *all);
    mnist_tensor *tensors = calloc(array_count + 1, sizeof *tensors);
    mnist_safetensors_output file = {.path = path,
                                     .metadata = all,
                                     .metadata_count = OWN_KEYS + metadata_count,
                                     .tensors = tensors,
                                     .tensor_count = array_count};
    mnist_status status = MNIST_OK;
    if (!all || !tensors) {
        status = mnist_fail_memory(err, (OWN_KEYS + metadata_count) * sizeof *all, "metadata");
    } else {
        memcpy(all, own, sizeof own);
        for (size_t i = 0; i < metadata_count; i++) {
            all[OWN_KEYS + i] = metadata[i];
        }
        status = encode(&file, arrays, err);
    }
    if (status == MNIST_OK) {
        status = mnist_file_replace(path, file.bytes, file.size, err);
    }
    free(file.bytes);
    free(tensors);
    free(all);
    return status;
}

/* Loading. */

static mnist_status check_format(const mnist_safetensors *file, const char *path, mnist_error *err)
{
    const char *format = mnist_safetensors_metadata(file, "format");
    if (!format || strcmp(format, format_name) != 0) {
        const bool is_model = format && strcmp(format, "mnist-mlp") == 0;
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: format '%s', expected '%s'%s", path,
                          format ? mnist_show(format).text : "(none)", format_name,
                          is_model ? ": a model has no state of a training to go on from" : "");
    }
    return mnist_safetensors_check_version(file, format_name,
                                           (const char *const[2]){format_version, NULL}, path, err);
}

/* Checks that a mnist_array can describe the tensor: the container allows more. */
static mnist_status check_tensor(const mnist_tensor *tensor, const char *path, mnist_error *err)
{
    if (strlen(tensor->name) >= MNIST_ARRAY_NAME || tensor->rank > MNIST_ARRAY_RANK) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: tensor '%s' of %u dimensions: expected names of at most %d bytes, and "
            "at most %d dimensions",
            path, mnist_show(tensor->name).text, tensor->rank, MNIST_ARRAY_NAME - 1,
            MNIST_ARRAY_RANK);
    }
    if (tensor->size == 0) { /* another dimension may then be any number */
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' is empty", path,
                          mnist_show(tensor->name).text);
    }
    return MNIST_OK;
}

static mnist_status read_array(mnist_array *array, const mnist_tensor *tensor, const uint8_t *data,
                               mnist_error *err)
{
    array->element = tensor->type;
    array->rank = tensor->rank;
    memcpy(array->name, tensor->name, strlen(tensor->name) + 1);
    memcpy(array->shape, tensor->shape, tensor->rank * sizeof tensor->shape[0]);
    array->values = mnist_alloc(1, (size_t)tensor->size); /* no more than the file has */
    if (!array->values) {
        return mnist_fail_memory(err, (size_t)tensor->size, "a checkpoint");
    }
    mnist_safetensors_get(array->values, array->element, mnist_array_count(array),
                          data + tensor->begin);
    return MNIST_OK;
}

static mnist_status decode(mnist_checkpoint *checkpoint, const mnist_bytes *bytes, const char *path,
                           mnist_error *err)
{
    mnist_safetensors *file = &checkpoint->file;
    mnist_status status = mnist_safetensors_parse(file, bytes->data, bytes->size, path, err);
    if (status == MNIST_OK) {
        status = check_format(file, path, err);
    }
    if (status == MNIST_OK) {
        status = mnist_safetensors_verify(bytes->data, bytes->size, path, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    checkpoint->arrays = calloc(file->tensor_count + 1, sizeof *checkpoint->arrays);
    if (!checkpoint->arrays) {
        return mnist_fail_memory(err, file->tensor_count * sizeof *checkpoint->arrays,
                                 "a checkpoint");
    }
    for (size_t i = 0; i < file->tensor_count && status == MNIST_OK; i++) {
        status = check_tensor(&file->tensors[i], path, err);
        if (status == MNIST_OK) {
            status = read_array(&checkpoint->arrays[checkpoint->count++], &file->tensors[i],
                                bytes->data + file->data, err);
        }
    }
    return status;
}

mnist_status mnist_checkpoint_load(mnist_checkpoint **out, const char *path, mnist_error *err)
{
    mnist_bytes bytes;
    *out = NULL;
    mnist_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (!checkpoint) {
        return mnist_fail_memory(err, sizeof *checkpoint, "a checkpoint");
    }
    mnist_status status = mnist_bytes_open(&bytes, path, MAX_STREAM, err);
    if (status == MNIST_OK) {
        status = decode(checkpoint, &bytes, path, err);
        mnist_bytes_close(&bytes);
    }
    if (status != MNIST_OK) {
        mnist_checkpoint_free(checkpoint);
        return status;
    }
    *out = checkpoint;
    return MNIST_OK;
}

void mnist_checkpoint_free(mnist_checkpoint *checkpoint)
{
    if (checkpoint) {
        for (size_t i = 0; i < checkpoint->count; i++) {
            mnist_free(checkpoint->arrays[i].values);
        }
        free(checkpoint->arrays);
        mnist_safetensors_free(&checkpoint->file);
        free(checkpoint);
    }
}

mnist_array *mnist_checkpoint_arrays(const mnist_checkpoint *checkpoint, size_t *count)
{
    *count = checkpoint->count;
    return checkpoint->arrays;
}

const char *mnist_checkpoint_metadata(const mnist_checkpoint *checkpoint, const char *key)
{
    return mnist_safetensors_metadata(&checkpoint->file, key);
}
