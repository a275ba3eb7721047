/* The text of --augment, which also stands in model files: the input is one. */
#include "fuzz.h"

#include <mnist/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_augmentation first, second;
    mnist_error err;
    char *text = text_of(data, size);
    mnist_status status = mnist_augmentation_parse(&first, text, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!mnist_augmentation_any(&first) && !first.half17);
    } else {
        char printed[MNIST_AUGMENTATION_TEXT], again[MNIST_AUGMENTATION_TEXT];
        PROMISED(mnist_augmentation_check(&first, &err) == MNIST_OK);
        mnist_augmentation_print(&first, printed);
        PROMISED(mnist_augmentation_parse(&second, printed, &err) == MNIST_OK);
        mnist_augmentation_print(&second, again);
        PROMISED(strcmp(printed, again) == 0);
        PROMISED(mnist_augmentation_any(&first) == mnist_augmentation_any(&second));
    }
    free(text);
    return 0;
}
