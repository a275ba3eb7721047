#include "nn/mlp.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"

#include <mnist/integers.h>

#include <assert.h>
#include <math.h>
#include <string.h>

const char *mnist_init_name(mnist_init init)
{
    switch (init) {
    case MNIST_INIT_AUTO:
        return "auto";
    case MNIST_INIT_HE:
        return "he";
    case MNIST_INIT_XAVIER:
        return "xavier";
    case MNIST_INITS:
        break;
    }
    return NULL;
}

static mnist_status check_width(const char *what, unsigned width, mnist_error *err)
{
    if (width < 1 || width > MNIST_MAX_WIDTH) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: expected 1 to %u, found %u", what,
                          MNIST_MAX_WIDTH, width);
    }
    return MNIST_OK;
}

static mnist_status check_config(const mnist_mlp_config *config, mnist_error *err)
{
    mnist_status status = check_width("inputs", config->inputs, err);
    if (status == MNIST_OK) {
        status = check_width("outputs", config->outputs, err);
    }
    if (status == MNIST_OK && config->hidden_count > MNIST_MAX_HIDDEN) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT, "hidden layers: expected at most %u, found %u",
                            MNIST_MAX_HIDDEN, config->hidden_count);
    }
    for (unsigned l = 0; status == MNIST_OK && l < config->hidden_count; l++) {
        status = check_width("width of a hidden layer", config->hidden[l], err);
    }
    if (status == MNIST_OK && !mnist_activation_name(config->activation)) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT, "activation: expected a known one, found %d",
                            (int)config->activation);
    }
    return status;
}

mnist_status mnist_mlp_create(mnist_mlp **out, const mnist_mlp_config *config, mnist_error *err)
{
    *out = NULL;
    mnist_status status = check_config(config, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_mlp *mlp = mnist_alloc(1, sizeof *mlp);
    if (!mlp) {
        return mnist_fail_memory(err, sizeof *mlp, "a net");
    }
    mlp->config = *config;
    mlp->layer_count = config->hidden_count + 1;
    size_t inputs = config->inputs;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        mnist_layer *layer = &mlp->layers[l];
        layer->inputs = inputs;
        layer->outputs = l < config->hidden_count ? config->hidden[l] : config->outputs;
        layer->stride = mnist_pad(layer->outputs);
        layer->row = mnist_row(layer->outputs);
        layer->panels = (layer->stride + MNIST_PANEL - 1) / MNIST_PANEL;
        layer->offset = mlp->arena_size;
        const bool normalized = config->batch_norm && l < config->hidden_count;
        layer->trained = inputs + (normalized ? 2 : 1);
        layer->rows = layer->trained + (normalized ? 2 : 0);
        /* at most 17 layers of 2^32 floats: no overflow in 64 bits */
        mlp->arena_size += layer->stride * layer->rows;
        inputs = layer->outputs;
    }
    mlp->parameters = mnist_alloc(mlp->arena_size, sizeof *mlp->parameters);
    if (!mlp->parameters) {
        status = mnist_fail_memory(err, mlp->arena_size * sizeof *mlp->parameters,
                                   "the parameters of the net");
        mnist_mlp_free(mlp);
        return status;
    }
    *out = mlp;
    return MNIST_OK;
}

void mnist_mlp_free(mnist_mlp *mlp)
{
    if (mlp) {
        mnist_free(mlp->parameters);
        mnist_free(mlp->integers);
        mnist_free(mlp);
    }
}

void mnist_mlp_drop_integers(mnist_mlp *mlp)
{
    mnist_free(mlp->integers);
    mlp->integers = NULL;
}

/* What MNIST_INIT_AUTO means for this net. */
static mnist_init default_init(const mnist_mlp_config *config)
{
#define INIT(code, name, text, reads, init, ...) [MNIST_##code] = MNIST_INIT_##init,
    static const mnist_init inits[] = {MNIST_ACTIVATION_LIST(INIT)};
#undef INIT
    return config->hidden_count > 0 ? inits[config->activation] : MNIST_INIT_XAVIER;
}

void mnist_mlp_init(mnist_mlp *mlp, mnist_init init, uint64_t seed)
{
    mnist_mlp_drop_integers(mlp);
    memset(mlp->parameters, 0, mlp->arena_size * sizeof *mlp->parameters);
    if (init == MNIST_INIT_AUTO) {
        init = default_init(&mlp->config);
    }
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        size_t fan = init == MNIST_INIT_HE ? layer->inputs : layer->inputs + layer->outputs;
        float bound = sqrtf(6.0f / (float)fan); /* correctly rounded, as IEEE 754 requires */
        mnist_rng_block block = {{0}};
        uint64_t index = 0;
        for (size_t input = 0; input < layer->inputs; input++) {
            for (size_t output = 0; output < layer->outputs; output++, index++) {
                if (index % 4 == 0) {
                    block = mnist_rng(seed, MNIST_RNG_INIT, l, index / 4);
                }
                float unit = 2.0f * mnist_rng_unit(block.word[index % 4]) - 1.0f; /* exact */
                size_t row = mnist_panel_row(layer, output / MNIST_PANEL, input);
                mlp->parameters[row + output % MNIST_PANEL] = bound * unit;
            }
        }
    }
}

mnist_status mnist_mlp_create_drawn(mnist_mlp **out, const mnist_mlp_config *config,
                                    mnist_init init, uint64_t seed, mnist_error *err)
{
    mnist_status status = mnist_mlp_create(out, config, err);
    if (status == MNIST_OK) {
        mnist_mlp_init(*out, init, seed);
    }
    return status;
}

const mnist_mlp_config *mnist_mlp_shape(const mnist_mlp *mlp)
{
    return &mlp->config;
}

size_t mnist_mlp_parameters(const mnist_mlp *mlp)
{
    size_t count = 0;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        count += mlp->layers[l].trained * mlp->layers[l].outputs;
    }
    return count;
}

unsigned mnist_mlp_layers(const mnist_mlp *mlp)
{
    return mlp->layer_count;
}

unsigned mnist_mlp_layer_inputs(const mnist_mlp *mlp, unsigned layer)
{
    assert(layer < mlp->layer_count);
    return (unsigned)mlp->layers[layer].inputs;
}

unsigned mnist_mlp_layer_outputs(const mnist_mlp *mlp, unsigned layer)
{
    assert(layer < mlp->layer_count);
    return (unsigned)mlp->layers[layer].outputs;
}

/* Columns of a panel that are not padding. */
static size_t panel_outputs(const mnist_layer *layer, size_t panel)
{
    size_t rest = layer->outputs - panel * MNIST_PANEL;
    return rest < MNIST_PANEL ? rest : MNIST_PANEL;
}

void mnist_layer_read(const mnist_layer *layer, const float *arena, float *weights, float *bias)
{
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t first = panel * MNIST_PANEL, bytes = panel_outputs(layer, panel) * sizeof(float);
        for (size_t k = 0; weights && k < layer->inputs; k++) {
            memcpy(weights + k * layer->outputs + first, arena + mnist_panel_row(layer, panel, k),
                   bytes);
        }
        if (bias) {
            memcpy(bias + first, arena + mnist_panel_row(layer, panel, layer->inputs), bytes);
        }
    }
}

void mnist_layer_write(const mnist_layer *layer, float *arena, const float *weights,
                       const float *bias)
{
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t first = panel * MNIST_PANEL, bytes = panel_outputs(layer, panel) * sizeof(float);
        for (size_t k = 0; weights && k < layer->inputs; k++) {
            memcpy(arena + mnist_panel_row(layer, panel, k), weights + k * layer->outputs + first,
                   bytes);
        }
        if (bias) {
            memcpy(arena + mnist_panel_row(layer, panel, layer->inputs), bias + first, bytes);
        }
    }
}

void mnist_layer_read_rows(const mnist_layer *layer, const float *arena, float *rows)
{
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t first = panel * MNIST_PANEL, bytes = panel_outputs(layer, panel) * sizeof(float);
        for (size_t k = 0; k < layer->rows; k++) {
            memcpy(rows + k * layer->outputs + first, arena + mnist_panel_row(layer, panel, k),
                   bytes);
        }
    }
}

void mnist_layer_write_rows(const mnist_layer *layer, float *arena, const float *rows)
{
    for (size_t panel = 0; panel < layer->panels; panel++) {
        size_t first = panel * MNIST_PANEL, bytes = panel_outputs(layer, panel) * sizeof(float);
        for (size_t k = 0; k < layer->rows; k++) {
            memcpy(arena + mnist_panel_row(layer, panel, k), rows + k * layer->outputs + first,
                   bytes);
        }
    }
}

void mnist_mlp_get_layer(const mnist_mlp *mlp, unsigned layer, float *weights, float *bias)
{
    assert(layer < mlp->layer_count);
    mnist_layer_read(&mlp->layers[layer], mlp->parameters, weights, bias);
}

void mnist_mlp_set_layer(mnist_mlp *mlp, unsigned layer, const float *weights, const float *bias)
{
    assert(layer < mlp->layer_count);
    mnist_mlp_drop_integers(mlp);
    mnist_layer_write(&mlp->layers[layer], mlp->parameters, weights, bias);
}

/* One panel of mnist_mlp_fold: columns of the weights times gamma / sqrt(variance + epsilon). */
static void fold_panel(const mnist_layer *from, const float *arena, size_t panel,
                       const mnist_layer *to, float *out)
{
    const size_t width = mnist_panel_width(from, panel);
    const float *bias = arena + mnist_panel_row(from, panel, from->inputs);
    const float *gamma = bias + width, *mean = gamma + width, *variance = mean + width;
    float scale[MNIST_PANEL];
    for (size_t c = 0; c < width; c++) {
        scale[c] = gamma[c] / sqrtf(variance[c] + MNIST_BATCH_NORM_EPSILON);
        out[mnist_panel_row(to, panel, to->inputs) + c] = bias[c] - mean[c] * scale[c];
    }
    for (size_t k = 0; k < from->inputs; k++) {
        const float *weights = arena + mnist_panel_row(from, panel, k);
        for (size_t c = 0; c < width; c++) {
            out[mnist_panel_row(to, panel, k) + c] = weights[c] * scale[c];
        }
    }
}

void mnist_mlp_fold(const mnist_mlp *net, const float *arena, mnist_mlp *plain)
{
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_layer *from = &net->layers[l], *to = &plain->layers[l];
        for (size_t panel = 0; panel < from->panels; panel++) {
            if (mnist_layer_normalizes(from)) {
                fold_panel(from, arena, panel, to, plain->parameters);
            } else {
                memcpy(plain->parameters + mnist_panel_row(to, panel, 0),
                       arena + mnist_panel_row(from, panel, 0),
                       to->rows * mnist_panel_width(to, panel) * sizeof(float));
            }
        }
    }
}

void mnist_mlp_unfold(const mnist_mlp *plain, mnist_mlp *net)
{
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_layer *from = &plain->layers[l], *to = &net->layers[l];
        for (size_t panel = 0; panel < from->panels; panel++) {
            const size_t width = mnist_panel_width(to, panel);
            memcpy(net->parameters + mnist_panel_row(to, panel, 0),
                   plain->parameters + mnist_panel_row(from, panel, 0),
                   from->rows * width * sizeof(float));
            float *gamma = net->parameters + mnist_panel_row(to, panel, to->inputs + 1);
            for (size_t c = 0; mnist_layer_normalizes(to) && c < width; c++) {
                gamma[c] = panel * MNIST_PANEL + c < to->outputs ? 1.0f : 0.0f;
                gamma[width + c] = 0.0f;     /* the mean */
                gamma[2 * width + c] = 1.0f; /* the variance */
            }
        }
    }
}

bool mnist_mlp_finite(const mnist_mlp *mlp)
{
    for (size_t i = 0; i < mlp->arena_size; i++) {
        if (!isfinite(mlp->parameters[i])) {
            return false;
        }
    }
    return true;
}
