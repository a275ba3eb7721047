/* The net within the page, as exact as its size allows. */
#include "report/parts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

unsigned mnist_embed_layer_bits(const mnist_mlp *mlp, unsigned layer, unsigned bits)
{
    const bool is_last = layer + 1 == mnist_mlp_layers(mlp);
    return is_last && bits < MNIST_EMBED_LAST_BITS ? MNIST_EMBED_LAST_BITS : bits;
}

/* Bytes of so many numbers, rounded up to whole words of 32 bits. */
static size_t packed_size(size_t count, unsigned bits)
{
    return (count * bits + 31) / 32 * 4;
}

/* Never overflows, as the layers are in memory as floats. */
size_t mnist_embed_size(const mnist_mlp *mlp, unsigned bits)
{
    size_t size = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        size += 4 * out * (bits < 32 ? 2 : 1) +
                packed_size(in * out, mnist_embed_layer_bits(mlp, l, bits));
    }
    return size;
}

unsigned mnist_embed_bits(const mnist_mlp *mlp)
{
    unsigned bits = 32;
    while (bits >= MNIST_EMBED_LEAST_BITS && mnist_embed_size(mlp, bits) > MNIST_EMBED_MOST) {
        bits = bits == 32 ? 16 : bits - 1;
    }
    return bits >= MNIST_EMBED_LEAST_BITS ? bits : 0;
}

/* A layer that is being embedded. */
typedef struct layer {
    size_t in, out;
    unsigned bits;
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

static mnist_status layer_read(layer *l, const mnist_mlp *mlp, unsigned index, unsigned bits,
                               mnist_error *err)
{
    *l = (layer){.in = mnist_mlp_layer_inputs(mlp, index),
                 .out = mnist_mlp_layer_outputs(mlp, index),
                 .bits = mnist_embed_layer_bits(mlp, index, bits)};
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

static float most_of(unsigned bits)
{
    return (float)((1 << (bits - 1)) - 1);
}

static void find_scales(layer *l)
{
    for (size_t i = 0; i < l->in; i++) {
        const float *row = l->weights + i * l->out;
        for (size_t o = 0; o < l->out; o++) {
            const float magnitude = fabsf(row[o]);
            l->scales[o] = magnitude > l->scales[o] ? magnitude : l->scales[o];
        }
    }
    for (size_t o = 0; o < l->out; o++) {
        l->scales[o] /= most_of(l->bits);
    }
}

/* Makes whole numbers, as floats, from a row's weights. A scale may be 0, or so small that the
 * quotient is inexact, but the quotient never exceeds a few times `most`. Adding 1.5 * 2^23 rounds
 * as rintf does, without a call. */
static void quantize(const layer *l, float *row)
{
    const float most = most_of(l->bits), whole = 0x1.8p23f;
    for (size_t o = 0; o < l->out; o++) {
        const float scale = l->scales[o];
        float q = row[o] / (scale > 0.0f ? scale : 1.0f);
        q = scale > 0.0f ? q + whole - whole : 0.0f;
        q = q < most ? q : most;
        row[o] = q > -most ? q : -most;
    }
}

static uint8_t *put_word(uint8_t *out, uint32_t word)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        *out++ = (uint8_t)(word >> shift);
    }
    return out;
}

static uint8_t *put_floats(uint8_t *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &values[i], sizeof word);
        out = put_word(out, word);
    }
    return out;
}

/* Writes whole numbers one after the other, each from its lowest bit on, and zeros up to the end of
 * a word. */
static uint8_t *put_packed(uint8_t *out, const float *values, size_t count, unsigned bits)
{
    const uint32_t mask = (UINT32_C(1) << bits) - 1;
    uint64_t waiting = 0;
    unsigned filled = 0; /* bits not yet written: fewer than 32 before each number */
    for (size_t i = 0; i < count; i++) {
        waiting |= (uint64_t)((uint32_t)(int32_t)values[i] & mask) << filled;
        filled += bits;
        if (filled >= 32) {
            out = put_word(out, (uint32_t)waiting);
            waiting >>= 32;
            filled -= 32;
        }
    }
    return filled > 0 ? put_word(out, (uint32_t)waiting) : out;
}

/* Packs a layer behind what has been packed, and replaces its values by the rounded ones. */
static uint8_t *round_layer(layer *l, uint8_t *out)
{
    const size_t count = l->in * l->out;
    out = put_floats(out, l->biases, l->out);
    if (l->bits == 32) {
        return put_floats(out, l->weights, count);
    }
    find_scales(l);
    out = put_floats(out, l->scales, l->out);
    for (size_t i = 0; i < l->in; i++) {
        quantize(l, l->weights + i * l->out);
    }
    out = put_packed(out, l->weights, count, l->bits);
    for (size_t i = 0; i < l->in; i++) {
        for (size_t o = 0; o < l->out; o++) {
            l->weights[i * l->out + o] *= l->scales[o];
        }
    }
    return out;
}

mnist_status mnist_embed_create(mnist_embedded *out, const mnist_mlp *mlp, unsigned bits,
                                mnist_error *err)
{
    assert(bits == 32 || (bits >= MNIST_EMBED_LEAST_BITS && bits <= 16));
    *out = (mnist_embedded){.size = mnist_embed_size(mlp, bits)};
    uint8_t *at = out->bytes = malloc(out->size);
    mnist_status status = at ? mnist_mlp_create(&out->rounded, mnist_mlp_shape(mlp), err)
                             : mnist_fail_memory(err, out->size, "the net in a report");
    for (unsigned index = 0; status == MNIST_OK && index < mnist_mlp_layers(mlp); index++) {
        layer l;
        status = layer_read(&l, mlp, index, bits, err);
        if (status == MNIST_OK) {
            at = round_layer(&l, at);
            mnist_mlp_set_layer(out->rounded, index, l.weights, l.biases);
            layer_free(&l);
        }
    }
    if (status != MNIST_OK) {
        mnist_embed_free(out);
        return status;
    }
    assert(at == out->bytes + out->size);
    return MNIST_OK;
}

void mnist_embed_free(mnist_embedded *embedded)
{
    free(embedded->bytes);
    mnist_mlp_free(embedded->rounded);
    *embedded = (mnist_embedded){.bytes = NULL};
}

mnist_status mnist_embed_round(const mnist_mlp *mlp, unsigned bits, mnist_mlp **out,
                               mnist_error *err)
{
    mnist_embedded embedded;
    mnist_status status = mnist_embed_create(&embedded, mlp, bits, err);
    *out = embedded.rounded;
    embedded.rounded = NULL;
    mnist_embed_free(&embedded);
    return status;
}
