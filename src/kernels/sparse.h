/* A batch of byte rows without their zeros, readable along rows and down columns: what the first
 * layer of a net on images is fed with. 81 % of MNIST's pixels are 0, and a product with 0 need not
 * be done.
 */
#ifndef MNIST_KERNELS_SPARSE_H
#define MNIST_KERNELS_SPARSE_H

#include "kernels/kernels.h"

/* Columns are cut into blocks of this many: the weights that one block of a row meets, 64 units
 * wide, are 24 KiB and stay in a first-level cache while all rows of the batch pass over them. */
#define MNIST_SPARSE_BLOCK 98u

typedef struct mnist_sparse {
    size_t rows, columns; /* room for so many rows; columns of each */
    size_t blocks;
    mnist_entry *by_row; /* (rows, row_stride): a row's entries, index = column */
    size_t row_stride;
    uint32_t *bounds;       /* (rows, blocks + 1): where block b of a row begins in its list */
    mnist_entry *by_column; /* (columns, rows): a column's entries, index = row; or NULL */
    uint32_t *counts;       /* (columns): how many of them */
} mnist_sparse;

/* Errors: MNIST_ERR_MEMORY. rows and columns below MNIST_MAX_ENTRY_INDEX. */
mnist_status mnist_sparse_create(mnist_sparse **out, size_t rows, size_t columns, bool by_column,
                                 mnist_error *err);
void mnist_sparse_free(mnist_sparse *sparse);

/* Sets row i from `columns` bytes. Rows are independent of one another. */
void mnist_sparse_set_row(mnist_sparse *sparse, const mnist_kernels *kernels, size_t i,
                          const uint8_t *bytes);

/* Makes by_column of rows 0 to rows - 1 for the columns of blocks [first, end). Blocks are
 * independent of one another; all rows must have been set. */
void mnist_sparse_turn(mnist_sparse *sparse, size_t rows, size_t first, size_t end);

#endif
