/* The texts of --prune and --quantize and those of steps, which also stand in model files, and what
 * mnist-compress reads beside them: the input is one of any. */
#include "fuzz.h"

#include "cli/compress/settings.h"

#include <mnist/steps.h>
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

static void check_steps(const char *text)
{
    mnist_steps first, second;
    mnist_error err;
    const mnist_status status = mnist_steps_parse(&first, text, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        return;
    }
    char printed[MNIST_STEPS_TEXT];
    mnist_steps_print(&first, printed);
    PROMISED(mnist_steps_parse(&second, printed, &err) == MNIST_OK);
    PROMISED(mnist_steps_equal(&first, &second));
}

/* Each share makes one spec, which is no longer than a spec may be. */
static void check_shares(const char *text)
{
    char spec[MNIST_PRUNING_TEXT];
    size_t count = 0, commas = 0;
    for (const char *p = text; *p; p++) {
        commas += *p == ',';
    }
    while (count < 100 && mnist_compress_spec(text, count, spec)) {
        PROMISED(spec[0] != '\0' && strlen(spec) < sizeof spec);
        count++;
    }
    PROMISED(count <= commas + 1);
}

static void check_bytes(const char *text)
{
    const size_t bytes = mnist_compress_read_bytes(text);
    PROMISED(bytes < (size_t)1000000000000000);
    PROMISED(bytes == 0 || (text[0] >= '0' && text[0] <= '9') || text[0] == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    check_pruning(text);
    check_quantization(text);
    check_steps(text);
    check_shares(text);
    check_bytes(text);
    free(text);
    return 0;
}
