#include "kernels/sparse.h"

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <string.h>

mnist_status mnist_sparse_create(mnist_sparse **out, size_t rows, size_t columns, bool by_column,
                                 mnist_error *err)
{
    assert(rows < MNIST_MAX_ENTRY_INDEX && columns < MNIST_MAX_ENTRY_INDEX);
    *out = NULL;
    mnist_sparse *s = mnist_alloc(1, sizeof *s);
    if (!s) {
        return mnist_fail_memory(err, sizeof *s, "a batch");
    }
    s->rows = rows;
    s->columns = columns;
    s->blocks = (columns + MNIST_SPARSE_BLOCK - 1) / MNIST_SPARSE_BLOCK;
    s->row_stride = columns + MNIST_LANES; /* compress may write so many past the end */
    s->by_row = mnist_alloc(rows, s->row_stride * sizeof *s->by_row);
    s->bounds = mnist_alloc(rows, (s->blocks + 1) * sizeof *s->bounds);
    bool ok = s->by_row && s->bounds;
    if (by_column) {
        s->by_column = mnist_alloc(columns, rows * sizeof *s->by_column);
        s->counts = mnist_alloc(columns, sizeof *s->counts);
        ok = ok && s->by_column && s->counts;
    }
    if (!ok) {
        mnist_sparse_free(s);
        return mnist_fail(err, MNIST_ERR_MEMORY,
                          "out of memory: a batch of %zu images of %zu pixels could not be had; "
                          "try a smaller batch",
                          rows, columns);
    }
    *out = s;
    return MNIST_OK;
}

void mnist_sparse_free(mnist_sparse *sparse)
{
    if (sparse) {
        mnist_free(sparse->by_row);
        mnist_free(sparse->bounds);
        mnist_free(sparse->by_column);
        mnist_free(sparse->counts);
        mnist_free(sparse);
    }
}

void mnist_sparse_set_row(mnist_sparse *sparse, const mnist_kernels *kernels, size_t i,
                          const uint8_t *bytes)
{
    assert(i < sparse->rows);
    mnist_entry *list = sparse->by_row + i * sparse->row_stride;
    uint32_t *bounds = sparse->bounds + i * (sparse->blocks + 1);
    size_t found = 0;
    for (size_t b = 0; b < sparse->blocks; b++) {
        size_t first = b * MNIST_SPARSE_BLOCK, left = sparse->columns - first;
        bounds[b] = (uint32_t)found;
        found += kernels->compress(bytes + first,
                                   left < MNIST_SPARSE_BLOCK ? left : MNIST_SPARSE_BLOCK,
                                   (uint32_t)first, list + found);
    }
    bounds[sparse->blocks] = (uint32_t)found;
}

void mnist_sparse_turn(mnist_sparse *sparse, size_t rows, size_t first, size_t end)
{
    assert(rows <= sparse->rows && end <= sparse->blocks);
    for (size_t b = first; b < end; b++) {
        size_t column = b * MNIST_SPARSE_BLOCK, left = sparse->columns - column;
        memset(sparse->counts + column, 0,
               (left < MNIST_SPARSE_BLOCK ? left : MNIST_SPARSE_BLOCK) * sizeof *sparse->counts);
        for (size_t i = 0; i < rows; i++) { /* ascending, as the contract of sums wants it */
            const mnist_entry *list = sparse->by_row + i * sparse->row_stride;
            const uint32_t *bounds = sparse->bounds + i * (sparse->blocks + 1);
            for (uint32_t e = bounds[b]; e < bounds[b + 1]; e++) {
                size_t c = list[e] >> 8;
                sparse->by_column[c * sparse->rows + sparse->counts[c]++] =
                    (mnist_entry)i << 8 | (list[e] & 255);
            }
        }
    }
}
