/* Aligned, zeroed memory. */
#ifndef MNIST_BASE_MEMORY_H
#define MNIST_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* One cache line, and the widest vector there is. */
#define MNIST_ALIGN 64u

/* count * size bytes, zeroed, aligned to MNIST_ALIGN; NULL when the product overflows or memory is
 * short. count or size 0 gives a unique pointer. Release with mnist_free. */
void *mnist_alloc(size_t count, size_t size);
void mnist_free(void *memory);

/* size bytes, not zeroed, by large pages where the system has them: for a data set that is read in
 * random order, where finding a small page costs as much as what is read from it. NULL when memory
 * is short. Release with free. */
void *mnist_alloc_large(size_t size);

#endif
