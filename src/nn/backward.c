/* Backward: the deltas, from the logits down. */
#include "nn/parts.h"

#include "base/fetch.h"

#include <string.h>

/* d(loss)/da of the layer below l, or of the inputs: rows [first, end) of the pass and one block of
 * MNIST_PANEL columns, written to out, whose first row is row `first`. The weights are transposed
 * one block at a time, so that the product runs along contiguous rows. Pairs are read where there
 * are deltas in pairs; the first layer's never are along rows. */
static void backward_product(const mnist_pass *pass, unsigned l, size_t block, size_t first,
                             size_t end, float *out, size_t out_stride)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    _Alignas(MNIST_ALIGN) float transposed[MNIST_PANEL * MNIST_PANEL];
    const size_t k = block * MNIST_PANEL;
    const size_t inputs = smaller(layer->inputs - k, MNIST_PANEL), width = mnist_pad(inputs);
    if (inputs < MNIST_PANEL) {
        memset(transposed, 0, sizeof transposed); /* padding stays zero */
    }
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t outputs = smaller(layer->outputs - panel * MNIST_PANEL, MNIST_PANEL);
        const size_t column = panel * MNIST_PANEL;
        const float *weights = mlp->parameters + mnist_panel_row(layer, panel, k);
        if (pass->half && l > 0) {
            _Alignas(MNIST_ALIGN) mnist_pair pairs[MNIST_PANEL / 2 * MNIST_PANEL];
            pass->half->pair_transpose(weights, mnist_panel_width(layer, panel), pairs, MNIST_PANEL,
                                       inputs, mnist_panel_width(layer, panel));
            pass->half->product(&(mnist_pair_product){
                .out = out,
                .out_stride = out_stride,
                .init = panel == 0 ? NULL : out,
                .init_stride = out_stride,
                .x = pass->delta_pairs[l].along + (first * layer->row + column) / 2,
                .x_row = layer->row / 2,
                .x_step = 1,
                .w = pairs,
                .w_stride = MNIST_PANEL,
                .rows = end - first,
                .depth = (outputs + 1) / 2,
                .width = width,
            });
            continue;
        }
        pass->kernels->transpose(weights, mnist_panel_width(layer, panel), transposed, MNIST_PANEL,
                                 inputs, mnist_panel_width(layer, panel));
        if (pass->half) {
            pass->half->round_finite(transposed, transposed, MNIST_PANEL * MNIST_PANEL);
        }
        pass->kernels->product(&(mnist_product){
            .out = out,
            .out_stride = out_stride,
            .init = panel == 0 ? NULL : out,
            .init_stride = out_stride,
            .x = pass->deltas[l] + first * layer->row + column,
            .x_row = layer->row,
            .x_step = 1,
            .w = transposed, /* (outputs, inputs) */
            .w_stride = MNIST_PANEL,
            .rows = end - first,
            .depth = outputs,
            .width = width,
        });
    }
}

/* Deltas of the layer below l: d(loss)/da, through dropout, times f'. With batch normalisation they
 * are not yet those with respect to z. */
static void backward_block(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                           size_t block, size_t first, size_t end)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *below = &mlp->layers[l - 1];
    const mnist_block of = mnist_block_of(below, block, 1, first, end);
    const size_t at = first * below->row + of.column;
    float *delta = pass->deltas[l - 1] + at;
    backward_product(pass, l, block, first, end, delta, below->row);
    mnist_pass_drop(pass, batch, l - 1, &of, delta);
    const float *from = (pass->inputs[l - 1] ? pass->inputs[l - 1] : pass->activations[l - 1]) + at;
    for (size_t i = 0; i < end - first; i++) {
        const size_t row = i * below->row;
        pass->kernels->activate_backward[mlp->config.activation](from + row, from + row,
                                                                 delta + row, of.width);
    }
    if (pass->half && !mnist_layer_normalizes(below)) {
        mnist_pass_make_operands(pass, pass->deltas[l - 1], &pass->delta_pairs[l - 1], below->row,
                                 &of);
    }
}

void mnist_pass_input_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                               size_t end, float *out)
{
    const size_t blocks = blocks_of(pass->mlp->layers[0].inputs, MNIST_PANEL);
    for (size_t block = 0; block < blocks && first < end; block++) {
        backward_product(pass, 0, block, batch->row + first, batch->row + end,
                         out + first * pass->perturbed_stride + block * MNIST_PANEL,
                         pass->perturbed_stride);
    }
}

/* Takes the deltas of layer l, which are complete for all images, back through batch normalisation
 * to z. */
static void normalize_backward_part(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                                    mnist_worker worker)
{
    if (mnist_layer_normalizes(&pass->mlp->layers[l])) {
        size_t panel, end;
        mnist_worker_share(worker, pass->mlp->layers[l].panels, &panel, &end);
        for (; panel < end; panel++) {
            mnist_pass_normalize_backward(pass, batch, l, panel);
        }
        mnist_pool_barrier(worker);
    }
}

void mnist_pass_backward_part(mnist_pass *pass, const mnist_pass_batch *batch, size_t first,
                              size_t end, mnist_worker worker)
{
    const mnist_mlp *mlp = pass->mlp;
    unsigned last = mlp->layer_count - 1;
    /* The last layer is still shared out by images: no barrier is needed between its logits and
     * here. */
    size_t blocks = last == pass->lowest ? 0 : blocks_of(mlp->layers[last].inputs, MNIST_PANEL);
    if (last > 0 && worker.count > 1) { /* other workers have read them in the step before */
        const mnist_layer *below = &mlp->layers[last - 1];
        mnist_fetch_rows_to_write(pass->deltas[last - 1] + first * below->row,
                                  below->row * sizeof(float), end - first,
                                  below->stride * sizeof(float));
    }
    for (size_t block = 0; block < blocks && first < end; block++) {
        backward_block(pass, batch, last, block, first, end);
    }
    mnist_pool_barrier(worker);
    const size_t image_blocks = blocks_of(batch->count, IMAGE_BLOCK);
    const size_t rows_end = batch->row + batch->count;
    for (unsigned l = last; l-- > 0;) {
        size_t unit, units_end;
        normalize_backward_part(pass, batch, l, worker);
        if (l <= pass->lowest) {
            break;
        }
        blocks = blocks_of(mlp->layers[l].inputs, MNIST_PANEL);
        mnist_worker_share(worker, blocks * image_blocks, &unit, &units_end);
        while (unit < units_end) { /* weights are transposed once for all of this worker's images */
            const size_t image_block = unit % image_blocks;
            const size_t run = smaller(image_blocks - image_block, units_end - unit);
            const size_t row = batch->row + image_block * IMAGE_BLOCK;
            backward_block(pass, batch, l, unit / image_blocks, row,
                           smaller(row + run * IMAGE_BLOCK, rows_end));
            unit += run;
        }
        mnist_pool_barrier(worker);
    }
}
