/* Quantisation in training: grids, scales against double, what is trained behind them; tied pixels. */
#include "unit/unit.h"

#include "kernels/half.h"
#include "train/quantizer.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 120, LAYERS = 3 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
static const mnist_mlp_config shape = {
    .inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 2, .hidden = {70, 33}};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    return 0;
}

/* The weights of a layer, (in, out), to be freed. */
static float *weights_of(const mnist_mlp *mlp, unsigned l, size_t *count)
{
    *count = (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
    float *weights = malloc(*count * sizeof *weights);
    assert_non_null(weights);
    mnist_mlp_get_layer(mlp, l, weights, NULL);
    return weights;
}

static void assert_same(const mnist_mlp *a, const mnist_mlp *b)
{
    assert_memory_equal(a->parameters, b->parameters, a->arena_size * sizeof(float));
}

static mnist_train_config new_config(const char *quantization)
{
    mnist_train_config config = mnist_train_defaults();
    mnist_error err;
    config.epochs = 2;
    config.batch_size = 25;
    config.adapt_threads = false;
    if (quantization &&
        mnist_quantization_parse(&config.quantization, quantization, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return config;
}

static mnist_mlp *train(const mnist_train_config *config, unsigned threads,
                        const mnist_train_hooks *hooks)
{
    mnist_pool *pool;
    mnist_mlp *mlp;
    mnist_error err;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    const mnist_train_job job = {
        .net = mlp, .config = config, .train = view, .pool = pool, .hooks = hooks};
    if (mnist_train(&job, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    mnist_pool_free(pool);
    return mlp;
}

/* --- text --- */

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *plain, *fault;
    } rows[] = {
        {"int8", "int8", NULL},
        {"int3", "int3", NULL},
        {"int2", "ternary", NULL},
        {"ternary", "ternary", NULL},
        {"binary,start=0.5", "binary,start=0.5", NULL},
        {"int4,start=25%", "int4,start=0.25", NULL},
        {"codebook:8", "codebook:8", NULL},
        {"codebook:256,start=0", "codebook:256,start=0.0", NULL},
        {"codebook:1,start=85%", "codebook:1", NULL},
        {"", NULL, "expected first int8 to int2, ternary, binary or codebook:K, found \"\""},
        {"int9", NULL, "found \"int9\""},
        {"int1", NULL, "found \"int1\""},
        {"int88", NULL, "found \"int88\""},
        {"fp16", NULL, "found \"fp16\""},
        {"codebook", NULL, "found \"codebook\""},
        {"codebook:", NULL, "levels of a codebook: expected 1 to 256, found \"\""},
        {"codebook:0", NULL, "expected 1 to 256, found \"0\""},
        {"codebook:257", NULL, "expected 1 to 256, found \"257\""},
        {"codebook:99999999999", NULL, "expected 1 to 256"},
        {"codebook:8x", NULL, "expected 1 to 256"},
        {"int4,start=1.2", NULL, "expected start=0.5, a fraction of the training below 1, found"},
        {"int4,start=", NULL, "found \"start=\""},
        {"int4,start=.00000001%", NULL, "found \"start=.00000001%\""}, /* more digits than print */
        {"int4,stop=0.5", NULL, "found \"stop=0.5\""},
        {"int4,", NULL, "found \"\""},
        {"int4,start=1", NULL, "start of quantisation: expected 0 to below 1, found 1"},
        {"int4,start=0.5000000000000000000000000000000000000000000000000000000", NULL,
         "expected at most 63 characters, found"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        mnist_quantization quantization;
        mnist_error err = {0};
        char text[MNIST_QUANTIZATION_TEXT];
        const mnist_status status = mnist_quantization_parse(&quantization, rows[i].text, &err);
        if (rows[i].fault) {
            assert_int_equal(status, MNIST_ERR_ARGUMENT);
            if (!strstr(err.text, rows[i].fault)) {
                fail_msg("\"%s\": %s", rows[i].text, err.text);
            }
            continue;
        }
        assert_int_equal(status, MNIST_OK);
        mnist_quantization_print(&quantization, text);
        assert_string_equal(text, rows[i].plain);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const faults[] = {
        "bits of quantised weights: expected 2 to 8, found 9",
        "levels of a codebook: expected 1 to 256, found 0",
        "kind of quantisation: expected a known one",
        "batch normalisation does not go with quantisation",
        "side of tied pixels: expected what divides images of 28 x 28, found 3",
        "tied pixels do not go with a frozen first layer",
        "tied pixels are pruned as one, which does not go with pruning n:m",
    };
    for (size_t i = 0; i < LENGTH(faults); i++) {
        mnist_train_config config = new_config(i == 1 ? "codebook:8" : "int4");
        mnist_error err = {0};
        mnist_mlp *mlp;
        config.quantization.bits = i == 0 ? 9 : 4;
        config.quantization.levels = 0;
        config.quantization.kind = i == 2 ? MNIST_QUANTIZE_KINDS : config.quantization.kind;
        config.batch_norm = i == 3;
        config.tie_pixels = i == 4 ? 3 : i > 4 ? 2 : 0;
        config.frozen[0] = i == 5;
        if (i == 6) {
            assert_int_equal(mnist_pruning_parse(&config.pruning, "2:4", NULL), MNIST_OK);
        }
        assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
        const mnist_train_job job = {.net = mlp, .config = &config, .train = view};
        assert_int_equal(mnist_train(&job, &err), MNIST_ERR_ARGUMENT);
        if (!strstr(err.text, faults[i])) {
            fail_msg("case %zu: %s", i, err.text);
        }
        mnist_mlp_free(mlp);
    }
}

/* --- grids --- */

/* A quantiser that has begun, of a net; what it keeps. */
typedef struct fixture {
    mnist_mlp *mlp;
    mnist_train_config config;
    mnist_quantizer quantizer;
    mnist_optimizer optimizer;
} fixture;

static void begin(fixture *f, const char *quantization)
{
    assert_int_equal(mnist_mlp_create_drawn(&f->mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    f->config = new_config(quantization);
    f->config.quantization.start = 0.0f;
    f->optimizer = (mnist_optimizer){.updates = 0};
    for (size_t i = 0; i < f->mlp->arena_size; i += 7) { /* pruned */
        f->mlp->parameters[i] = 0.0f;
    }
    assert_int_equal(mnist_quantizer_create(&f->quantizer, f->mlp, &f->config, 10, NULL), MNIST_OK);
    assert_null(f->optimizer.latent);
    mnist_quantizer_step(&f->quantizer, 0, &f->optimizer);
    assert_ptr_equal(f->optimizer.latent, f->quantizer.latent);
}

static void end(fixture *f)
{
    mnist_quantizer_free(&f->quantizer);
    mnist_mlp_free(f->mlp);
}

static size_t place(const mnist_layer *layer, size_t k, size_t n)
{
    return mnist_panel_row(layer, n / MNIST_PANEL, k) + n % MNIST_PANEL;
}

/* What one step makes of latent weights: whole numbers with the scale before, and the scale of least
 * squares of them, in double. Latent weights do not change. */
static void test_scales(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double most; /* 0: signs */
    } kinds[] = {{"int8", 127}, {"int4", 7}, {"int3", 3}, {"ternary", 1}, {"binary", 0}};
    for (size_t c = 0; c < LENGTH(kinds); c++) {
        fixture f;
        begin(&f, kinds[c].text);
        mnist_mlp *mlp = f.mlp;
        const size_t size = mlp->arena_size * sizeof(float);
        size_t checked = 0;
        for (size_t i = 0; i < mlp->arena_size; i++) { /* as an update would */
            f.quantizer.latent[i] *= 1.0f + 0.1f * test_value(3, i);
        }
        float *before = malloc(size),
              *scales = malloc(f.quantizer.layout.arena_size * sizeof(float));
        assert_true(before && scales);
        memcpy(before, f.quantizer.latent, size);
        memcpy(scales, f.quantizer.grid, f.quantizer.layout.arena_size * sizeof(float));
        mnist_quantizer_part(&f.quantizer, (mnist_worker){.count = 1});
        if (kinds[c].most > 0) {
            assert_memory_equal(before, f.quantizer.latent, size);
        }
        for (unsigned l = 0; l < LAYERS; l++) {
            const mnist_layer *layer = &mlp->layers[l];
            const size_t grid = f.quantizer.layout.layers[l].offset;
            for (size_t n = 0; n < layer->outputs; n++) {
                double products = 0.0, squares = 0.0;
                bool halves = false;
                for (size_t k = 0; k < layer->inputs; k++) {
                    const double w = (double)before[place(layer, k, n)];
                    double q = rint(w / (double)scales[grid + n]);
                    q = q < -kinds[c].most ? -kinds[c].most : q > kinds[c].most ? kinds[c].most : q;
                    q = kinds[c].most > 0 ? q : (w > 0) - (w < 0);
                    products += w * q;
                    squares += q * q;
                    const double found = (double)mlp->parameters[place(layer, k, n)] /
                                         (double)f.quantizer.grid[grid + n];
                    const double rest = fabs(w / (double)scales[grid + n] - q);
                    halves = halves || fabs(rest - 0.5) < 1e-4; /* either is right */
                    if (fabs(found - q) > 1e-4 && !halves) {
                        fail_msg("%s: weight (%zu, %zu) of layer %u: %g, expected %g",
                                 kinds[c].text, k, n, l, found, q);
                    }
                }
                const double scale = (double)f.quantizer.grid[grid + n];
                assert_true(fabs(scale - products / squares) <= 1e-5 * scale || halves);
                checked += !halves;
                assert_true(mlp->parameters[place(layer, layer->inputs, n)] >=
                                before[place(layer, layer->inputs, n)] &&
                            mlp->parameters[place(layer, layer->inputs, n)] <=
                                before[place(layer, layer->inputs, n)]); /* biases */
            }
        }
        assert_true(checked > 80);
        free(before);
        free(scales);
        end(&f);
    }
}

/* A weight has the nearest level; a level is the mean of the weights that were nearest to it. */
static void test_levels(void **state)
{
    (void)state;
    static const unsigned counts[] = {1, 2, 3, 8, 100, 256};
    for (size_t c = 0; c < LENGTH(counts); c++) {
        const unsigned count = counts[c];
        char text[MNIST_QUANTIZATION_TEXT];
        fixture f;
        snprintf(text, sizeof text, "codebook:%u", count);
        begin(&f, text);
        float *old = malloc(f.quantizer.layout.arena_size * sizeof(float));
        assert_non_null(old);
        memcpy(old, f.quantizer.grid, f.quantizer.layout.arena_size * sizeof(float));
        mnist_quantizer_part(&f.quantizer, (mnist_worker){.count = 1});
        for (unsigned l = 0; l < LAYERS; l++) {
            const mnist_layer *layer = &f.mlp->layers[l];
            const float *was = old + f.quantizer.layout.layers[l].offset,
                        *is = f.quantizer.grid + f.quantizer.layout.layers[l].offset;
            double sums[256] = {0}, numbers[256] = {0};
            for (size_t k = 0; k < layer->inputs; k++) {
                for (size_t n = 0; n < layer->outputs; n++) {
                    const float w = f.quantizer.latent[place(layer, k, n)],
                                found = f.mlp->parameters[place(layer, k, n)];
                    if (fpclassify(w) == FP_ZERO) {
                        assert_int_equal(fpclassify(found), FP_ZERO);
                        continue;
                    }
                    unsigned best = 0;
                    for (unsigned i = 1; i < count; i++) {
                        best = fabsf(w - was[i]) < fabsf(w - was[best]) ? i : best;
                    }
                    sums[best] += (double)w;
                    numbers[best]++;
                    assert_memory_equal(&found, &is[best], sizeof found);
                }
            }
            for (unsigned i = 0; i < count; i++) {
                assert_true(fp16_value(fp16_code(is[i])) >= is[i] &&
                            fp16_value(fp16_code(is[i])) <= is[i]);
                assert_true(i == 0 || is[i] >= is[i - 1]);
                if (numbers[i] > 0) {
                    assert_true(fabs((double)is[i] - sums[i] / numbers[i]) <=
                                fabs((double)is[i]) / 2048.0 + 1e-7);
                }
            }
        }
        free(old);
        end(&f);
    }
}

/* How many different weights other than 0 an output, or a layer, has. */
static size_t count_values(const float *w, size_t count, size_t step)
{
    float values[300];
    size_t found = 0;
    for (size_t i = 0; i < count; i += step) {
        size_t v = 0;
        while (v < found && memcmp(&values[v], &w[i], sizeof *w) != 0) {
            v++;
        }
        if (v == found && fpclassify(w[i]) != FP_ZERO) {
            assert_true(found < LENGTH(values));
            values[found++] = w[i];
        }
    }
    return found;
}

typedef struct watcher {
    mnist_mlp *net;
    const mnist_quantization *quantization;
    uint64_t start;
    size_t checked;
} watcher;

static bool watch(void *context, const mnist_step_stats *stats)
{
    watcher *w = context;
    const mnist_quantization *q = w->quantization;
    size_t most = 0;
    for (unsigned l = 0; l < LAYERS && stats->step >= w->start; l++) {
        const size_t outputs = mnist_mlp_layer_outputs(w->net, l);
        size_t count;
        float *weights = weights_of(w->net, l, &count);
        const bool codebook = q->kind == MNIST_QUANTIZE_CODEBOOK;
        for (size_t n = 0; n < (codebook ? 1 : outputs); n++) {
            const size_t found = count_values(weights + n, count - n, codebook ? 1 : outputs);
            most = found > most ? found : most;
        }
        free(weights);
    }
    if (stats->step < w->start) {
        return true;
    }
    const size_t allowed = q->kind == MNIST_QUANTIZE_CODEBOOK ? q->levels
                           : q->kind == MNIST_QUANTIZE_BINARY ? 2
                                                              : (1u << q->bits) - 2;
    if (most > allowed || most * 3 < allowed) {
        fail_msg("step %ju: %zu values, expected at most %zu", (uintmax_t)stats->step, most,
                 allowed);
    }
    w->checked++;
    return true;
}

/* After every step from the beginning of quantisation on, the net's weights lie on the grid. */
static void test_membership(void **state)
{
    (void)state;
    static const char *const texts[] = {"int4", "ternary,start=0.5", "binary",
                                        "codebook:5,start=0.3"};
    for (size_t c = 0; c < LENGTH(texts); c++) {
        mnist_train_config config = new_config(texts[c]);
        mnist_mlp *mlp;
        mnist_error err;
        assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
        watcher w = {.net = mlp, .quantization = &config.quantization};
        w.start = (uint64_t)((double)config.quantization.start * 10.0);
        const mnist_train_hooks hooks = {.context = &w, .on_step = watch};
        const mnist_train_job job = {.net = mlp, .config = &config, .train = view, .hooks = &hooks};
        if (mnist_train(&job, &err) != MNIST_OK) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(w.checked, 10 - (w.start > 0 ? w.start - 1 : 0));
        mnist_mlp_free(mlp);
    }
}

/* Straight through: the first step moves latent weights by the gradient at the quantised ones. */
typedef struct first_step {
    mnist_snapshot *snapshot;
} first_step;

static bool take(void *context, const mnist_step_stats *stats)
{
    first_step *f = context;
    assert_int_equal(mnist_snapshot_take(stats->training, &f->snapshot, NULL), MNIST_OK);
    return false;
}

static void test_straight_through(void **state)
{
    (void)state;
    mnist_train_config config = new_config("ternary");
    config.batch_size = IMAGES;
    config.label_smoothing = 0.0f;
    config.schedule.kind = MNIST_SCHEDULE_CONSTANT;
    config.schedule.lr = 0.5f;
    config.schedule.warmup = 0.0f;
    config.optimizer.momentum = config.optimizer.weight_decay = 0.0f;
    config.optimizer.nesterov = false;
    mnist_mlp *mlp, *net;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_create_drawn(&net, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    first_step f = {NULL};
    const mnist_train_hooks hooks = {.context = &f, .on_step = take};
    const mnist_train_job job = {.net = mlp, .config = &config, .train = view, .hooks = &hooks};
    assert_int_equal(mnist_train(&job, NULL), MNIST_ERR_STOPPED);
    /* the same by hand */
    mnist_quantizer quantizer;
    mnist_optimizer optimizer = {.updates = 0};
    mnist_pass *pass;
    mnist_pool *pool;
    float *x = malloc(IMAGES * PIXELS * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < IMAGES * PIXELS; i++) {
        x[i] = (float)images[i] / 255.0f;
    }
    assert_int_equal(mnist_quantizer_create(&quantizer, net, &config, 2, NULL), MNIST_OK);
    mnist_quantizer_step(&quantizer, 0, &optimizer);
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, net, pool, IMAGES, NULL), MNIST_OK);
    mnist_pass_gradient(pass, x, labels, IMAGES, 0.0f, NULL);
    for (unsigned l = 0; l < LAYERS; l++) {
        const mnist_layer *layer = &net->layers[l];
        const mnist_array *latent = NULL;
        char name[40];
        size_t count, moved = 0;
        float *gradient = weights_of(net, l, &count);
        mnist_pass_get_gradient(pass, l, gradient, NULL);
        snprintf(name, sizeof name, "latent.layers.%u", l);
        for (size_t i = 0; i < f.snapshot->count; i++) {
            latent =
                strcmp(f.snapshot->arrays[i].name, name) == 0 ? &f.snapshot->arrays[i] : latent;
        }
        assert_non_null(latent);
        for (size_t i = 0; i < count; i++) {
            const double w =
                (double)quantizer.latent[place(layer, i / layer->outputs, i % layer->outputs)];
            const double expected = w - 0.5 * (double)gradient[i];
            assert_true(fabs((double)((const float *)latent->values)[i] - expected) < 1e-6);
            moved += fabs(expected - w) > 1e-5;
        }
        assert_true(moved > 100);
        free(gradient);
    }
    free(x);
    mnist_snapshot_free(f.snapshot);
    mnist_quantizer_free(&quantizer);
    mnist_pass_free(pass);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
    mnist_mlp_free(net);
}

/* --- trainings --- */

/* Nets as trainings make them, with all that goes with quantisation. */
enum { CASES = 12 };

static mnist_train_config case_of(unsigned c)
{
    static const char *const texts[CASES] = {"int8",
                                             "int4",
                                             "ternary",
                                             "binary",
                                             "codebook:8,start=0.4",
                                             "codebook:3,start=0",
                                             "int4",
                                             "ternary",
                                             "binary",
                                             "int4",
                                             "binary",
                                             "codebook:200,start=0.2"};
    mnist_train_config config = new_config(texts[c]);
    config.averaging.ema = c == 1 || c == 5 ? 0.9f : 0.0f;
    config.averaging.swa_start = c == 2 || c == 8 ? 0.3f : 0.0f;
    config.precision = c == 3 ? MNIST_BF16 : c == 6 ? MNIST_FP16 : MNIST_FP32;
    config.optimizer.max_norm = c == 7 ? 0.7f : 0.0f;
    config.frozen[1] = c == 9;
    if (c == 7 || c == 10) {
        config.optimizer.kind = MNIST_ADAM;
        config.schedule.lr = 0.002f;
    }
    if (c >= 4 && c != 9) {
        config.pruning = (mnist_pruning){.keep = 0.3f, .end = 0.8f};
    }
    return config;
}

static size_t count_zeros(const mnist_mlp *mlp)
{
    size_t zeros = 0;
    for (unsigned l = 0; l < LAYERS; l++) {
        size_t count;
        float *weights = weights_of(mlp, l, &count);
        for (size_t i = 0; i < count; i++) {
            zeros += fpclassify(weights[i]) == FP_ZERO;
        }
        free(weights);
    }
    return zeros;
}

/* The same bits whatever the team; pruned weights stay 0; frozen layers are as they were. */
static void test_trainings(void **state)
{
    (void)state;
    const size_t total = PIXELS * 70 + 70 * 33 + 330;
    for (unsigned c = 0; c < CASES; c++) {
        const mnist_train_config config = case_of(c);
        mnist_mlp *first = train(&config, 1, NULL), *drawn;
        for (unsigned threads = 2; threads <= 7; threads += 5) {
            mnist_mlp *mlp = train(&config, threads, NULL);
            assert_same(first, mlp);
            mnist_mlp_free(mlp);
        }
        if (config.pruning.keep > 0.0f) {
            const size_t kept = (size_t)(0.3 * (double)total + 0.5), zeros = count_zeros(first);
            if (config.quantization.kind == MNIST_QUANTIZE_BINARY) {
                assert_int_equal(zeros, total - kept);
            }
            assert_true(zeros >= total - kept);
        }
        if (config.frozen[1]) {
            size_t count;
            assert_int_equal(mnist_mlp_create_drawn(&drawn, &shape, MNIST_INIT_AUTO, 5, NULL),
                             MNIST_OK);
            float *expected = weights_of(drawn, 1, &count), *found = weights_of(first, 1, &count);
            assert_memory_equal(expected, found, count * sizeof *found);
            free(expected);
            free(found);
            mnist_mlp_free(drawn);
        }
        mnist_mlp_free(first);
    }
}

/* After such a training mnist_mlp_quantize finds the grid: the net becomes whole numbers, and not one
 * weight changes. */
static void test_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned bits;
        int most;
        bool zero;
    } kinds[] = {{"int8", 8, 127, true},  {"int5", 5, 15, true},   {"int4", 4, 7, true},
                 {"ternary", 2, 1, true}, {"binary", 2, 1, false}, {"ternary", 8, 127, true}};
    for (size_t c = 0; c < 2 * LENGTH(kinds); c++) {
        mnist_train_config config = new_config(kinds[c / 2].text);
        config.averaging.ema = c % 2 ? 0.9f : 0.0f;
        mnist_mlp *mlp = train(&config, 2, NULL);
        const mnist_quantize_options options = {.bits = kinds[c / 2].bits};
        float *before[LAYERS];
        size_t count;
        for (unsigned l = 0; l < LAYERS; l++) {
            before[l] = weights_of(mlp, l, &count);
        }
        assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, &options, NULL, NULL), MNIST_OK);
        for (unsigned l = 0; l < LAYERS; l++) {
            float *after = weights_of(mlp, l, &count);
            int8_t *whole = malloc(count);
            int largest = 0;
            assert_non_null(whole);
            assert_memory_equal(before[l], after, count * sizeof *after);
            mnist_mlp_get_integers(mlp, l, whole, NULL, NULL, NULL);
            for (size_t i = 0; i < count; i++) {
                largest = abs(whole[i]) > largest ? abs(whole[i]) : largest;
                assert_true(kinds[c / 2].zero || whole[i] != 0);
            }
            assert_true(largest <= kinds[c / 2].most && largest > kinds[c / 2].most / 2);
            free(after);
            free(whole);
            free(before[l]);
        }
        mnist_mlp_free(mlp);
    }
}

/* Until quantisation begins, no epoch is a candidate for the best; afterwards the best is one of
 * quantised weights. */
typedef struct epochs_seen {
    unsigned best[4];
} epochs_seen;

static bool note_epoch(void *context, const mnist_epoch_stats *stats)
{
    ((epochs_seen *)context)->best[stats->epoch - 1] = stats->best_epoch;
    return true;
}

static void test_best(void **state)
{
    (void)state;
    mnist_train_config config = new_config("ternary,start=0.6");
    config.epochs = 4;
    config.keep = MNIST_KEEP_BEST;
    epochs_seen seen;
    const mnist_train_hooks hooks = {.context = &seen, .on_epoch = note_epoch};
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp,
                                 .config = &config,
                                 .train = mnist_view_slice(view, 0, 100),
                                 .validation = mnist_view_slice(view, 100, 20),
                                 .hooks = &hooks};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    assert_int_equal(seen.best[0], 0);
    assert_int_equal(seen.best[1], 0);
    assert_int_equal(seen.best[2], 3);
    size_t count;
    float *weights = weights_of(mlp, 1, &count);
    assert_true(count_values(weights, count, 33) <= 2);
    free(weights);
    mnist_mlp_free(mlp);
}

/* --- tied pixels --- */

static void assert_tied(const mnist_mlp *mlp, unsigned side)
{
    size_t count;
    float *w = weights_of(mlp, 0, &count);
    for (size_t i = 0; i < PIXELS; i++) {
        const size_t corner = i / SIDE / side * side * SIDE + i % SIDE / side * side;
        for (size_t n = 0; n < 70; n++) {
            assert_memory_equal(&w[i * 70 + n], &w[corner * 70 + n], sizeof *w);
        }
    }
    free(w);
}

static void test_tied(void **state)
{
    (void)state;
    static const unsigned sides[] = {2, 4, 7, 14, 28};
    for (unsigned c = 0; c < 15; c++) {
        mnist_train_config config = new_config(c % 3 == 1   ? "codebook:8,start=0.5"
                                               : c % 3 == 2 ? "int4"
                                                            : NULL);
        const unsigned side = sides[c % 5];
        config.tie_pixels = side;
        config.optimizer.nesterov = c % 2;
        config.optimizer.clip_norm = c == 3 ? 1.0f : 0.0f;
        config.optimizer.max_norm = c == 4 ? 0.5f : 0.0f;
        config.averaging.ema = c == 6 ? 0.9f : 0.0f;
        config.precision = c == 7 ? MNIST_FP16 : c == 8 ? MNIST_BF16 : MNIST_FP32;
        config.batch_norm = c == 9;
        if (c >= 5) {
            config.pruning = (mnist_pruning){.keep = 0.4f, .end = 0.8f, .magnitude = c == 11};
            config.pruning.structure = c == 12 ? MNIST_PRUNE_UNITS : MNIST_PRUNE_WEIGHTS;
        }
        mnist_mlp *one = train(&config, 1, NULL), *five = train(&config, 5, NULL);
        assert_tied(one, side);
        assert_same(one, five);
        if (c >= 5 && c % 3 == 0 && c != 12) { /* blocks are pruned as one weight */
            const size_t blocks = PIXELS / side / side * 70, others = 70 * 33 + 330;
            const size_t kept = (size_t)(0.4 * (double)(blocks + others) + 0.5);
            size_t count, left = 0;
            float *w = weights_of(one, 0, &count);
            for (size_t i = 0; i < count; i++) {
                left += fpclassify(w[i]) != FP_ZERO;
            }
            free(w);
            const size_t zeros = count_zeros(one), first = count - left;
            assert_int_equal(left % (side * side), 0);
            assert_int_equal(left / side / side + others - (zeros - first), kept);
        }
        mnist_mlp_free(one);
        mnist_mlp_free(five);
    }
}

/* A tied net computes, and is trained, as one of smaller pictures whose pixels are sums, but for
 * rounding: its weights move by the mean of the gradient, a 1 / side^2 of the sum. */
static void test_tied_gradient(void **state)
{
    (void)state;
    mnist_train_config config = new_config(NULL);
    config.batch_size = IMAGES;
    config.epochs = 1;
    config.label_smoothing = 0.0f;
    config.schedule.kind = MNIST_SCHEDULE_CONSTANT;
    config.schedule.lr = 0.5f;
    config.schedule.warmup = 0.0f;
    config.optimizer.momentum = config.optimizer.weight_decay = 0.0f;
    config.optimizer.nesterov = false;
    config.tie_pixels = 2;
    mnist_mlp *tied = train(&config, 2, NULL), *net;
    mnist_pass *pass;
    mnist_pool *pool;
    size_t count;
    assert_int_equal(mnist_mlp_create_drawn(&net, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    float *w = weights_of(net, 0, &count), *gradient = weights_of(net, 0, &count),
          *found = weights_of(tied, 0, &count), *x = malloc(IMAGES * PIXELS * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < IMAGES * PIXELS; i++) {
        x[i] = (float)images[i] / 255.0f;
    }
    for (size_t i = 0; i < count; i++) { /* tied by hand */
        const size_t p = i / 70, n = i % 70, corner = p / SIDE / 2 * 2 * SIDE + p % SIDE / 2 * 2;
        gradient[i] = 0.25f * (w[corner * 70 + n] + w[(corner + 1) * 70 + n] +
                               w[(corner + SIDE) * 70 + n] + w[(corner + SIDE + 1) * 70 + n]);
    }
    memcpy(w, gradient, count * sizeof *w);
    mnist_mlp_set_layer(net, 0, w, NULL);
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, net, pool, IMAGES, NULL), MNIST_OK);
    mnist_pass_gradient(pass, x, labels, IMAGES, 0.0f, NULL);
    mnist_pass_get_gradient(pass, 0, gradient, NULL);
    for (size_t i = 0; i < count; i++) {
        const size_t p = i / 70, n = i % 70, corner = p / SIDE / 2 * 2 * SIDE + p % SIDE / 2 * 2;
        const double mean =
            0.25 * ((double)gradient[corner * 70 + n] + (double)gradient[(corner + 1) * 70 + n] +
                    (double)gradient[(corner + SIDE) * 70 + n] +
                    (double)gradient[(corner + SIDE + 1) * 70 + n]);
        assert_true(fabs((double)found[i] - ((double)w[i] - 0.5 * mean)) < 1e-6);
    }
    free(w);
    free(gradient);
    free(found);
    free(x);
    mnist_pass_free(pass);
    mnist_pool_free(pool);
    mnist_mlp_free(tied);
    mnist_mlp_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_scales),        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_membership),    cmocka_unit_test(test_straight_through),
        cmocka_unit_test(test_trainings),     cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_best),          cmocka_unit_test(test_tied),
        cmocka_unit_test(test_tied_gradient),
    };
    return cmocka_run_group_tests_name("quantizer", tests, make_images, NULL);
}
