/* The weights that a mask leaves, laid out for training: when that pays, and how it is made. */
#include "nn/masked.h"

#include "base/memory.h"
#include "nn/parts.h"
#include "nn/sparse.h"

#include <string.h>

/* Estimates of time by image, in cycles, for a weight: of a dense step, and of one that is left. The
 * first layer has no deltas below it, and most of its inputs are 0. */
#define DENSE_FIRST  0.055
#define DENSE_ABOVE  0.21
#define SPARSE_FIRST 0.50
#define SPARSE_ABOVE 0.62

/* How many weights of a layer the mask leaves. places, if not NULL, receives where they are, panel by
 * panel, and panels where those begin. */
static size_t find_kept(const mnist_layer *layer, const float *mask, uint32_t *places,
                        uint32_t *panels)
{
    size_t count = 0;
    for (size_t panel = 0; panel < layer->panels; panel++) {
        const size_t width = smaller(layer->outputs - panel * MNIST_PANEL, MNIST_PANEL);
        for (size_t k = 0; k < layer->inputs; k++) {
            const size_t at = mnist_panel_row(layer, panel, k);
            for (size_t n = 0; n < width; n++) {
                if (mask[at + n] != 0.0f) { // NOLINT: 0 or 1
                    if (places) {
                        places[count] = (uint32_t)(at + n);
                    }
                    count++;
                }
            }
        }
        if (panels) {
            panels[panel + 1] = (uint32_t)count;
        }
    }
    return count;
}

/* From a place in the arena to the weight's input and output. */
static void input_and_output(const mnist_layer *layer, size_t place, size_t *input, size_t *output)
{
    const size_t within = place - layer->offset, whole = MNIST_PANEL * layer->rows;
    const size_t panel = within / whole, width = mnist_panel_width(layer, panel);
    *input = within % whole / width;
    *output = panel * MNIST_PANEL + within % whole % width;
}

/* Rows of a matrix begin where those before end: from counts in starts[r + 1] to where row r begins,
 * which filling moves on to where it ends. */
static void begin_rows(uint32_t *starts, size_t rows)
{
    for (size_t r = 0, before = 0; r < rows; r++) {
        const uint32_t own = starts[r + 1];
        starts[r + 1] = (uint32_t)before;
        before += own;
    }
}

/* Lays out the matrices of a layer whose places are known: both in ascending order, as the places go
 * by k, then n, within a panel, and the panels by n. */
static void fill_layer(const mnist_layer *layer, mnist_masked_layer *m, size_t count)
{
    size_t k, n;
    for (size_t e = 0; e < count; e++) {
        input_and_output(layer, m->places[e], &k, &n);
        m->by_input.starts[k + 1]++;
        m->by_output.starts[n + 1]++;
    }
    begin_rows(m->by_input.starts, layer->inputs);
    begin_rows(m->by_output.starts, layer->outputs);
    for (size_t e = 0; e < count; e++) {
        input_and_output(layer, m->places[e], &k, &n);
        m->at_input[e] = m->by_input.starts[k + 1]++;
        m->at_output[e] = m->by_output.starts[n + 1]++;
        m->by_input.columns[m->at_input[e]] = (uint32_t)n;
        m->by_output.columns[m->at_output[e]] = (uint32_t)k;
    }
}

static void *take(size_t count, size_t size, bool *ok)
{
    void *memory = mnist_alloc(count, size);
    *ok = *ok && memory;
    return memory;
}

static bool make_layer(mnist_masked_layer *m, const mnist_layer *layer, const float *mask,
                       size_t count, size_t tiles, bool keeps_z)
{
    const size_t units = tiles * layer->stride * MNIST_SPARSE_IMAGES;
    bool ok = true;
    mnist_sparse_matrix *both[] = {&m->by_output, &m->by_input};
    for (size_t b = 0; b < 2; b++) {
        both[b]->starts = take((b ? layer->inputs : layer->outputs) + 1, sizeof(uint32_t), &ok);
        both[b]->columns = take(count, sizeof(uint32_t), &ok);
        both[b]->values = take(count, sizeof(float), &ok);
    }
    m->places = take(count, sizeof(uint32_t), &ok);
    m->at_output = take(count, sizeof(uint32_t), &ok);
    m->at_input = take(count, sizeof(uint32_t), &ok);
    m->panels = take(layer->panels + 1, sizeof(uint32_t), &ok);
    m->gradient = take(count, sizeof(float), &ok);
    m->bias = take(layer->stride, sizeof(float), &ok);
    m->bias_gradient = take(layer->stride, sizeof(float), &ok);
    m->a = take(units, sizeof(float), &ok);
    m->d = take(units, sizeof(float), &ok);
    m->z = keeps_z ? take(units, sizeof(float), &ok) : NULL;
    if (ok) {
        find_kept(layer, mask, m->places, m->panels);
        fill_layer(layer, m, count);
    }
    return ok;
}

static void free_layer(mnist_masked_layer *m)
{
    void *const all[] = {m->by_output.starts,
                         m->by_output.columns,
                         m->by_output.values,
                         m->by_input.starts,
                         m->by_input.columns,
                         m->by_input.values,
                         m->places,
                         m->at_output,
                         m->at_input,
                         m->panels,
                         m->gradient,
                         m->bias,
                         m->bias_gradient,
                         m->a,
                         m->z,
                         m->d};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        mnist_free(all[i]);
    }
}

void mnist_sparse_training_free(struct mnist_sparse_training *t)
{
    if (t) {
        for (unsigned l = 0; l <= MNIST_MAX_HIDDEN; l++) {
            free_layer(&t->layers[l]);
        }
        mnist_free(t->x);
        mnist_free(t);
    }
}

void mnist_sparse_training_refresh(struct mnist_sparse_training *t, const mnist_mlp *mlp)
{
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        mnist_masked_layer *m = &t->layers[l];
        for (size_t e = 0; e < m->panels[layer->panels]; e++) {
            const float w = mlp->parameters[m->places[e]];
            m->by_output.values[m->at_output[e]] = w;
            m->by_input.values[m->at_input[e]] = w;
        }
        for (size_t panel = 0; panel < layer->panels; panel++) {
            memcpy(m->bias + panel * MNIST_PANEL,
                   mlp->parameters + mnist_panel_row(layer, panel, layer->inputs),
                   mnist_panel_width(layer, panel) * sizeof *m->bias);
        }
    }
}

/* Is there anything in the settings for which a step must be dense? A norm of the gradient is a norm of
 * all of it, dropout draws by rows of units, ties need a block's whole gradient, and latent weights are
 * others than those that a step reads. */
static bool settings_allow(const mnist_pass *pass, const mnist_optimizer *optimizer)
{
    const mnist_mlp *mlp = pass->mlp;
    bool allow = optimizer->mask && !optimizer->latent && pass->tie.side <= 1 && !pass->half &&
                 !pass->perturbed && !mlp->config.batch_norm &&
                 optimizer->config.clip_norm <= 0.0f && optimizer->config.max_norm <= 0.0f &&
                 mlp->arena_size <= UINT32_MAX;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        allow = allow && !(l < MNIST_MAX_HIDDEN && pass->regularization.dropout[l] > 0.0f);
    }
    return allow;
}

/* Sets how many weights of each layer are left; is a step without the others faster? */
static bool pays(const mnist_mlp *mlp, const float *mask, size_t counts[MNIST_MAX_HIDDEN + 1])
{
    double dense = 0.0, sparse = 0.0;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        counts[l] = find_kept(layer, mask, NULL, NULL);
        dense += (l == 0 ? DENSE_FIRST : DENSE_ABOVE) * (double)(layer->inputs * layer->stride);
        sparse += (l == 0 ? SPARSE_FIRST : SPARSE_ABOVE) * (double)counts[l];
    }
    return mnist_sparse_chosen() == MNIST_SPARSE_ON ||
           (mnist_sparse_chosen() == MNIST_SPARSE_AUTO && sparse < dense);
}

void mnist_pass_use_mask(mnist_pass *pass, const mnist_optimizer *optimizer)
{
    const mnist_mlp *mlp = pass->mlp;
    size_t counts[MNIST_MAX_HIDDEN + 1];
    mnist_sparse_training_free(pass->training);
    pass->training = NULL;
    if (!settings_allow(pass, optimizer) || !pays(mlp, optimizer->mask, counts)) {
        return;
    }
    struct mnist_sparse_training *t = mnist_alloc(1, sizeof *t);
    bool ok = t != NULL;
    const size_t tiles = blocks_of(pass->capacity, MNIST_SPARSE_IMAGES);
    const bool reads_z = mnist_activation_reads(mlp->config.activation) == MNIST_SLOPE_READS_INPUT;
    if (ok) {
        t->tiles = tiles;
        t->x = take(tiles * mlp->config.inputs, MNIST_SPARSE_IMAGES * sizeof *t->x, &ok);
    }
    for (unsigned l = 0; ok && l < mlp->layer_count; l++) {
        ok = make_layer(&t->layers[l], &mlp->layers[l], optimizer->mask, counts[l], tiles,
                        reads_z && l + 1 < mlp->layer_count);
    }
    if (!ok) {
        mnist_sparse_training_free(t);
        return;
    }
    mnist_sparse_training_refresh(t, mlp);
    pass->training = t;
}
