/* A net without the hidden units that it can do without. */
#include <mnist/compress.h>

#include "base/status.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS (MNIST_MAX_HIDDEN + 1)

/* The net as plain arrays. Layer l's outputs are hidden layer l's units, those of the last the
 * logits. */
typedef struct plain {
    unsigned layers;
    unsigned inputs[LAYERS], outputs[LAYERS];
    float *weights[LAYERS]; /* (inputs, outputs) */
    float *biases[LAYERS];  /* (outputs) */
    bool *gone[LAYERS];     /* (outputs) */
} plain;

static void release(plain *net)
{
    for (unsigned l = 0; l < net->layers; l++) {
        free(net->weights[l]);
        free(net->biases[l]);
        free(net->gone[l]);
    }
}

static bool all_finite(const float *values, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        finite = finite && isfinite(values[i]);
    }
    return finite;
}

static mnist_status take(plain *net, const mnist_mlp *mlp, mnist_error *err)
{
    *net = (plain){.layers = mnist_mlp_layers(mlp)};
    for (unsigned l = 0; l < net->layers; l++) {
        net->inputs[l] = mnist_mlp_layer_inputs(mlp, l);
        net->outputs[l] = mnist_mlp_layer_outputs(mlp, l);
        const size_t weights = (size_t)net->inputs[l] * net->outputs[l];
        net->weights[l] = malloc(weights * sizeof(float));
        net->biases[l] = malloc(net->outputs[l] * sizeof(float));
        net->gone[l] = calloc(net->outputs[l], sizeof(bool));
        if (!net->weights[l] || !net->biases[l] || !net->gone[l]) {
            return mnist_fail_memory(err, weights * sizeof(float), "a layer");
        }
        mnist_mlp_get_layer(mlp, l, net->weights[l], net->biases[l]);
        if (!all_finite(net->weights[l], weights) || !all_finite(net->biases[l], net->outputs[l])) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "layer %u: a parameter is not a finite number", l);
        }
    }
    return MNIST_OK;
}

/* Are the weights in of layer l's unit all 0, but for those from units that are gone? */
static bool is_constant(const plain *net, unsigned l, unsigned unit)
{
    for (unsigned i = 0; i < net->inputs[l]; i++) {
        const bool counts = l == 0 || !net->gone[l - 1][i];
        if (counts && net->weights[l][(size_t)i * net->outputs[l] + unit] != 0.0f) {
            return false;
        }
    }
    return true;
}

/* The same of its weights out. */
static bool is_unread(const plain *net, unsigned l, unsigned unit)
{
    const float *out = net->weights[l + 1] + (size_t)unit * net->outputs[l + 1];
    for (unsigned n = 0; n < net->outputs[l + 1]; n++) {
        if (!net->gone[l + 1][n] && out[n] != 0.0f) {
            return false;
        }
    }
    return true;
}

/* Adds what a constant unit gives to the biases above, which then read it no longer. */
static void fold(plain *net, unsigned l, unsigned unit, mnist_activation activation)
{
    float value;
    float *out = net->weights[l + 1] + (size_t)unit * net->outputs[l + 1];
    mnist_kernels_scalar.activate[activation](&net->biases[l][unit], &value, 1);
    for (unsigned n = 0; n < net->outputs[l + 1]; n++) {
        if (out[n] != 0.0f) {
            net->biases[l + 1][n] = fmaf(value, out[n], net->biases[l + 1][n]);
        }
        out[n] = 0.0f;
    }
}

/* Takes out units of a hidden layer, but not its last. Returns how many. */
static size_t take_out(plain *net, unsigned l, bool (*goes)(const plain *, unsigned, unsigned))
{
    size_t left = 0, count = 0;
    for (unsigned u = 0; u < net->outputs[l]; u++) {
        left += !net->gone[l][u];
    }
    for (unsigned u = 0; u < net->outputs[l] && left > 1; u++) {
        if (!net->gone[l][u] && goes(net, l, u)) {
            net->gone[l][u] = true;
            left--;
            count++;
        }
    }
    return count;
}

/* The one unit that a layer keeps need read nothing if nothing reads it. */
static void idle(plain *net, unsigned l)
{
    for (unsigned u = 0; u < net->outputs[l]; u++) {
        for (unsigned i = 0; !net->gone[l][u] && is_unread(net, l, u) && i < net->inputs[l]; i++) {
            net->weights[l][(size_t)i * net->outputs[l] + u] = 0.0f;
        }
    }
}

/* Upwards, as what is constant below can make units above constant; then downwards, as what is
 * unread above can make units below unread. Neither makes more work for the other: a unit that still
 * has a weight in from a unit that goes is that unit's reader. */
static void plan(plain *net, mnist_activation activation, mnist_compaction *removed)
{
    *removed = (mnist_compaction){0};
    for (unsigned l = 0; l + 1 < net->layers; l++) {
        for (unsigned u = 0; u < net->outputs[l]; u++) {
            if (is_constant(net, l, u)) {
                fold(net, l, u, activation);
            }
        }
        removed->constant += take_out(net, l, is_constant);
    }
    for (unsigned l = net->layers - 1; l-- > 0;) {
        removed->unread += take_out(net, l, is_unread);
        idle(net, l);
    }
}

/* Moves what stays of a layer to the front of its arrays. */
static void close_up(plain *net, unsigned l)
{
    float *to = net->weights[l];
    unsigned outputs = 0;
    for (unsigned i = 0; i < net->inputs[l]; i++) {
        for (unsigned n = 0; n < net->outputs[l] && (l == 0 || !net->gone[l - 1][i]); n++) {
            if (!net->gone[l][n]) {
                *to++ = net->weights[l][(size_t)i * net->outputs[l] + n];
            }
        }
    }
    for (unsigned n = 0; n < net->outputs[l]; n++) {
        if (!net->gone[l][n]) {
            net->biases[l][outputs++] = net->biases[l][n];
        }
    }
}

static unsigned count_left(const plain *net, unsigned l)
{
    unsigned left = 0;
    for (unsigned n = 0; n < net->outputs[l]; n++) {
        left += !net->gone[l][n];
    }
    return left;
}

mnist_status mnist_mlp_compact(mnist_mlp **out, const mnist_mlp *mlp, mnist_compaction *removed,
                               mnist_error *err)
{
    plain net;
    mnist_compaction counts;
    mnist_mlp_config config = *mnist_mlp_shape(mlp);
    *out = NULL;
    if (config.batch_norm) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "a net with batch normalisation");
    }
    mnist_status status = take(&net, mlp, err);
    if (status == MNIST_OK) {
        plan(&net, config.activation, &counts);
        for (unsigned l = 0; l < config.hidden_count; l++) {
            config.hidden[l] = count_left(&net, l);
        }
        status = mnist_mlp_create(out, &config, err);
    }
    for (unsigned l = 0; l < net.layers && status == MNIST_OK; l++) {
        if (!all_finite(net.biases[l], net.outputs[l])) {
            status = mnist_fail(err, MNIST_ERR_ARGUMENT,
                                "layer %u: with the constant units below, a bias would not be a "
                                "finite number",
                                l);
            break;
        }
        close_up(&net, l);
        mnist_mlp_set_layer(*out, l, net.weights[l], net.biases[l]);
    }
    release(&net);
    if (status != MNIST_OK) {
        mnist_mlp_free(*out);
        *out = NULL;
    } else if (removed) {
        *removed = counts;
    }
    return status;
}

mnist_status mnist_mlp_layer_weights_left(const mnist_mlp *mlp, unsigned layer, size_t *left,
                                          mnist_error *err)
{
    const size_t count =
        (size_t)mnist_mlp_layer_inputs(mlp, layer) * mnist_mlp_layer_outputs(mlp, layer);
    float *weights = malloc(count * sizeof *weights);
    *left = 0;
    if (!weights) {
        return mnist_fail_memory(err, count * sizeof *weights, "a layer");
    }
    mnist_mlp_get_layer(mlp, layer, weights, NULL);
    for (size_t i = 0; i < count; i++) {
        *left += weights[i] != 0.0f;
    }
    free(weights);
    return MNIST_OK;
}
