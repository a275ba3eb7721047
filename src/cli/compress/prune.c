/* Fewer weights: the net is trained further while they become 0, and units without any go. */
#include "cli/compress/compression.h"

bool mnist_compression_prune(mnist_compression *c, mnist_error *err)
{
    int length = snprintf(c->done, sizeof c->done, "prune %s", c->settings->keep);
    if (c->settings->codebook > 0) {
        snprintf(c->done + length, sizeof c->done - (size_t)length, " codebook:%u",
                 c->settings->codebook);
    }
    return mnist_compression_train(c, err) == MNIST_OK &&
           mnist_mlp_compact(&c->compact, mnist_model_mlp(c->model), &c->removed, err) == MNIST_OK;
}
