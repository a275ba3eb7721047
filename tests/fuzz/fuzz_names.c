/* Names of classes, as a file has them and as a model's metadata: the input is one, and after a zero byte,
 * if it has one, the number of class 0. */
#include "fuzz.h"

#include <mnist/io.h>

static void check_names(const mnist_labels *labels)
{
    char printed[MNIST_CLASS_NAMES_TEXT], number[MNIST_LABEL_NUMBER];
    mnist_labels *again = malloc(sizeof *again);
    mnist_error err;
    PROMISED(again);
    PROMISED(labels->count >= MNIST_MIN_CLASSES && labels->count <= MNIST_MAX_CLASSES);
    mnist_labels_print(labels, printed);
    PROMISED(mnist_labels_read(again, NULL, printed, labels->count, "again", &err) == MNIST_OK);
    PROMISED(again->count == labels->count);
    for (unsigned c = 0; c < labels->count; c++) {
        PROMISED(strcmp(mnist_label_of(labels, c, number), again->names[c]) == 0);
    }
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_labels *labels = calloc(1, sizeof *labels);
    mnist_error err;
    char *text = text_of(data, size);
    PROMISED(labels);
    mnist_status status = mnist_labels_parse(labels, text, size, "names\x1b\n", &err);
    if (status == MNIST_OK) {
        check_names(labels);
    } else {
        PROMISED(labels->count == 0);
        check_failure(status, &err);
    }
    const size_t first = strlen(text);
    status = mnist_labels_read(labels, first < size ? text + first + 1 : NULL, text, 10, "m", &err);
    if (status == MNIST_OK) {
        PROMISED(labels->count == 10 && labels->base <= MNIST_LABEL_BASE_MAX);
    } else {
        check_failure(status, &err);
    }
    free(text);
    free(labels);
    return 0;
}
