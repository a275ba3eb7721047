/* Archives of NumPy's arrays: the input is a zip file. */
#define _POSIX_C_SOURCE 200809L
#include "data/archive.h"
#include "convert_check.h"

#ifdef MNIST_FUZZ_MUTATOR
#include <zlib.h>

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Makes the CRC of stored entries right, in their own headers and in the directory. */
static void seal(uint8_t *file, size_t size)
{
    for (size_t i = 0; i + 46 <= size; i++) {
        uint8_t *entry = file + i;
        if (memcmp(entry, "PK\1\2", 4) != 0) {
            continue;
        }
        const size_t offset = get32(entry + 42), length = get32(entry + 20);
        if (offset > size || size - offset < 30 || memcmp(file + offset, "PK\3\4", 4) != 0) {
            continue;
        }
        uint8_t *local = file + offset;
        const size_t data = offset + 30 + (local[26] | (size_t)local[27] << 8) +
                            (local[28] | (size_t)local[29] << 8);
        if (data <= size && length <= size - data) {
            const uint32_t crc = (uint32_t)crc32(0, file + data, (uInt)length);
            put32(local + 14, crc);
            put32(entry + 16, crc);
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 > 0) {
        seal(data, size);
    }
    return size;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mnist_net_hints named = {.layers = "coefs_0+intercepts_0,coefs_1+intercepts_1"};
    const size_t most = MNIST_ARCHIVE_GROWTH * size + (1u << 20);
    check_decoding(data, size, "npz", NULL, most / 2);
    if (chosen(data, size, 4)) {
        check_decoding(data, size, NULL, &named, most / 2);
    }
    return 0;
}
