/* Memory for the work on one line, released all at once. */
#ifndef MNIST_SCORE_SCRATCH_H
#define MNIST_SCORE_SCRATCH_H

#include <stddef.h>

typedef struct mnist_scratch_block mnist_scratch_block;

typedef struct mnist_scratch {
    mnist_scratch_block *blocks;
} mnist_scratch;

/* count * size bytes, zeroed; NULL: memory is short. The product is in range: lines are short. */
void *mnist_scratch_take(mnist_scratch *scratch, size_t count, size_t size);
void mnist_scratch_free(mnist_scratch *scratch);

#endif
