/* NumPy's archives of arrays (numpy.savez): a zip file of .npy files. scikit-learn's coefs_0, intercepts_0 and so on;
 * Keras's kernels; or weights and biases one after the other, arr_0, arr_1 and so on */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "convert/archive.h"
#include "convert/assemble.h"
#include "convert/hints.h"
#include "convert/npy.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TEXT 32 /* "intercepts_16.npy" */

static bool npz_matches(const uint8_t *data, size_t size)
{
    return size >= 4 && (memcmp(data, "PK\3\4", 4) == 0 || memcmp(data, "PK\5\6", 4) == 0);
}

/* An entry's name without ".npy", which every array's has. */
static mnist_status strip_ending(mnist_archive_entry *entry, const char *path, mnist_error *err)
{
    const size_t length = strlen(entry->name);
    const char *torch = strstr(entry->name, ".pkl") || strstr(entry->name, "/data/")
                            ? "; it may be of torch.save, which is code to be run: save the "
                              "state_dict with safetensors.torch.save_file"
                        : strstr(entry->name, ".json") || strstr(entry->name, ".h5")
                            ? "; it may be of Keras: save its weights with numpy.savez"
                            : "";
    if (length < 5 || strcmp(entry->name + length - 4, ".npy") != 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: a zip file, but its entry '%s' is no .npy array, as numpy.savez writes%s", path,
            mnist_show(entry->name).text, torch);
    }
    entry->name[length - 4] = '\0';
    return MNIST_OK;
}

static mnist_status describe(mnist_named_array *out, mnist_archive_entry *entry, const char *path,
                             mnist_npy *npy, mnist_error *err)
{
    mnist_status status = strip_ending(entry, path, err);
    if (status == MNIST_OK) {
        status = mnist_npy_parse(npy, entry->bytes, entry->size, path, entry->name, err);
    }
    if (status == MNIST_OK) {
        *out = (mnist_named_array){.name = entry->name,
                                   .rank = npy->rank,
                                   .shape = {npy->shape[0], npy->shape[1]},
                                   .unread = npy->is_number ? NULL : npy->descr,
                                   .type = npy->type,
                                   .big_endian = npy->big_endian,
                                   .column_major = npy->column_major,
                                   .bytes = entry->bytes + npy->data};
    }
    return status;
}

/* A single number under a name. */
static bool find_number(const mnist_named_array *arrays, size_t count, const char *name, float *out)
{
    for (size_t i = 0; i < count; i++) {
        const mnist_named_array *a = &arrays[i];
        if (strcmp(a->name, name) == 0 && a->rank == 0 && !a->unread) {
            *out = mnist_number_get(a->bytes, a->type, a->big_endian);
            return true;
        }
    }
    return false;
}

/* A text of UTF-32, as NumPy keeps one, that names an activation. */
static bool find_activation(const mnist_named_array *arrays, size_t count, mnist_activation *out)
{
    char name[NAME_TEXT];
    for (size_t i = 0; i < count; i++) {
        const mnist_named_array *a = &arrays[i];
        if (strcmp(a->name, "activation") != 0 || a->rank != 0 || !a->unread ||
            strncmp(a->unread, "<U", 2) != 0) {
            continue;
        }
        const unsigned long length = strtoul(a->unread + 2, NULL, 10);
        for (unsigned long c = 0; c < length && c < sizeof name; c++) {
            name[c] = (char)a->bytes[4 * c]; /* what is beyond ASCII names none */
        }
        return length < sizeof name && mnist_activation_find(name, length, out);
    }
    return false;
}

static void read_known(mnist_net *out, const mnist_named_array *arrays, size_t count)
{
    float mean, stddev;
    out->knows_activation = find_activation(arrays, count, &out->activation);
    out->knows_normalization = find_number(arrays, count, "mean", &mean) &&
                               find_number(arrays, count, "stddev", &stddev) &&
                               mnist_normalization_of(&out->normalization, mean, stddev);
}

static bool is_torch_name(const char *name)
{
    const size_t length = strlen(name);
    return length > 7 && strcmp(name + length - 7, ".weight") == 0;
}

static mnist_status read_arrays(mnist_net *out, const mnist_format_input *input,
                                mnist_archive *archive, mnist_error *err)
{
    mnist_named_array *arrays = calloc(archive->count + 1, sizeof *arrays);
    mnist_npy *headers = calloc(archive->count + 1, sizeof *headers);
    mnist_assembly assembly = {
        .path = input->path, .layers = input->layers, .arrays = arrays, .count = archive->count};
    mnist_status status = MNIST_OK;
    if (!arrays || !headers) {
        status = mnist_fail_memory(err, archive->count * sizeof *headers, "the list of arrays");
    }
    for (size_t i = 0; status == MNIST_OK && i < archive->count; i++) {
        status = describe(&arrays[i], &archive->entries[i], input->path, &headers[i], err);
        /* arrays of a state_dict keep their names, and lie as PyTorch's do */
        assembly.outputs_first |= status == MNIST_OK && is_torch_name(arrays[i].name);
    }
    if (status == MNIST_OK) {
        status = mnist_assemble(out, &assembly, err);
    }
    if (status == MNIST_OK) {
        read_known(out, arrays, archive->count);
    }
    free(arrays);
    free(headers);
    return status;
}

static mnist_status npz_read(mnist_net *out, const mnist_format_input *input, mnist_error *err)
{
    mnist_archive archive;
    mnist_status status = mnist_archive_read(&archive, input->data, input->size, input->path, err);
    if (status == MNIST_OK) {
        status = read_arrays(out, input, &archive, err);
        mnist_archive_free(&archive);
    }
    return status;
}

/* Writing. */

/* An array of count numbers as a file. NULL: memory is short. */
static uint8_t *make_array(const char *shape, const float *values, size_t count, size_t *size)
{
    *size = MNIST_NPY_HEADER + count * sizeof(float);
    uint8_t *bytes = malloc(*size);
    if (bytes) {
        mnist_npy_put_header(bytes, "<f4", shape);
        mnist_safetensors_put(bytes + MNIST_NPY_HEADER, MNIST_F32, count, values);
    }
    return bytes;
}

static uint8_t *make_text(const char *text, size_t *size)
{
    const size_t length = strlen(text);
    char descr[NAME_TEXT];
    *size = MNIST_NPY_HEADER + 4 * length;
    uint8_t *bytes = calloc(*size, 1);
    if (bytes) {
        snprintf(descr, sizeof descr, "<U%zu", length);
        mnist_npy_put_header(bytes, descr, "()");
        for (size_t i = 0; i < length; i++) {
            bytes[MNIST_NPY_HEADER + 4 * i] = (uint8_t)text[i];
        }
    }
    return bytes;
}

static mnist_status add(mnist_archive *archive, const char *name, uint8_t *bytes, size_t size,
                        mnist_error *err)
{
    char *copy = strdup(name);
    if (!bytes || !copy) {
        free(bytes);
        free(copy);
        return mnist_fail_memory(err, size, "an array");
    }
    archive->entries[archive->count++] =
        (mnist_archive_entry){.name = copy, .bytes = bytes, .size = size};
    return MNIST_OK;
}

static mnist_status add_layers(mnist_archive *archive, const mnist_net *net, bool biases,
                               mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (unsigned l = 0; status == MNIST_OK && l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        char name[NAME_TEXT], shape[NAME_TEXT];
        size_t size;
        snprintf(name, sizeof name, "%s_%u.npy", biases ? "intercepts" : "coefs", l);
        if (biases) {
            snprintf(shape, sizeof shape, "(%u,)", layer->outputs);
            uint8_t *bytes = make_array(shape, layer->bias, layer->outputs, &size);
            status = add(archive, name, bytes, size, err);
        } else {
            snprintf(shape, sizeof shape, "(%u, %u)", layer->inputs, layer->outputs);
            uint8_t *bytes =
                make_array(shape, layer->weights, (size_t)layer->inputs * layer->outputs, &size);
            status = add(archive, name, bytes, size, err);
        }
    }
    return status;
}

static mnist_status add_known(mnist_archive *archive, const mnist_net *net, mnist_error *err)
{
    size_t size;
    uint8_t *bytes = make_array("()", &net->normalization.mean, 1, &size);
    mnist_status status = add(archive, "mean.npy", bytes, size, err);
    if (status == MNIST_OK) {
        bytes = make_array("()", &net->normalization.stddev, 1, &size);
        status = add(archive, "stddev.npy", bytes, size, err);
    }
    if (status == MNIST_OK && net->knows_activation) {
        bytes = make_text(mnist_activation_name(net->activation), &size);
        status = add(archive, "activation.npy", bytes, size, err);
    }
    return status;
}

static mnist_status npz_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    mnist_archive archive = {.count = 0};
    archive.entries = calloc(2 * (size_t)net->layer_count + 3, sizeof *archive.entries);
    if (!archive.entries) {
        return mnist_fail_memory(err, sizeof *archive.entries, "the list of arrays");
    }
    mnist_status status = add_layers(&archive, net, false, err);
    if (status == MNIST_OK) {
        status = add_layers(&archive, net, true, err);
    }
    if (status == MNIST_OK) {
        status = add_known(&archive, net, err);
    }
    if (status == MNIST_OK) {
        status = mnist_archive_write(&archive, &out->bytes[0], &out->sizes[0], out->path, err);
    }
    mnist_archive_free(&archive);
    return status;
}

const mnist_format mnist_format_npz = {
    .name = "npz",
    .text = "NumPy's archive of arrays: scikit-learn, Keras, numpy.savez",
    .endings = ".npz",
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION,
    .matches = npz_matches,
    .read = npz_read,
    .write = npz_write,
};
