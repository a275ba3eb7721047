/* Nets of whole numbers: their logits against the arithmetic that mnist/integers.h states, done in
 * double and 64 bits; the same bits whatever the kernels and the threads; what drops the form. */
#include "unit/unit.h"

#include "kernels/integers.h"
#include "unit/exact.h"

#include <float.h>
#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 7, PIXELS = SIDE * SIDE, COUNT = 203 };

static uint8_t images[COUNT * PIXELS], labels[COUNT];

static mnist_view the_view(void)
{
    test_images(images, labels, COUNT, PIXELS);
    return (mnist_view){images, labels, COUNT, SIDE, SIDE, MNIST_CLASSES, 0};
}

static mnist_mlp *drawn_net(mnist_activation activation, unsigned hidden_count,
                            const unsigned *hidden)
{
    mnist_mlp_config config = {.inputs = PIXELS,
                               .outputs = MNIST_CLASSES,
                               .hidden_count = hidden_count,
                               .activation = activation};
    mnist_mlp *mlp;
    for (unsigned l = 0; l < hidden_count; l++) {
        config.hidden[l] = hidden[l];
    }
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &config, MNIST_INIT_AUTO, 3, NULL), MNIST_OK);
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) { /* biases that matter */
        float *bias = malloc(mnist_mlp_layer_outputs(mlp, l) * sizeof *bias);
        test_fill(bias, mnist_mlp_layer_outputs(mlp, l), 50 + l, 0.3f);
        mnist_mlp_set_layer(mlp, l, NULL, bias);
        free(bias);
    }
    return mlp;
}

static mnist_mlp *quantized(mnist_activation activation, unsigned hidden_count,
                            const unsigned *hidden, const mnist_normalization *normalization,
                            const mnist_quantize_options *options)
{
    mnist_mlp *mlp = drawn_net(activation, hidden_count, hidden);
    mnist_error err;
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    assert_int_equal(mnist_mlp_quantize(mlp, the_view(), normalization, options, NULL, &err),
                     MNIST_OK);
    assert_true(mnist_mlp_has_integers(mlp, NULL));
    return mlp;
}

/* All logits, with so many threads. */
static void logits_of(mnist_mlp *mlp, const mnist_normalization *normalization, unsigned threads,
                      float *logits)
{
    mnist_pool *pool;
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    assert_int_equal(mnist_logits(mlp, the_view(), normalization, pool, logits, NULL, NULL),
                     MNIST_OK);
    mnist_pool_free(pool);
}

/* One image through the arithmetic that the header states, layer by layer, by numbers that
 * mnist_mlp_get_integers gives. What is exact is demanded of the logits; the two roundings, of the
 * ratio to a multiplier and of a shifted sum, are allowed to move an activation by one. Therefore
 * each layer is computed from what the layer below may be: intervals of whole numbers. */
typedef struct interval {
    double low, high;
} interval;

static void follow(const mnist_mlp *mlp, const uint8_t *image, interval *logits)
{
    const mnist_mlp_config *shape = mnist_mlp_shape(mlp);
    mnist_integer_inputs inputs;
    assert_true(mnist_mlp_has_integers(mlp, &inputs));
    double scale = 2.0 / 255.0 * (double)inputs.white, zero = -(double)inputs.shift / scale;
    interval q[200], next[200];
    for (size_t k = 0; k < PIXELS; k++) {
        q[k].low = q[k].high = image[k] == 255 ? 127 : (image[k] + 1) / 2;
    }
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const unsigned in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        int8_t *w = malloc(in * out);
        float *scales = malloc(out * sizeof *scales);
        int32_t *biases = malloc(out * sizeof *biases);
        mnist_integer_range range;
        mnist_mlp_get_integers(mlp, l, w, scales, biases, &range);
        for (unsigned n = 0; n < out; n++) {
            double low = biases[n], high = low;
            for (unsigned k = 0; k < in; k++) {
                const int weight = w[k * out + n];
                low += ((weight > 0 ? q[k].low : q[k].high) - zero) * weight;
                high += ((weight > 0 ? q[k].high : q[k].low) - zero) * weight;
            }
            const double unit = scale * (double)scales[n];
            if (l + 1 == mnist_mlp_layers(mlp)) {
                /* the zero point's product is rounded to a whole number once */
                logits[n] = (interval){(low - 0.51) * unit, (high + 0.51) * unit};
                continue;
            }
            const bool table = shape->activation != MNIST_RELU;
            const double step = table ? (double)range.step : (double)range.scale;
            double v[2] = {floor(low * unit / step - 0.1 + 0.5),
                           floor(high * unit / step + 0.1 + 0.5)};
            interval *to = &next[n];
            *to = (interval){1000.0, -1000.0};
            for (double at = v[0]; at <= v[1]; at += 1.0) {
                double a = at;
                if (table) {
                    const double index = at < -128.0 ? -128.0 : at > 127.0 ? 127.0 : at;
                    a = exact_activation(shape->activation, index * step) / (double)range.scale +
                        range.zero;
                }
                /* f of the library and of libm may round to different numbers */
                const double below = floor(a + 0.5 - (table ? 1e-3 : 0.0));
                const double above = floor(a + 0.5 + (table ? 1e-3 : 0.0));
                to->low = below < to->low ? below : to->low;
                to->high = above > to->high ? above : to->high;
            }
            to->low = to->low < 0.0 ? 0.0 : to->low > 127.0 ? 127.0 : to->low;
            to->high = to->high < 0.0 ? 0.0 : to->high > 127.0 ? 127.0 : to->high;
            assert_true(to->high - to->low <= 40.0); /* else the test says nothing */
        }
        memcpy(q, next, sizeof q);
        scale = (double)range.scale;
        zero = range.zero;
        free(w);
        free(scales);
        free(biases);
    }
}

static const struct {
    unsigned count, hidden[3];
} shapes[] = {{0, {0}}, {1, {1}}, {1, {16}}, {1, {130}}, {2, {30, 67}}, {3, {7, 64, 5}}};

static void check_against_arithmetic(mnist_mlp *mlp, const mnist_normalization *normalization)
{
    static float logits[COUNT * MNIST_CLASSES];
    logits_of(mlp, normalization, 2, logits);
    double widest = 0.0, largest = 0.0;
    for (size_t i = 0; i < COUNT; i += 7) {
        interval expected[MNIST_CLASSES];
        follow(mlp, images + i * PIXELS, expected);
        for (unsigned c = 0; c < MNIST_CLASSES; c++) {
            const double found = (double)logits[i * MNIST_CLASSES + c];
            assert_true(found >= expected[c].low - 1e-6 * fabs(expected[c].low));
            assert_true(found <= expected[c].high + 1e-6 * fabs(expected[c].high));
            const double width = expected[c].high - expected[c].low;
            widest = width > widest ? width : widest;
            largest = fabs(found) > largest ? fabs(found) : largest;
        }
    }
    assert_true(widest < 0.4 * largest);
}

static void test_arithmetic(void **state)
{
    (void)state;
    const mnist_normalization standard =
        mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, the_view());
    for (mnist_activation a = 0; a < MNIST_ACTIVATIONS; a++) {
        for (size_t s = 0; s < LENGTH(shapes); s++) {
            for (int n = 0; n < 2; n++) {
                mnist_mlp *mlp =
                    quantized(a, shapes[s].count, shapes[s].hidden, n ? &standard : NULL, NULL);
                check_against_arithmetic(mlp, n ? &standard : NULL);
                mnist_mlp_free(mlp);
            }
        }
    }
}

/* The integers' logits are near those of the net that they were made from. */
static void test_nearness(void **state)
{
    (void)state;
    static float exact[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    static float floats[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {64, 40};
    for (mnist_activation a = 0; a < MNIST_ACTIVATIONS; a++) {
        for (mnist_range_rule rule = 0; rule < MNIST_RANGE_RULES; rule++) {
            const mnist_quantize_options options = {.range = rule};
            mnist_mlp *mlp = drawn_net(a, 2, hidden);
            logits_of(mlp, NULL, 1, exact);
            mnist_mlp_free(mlp);
            mlp = quantized(a, 2, hidden, NULL, &options);
            logits_of(mlp, NULL, 1, found);
            mnist_integers_use(MNIST_INTEGERS_OFF);
            assert_null(mnist_integers_kernels_name());
            logits_of(mlp, NULL, 1, floats);
            mnist_integers_use(MNIST_INTEGERS_AUTO);
            assert_non_null(mnist_integers_kernels_name());
            double squares = 0.0, by_integers = 0.0, by_floats = 0.0;
            for (size_t i = 0; i < COUNT * MNIST_CLASSES; i++) {
                squares += (double)exact[i] * (double)exact[i];
                by_integers += pow((double)found[i] - (double)exact[i], 2.0);
                by_floats += pow((double)floats[i] - (double)exact[i], 2.0);
            }
            assert_true(by_integers < 0.05 * 0.05 * squares);
            assert_true(by_floats < 0.02 * 0.02 * squares);
            assert_true(by_floats > 0.0 && by_integers > 0.0);
            mnist_mlp_free(mlp);
        }
    }
}

/* The same bits from every table of kernels, from every team, one image at a time and all at once,
 * and with images that are mostly not 0. */
static void test_same_bits(void **state)
{
    (void)state;
    static float expected[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    static float probabilities[COUNT * MNIST_CLASSES], one[MNIST_CLASSES];
    const unsigned hidden[] = {300, 41}, threads[] = {1, 2, 7};
    for (mnist_activation a = 0; a < MNIST_ACTIVATIONS; a++) {
        mnist_mlp *mlp = quantized(a, 2, hidden, NULL, NULL);
        assert_int_equal(mnist_kernels_use("scalar", NULL), MNIST_OK);
        assert_string_equal(mnist_integers_kernels_name(), "scalar");
        logits_of(mlp, NULL, 1, expected);
        mnist_kernels_use(NULL, NULL);
        assert_int_equal(
            mnist_probabilities(mlp, the_view(), NULL, NULL, probabilities, NULL, NULL), MNIST_OK);
        for (size_t k = 0; mnist_kernels_list(k); k++) {
            assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
            for (size_t t = 0; t < LENGTH(threads); t++) {
                logits_of(mlp, NULL, threads[t], found);
                assert_memory_equal(found, expected, sizeof found);
            }
            mnist_classifier *classifier;
            assert_int_equal(mnist_classifier_create(&classifier, mlp, NULL, 5, NULL), MNIST_OK);
            for (size_t i = 0; i < COUNT; i++) {
                mnist_classifier_run(classifier, images + i * PIXELS, 1, one);
                assert_memory_equal(one, probabilities + i * MNIST_CLASSES, sizeof one);
            }
            mnist_classifier_free(classifier);
        }
        mnist_kernels_use(NULL, NULL);
        mnist_mlp_free(mlp);
    }
}

/* The same bits on every machine: FNV-1a of the logits of all images, for each activation. */
static void test_golden(void **state)
{
    (void)state;
    static const uint64_t expected[MNIST_ACTIVATIONS] = {
        UINT64_C(0xc38414a66a02992e), UINT64_C(0xaaff64dfc0bedcd0), UINT64_C(0x662fd82b48465513),
        UINT64_C(0xc368c47d5e1530f6), UINT64_C(0xf70861ad2fd29e50)};
    static float logits[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {100, 30};
    const mnist_normalization standard =
        mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, the_view());
    for (mnist_activation a = 0; a < MNIST_ACTIVATIONS; a++) {
        mnist_mlp *mlp = quantized(a, 2, hidden, &standard, NULL);
        logits_of(mlp, &standard, 2, logits);
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        for (size_t i = 0; i < LENGTH(logits); i++) {
            uint32_t bits;
            memcpy(&bits, &logits[i], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(0x100000001b3);
        }
        assert_int_equal(hash, expected[a]);
        mnist_mlp_free(mlp);
    }
}

/* Images with few zeros go to floats' kernels as floats; integers take the bytes. */
static void test_dense_images(void **state)
{
    (void)state;
    static uint8_t inverse[COUNT * PIXELS];
    static float all[COUNT * MNIST_CLASSES], some[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {20};
    mnist_mlp *mlp = quantized(MNIST_RELU, 1, hidden, NULL, NULL);
    for (size_t i = 0; i < sizeof inverse; i++) {
        inverse[i] = (uint8_t)(255 - images[i]);
    }
    const mnist_view view = {inverse, labels, COUNT, SIDE, SIDE, MNIST_CLASSES, 0};
    assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, NULL, NULL, NULL), MNIST_OK);
    assert_int_equal(mnist_logits(mlp, view, NULL, NULL, all, NULL, NULL), MNIST_OK);
    memset(inverse + PIXELS, 0,
           sizeof inverse - PIXELS); /* now it is sparse; image 0 is the same */
    assert_int_equal(mnist_logits(mlp, view, NULL, NULL, some, NULL, NULL), MNIST_OK);
    assert_memory_equal(all, some, MNIST_CLASSES * sizeof *all);
    mnist_mlp_free(mlp);
}

/* What is set comes back, gives the same logits, and its float parameters are the products. */
static void test_round_trip(void **state)
{
    (void)state;
    static float expected[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {70, 5};
    const mnist_normalization standard =
        mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, the_view());
    mnist_mlp *mlp = quantized(MNIST_GELU, 2, hidden, &standard, NULL);
    mnist_mlp *copy = drawn_net(MNIST_GELU, 2, hidden);
    mnist_integer_layer layers[3];
    mnist_integer_inputs inputs;
    assert_true(mnist_mlp_has_integers(mlp, &inputs));
    for (unsigned l = 0; l < 3; l++) {
        const unsigned in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        int8_t *w = malloc(in * out);
        float *scales = malloc(out * sizeof *scales);
        int32_t *biases = malloc(out * sizeof *biases);
        mnist_mlp_get_integers(mlp, l, w, scales, biases, &layers[l].range);
        layers[l].weights = w;
        layers[l].scales = scales;
        layers[l].biases = biases;
    }
    assert_int_equal(mnist_mlp_set_integers(copy, &inputs, layers, NULL), MNIST_OK);
    logits_of(mlp, &standard, 1, expected);
    logits_of(copy, &standard, 1, found);
    assert_memory_equal(found, expected, sizeof found);
    double scale = mnist_integer_input_scale(&inputs);
    for (unsigned l = 0; l < 3; l++) {
        const unsigned in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        float *w = malloc(in * out * sizeof *w), *bias = malloc(out * sizeof *bias);
        mnist_mlp_get_layer(copy, l, w, bias);
        for (unsigned i = 0; i < in * out; i++) {
            assert_true(w[i] == layers[l].scales[i % out] * (float)layers[l].weights[i]);
        }
        for (unsigned n = 0; n < out; n++) {
            assert_true(bias[n] ==
                        (float)(scale * (double)layers[l].scales[n] * (double)layers[l].biases[n]));
        }
        scale = (double)layers[l].range.scale;
        free(w);
        free(bias);
        free((void *)layers[l].weights);
        free((void *)layers[l].scales);
        free((void *)layers[l].biases);
    }
    mnist_mlp_free(mlp);
    mnist_mlp_free(copy);
}

/* Whatever changes the floats drops the form; another normalisation goes by the floats. */
static void test_what_drops_it(void **state)
{
    (void)state;
    static float floats[COUNT * MNIST_CLASSES], found[COUNT * MNIST_CLASSES];
    const unsigned hidden[] = {20};
    const float bias[MNIST_CLASSES] = {1.0f};
    const mnist_normalization standard =
        mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, the_view());
    mnist_mlp *mlp = quantized(MNIST_RELU, 1, hidden, NULL, NULL);
    logits_of(mlp, &standard, 1, found);
    mnist_mlp_drop_integers(mlp);
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    logits_of(mlp, &standard, 1, floats);
    assert_memory_equal(found, floats, sizeof found);
    mnist_mlp_drop_integers(mlp); /* nothing */

    assert_int_equal(mnist_mlp_quantize(mlp, the_view(), NULL, NULL, NULL, NULL), MNIST_OK);
    mnist_mlp_set_layer(mlp, 1, NULL, bias);
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    assert_int_equal(mnist_mlp_quantize(mlp, the_view(), NULL, NULL, NULL, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_quantize(mlp, the_view(), NULL, NULL, NULL, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 1);
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    assert_int_equal(mnist_mlp_quantize(mlp, the_view(), NULL, NULL, NULL, NULL), MNIST_OK);
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 1;
    const mnist_train_job job = {.net = mlp, .config = &config, .train = the_view()};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    mnist_mlp_free(mlp);
}

/* A form with one number wrong. */
typedef struct wrong {
    const char *text; /* that the message has */
    int8_t weight;
    float scale;
    int32_t bias;
    mnist_integer_range range;
    mnist_integer_inputs inputs;
} wrong;

static void test_refused(void **state)
{
    (void)state;
    static const mnist_integer_range fine = {1.0f, 0, 0.0f};
    static const mnist_integer_inputs unit = {1.0f, 0.0f};
    const wrong rows[] = {
        {NULL, -127, FLT_MIN, 1073741824, {FLT_MAX, 0, 0.0f}, {1.0f, -1.0f}},
        {"weight 3 of layer 1", -128, 1.0f, 0, fine, unit},
        {"scale 1 of layer 1", 0, 0.0f, 0, fine, unit},
        {"scale 1 of layer 1", 0, -1.0f, 0, fine, unit},
        {"scale 1 of layer 1", 0, 1e-39f, 0, fine, unit},
        {"scale 1 of layer 1", 0, NAN, 0, fine, unit},
        {"scale 1 of layer 1", 0, INFINITY, 0, fine, unit},
        {"bias 1 of layer 1", 0, 1.0f, 1073741825, fine, unit},
        {"bias 1 of layer 1", 0, 1.0f, INT32_MIN, fine, unit},
        {"scale of layer 1's outputs", 0, 1.0f, 0, {0.0f, 0, 0.0f}, unit},
        {"scale of layer 1's outputs", 0, 1.0f, 0, {NAN, 0, 0.0f}, unit},
        {"zero point of layer 1's outputs", 0, 1.0f, 0, {1.0f, 1, 0.0f}, unit},
        {"step of layer 1's table", 0, 1.0f, 0, {1.0f, 0, 1.0f}, unit},
        {"normalisation", 0, 1.0f, 0, fine, {0.0f, 0.0f}},
        {"normalisation", 0, 1.0f, 0, fine, {NAN, 0.0f}},
        {"normalisation", 0, 1.0f, 0, fine, {1.0f, 0.5f}},
        {"normalisation", 0, 1.0f, 0, fine, {1.0f, -1.5f}},
        {"normalisation", 0, 1.0f, 0, fine, {1.0f, NAN}},
    };
    const unsigned hidden[] = {2};
    for (size_t r = 0; r < LENGTH(rows); r++) {
        int8_t first[2 * PIXELS] = {[3] = rows[r].weight}, second[2 * MNIST_CLASSES] = {0};
        float scales[MNIST_CLASSES] = {1.0f, rows[r].scale}, ones[MNIST_CLASSES];
        int32_t biases[MNIST_CLASSES] = {0, rows[r].bias}, zeros[MNIST_CLASSES] = {0};
        for (size_t c = 0; c < MNIST_CLASSES; c++) {
            ones[c] = 1.0f;
        }
        const mnist_integer_layer layers[] = {{first, scales, biases, rows[r].range},
                                              {second, ones, zeros, {0.0f, 0, 0.0f}}};
        mnist_mlp *mlp = drawn_net(MNIST_RELU, 1, hidden);
        float before[2 * PIXELS], after[2 * PIXELS];
        mnist_error err;
        mnist_mlp_get_layer(mlp, 0, before, NULL);
        mnist_status status = mnist_mlp_set_integers(mlp, &rows[r].inputs, layers, &err);
        if (rows[r].text) {
            assert_int_equal(status, MNIST_ERR_FORMAT);
            assert_non_null(strstr(err.text, rows[r].text));
            assert_false(mnist_mlp_has_integers(mlp, NULL));
            mnist_mlp_get_layer(mlp, 0, after, NULL);
            assert_memory_equal(before, after, sizeof before);
        } else {
            assert_int_equal(status, MNIST_OK);
        }
        mnist_mlp_free(mlp);
    }
}

static void test_not_quantized(void **state)
{
    (void)state;
    const unsigned hidden[] = {3};
    const mnist_normalization odd = {MNIST_NORMALIZE_STANDARD, 1.5f, 1.0f};
    const mnist_quantize_options few = {.bits = 1}, many = {.bits = 9};
    const float infinite[MNIST_CLASSES] = {INFINITY};
    mnist_mlp *mlp = drawn_net(MNIST_RELU, 1, hidden);
    mnist_view view = the_view(), none = view, other = view;
    none.count = 0;
    other.cols = 6;
    mnist_error err;
    assert_int_equal(mnist_mlp_quantize(mlp, none, NULL, NULL, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_mlp_quantize(mlp, other, NULL, NULL, NULL, &err), MNIST_ERR_MISMATCH);
    assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, &few, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, &many, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(mnist_mlp_quantize(mlp, view, &odd, NULL, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(err.status, MNIST_ERR_ARGUMENT);
    mnist_mlp_set_layer(mlp, 1, NULL, infinite);
    assert_int_equal(mnist_mlp_quantize(mlp, view, NULL, NULL, NULL, &err), MNIST_ERR_ARGUMENT);
    assert_false(mnist_mlp_has_integers(mlp, NULL));
    assert_string_equal(mnist_range_rule_name(MNIST_RANGE_SQUARES), "squares");
    assert_null(mnist_range_rule_name(MNIST_RANGE_RULES));
    mnist_mlp_free(mlp);
}

/* Layers at the edge: units without weights, weights and biases that need extreme scales. */
static void test_extreme_nets(void **state)
{
    (void)state;
    static float logits[COUNT * MNIST_CLASSES];
    static const float sizes[] = {0.0f, 1e-42f, 1e-30f, 1e-10f, 1e10f, 1e30f};
    const unsigned hidden[] = {MNIST_CLASSES};
    for (mnist_activation a = 0; a < MNIST_ACTIVATIONS; a++) {
        for (size_t s = 0; s < LENGTH(sizes) * LENGTH(sizes); s++) {
            mnist_mlp *mlp = drawn_net(a, 1, hidden);
            float w[PIXELS * MNIST_CLASSES], bias[MNIST_CLASSES];
            test_fill(w, LENGTH(w), 1, sizes[s % LENGTH(sizes)]);
            test_fill(bias, LENGTH(bias), 2, sizes[s / LENGTH(sizes)]);
            mnist_mlp_set_layer(mlp, 0, w, bias);
            assert_int_equal(mnist_mlp_quantize(mlp, the_view(), NULL, NULL, NULL, NULL), MNIST_OK);
            logits_of(mlp, NULL, 1, logits);
            for (size_t i = 0; i < LENGTH(logits); i++) {
                assert_true(isfinite(logits[i]));
            }
            mnist_mlp_free(mlp);
        }
    }
}

/* Trained on synthetic digits, a net keeps its accuracy; with 4 bits nearly. */
static void test_accuracy(void **state)
{
    (void)state;
    mnist_dataset *train, *test;
    assert_int_equal(mnist_dataset_create_synthetic(&train, 0, 3000, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_dataset_create_synthetic(&test, 100000, 2000, 1, NULL), MNIST_OK);
    const mnist_mlp_config shape = {
        .inputs = 784, .outputs = 10, .hidden_count = 1, .hidden = {64}};
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 3;
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 1, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp, .config = &config, .train = mnist_dataset_view(train)};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    mnist_evaluation before, after;
    assert_int_equal(mnist_evaluate(mlp, mnist_dataset_view(test), NULL, NULL, &before, NULL),
                     MNIST_OK);
    const mnist_quantize_options options[] = {{0}, {.bits = 4}};
    for (size_t o = 0; o < 2; o++) {
        const double bound = o ? 0.02 : 0.002;
        assert_int_equal(
            mnist_mlp_quantize(mlp, mnist_dataset_view(train), NULL, &options[o], NULL, NULL),
            MNIST_OK);
        assert_int_equal(mnist_evaluate(mlp, mnist_dataset_view(test), NULL, NULL, &after, NULL),
                         MNIST_OK);
        assert_true(after.accuracy > before.accuracy - bound);
        assert_true(fabs(after.loss - before.loss) < (o ? 0.2 : 0.02) * before.loss + 0.002);
    }
    mnist_mlp_free(mlp);
    mnist_dataset_free(train);
    mnist_dataset_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),    cmocka_unit_test(test_nearness),
        cmocka_unit_test(test_same_bits),     cmocka_unit_test(test_golden),
        cmocka_unit_test(test_dense_images),  cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_what_drops_it), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_quantized), cmocka_unit_test(test_extreme_nets),
        cmocka_unit_test(test_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
