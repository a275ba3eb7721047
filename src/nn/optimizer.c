#include "nn/optimizer.h"

#include "base/memory.h"
#include "base/status.h"

mnist_status mnist_optimizer_create(mnist_optimizer **out, const mnist_mlp *mlp,
                                    const mnist_sgd *sgd, mnist_error *err)
{
    *out = NULL;
    mnist_optimizer *optimizer = mnist_alloc(1, sizeof *optimizer);
    if (!optimizer) {
        return mnist_fail_memory(err, sizeof *optimizer, "the optimiser");
    }
    optimizer->sgd = *sgd;
    optimizer->velocity = mnist_alloc(mlp->arena_size, sizeof *optimizer->velocity);
    if (!optimizer->velocity) {
        mnist_optimizer_free(optimizer);
        return mnist_fail_memory(err, mlp->arena_size * sizeof(float), "the optimiser's state");
    }
    *out = optimizer;
    return MNIST_OK;
}

void mnist_optimizer_free(mnist_optimizer *optimizer)
{
    if (optimizer) {
        mnist_free(optimizer->velocity);
        mnist_free(optimizer);
    }
}

void mnist_optimizer_update(mnist_optimizer *optimizer, const mnist_kernels *kernels,
                            mnist_mlp *mlp, const float *gradient, const mnist_layer *layer,
                            size_t panel, size_t first, size_t end, float lr, float scale)
{
    mnist_sgd_update update = {.lr = lr,
                               .momentum = optimizer->sgd.momentum,
                               .decay = optimizer->sgd.weight_decay,
                               .scale = scale,
                               .nesterov = optimizer->sgd.nesterov};
    size_t weights_end = end < layer->inputs ? end : layer->inputs;
    size_t width = mnist_panel_width(layer, panel);
    size_t at = mnist_panel_row(layer, panel, first), weights = (weights_end - first) * width;
    if (weights > 0) {
        kernels->sgd(mlp->parameters + at, optimizer->velocity + at, gradient, weights, &update);
    }
    if (end > layer->inputs) {
        update.decay = 0.0f;
        at += weights;
        kernels->sgd(mlp->parameters + at, optimizer->velocity + at, gradient + weights, width,
                     &update);
    }
}
