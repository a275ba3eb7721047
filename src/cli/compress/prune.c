/* Fewer weights: the net is trained further while they become 0, and units without any go. */
#include "cli/compress/compression.h"

#include <stdio.h>

static void describe(mnist_compression *c)
{
    const mnist_compress_settings *s = c->settings;
    char codebook[24] = "";
    if (s->codebook > 0) {
        snprintf(codebook, sizeof codebook, " codebook:%u", s->codebook);
    }
    snprintf(c->done, sizeof c->done, "prune %s%s%s", s->keep, s->rewind ? " rewound" : "",
             codebook);
}

bool mnist_compression_prune(mnist_compression *c, mnist_error *err)
{
    describe(c);
    return (!c->early || mnist_compression_rewind(c, err)) &&
           mnist_compression_train(c, err) == MNIST_OK &&
           (!c->settings->compact || mnist_mlp_compact(&c->compact, mnist_model_mlp(c->model),
                                                       &c->removed, err) == MNIST_OK);
}
