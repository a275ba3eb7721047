/* GGUF files: the input is one. */
#define _POSIX_C_SOURCE 200809L
#include "convert_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mnist_net_hints named = {.layers = "fc2,fc1"};
    check_decoding(data, size, "gguf", NULL, size / 2);
    if (chosen(data, size, 4)) {
        check_decoding(data, size, NULL, &named, MNIST_NET_LAYERS * size);
    }
    return 0;
}
