/* Safetensors files made by hand, damaged ones too. The library's own writer is not used: what the
 * reader is tested with must not come from the code that is tested. */
#ifndef MNIST_TESTS_CRAFTED_H
#define MNIST_TESTS_CRAFTED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct crafted {
    uint8_t *bytes; /* to be freed */
    size_t size;
} crafted;

/* Length, header padded with spaces, data. Where the header has "crc32":"00000000", the zeros
 * become the CRC-32 of the file as it is with them. */
static inline crafted craft(const char *header, const void *data, size_t data_size)
{
    static const char key[] = "\"crc32\":\"00000000\"";
    size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    crafted file = {.size = 8 + padded + data_size};
    file.bytes = malloc(file.size);
    if (!file.bytes) {
        abort();
    }
    for (int i = 0; i < 8; i++) {
        file.bytes[i] = (uint8_t)((uint64_t)padded >> (8 * i));
    }
    memset(file.bytes + 8, ' ', padded);
    memcpy(file.bytes + 8, header, length);
    if (data_size > 0) {
        memcpy(file.bytes + 8 + padded, data, data_size);
    }
    const char *found = strstr(header, key);
    if (found) {
        uint32_t crc = 0xFFFFFFFFu; /* bit by bit: ISO 3309, polynomial 0x04C11DB7 reflected */
        for (size_t i = 0; i < file.size; i++) {
            crc ^= file.bytes[i];
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
            }
        }
        uint8_t *place = file.bytes + 8 + (found - header) + 9;
        for (int i = 0; i < 8; i++) {
            place[i] = (uint8_t) "0123456789abcdef"[~crc >> (28 - 4 * i) & 15];
        }
    }
    return file;
}

#endif
