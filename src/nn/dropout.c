/* Dropout of hidden layers: drawn on the way forward and, the same, on the way back. */
#include "nn/parts.h"

void mnist_pass_drop(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                     float *values, size_t column, size_t width, size_t first, size_t end)
{
    mnist_dropout dropout = {
        .seed = batch->seed, .step = batch->step, .layer = l, .first = (uint32_t)column};
    mnist_dropout_set_rate(&dropout, pass->regularization.dropout[l]);
    for (size_t i = first; i < end && dropout.threshold > 0; i++) {
        dropout.row = (uint32_t)(i - batch->row);
        pass->kernels->dropout(values + (i - first) * pass->mlp->layers[l].row, width, &dropout);
    }
}
