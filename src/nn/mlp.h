/* How a net's parameters lie in memory. Shared by the files of nn/ only.
 *
 * A layer's outputs are cut into panels of MNIST_PANEL units (the last one narrower, padded with
 * zeros to MNIST_LANES), and each panel holds its weights row by row with the bias as one more row:
 *
 *   panel 0: w(0, 0..63) w(1, 0..63) … w(in-1, 0..63) bias(0..63), panel 1: …
 *
 * With batch normalisation hidden layers have three more rows after the bias: gamma, and the
 * running mean and variance of z, which are no parameters but are averaged and copied along with
 * them.
 *
 * A step over inputs is then a contiguous row, and a worker that owns a panel owns one run of
 * memory: weights, gradients and momentum, which all have this layout, stay in its own cache.
 */
#ifndef MNIST_NN_MLP_H
#define MNIST_NN_MLP_H

#include "kernels/kernels.h"

#include <mnist/nn.h>

typedef struct mnist_layer {
    size_t inputs, outputs;
    size_t stride; /* outputs, padded to MNIST_LANES */
    size_t row;    /* distance between rows of the layer's activations: an odd number of cache
                    * lines, so that the same columns of all rows spread over all sets of a cache */
    size_t panels;
    size_t trained; /* rows of parameters in a panel: inputs, bias, gamma if there is one */
    size_t rows;    /* all rows */
    size_t offset;  /* of panel 0 in the arena */
} mnist_layer;

typedef struct mnist_integers mnist_integers; /* nn/integers.h */

struct mnist_mlp {
    mnist_mlp_config config;
    unsigned layer_count;
    mnist_layer layers[MNIST_MAX_HIDDEN + 1];
    size_t arena_size; /* floats, padding included */
    float *parameters; /* (arena_size) */
    /* What inference computes with in place of the parameters: one block of memory. NULL: none. Who
     * changes the parameters frees it. */
    mnist_integers *integers;
};

static inline size_t mnist_pad(size_t count)
{
    return (count + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;
}

/* Distance between rows of a layer's activations: an odd number of cache lines, so that rows do not all
 * fall on the same places of a cache. */
static inline size_t mnist_row(size_t outputs)
{
    return (mnist_pad(outputs) / MNIST_LANES | 1) * MNIST_LANES;
}

static inline size_t mnist_panel_width(const mnist_layer *layer, size_t panel)
{
    size_t rest = layer->stride - panel * MNIST_PANEL;
    return rest < MNIST_PANEL ? rest : MNIST_PANEL;
}

/* Where row `input` of a panel starts; row layer->inputs is the bias, the next gamma, the running
 * mean, the running variance. */
static inline size_t mnist_panel_row(const mnist_layer *layer, size_t panel, size_t input)
{
    return layer->offset + panel * MNIST_PANEL * layer->rows +
           input * mnist_panel_width(layer, panel);
}

/* Copies one layer of an arena out of its panels or into them; either array may be NULL. */
void mnist_layer_read(const mnist_layer *layer, const float *arena, float *weights, float *bias);
void mnist_layer_write(const mnist_layer *layer, float *arena, const float *weights,
                       const float *bias);

/* The same of all rows of a layer, (layer->rows, outputs), without padding. */
void mnist_layer_read_rows(const mnist_layer *layer, const float *arena, float *rows);
void mnist_layer_write_rows(const mnist_layer *layer, float *arena, const float *rows);

/* Is the layer normalised over the batch? */
static inline bool mnist_layer_normalizes(const mnist_layer *layer)
{
    return layer->rows > layer->trained;
}

#define MNIST_BATCH_NORM_EPSILON 1e-5f

/* Writes the plain net that gives the same outputs in inference as net does with `arena` (of net's
 * layout): batch normalisation goes into weights and biases. plain has the shape of net, without
 * batch_norm. */
void mnist_mlp_fold(const mnist_mlp *net, const float *arena, mnist_mlp *plain);

/* The reverse, for the start of a training: plain's parameters, gamma 1, mean 0, variance 1. */
void mnist_mlp_unfold(const mnist_mlp *plain, mnist_mlp *net);

/* Are all parameters finite? */
bool mnist_mlp_finite(const mnist_mlp *mlp);

#endif
