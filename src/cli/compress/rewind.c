/* --rewind: one model says which weights are left, an earlier one what they begin with (Frankle & Carbin
 * 2019, "The lottery ticket hypothesis"; Frankle et al. 2020, "Linear mode connectivity and the lottery
 * ticket hypothesis"). */
#include "cli/compress/compression.h"

#include "cli/shared/option_parts.h"

#include <stdlib.h>
#include <string.h>

#define SHAPE_TEXT 128

/* "784-256-10, relu" */
static void describe(const mnist_mlp_config *shape, char text[SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT, "%u-", shape->inputs);
    for (unsigned l = 0; l < shape->hidden_count; l++) {
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "%u-", shape->hidden[l]);
    }
    snprintf(text + used, SHAPE_TEXT - used, "%u, %s", shape->outputs,
             mnist_activation_name(shape->activation));
}

/* Do the two see an image alike? */
static bool normalizes_alike(const mnist_normalization *one, const mnist_normalization *other)
{
    const float mean = one->mean - other->mean, stddev = one->stddev - other->stddev;
    return one->kind == other->kind && mean >= 0.0f && mean <= 0.0f && stddev >= 0.0f &&
           stddev <= 0.0f;
}

bool mnist_compression_read_early(mnist_compression *c, mnist_error *err)
{
    const char *path = c->settings->rewind;
    char is[SHAPE_TEXT], expected[SHAPE_TEXT];
    if (!path) {
        return true;
    }
    if (mnist_model_load(&c->early, path, err) != MNIST_OK) {
        return false;
    }
    describe(mnist_mlp_shape(mnist_model_mlp(c->early)), is);
    describe(mnist_mlp_shape(mnist_model_mlp(c->model)), expected);
    if (strcmp(is, expected) != 0) {
        return mnist_options_fail(err,
                                  "--rewind: the net in %.1200s is %s, but that in %.1200s is %s; "
                                  "both must be of one training",
                                  path, is, c->in, expected);
    }
    return normalizes_alike(mnist_model_normalization(c->early),
                            mnist_model_normalization(c->model)) ||
           mnist_options_fail(
               err,
               "--rewind: %.1200s normalises images otherwise than %.1200s; both must "
               "be of one training",
               path, c->in);
}

/* (in, out) of both; the result is in early. */
static void leave_zeros(float *early, const float *pruned, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        early[i] = pruned[i] > 0.0f || pruned[i] < 0.0f ? early[i] : 0.0f;
    }
}

bool mnist_compression_rewind(mnist_compression *c, mnist_error *err)
{
    mnist_mlp *mlp = mnist_model_mlp(c->model);
    if (mnist_mlp_prune(mlp, &c->settings->training.config, c->train, err) != MNIST_OK) {
        return false;
    }
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t outputs = mnist_mlp_layer_outputs(mlp, l),
                     count = mnist_mlp_layer_inputs(mlp, l) * outputs;
        float *pruned = calloc(2 * count + outputs, sizeof *pruned);
        if (!pruned) {
            return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a layer") == MNIST_OK;
        }
        float *early = pruned + count, *bias = early + count;
        mnist_mlp_get_layer(mlp, l, pruned, NULL);
        mnist_mlp_get_layer(mnist_model_mlp(c->early), l, early, bias);
        leave_zeros(early, pruned, count);
        mnist_mlp_set_layer(mlp, l, early, bias);
        free(pruned);
    }
    return true;
}
