/* ONNX models: the input is one. */
#define _POSIX_C_SOURCE 200809L
#include "convert_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* one tensor may be the weights of all layers */
    check_decoding(data, size, "onnx", NULL, MNIST_NET_LAYERS * size);
    return 0;
}

#ifdef MNIST_FUZZ_MUTATOR
/* What a mutation did to the lengths of the messages around it is mended at times: model, graph, and those in it. */
static size_t get_varint(const uint8_t *at, size_t left, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < left && i < 9; i++) {
        *out |= (uint64_t)(at[i] & 0x7F) << (7 * i);
        if (at[i] < 0x80) {
            return i + 1;
        }
    }
    return 0;
}

/* Has the graph end where the opset's field begins, if both lie as in what is fuzzed. */
static void mend_graph(uint8_t *data, size_t size)
{
    for (size_t i = 2; i + 3 < size && i < 64; i++) {
        uint64_t length;
        const size_t bytes = data[i] == 0x3A ? get_varint(data + i + 1, size - i - 1, &length) : 0;
        if (bytes != 2 || i + 3 + 4 > size) {
            continue;
        }
        const size_t content = size - (i + 3) - 4; /* 42 02 10 0d comes last */
        if (data[size - 4] == 0x42 && content < 16384) {
            data[i + 1] = (uint8_t)(content & 0x7F) | 0x80;
            data[i + 2] = (uint8_t)(content >> 7);
        }
        return;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 4 > 0) {
        mend_graph(data, size);
    }
    return size;
}
#endif
