/* The net within the page: as large as it may be, and as exact as there is room. */
#include "report/parts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t padded(size_t bytes)
{
    return (bytes + 3) / 4 * 4;
}

/* Never overflows: an mlp's layers are in memory, as floats. */
static size_t embedded_size(const mnist_mlp *mlp, unsigned bits)
{
    size_t size = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        size += 4 * out * (bits < 32 ? 2 : 1) + padded(in * out * (bits / 8));
    }
    return size;
}

unsigned mnist_embed_bits(const mnist_mlp *mlp)
{
    for (unsigned bits = 32; bits >= 8; bits /= 2) {
        if (embedded_size(mlp, bits) <= MNIST_EMBED_MOST) {
            return bits;
        }
    }
    return 0;
}

/* One layer on its way. */
typedef struct layer {
    size_t in, out;
    float *weights; /* (in, out) */
    float *biases;  /* (out) */
    float *scales;  /* (out) */
} layer;

static void layer_free(layer *l)
{
    free(l->weights);
    free(l->biases);
    free(l->scales);
}

static mnist_status layer_read(layer *l, const mnist_mlp *mlp, unsigned index, mnist_error *err)
{
    *l = (layer){.in = mnist_mlp_layer_inputs(mlp, index),
                 .out = mnist_mlp_layer_outputs(mlp, index)};
    l->weights = malloc(l->in * l->out * sizeof *l->weights);
    l->biases = malloc(l->out * sizeof *l->biases);
    l->scales = calloc(l->out, sizeof *l->scales);
    if (!l->weights || !l->biases || !l->scales) {
        layer_free(l);
        return mnist_fail_memory(err, l->in * l->out * sizeof *l->weights, "a layer's weights");
    }
    mnist_mlp_get_layer(mlp, index, l->weights, l->biases);
    return MNIST_OK;
}

static void find_scales(layer *l, unsigned bits)
{
    const float most = (float)((1 << (bits - 1)) - 1);
    for (size_t i = 0; i < l->in; i++) {
        for (size_t o = 0; o < l->out; o++) {
            l->scales[o] = fmaxf(l->scales[o], fabsf(l->weights[i * l->out + o]));
        }
    }
    for (size_t o = 0; o < l->out; o++) {
        l->scales[o] /= most;
    }
}

/* Of the weight at (i, o). A scale may be 0, or so small that the quotient is not exact. */
static int quantize(const layer *l, size_t at, unsigned bits)
{
    const float scale = l->scales[at % l->out];
    const int most = (1 << (bits - 1)) - 1;
    const float q = scale > 0.0f ? rintf(l->weights[at] / scale) : 0.0f;
    return q > (float)most ? most : q < (float)-most ? -most : (int)q;
}

mnist_status mnist_embed_round(const mnist_mlp *mlp, unsigned bits, mnist_mlp **out,
                               mnist_error *err)
{
    assert(bits == 32 || bits == 16 || bits == 8);
    mnist_mlp *rounded = NULL;
    mnist_status status = mnist_mlp_create(&rounded, mnist_mlp_shape(mlp), err);
    for (unsigned index = 0; status == MNIST_OK && index < mnist_mlp_layers(mlp); index++) {
        layer l;
        status = layer_read(&l, mlp, index, err);
        if (status != MNIST_OK) {
            break;
        }
        if (bits < 32) {
            find_scales(&l, bits);
            for (size_t at = 0; at < l.in * l.out; at++) {
                l.weights[at] = (float)quantize(&l, at, bits) * l.scales[at % l.out];
            }
        }
        mnist_mlp_set_layer(rounded, index, l.weights, l.biases);
        layer_free(&l);
    }
    if (status != MNIST_OK) {
        mnist_mlp_free(rounded);
        rounded = NULL;
    }
    *out = rounded;
    return status;
}

static uint8_t *put_bits(uint8_t *out, uint32_t value, unsigned bits)
{
    for (unsigned shift = 0; shift < bits; shift += 8) {
        *out++ = (uint8_t)(value >> shift);
    }
    return out;
}

static uint8_t *put_floats(uint8_t *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        out = put_bits(out, bits, 32);
    }
    return out;
}

static uint8_t *put_layer(uint8_t *out, layer *l, unsigned bits)
{
    out = put_floats(out, l->biases, l->out);
    if (bits == 32) {
        return put_floats(out, l->weights, l->in * l->out);
    }
    find_scales(l, bits);
    out = put_floats(out, l->scales, l->out);
    for (size_t at = 0; at < l->in * l->out; at++) {
        out = put_bits(out, (uint32_t)quantize(l, at, bits), bits);
    }
    return out + (padded(l->in * l->out * (bits / 8)) - l->in * l->out * (bits / 8));
}

mnist_status mnist_embed_put(mnist_text *text, const mnist_mlp *mlp, unsigned bits,
                             mnist_error *err)
{
    const size_t size = embedded_size(mlp, bits);
    uint8_t *bytes = calloc(size, 1), *at = bytes;
    if (!bytes) {
        return mnist_fail_memory(err, size, "the net in a report");
    }
    mnist_status status = MNIST_OK;
    for (unsigned index = 0; status == MNIST_OK && index < mnist_mlp_layers(mlp); index++) {
        layer l;
        status = layer_read(&l, mlp, index, err);
        if (status == MNIST_OK) {
            at = put_layer(at, &l, bits);
            layer_free(&l);
        }
    }
    if (status == MNIST_OK) {
        assert(at == bytes + size);
        mnist_text_base64(text, bytes, size);
    }
    free(bytes);
    return status;
}
