/* NumPy's archives of arrays (numpy.savez): a zip file of .npy files. scikit-learn's coefs_0, intercepts_0 and so on;
 * Keras's kernels; or weights and biases one after the other, arr_0, arr_1 and so on */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "data/archive.h"
#include "convert/assemble.h"
#include "convert/hints.h"
#include "data/npy.h"
#include "io/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TEXT 32 /* "intercepts_16" */

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

/* A text of UTF-32, as NumPy keeps one, that names an activation. false: there is none. */
static bool find_activation(const mnist_named_array *arrays, size_t count, char name[NAME_TEXT])
{
    for (size_t i = 0; i < count; i++) {
        const mnist_named_array *a = &arrays[i];
        if (strcmp(a->name, "activation") != 0 || a->rank != 0 || !a->unread ||
            strncmp(a->unread, "<U", 2) != 0) {
            continue;
        }
        const unsigned long length = strtoul(a->unread + 2, NULL, 10);
        for (unsigned long c = 0; c < length && c < NAME_TEXT; c++) {
            name[c] = (char)a->bytes[4 * c]; /* what is beyond ASCII names none */
        }
        name[length < NAME_TEXT ? length : 0] = '\0';
        return length < NAME_TEXT;
    }
    return false;
}

/* scikit-learn says logistic for sigmoid, and identity for none. */
static mnist_status read_activation(mnist_net *out, const mnist_named_array *arrays, size_t count,
                                    const char *path, mnist_error *err)
{
    char name[NAME_TEXT];
    if (!find_activation(arrays, count, name)) {
        return MNIST_OK;
    }
    if (strcmp(name, "identity") == 0 && out->layer_count > 1) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: array 'activation' is 'identity', none between its %u layers, which are as one; "
            "expected that one: the product of the coefs_, and the last bias with those before it "
            "times the coefs_ after them",
            path, out->layer_count);
    }
    const char *own = strcmp(name, "logistic") == 0 ? mnist_activation_name(MNIST_SIGMOID) : name;
    out->knows_activation = mnist_activation_find(own, strlen(own), &out->activation);
    return MNIST_OK;
}

static mnist_status read_known(mnist_net *out, const mnist_named_array *arrays, size_t count,
                               const char *path, mnist_error *err)
{
    float mean, stddev;
    out->knows_normalization = find_number(arrays, count, "mean", &mean) &&
                               find_number(arrays, count, "stddev", &stddev) &&
                               mnist_normalization_of(&out->normalization, mean, stddev);
    return read_activation(out, arrays, count, path, err);
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
        status = read_known(out, arrays, archive->count, input->path, err);
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

#define MOST_ARRAYS (2 * MNIST_NET_LAYERS + 3)

/* A net's arrays, whose numbers lie in the net. */
typedef struct net_arrays {
    size_t count;
    mnist_npz_array list[MOST_ARRAYS];
    char names[MOST_ARRAYS][NAME_TEXT];
} net_arrays;

static mnist_npz_array *add(net_arrays *arrays, mnist_npz_array array)
{
    assert(arrays->count < MOST_ARRAYS);
    arrays->list[arrays->count] = array;
    return &arrays->list[arrays->count++];
}

static void add_layers(net_arrays *arrays, const mnist_net *net, bool biases)
{
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        char *name = arrays->names[arrays->count];
        snprintf(name, NAME_TEXT, "%s_%u", biases ? "intercepts" : "coefs", l);
        mnist_npz_array *made =
            add(arrays, (mnist_npz_array){.name = name,
                                          .type = MNIST_NPZ_F32,
                                          .values = biases ? layer->bias : layer->weights,
                                          .rank = biases ? 1 : 2});
        made->shape[0] = biases ? layer->outputs : layer->inputs;
        made->shape[1] = layer->outputs;
    }
}

static mnist_status npz_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    net_arrays arrays = {.count = 0};
    add_layers(&arrays, net, false);
    add_layers(&arrays, net, true);
    add(&arrays, (mnist_npz_array){"mean", MNIST_NPZ_F32, &net->normalization.mean, 0, {0}});
    add(&arrays, (mnist_npz_array){"stddev", MNIST_NPZ_F32, &net->normalization.stddev, 0, {0}});
    if (net->knows_activation) {
        const char *activation = mnist_activation_name(net->activation);
        add(&arrays, (mnist_npz_array){"activation", MNIST_NPZ_TEXT, activation, 0, {0}});
    }
    return mnist_npz_encode(arrays.list, arrays.count, out->path, &out->bytes[0], &out->sizes[0],
                            err);
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
