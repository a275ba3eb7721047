/* Aligned, zeroed memory. */
#ifndef MNIST_BASE_MEMORY_H
#define MNIST_BASE_MEMORY_H

#include <stddef.h>

/* One cache line, and the widest vector there is. */
#define MNIST_ALIGN 64u

/* count * size bytes, zeroed, aligned to MNIST_ALIGN; NULL when the product overflows or memory is
 * short. count or size 0 gives a unique pointer. Release with mnist_free. */
void *mnist_alloc(size_t count, size_t size);
void mnist_free(void *memory);

#endif
