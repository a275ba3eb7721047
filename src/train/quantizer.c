#include "train/quantizer.h"

#include "base/memory.h"
#include "base/status.h"
#include "eval/scale.h"
#include "kernels/half.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ROUNDS        60u       /* most of k-means, at the beginning */
#define FP16_MOST     65504.0f  /* the largest number of 16 bits */
#define ROUND_TO_EVEN 0x1.8p23f /* added and taken away, it leaves the nearest whole number */

/* What a binary weight's latent value may be, in units of its scale. */
#define BINARY_MOST 3.0f

/* The numbers of one layer's row in the grids. */
static size_t grid_size(const mnist_quantizer *q, unsigned l)
{
    return q->config->kind == MNIST_QUANTIZE_CODEBOOK ? q->config->levels
                                                      : q->net->layers[l].outputs;
}

static float *grid_of(const mnist_quantizer *q, float *grid, unsigned l)
{
    return grid + q->layout.layers[l].offset;
}

static void lay_out(mnist_quantizer *q)
{
    q->layout.layer_count = q->net->layer_count;
    for (unsigned l = 0; l < q->net->layer_count; l++) {
        mnist_layer *layer = &q->layout.layers[l];
        layer->outputs = grid_size(q, l);
        layer->stride = mnist_pad(layer->outputs);
        layer->panels = (layer->stride + MNIST_PANEL - 1) / MNIST_PANEL;
        layer->rows = 1;
        layer->offset = q->layout.arena_size;
        q->layout.arena_size += layer->stride;
    }
}

mnist_status mnist_quantizer_create(mnist_quantizer *q, mnist_mlp *net,
                                    const mnist_train_config *config, uint64_t steps,
                                    mnist_error *err)
{
    *q = (mnist_quantizer){.config = &config->quantization, .net = net, .frozen = config->frozen};
    if (q->config->kind == MNIST_QUANTIZE_NONE) {
        return MNIST_OK;
    }
    size_t panels = 0;
    for (unsigned l = 0; l < net->layer_count; l++) {
        panels += net->layers[l].panels;
    }
    lay_out(q);
    q->start = (uint64_t)((double)q->config->start * (double)steps);
    q->latent = mnist_alloc(net->arena_size, sizeof *q->latent);
    q->grid = mnist_alloc(q->layout.arena_size, sizeof *q->grid);
    q->other_grid = mnist_alloc(q->layout.arena_size, sizeof *q->other_grid);
    q->before = mnist_alloc(q->layout.arena_size, sizeof *q->before);
    q->sums = mnist_alloc(panels * 2 * q->config->levels, sizeof *q->sums);
    if (!q->latent || !q->grid || !q->other_grid || !q->before || !q->sums) {
        mnist_quantizer_free(q);
        return mnist_fail_memory(err, net->arena_size * sizeof *q->latent,
                                 "the weights that are quantised");
    }
    return MNIST_OK;
}

void mnist_quantizer_free(mnist_quantizer *q)
{
    mnist_free(q->latent);
    mnist_free(q->grid);
    mnist_free(q->other_grid);
    mnist_free(q->before);
    mnist_free(q->sums);
    q->latent = q->grid = q->other_grid = q->before = NULL;
    q->sums = NULL;
}

/* The weights of one panel: (rows, width). */
typedef struct panel {
    const float *from;
    float *out;
    size_t rows, width;
} panel;

/* Scales from sums over an output's weights. Where all numbers are 0, the next ones are to be others:
 * the largest weight is the scale then, if there is any. */
static void set_scales(const panel *p, const float *products, const float *squares, float *scales)
{
    for (size_t n = 0; n < p->width; n++) {
        float best = products[n] / squares[n];
        if (!(squares[n] > 0.0f)) {
            best = 0.0f;
            for (size_t k = 0; k < p->rows; k++) {
                const float magnitude = fabsf(p->from[k * p->width + n]);
                best = magnitude > best ? magnitude : best;
            }
        }
        scales[n] = best >= FLT_MIN ? best : scales[n];
    }
}

/* The whole numbers of a panel, in out, and with them the best scales: of whole numbers k for weights
 * w, sum(w k) / sum(k k), which leaves the least squares of errors. most: of whole numbers. */
static void round_integers(const panel *p, float most, float *scales)
{
    float inverse[MNIST_PANEL], products[MNIST_PANEL] = {0.0f}, squares[MNIST_PANEL] = {0.0f};
    for (size_t n = 0; n < p->width; n++) {
        inverse[n] = scales[n] > 0.0f ? 1.0f / scales[n] : 0.0f;
    }
    for (size_t k = 0; k < p->rows; k++) {
        const float *w = p->from + k * p->width;
        float *out = p->out + k * p->width;
        for (size_t n = 0; n < p->width; n++) {
            float whole = w[n] * inverse[n];
            whole = whole > most ? most : whole;
            whole = whole < -most ? -most : whole;
            whole = whole + ROUND_TO_EVEN - ROUND_TO_EVEN;
            products[n] += w[n] * whole;
            squares[n] += whole * whole;
            out[n] = whole;
        }
    }
    set_scales(p, products, squares, scales);
}

/* The same of signs: the scale is the mean magnitude (Rastegari et al. 2016). Weights of 0 stay so. */
static void round_signs(const panel *p, float *scales)
{
    float products[MNIST_PANEL] = {0.0f}, squares[MNIST_PANEL] = {0.0f};
    for (size_t k = 0; k < p->rows; k++) {
        const float *w = p->from + k * p->width;
        float *out = p->out + k * p->width;
        for (size_t n = 0; n < p->width; n++) {
            const float above = w[n] > 0.0f ? 1.0f : 0.0f, below = w[n] < 0.0f ? 1.0f : 0.0f;
            const float sign = above - below + (w[n] - w[n]); /* what is not finite stays so */
            products[n] += w[n] * sign;
            squares[n] += sign * sign;
            out[n] = sign;
        }
    }
    set_scales(p, products, squares, scales);
}

static void scale_panel(const panel *p, const float *scales)
{
    for (size_t k = 0; k < p->rows; k++) {
        float *out = p->out + k * p->width;
        for (size_t n = 0; n < p->width; n++) {
            out[n] *= scales[n];
        }
    }
}

/* Latent weights far from 0 would take long to change their sign. */
static void clip_panel(const panel *p, float *latent, const float *scales)
{
    for (size_t k = 0; k < p->rows; k++) {
        float *w = latent + k * p->width;
        for (size_t n = 0; n < p->width; n++) {
            const float most = BINARY_MOST * scales[n];
            w[n] = w[n] > most ? most : w[n];
            w[n] = w[n] < -most ? -most : w[n];
        }
    }
}

/* The middles between levels, padded for a search by halves. */
typedef struct bounds {
    float middle[MNIST_CODEBOOK_MOST];
    unsigned half; /* of a power of two that is no less than the number of levels */
} bounds;

static void set_bounds(bounds *b, const float *levels, unsigned count)
{
    unsigned size = 1;
    while (size < count) {
        size *= 2;
    }
    for (unsigned i = 0; i < size; i++) {
        b->middle[i] = i + 1 < count ? 0.5f * (levels[i] + levels[i + 1]) : INFINITY;
    }
    b->half = size / 2;
}

/* The nearest level; of two the lower. */
static unsigned nearest(const bounds *b, float value)
{
    unsigned at = 0;
    for (unsigned step = b->half; step > 0; step /= 2) {
        at += value > b->middle[at + step - 1] ? step : 0;
    }
    return at;
}

/* Numbers of levels, from 1, to out, and 0 where a weight is 0; their weights and number to sums. */
static void round_codebook(const panel *p, const bounds *b, unsigned levels, double *sums)
{
    memset(sums, 0, 2 * levels * sizeof *sums);
    for (size_t i = 0; i < p->rows * p->width; i++) {
        const float w = p->from[i];
        if (fpclassify(w) == FP_ZERO) {
            p->out[i] = 0.0f;
            continue;
        }
        const unsigned level = nearest(b, w);
        sums[level] += (double)w;
        sums[levels + level] += 1.0;
        p->out[i] = (float)(level + 1);
    }
}

static void look_up(const panel *p, const float *levels)
{
    for (size_t i = 0; i < p->rows * p->width; i++) {
        const unsigned level = (unsigned)p->out[i];
        p->out[i] = level > 0 ? levels[level - 1] : 0.0f;
    }
}

static float as_fp16(float value)
{
    const float most = FP16_MOST;
    return fp16_value(fp16_code(value > most ? most : value < -most ? -most : value));
}

/* Levels from the sums of a layer's panels, which follow one another: each is the mean of its weights,
 * as a number of 16 bits. */
static void set_levels(float *levels, unsigned count, const double *sums, size_t panels)
{
    for (unsigned i = 0; i < count; i++) {
        double sum = 0.0, number = 0.0;
        for (size_t p = 0; p < panels; p++) {
            sum += sums[p * 2 * count + i];
            number += sums[p * 2 * count + count + i];
        }
        if (number > 0.0) {
            levels[i] = as_fp16((float)(sum / number));
        }
    }
}

/* From where to where a layer's panels go, and with which grids. */
typedef struct rounding {
    const float *from;
    float *out, *grid;
    float *clipped; /* from, if that is to be clipped; else NULL */
} rounding;

static panel panel_of(const mnist_layer *layer, const rounding *r, size_t index)
{
    const size_t at = mnist_panel_row(layer, index, 0);
    return (panel){.from = r->from + at,
                   .out = r->out + at,
                   .rows = layer->inputs,
                   .width = mnist_panel_width(layer, index)};
}

static void round_scaled(const mnist_quantizer *q, const mnist_layer *layer, const rounding *r,
                         float *scales, size_t index)
{
    const panel p = panel_of(layer, r, index);
    if (q->config->kind == MNIST_QUANTIZE_BINARY) {
        round_signs(&p, scales);
        if (r->clipped) {
            clip_panel(&p, r->clipped + mnist_panel_row(layer, index, 0), scales);
        }
    } else {
        round_integers(&p, (float)((1 << (q->config->bits - 1)) - 1), scales);
    }
    scale_panel(&p, scales);
}

/* The first half of a worker's share: with scales all that there is, with a codebook the numbers of
 * levels. */
static void round_part(const mnist_quantizer *q, const rounding *r, mnist_worker worker)
{
    const bool codebook = q->config->kind == MNIST_QUANTIZE_CODEBOOK;
    double *sums = q->sums;
    for (unsigned l = 0; l < q->net->layer_count; l++) {
        const mnist_layer *layer = &q->net->layers[l];
        float *grid = grid_of(q, r->grid, l);
        size_t index, end;
        bounds b;
        mnist_worker_share(worker, q->frozen[l] ? 0 : layer->panels, &index, &end);
        if (codebook && index < end) {
            set_bounds(&b, grid, q->config->levels);
        }
        for (; index < end; index++) {
            const size_t biases = mnist_panel_row(layer, index, layer->inputs);
            if (codebook) {
                const panel p = panel_of(layer, r, index);
                round_codebook(&p, &b, q->config->levels, sums + index * 2 * q->config->levels);
            } else {
                round_scaled(q, layer, r, grid + index * MNIST_PANEL, index);
            }
            memcpy(r->out + biases, r->from + biases,
                   mnist_panel_width(layer, index) * sizeof(float));
        }
        sums += layer->panels * 2 * q->config->levels;
    }
}

static void set_all_levels(const mnist_quantizer *q, float *grid)
{
    const double *sums = q->sums;
    for (unsigned l = 0; l < q->net->layer_count; l++) {
        if (!q->frozen[l]) {
            set_levels(grid_of(q, grid, l), q->config->levels, sums, q->net->layers[l].panels);
        }
        sums += q->net->layers[l].panels * 2 * q->config->levels;
    }
}

/* The second half, of a codebook whose new levels are known. */
static void look_up_part(const mnist_quantizer *q, const rounding *r, mnist_worker worker)
{
    for (unsigned l = 0; l < q->net->layer_count; l++) {
        const mnist_layer *layer = &q->net->layers[l];
        size_t index, end;
        mnist_worker_share(worker, q->frozen[l] ? 0 : layer->panels, &index, &end);
        for (; index < end; index++) {
            const panel p = panel_of(layer, r, index);
            look_up(&p, grid_of(q, r->grid, l));
        }
    }
}

static void quantize_part(const mnist_quantizer *q, const rounding *r, mnist_worker worker)
{
    round_part(q, r, worker);
    if (q->config->kind == MNIST_QUANTIZE_CODEBOOK) {
        mnist_pool_barrier(worker);
        if (worker.index == 0) {
            set_all_levels(q, r->grid);
        }
        mnist_pool_barrier(worker);
        look_up_part(q, r, worker);
    }
}

void mnist_quantizer_part(const mnist_quantizer *q, mnist_worker worker)
{
    if (q->on) {
        mnist_pool_barrier(worker); /* the update is complete */
        quantize_part(q,
                      &(rounding){.from = q->latent,
                                  .out = q->net->parameters,
                                  .grid = q->grid,
                                  .clipped = q->latent},
                      worker);
    }
}

/* Levels from the least to the largest weight, evenly (Han et al. 2016). */
static void spread_levels(const mnist_quantizer *q, unsigned l, const float *weights, float *levels)
{
    const mnist_layer *layer = &q->net->layers[l];
    const unsigned count = q->config->levels;
    float least = 0.0f, largest = 0.0f;
    for (size_t index = 0; index < layer->panels; index++) {
        const float *w = weights + mnist_panel_row(layer, index, 0);
        for (size_t i = 0; i < layer->inputs * mnist_panel_width(layer, index); i++) {
            least = w[i] < least ? w[i] : least;
            largest = w[i] > largest ? w[i] : largest;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        levels[i] = as_fp16(least + (largest - least) * ((float)i + 0.5f) / (float)count);
    }
}

/* Grids to begin with. */
static void begin_grid(const mnist_quantizer *q, unsigned l, const float *weights, float *grid)
{
    const mnist_layer *layer = &q->net->layers[l];
    if (q->config->kind == MNIST_QUANTIZE_CODEBOOK) {
        spread_levels(q, l, weights, grid);
        return;
    }
    for (size_t n = 0; n < layer->outputs; n++) {
        const size_t index = n / MNIST_PANEL, width = mnist_panel_width(layer, index);
        const float *w = weights + mnist_panel_row(layer, index, 0) + n % MNIST_PANEL;
        grid[n] = q->config->kind == MNIST_QUANTIZE_BINARY
                      ? 1.0f
                      : (float)mnist_weight_scale(w, layer->inputs, width, q->config->bits);
    }
}

/* Quantises with grids that only the weights themselves say. */
static void quantize_afresh(const mnist_quantizer *q, const rounding *r)
{
    const mnist_worker alone = {.count = 1};
    const size_t bytes = q->layout.arena_size * sizeof(float);
    for (unsigned l = 0; l < q->net->layer_count; l++) {
        if (!q->frozen[l]) {
            begin_grid(q, l, r->from, grid_of(q, r->grid, l));
        }
    }
    for (unsigned i = 0; q->config->kind == MNIST_QUANTIZE_CODEBOOK && i < ROUNDS; i++) {
        memcpy(q->before, r->grid, bytes);
        round_part(q, r, alone);
        set_all_levels(q, r->grid);
        if (memcmp(q->before, r->grid, bytes) == 0) {
            break;
        }
    }
    quantize_part(q, r, alone);
}

static void begin(mnist_quantizer *q, mnist_optimizer *optimizer)
{
    memcpy(q->latent, q->net->parameters, q->net->arena_size * sizeof(float));
    quantize_afresh(q, &(rounding){.from = q->latent, .out = q->net->parameters, .grid = q->grid});
    q->on = true;
    optimizer->latent = q->latent;
}

bool mnist_quantizer_step(mnist_quantizer *q, uint64_t step, mnist_optimizer *optimizer)
{
    if (!mnist_quantizer_waits(q) || step < q->start) {
        return false;
    }
    begin(q, optimizer);
    return true;
}

void mnist_quantizer_hand_out(const mnist_quantizer *q, const float *from, float *out)
{
    memcpy(out, from, q->net->arena_size * sizeof(float));
    quantize_afresh(q, &(rounding){.from = from, .out = out, .grid = q->other_grid});
}

/* Are a layer's numbers those of a grid? */
static bool is_grid(const mnist_quantizer *q, unsigned l)
{
    const float *grid = grid_of(q, q->grid, l);
    const bool codebook = q->config->kind == MNIST_QUANTIZE_CODEBOOK;
    bool good = true;
    for (size_t i = 0; i < grid_size(q, l); i++) {
        good = good && (codebook ? fabsf(grid[i]) <= FP16_MOST && (i == 0 || grid[i] >= grid[i - 1])
                                 : grid[i] >= FLT_MIN && grid[i] <= FLT_MAX);
    }
    return good;
}

mnist_status mnist_quantizer_go_on(mnist_quantizer *q, mnist_optimizer *optimizer, mnist_error *err)
{
    for (size_t i = 0; q->latent && i < q->layout.arena_size; i++) {
        q->on = q->on || fpclassify(q->grid[i]) != FP_ZERO;
    }
    for (unsigned l = 0; q->on && l < q->net->layer_count; l++) {
        if (!q->frozen[l] && !is_grid(q, l)) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "'grid.layers.%u' in the snapshot of a training: expected %s", l,
                              q->config->kind == MNIST_QUANTIZE_CODEBOOK
                                  ? "levels in ascending order"
                                  : "scales above 0");
        }
    }
    optimizer->latent = q->on ? q->latent : NULL;
    return MNIST_OK;
}
