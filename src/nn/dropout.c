/* Dropout of hidden layers: what is dropped is drawn on the way forward and, the same again, on the
 * way back. */
#include "nn/parts.h"

void mnist_pass_drop(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                     const mnist_block *block, float *values)
{
    mnist_dropout dropout = {
        .seed = batch->seed, .step = batch->step, .layer = l, .first = (uint32_t)block->column};
    mnist_dropout_set_rate(&dropout, pass->regularization.dropout[l]);
    for (size_t i = block->first; i < block->end && dropout.threshold > 0; i++) {
        dropout.row = (uint32_t)(i - batch->row);
        pass->kernels->dropout(values + (i - block->first) * pass->mlp->layers[l].row, block->width,
                               &dropout);
    }
}
