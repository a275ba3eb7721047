#include "nn/optimizer.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>

const char *mnist_optimizer_name(mnist_optimizer_kind kind)
{
    switch (kind) {
    case MNIST_SGD:
        return "sgd";
    case MNIST_ADAM:
        return "adam";
    case MNIST_ADAMW:
        return "adamw";
    case MNIST_RMSPROP:
        return "rmsprop";
    case MNIST_OPTIMIZERS:
        break;
    }
    return NULL;
}

mnist_status mnist_optimizer_create(mnist_optimizer **out, const mnist_mlp *mlp,
                                    const mnist_optimizer_config *config, mnist_error *err)
{
    *out = NULL;
    mnist_optimizer *optimizer = mnist_alloc(1, sizeof *optimizer);
    if (!optimizer) {
        return mnist_fail_memory(err, sizeof *optimizer, "the optimiser");
    }
    optimizer->config = *config;
    optimizer->beta1_power = optimizer->beta2_power = 1.0;
    optimizer->first = mnist_alloc(mlp->arena_size, sizeof(float));
    if (config->kind != MNIST_SGD) {
        optimizer->second = mnist_alloc(mlp->arena_size, sizeof(float));
    }
    if (!optimizer->first || (config->kind != MNIST_SGD && !optimizer->second)) {
        mnist_optimizer_free(optimizer);
        return mnist_fail_memory(err, mlp->arena_size * sizeof(float), "the optimiser's state");
    }
    mnist_optimizer_advance(optimizer); /* powers are those of the update to come */
    optimizer->updates = 0;
    *out = optimizer;
    return MNIST_OK;
}

void mnist_optimizer_free(mnist_optimizer *optimizer)
{
    if (optimizer) {
        mnist_free(optimizer->first);
        mnist_free(optimizer->second);
        mnist_free(optimizer);
    }
}

void mnist_optimizer_advance(mnist_optimizer *optimizer)
{
    optimizer->updates++;
    optimizer->beta1_power *= (double)optimizer->config.beta1;
    optimizer->beta2_power *= (double)optimizer->config.beta2;
}

static mnist_adam_update adam_update(const mnist_optimizer *optimizer, mnist_update update)
{
    const mnist_optimizer_config *c = &optimizer->config;
    const bool decoupled = c->kind == MNIST_ADAMW;
    mnist_adam_update u = {.beta1 = 0.0f,
                           .beta2 = c->rho,
                           .rate = update.lr,
                           .spread = 1.0f,
                           .epsilon = c->epsilon,
                           .decay = decoupled ? 0.0f : c->weight_decay,
                           .keep = decoupled ? 1.0f - update.lr * c->weight_decay : 1.0f,
                           .scale = update.scale};
    if (c->kind != MNIST_RMSPROP) {
        u.beta1 = c->beta1;
        u.beta2 = c->beta2;
        u.rate = (float)((double)update.lr / (1.0 - optimizer->beta1_power));
        u.spread = (float)(1.0 / sqrt(1.0 - optimizer->beta2_power));
    }
    u.gain1 = 1.0f - u.beta1;
    u.gain2 = 1.0f - u.beta2;
    return u;
}

/* Some values of the arena that lie one after the other, and their gradient. */
typedef struct value_run {
    size_t at, count;
    const float *gradient;
    bool decays; /* they are weights */
} value_run;

static void update_values(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                          mnist_mlp *mlp, const value_run *run, mnist_update update)
{
    const mnist_optimizer_config *c = &optimizer->config;
    float *parameters = mlp->parameters + run->at, *first = optimizer->first + run->at;
    if (c->kind == MNIST_SGD) {
        mnist_sgd_update u = {.lr = update.lr,
                              .momentum = c->momentum,
                              .decay = run->decays ? c->weight_decay : 0.0f,
                              .scale = update.scale,
                              .nesterov = c->nesterov};
        kernels->sgd(parameters, first, run->gradient, run->count, &u);
        return;
    }
    mnist_adam_update u = adam_update(optimizer, update);
    if (!run->decays) {
        u.decay = 0.0f;
        u.keep = 1.0f;
    }
    kernels->adam(parameters, first, optimizer->second + run->at, run->gradient, run->count, &u);
}

/* The average of rows that have been updated; with the last trained one go those that are not
 * trained. */
static void average_rows(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                         const mnist_mlp *mlp, const mnist_panel_rows *rows)
{
    const mnist_layer *layer = rows->layer;
    if (!optimizer->average) {
        return;
    }
    const size_t at = mnist_panel_row(layer, rows->panel, rows->first);
    const size_t count = (rows->end == layer->trained ? layer->rows : rows->end) - rows->first;
    kernels->average(optimizer->average + at, mlp->parameters + at,
                     count * mnist_panel_width(layer, rows->panel), optimizer->average_rate);
}

void mnist_optimizer_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                            mnist_mlp *mlp, const mnist_panel_rows *rows, const float *gradient,
                            mnist_update update)
{
    const mnist_layer *layer = rows->layer;
    const size_t first = rows->first, end = rows->end;
    const size_t weights_end = end < layer->inputs ? end : layer->inputs;
    const size_t width = mnist_panel_width(layer, rows->panel);
    const size_t weights = weights_end > first ? (weights_end - first) * width : 0;
    value_run run = {.at = mnist_panel_row(layer, rows->panel, first),
                     .count = weights,
                     .gradient = gradient,
                     .decays = true};
    if (weights > 0) {
        update_values(optimizer, kernels, mlp, &run, update);
    }
    if (end > layer->inputs) { /* what is trained and is no weight */
        run = (value_run){.at = run.at + weights,
                          .count = (end - first) * width - weights,
                          .gradient = gradient + weights};
        update_values(optimizer, kernels, mlp, &run, update);
    }
    if (optimizer->config.max_norm <= 0.0f) {
        average_rows(optimizer, kernels, mlp, rows);
    }
}

void mnist_optimizer_limit(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                           mnist_mlp *mlp, const mnist_layer *layer, size_t panel)
{
    const bool hidden = layer != &mlp->layers[mlp->layer_count - 1];
    if (hidden) {
        kernels->limit_columns(mlp->parameters + mnist_panel_row(layer, panel, 0), layer->inputs,
                               mnist_panel_width(layer, panel), optimizer->config.max_norm);
    }
    average_rows(optimizer, kernels, mlp,
                 &(mnist_panel_rows){.layer = layer, .panel = panel, .end = layer->trained});
}
