/* Optimisers over an arena. Their state has the layout of the parameters. */
#ifndef MNIST_NN_OPTIMIZER_H
#define MNIST_NN_OPTIMIZER_H

#include "nn/mlp.h"

/* The most that an optimiser keeps for each parameter (mnist_optimizer_traits.states). */
#define MNIST_OPTIMIZER_STATES 2

typedef struct mnist_optimizer {
    mnist_optimizer_config config;
    /* (arena_size) each: of SGD the velocity; of Adam the mean gradient and the mean of its square.
     * Those that the optimiser does not keep are NULL. */
    float *state[MNIST_OPTIMIZER_STATES];
    /* The exponential moving average of the parameters (Polyak & Juditsky 1992), updated with them;
     * NULL: none is kept. */
    float *average; /* (arena_size), borrowed */
    float average_rate;
    /* (arena_size), borrowed: parameters where it is 0 stay 0, and so does their state. NULL: all are
     * trained. */
    const float *mask;
    /* (arena_size), borrowed: what is updated and averaged in place of the net's parameters, which are
     * made of it afterwards (quantisation in training). NULL: the parameters themselves. */
    float *latent;
    uint64_t updates;                /* so far, without those that were left out */
    double beta1_power, beta2_power; /* beta^updates, to correct Adam's means */
} mnist_optimizer;

/* Rows [first, end) of a panel of a layer's parameters. */
typedef struct mnist_panel_rows {
    const mnist_layer *layer;
    size_t panel, first, end;
} mnist_panel_rows;

/* One update: the numbers that are the same for all blocks of the gradient. */
typedef struct mnist_update {
    float lr;
    float scale; /* the gradient is multiplied by this, for clipping and for the loss scale */
} mnist_update;

/* What an optimiser updates. */
static inline float *mnist_optimizer_values(const mnist_optimizer *optimizer, const mnist_mlp *mlp)
{
    return optimizer->latent ? optimizer->latent : mlp->parameters;
}

/* Sets values to 0 where the mask is 0. */
static inline void mnist_mask_values(float *values, const float *mask, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mask[i] == 0.0f ? 0.0f : values[i]; // NOLINT: compared with what was written
    }
}

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_optimizer_create(mnist_optimizer **out, const mnist_mlp *mlp,
                                    const mnist_optimizer_config *config, mnist_error *err);
void mnist_optimizer_free(mnist_optimizer *optimizer);

/* To be called by one thread while the workers wait, once all blocks of an update are done. */
void mnist_optimizer_advance(mnist_optimizer *optimizer);

/* Updates rows of a panel with their gradient, (end - first, width of the panel); rows from
 * layer->inputs on, bias and gamma, do not decay. The average is updated too, unless max_norm will
 * change the rows first. */
void mnist_optimizer_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                            mnist_mlp *mlp, const mnist_panel_rows *rows, const float *gradient,
                            mnist_update update);

/* Weights that lie anywhere in the arena: gradient[gradient_places[e]] is that of the parameter
 * places[e]. */
typedef struct mnist_places {
    const uint32_t *places, *gradient_places; /* (count) */
    const float *gradient;
    size_t count;
} mnist_places;

/* Updates weights, which decay, and their average, by the same arithmetic; there is no max_norm. */
void mnist_optimizer_update_places(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                                   float *parameters, const mnist_places *places,
                                   mnist_update update);

/* After all updates of a panel: limits the units' weights to max_norm, and updates the average. */
void mnist_optimizer_limit(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                           mnist_mlp *mlp, const mnist_layer *layer, size_t panel);

#endif
