#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *mnist_alloc(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - MNIST_ALIGN) / size) {
        return NULL;
    }
    /* aligned_alloc wants a multiple of the alignment */
    size_t bytes = (count * size + MNIST_ALIGN - 1) / MNIST_ALIGN * MNIST_ALIGN;
    if (bytes == 0) {
        bytes = MNIST_ALIGN;
    }
    void *memory = aligned_alloc(MNIST_ALIGN, bytes);
    if (memory) {
        memset(memory, 0, bytes);
    }
    return memory;
}

void mnist_free(void *memory)
{
    free(memory);
}
