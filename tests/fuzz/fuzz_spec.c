/* The texts of --prune and --quantize, which also stand in model files: the input is one of either. */
#include "fuzz.h"

#include <mnist/train.h>

static void check_pruning(const char *text)
{
    mnist_pruning first, second;
    mnist_error err;
    const mnist_status status = mnist_pruning_parse(&first, text, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        return;
    }
    char printed[MNIST_PRUNING_TEXT], again[MNIST_PRUNING_TEXT];
    mnist_pruning_print(&first, printed);
    PROMISED(mnist_pruning_parse(&second, printed, &err) == MNIST_OK);
    mnist_pruning_print(&second, again);
    PROMISED(strcmp(printed, again) == 0);
    PROMISED(first.structure == second.structure && first.magnitude == second.magnitude);
}

static void check_quantization(const char *text)
{
    mnist_quantization first, second;
    mnist_error err;
    const mnist_status status = mnist_quantization_parse(&first, text, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        return;
    }
    char printed[MNIST_QUANTIZATION_TEXT], again[MNIST_QUANTIZATION_TEXT];
    mnist_quantization_print(&first, printed);
    PROMISED(mnist_quantization_parse(&second, printed, &err) == MNIST_OK);
    mnist_quantization_print(&second, again);
    PROMISED(strcmp(printed, again) == 0);
    PROMISED(first.kind == second.kind && first.bits == second.bits &&
             first.levels == second.levels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    check_pruning(text);
    check_quantization(text);
    free(text);
    return 0;
}
