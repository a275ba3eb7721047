/* Batch normalisation (Ioffe & Szegedy 2015) of hidden layers, one panel at a time. Sums are taken
 * over the images in order, and a panel belongs to one worker, so the number of workers changes no
 * bit. */
#include "nn/parts.h"

#include <math.h>

/* How much of a batch's mean and variance goes into the running ones. */
#define MOMENTUM 0.1f

/* The rows of a panel that are not weights. */
typedef struct norm_rows {
    const float *bias, *gamma;
    float *mean, *variance; /* running */
} norm_rows;

static norm_rows rows_of(const mnist_pass *pass, const mnist_layer *layer, size_t panel)
{
    const size_t width = mnist_panel_width(layer, panel);
    float *bias = pass->mlp->parameters + mnist_panel_row(layer, panel, layer->inputs);
    return (norm_rows){bias, bias + width, bias + 2 * width, bias + 3 * width};
}

/* Means and variances of the columns of z over the batch. */
static void measure(const float *z, size_t row, size_t count, size_t width, float *mean,
                    float *variance)
{
    for (size_t c = 0; c < width; c++) {
        mean[c] = variance[c] = 0.0f;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < width; c++) {
            mean[c] += z[i * row + c];
        }
    }
    for (size_t c = 0; c < width; c++) {
        mean[c] /= (float)count;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < width; c++) {
            const float off = z[i * row + c] - mean[c];
            variance[c] += off * off;
        }
    }
    for (size_t c = 0; c < width; c++) {
        variance[c] /= (float)count;
    }
}

void mnist_pass_normalize(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l, size_t panel,
                          float *z)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t width = mnist_panel_width(layer, panel), row = layer->row, count = batch->count;
    const size_t column = panel * MNIST_PANEL;
    const norm_rows rows = rows_of(pass, layer, panel);
    float *values = pass->normalized[l].values + column;
    float *inverse = pass->normalized[l].inverse + column;
    float mean[MNIST_PANEL], variance[MNIST_PANEL];
    measure(z, row, count, width, mean, variance);
    /* the running variance estimates that of all images, not only of this batch; from one image, as
     * an epoch's last batch may be, nothing can be estimated */
    const float unbiased = count > 1 ? (float)count / (float)(count - 1) : 1.0f;
    for (size_t c = 0; c < width; c++) {
        inverse[c] = 1.0f / sqrtf(variance[c] + MNIST_BATCH_NORM_EPSILON);
        if (count < 2) {
            continue;
        }
        rows.mean[c] += MOMENTUM * (mean[c] - rows.mean[c]);
        rows.variance[c] += MOMENTUM * (variance[c] * unbiased - rows.variance[c]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < width; c++) {
            const float value = (z[i * row + c] - mean[c]) * inverse[c];
            values[i * row + c] = value;
            z[i * row + c] = rows.gamma[c] * value + rows.bias[c];
        }
    }
}

void mnist_pass_normalize_backward(mnist_pass *pass, const mnist_pass_batch *batch, unsigned l,
                                   size_t panel)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t width = mnist_panel_width(layer, panel), row = layer->row, count = batch->count;
    const size_t column = panel * MNIST_PANEL;
    const norm_rows rows = rows_of(pass, layer, panel);
    const struct mnist_normalized *n = &pass->normalized[l];
    const float *values = n->values + column, *inverse = n->inverse + column;
    float *delta = pass->deltas[l] + column;
    float *of_bias = n->gradients + column, *of_gamma = of_bias + layer->stride;
    for (size_t c = 0; c < width; c++) {
        of_bias[c] = of_gamma[c] = 0.0f;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < width; c++) {
            of_bias[c] += delta[i * row + c];
            of_gamma[c] += delta[i * row + c] * values[i * row + c];
        }
    }
    const float share = 1.0f / (float)count;
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < width; c++) {
            const float off = (of_bias[c] + values[i * row + c] * of_gamma[c]) * share;
            delta[i * row + c] = rows.gamma[c] * inverse[c] * (delta[i * row + c] - off);
        }
    }
    if (pass->half) {
        mnist_pass_make_operands(
            pass, pass->deltas[l], &pass->delta_pairs[l], row,
            &(mnist_block){
                .first = batch->row, .end = batch->row + count, .column = column, .width = width});
    }
}
