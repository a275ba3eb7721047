/* Packed models: the input is what follows magic, version and checksum, which are put before it, so that
 * every input gets as far as the header. */
#include "fuzz.h"
#include "io/packed.h"
#include "io/packed_head.h"

#include <math.h>

#define MOST 512 /* bytes: with more come larger nets, which take time and show little more */

static void check_layers(const mnist_mlp *mlp, size_t size)
{
    size_t count = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t inputs = mnist_mlp_layer_inputs(mlp, l),
                     outputs = mnist_mlp_layer_outputs(mlp, l);
        float *weights = malloc((inputs + 1) * outputs * sizeof *weights);
        PROMISED(weights);
        mnist_mlp_get_layer(mlp, l, weights, weights + inputs * outputs);
        for (size_t i = 0; i < (inputs + 1) * outputs; i++) {
            PROMISED(isfinite(weights[i]));
        }
        count += inputs * outputs;
        free(weights);
    }
    PROMISED(count <= MNIST_PACKED_FREE + MNIST_PACKED_PER_BYTE * size);
    PROMISED(mnist_mlp_layer_outputs(mlp, mnist_mlp_layers(mlp) - 1) == MNIST_CLASSES);
}

/* What was read can be written, and read again. */
static void check_again(const mnist_packed *packed, size_t size)
{
    const size_t own = 3;
    const mnist_model_parts parts = {.mlp = packed->mlp,
                                     .normalization = &packed->normalization,
                                     .metadata = packed->metadata + own,
                                     .metadata_count = packed->metadata_count - own};
    uint8_t *bytes;
    size_t count;
    mnist_error err;
    mnist_packed again;
    const mnist_status status = mnist_packed_encode(&bytes, &count, NULL, &parts, "again", &err);
    /* a shorter file may no longer justify the net */
    PROMISED(status == MNIST_OK || (status == MNIST_ERR_ARGUMENT && count < size));
    if (status == MNIST_OK) {
        PROMISED(mnist_packed_decode(&again, bytes, count, "again", &err) == MNIST_OK);
        PROMISED(again.metadata_count == packed->metadata_count);
        mnist_mlp_free(again.mlp);
        free(again.metadata);
        free(again.text);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t start[MNIST_PACKED_SHAPE_AT] = {'M', 'L', 'P', 'K', 1};
    mnist_packed packed;
    mnist_error err;
    if (size > MOST) {
        return 0;
    }
    const size_t whole = sizeof start + size;
    uint8_t *file = malloc(whole);
    PROMISED(file);
    memcpy(file, start, sizeof start);
    if (size > 0) {
        memcpy(file + sizeof start, data, size);
    }
    const uint32_t crc = mnist_packed_checksum(file, whole);
    for (unsigned i = 0; i < 4; i++) {
        file[MNIST_PACKED_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
    }
    PROMISED(mnist_packed_is(file, whole));
    const mnist_status status = mnist_packed_decode(&packed, file, whole, "model\x1b\n", &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!packed.mlp && !packed.metadata && !packed.text);
    } else {
        PROMISED(packed.normalization.stddev > 0.0f && isfinite(packed.normalization.mean));
        check_layers(packed.mlp, whole);
        if (chosen(data, size, 16)) {
            check_again(&packed, whole);
        }
        mnist_mlp_free(packed.mlp);
        free(packed.metadata);
        free(packed.text);
    }
    free(file);
    return 0;
}

#ifdef MNIST_FUZZ_MUTATOR
/* Small nets and no metadata, mostly: both take time and show little. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 != 0 && size > 8) {
        data[1] = data[1] % 3; /* hidden layers */
        for (size_t i = 2; i < 4 + (size_t)data[1]; i++) {
            data[i] = i == 3 + (size_t)data[1] ? 10 : (uint8_t)(data[i] % 127 + 1);
        }
    }
    if (seed % 16 != 1 && size > 8 && data[0] < 128) {
        const size_t stream = 4 + (size_t)(data[1] % 3) + (data[0] & 0x10 ? 8 : 0);
        if (stream < size) {
            data[stream] |= 0x80; /* the first bit of the count of keys: none */
        }
    }
    return size;
}
#endif
