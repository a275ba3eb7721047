/* Tables of text: the input is such a file. */
#include "data/csv.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_csv csv;
    mnist_error err;
    uint8_t *copy = copy_of(data, size);
    const mnist_status status = mnist_csv_read(&csv, copy, size, "file\x1b\n", &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!csv.pixels && !csv.labels && csv.count == 0);
    } else {
        const size_t pixels = (size_t)csv.rows * csv.cols;
        unsigned sum = 0;
        PROMISED(csv.count >= 1 && (csv.pixels || csv.labels));
        PROMISED(!csv.pixels == (pixels == 0) && pixels <= MNIST_MAX_PIXELS);
        PROMISED(csv.count * (pixels + (csv.labels != NULL)) <= size);
        for (size_t i = 0; i < csv.count * pixels; i++) {
            sum += csv.pixels[i];
        }
        for (size_t i = 0; csv.labels && i < csv.count; i++) {
            sum += csv.labels[i];
        }
        PROMISED(sum <= 255 * csv.count * (pixels + 1)); /* every byte is there */
    }
    free(csv.pixels);
    free(csv.labels);
    free(copy);
    return 0;
}
