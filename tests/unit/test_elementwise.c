/* The kernels that optimisers and regularisers brought: every table against the oracle, bit for bit, and
 * the oracle against plain formulas in double. */
#include "unit/unit.h"

#include "unit/tables.h"

#include "kernels/kernels.h"

#include <math.h>
#include <mnist/nn.h>

/* --- Adam ------------------------------------------------------------------------------------- */

enum { ADAM_COUNT = 208 };

/* One update by the textbook, in double: update `step` (from 1) of weight w. */
typedef struct adam_reference {
    double w, m, v;
} adam_reference;

static void reference_adam(adam_reference *r, double gradient, const mnist_adam_update *u)
{
    gradient = gradient * (double)u->scale + (double)u->decay * r->w;
    r->m = (double)u->beta1 * r->m + (1 - (double)u->beta1) * gradient;
    r->v = (double)u->beta2 * r->v + (1 - (double)u->beta2) * gradient * gradient;
    r->w = (double)u->keep * r->w -
           (double)u->rate * r->m / (sqrt(r->v) * (double)u->spread + (double)u->epsilon);
}

/* clang-format off */
static const mnist_adam_update adam_cases[] = {
    /* the first update, whose means are all bias; a later one; with decay in the gradient; decoupled;
     * RMSprop; a gradient that was clipped */
    {.beta1 = 0.9f, .gain1 = 0.1f, .beta2 = 0.999f, .gain2 = 0.001f, .rate = 0.01f,
     .spread = 31.6228f, .epsilon = 1e-8f, .keep = 1.0f, .scale = 1.0f},
    {.beta1 = 0.9f, .gain1 = 0.1f, .beta2 = 0.999f, .gain2 = 0.001f, .rate = 0.002f,
     .spread = 7.1f, .epsilon = 1e-3f, .keep = 1.0f, .scale = 1.0f},
    {.beta1 = 0.8f, .gain1 = 0.2f, .beta2 = 0.99f, .gain2 = 0.01f, .rate = 0.002f, .spread = 1.0f,
     .epsilon = 1e-8f, .decay = 0.05f, .keep = 1.0f, .scale = 1.0f},
    {.beta1 = 0.8f, .gain1 = 0.2f, .beta2 = 0.99f, .gain2 = 0.01f, .rate = 0.002f, .spread = 1.0f,
     .epsilon = 1e-8f, .keep = 0.97f, .scale = 1.0f},
    {.beta1 = 0.0f, .gain1 = 1.0f, .beta2 = 0.9f, .gain2 = 0.1f, .rate = 0.01f, .spread = 1.0f,
     .epsilon = 1e-8f, .decay = 0.01f, .keep = 1.0f, .scale = 1.0f},
    {.beta1 = 0.9f, .gain1 = 0.1f, .beta2 = 0.999f, .gain2 = 0.001f, .rate = 0.01f, .spread = 3.0f,
     .epsilon = 1e-8f, .keep = 1.0f, .scale = 0.037f},
};
/* clang-format on */

static void test_adam(void **state)
{
    (void)state;
    enum { N = ADAM_COUNT };
    for (size_t c = 0; c < LENGTH(adam_cases); c++) {
        const mnist_adam_update *u = &adam_cases[c];
        float w0[N], m0[N], v0[N], g[N], w[N], m[N], v[N];
        test_fill(w0, N, 11, 1.0f);
        test_fill(m0, N, 12, c == 0 ? 0.0f : 0.3f);
        test_fill(v0, N, 13, c == 0 ? 0.0f : 0.2f);
        test_fill(g, N, 14, 1.0f);
        for (size_t i = 0; i < N; i++) {
            v0[i] = fabsf(v0[i]);
        }
        w0[N - 1] = m0[N - 1] = v0[N - 1] = g[N - 1] = 0.0f; /* as in padding, which must stay 0 */
        memcpy(w, w0, sizeof w);
        memcpy(m, m0, sizeof m);
        memcpy(v, v0, sizeof v);
        ORACLE->adam(w, m, v, g, N, u);
        for (size_t i = 0; i < N; i++) {
            adam_reference r = {(double)w0[i], (double)m0[i], (double)v0[i]};
            reference_adam(&r, (double)g[i], u);
            assert_true(fabs((double)m[i] - r.m) < 2e-7);
            assert_true(fabs((double)v[i] - r.v) < 2e-7);
            assert_true(fabs((double)w[i] - r.w) < 3e-7);
        }
        assert_true(w[N - 1] == 0.0f && m[N - 1] == 0.0f && v[N - 1] == 0.0f);
        for (size_t k = 1; mnist_kernels_list(k); k++) {
            for (size_t n = 0; n <= N; n += MNIST_LANES) { /* and nothing beyond n */
                float expected[3][N], found[3][N];
                const float *from[3] = {w0, m0, v0};
                for (size_t a = 0; a < 3; a++) {
                    memcpy(expected[a], from[a], sizeof w0);
                    memcpy(found[a], from[a], sizeof w0);
                }
                ORACLE->adam(expected[0], expected[1], expected[2], g, n, u);
                mnist_kernels_list(k)->adam(found[0], found[1], found[2], g, n, u);
                for (size_t a = 0; a < 3; a++) {
                    assert_same_bits(expected[a], found[a], N, "adam");
                }
            }
        }
    }
}

/* --- Averages --------------------------------------------------------------------------------- */

static void test_average(void **state)
{
    (void)state;
    enum { N = 208 };
    static const float rates[] = {1.0f, 0.9f, 0.5f, 0.001f, 0.0f};
    for (size_t r = 0; r < LENGTH(rates); r++) {
        float mean0[N], w[N], mean[N];
        test_fill(mean0, N, 15, 1.0f);
        test_fill(w, N, 16, 3.0f);
        memcpy(mean, mean0, sizeof mean);
        ORACLE->average(mean, w, N, rates[r]);
        for (size_t i = 0; i < N; i++) {
            double rate = (double)rates[r];
            double expected = (1 - rate) * (double)mean0[i] + rate * (double)w[i];
            assert_true(fabs((double)mean[i] - expected) < 5e-7);
        }
        for (size_t k = 1; mnist_kernels_list(k); k++) {
            for (size_t n = 0; n <= N; n += MNIST_LANES) {
                float expected[N], found[N];
                memcpy(expected, mean0, sizeof mean0);
                memcpy(found, mean0, sizeof mean0);
                ORACLE->average(expected, w, n, rates[r]);
                mnist_kernels_list(k)->average(found, w, n, rates[r]);
                assert_same_bits(expected, found, N, "average");
            }
        }
    }
}

/* --- Max-norm --------------------------------------------------------------------------------- */

/* Columns whose norms lie around the limit, one of zeros and one that is just at it. */
static void fill_columns(float *w, size_t rows, size_t width)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < width; c++) {
            w[r * width + c] = test_value(17, r * width + c) * 0.2f * (float)(c % 7);
        }
    }
}

static void check_limited(const float *before, const float *after, size_t rows, size_t width,
                          double limit, size_t *shortened)
{
    for (size_t c = 0; c < width; c++) {
        double old = 0, new = 0;
        for (size_t r = 0; r < rows; r++) {
            old += (double)before[r * width + c] * (double)before[r * width + c];
            new += (double)after[r * width + c] * (double)after[r * width + c];
        }
        old = sqrt(old);
        new = sqrt(new);
        assert_true(new <= limit *(1 + 1e-6));
        bool shorter = old > limit * (1 + 1e-5);
        *shortened += shorter;
        for (size_t r = 0; r < rows; r++) { /* scaled as a whole, or unchanged */
            double expected = (double)before[r * width + c] * (shorter ? limit / old : 1.0);
            double error = fabs((double)after[r * width + c] - expected);
            assert_true(shorter ? error <= 1e-6 * fabs(expected) : error == 0.0);
        }
    }
}

static void test_limit_columns(void **state)
{
    (void)state;
    static const size_t depths[] = {0, 1, 2, 9, 64, 300};
    static const float limits[] = {0.05f, 0.7f, 2.0f, 1e20f};
    size_t shortened = 0, columns = 0;
    for (size_t d = 0; d < LENGTH(depths); d++) {
        for (size_t width = MNIST_LANES; width <= MNIST_PANEL; width += MNIST_LANES) {
            for (size_t l = 0; l < LENGTH(limits); l++) {
                const size_t size =
                    depths[d] * width + MNIST_LANES; /* and a row that is not asked for */
                float *w = filled(size, 18, 5.0f), *oracle = filled(size, 18, 5.0f),
                      *found = filled(size, 18, 5.0f);
                fill_columns(w, depths[d], width);
                memcpy(oracle, w, size * sizeof *w);
                ORACLE->limit_columns(oracle, depths[d], width, limits[l]);
                check_limited(w, oracle, depths[d], width, (double)limits[l], &shortened);
                columns += width;
                assert_same_bits(w + depths[d] * width, oracle + depths[d] * width, MNIST_LANES,
                                 "beyond the rows");
                for (size_t k = 1; mnist_kernels_list(k); k++) {
                    memcpy(found, w, size * sizeof *w);
                    mnist_kernels_list(k)->limit_columns(found, depths[d], width, limits[l]);
                    assert_same_bits(oracle, found, size, "limit_columns");
                }
                mnist_free(w);
                mnist_free(oracle);
                mnist_free(found);
            }
        }
    }
    assert_true(shortened > columns / 8 && shortened < columns * 3 / 4); /* some of both kinds */
}

/* --- Dropout ---------------------------------------------------------------------------------- */

static mnist_dropout dropout_at(double rate)
{
    mnist_dropout d = {.seed = 3, .step = 77, .row = 5, .layer = 1};
    d.threshold = (uint32_t)(rate * 65536 + 0.5);
    d.scale = 65536.0f / (float)(65536 - d.threshold);
    return d;
}

static void test_dropout_same_bits(void **state)
{
    (void)state;
    enum { MOST = 336 };
    static const double rates[] = {0.0, 0.2, 0.5, 0.99, 65535.0 / 65536};
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        for (size_t r = 0; r < LENGTH(rates); r++) {
            mnist_dropout d = dropout_at(rates[r]);
            for (d.first = 0; d.first <= 128; d.first += MNIST_DROPOUT_GROUP) {
                for (size_t n = 0; n <= MOST; n += MNIST_LANES) {
                    float expected[MOST], found[MOST];
                    test_fill(expected, MOST, 19, 2.0f);
                    test_fill(found, MOST, 19, 2.0f);
                    ORACLE->dropout(expected, n, &d);
                    mnist_kernels_list(k)->dropout(found, n, &d);
                    assert_same_bits(expected, found, MOST, "dropout");
                }
            }
        }
        mnist_dropout d =
            dropout_at(0.3); /* seeds and steps of more than 32 bits; the last row of all */
        float expected[MOST], found[MOST];
        d.seed = 0xfedcba9876543210u;
        d.step = ((uint64_t)1 << 44) - 1;
        d.row = (1u << 20) - 1;
        d.layer = MNIST_DROPOUT_INPUT;
        d.first = 65536 - MNIST_DROPOUT_GROUP;
        test_fill(expected, MOST, 19, 2.0f);
        test_fill(found, MOST, 19, 2.0f);
        ORACLE->dropout(expected, MNIST_DROPOUT_GROUP, &d);
        mnist_kernels_list(k)->dropout(found, MNIST_DROPOUT_GROUP, &d);
        assert_same_bits(expected, found, MOST, "dropout of far counters");
    }
}

/* Of bytes: any number of them, the same ones as of floats, none but those asked for. */
static void test_dropout_bytes(void **state)
{
    (void)state;
    enum { MOST = 230, ROOM = 240 };
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t n = 0; n <= MOST; n++) {
            mnist_dropout d = dropout_at(n % 3 == 0 ? 0.2 : 0.6);
            uint8_t bytes[ROOM];
            float values[ROOM];
            d.first = n % 2 ? 0 : MNIST_DROPOUT_GROUP;
            d.row = (uint32_t)n;
            for (size_t i = 0; i < ROOM; i++) {
                bytes[i] = (uint8_t)(i * 37 % 255 + 1);
                values[i] = 1.0f;
            }
            ORACLE->dropout(values, ROOM, &d);
            mnist_kernels_list(k)->dropout_bytes(bytes, n, &d);
            for (size_t i = 0; i < ROOM; i++) {
                uint8_t old = (uint8_t)(i * 37 % 255 + 1);
                assert_int_equal(bytes[i], i < n && values[i] == 0.0f ? 0 : old);
            }
        }
    }
}

/* Dropout of ones: the right share is kept, scaled, and the pattern differs when any part of its
 * key does. */
static void test_dropout_pattern(void **state)
{
    (void)state;
    enum { N = 16384, PANEL = 64 };
    static const double rates[] = {0.1, 0.5, 0.8};
    static float base[N], other[N];
    for (size_t r = 0; r < LENGTH(rates); r++) {
        mnist_dropout d = dropout_at(rates[r]);
        double kept = 0, runs = 0, sum = 0;
        for (size_t i = 0; i < N; i++) {
            base[i] = 1.0f;
        }
        ORACLE->dropout(base, N, &d);
        for (size_t i = 0; i < N; i++) {
            assert_true(base[i] == 0.0f || base[i] == d.scale);
            kept += base[i] != 0.0f;
            runs += i > 0 && (base[i] != 0.0f) != (base[i - 1] != 0.0f);
            sum += (double)base[i];
        }
        const double p = 1 - rates[r], deviation = sqrt(N * p * (1 - p));
        assert_true(fabs((double)d.scale - 1 / p) < 1e-4);
        assert_true(fabs(kept - N * p) < 4 * deviation);
        assert_true(fabs(sum / N - 1) < 4 * deviation / (N * p)); /* the mean stays */
        /* neighbours are independent */
        assert_true(fabs(runs - N * 2 * p * (1 - p)) < 4 * sqrt(N * 2 * p * (1 - p)));
        mnist_dropout changed[6] = {d, d, d, d, d, d};
        changed[0].seed++;
        changed[1].step++;
        changed[2].row++;
        changed[3].layer++;
        changed[4].first = PANEL; /* another panel than the first has another pattern */
        changed[5].layer = MNIST_DROPOUT_INPUT;
        for (size_t c = 0; c < LENGTH(changed); c++) {
            double alike = 0;
            for (size_t i = 0; i < N; i++) {
                other[i] = 1.0f;
            }
            ORACLE->dropout(other, N, &changed[c]);
            for (size_t i = 0; i < N; i++) {
                alike += (base[i] != 0.0f) == (other[i] != 0.0f);
            }
            double expected =
                p * p + (1 - p) * (1 - p); /* what independent patterns have in common */
            assert_true(fabs(alike / N - expected) < 4 * sqrt(expected * (1 - expected) / N));
            if (c == 4) { /* a row's pattern does not depend on where a call begins */
                assert_same_bits(base + PANEL, other, N - PANEL, "from the second panel on");
            }
        }
    }
}

/* --- Softmax with targets, confidence penalty, probabilities -------------------------------------- */

typedef struct softmax_case {
    bool labels, targets, probabilities, dz;
    float smoothing, confidence;
} softmax_case;

static const softmax_case softmax_cases[] = {
    {.targets = true, .dz = true},
    {.targets = true, .dz = true, .smoothing = 0.1f},
    {.labels = true, .dz = true, .confidence = 0.3f},
    {.labels = true, .dz = true, .confidence = 1.5f, .smoothing = 0.2f},
    {.labels = true, .dz = true, .probabilities = true},
    {.labels = true, .probabilities = true}, /* no gradient */
    {.dz = true, .probabilities = true},     /* neither labels nor targets */
    {.probabilities = true},
    {.labels = true,
     .targets = true,
     .dz = true,
     .confidence = 0.1f}, /* targets go before labels */
    {.targets = true, .dz = true, .probabilities = true, .confidence = 0.7f, .smoothing = 0.05f},
};

typedef struct softmax_out {
    float *dz, *probabilities, *losses;
    uint8_t *predicted;
} softmax_out;

static softmax_out softmax_room(size_t rows, size_t stride)
{
    softmax_out out = {.dz = filled(rows * stride, 20, 9.0f),
                       .probabilities = filled(rows * stride, 21, 9.0f),
                       .losses = filled(rows, 22, 9.0f),
                       .predicted = mnist_alloc(rows, 1)};
    assert_non_null(out.predicted);
    return out;
}

static void softmax_free(softmax_out *out)
{
    mnist_free(out->dz);
    mnist_free(out->probabilities);
    mnist_free(out->losses);
    mnist_free(out->predicted);
}

/* Logits of some rows, one diverged; targets that sum to 1, some of them 0. */
typedef struct softmax_in {
    float *z, *targets;
    uint8_t *labels;
    size_t rows, stride;
    unsigned classes;
} softmax_in;

static softmax_in softmax_inputs(size_t rows, unsigned classes, size_t stride, bool wild)
{
    softmax_in in = {.z = filled(rows * stride, 23, 4.0f),
                     .targets = filled(rows * stride, 24, 1.0f),
                     .labels = mnist_alloc(rows, 1),
                     .rows = rows,
                     .stride = stride,
                     .classes = classes};
    assert_non_null(in.labels);
    for (size_t i = 0; i < rows; i++) {
        float *t = in.targets + i * stride, sum = 0;
        for (size_t c = 0; c < stride; c++) {
            t[c] = c < classes && (t[c] > 0.0f || c == i % classes) ? fabsf(t[c]) + 0.01f : 0.0f;
            sum += t[c];
        }
        for (size_t c = 0; c < classes; c++) {
            t[c] /= sum;
        }
        in.labels[i] = (uint8_t)((i * 7 + 1) % classes);
    }
    if (wild) {
        in.z[0] = 1e4f; /* so certain that other classes' probabilities are 0 */
        in.z[stride] = INFINITY;
        in.z[2 * stride] = NAN;
    }
    return in;
}

static void inputs_free(softmax_in *in)
{
    mnist_free(in->z);
    mnist_free(in->targets);
    mnist_free(in->labels);
}

static mnist_softmax softmax_call(const softmax_case *c, const softmax_in *in, softmax_out *out)
{
    return (mnist_softmax){.z = in->z,
                           .dz = c->dz ? out->dz : NULL,
                           .stride = in->stride,
                           .labels = c->labels ? in->labels : NULL,
                           .targets = c->targets ? in->targets : NULL,
                           .probabilities = c->probabilities ? out->probabilities : NULL,
                           .losses = out->losses,
                           .predicted = out->predicted,
                           .rows = in->rows,
                           .classes = in->classes,
                           .smoothing = c->smoothing,
                           .scale = 0.37f,
                           .confidence = c->confidence};
}

static void test_softmax_same_bits(void **state)
{
    (void)state;
    static const unsigned classes[] = {2, 10, 16, 17, 256};
    static const size_t rows[] = {3, 8, 17, 37};
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        for (size_t n = 0; n < LENGTH(classes) * LENGTH(rows); n++) {
            const unsigned width = classes[n / LENGTH(rows)];
            const size_t stride =
                (width + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES + MNIST_LANES * (n % 2);
            softmax_in in = softmax_inputs(rows[n % LENGTH(rows)], width, stride, true);
            for (size_t c = 0; c < LENGTH(softmax_cases); c++) {
                softmax_out expected = softmax_room(in.rows, stride),
                            found = softmax_room(in.rows, stride);
                mnist_softmax call = softmax_call(&softmax_cases[c], &in, &expected);
                ORACLE->softmax(&call);
                call = softmax_call(&softmax_cases[c], &in, &found);
                mnist_kernels_list(k)->softmax(&call);
                assert_same_bits(expected.dz, found.dz, in.rows * stride, "dz");
                assert_same_bits(expected.probabilities, found.probabilities, in.rows * stride,
                                 "probabilities");
                assert_same_bits(expected.losses, found.losses, in.rows, "losses");
                assert_memory_equal(expected.predicted, found.predicted, in.rows);
                softmax_free(&found);
                found = softmax_room(in.rows, stride);
                if (softmax_cases[c].dz) { /* in place */
                    memcpy(found.dz, in.z, in.rows * stride * sizeof *in.z);
                    call = softmax_call(&softmax_cases[c], &in, &found);
                    call.z = found.dz;
                    mnist_kernels_list(k)->softmax(&call);
                    assert_same_bits(expected.dz, found.dz, in.rows * stride, "dz in place");
                    assert_same_bits(expected.losses, found.losses, in.rows, "losses in place");
                }
                softmax_free(&expected);
                softmax_free(&found);
            }
            inputs_free(&in);
        }
    }
}

/* Loss of one row by the formulas of kernels.h, in double. */
static double reference_loss(const softmax_case *c, const double *z, const double *target,
                             unsigned classes, double *p)
{
    double maximum = -1e300, sum = 0, loss = 0, entropy = 0;
    for (unsigned j = 0; j < classes; j++) {
        maximum = fmax(maximum, z[j]);
    }
    for (unsigned j = 0; j < classes; j++) {
        sum += exp(z[j] - maximum);
    }
    for (unsigned j = 0; j < classes; j++) {
        double log_p = z[j] - maximum - log(sum);
        p[j] = exp(log_p);
        entropy -= p[j] * log_p;
        loss -= target[j] * log_p;
    }
    return loss - (double)c->confidence * entropy;
}

/* Losses and probabilities by the formulas; gradients by central differences of the losses. */
static void test_softmax_values(void **state)
{
    (void)state;
    enum { CLASSES = 10, STRIDE = 16, ROWS = 23 };
    for (size_t n = 0; n < LENGTH(softmax_cases); n++) {
        const softmax_case *c = &softmax_cases[n];
        softmax_in in = softmax_inputs(ROWS, CLASSES, STRIDE, false);
        softmax_out out = softmax_room(ROWS, STRIDE);
        mnist_softmax call = softmax_call(c, &in, &out);
        const bool has_loss = c->labels || c->targets;
        ORACLE->softmax(&call);
        for (size_t i = 0; i < ROWS; i++) {
            double z[CLASSES], target[CLASSES], p[CLASSES], unused[CLASSES];
            for (unsigned j = 0; j < CLASSES; j++) {
                double one = c->targets ? (double)in.targets[i * STRIDE + j] : j == in.labels[i];
                z[j] = (double)in.z[i * STRIDE + j];
                target[j] = (1 - (double)c->smoothing) * one + (double)c->smoothing / CLASSES;
            }
            double loss = reference_loss(c, z, target, CLASSES, p);
            assert_true(!has_loss ||
                        fabs((double)out.losses[i] - loss) <= 1e-6 * fmax(1.0, fabs(loss)));
            for (unsigned j = 0; j < CLASSES; j++) {
                if (c->probabilities) {
                    assert_true(fabs((double)out.probabilities[i * STRIDE + j] - p[j]) < 2e-7);
                }
                double old = z[j], expected = p[j];
                z[j] = old + 1e-5;
                double above = reference_loss(c, z, target, CLASSES, unused);
                z[j] = old - 1e-5;
                double below = reference_loss(c, z, target, CLASSES, unused);
                z[j] = old;
                if (has_loss) {
                    expected = (above - below) / 2e-5;
                }
                if (c->dz) {
                    double found = (double)out.dz[i * STRIDE + j];
                    assert_true(fabs(found - expected * (double)0.37f) < 1e-6);
                }
            }
            for (unsigned j = CLASSES; j < STRIDE; j++) {
                assert_true(!c->dz || out.dz[i * STRIDE + j] == 0.0f);
                assert_true(!c->probabilities || out.probabilities[i * STRIDE + j] == 0.0f);
            }
        }
        inputs_free(&in);
        softmax_free(&out);
    }
}

/* One-hot targets give what labels give. */
static void test_softmax_hard_targets(void **state)
{
    (void)state;
    enum { CLASSES = 10, STRIDE = 16, ROWS = 23 };
    softmax_in in = softmax_inputs(ROWS, CLASSES, STRIDE, false);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < STRIDE; j++) {
            in.targets[i * STRIDE + j] = j == in.labels[i] ? 1.0f : 0.0f;
        }
    }
    for (int smooth = 0; smooth < 2; smooth++) {
        softmax_case hard = {.labels = true, .dz = true, .smoothing = smooth ? 0.1f : 0.0f};
        softmax_case soft = hard;
        soft.targets = true;
        softmax_out expected = softmax_room(ROWS, STRIDE), found = softmax_room(ROWS, STRIDE);
        mnist_softmax call = softmax_call(&hard, &in, &expected);
        ORACLE->softmax(&call);
        call = softmax_call(&soft, &in, &found);
        ORACLE->softmax(&call);
        assert_same_bits(expected.dz, found.dz, ROWS * STRIDE, "dz");
        assert_same_bits(expected.losses, found.losses, ROWS, "losses");
        softmax_free(&expected);
        softmax_free(&found);
    }
    inputs_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_limit_columns),
        cmocka_unit_test(test_dropout_same_bits),
        cmocka_unit_test(test_dropout_bytes),
        cmocka_unit_test(test_dropout_pattern),
        cmocka_unit_test(test_softmax_same_bits),
        cmocka_unit_test(test_softmax_values),
        cmocka_unit_test(test_softmax_hard_targets),
    };
    return cmocka_run_group_tests_name("elementwise", tests, NULL, NULL);
}
