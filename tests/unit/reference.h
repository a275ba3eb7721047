/* A net in double, independent of the library's, with which gradients and outputs are compared. It
 * knows dropout (masks are given), batch normalisation, and any targets. */
#ifndef MNIST_TESTS_REFERENCE_H
#define MNIST_TESTS_REFERENCE_H

#include "unit/unit.h"

#include "unit/exact.h"

#include "nn/mlp.h"

#include <math.h>
#include <stdlib.h>

enum { REFERENCE_LAYERS = 3, REFERENCE_WIDTH = 70, REFERENCE_BATCH = 9 };

typedef struct reference_net {
    unsigned layers, width[REFERENCE_LAYERS + 1]; /* width[0]: the inputs */
    mnist_activation activation;
    bool batch_norm;
    double *parameters[REFERENCE_LAYERS]; /* weights (in, out), bias, and, if normalised, gamma */
    /* Of a normalised layer; NULL: those of the batch. */
    const double *mean[REFERENCE_LAYERS], *variance[REFERENCE_LAYERS];
    /* The factor that dropout gives each output of a hidden layer, (batch, REFERENCE_WIDTH); NULL:
     * no dropout. */
    const double *mask[REFERENCE_LAYERS];
} reference_net;

static inline bool reference_normalizes(const reference_net *net, unsigned l)
{
    return net->batch_norm && l + 1 < net->layers;
}

/* Trained values of layer l. */
static inline size_t reference_count(const reference_net *net, unsigned l)
{
    return (net->width[l] + (reference_normalizes(net, l) ? 2u : 1u)) * (size_t)net->width[l + 1];
}

/* One value of an arena of mlp's layout: row `row` of layer l, unit n. */
static inline size_t reference_place(const mnist_mlp *mlp, unsigned l, size_t row, size_t n)
{
    return mnist_panel_row(&mlp->layers[l], n / MNIST_PANEL, row) + n % MNIST_PANEL;
}

/* Trained values of layer l of an arena, such as parameters or gradient, row by row. */
static inline void reference_read(const mnist_mlp *mlp, const float *arena, unsigned l, double *out)
{
    const mnist_layer *layer = &mlp->layers[l];
    for (size_t row = 0; row < layer->trained; row++) {
        for (size_t n = 0; n < layer->outputs; n++) {
            out[row * layer->outputs + n] = (double)arena[reference_place(mlp, l, row, n)];
        }
    }
}

/* parameters is the caller's, by reference_free. */
static inline reference_net reference_of(const mnist_mlp *mlp)
{
    reference_net net = {.layers = mlp->layer_count,
                         .width = {mlp->config.inputs},
                         .activation = mlp->config.activation,
                         .batch_norm = mlp->config.batch_norm};
    for (unsigned l = 0; l < net.layers; l++) {
        net.width[l + 1] = (unsigned)mlp->layers[l].outputs;
        net.parameters[l] = malloc(reference_count(&net, l) * sizeof(double));
        assert_non_null(net.parameters[l]);
        reference_read(mlp, mlp->parameters, l, net.parameters[l]);
    }
    return net;
}

static inline void reference_free(reference_net *net)
{
    for (unsigned l = 0; l < net->layers; l++) {
        free(net->parameters[l]);
    }
}

/* z of unit n of layer l, over the batch: normalised. */
static inline void reference_normalize(const reference_net *net, unsigned l, size_t n,
                                       double z[][REFERENCE_WIDTH], size_t count)
{
    const size_t in = net->width[l], out = net->width[l + 1];
    double mean = 0, variance = 0;
    for (size_t i = 0; i < count; i++) {
        mean += z[i][n] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        variance += (z[i][n] - mean) * (z[i][n] - mean) / (double)count;
    }
    mean = net->mean[l] ? net->mean[l][n] : mean;
    variance = net->variance[l] ? net->variance[l][n] : variance;
    for (size_t i = 0; i < count; i++) {
        z[i][n] =
            net->parameters[l][(in + 1) * out + n] * (z[i][n] - mean) / sqrt(variance + 1e-5) +
            net->parameters[l][in * out + n];
    }
}

/* logits (count, outputs) of x (count, inputs). */
static inline void reference_forward(const reference_net *net, const double *x, size_t count,
                                     double *logits)
{
    double a[REFERENCE_BATCH][REFERENCE_WIDTH], z[REFERENCE_BATCH][REFERENCE_WIDTH];
    for (size_t i = 0; i < count; i++) {
        memcpy(a[i], x + i * net->width[0], net->width[0] * sizeof *x);
    }
    for (unsigned l = 0; l < net->layers; l++) {
        const size_t in = net->width[l], out = net->width[l + 1];
        const double *weights = net->parameters[l];
        for (size_t i = 0; i < count; i++) {
            for (size_t n = 0; n < out; n++) {
                z[i][n] = reference_normalizes(net, l) ? 0 : weights[in * out + n];
                for (size_t k = 0; k < in; k++) {
                    z[i][n] += a[i][k] * weights[k * out + n];
                }
            }
        }
        for (size_t n = 0; reference_normalizes(net, l) && n < out; n++) {
            reference_normalize(net, l, n, z, count);
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t n = 0; n < out; n++) {
                a[i][n] =
                    l + 1 < net->layers ? exact_activation(net->activation, z[i][n]) : z[i][n];
                if (l + 1 < net->layers && net->mask[l]) {
                    a[i][n] *= net->mask[l][i * REFERENCE_WIDTH + n];
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(logits + i * net->width[net->layers], a[i],
               net->width[net->layers] * sizeof *logits);
    }
}

/* log softmax of a row of logits, in place. */
static inline void reference_log_softmax(double *z, unsigned classes)
{
    double maximum = -1e300, sum = 0;
    for (unsigned c = 0; c < classes; c++) {
        maximum = fmax(maximum, z[c]);
    }
    for (unsigned c = 0; c < classes; c++) {
        sum += exp(z[c] - maximum);
    }
    for (unsigned c = 0; c < classes; c++) {
        z[c] -= maximum + log(sum);
    }
}

/* Mean over the batch of the cross-entropy with targets (count, outputs), less confidence times the entropy of
 * the softmax. */
static inline double reference_loss(const reference_net *net, const double *x,
                                    const double *targets, size_t count, double confidence)
{
    double logits[REFERENCE_BATCH * REFERENCE_WIDTH], total = 0;
    const unsigned classes = net->width[net->layers];
    reference_forward(net, x, count, logits);
    for (size_t i = 0; i < count; i++) {
        double *log_p = logits + i * classes;
        reference_log_softmax(log_p, classes);
        for (unsigned c = 0; c < classes; c++) {
            total -= (targets[i * classes + c] - confidence * exp(log_p[c])) * log_p[c];
        }
    }
    return total / (double)count;
}

#endif
