/* Model files of this library (io/model.c). */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "io/model.h"
#include "io/packed.h"
#include "io/text.h"

#include <mnist/integers.h>

#include <stdlib.h>
#include <string.h>

#define HEADER_LOOKED_AT 65536u /* bytes of a header in which the format's name is looked for */

static size_t skip_spaces(const uint8_t *data, size_t at, size_t end)
{
    while (at < end &&
           (data[at] == ' ' || data[at] == '\t' || data[at] == '\n' || data[at] == '\r')) {
        at++;
    }
    return at;
}

static bool has(const uint8_t *data, size_t at, size_t end, const char *text)
{
    const size_t length = strlen(text);
    return length <= end - at && memcmp(data + at, text, length) == 0;
}

/* A packed file, or a safetensors file whose metadata name the format; others are torch's. In its header alone: weights may be any bytes. */
static bool native_matches(const uint8_t *data, size_t size)
{
    static const char key[] = "\"format\"";
    if (mnist_packed_is(data, size)) {
        return true;
    }
    if (size < 9 || data[8] != '{') {
        return false;
    }
    uint64_t length = 0;
    for (unsigned i = 8; i-- > 0;) {
        length = length << 8 | data[i];
    }
    const size_t most = size - 8 < HEADER_LOOKED_AT ? size - 8 : HEADER_LOOKED_AT;
    const size_t end = 8 + (length < most ? (size_t)length : most);
    for (size_t i = 8; i < end; i++) {
        if (!has(data, i, end, key)) {
            continue;
        }
        size_t at = skip_spaces(data, i + sizeof key - 1, end);
        if (has(data, at, end, ":")) {
            at = skip_spaces(data, at + 1, end);
            if (has(data, at, end, "\"mnist-mlp\"")) {
                return true;
            }
        }
    }
    return false;
}

/* That weights are kept as something else than fp32, and what becomes of them. Takes the model where the
 * net in it computes with whole numbers, and frees it else. */
static void take_form(mnist_net *out, mnist_model *model)
{
    const char *weights = mnist_model_metadata(model, "weights");
    if (mnist_mlp_has_integers(mnist_model_mlp(model), NULL)) {
        out->integers = model;
        return;
    }
    if (weights && strcmp(weights, "fp32") != 0) {
        mnist_net_note(out,
                       "weights are %s in the file; they are the same numbers in fp32 from here on",
                       weights);
    }
    mnist_model_free(model);
}

static mnist_status take_labels(mnist_net *out, const mnist_labels *labels, mnist_error *err)
{
    if (labels->count == 0 && labels->base == 0) {
        return MNIST_OK;
    }
    out->labels = malloc(sizeof *out->labels);
    if (!out->labels) {
        return mnist_fail_memory(err, sizeof *out->labels, "names of classes");
    }
    *out->labels = *labels;
    return MNIST_OK;
}

static mnist_status native_read(mnist_net *out, const mnist_format_input *input, mnist_error *err)
{
    mnist_model *model;
    if (input->layers) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: a list of layers is for files of other programs; this one says its own",
            input->path);
    }
    mnist_status status = mnist_model_decode(&model, input->data, input->size, input->path, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = mnist_net_of_mlp(out, mnist_model_mlp(model), mnist_model_normalization(model), err);
    if (status == MNIST_OK) {
        status = take_labels(out, mnist_model_labels(model), err);
    }
    out->steps = *mnist_model_steps(model);
    if (status == MNIST_OK && mnist_model_metadata(model, "options")) {
        mnist_net_note(out, "the options of its training and the digests of its data stay behind");
    }
    if (status == MNIST_OK) {
        take_form(out, model);
    } else {
        mnist_model_free(model);
    }
    return status;
}

static mnist_status native_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    mnist_safetensors_output file = {.path = out->path};
    char base[MNIST_LABEL_NUMBER], names[MNIST_CLASS_NAMES_TEXT];
    mnist_metadata metadata[4];
    size_t count = 0;
    if (net->source) {
        metadata[count++] = (mnist_metadata){"converted_from", net->source->name};
        metadata[count++] = (mnist_metadata){"source_sha256", net->digest};
    }
    count += mnist_labels_metadata(net->labels, base, names, metadata + count);
    mnist_mlp *mlp = NULL;
    mnist_status status = net->integers ? MNIST_OK : mnist_net_to_mlp(net, &mlp, err);
    if (status == MNIST_OK) {
        const mnist_mlp *whole = net->integers ? mnist_model_mlp(net->integers) : mlp;
        status = mnist_model_encode(&file,
                                    &(mnist_model_parts){.mlp = whole,
                                                         .normalization = &net->normalization,
                                                         .metadata = metadata,
                                                         .metadata_count = count,
                                                         .steps = &net->steps},
                                    err);
        mnist_mlp_free(mlp);
    }
    out->bytes[0] = file.bytes;
    out->sizes[0] = file.size;
    return status;
}

const mnist_format mnist_format_native = {
    .name = "native",
    .text = "a model of mnist-train, safetensors",
    .endings = ".safetensors",
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION | MNIST_HOLDS_ORIGIN |
             MNIST_HOLDS_INTEGERS | MNIST_HOLDS_STEPS | MNIST_HOLDS_LABELS,
    .matches = native_matches,
    .read = native_read,
    .write = native_write,
};
