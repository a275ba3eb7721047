/* Model files: the input is one. */
#define _POSIX_C_SOURCE 200809L
#include "fuzz.h"
#include "io/model.h"

#include <math.h>
#include <zlib.h>

static void check_layers(const mnist_mlp *mlp, size_t size)
{
    size_t count = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t inputs = mnist_mlp_layer_inputs(mlp, l),
                     outputs = mnist_mlp_layer_outputs(mlp, l);
        float *weights = malloc(inputs * outputs * sizeof *weights),
              *bias = malloc(outputs * sizeof *bias);
        PROMISED(weights && bias);
        mnist_mlp_get_layer(mlp, l, weights, bias);
        for (size_t i = 0; i < inputs * outputs; i++) {
            PROMISED(isfinite(weights[i]));
        }
        for (size_t i = 0; i < outputs; i++) {
            PROMISED(isfinite(bias[i]));
        }
        count += inputs * outputs + outputs;
        free(weights);
        free(bias);
    }
    PROMISED(count == mnist_mlp_parameters(mlp));
    PROMISED(count * sizeof(float) < size);
    PROMISED(mnist_mlp_layer_outputs(mlp, mnist_mlp_layers(mlp) - 1) == MNIST_CLASSES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_model *model;
    mnist_error err;
    mnist_status status = mnist_model_decode(&model, data, size, "model\x1b\n", &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!model);
        return 0;
    }
    const mnist_normalization *normalization = mnist_model_normalization(model);
    PROMISED(isfinite(normalization->mean) && isfinite(normalization->stddev));
    PROMISED(normalization->stddev > 0.0f);
    PROMISED(strlen(mnist_model_digest(model)) == MNIST_DIGEST_TEXT - 1);
    PROMISED(strcmp(mnist_model_metadata(model, "format"), "mnist-mlp") == 0);
    check_layers(mnist_model_mlp(model), size);
    /* what was read can be written */
    char digest[MNIST_DIGEST_TEXT];
    PROMISED(mnist_model_save(NULL, mnist_model_mlp(model), normalization, NULL, 0, digest, &err) ==
             MNIST_OK);
    mnist_model_free(model);
    return 0;
}

#ifdef MNIST_FUZZ_MUTATOR
#define LENGTH 8u

static const char *find(const char *text, size_t size, const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(text + i, word, length) == 0) {
            return text + i;
        }
    }
    return NULL;
}

/* The end of the last tensor, as data_offsets state it. */
static size_t stated_end(const char *header, size_t size, size_t most)
{
    static const char word[] = "\"data_offsets\":[";
    size_t end = 0;
    const char *stop = header + size;
    for (const char *p = find(header, size, word); p; p = find(p, (size_t)(stop - p), word)) {
        p += sizeof word - 1;
        unsigned long long value = 0;
        for (; p < stop && *p != ']'; p++) {
            value = *p >= '0' && *p <= '9' && value < most ? 10 * value + (unsigned)(*p - '0') : 0;
        }
        end = value > end ? (size_t)value : end;
    }
    return end < most ? end : most;
}

/* Makes the CRC right. */
static void seal(uint8_t *file, size_t size, size_t header_size)
{
    static const char key[] = "\"crc32\":\"";
    const char *header = (const char *)file + LENGTH, *found = find(header, header_size, key);
    size_t place = found ? (size_t)(found - (const char *)file) + sizeof key - 1 : 0;
    if (found && place + 8 <= LENGTH + header_size) {
        char text[9];
        memset(file + place, '0', 8);
        snprintf(text, sizeof text, "%08lx", crc32(0, file, (uInt)size) & 0xFFFFFFFFu);
        memcpy(file + place, text, 8);
    }
}

/* Mostly the header or the data are changed, and length, size and CRC made to fit. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t stated = 0;
    if (seed % 8 == 0 || size < LENGTH + 2 || max_size < 256) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (unsigned i = 0; i < LENGTH; i++) {
        stated |= (uint64_t)data[i] << (8 * i);
    }
    size_t header = stated < size - LENGTH ? (size_t)stated : size - LENGTH;
    size_t rest = size - LENGTH - header;
    uint8_t *copy = malloc(2 * max_size);
    if (!copy) {
        return size;
    }
    memcpy(copy, data + LENGTH, header);
    if (seed % 8 < 6) {
        header = LLVMFuzzerMutate(copy, header, max_size - LENGTH - rest);
        memcpy(copy + header, data + size - rest, rest);
    } else {
        memcpy(copy + header, data + size - rest, rest);
        rest = LLVMFuzzerMutate(copy + header, rest, max_size - LENGTH - header);
    }
    if (seed / 8 % 2 == 0) {
        const size_t end = stated_end((char *)copy, header, max_size - LENGTH - header);
        if (end > rest) {
            memset(copy + header + rest, 0, end - rest);
        }
        rest = end;
    }
    for (unsigned i = 0; i < LENGTH; i++) {
        data[i] = (uint8_t)((uint64_t)header >> (8 * i));
    }
    memcpy(data + LENGTH, copy, header + rest);
    free(copy);
    if (seed / 16 % 8 != 0) {
        seal(data, LENGTH + header + rest, header);
    }
    return LENGTH + header + rest;
}
#endif
