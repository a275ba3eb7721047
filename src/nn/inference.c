/* Inference: a batch through the whole net, by one worker. */
#include "nn/integers.h"
#include "nn/parts.h"
#include "nn/sparse.h"

#include <math.h>
#include <string.h>

/* x (inputs of layer l, images), from the rows of a pass or from bytes; other is a block of memory
 * as large as x. */
static void gather_inputs(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                          size_t images, float *x, float *other)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    if (l == 0) {
        uint8_t *bytes = (uint8_t *)other;
        pass->kernels->transpose_bytes(batch->bytes, NULL, layer->inputs, bytes,
                                       MNIST_SPARSE_IMAGES, batch->count, layer->inputs);
        pass->kernels->sparse->pixels(bytes, MNIST_SPARSE_IMAGES, batch->table,
                                      &pass->sparse->layers[0].by_input, x, layer->inputs, images);
        return;
    }
    const size_t row = pass->mlp->layers[l - 1].row;
    const float *from = pass->activations[l - 1] + batch->row * row;
    if (batch->count < images) {
        memset(x, 0, layer->inputs * MNIST_SPARSE_IMAGES * sizeof *x);
    }
    for (size_t k = 0; k < layer->inputs; k += MNIST_PANEL) {
        pass->kernels->transpose(from + k, row, x + k * MNIST_SPARSE_IMAGES, MNIST_SPARSE_IMAGES,
                                 batch->count, smaller(layer->inputs - k, MNIST_PANEL));
    }
}

/* The other way round: outputs of layer l become rows of the pass. */
static void spread_outputs(const mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                           const float *out)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    float *to = pass->activations[l] + batch->row * layer->row;
    for (size_t n = 0; n < layer->outputs; n += MNIST_PANEL) {
        pass->kernels->transpose(out + n * MNIST_SPARSE_IMAGES, MNIST_SPARSE_IMAGES, to + n,
                                 layer->row, smaller(layer->outputs - n, MNIST_PANEL),
                                 batch->count);
    }
}

/* At most MNIST_SPARSE_IMAGES images, across vectors in the layers that have a form. */
static bool sparse_tile(mnist_pass *pass, const mnist_pass_batch *batch)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_sparse_net *net = pass->sparse;
    const size_t images = mnist_pad(batch->count);
    float *x = net->scratch + batch->row / MNIST_SPARSE_IMAGES * 2 * net->block;
    float *other = x + net->block;
    bool across = false; /* does x hold the inputs of the next layer? */
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        if (!net->layers[l].by_output.values) {
            if (across) {
                spread_outputs(pass, batch, l - 1, x);
            }
            mnist_pass_forward_layer(pass, batch, l);
            across = false;
            continue;
        }
        if (!across) {
            gather_inputs(pass, batch, l, images, x, other);
        }
        if (!pass->kernels->sparse->product(&(mnist_sparse_product){.out = other,
                                                                    .init = net->layers[l].init,
                                                                    .w = &net->layers[l].by_output,
                                                                    .x = x,
                                                                    .end = layer->outputs,
                                                                    .images = images})) {
            return false;
        }
        for (size_t n = 0; l + 1 < mlp->layer_count && n < layer->outputs; n++) {
            float *z = other + n * MNIST_SPARSE_IMAGES;
            pass->kernels->activate[mlp->config.activation](z, z, images);
        }
        float *swap = x;
        x = other;
        other = swap;
        across = true;
    }
    if (across) {
        spread_outputs(pass, batch, mlp->layer_count - 1, x);
    }
    return true;
}

/* One image after the other through layer l. */
static bool sparse_images(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const mnist_sparse_layer *form = &pass->sparse->layers[l];
    bool finite = true;
    for (size_t i = 0; i < batch->count && finite; i++) {
        float *z = pass->activations[l] + (batch->row + i) * layer->row;
        memcpy(z, form->init, layer->stride * sizeof *z);
        pass->kernels->sparse->image(&(mnist_sparse_image){
            .sums = z,
            .w = &form->by_input,
            .x = l > 0 ? pass->activations[l - 1] + (batch->row + i) * pass->mlp->layers[l - 1].row
                       : NULL,
            .bytes = l > 0 ? NULL : batch->bytes + i * layer->inputs,
            .table = batch->table,
            .rows = layer->inputs});
        finite = isfinite(pass->kernels->sum_squares(z, layer->stride)); /* in double */
        if (l + 1 < pass->mlp->layer_count) {
            pass->kernels->activate[pass->mlp->config.activation](z, z, layer->stride);
        }
    }
    return finite;
}

static bool sparse_few(mnist_pass *pass, const mnist_pass_batch *batch)
{
    bool finite = true;
    for (unsigned l = 0; l < pass->mlp->layer_count && finite; l++) {
        if (pass->sparse->layers[l].by_output.values) {
            finite = sparse_images(pass, batch, l);
        } else {
            mnist_pass_forward_layer(pass, batch, l);
        }
    }
    return finite;
}

/* Logits of a batch of bytes by the sparse form. False: it is not for so few images, or something is
 * not finite, so that leaving zeros out makes a difference. */
static bool sparse_layers(mnist_pass *pass, const mnist_pass_batch *batch)
{
    if (batch->count <= pass->sparse->few) {
        return sparse_few(pass, batch);
    }
    bool done = batch->count >= pass->sparse->many;
    for (size_t i = 0, count; i < batch->count && done; i += count) {
        mnist_pass_batch tile = *batch;
        count = smaller(batch->count - i, MNIST_SPARSE_IMAGES);
        tile.row += i;
        tile.bytes += i * pass->mlp->config.inputs;
        tile.count = count;
        done = sparse_tile(pass, &tile);
    }
    return done;
}

void mnist_pass_evaluate(mnist_pass *pass, const mnist_pass_batch *batch)
{
    const mnist_mlp *mlp = pass->mlp;
    const bool bytes = batch->bytes && !batch->x && !batch->index;
    if (mlp->integers && bytes && mnist_pass_uses_integers(pass, batch->table, batch->shift)) {
        mnist_pass_integers(pass, batch);
    } else if (!pass->sparse || !bytes || batch->shift != pass->sparse->shift ||
               !sparse_layers(pass, batch)) {
        for (unsigned l = 0; l < mlp->layer_count && batch->count > 0; l++) {
            mnist_pass_forward_layer(pass, batch, l);
        }
    }
    mnist_pass_loss_part(pass, batch, false, batch->row, batch->row + batch->count);
}

void mnist_pass_probabilities(mnist_pass *pass, size_t row, size_t count)
{
    unsigned last = pass->mlp->layer_count - 1;
    size_t stride = pass->mlp->layers[last].row;
    float *z = pass->activations[last] + row * stride;
    pass->kernels->softmax(&(mnist_softmax){.z = z,
                                            .dz = z,
                                            .stride = stride,
                                            .rows = count,
                                            .classes = pass->mlp->config.outputs,
                                            .scale = 1.0f});
}
