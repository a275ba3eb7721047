/* What images make of a net, before and after. */
#include "cli/compress/compression.h"

#include <stdlib.h>
#include <string.h>

mnist_mlp *mnist_compression_net(const mnist_compression *c)
{
    return c->compact ? c->compact : mnist_model_mlp(c->model);
}

/* The lowest index of the largest, as mnist_evaluate has it. */
static uint8_t answer(const float *values, unsigned classes)
{
    unsigned best = 0;
    for (unsigned k = 1; k < classes; k++) {
        best = values[k] > values[best] ? k : best;
    }
    return (uint8_t)best;
}

/* Evaluates the net. Before, notes its answers; after, counts those that differ from them. */
static bool measure(const mnist_compression *c, mnist_compress_figures *f, bool is_after,
                    mnist_error *err)
{
    const size_t count = f->view.count;
    if (count == 0) {
        return true;
    }
    const unsigned classes = mnist_mlp_shape(mnist_compression_net(c))->outputs;
    float *logits = malloc(count * classes * sizeof *logits);
    f->answers = f->answers ? f->answers : malloc(count);
    if (!logits || !f->answers) {
        free(logits);
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the logits of %zu images",
                          count) == MNIST_OK;
    }
    const mnist_status status =
        mnist_logits(mnist_compression_net(c), f->view, mnist_model_normalization(c->model),
                     c->pool, logits, is_after ? &f->after : &f->before, err);
    f->changed = 0;
    for (size_t i = 0; i < count && status == MNIST_OK; i++) {
        const uint8_t is = answer(logits + i * classes, classes);
        f->changed += is_after && is != f->answers[i];
        f->answers[i] = is_after ? f->answers[i] : is;
    }
    free(logits);
    return status == MNIST_OK;
}

bool mnist_compression_measure_before(mnist_compression *c, mnist_error *err)
{
    return mnist_compression_describe(&c->before, mnist_compression_net(c), err) &&
           measure(c, &c->validation, false, err) && measure(c, &c->test, false, err);
}

bool mnist_compression_measure_after(mnist_compression *c, bool test, mnist_error *err)
{
    return mnist_compression_describe(&c->after, mnist_compression_net(c), err) &&
           measure(c, &c->validation, true, err) && (!test || measure(c, &c->test, true, err));
}

bool mnist_compression_describe(mnist_compress_net *out, const mnist_mlp *mlp, mnist_error *err)
{
    out->shape = *mnist_mlp_shape(mlp);
    out->weights = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        out->weights += (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
        if (mnist_mlp_layer_weights_left(mlp, l, &out->left[l], err) != MNIST_OK) {
            return false;
        }
    }
    return true;
}
