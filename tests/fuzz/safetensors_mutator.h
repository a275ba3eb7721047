/* How safetensors files are changed, by libFuzzer, so that most of them get past length and CRC. */
#ifndef MNIST_TESTS_FUZZ_SAFETENSORS_MUTATOR_H
#define MNIST_TESTS_FUZZ_SAFETENSORS_MUTATOR_H

#ifdef MNIST_FUZZ_MUTATOR
#include "fuzz.h"

#include <zlib.h>

#define LENGTH 8u

static const char *find(const char *text, size_t size, const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(text + i, word, length) == 0) {
            return text + i;
        }
    }
    return NULL;
}

/* The end of the last tensor, as data_offsets state it. */
static size_t stated_end(const char *header, size_t size, size_t most)
{
    static const char word[] = "\"data_offsets\":[";
    size_t end = 0;
    const char *stop = header + size;
    for (const char *p = find(header, size, word); p; p = find(p, (size_t)(stop - p), word)) {
        p += sizeof word - 1;
        unsigned long long value = 0;
        for (; p < stop && *p != ']'; p++) {
            value = *p >= '0' && *p <= '9' && value < most ? 10 * value + (unsigned)(*p - '0') : 0;
        }
        end = value > end ? (size_t)value : end;
    }
    return end < most ? end : most;
}

/* Makes the CRC right. */
static void seal(uint8_t *file, size_t size, size_t header_size)
{
    static const char key[] = "\"crc32\":\"";
    const char *header = (const char *)file + LENGTH, *found = find(header, header_size, key);
    size_t place = found ? (size_t)(found - (const char *)file) + sizeof key - 1 : 0;
    if (found && place + 8 <= LENGTH + header_size) {
        char text[9];
        memset(file + place, '0', 8);
        snprintf(text, sizeof text, "%08lx", crc32(0, file, (uInt)size) & 0xFFFFFFFFu);
        memcpy(file + place, text, 8);
    }
}

/* Usually the header or the data are changed, and then length, size and CRC corrected. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t stated = 0;
    if (seed % 8 == 0 || size < LENGTH + 2 || max_size < 256) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (unsigned i = 0; i < LENGTH; i++) {
        stated |= (uint64_t)data[i] << (8 * i);
    }
    size_t header = stated < size - LENGTH ? (size_t)stated : size - LENGTH;
    size_t rest = size - LENGTH - header;
    uint8_t *copy = malloc(2 * max_size);
    if (!copy) {
        return size;
    }
    memcpy(copy, data + LENGTH, header);
    if (seed % 8 < 6) {
        header = LLVMFuzzerMutate(copy, header, max_size - LENGTH - rest);
        memcpy(copy + header, data + size - rest, rest);
    } else {
        memcpy(copy + header, data + size - rest, rest);
        rest = LLVMFuzzerMutate(copy + header, rest, max_size - LENGTH - header);
    }
    if (seed / 8 % 2 == 0) {
        const size_t end = stated_end((char *)copy, header, max_size - LENGTH - header);
        if (end > rest) {
            memset(copy + header + rest, 0, end - rest);
        }
        rest = end;
    }
    for (unsigned i = 0; i < LENGTH; i++) {
        data[i] = (uint8_t)((uint64_t)header >> (8 * i));
    }
    memcpy(data + LENGTH, copy, header + rest);
    free(copy);
    if (seed / 16 % 8 != 0) {
        seal(data, LENGTH + header + rest, header);
    }
    return LENGTH + header + rest;
}
#endif

#endif
