/* The integer form of a trained net: scales of weights from the weights, ranges of activations from
 * what images give. */
#include <mnist/eval.h>
#include <mnist/integers.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "data/batch.h"
#include "eval/scale.h"
#include "nn/pass.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ROWS   48u   /* images that a worker takes at a time */
#define BINS   2048u /* of a layer's activations, from 0 to the largest: 16 for each whole number */
#define RANGES 112u  /* that are tried: from 1/8 of the largest activation on */
#define SCALES 64u /* that are tried for an output's weights of few bits: from 1/4 of the largest */

const char *mnist_range_rule_name(mnist_range_rule rule)
{
    static const char *const names[MNIST_RANGE_RULES] = {
        [MNIST_RANGE_SQUARES] = "squares", [MNIST_RANGE_LARGEST] = "largest"};
    return (unsigned)rule < MNIST_RANGE_RULES ? names[rule] : NULL;
}

/* What images show of a hidden layer's activations. */
typedef struct seen {
    float least, largest;
    uint64_t bins[BINS]; /* how many activations above 0 lie where */
} seen;

typedef struct calibration {
    mnist_mlp *mlp;
    mnist_view view;
    float table[256], shift;
    bool dense; /* the images have few zeros, and go as floats */
    mnist_pass *pass;
    float *x; /* (rows of the pass, stride) */
    size_t stride;
    bool count; /* the second time: into bins */
    seen *seen; /* (workers, hidden layers) */
} calibration;

static unsigned hidden(const mnist_mlp *mlp)
{
    return mlp->layer_count - 1;
}

/* The worker's notes of one layer, from rows of the pass. */
static void note(const calibration *c, unsigned l, size_t row, size_t count, seen *s)
{
    const mnist_layer *layer = &c->mlp->layers[l];
    for (size_t i = row; i < row + count; i++) {
        const float *a = c->pass->activations[l] + i * layer->row;
        for (size_t n = 0; n < layer->outputs; n++) {
            if (!c->count) {
                s->least = a[n] < s->least ? a[n] : s->least;
                s->largest = a[n] > s->largest ? a[n] : s->largest;
            } else if (a[n] > 0.0f) {
                const size_t bin = (size_t)(a[n] / s->largest * (float)BINS);
                s->bins[bin < BINS ? bin : BINS - 1]++;
            }
        }
    }
}

static void calibrate_task(void *argument, mnist_worker worker)
{
    calibration *c = argument;
    const size_t pixels = (size_t)c->view.rows * c->view.cols, row = worker.index * ROWS;
    size_t image, end;
    mnist_worker_share(worker, c->view.count, &image, &end);
    for (size_t count; image < end; image += count) {
        count = end - image < ROWS ? end - image : ROWS;
        mnist_pass_batch batch = {.table = c->table, .shift = c->shift, .count = count, .row = row};
        if (c->dense) {
            float *x = c->x + row * c->stride;
            mnist_batch_gather(&(mnist_gather){.view = c->view,
                                               .first = image,
                                               .count = count,
                                               .table = c->table,
                                               .x = x,
                                               .x_stride = c->stride});
            batch.x = x;
            batch.x_stride = c->stride;
        } else {
            batch.bytes = c->view.images + image * pixels;
        }
        mnist_pass_evaluate(c->pass, &batch);
        for (unsigned l = 0; l < hidden(c->mlp); l++) {
            note(c, l, row, count, &c->seen[worker.index * hidden(c->mlp) + l]);
        }
    }
}

/* All workers' notes in the first one's; each then gets the same bounds. */
static void join(calibration *c, unsigned workers)
{
    const unsigned layers = hidden(c->mlp);
    for (unsigned l = 0; l < layers; l++) {
        seen *first = &c->seen[l];
        for (unsigned w = 1; w < workers; w++) {
            const seen *other = &c->seen[w * layers + l];
            first->least = other->least < first->least ? other->least : first->least;
            first->largest = other->largest > first->largest ? other->largest : first->largest;
            for (size_t b = 0; b < BINS; b++) {
                first->bins[b] += other->bins[b];
            }
        }
        for (unsigned w = 1; w < workers; w++) {
            c->seen[w * layers + l] = (seen){.least = first->least, .largest = first->largest};
        }
    }
}

/* c->seen[l], for each hidden layer l, becomes what the images show. */
static mnist_status calibrate(calibration *c, mnist_pool *pool, bool bins, mnist_error *err)
{
    const unsigned workers = mnist_pool_threads(pool);
    c->seen = mnist_alloc(workers * hidden(c->mlp), sizeof *c->seen);
    if (!c->seen) {
        return mnist_fail_memory(err, workers * hidden(c->mlp) * sizeof *c->seen,
                                 "the ranges of activations");
    }
    mnist_status status = mnist_pass_create_with(&c->pass, c->mlp, pool, workers * ROWS,
                                                 (mnist_pass_options){.forward_only = true}, err);
    if (status == MNIST_OK && c->dense) {
        c->stride = mnist_pad(c->mlp->config.inputs);
        c->x = mnist_alloc(workers * ROWS, c->stride * sizeof *c->x);
        status = c->x ? MNIST_OK
                      : mnist_fail_memory(err, workers * ROWS * c->stride * sizeof *c->x,
                                          "images to calibrate with");
    }
    if (status == MNIST_OK) {
        c->pass->integer_kernels = NULL; /* floats, whatever form there is already */
        mnist_pool_run(pool, calibrate_task, c);
        join(c, workers);
    }
    if (status == MNIST_OK && bins) {
        c->count = true;
        mnist_pool_run(pool, calibrate_task, c);
        join(c, workers);
    }
    mnist_pass_free(c->pass);
    mnist_free(c->x);
    return status;
}

/* The sum of squares of the errors, with a scale for activations above 0. */
static double range_errors(const seen *s, double scale)
{
    double sum = 0.0;
    for (size_t b = 0; b < BINS; b++) {
        const double value = ((double)b + 0.5) * (double)s->largest / BINS;
        const double q = floor(value / scale + 0.5);
        const double error =
            (q < MNIST_INTEGER_VALUE_MOST ? q : MNIST_INTEGER_VALUE_MOST) * scale - value;
        sum += (double)s->bins[b] * error * error;
    }
    return sum;
}

/* The largest activation that is kept. */
static double range_of(const seen *s, mnist_range_rule rule)
{
    const double largest = (double)s->largest;
    if (rule == MNIST_RANGE_LARGEST || !(largest > 0.0)) {
        return largest > 0.0 ? largest : 1.0;
    }
    double best = largest, least = range_errors(s, largest / MNIST_INTEGER_VALUE_MOST);
    for (unsigned i = RANGES - 1; i > 0; i--) {
        const double range = largest * (i + 128.0 - RANGES) / 128.0;
        const double errors = range_errors(s, range / MNIST_INTEGER_VALUE_MOST);
        if (errors < least) {
            least = errors;
            best = range;
        }
    }
    return best;
}

static float scale_of(double scale)
{
    return scale > (double)FLT_MIN ? (float)scale : FLT_MIN;
}

/* What a layer's outputs are to be, if no unit of its sums, of which `unit` is the largest, is to be
 * larger than a unit of the outputs, or than a step of their table. */
static mnist_integer_range outputs_of(const seen *s, mnist_activation activation,
                                      mnist_range_rule rule, double unit)
{
    const double most = MNIST_INTEGER_VALUE_MOST;
    const bool bounded = activation == MNIST_TANH || activation == MNIST_SIGMOID;
    const double low = activation == MNIST_TANH                         ? -1.0
                       : activation == MNIST_SIGMOID || s->least > 0.0f ? 0.0
                                                                        : (double)s->least;
    const double high = bounded ? 1.0 : range_of(s, rule);
    mnist_integer_range range = {0};
    double scale = (high - low) / most;
    if (activation == MNIST_RELU) {
        range.scale = scale_of(scale > unit ? scale : unit);
        return range;
    }
    range.zero = (unsigned)floor(-low / scale + 0.5);
    if (range.zero > 0 && range.zero < MNIST_INTEGER_VALUE_MOST) { /* both ends within reach */
        const double below = -low / range.zero, above = high / (most - range.zero);
        scale = below > above ? below : above;
    }
    range.scale = scale_of(scale);
    /* Beyond ±3 tanh is within half a unit of what it is there, and so is sigmoid beyond ±6. The others
     * are nearly z above 0: with steps of the outputs' scale these are rounded once, not twice; but
     * gelu is to reach down to -4, where it is nearly 0. */
    double step = activation == MNIST_TANH      ? 3.0 / 128.0
                  : activation == MNIST_SIGMOID ? 6.0 / 128.0
                                                : scale;
    if (!bounded && activation != MNIST_LEAKY_RELU && step < 4.0 / 128.0) {
        step = 4.0 / 128.0;
    }
    range.step = scale_of(step > unit ? step : unit);
    return range;
}

/* The sum of squares of the errors of an output's weights. */
static double weight_errors(const float *w, size_t inputs, size_t outputs, double scale, int most)
{
    double sum = 0.0;
    for (size_t k = 0; k < inputs; k++) {
        double q = floor((double)w[k * outputs] / scale + 0.5);
        q = q < -most ? -most : q > most ? most : q;
        const double error = q * scale - (double)w[k * outputs];
        sum += error * error;
    }
    return sum;
}

double mnist_weight_scale(const float *w, size_t inputs, size_t step, unsigned bits)
{
    const int most = (1 << (bits - 1)) - 1;
    double largest = 0.0;
    for (size_t k = 0; k < inputs; k++) {
        const double magnitude = fabs((double)w[k * step]);
        largest = magnitude > largest ? magnitude : largest;
    }
    if (!(largest > 0.0)) {
        return 1.0;
    }
    double best = largest / most;
    if (bits == 8) { /* clipping the largest would cost more than finer steps gain */
        return best;
    }
    double least = weight_errors(w, inputs, step, best, most);
    for (unsigned i = SCALES - 1; i > SCALES / 4; i--) {
        const double scale = largest * i / SCALES / most;
        const double errors = weight_errors(w, inputs, step, scale, most);
        if (errors < least) {
            least = errors;
            best = scale;
        }
    }
    return best;
}

/* Are all weights whole numbers within ±most times the scale, to the bit? */
static bool lies_on_grid(const float *w, size_t inputs, size_t step, float scale, int most)
{
    for (size_t k = 0; k < inputs; k++) {
        const double q = floor((double)w[k * step] / (double)scale + 0.5);
        if (!(fabs(q) <= most) || (float)q * scale != w[k * step]) { // NOLINT: to the bit
            return false;
        }
    }
    return true;
}

/* The scale of a grid on which all of an output's weights lie, the finest; 0: there is none. The
 * largest weight is the scale times a whole number, rounded once: so the quotient is off by two units
 * in its last place at most. */
static float find_grid(const float *w, size_t inputs, size_t step, int most)
{
    float largest = 0.0f;
    for (size_t k = 0; k < inputs; k++) {
        const float magnitude = fabsf(w[k * step]);
        largest = magnitude > largest ? magnitude : largest;
    }
    for (int number = most; number > 0 && largest > 0.0f; number--) {
        float scale = largest / (float)number;
        scale = nextafterf(nextafterf(scale, 0.0f), 0.0f);
        for (int i = 0; i < 5; i++, scale = nextafterf(scale, FLT_MAX)) {
            if (scale >= FLT_MIN && lies_on_grid(w, inputs, step, scale, most)) {
                return scale;
            }
        }
    }
    return 0.0f;
}

/* A layer's numbers, while they are made. */
typedef struct making {
    float *w, *bias; /* what they are made from */
    int8_t *weights;
    float *scales;
    int32_t *biases;
    mnist_integer_range range;
} making;

/* Weights, scales and biases of a layer whose inputs have the scale `input`. Returns the largest
 * unit of its sums. */
static double make_layer(const mnist_mlp *mlp, unsigned l, unsigned bits, double input, making *m)
{
    const size_t inputs = mlp->layers[l].inputs, outputs = mlp->layers[l].outputs;
    const int most = (1 << (bits - 1)) - 1;
    double largest = 0.0;
    mnist_mlp_get_layer(mlp, l, m->w, m->bias);
    for (size_t n = 0; n < outputs; n++) {
        const float grid = find_grid(m->w + n, inputs, outputs, most);
        double scale =
            grid > 0.0f ? (double)grid : mnist_weight_scale(m->w + n, inputs, outputs, bits);
        /* so that the bias fits */
        const double least = fabs((double)m->bias[n]) / input / (MNIST_INTEGER_BIAS_MOST - 1);
        scale = scale > least ? scale : least;
        m->scales[n] = scale_of(scale < (double)FLT_MAX ? scale : (double)FLT_MAX);
        scale = (double)m->scales[n];
        for (size_t k = 0; k < inputs; k++) {
            const double q = floor((double)m->w[k * outputs + n] / scale + 0.5);
            m->weights[k * outputs + n] = (int8_t)(q < -most ? -most : q > most ? most : q);
        }
        const double bias = floor((double)m->bias[n] / (input * scale) + 0.5);
        m->biases[n] = (int32_t)(bias > MNIST_INTEGER_BIAS_MOST    ? MNIST_INTEGER_BIAS_MOST
                                 : bias < -MNIST_INTEGER_BIAS_MOST ? -MNIST_INTEGER_BIAS_MOST
                                                                   : bias);
        largest = input * scale > largest ? input * scale : largest;
    }
    return largest;
}

static bool allocate_layer(const mnist_mlp *mlp, unsigned l, making *m)
{
    const size_t inputs = mlp->layers[l].inputs, outputs = mlp->layers[l].outputs;
    m->w = mnist_alloc(inputs * outputs, sizeof *m->w);
    m->bias = mnist_alloc(outputs, sizeof *m->bias);
    m->weights = mnist_alloc(inputs * outputs, 1);
    m->scales = mnist_alloc(outputs, sizeof *m->scales);
    m->biases = mnist_alloc(outputs, sizeof *m->biases);
    return m->w && m->bias && m->weights && m->scales && m->biases;
}

static void free_layer(making *m)
{
    mnist_free(m->w);
    mnist_free(m->bias);
    mnist_free(m->weights);
    mnist_free(m->scales);
    mnist_free(m->biases);
}

static mnist_status quantize(calibration *c, const mnist_quantize_options *options, unsigned bits,
                             mnist_error *err)
{
    mnist_mlp *mlp = c->mlp;
    making all[MNIST_MAX_HIDDEN + 1] = {{0}};
    mnist_integer_layer layers[MNIST_MAX_HIDDEN + 1] = {{0}};
    const mnist_integer_inputs inputs = {.white = c->table[255], .shift = c->shift};
    mnist_status status = MNIST_OK;
    for (unsigned l = 0; l < mlp->layer_count && status == MNIST_OK; l++) {
        making *m = &all[l];
        if (!allocate_layer(mlp, l, m)) {
            status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the integer form");
            break;
        }
        const double input =
            l > 0 ? (double)all[l - 1].range.scale : mnist_integer_input_scale(&inputs);
        const double unit = make_layer(mlp, l, bits, input, m);
        if (l < hidden(mlp)) {
            m->range = outputs_of(&c->seen[l], mlp->config.activation, options->range, unit);
        }
        layers[l] = (mnist_integer_layer){m->weights, m->scales, m->biases, m->range};
    }
    if (status == MNIST_OK) {
        status = mnist_mlp_set_integers(mlp, &inputs, layers, err);
    }
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        free_layer(&all[l]);
    }
    if (status == MNIST_ERR_FORMAT) { /* here it is no file's fault, but the caller's */
        status = MNIST_ERR_ARGUMENT;
        if (err) {
            err->status = status;
        }
    }
    return status;
}

static mnist_status check(const mnist_mlp *mlp, mnist_view images, unsigned bits, mnist_error *err)
{
    if (bits < 2 || bits > 8) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "bits of weights: expected 2 to 8, found %u",
                          bits);
    }
    if (images.count < 1) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "there are no images to calibrate with");
    }
    if ((size_t)images.rows * images.cols != mlp->config.inputs) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "the images are %u x %u = %zu pixels, but the net has %u inputs",
                          images.rows, images.cols, (size_t)images.rows * images.cols,
                          mlp->config.inputs);
    }
    if (!mnist_mlp_finite(mlp)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "the net has weights that are no finite numbers");
    }
    return MNIST_OK;
}

mnist_status mnist_mlp_quantize(mnist_mlp *mlp, mnist_view images,
                                const mnist_normalization *normalization,
                                const mnist_quantize_options *options, mnist_pool *pool,
                                mnist_error *err)
{
    const mnist_quantize_options defaults = {0};
    options = options ? options : &defaults;
    const unsigned bits = options->bits ? options->bits : 8;
    mnist_pool *own = NULL;
    calibration c = {.mlp = mlp, .view = images};
    mnist_status status = check(mlp, images, bits, err);
    if (status == MNIST_OK && !pool) {
        status = mnist_pool_create(&own, 0, err);
    }
    if (status == MNIST_OK) {
        c.shift = mnist_normalization_split(normalization, c.table);
        c.dense = mnist_batch_density(images) >= MNIST_SPARSE_DENSITY;
        status = calibrate(&c, pool ? pool : own, options->range == MNIST_RANGE_SQUARES, err);
    }
    if (status == MNIST_OK) {
        status = quantize(&c, options, bits, err);
    }
    mnist_free(c.seen);
    mnist_pool_free(own);
    return status;
}
