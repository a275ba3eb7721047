/* Headers of NumPy's arrays: the input is such a file. */
#include "data/npy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_npy npy;
    mnist_error err;
    uint8_t *copy = copy_of(data, size);
    const mnist_status status = mnist_npy_parse(&npy, copy, size, "file\x1b\n", "array\n", &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
    } else {
        uint64_t count = 1;
        PROMISED(npy.rank <= MNIST_NPY_RANK && npy.data <= size);
        for (unsigned i = 0; i < npy.rank; i++) {
            count *= npy.shape[i];
        }
        PROMISED(!npy.is_number || count * mnist_number_width(npy.type) == size - npy.data);
    }
    free(copy);
    return 0;
}
