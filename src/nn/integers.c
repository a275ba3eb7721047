/* The integer form of a net: from the numbers of a file to those that kernels use, and back. */
#include "nn/integers.h"

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* r 2^shift is at least this, so that a sum keeps five bits beyond those of the result, and a
 * multiplier has at least ten. */
#define LEAST_RATIO     0x1p-5
#define MOST_SHIFT      24
#define MULTIPLIER_ONE  0x1p15
#define MOST_MULTIPLIER 32767

#define SPARSE_OUTPUTS 256u

static _Atomic mnist_integers_mode chosen;

void mnist_integers_use(mnist_integers_mode mode)
{
    atomic_store(&chosen, mode);
}

static const mnist_integer_kernels *kernels(void)
{
    return atomic_load(&chosen) == MNIST_INTEGERS_OFF ? NULL : mnist_integer_kernels_select();
}

const char *mnist_integers_kernels_name(void)
{
    const mnist_integer_kernels *table = kernels();
    return table ? table->name : NULL;
}

void mnist_pass_choose_integers(mnist_pass *pass)
{
    pass->integer_kernels = kernels();
}

double mnist_integer_input_scale(const mnist_integer_inputs *inputs)
{
    return 2.0 / 255.0 * (double)inputs->white;
}

/* What layer l's inputs are: scale (q - zero). */
static double input_scale(const mnist_integers *form, unsigned l)
{
    return l > 0 ? (double)form->parts[l - 1].range.scale
                 : mnist_integer_input_scale(&form->inputs);
}

static double input_zero(const mnist_integers *form, unsigned l)
{
    return l > 0 ? (double)form->parts[l - 1].range.zero
                 : -(double)form->inputs.shift / input_scale(form, 0);
}

static bool is_scale(float value)
{
    return value >= FLT_MIN && value <= FLT_MAX; /* not NaN either */
}

static mnist_status check_range(unsigned l, const mnist_integer_range *range, bool table,
                                mnist_error *err)
{
    if (!is_scale(range->scale)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "scale of layer %u's outputs: expected a positive number above 1.2e-38, found %g",
            l + 1, (double)range->scale);
    }
    const unsigned most = table ? MNIST_INTEGER_VALUE_MOST : 0;
    if (range->zero > most) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "zero point of layer %u's outputs: expected at most %u, found %u", l + 1,
                          most, range->zero);
    }
    if (table ? !is_scale(range->step) : range->step != 0.0f) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "step of layer %u's table: expected %s, found %g",
                          l + 1, table ? "a positive number" : "0, as relu has no table",
                          (double)range->step);
    }
    return MNIST_OK;
}

static mnist_status check_layer(const mnist_mlp *mlp, unsigned l, const mnist_integer_layer *layer,
                                mnist_error *err)
{
    const size_t inputs = mlp->layers[l].inputs, outputs = mlp->layers[l].outputs;
    for (size_t i = 0; i < inputs * outputs; i++) {
        if (layer->weights[i] < -MNIST_INTEGER_WEIGHT_MOST) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "weight %zu of layer %u: expected -127 to 127, found %d", i, l + 1,
                              layer->weights[i]);
        }
    }
    for (size_t n = 0; n < outputs; n++) {
        if (!is_scale(layer->scales[n])) {
            return mnist_fail(
                err, MNIST_ERR_FORMAT,
                "scale %zu of layer %u: expected a positive number above 1.2e-38, found %g", n,
                l + 1, (double)layer->scales[n]);
        }
        if (layer->biases[n] > MNIST_INTEGER_BIAS_MOST ||
            layer->biases[n] < -MNIST_INTEGER_BIAS_MOST) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "bias %zu of layer %u: expected at most 2^30 either way, found %d", n,
                              l + 1, layer->biases[n]);
        }
    }
    return l + 1 < mlp->layer_count
               ? check_range(l, &layer->range, mlp->config.activation != MNIST_RELU, err)
               : MNIST_OK;
}

static mnist_status check(const mnist_mlp *mlp, const mnist_integer_inputs *inputs,
                          const mnist_integer_layer *layers, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (mlp->config.batch_norm) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT,
                            "a net with batch normalisation has no integer form");
    } else if (!is_scale(inputs->white) ||
               !(inputs->shift <= 0.0f && inputs->shift >= -inputs->white)) {
        status = mnist_fail(err, MNIST_ERR_FORMAT,
                            "normalisation: expected a mean of 0 to 1, found white %g, shift %g",
                            (double)inputs->white, (double)inputs->shift);
    }
    for (unsigned l = 0; status == MNIST_OK && l < mlp->layer_count; l++) {
        status = check_layer(mlp, l, &layers[l], err);
    }
    return status;
}

/* Memory of a form: a first call with block NULL says how much, a second one lays it out. */
static size_t take(uint8_t *block, size_t *used, size_t bytes, void *out)
{
    const size_t at = *used;
    *used += (bytes + MNIST_ALIGN - 1) / MNIST_ALIGN * MNIST_ALIGN;
    if (block) {
        void *place = block + at;
        memcpy(out, &place, sizeof place);
    }
    return at;
}

static size_t lay_out(const mnist_mlp *mlp, uint8_t *block)
{
    size_t used = 0;
    mnist_integers *form = NULL;
    take(block, &used, sizeof *form, &form);
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const size_t stride = mlp->layers[l].stride, words = stride * sizeof(int32_t);
        mnist_integer_parts none, *parts = form ? &form->parts[l] : &none;
        take(block, &used, mnist_integer_size(mlp->layers[l].inputs, stride), &parts->weights);
        take(block, &used, words, &parts->scales);
        take(block, &used, words, &parts->biases);
        take(block, &used, words, &parts->init);
        take(block, &used, words, &parts->shifts);
        take(block, &used, words, &parts->multipliers);
        take(block, &used, words, &parts->logit_scales);
    }
    return used;
}

/* The multiplier and the shift of ratio, which is what a unit of a sum is in units of the result:
 * about ratio = multiplier 2^-15 2^-shift. */
static void set_ratio(double ratio, int32_t *shift, int32_t *multiplier)
{
    for (*shift = 0; *shift < MOST_SHIFT && ratio < LEAST_RATIO; ++*shift) {
        ratio *= 2.0; /* exact */
    }
    const double rounded = floor(ratio * MULTIPLIER_ONE + 0.5);
    *multiplier = rounded < MOST_MULTIPLIER ? (int32_t)rounded : MOST_MULTIPLIER;
}

/* What a table makes of v. */
static void set_table(mnist_integer_parts *parts, mnist_activation activation)
{
    _Alignas(MNIST_ALIGN) float z[256];
    for (int v = 0; v < 256; v++) {
        z[v] = parts->range.step * (float)(v - 128);
    }
    mnist_kernels_scalar.activate[activation](z, z, 256);
    for (int v = 0; v < 256; v++) {
        const double q = floor((double)z[v] / (double)parts->range.scale + 0.5) + parts->range.zero;
        parts->table[v] = q >= MNIST_INTEGER_VALUE_MOST ? MNIST_INTEGER_VALUE_MOST
                          : q > 0.0                     ? (uint8_t)q
                                                        : 0;
    }
}

/* All that follows from what files have. */
static void derive(const mnist_mlp *mlp, mnist_integers *form, unsigned l,
                   const mnist_integer_layer *from)
{
    const mnist_layer *layer = &mlp->layers[l];
    mnist_integer_parts *parts = &form->parts[l];
    const bool hidden = l + 1 < mlp->layer_count, table = mlp->config.activation != MNIST_RELU;
    const double scale = input_scale(form, l), zero = input_zero(form, l);
    for (size_t n = 0; n < layer->outputs; n++) {
        int64_t sum = 0;
        for (size_t k = 0; k < layer->inputs; k++) {
            sum += from->weights[k * layer->outputs + n];
        }
        int64_t init = from->biases[n] - (int64_t)floor(zero * (double)sum + 0.5);
        const double unit = scale * (double)from->scales[n];
        if (hidden) {
            const double out = (double)(table ? from->range.step : from->range.scale);
            set_ratio(unit / out, &parts->shifts[n], &parts->multipliers[n]);
            init += (INT64_C(1) << parts->shifts[n]) / 2;
        }
        parts->logit_scales[n] = (float)unit;
        /* at most 2^30 + 127.5 127 65536 + 2^23: see the bounds of kernels/integers.h */
        assert(init >= INT32_MIN && init <= INT32_MAX);
        parts->init[n] = (int32_t)init;
    }
    parts->steps = (mnist_integer_steps){.shifts = parts->shifts,
                                         .multipliers = parts->multipliers,
                                         .middle = table ? 128 : 0,
                                         .most = table ? 255 : MNIST_INTEGER_MOST,
                                         .table = table ? parts->table : NULL};
    if (hidden && table) {
        set_table(parts, mlp->config.activation);
    }
}

/* The float parameters that the integers stand for. */
static void dequantize(const mnist_mlp *mlp, const mnist_integers *form, unsigned l,
                       const mnist_integer_layer *from)
{
    const mnist_layer *layer = &mlp->layers[l];
    for (size_t n = 0; n < layer->outputs; n++) {
        float *column =
            mlp->parameters + mnist_panel_row(layer, n / MNIST_PANEL, 0) + n % MNIST_PANEL;
        const size_t width = mnist_panel_width(layer, n / MNIST_PANEL);
        for (size_t k = 0; k < layer->inputs; k++) {
            column[k * width] = from->scales[n] * (float)from->weights[k * layer->outputs + n];
        }
        column[layer->inputs * width] =
            (float)(input_scale(form, l) * (double)from->scales[n] * (double)from->biases[n]);
    }
}

mnist_status mnist_mlp_set_integers(mnist_mlp *mlp, const mnist_integer_inputs *inputs,
                                    const mnist_integer_layer *layers, mnist_error *err)
{
    mnist_status status = check(mlp, inputs, layers, err);
    if (status != MNIST_OK) {
        return status;
    }
    const size_t size = lay_out(mlp, NULL);
    uint8_t *block = mnist_alloc(size, 1);
    if (!block) {
        return mnist_fail_memory(err, size, "the integer form of the net");
    }
    lay_out(mlp, block);
    mnist_integers *form = (void *)block;
    form->inputs = *inputs;
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        mnist_integer_parts *parts = &form->parts[l];
        for (size_t k = 0; k < layer->inputs; k++) {
            for (size_t n = 0; n < layer->outputs; n++) {
                parts->weights[mnist_integer_place(layer->inputs, layer->stride, k, n)] =
                    layers[l].weights[k * layer->outputs + n];
            }
        }
        memcpy(parts->scales, layers[l].scales, layer->outputs * sizeof *parts->scales);
        memcpy(parts->biases, layers[l].biases, layer->outputs * sizeof *parts->biases);
        parts->range = layers[l].range;
        derive(mlp, form, l, &layers[l]);
        dequantize(mlp, form, l, &layers[l]);
    }
    mnist_free(mlp->integers);
    mlp->integers = form;
    return MNIST_OK;
}

bool mnist_mlp_has_integers(const mnist_mlp *mlp, mnist_integer_inputs *inputs)
{
    if (inputs && mlp->integers) {
        *inputs = mlp->integers->inputs;
    }
    return mlp->integers != NULL;
}

void mnist_mlp_get_integers(const mnist_mlp *mlp, unsigned layer, int8_t *weights, float *scales,
                            int32_t *biases, mnist_integer_range *range)
{
    assert(mlp->integers && layer < mlp->layer_count);
    const mnist_layer *shape = &mlp->layers[layer];
    const mnist_integer_parts *parts = &mlp->integers->parts[layer];
    for (size_t k = 0; weights && k < shape->inputs; k++) {
        for (size_t n = 0; n < shape->outputs; n++) {
            weights[k * shape->outputs + n] =
                parts->weights[mnist_integer_place(shape->inputs, shape->stride, k, n)];
        }
    }
    if (scales) {
        memcpy(scales, parts->scales, shape->outputs * sizeof *scales);
    }
    if (biases) {
        memcpy(biases, parts->biases, shape->outputs * sizeof *biases);
    }
    if (range) {
        *range = parts->range;
    }
}

mnist_integer_constants mnist_mlp_integer_constants(const mnist_mlp *mlp, unsigned layer)
{
    assert(mlp->integers && layer < mlp->layer_count);
    const mnist_integer_parts *parts = &mlp->integers->parts[layer];
    const bool last = layer + 1 == mlp->layer_count;
    return (mnist_integer_constants){.start = parts->init,
                                     .shifts = last ? NULL : parts->shifts,
                                     .multipliers = last ? NULL : parts->multipliers,
                                     .table = last ? NULL : parts->steps.table,
                                     .scales = last ? parts->logit_scales : NULL};
}

bool mnist_pass_uses_integers(const mnist_pass *pass, const float *table, float shift)
{
    const mnist_integers *form = pass->mlp->integers;
    return form && pass->integer_kernels && table && table[255] == form->inputs.white &&
           shift == form->inputs.shift;
}

/* A hidden layer's outputs take the memory of its floats: bytes, rows as many bytes apart as floats
 * are numbers. */
static uint8_t *values_of(const mnist_pass *pass, unsigned l, size_t row)
{
    return (uint8_t *)pass->activations[l] + row * pass->mlp->layers[l].row;
}

void mnist_pass_integers(mnist_pass *pass, const mnist_pass_batch *batch)
{
    const mnist_mlp *mlp = pass->mlp;
    for (unsigned l = 0; l < mlp->layer_count && batch->count > 0; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        const mnist_integer_parts *parts = &mlp->integers->parts[l];
        const bool first = l == 0, last = l + 1 == mlp->layer_count;
        pass->integer_kernels->product(&(mnist_integer_product){
            .x = first ? batch->bytes : values_of(pass, l - 1, batch->row),
            .x_stride = first ? layer->inputs : mlp->layers[l - 1].row,
            .rows = batch->count,
            /* padding of a layer's outputs meets weights of 0 */
            .inputs =
                first ? layer->inputs : mnist_integer_groups(layer->inputs) * MNIST_INTEGER_GROUP,
            .pixels = first,
            /* outputs of relu: it pays where a search is little beside the products */
            .sparse = first || (batch->count == 1 && layer->stride >= SPARSE_OUTPUTS &&
                                mlp->config.activation == MNIST_RELU),
            .w = parts->weights,
            .outputs = layer->stride,
            .init = parts->init,
            .steps = last ? NULL : &parts->steps,
            .out = last ? NULL : values_of(pass, l, batch->row),
            .out_stride = layer->row,
            .scales = parts->logit_scales,
            .logits = last ? pass->activations[l] + batch->row * layer->row : NULL,
            .logits_stride = layer->row,
        });
    }
}
