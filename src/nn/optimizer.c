#include "nn/optimizer.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>

const mnist_optimizer_traits *mnist_optimizer_describe(mnist_optimizer_kind kind)
{
#define TRAITS(code, name, text, ...) [MNIST_##code] = {text, __VA_ARGS__},
    static const mnist_optimizer_traits traits[] = {MNIST_OPTIMIZER_LIST(TRAITS)};
#undef TRAITS
    return (unsigned)kind < MNIST_OPTIMIZERS ? &traits[kind] : NULL;
}

const char *mnist_optimizer_name(mnist_optimizer_kind kind)
{
    const mnist_optimizer_traits *traits = mnist_optimizer_describe(kind);
    return traits ? traits->name : NULL;
}

mnist_status mnist_optimizer_create(mnist_optimizer **out, const mnist_mlp *mlp,
                                    const mnist_optimizer_config *config, mnist_error *err)
{
    *out = NULL;
    mnist_optimizer *optimizer = mnist_alloc(1, sizeof *optimizer);
    if (!optimizer) {
        return mnist_fail_memory(err, sizeof *optimizer, "the optimiser");
    }
    optimizer->config = *config;
    optimizer->beta1_power = optimizer->beta2_power = 1.0;
    bool ok = true;
    for (size_t s = 0; s < mnist_optimizer_describe(config->kind)->states; s++) {
        optimizer->state[s] = mnist_alloc(mlp->arena_size, sizeof(float));
        ok = ok && optimizer->state[s];
    }
    if (!ok) {
        mnist_optimizer_free(optimizer);
        return mnist_fail_memory(err, mlp->arena_size * sizeof(float), "the optimiser's state");
    }
    mnist_optimizer_advance(optimizer); /* powers belong to the next update */
    optimizer->updates = 0;
    *out = optimizer;
    return MNIST_OK;
}

void mnist_optimizer_free(mnist_optimizer *optimizer)
{
    if (optimizer) {
        for (size_t s = 0; s < MNIST_OPTIMIZER_STATES; s++) {
            mnist_free(optimizer->state[s]);
        }
        mnist_free(optimizer);
    }
}

void mnist_optimizer_advance(mnist_optimizer *optimizer)
{
    optimizer->updates++;
    optimizer->beta1_power *= (double)optimizer->config.beta1;
    optimizer->beta2_power *= (double)optimizer->config.beta2;
}

/* Consecutive parameters, and what belongs to them. */
typedef struct value_run {
    size_t count;
    float *w;                             /* (count) */
    float *state[MNIST_OPTIMIZER_STATES]; /* (count) each that there is */
    const float *gradient;                /* (count) */
    bool decays;                          /* they are weights, which decay */
} value_run;

static void sgd_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                       const value_run *run, mnist_update update)
{
    const mnist_optimizer_config *c = &optimizer->config;
    const mnist_sgd_update u = {.lr = update.lr,
                                .momentum = c->momentum,
                                .decay = run->decays ? c->weight_decay : 0.0f,
                                .scale = update.scale,
                                .nesterov = c->nesterov};
    kernels->sgd(run->w, run->state[0], run->gradient, run->count, &u);
}

/* Sets the gains that belong to u's betas, and updates. */
static void run_adam(const mnist_kernels *kernels, const value_run *run, mnist_adam_update u)
{
    u.gain1 = 1.0f - u.beta1;
    u.gain2 = 1.0f - u.beta2;
    kernels->adam(run->w, run->state[0], run->state[1], run->gradient, run->count, &u);
}

/* Adam's terms without the gains and without decay. */
static mnist_adam_update adam_terms(const mnist_optimizer *optimizer, mnist_update update)
{
    const mnist_optimizer_config *c = &optimizer->config;
    return (mnist_adam_update){.beta1 = c->beta1,
                               .beta2 = c->beta2,
                               .rate = (float)((double)update.lr / (1.0 - optimizer->beta1_power)),
                               .spread = (float)(1.0 / sqrt(1.0 - optimizer->beta2_power)),
                               .epsilon = c->epsilon,
                               .keep = 1.0f,
                               .scale = update.scale};
}

static void adam_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                        const value_run *run, mnist_update update)
{
    mnist_adam_update u = adam_terms(optimizer, update);
    u.decay = run->decays ? optimizer->config.weight_decay : 0.0f;
    run_adam(kernels, run, u);
}

static void adamw_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                         const value_run *run, mnist_update update)
{
    mnist_adam_update u = adam_terms(optimizer, update);
    u.keep = run->decays ? 1.0f - update.lr * optimizer->config.weight_decay : 1.0f;
    run_adam(kernels, run, u);
}

/* RMSprop by Adam's kernel: the mean gradient has no memory, and no bias is corrected. */
static void rmsprop_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                           const value_run *run, mnist_update update)
{
    const mnist_optimizer_config *c = &optimizer->config;
    run_adam(kernels, run,
             (mnist_adam_update){.beta2 = c->rho,
                                 .rate = update.lr,
                                 .spread = 1.0f,
                                 .epsilon = c->epsilon,
                                 .decay = run->decays ? c->weight_decay : 0.0f,
                                 .keep = 1.0f,
                                 .scale = update.scale});
}

/* Updates a run. */
static void apply_rule(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                       const value_run *run, mnist_update update)
{
#define RULE(code, name, ...) [MNIST_##code] = name##_update,
    static void (*const rules[])(const mnist_optimizer *, const mnist_kernels *, const value_run *,
                                 mnist_update) = {MNIST_OPTIMIZER_LIST(RULE)};
#undef RULE
    rules[optimizer->config.kind](optimizer, kernels, run, update);
}

/* Updates count parameters from `at` on. */
static void update_values(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                          float *parameters, size_t at, value_run run, mnist_update update)
{
    run.w = parameters + at;
    for (size_t s = 0; s < MNIST_OPTIMIZER_STATES; s++) {
        run.state[s] = optimizer->state[s] ? optimizer->state[s] + at : NULL;
    }
    apply_rule(optimizer, kernels, &run, update);
    if (optimizer->mask && run.decays) {
        mnist_mask_values(run.w, optimizer->mask + at, run.count);
        for (size_t s = 0; s < MNIST_OPTIMIZER_STATES && run.state[s]; s++) {
            mnist_mask_values(run.state[s], optimizer->mask + at, run.count);
        }
    }
}

/* Updates the average of rows that have been updated; rows that are not trained follow with the
 * last trained one. */
static void average_rows(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                         const mnist_mlp *mlp, const mnist_panel_rows *rows)
{
    const mnist_layer *layer = rows->layer;
    if (!optimizer->average) {
        return;
    }
    const size_t at = mnist_panel_row(layer, rows->panel, rows->first);
    const size_t count = (rows->end == layer->trained ? layer->rows : rows->end) - rows->first;
    kernels->average(optimizer->average + at, mnist_optimizer_values(optimizer, mlp) + at,
                     count * mnist_panel_width(layer, rows->panel), optimizer->average_rate);
}

void mnist_optimizer_update(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                            mnist_mlp *mlp, const mnist_panel_rows *rows, const float *gradient,
                            mnist_update update)
{
    const mnist_layer *layer = rows->layer;
    const size_t first = rows->first, end = rows->end;
    const size_t weights_end = end < layer->inputs ? end : layer->inputs;
    const size_t width = mnist_panel_width(layer, rows->panel);
    const size_t weights = weights_end > first ? (weights_end - first) * width : 0;
    const size_t at = mnist_panel_row(layer, rows->panel, first);
    float *values = mnist_optimizer_values(optimizer, mlp);
    if (weights > 0) {
        const value_run run = {.count = weights, .gradient = gradient, .decays = true};
        update_values(optimizer, kernels, values, at, run, update);
    }
    if (end > layer->inputs) { /* rows that are trained but are not weights */
        const value_run run = {.count = (end - first) * width - weights,
                               .gradient = gradient + weights};
        update_values(optimizer, kernels, values, at + weights, run, update);
    }
    if (optimizer->config.max_norm <= 0.0f) {
        average_rows(optimizer, kernels, mlp, rows);
    }
}

#define GATHERED 512u /* weights at a time: 10 KiB with all that belongs to them */

/* values (count) from where they are in the arena, or back. */
static void gather(const float *arena, const uint32_t *places, size_t count, float *values)
{
    for (size_t e = 0; e < count; e++) {
        values[e] = arena[places[e]];
    }
}

static void scatter(float *arena, const uint32_t *places, size_t count, const float *values)
{
    for (size_t e = 0; e < count; e++) {
        arena[places[e]] = values[e];
    }
}

void mnist_optimizer_update_places(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                                   float *parameters, const mnist_places *all, mnist_update update)
{
    /* what a vector has beyond the last weight is computed and dropped */
    _Alignas(MNIST_ALIGN) float w[GATHERED] = {0}, gradient[GATHERED] = {0};
    _Alignas(MNIST_ALIGN) float state[MNIST_OPTIMIZER_STATES][GATHERED] = {{0}};
    _Alignas(MNIST_ALIGN) float average[GATHERED] = {0};
    for (size_t first = 0, count; first < all->count; first += count) {
        count = all->count - first < GATHERED ? all->count - first : GATHERED;
        const uint32_t *places = all->places + first;
        value_run run = {.count = mnist_pad(count), .w = w, .gradient = gradient, .decays = true};
        gather(parameters, places, count, w);
        gather(all->gradient, all->gradient_places + first, count, gradient);
        for (size_t s = 0; s < MNIST_OPTIMIZER_STATES && optimizer->state[s]; s++) {
            gather(optimizer->state[s], places, count, state[s]);
            run.state[s] = state[s];
        }
        apply_rule(optimizer, kernels, &run, update);
        scatter(parameters, places, count, w);
        for (size_t s = 0; s < MNIST_OPTIMIZER_STATES && optimizer->state[s]; s++) {
            scatter(optimizer->state[s], places, count, state[s]);
        }
        if (optimizer->average) {
            gather(optimizer->average, places, count, average);
            kernels->average(average, w, run.count, optimizer->average_rate);
            scatter(optimizer->average, places, count, average);
        }
    }
}

void mnist_optimizer_limit(const mnist_optimizer *optimizer, const mnist_kernels *kernels,
                           mnist_mlp *mlp, const mnist_layer *layer, size_t panel)
{
    const bool hidden = layer != &mlp->layers[mlp->layer_count - 1];
    if (hidden) {
        float *values = mnist_optimizer_values(optimizer, mlp);
        kernels->limit_columns(values + mnist_panel_row(layer, panel, 0), layer->inputs,
                               mnist_panel_width(layer, panel), optimizer->config.max_norm);
    }
    average_rows(optimizer, kernels, mlp,
                 &(mnist_panel_rows){.layer = layer, .panel = panel, .end = layer->trained});
}
