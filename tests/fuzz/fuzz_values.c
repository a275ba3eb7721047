/* Values of single options - numbers, shares, percentages, lists of widths and of rates, names: the
 * first byte chooses the option of mnist-train, the rest is its text. What is taken is formatted
 * and must read back to the same bits. */
#include "cli/train/settings.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    mnist_option_ref ref = mnist_option_at(&mnist_train_program, data[0]);
    if (!ref.option) {
        return 0;
    }
    mnist_train_settings settings = mnist_train_settings_defaults(), again = settings;
    char *text = text_of(data + 1, size - 1);
    char first[MNIST_OPTION_TEXT], second[MNIST_OPTION_TEXT];
    if (!mnist_option_set(ref.option, mnist_option_field(ref, &settings), text)) {
        mnist_error err;
        PROMISED(!mnist_option_fail_value(ref.option, "--option", text, &err));
        check_failure(MNIST_ERR_ARGUMENT, &err);
        mnist_option_format(ref.option, mnist_option_field(ref, &settings), first);
        mnist_option_format(ref.option, mnist_option_field(ref, &again), second);
        PROMISED(strcmp(first, second) == 0); /* the field is as it was */
    } else if (ref.option->type != MNIST_OPTION_STRING) {
        mnist_option_format(ref.option, mnist_option_field(ref, &settings), first);
        if (first[0]) {
            PROMISED(mnist_option_set(ref.option, mnist_option_field(ref, &again), first));
            mnist_option_format(ref.option, mnist_option_field(ref, &again), second);
            PROMISED(strcmp(first, second) == 0);
        }
    }
    free(text);
    return 0;
}
