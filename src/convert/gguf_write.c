/* GGUF written: version 3, little-endian. */
#define _POSIX_C_SOURCE 200809L
#include "convert/gguf.h"

#include "base/status.h"
#include "io/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes one after the other; those past no memory are only counted. */
typedef struct writing {
    uint8_t *bytes; /* NULL: a first pass, for the size */
    size_t size;
} writing;

static void put_number(writing *w, uint64_t value, size_t width)
{
    for (size_t i = 0; w->bytes && i < width; i++) {
        w->bytes[w->size + i] = (uint8_t)(value >> (8 * i));
    }
    w->size += width;
}

static void put_string(writing *w, const char *text)
{
    const size_t length = strlen(text);
    put_number(w, length, 8);
    if (w->bytes) {
        memcpy(w->bytes + w->size, text, length);
    }
    w->size += length;
}

static void put_float(writing *w, float value)
{
    if (w->bytes) {
        mnist_safetensors_put(w->bytes + w->size, MNIST_F32, 1, &value);
    }
    w->size += sizeof value;
}

static void align(writing *w)
{
    while (w->size % MNIST_GGUF_ALIGNMENT > 0) {
        put_number(w, 0, 1);
    }
}

static void put_text_key(writing *w, const char *name, const char *value)
{
    put_string(w, name);
    put_number(w, MNIST_GGUF_STRING, 4);
    put_string(w, value);
}

static void put_float_key(writing *w, const char *name, float value)
{
    put_string(w, name);
    put_number(w, MNIST_GGUF_F32, 4);
    put_float(w, value);
}

static void put_head(writing *w, const mnist_net *net)
{
    put_number(w, 0x46554747u, 4); /* GGUF */
    put_number(w, 3, 4);
    put_number(w, 2 * (uint64_t)net->layer_count, 8);
    put_number(w, net->knows_activation ? 4 : 3, 8);
    put_text_key(w, "general.architecture", MNIST_GGUF_ARCHITECTURE);
    put_float_key(w, MNIST_GGUF_ARCHITECTURE ".mean", net->normalization.mean);
    put_float_key(w, MNIST_GGUF_ARCHITECTURE ".stddev", net->normalization.stddev);
    if (net->knows_activation) {
        put_text_key(w, MNIST_GGUF_ARCHITECTURE ".activation",
                     mnist_activation_name(net->activation));
    }
}

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + MNIST_GGUF_ALIGNMENT - 1) / MNIST_GGUF_ALIGNMENT * MNIST_GGUF_ALIGNMENT;
}

/* Each tensor's name, shape, type and offset. */
static void put_descriptions(writing *w, const mnist_net *net)
{
    uint64_t offset = 0;
    for (unsigned l = 0; l < net->layer_count; l++) {
        const uint64_t inputs = net->layers[l].inputs, outputs = net->layers[l].outputs;
        char name[MNIST_GGUF_NAME_BYTES];
        snprintf(name, sizeof name, "fc%u.weight", l + 1);
        put_string(w, name);
        put_number(w, 2, 4);
        put_number(w, inputs, 8); /* side by side */
        put_number(w, outputs, 8);
        put_number(w, 0, 4); /* F32 */
        put_number(w, offset, 8);
        offset += aligned(inputs * outputs * sizeof(float));
        snprintf(name, sizeof name, "fc%u.bias", l + 1);
        put_string(w, name);
        put_number(w, 1, 4);
        put_number(w, outputs, 8);
        put_number(w, 0, 4);
        put_number(w, offset, 8);
        offset += aligned(outputs * sizeof(float));
    }
}

static void put_file(writing *w, const mnist_net *net)
{
    put_head(w, net);
    put_descriptions(w, net);
    align(w);
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        const size_t count = (size_t)layer->inputs * layer->outputs;
        if (!w->bytes) {
            w->size += (size_t)aligned(count * sizeof(float)) +
                       (size_t)aligned(layer->outputs * sizeof(float));
            continue;
        }
        for (size_t o = 0; o < layer->outputs; o++) {
            for (size_t i = 0; i < layer->inputs; i++) {
                put_float(w, layer->weights[i * layer->outputs + o]);
            }
        }
        align(w);
        for (size_t o = 0; o < layer->outputs; o++) {
            put_float(w, layer->bias[o]);
        }
        align(w);
    }
}

/* What ggml's example would make of it otherwise. */
static void note_example(mnist_net *net)
{
    const bool is_example =
        net->layer_count == 2 && net->layers[0].inputs == 784 && net->layers[0].outputs == 500;
    const bool is_unit = net->normalization.kind == MNIST_NORMALIZE_UNIT;
    if (!is_example) {
        mnist_net_note(net, "ggml's own example takes this architecture only as 784-500-10");
    }
    if (!is_unit || net->activation != MNIST_RELU) {
        mnist_net_note(net,
                       "ggml's own example would run it with ReLU and pixels divided by 255: it "
                       "does not look at the keys that say otherwise");
    }
}

mnist_status mnist_gguf_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    writing w = {.bytes = NULL};
    put_file(&w, net);
    out->bytes[0] = malloc(w.size);
    if (!out->bytes[0]) {
        return mnist_fail_memory(err, w.size, "a GGUF file");
    }
    w = (writing){.bytes = out->bytes[0]};
    put_file(&w, net);
    out->sizes[0] = w.size;
    note_example(net);
    return MNIST_OK;
}
