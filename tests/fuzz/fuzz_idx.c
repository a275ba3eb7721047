/* IDX files, raw or gzip: the input is a file, read as images and as labels. */
#include "fuzz.h"
#include "idx_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_images(data, size);
    check_labels(data, size);
    return 0;
}
