/* PNG, and what is made of the picture. The input is a file, taken as it is and with the CRC of
 * every chunk corrected: else a changed chunk would never get past the check of its CRC. */
#include "pictures_check.h"

#include <zlib.h>

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Length, name, body, CRC. */
static void mend(uint8_t *file, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        const size_t length = get_be32(file + at);
        if (length > size - at - 12) {
            return;
        }
        const uLong crc = crc32(0, file + at + 4, (uInt)length + 4);
        for (unsigned i = 0; i < 4; i++) {
            file[at + 8 + length + i] = (uint8_t)(crc >> (24 - 8 * i));
        }
        at += length + 12;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t most = (uint64_t)8256 * (size + 1);
    check_pictures(mnist_png_read, MNIST_PICTURE_PNG, data, size, most);
    if (size > 8) {
        uint8_t *mended = copy_of(data, size);
        mend(mended, size);
        check_pictures(mnist_png_read, MNIST_PICTURE_PNG, mended, size, most);
        free(mended);
    }
    return 0;
}
