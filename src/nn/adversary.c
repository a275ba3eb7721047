/* Adversarial training, and virtual adversarial training (mnist/nn.h, mnist_regularization): images
 * are changed in the way that raises the loss, or moves the prediction, the most, and are trained
 * on together with those they were made from. The changed images take the rows of the pass behind
 * the batch's own. */
#include "nn/parts.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

/* How far from an image, in units of the inputs, the power iteration measures: far enough that the
 * softmax differs in floats, near enough that the divergence is still a quadratic form. */
#define PROBE 0.1f

/* Image i of the batch as inputs of the net. */
static void read_inputs(const mnist_pass *pass, const mnist_pass_batch *batch, size_t i, float *out)
{
    const size_t inputs = pass->mlp->config.inputs;
    const uint8_t *bytes =
        batch->x ? NULL : batch->bytes + (batch->index ? batch->index[i] : i) * inputs;
    for (size_t p = 0; p < inputs; p++) {
        out[p] =
            (bytes ? batch->table[bytes[p]] : batch->x[i * batch->x_stride + p]) + batch->shift;
    }
}

/* pass->perturbed of image i: the image moved from where it is by `by` times the signs of
 * input_gradient, or by a step of length `by` in its direction. */
static void perturb(const mnist_pass *pass, const mnist_pass_batch *batch, size_t i, float by,
                    bool signs)
{
    const size_t inputs = pass->mlp->config.inputs;
    float *out = pass->perturbed + i * pass->perturbed_stride;
    const float *towards = pass->input_gradient + i * pass->perturbed_stride;
    read_inputs(pass, batch, i, out);
    if (signs) {
        for (size_t p = 0; p < inputs; p++) {
            out[p] += by * (float)((towards[p] > 0.0f) - (towards[p] < 0.0f));
        }
    } else {
        double squares = 0.0;
        for (size_t p = 0; p < inputs; p++) {
            squares += (double)towards[p] * (double)towards[p];
        }
        const float scale = squares > 0.0 ? (float)((double)by / sqrt(squares)) : 0.0f;
        for (size_t p = 0; p < inputs; p++) {
            out[p] += scale * towards[p];
        }
    }
    if (pass->half) {
        pass->half->round(out, out, pass->perturbed_stride);
    }
}

/* A random direction, nearly normal in each input: sums of four bytes, exact on every machine. */
static void random_direction(const mnist_pass *pass, const mnist_pass_batch *batch, size_t i,
                             float *out)
{
    const size_t inputs = pass->mlp->config.inputs;
    mnist_rng_block block = {{0}};
    for (size_t p = 0; p < inputs; p++) {
        if (p % 4 == 0) {
            block = mnist_rng(batch->seed, MNIST_RNG_DIRECTION, (uint32_t)(p / 4),
                              batch->step << 20 | i);
        }
        out[p] = mnist_rng_bell(block.word[p % 4]);
    }
}

/* Forward, loss and deltas of the changed images. */
static void run_perturbed(mnist_pass *pass, const mnist_pass_batch *changed, mnist_worker worker)
{
    size_t first, end;
    mnist_pass_forward_part(pass, changed, worker, &first, &end);
    mnist_pass_loss_part(pass, changed, true, first, end);
    mnist_pass_backward_part(pass, changed, first, end, worker);
}

/* Makes 0 the row between the batch's and the changed images' rows, if there is one, so that it
 * adds nothing to sums over all rows. */
static void clear_gap(const mnist_pass *pass, const mnist_pass_batch *batch)
{
    for (unsigned l = 0; l < pass->mlp->layer_count && batch->count % 2 == 1; l++) {
        const size_t row = pass->mlp->layers[l].row;
        memset(pass->deltas[l] + batch->count * row, 0, row * sizeof(float));
    }
}

void mnist_pass_adversary_part(mnist_pass *pass, const mnist_pass_batch *batch, mnist_worker worker)
{
    const mnist_regularization *r = &pass->regularization;
    const bool virtual = r->virtual_epsilon > 0.0f;
    mnist_pass_batch changed = *batch;
    changed.x = pass->perturbed;
    changed.x_stride = pass->perturbed_stride;
    changed.shift = 0.0f;
    changed.row = mnist_pass_perturbed_row(batch);
    changed.weight = virtual ? r->virtual_weight : r->adversarial_share;
    changed.virtual = virtual;
    changed.next_count = 0;
    size_t first, end;
    mnist_pass_images(batch->count, worker, &first, &end);
    if (worker.index == 0) {
        clear_gap(pass, batch);
    }
    if (virtual) {
        changed.targets = pass->probabilities;
        changed.soft = NULL;
        changed.smoothing = 0.0f;
        for (size_t i = first; i < end; i++) {
            random_direction(pass, batch, i, pass->input_gradient + i * pass->perturbed_stride);
            perturb(pass, batch, i, PROBE, false);
        }
        mnist_pool_barrier(worker);
        run_perturbed(pass, &changed, worker);
        mnist_pass_input_gradient(pass, &changed, first, end, pass->input_gradient);
    } else {
        mnist_pass_input_gradient(pass, batch, first, end, pass->input_gradient);
    }
    for (size_t i = first; i < end; i++) {
        perturb(pass, batch, i, virtual ? r->virtual_epsilon : r->adversarial_epsilon, !virtual);
    }
    mnist_pool_barrier(worker);
    run_perturbed(pass, &changed, worker);
}
