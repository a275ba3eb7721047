/* The options that a model file states: the input is their text. */
#include "cli/shared/adopt.h"
#include "fuzz.h"

#include "cli/eval/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_eval_settings settings = mnist_eval_settings_defaults();
    mnist_parsed parsed = {.program = &mnist_eval_program};
    mnist_augmentation augmentation;
    mnist_error err;
    json_t *options;
    char *text = text_of(data, size);
    if (!mnist_adopt_parse(text, "model\x1b\n", &options, &err)) {
        check_failure(MNIST_ERR_ARGUMENT, &err);
        PROMISED(!options);
    } else {
        if (!mnist_adopt_data(options, "model\x1b\n", &parsed, &settings, &settings.data, &err)) {
            check_failure(MNIST_ERR_ARGUMENT, &err);
        } else {
            PROMISED(settings.data.dataset < MNIST_DATASETS);
            PROMISED(settings.data.synthetic_test >= 1 && settings.data.synthetic_test <= 1000000);
        }
        /* a model names no file, whatever it says */
        PROMISED(!settings.data.data_dir && !settings.data.test_images &&
                 !settings.data.test_labels && !settings.data.train_images &&
                 !settings.data.train_labels && !settings.augment);
        if (!mnist_adopt_augmentation(options, "model\x1b\n", NULL, &augmentation, &err)) {
            check_failure(MNIST_ERR_ARGUMENT, &err);
        } else {
            PROMISED(mnist_augmentation_check(&augmentation, &err) == MNIST_OK);
        }
    }
    json_decref(options);
    free(text);
    return 0;
}
