#include "score/scratch.h"

#include <stddef.h>
#include <stdlib.h>

struct mnist_scratch_block {
    mnist_scratch_block *next;
    max_align_t data[];
};

void *mnist_scratch_take(mnist_scratch *scratch, size_t count, size_t size)
{
    mnist_scratch_block *block = calloc(1, sizeof *block + count * size);
    if (!block) {
        return NULL;
    }
    block->next = scratch->blocks;
    scratch->blocks = block;
    return block->data;
}

void mnist_scratch_free(mnist_scratch *scratch)
{
    while (scratch->blocks) {
        mnist_scratch_block *next = scratch->blocks->next;
        free(scratch->blocks);
        scratch->blocks = next;
    }
}
