/* The sparse form of a net: which layers have one, and how it is made. */
#include "nn/sparse.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* Estimates of time, in dense multiply-adds of MNIST_LANES weights, as measured (README.md). */
#define FIRST_DENSE 0.27 /* of the first layer's are done: most pixels are 0 */
#define ACROSS      1.8  /* a weight that is not 0, by MNIST_LANES images of a whole tile */
#define ACROSS_FEW  3.3  /* likewise, of a tile of so few images only */
#define PIXEL       1.0  /* a byte that becomes a float, by image */
#define TURNED      0.2  /* a float that is transposed */
#define ONE_BY_ONE  1.1  /* a weight that is not 0, by one image, half of whose inputs are 0 */
#define ONE_INPUT   5.0  /* an input, likewise: where its weights end */
#define ALONE       2.6  /* one image through dense weights, which are not in a near cache */
/* A form takes as long to make as is gained with so many images. */
#define WORTH_IMAGES 128u

#define SAMPLED 16u /* to see that a layer is dense, one in so many rows is read */

static _Atomic mnist_sparse_mode chosen;

void mnist_sparse_use(mnist_sparse_mode mode)
{
    atomic_store(&chosen, mode);
}

mnist_sparse_mode mnist_sparse_chosen(void)
{
    return atomic_load(&chosen);
}

#define ROWS_AT_ONCE 64u

/* How many weights of one row in `step` of a layer are not 0. bits, if not NULL, (panels, inputs),
 * receives which those are; step is then 1. */
static size_t count_used(const mnist_mlp *mlp, unsigned l, size_t step, uint64_t *bits)
{
    const mnist_layer *layer = &mlp->layers[l];
    const mnist_sparse_kernels *kernels = mnist_kernels_select()->sparse;
    const size_t rows = (layer->inputs + step - 1) / step;
    uint64_t unwanted[ROWS_AT_ONCE] = {0};
    size_t count = 0;
    for (size_t panel = 0; panel < layer->panels; panel++) {
        const size_t width = mnist_panel_width(layer, panel);
        const float *w = mlp->parameters + mnist_panel_row(layer, panel, 0);
        for (size_t r = 0; r < rows; r += ROWS_AT_ONCE) {
            const size_t some = rows - r < ROWS_AT_ONCE ? rows - r : ROWS_AT_ONCE;
            count += kernels->used(w + r * step * width, step * width, some, width,
                                   bits ? bits + panel * layer->inputs + r : unwanted);
        }
    }
    return count;
}

static size_t weights_of(const mnist_layer *layer)
{
    return layer->inputs * layer->outputs;
}

/* What an image costs in a layer that is dense, and in one that is sparse but for the weights that are
 * not 0. `across`: the inputs are there for many images across vectors, from the layer below. */
static double dense_time(const mnist_layer *layer, unsigned l, bool across)
{
    const double all = (double)(layer->inputs * layer->stride) / MNIST_LANES;
    return l == 0 ? FIRST_DENSE * all : all + (across ? TURNED * (double)layer->inputs : 0.0);
}

static double turning_time(const mnist_layer *layer, unsigned l, bool across)
{
    const double each = l == 0 ? PIXEL : across ? 0.0 : TURNED;
    return each * (double)layer->inputs + TURNED * (double)layer->outputs;
}

/* Is a layer faster without its zeros? *kept receives how many weights are not 0, if it is. A dense
 * layer is seen to be one by a sample. */
static bool is_sparse(const mnist_mlp *mlp, unsigned l, bool across, size_t *kept)
{
    const mnist_layer *layer = &mlp->layers[l];
    const double gain = dense_time(layer, l, across) - turning_time(layer, l, across);
    const double half = 0.5 * (double)weights_of(layer), even = gain / ACROSS * MNIST_LANES;
    const double most = across || even < half ? even : half; /* of so many weights */
    const double sampled = ceil((double)layer->inputs / SAMPLED);
    const double part = 1.5 * most * sampled / (double)layer->inputs;
    if ((double)count_used(mlp, l, SAMPLED, NULL) > part) {
        return false;
    }
    *kept = count_used(mlp, l, 1, NULL);
    return (double)*kept <= most;
}

/* Which layers are computed without zeros, and how many weights those keep. */
typedef struct sparse_choice {
    bool sparse[MNIST_MAX_HIDDEN + 1];
    size_t kept[MNIST_MAX_HIDDEN + 1];
    unsigned count;
} sparse_choice;

static sparse_choice choose(const mnist_mlp *mlp)
{
    const mnist_sparse_mode mode = atomic_load(&chosen);
    sparse_choice choice = {.count = 0};
    const bool possible = mode != MNIST_SPARSE_OFF && !mlp->integers && !mlp->config.batch_norm;
    for (unsigned l = 0; possible && l < mlp->layer_count; l++) {
        if (mode == MNIST_SPARSE_ON) {
            choice.sparse[l] = true;
            choice.kept[l] = count_used(mlp, l, 1, NULL);
        } else {
            const bool across = l > 0 && choice.sparse[l - 1];
            choice.sparse[l] = is_sparse(mlp, l, across, &choice.kept[l]);
        }
        choice.count += choice.sparse[l];
    }
    return choice;
}

unsigned mnist_mlp_sparse_layers(const mnist_mlp *mlp, size_t images, double *share)
{
    const bool worth = images >= WORTH_IMAGES || atomic_load(&chosen) == MNIST_SPARSE_ON;
    const sparse_choice choice = worth ? choose(mlp) : (sparse_choice){.count = 0};
    size_t kept = 0, all = 0;
    for (unsigned l = 0; share && choice.count > 0 && l < mlp->layer_count; l++) {
        all += weights_of(&mlp->layers[l]);
        kept += choice.sparse[l] ? choice.kept[l] : count_used(mlp, l, 1, NULL);
    }
    if (share) {
        *share = choice.count > 0 ? (double)kept / (double)all : 1.0;
    }
    return choice.count;
}

/* Sets how many images are few, and how many are many. */
static void set_counts(const mnist_mlp *mlp, const sparse_choice *choice, mnist_sparse_net *net)
{
    double dense = 0.0, tile = 0.0, one = 0.0; /* an image; a tile of few; an image by itself */
    bool across = false;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        const double kept = (double)choice->kept[l];
        dense += dense_time(layer, l, false);
        if (choice->sparse[l]) {
            tile += kept * ACROSS_FEW + MNIST_LANES * turning_time(layer, l, across);
            one += kept * ONE_BY_ONE + ONE_INPUT * (double)layer->inputs;
        } else {
            tile += MNIST_LANES * dense_time(layer, l, across);
            one += ALONE * dense_time(layer, l, false);
        }
        across = choice->sparse[l];
    }
    net->many = (size_t)(tile / dense) + 1;
    net->few = one < dense ? net->many - 1 : one < ALONE * dense ? 1 : 0;
    if (atomic_load(&chosen) == MNIST_SPARSE_ON) {
        net->few = 2;
        net->many = 3;
    }
}

static bool allocate_matrix(mnist_sparse_matrix *w, size_t rows, size_t count)
{
    w->starts = mnist_alloc(rows + 1, sizeof *w->starts);
    w->columns = mnist_alloc(count, sizeof *w->columns);
    w->values = mnist_alloc(count, sizeof *w->values);
    return w->starts && w->columns && w->values;
}

static void free_matrix(mnist_sparse_matrix *w)
{
    mnist_free(w->starts);
    mnist_free(w->columns);
    mnist_free(w->values);
    *w = (mnist_sparse_matrix){0};
}

/* A row for each input, from the layer's panels. False: a weight is not finite, so that leaving
 * products with 0 out makes a difference. */
static bool fill_by_input(const mnist_mlp *mlp, unsigned l, const uint64_t *bits,
                          mnist_sparse_matrix *w)
{
    const mnist_layer *layer = &mlp->layers[l];
    uint32_t e = 0;
    bool finite = true;
    for (size_t k = 0; k < layer->inputs; k++) {
        for (size_t panel = 0; panel < layer->panels; panel++) {
            const float *row = mlp->parameters + mnist_panel_row(layer, panel, k);
            uint64_t left = bits[panel * layer->inputs + k];
            for (; left != 0; left &= left - 1) {
                const size_t n = (size_t)__builtin_ctzll(left);
                w->columns[e] = (uint32_t)(panel * MNIST_PANEL + n);
                w->values[e++] = row[n];
                finite = finite && isfinite(row[n]);
            }
        }
        w->starts[k + 1] = e;
    }
    return finite;
}

/* The transpose: a row for each output. Rows of `in` go by in their order, so that the columns of
 * `out` are in ascending order. */
static void fill_by_output(const mnist_layer *layer, const mnist_sparse_matrix *in,
                           mnist_sparse_matrix *out)
{
    const uint32_t count = in->starts[layer->inputs];
    for (uint32_t e = 0; e < count; e++) { /* starts[n + 1]: how many output n has */
        out->starts[in->columns[e] + 1]++;
    }
    for (size_t n = 0, before = 0; n < layer->outputs; n++) { /* where output n begins */
        const uint32_t own = out->starts[n + 1];
        out->starts[n + 1] = (uint32_t)before;
        before += own;
    }
    for (size_t k = 0; k < layer->inputs; k++) {
        for (uint32_t e = in->starts[k]; e < in->starts[k + 1]; e++) {
            const uint32_t at = out->starts[in->columns[e] + 1]++; /* at last: where it ends */
            out->columns[at] = (uint32_t)k;
            out->values[at] = in->values[e];
        }
    }
}

/* A layer's biases, and for the first the shift of all inputs times its weights, as the dense layer
 * adds it up. */
static void fill_init(const mnist_pass *pass, const mnist_sparse_net *net, unsigned l, float *init)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    for (size_t panel = 0; panel < layer->panels; panel++) {
        const float *bias = pass->mlp->parameters + mnist_panel_row(layer, panel, layer->inputs);
        memcpy(init + panel * MNIST_PANEL, bias, mnist_panel_width(layer, panel) * sizeof *init);
    }
    if (l == 0 && net->shift != 0.0f) {
        float *x = net->scratch, *out = net->scratch + net->block;
        for (size_t i = 0; i < layer->inputs * MNIST_SPARSE_IMAGES; i++) {
            x[i] = net->shift;
        }
        pass->kernels->sparse->product(&(mnist_sparse_product){.out = out,
                                                               .init = init,
                                                               .w = &net->layers[l].by_output,
                                                               .x = x,
                                                               .end = layer->outputs,
                                                               .images = MNIST_LANES});
        for (size_t n = 0; n < layer->outputs; n++) {
            init[n] = out[n * MNIST_SPARSE_IMAGES];
        }
    }
}

/* MNIST_ERR_FORMAT: a weight is not finite. */
static mnist_status make_layer(const mnist_pass *pass, mnist_sparse_net *net, unsigned l,
                               mnist_error *err)
{
    const mnist_mlp *mlp = pass->mlp;
    const mnist_layer *layer = &mlp->layers[l];
    mnist_sparse_layer *form = &net->layers[l];
    uint64_t *bits = mnist_alloc(layer->panels * layer->inputs, sizeof *bits);
    const size_t count = bits ? count_used(mlp, l, 1, bits) : 0;
    form->init = mnist_alloc(layer->stride, sizeof *form->init);
    bool ok = bits && form->init && allocate_matrix(&form->by_input, layer->inputs, count) &&
              allocate_matrix(&form->by_output, layer->outputs, count);
    mnist_status status =
        ok ? MNIST_OK
           : mnist_fail_memory(err, 4 * count * sizeof(float), "the sparse form of a layer");
    if (ok && !fill_by_input(mlp, l, bits, &form->by_input)) {
        status = MNIST_ERR_FORMAT;
    }
    mnist_free(bits);
    if (status == MNIST_OK) {
        fill_by_output(layer, &form->by_input, &form->by_output);
        fill_init(pass, net, l, form->init);
    }
    return status;
}

static bool allocate_scratch(const mnist_pass *pass, mnist_sparse_net *net)
{
    size_t widest = pass->mlp->config.inputs;
    for (unsigned l = 0; l < pass->mlp->layer_count; l++) {
        const size_t stride = pass->mlp->layers[l].stride;
        widest = stride > widest ? stride : widest;
    }
    net->block = widest * MNIST_SPARSE_IMAGES;
    net->scratch = mnist_alloc((pass->capacity + MNIST_SPARSE_IMAGES - 1) / MNIST_SPARSE_IMAGES,
                               2 * net->block * sizeof *net->scratch);
    return net->scratch != NULL;
}

mnist_status mnist_pass_make_sparse(mnist_pass *pass, size_t images, float shift, mnist_error *err)
{
    const mnist_mlp *mlp = pass->mlp;
    if (mnist_mlp_sparse_layers(mlp, images, NULL) == 0) {
        return MNIST_OK;
    }
    const sparse_choice choice = choose(mlp);
    mnist_sparse_net *net = mnist_alloc(1, sizeof *net);
    if (!net || !allocate_scratch(pass, net)) {
        mnist_sparse_net_free(net);
        return mnist_fail_memory(err, sizeof *net, "the sparse form of the net");
    }
    net->shift = shift;
    set_counts(mlp, &choice, net);
    mnist_status status = MNIST_OK;
    for (unsigned l = 0; l < mlp->layer_count && status == MNIST_OK; l++) {
        status = choice.sparse[l] ? make_layer(pass, net, l, err) : MNIST_OK;
    }
    if (status != MNIST_OK) {
        mnist_sparse_net_free(net);
        return status == MNIST_ERR_FORMAT ? MNIST_OK : status;
    }
    mnist_sparse_net_free(pass->sparse);
    pass->sparse = net;
    return MNIST_OK;
}

void mnist_sparse_net_free(mnist_sparse_net *net)
{
    if (net) {
        for (unsigned l = 0; l <= MNIST_MAX_HIDDEN; l++) {
            free_matrix(&net->layers[l].by_output);
            free_matrix(&net->layers[l].by_input);
            mnist_free(net->layers[l].init);
        }
        mnist_free(net->scratch);
        mnist_free(net);
    }
}
