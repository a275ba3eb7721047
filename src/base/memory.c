#define _DEFAULT_SOURCE /* madvise */
#include "base/memory.h"

#include <mnist/base.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __GLIBC__ /* which the headers above say */
#include <malloc.h>
#endif

#define LARGE_PAGE ((size_t)2 << 20) /* of x86-64, and of AArch64 with small pages of 4 KiB */

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

void mnist_memory_return_large(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 16 << 10);
#endif
}

void *mnist_alloc_large(size_t size)
{
#ifdef MADV_HUGEPAGE
    if (size >= LARGE_PAGE && size <= SIZE_MAX - LARGE_PAGE) {
        size_t whole = (size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
        void *memory = aligned_alloc(LARGE_PAGE, whole);
        if (memory) {
            (void)madvise(memory, whole, MADV_HUGEPAGE); /* if it fails, small pages do as well */
        }
        return memory;
    }
#endif
    return malloc(size > 0 ? size : 1);
}
