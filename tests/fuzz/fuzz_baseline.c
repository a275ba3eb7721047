/* Earlier evaluations for --baseline: the input is one, read against twenty images. */
#include "cli/eval/baseline.h"
#include "fuzz.h"

enum { COUNT = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mnist_data_digests digests = {"a", "b"};
    uint8_t labels[COUNT];
    mnist_error err;
    json_t *baseline;
    size_t errors, wrong = 0;
    uint8_t *right = malloc(COUNT); /* no more memory than the images need */
    PROMISED(right);
    for (size_t i = 0; i < COUNT; i++) {
        labels[i] = (uint8_t)(i % MNIST_CLASSES);
    }
    const mnist_view view = {.labels = labels, .count = COUNT};
    char *text = text_of(data, size);
    if (!mnist_baseline_parse(&baseline, text, size, "baseline\x1b\n", &err)) {
        check_failure(MNIST_ERR_ARGUMENT, &err);
        PROMISED(!baseline);
    } else if (!mnist_baseline_right(baseline, "baseline\x1b\n", view, &digests, right, &errors,
                                     &err)) {
        check_failure(MNIST_ERR_ARGUMENT, &err);
    } else {
        for (size_t i = 0; i < COUNT; i++) {
            PROMISED(right[i] <= 1);
            wrong += !right[i];
        }
        PROMISED(wrong == errors);
    }
    json_decref(baseline);
    free(right);
    free(text);
    return 0;
}
