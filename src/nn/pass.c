/* A pass: its memory. */
#include "nn/integers.h"
#include "nn/masked.h"
#include "nn/parts.h"
#include "nn/sparse.h"

#include "base/memory.h"
#include "base/status.h"

static mnist_pair *allocate_pairs(size_t rows, size_t row, bool *ok)
{
    mnist_pair *pairs = mnist_alloc(rows * row, sizeof *pairs);
    *ok = *ok && pairs;
    return pairs;
}

static bool allocate_operands(mnist_pass *pass, unsigned l)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    const size_t capacity = pass->capacity, pairs = (capacity + 1) / 2, row = layer->row;
    bool ok = true;
    if (l + 1 < pass->mlp->layer_count) {
        pass->activation_pairs[l].along = allocate_pairs(capacity, row / 2, &ok);
        pass->activation_pairs[l].across = allocate_pairs(pairs, row, &ok);
    }
    if (l > 0) {
        pass->delta_pairs[l].along = allocate_pairs(capacity, row / 2, &ok);
    }
    if (l > 0 || pass->half->byte_product) {
        pass->delta_pairs[l].across = allocate_pairs(pairs, row, &ok);
    }
    return ok;
}

/* Do the deltas of hidden layer l depend on more than its activations? */
static bool keeps_input(const mnist_pass *pass, unsigned l)
{
    const mnist_slope_reads reads = mnist_activation_reads(pass->mlp->config.activation);
    return reads == MNIST_SLOPE_READS_INPUT ||
           (reads == MNIST_SLOPE_READS_VALUE && pass->regularization.dropout[l] > 0.0f);
}

static bool allocate_normalized(mnist_pass *pass, unsigned l)
{
    const mnist_layer *layer = &pass->mlp->layers[l];
    struct mnist_normalized *n = &pass->normalized[l];
    n->values = mnist_alloc(pass->capacity * layer->row, sizeof(float));
    n->inverse = mnist_alloc(layer->stride, sizeof(float));
    n->gradients = mnist_alloc(2 * layer->stride, sizeof(float));
    return n->values && n->inverse && n->gradients;
}

/* images: the most in a batch; the pass has two rows for each. */
static bool allocate_perturbed(mnist_pass *pass, size_t images)
{
    const mnist_mlp *mlp = pass->mlp;
    pass->perturbed_stride = mnist_pad(mlp->config.inputs);
    pass->perturbed = mnist_alloc(images, pass->perturbed_stride * sizeof(float));
    pass->input_gradient = mnist_alloc(images, pass->perturbed_stride * sizeof(float));
    pass->probabilities =
        mnist_alloc(images, mlp->layers[mlp->layer_count - 1].row * sizeof(float));
    return pass->perturbed && pass->input_gradient && pass->probabilities;
}

static bool allocate(mnist_pass *pass, bool gradient)
{
    const mnist_mlp *mlp = pass->mlp;
    bool ok = true;
    size_t norm_count = 0;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        if (layer->row > SIZE_MAX / sizeof(float) / pass->capacity) {
            return false;
        }
        size_t size = pass->capacity * layer->row;
        pass->activations[l] = mnist_alloc(size, sizeof(float));
        ok = ok && pass->activations[l];
        if (gradient) {
            pass->deltas[l] = mnist_alloc(size, sizeof(float));
            ok = ok && pass->deltas[l];
        }
        ok = ok && (!pass->half || allocate_operands(pass, l));
        if (l + 1 < mlp->layer_count && keeps_input(pass, l)) {
            pass->inputs[l] = mnist_alloc(size, sizeof(float));
            ok = ok && pass->inputs[l];
        }
        ok = ok && (!mnist_layer_normalizes(layer) || allocate_normalized(pass, l));
        norm_count += layer->panels * weight_blocks(layer);
    }
    pass->losses = mnist_alloc(pass->capacity, sizeof(float));
    pass->predicted = mnist_alloc(pass->capacity, 1);
    ok = ok && pass->losses && pass->predicted;
    if (gradient) {
        pass->gradient = mnist_alloc(mlp->arena_size, sizeof(float));
        pass->norms = mnist_alloc(norm_count, sizeof(double));
        ok = ok && pass->gradient && pass->norms;
    }
    return ok;
}

/* Sets what is trained. Deltas are needed down to the lowest layer that is trained; where images are
 * changed along their gradient, down to the inputs. */
static void set_rates(mnist_pass *pass, const float *rates, bool perturbs)
{
    for (unsigned l = pass->mlp->layer_count; l-- > 0;) {
        pass->rates[l] = rates ? rates[l] : 1.0f;
        if (pass->rates[l] > 0.0f) {
            pass->lowest = perturbs ? 0 : l;
        }
    }
}

mnist_status mnist_pass_create_with(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool,
                                    size_t capacity, mnist_pass_options options, mnist_error *err)
{
    *out = NULL;
    if (capacity < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "capacity of a pass: expected at least 1 image");
    }
    if (mlp->config.outputs > 256) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "outputs: expected at most 256, found %u",
                          mlp->config.outputs);
    }
    mnist_pass *pass = mnist_alloc(1, sizeof *pass);
    if (!pass) {
        return mnist_fail_memory(err, sizeof *pass, "a pass");
    }
    pass->mlp = mlp;
    pass->pool = pool;
    pass->kernels = mnist_kernels_select();
    pass->half = options.forward_only ? NULL : pass->kernels->half[options.precision];
    if (options.forward_only) {
        mnist_pass_choose_integers(pass);
    }
    pass->capacity = capacity;
    pass->tie = options.tie;
    if (options.regularization) {
        pass->regularization = *options.regularization;
    }
    bool perturbs = pass->regularization.adversarial_epsilon > 0.0f ||
                    pass->regularization.virtual_epsilon > 0.0f;
    if (perturbs) { /* two rows for each image, those of changed images from an even row on */
        pass->capacity = capacity <= SIZE_MAX / 4 ? 2 * capacity + 1 : SIZE_MAX / 2;
    }
    set_rates(pass, options.rates, perturbs);
    bool ok = allocate(pass, !options.forward_only);
    if (!ok || (perturbs && !allocate_perturbed(pass, capacity))) {
        mnist_pass_free(pass);
        return mnist_fail(err, MNIST_ERR_MEMORY,
                          "out of memory: activations and gradients of %zu images could not be "
                          "allocated; try a smaller batch or net",
                          capacity);
    }
    *out = pass;
    return MNIST_OK;
}

mnist_status mnist_pass_create(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool, size_t capacity,
                               mnist_error *err)
{
    return mnist_pass_create_with(out, mlp, pool, capacity, (mnist_pass_options){0}, err);
}

void mnist_pass_free(mnist_pass *pass)
{
    if (!pass) {
        return;
    }
    for (unsigned l = 0; l <= MNIST_MAX_HIDDEN; l++) {
        mnist_free(pass->activations[l]);
        mnist_free(pass->inputs[l]);
        mnist_free(pass->deltas[l]);
        mnist_free(pass->activation_pairs[l].along);
        mnist_free(pass->activation_pairs[l].across);
        mnist_free(pass->delta_pairs[l].along);
        mnist_free(pass->delta_pairs[l].across);
        if (l < MNIST_MAX_HIDDEN) {
            mnist_free(pass->normalized[l].values);
            mnist_free(pass->normalized[l].inverse);
            mnist_free(pass->normalized[l].gradients);
        }
    }
    mnist_sparse_net_free(pass->sparse);
    mnist_sparse_training_free(pass->training);
    mnist_free(pass->perturbed);
    mnist_free(pass->input_gradient);
    mnist_free(pass->probabilities);
    mnist_free(pass->gradient);
    mnist_free(pass->norms);
    mnist_free(pass->losses);
    mnist_free(pass->predicted);
    mnist_free(pass);
}
