/* Weights of fewer bits, after training or in the course of one. */
#include "cli/compress/compression.h"

/* To 16 bits. */
static bool round_off(mnist_compression *c, mnist_error *err)
{
    size_t changed;
    mnist_mlp *mlp = mnist_compression_net(c);
    c->storage = c->settings->bits == MNIST_COMPRESS_FP16 ? MNIST_FP16 : MNIST_BF16;
    if (mnist_mlp_round(mlp, c->storage, &changed, err) != MNIST_OK) {
        return false;
    }
    if (changed == 0) {
        mnist_compression_note(c, "all parameters are numbers of %s as they are",
                               mnist_precision_name(c->storage));
    }
    return true;
}

bool mnist_compression_quantize(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    const mnist_quantize_options options = {.bits = mnist_compress_whole_bits(s->bits),
                                            .range = s->range};
    snprintf(c->done, sizeof c->done, "%s%s", mnist_compress_bits_name(s->bits),
             s->trains ? " trained" : "");
    if (options.bits == 0) {
        return round_off(c, err);
    }
    if (s->trains && mnist_compression_train(c, err) != MNIST_OK) {
        return false;
    }
    const size_t count = s->calibrate < c->train.count ? s->calibrate : c->train.count;
    return mnist_mlp_quantize(mnist_compression_net(c), mnist_view_slice(c->train, 0, count),
                              mnist_model_normalization(c->model), &options, c->pool,
                              err) == MNIST_OK;
}
