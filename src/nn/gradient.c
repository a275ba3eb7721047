/* Gradients of weights, biases and gammas, one block at a time, from deltas that are complete. */
#include "nn/parts.h"

#include <string.h>

/* db = sum of dz over the first count rows, for one panel: the bias is the weight of an input that
 * is always 1. */
static void bias_gradient(const mnist_pass *pass, unsigned l, size_t panel, size_t count,
                          float *out)
{
    static const float one = 1.0f;
    const mnist_layer *layer = &pass->mlp->layers[l];
    pass->kernels->product(&(mnist_product){
        .out = out,
        .x = &one,
        .w = pass->deltas[l] + panel * MNIST_PANEL,
        .w_stride = layer->row,
        .rows = 1,
        .depth = count,
        .width = mnist_panel_width(layer, panel),
    });
}

/* shift * db, from which the sums of the first layer's dW begin. */
static void shifted_gradient(const mnist_pass *pass, const mnist_pass_batch *batch, size_t panel,
                             float *out)
{
    _Alignas(MNIST_ALIGN) float bias[MNIST_PANEL];
    bias_gradient(pass, 0, panel, batch->count, bias);
    pass->kernels->product(&(mnist_product){
        .out = out,
        .x = &batch->shift,
        .w = bias,
        .rows = 1,
        .depth = 1,
        .width = mnist_panel_width(&pass->mlp->layers[0], panel),
    });
}

/* dW = x^T dz of the first layer, from bytes; out_panel is the distance between two panels in out.
 */
static void byte_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                          const mnist_weight_block *block, float *out, size_t out_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t width = mnist_panel_width(layer, block->panel),
                 column = block->panel * MNIST_PANEL;
    const size_t rows = smaller(block->end, layer->inputs) - block->first;
    const uint8_t *x = batch->transposed + block->first * batch->transposed_stride;
    _Alignas(MNIST_ALIGN) float shifted[2 * MNIST_PANEL];
    const float *init = batch->shift != 0.0f ? shifted : NULL;
    for (size_t p = 0; init && p < block->panels; p++) {
        shifted_gradient(pass, batch, block->panel + p, shifted + p * MNIST_PANEL);
    }
    if (mnist_pass_pairs_bytes(pass, batch, init, block->panels * width)) {
        pass->half->byte_product(&(mnist_pair_byte_product){
            .out = out,
            .out_stride = width,
            .init = init,
            .x = x,
            .x_stride = batch->transposed_stride,
            .table = batch->table,
            .w = pass->delta_pairs[0].across + column,
            .w_stride = layer->row,
            .rows = rows,
            .depth = batch->count,
            .width = width,
            .panels = block->panels,
            .out_panel = out_panel,
            .init_panel = MNIST_PANEL,
            .w_panel = MNIST_PANEL,
            .alike = true, /* neighbouring pixels are mostly 0 in the same images */
        });
        return;
    }
    for (size_t p = 0; p < block->panels; p++) {
        pass->kernels->byte_product(&(mnist_byte_product){
            .out = out + p * out_panel,
            .out_stride = width,
            .init = init ? init + p * MNIST_PANEL : NULL,
            .x = x,
            .x_stride = batch->transposed_stride,
            .table = batch->table,
            .w = pass->deltas[0] + column + p * MNIST_PANEL,
            .w_stride = layer->row,
            .rows = rows,
            .depth = batch->count,
            .width = width,
        });
    }
}

/* dW = a^T dz for one panel, in floats or, above the first layer, in pairs. */
static void dense_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                           const mnist_weight_block *block, float *out)
{
    const unsigned l = block->layer;
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t width = mnist_panel_width(layer, block->panel),
                 column = block->panel * MNIST_PANEL;
    const size_t first = block->first, rows = smaller(block->end, layer->inputs) - first;
    const size_t rows_of_pass = mnist_pass_rows(pass, batch);
    _Alignas(MNIST_ALIGN) float shifted[MNIST_PANEL];
    const float *init = NULL;
    if (l == 0 && batch->shift != 0.0f) {
        shifted_gradient(pass, batch, block->panel, shifted);
        init = shifted;
    }
    if (l > 0 && pass->half) {
        pass->half->product(&(mnist_pair_product){
            .out = out,
            .out_stride = width,
            .x = pass->activation_pairs[l - 1].across + first,
            .x_row = 1,
            .x_step = pass->mlp->layers[l - 1].row,
            .w = pass->delta_pairs[l].across + column,
            .w_stride = layer->row,
            .rows = rows,
            .depth = (rows_of_pass + 1) / 2,
            .width = width,
        });
    } else {
        pass->kernels->product(&(mnist_product){
            .out = out,
            .out_stride = width,
            .init = init,
            .x = (l == 0 ? batch->x : pass->activations[l - 1]) + first, /* read down its columns */
            .x_row = 1,
            .x_step = l == 0 ? batch->x_stride : pass->mlp->layers[l - 1].row,
            .w = pass->deltas[l] + column,
            .w_stride = layer->row,
            .rows = rows,
            .depth = l == 0 ? batch->count : rows_of_pass,
            .width = width,
        });
    }
}

/* Adds the changed images' part of the first layer's dW to out. */
static void perturbed_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                               const mnist_weight_block *block, float *out, size_t out_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t width = mnist_panel_width(layer, block->panel);
    for (size_t p = 0; p < block->panels; p++) {
        pass->kernels->product(&(mnist_product){
            .out = out + p * out_panel,
            .out_stride = width,
            .init = out + p * out_panel,
            .init_stride = width,
            .x = pass->perturbed + block->first,
            .x_row = 1,
            .x_step = pass->perturbed_stride,
            .w = pass->deltas[0] + mnist_pass_perturbed_row(batch) * layer->row +
                 (block->panel + p) * MNIST_PANEL,
            .w_stride = layer->row,
            .rows = smaller(block->end, layer->inputs) - block->first,
            .depth = batch->count,
            .width = width,
        });
    }
}

/* Gradients of the rows [first, end) of one panel, which are not weights: bias, gamma. */
static void other_gradients(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                            size_t panel, size_t first, size_t end, float *out)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t width = mnist_panel_width(layer, panel);
    for (size_t row = first; row < end; row++, out += width) {
        if (mnist_layer_normalizes(layer)) {
            memcpy(out,
                   pass->normalized[l].gradients + (row - layer->inputs) * layer->stride +
                       panel * MNIST_PANEL,
                   width * sizeof *out);
        } else {
            bias_gradient(pass, l, panel, mnist_pass_rows(pass, batch), out);
        }
    }
}

void mnist_pass_weight_gradient(const mnist_pass *pass, const mnist_pass_batch *batch,
                                const mnist_weight_block *block, float *out, size_t out_panel)
{
    const mnist_layer *layer = &pass->mlp->layers[block->layer];
    const size_t width = mnist_panel_width(layer, block->panel);
    const size_t others = block->first > layer->inputs ? block->first : layer->inputs;
    if (block->first < layer->inputs) {
        if (block->layer == 0 && !batch->x) {
            byte_gradient(pass, batch, block, out, out_panel);
        } else {
            dense_gradient(pass, batch, block, out);
        }
        if (block->layer == 0 && pass->perturbed) {
            perturbed_gradient(pass, batch, block, out, out_panel);
        }
    }
    for (size_t p = 0; block->end > others && p < block->panels; p++) {
        other_gradients(pass, batch, block->layer, block->panel + p, others, block->end,
                        out + p * out_panel + (others - block->first) * width);
    }
}
