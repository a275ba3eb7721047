/* Quantisation in the course of a training: from the weights that are trained, which are floats, to
 * those that the net computes with. */
#ifndef MNIST_TRAIN_QUANTIZER_H
#define MNIST_TRAIN_QUANTIZER_H

#include "base/pool.h"
#include "nn/optimizer.h"

#include <mnist/train.h>

typedef struct mnist_quantizer {
    const mnist_quantization *config;
    const bool *frozen; /* layers, which are not quantised */
    mnist_mlp *net;
    float *latent; /* (arena of net): what is trained once `on`; NULL: nothing is quantised */
    /* How the grids lie in memory: each layer has a row, of the scales of its outputs or of the levels
     * of its codebook, in ascending order. All 0 until it is on. */
    mnist_mlp layout;
    float *grid, *other_grid; /* (arena of layout); the other of what is handed out */
    float *before;            /* (arena of layout): while a codebook is sought */
    double *sums;   /* of a codebook, (panels of the net, 2, levels): values, their number */
    uint64_t start; /* step */
    bool on;
} mnist_quantizer;

/* steps: of the whole training. Keeps what it is given. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_quantizer_create(mnist_quantizer *quantizer, mnist_mlp *net,
                                    const mnist_train_config *config, uint64_t steps,
                                    mnist_error *err);
void mnist_quantizer_free(mnist_quantizer *quantizer);

/* After so many steps: begins if it is time. Was it? */
bool mnist_quantizer_step(mnist_quantizer *quantizer, uint64_t step, mnist_optimizer *optimizer);

/* After an update of the latent weights: all workers together make the net of them. Nothing if it
 * is not on. */
void mnist_quantizer_part(const mnist_quantizer *quantizer, mnist_worker worker);

/* Goes on with latent weights and grids that have been restored. Errors: MNIST_ERR_FORMAT (a grid
 * that is none). */
mnist_status mnist_quantizer_go_on(mnist_quantizer *quantizer, mnist_optimizer *optimizer,
                                   mnist_error *err);

/* Quantises an average of latent weights, or what else has the net's layout, to out; with grids of
 * its own. */
void mnist_quantizer_hand_out(const mnist_quantizer *quantizer, const float *from, float *out);

/* Is there something to be quantised, which is not yet? */
static inline bool mnist_quantizer_waits(const mnist_quantizer *quantizer)
{
    return quantizer->latent && !quantizer->on;
}

#endif
