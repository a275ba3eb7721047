/* PGM and PPM, and what is made of the pictures: the input is a file that begins as one of them. */
#include "pictures_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 2 && data[0] == 'P' && memchr("2356", data[1], 4)) {
        check_pictures(mnist_pnm_read, MNIST_PICTURE_PNM, data, size, size);
    }
    return 0;
}
