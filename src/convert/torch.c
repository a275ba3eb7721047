/* PyTorch's and Hugging Face's safetensors of linear layers: NAME.weight of shape (out, in), NAME.bias. */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "convert/assemble.h"
#include "convert/hints.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TEXT 24 /* "32.weight" */

static bool torch_matches(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[4];
    /* a header's length of less than 4 GiB, and its brace */
    return size > 8 && data[8] == '{' && memcmp(data + 4, zeros, sizeof zeros) == 0;
}

static void describe(mnist_named_array *out, const mnist_tensor *tensor, const uint8_t *data)
{
    static const struct {
        const char *dtype;
        mnist_number_type type;
    } types[] = {{"F32", MNIST_NUMBER_F32},
                 {"F16", MNIST_NUMBER_F16},
                 {"BF16", MNIST_NUMBER_BF16},
                 {"F64", MNIST_NUMBER_F64}};
    *out = (mnist_named_array){.name = tensor->name,
                               .rank = tensor->rank,
                               .shape = {tensor->shape[0], tensor->shape[1]},
                               .unread = tensor->dtype,
                               .bytes = data + tensor->begin};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(tensor->dtype, types[i].dtype) == 0) {
            out->unread = NULL;
            out->type = types[i].type;
        }
    }
}

static mnist_status read_layers(mnist_net *out, const mnist_safetensors *file,
                                const mnist_format_input *input, mnist_error *err)
{
    mnist_named_array *arrays = calloc(file->tensor_count + 1, sizeof *arrays);
    if (!arrays) {
        return mnist_fail_memory(err, (file->tensor_count + 1) * sizeof *arrays,
                                 "the list of tensors");
    }
    for (size_t i = 0; i < file->tensor_count; i++) {
        describe(&arrays[i], &file->tensors[i], input->data + file->data);
    }
    const mnist_assembly assembly = {.path = input->path,
                                     .layers = input->layers,
                                     .outputs_first = true,
                                     .arrays = arrays,
                                     .count = file->tensor_count};
    mnist_status status = mnist_assemble(out, &assembly, err);
    free(arrays);
    return status;
}

/* What torch_write has put there; other programs' files have none of it. */
static void read_known(mnist_net *out, const mnist_safetensors *file)
{
    const char *activation = mnist_safetensors_metadata(file, "activation");
    const char *mean = mnist_safetensors_metadata(file, "mean");
    const char *stddev = mnist_safetensors_metadata(file, "stddev");
    float numbers[2];
    out->knows_activation =
        activation && mnist_activation_find(activation, strlen(activation), &out->activation);
    out->knows_normalization = mean && stddev && mnist_number_parse(mean, &numbers[0]) &&
                               mnist_number_parse(stddev, &numbers[1]) &&
                               mnist_normalization_of(&out->normalization, numbers[0], numbers[1]);
}

static mnist_status torch_read(mnist_net *out, const mnist_format_input *input, mnist_error *err)
{
    mnist_safetensors file;
    mnist_status status =
        mnist_safetensors_parse_any(&file, input->data, input->size, input->path, err);
    if (status != MNIST_OK) {
        return status;
    }
    const char *format = mnist_safetensors_metadata(&file, "format");
    if (format && strcmp(format, "mnist-checkpoint") == 0) {
        status =
            mnist_fail(err, MNIST_ERR_CHECKPOINT,
                       "%s: a checkpoint of mnist-train, which holds more than a net", input->path);
    } else {
        status = read_layers(out, &file, input, err);
    }
    if (status == MNIST_OK) {
        read_known(out, &file);
    }
    mnist_safetensors_free(&file);
    return status;
}

/* A layer's weights as (out, in). */
static void put_weights(uint8_t *bytes, const mnist_net_layer *layer)
{
    for (size_t o = 0; o < layer->outputs; o++) {
        for (size_t i = 0; i < layer->inputs; i++, bytes += sizeof(float)) {
            mnist_safetensors_put(bytes, MNIST_F32, 1, &layer->weights[i * layer->outputs + o]);
        }
    }
}

/* Layer l is number 2 l of torch.nn.Sequential(Linear, ReLU, Linear). */
static mnist_status torch_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    char names[2 * MNIST_NET_LAYERS][NAME_TEXT];
    mnist_tensor tensors[2 * MNIST_NET_LAYERS] = {{.name = NULL}};
    const mnist_number mean = mnist_number_of((double)net->normalization.mean);
    const mnist_number stddev = mnist_number_of((double)net->normalization.stddev);
    const mnist_metadata metadata[] = {
        {"format", "pt"}, /* as the safetensors library of Python has it */
        {"mean", mean.text},
        {"stddev", stddev.text},
        {"activation", mnist_activation_name(net->activation)},
    };
    mnist_safetensors_output file = {.path = out->path,
                                     .metadata = metadata,
                                     .metadata_count = net->knows_activation ? 4 : 3,
                                     .tensors = tensors,
                                     .tensor_count = 2 * (size_t)net->layer_count};
    for (unsigned t = 0; t < file.tensor_count; t++) {
        const mnist_net_layer *layer = &net->layers[t / 2];
        const bool is_bias = t % 2 == 1;
        snprintf(names[t], NAME_TEXT, "%u.%s", t / 2 * 2, is_bias ? "bias" : "weight");
        tensors[t].name = names[t];
        tensors[t].rank = is_bias ? 1 : 2;
        tensors[t].shape[0] = layer->outputs;
        tensors[t].shape[1] = is_bias ? 0 : layer->inputs;
    }
    mnist_status status = mnist_safetensors_build(&file, err);
    for (unsigned t = 0; status == MNIST_OK && t < file.tensor_count; t++) {
        const mnist_net_layer *layer = &net->layers[t / 2];
        uint8_t *bytes = file.bytes + file.data + tensors[t].begin;
        if (t % 2 == 0) {
            put_weights(bytes, layer);
        } else {
            mnist_safetensors_put(bytes, MNIST_F32, layer->outputs, layer->bias);
        }
    }
    out->bytes[0] = file.bytes;
    out->sizes[0] = file.size;
    return status;
}

const mnist_format mnist_format_torch = {
    .name = "torch",
    .text = "linear layers as PyTorch names them, safetensors",
    .endings = ".pt.safetensors .torch.safetensors",
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION,
    .matches = torch_matches,
    .read = torch_read,
    .write = torch_write,
};
