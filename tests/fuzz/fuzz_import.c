/* Data sets of any form: the first byte says what is asked, the others are the file. Zip and tar archives, packed data,
 * arrays, tables and pictures are all reached from here. */
#include "fuzz.h"
#include "import/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    mnist_import what = {.images = "file\x1b\n",
                         .part = data[0] % 3u,
                         .apart = data[0] / 3u % 2u == 1,
                         .as_is = data[0] / 6u % 2u == 1,
                         .unlabelled = data[0] / 12u % 2u == 1};
    mnist_bytes file = {.data = copy_of(data + 1, size - 1), .size = size - 1};
    mnist_dataset *dataset;
    mnist_error err;
    const mnist_status status = mnist_reading_load(&dataset, &what, &file, &err);
    PROMISED(!file.data);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!dataset);
        return 0;
    }
    const mnist_view view = mnist_dataset_view(dataset);
    const size_t pixels = (size_t)view.rows * view.cols;
    unsigned sum = 0;
    PROMISED(view.count >= 1 && pixels >= 1 && pixels <= MNIST_MAX_PIXELS);
    for (size_t i = 0; i < view.count; i++) {
        PROMISED(view.labels[i] < MNIST_CLASSES);
    }
    for (size_t i = 0; i < view.count * pixels; i++) { /* that all of them can be read */
        sum += view.images[i] & 1u;
    }
    PROMISED(sum <= view.count * pixels);
    mnist_dataset_free(dataset);
    return 0;
}
