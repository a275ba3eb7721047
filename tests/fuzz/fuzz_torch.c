/* Nets of other programs: the input is a safetensors file. */
#define _POSIX_C_SOURCE 200809L
#include "convert_check.h"
#include "safetensors_mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mnist_net_hints named = {
        .layers = "fc1,fc2", .has_activation = true, .order = MNIST_ORDER_COLUMNS};
    check_decoding(data, size, "torch", NULL, size / 2);
    if (chosen(data, size, 4)) {
        check_decoding(data, size, NULL, &named, size / 2);
    }
    return 0;
}
