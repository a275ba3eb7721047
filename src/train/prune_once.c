/* Pruning at once, without a training. */
#include "base/memory.h"
#include "train/config.h"
#include "train/prune.h"

#include <mnist/integers.h>

mnist_status mnist_mlp_prune(mnist_mlp *mlp, const mnist_train_config *config, mnist_view train,
                             mnist_error *err)
{
    const mnist_train_job job = {.net = mlp, .config = config, .train = train};
    mnist_optimizer untouched = {.mask = NULL}; /* nothing lies behind the weights */
    mnist_train_config at_once = *config;
    mnist_pruner pruner;
    mnist_status status = mnist_train_check(&job, err);
    at_once.pruning.start = 0.0f;
    at_once.pruning.end = 1.0f;
    if (status == MNIST_OK) {
        status = mnist_pruner_create(&pruner, mlp, &at_once, 1, train, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    mnist_mlp_drop_integers(mlp);
    if (config->tie_pixels > 1) {
        mnist_tie_weights(&mlp->layers[0], (mnist_tie){config->tie_pixels, train.cols},
                          mlp->parameters);
    }
    mnist_pruner_step(&pruner, 1, &untouched, NULL);
    mnist_pruner_free(&pruner);
    return MNIST_OK;
}
