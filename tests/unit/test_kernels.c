/* Every kernel table against the oracle, bit for bit; the oracle against libm and against plain
 * formulas in double. */
#include "unit/unit.h"

#include "unit/exact.h"
#include "unit/tables.h"

#include "base/memory.h"
#include "kernels/approx.h"
#include "kernels/kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* One product on both tables: rows x depth x width, in the layouts that forward (x_step 1) and
 * weight gradient (x_row 1) use. */
static void check_product(const mnist_kernels *kernels, size_t rows, size_t depth, size_t width,
                          bool down_columns, int init_kind)
{
    size_t x_stride = (down_columns ? rows : depth) + 3, out_stride = width + MNIST_LANES;
    float *x = filled((down_columns ? depth : rows) * x_stride + 1, 1, 1.0f);
    float *w = filled((depth + 1) * width, 2, 0.1f);
    float *init = filled(rows * out_stride + width, 3, 1.0f);
    float *expected = filled(rows * out_stride, 4, 1.0f);
    float *found = filled(rows * out_stride, 4, 1.0f);
    mnist_product p = {.out_stride = out_stride,
                       .init = init_kind == 0 ? NULL : init,
                       .init_stride = init_kind == 1 ? 0 : out_stride,
                       .x = x,
                       .x_row = down_columns ? 1 : x_stride,
                       .x_step = down_columns ? x_stride : 1,
                       .w = w,
                       .w_stride = width,
                       .rows = rows,
                       .depth = depth,
                       .width = width};
    p.out = expected;
    ORACLE->product(&p);
    p.out = found;
    kernels->product(&p);
    assert_same_bits(expected, found, rows * out_stride, "product"); /* and nothing beyond width */
    if (init_kind == 2) { /* in place: out is where the sums begin */
        p.init = p.out = init;
        kernels->product(&p);
        for (size_t i = 0; i < rows; i++) {
            assert_same_bits(expected + i * out_stride, init + i * out_stride, width, "in place");
        }
    }
    mnist_free(x);
    mnist_free(w);
    mnist_free(init);
    mnist_free(expected);
    mnist_free(found);
}

static void test_product(void **state)
{
    (void)state;
    static const size_t depths[] = {0, 1, 2, 3, 10, 17, 64, 127};
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        for (size_t rows = 0; rows <= 14; rows++) { /* past two tiles of every height */
            for (size_t d = 0; d < LENGTH(depths); d++) {
                for (size_t width = MNIST_LANES; width <= MNIST_PANEL; width += MNIST_LANES) {
                    check_product(mnist_kernels_list(k), rows, depths[d], width, false, (int)d % 3);
                    check_product(mnist_kernels_list(k), rows, depths[d], width, true, (int)d % 3);
                }
            }
        }
        check_product(mnist_kernels_list(k), 63, 785, MNIST_PANEL, false, 1);
        check_product(mnist_kernels_list(k), 49, 64, MNIST_PANEL, true, 0);
    }
}

/* What test_byte_product gives to every kernel, for one depth. */
typedef struct byte_case {
    const uint8_t *bytes;
    const uint32_t *index;
    const float *table, *w, *init; /* w and init of two panels, w_panel and init_panel apart */
    float *x;                      /* (rows, depth): room for the bytes as floats */
    size_t rows, depth, w_panel, init_panel, stride;
} byte_case;

static void check_byte_product(const mnist_kernels *kernels, const byte_case *c, size_t width,
                               bool picked, unsigned init_kind)
{
    const size_t size = c->rows * c->stride;
    const float *init = init_kind == 0 ? NULL : c->init;
    const size_t init_stride = init_kind == 2 ? c->stride : 0;
    float *expected = filled(size, 9, 1.0f), *found = filled(size, 9, 1.0f);
    for (size_t i = 0; i < c->rows * c->depth; i++) {
        size_t row = picked ? c->index[i / c->depth] : i / c->depth;
        c->x[i] = c->table[c->bytes[row * c->depth + i % c->depth]];
    }
    for (size_t n = 0; n < width; n += MNIST_PANEL) {
        const size_t panel = n / MNIST_PANEL, rest = width - n;
        ORACLE->product(&(mnist_product){.out = expected + n,
                                         .out_stride = c->stride,
                                         .init = init ? init + panel * c->init_panel : NULL,
                                         .init_stride = init_stride,
                                         .x = c->x,
                                         .x_row = c->depth,
                                         .x_step = 1,
                                         .w = c->w + panel * c->w_panel,
                                         .w_stride = MNIST_PANEL,
                                         .rows = c->rows,
                                         .depth = c->depth,
                                         .width = rest < MNIST_PANEL ? rest : MNIST_PANEL});
    }
    kernels->byte_product(&(mnist_byte_product){.out = found,
                                                .out_stride = c->stride,
                                                .init = init,
                                                .init_stride = init_stride,
                                                .init_panel = c->init_panel,
                                                .x = c->bytes,
                                                .index = picked ? c->index : NULL,
                                                .x_stride = c->depth,
                                                .table = c->table,
                                                .w = c->w,
                                                .w_stride = MNIST_PANEL,
                                                .w_panel = c->w_panel,
                                                .rows = c->rows,
                                                .depth = c->depth,
                                                .width = width});
    assert_same_bits(expected, found, size, "bytes"); /* and nothing beyond width */
    mnist_free(expected);
    mnist_free(found);
}

/* Compared with the dense product of the same bytes on the oracle: leaving zeros out changes no
 * bit. Depths around the words and parts that kernels cut rows into; numbers of rows around what
 * they take at once, whether or not a remainder is left; one panel or two; rows with and without an
 * index; bytes that end where memory does, which valgrind and ASan watch. */
static void test_byte_product(void **state)
{
    (void)state;
    enum { MOST = 2100, MOST_ROWS = 133, STRIDE = 144 };
    static const struct {
        size_t rows, depth;
    } shapes[] = {{7, 0},   {6, 1},    {5, 15},   {7, 63},   {6, 64},   {5, 65},   {7, 100},
                  {6, 111}, {7, 112},  {5, 113},  {6, 127},  {7, 128},  {5, 129},  {6, 175},
                  {7, 224}, {4, 300},  {4, 1023}, {5, 1024}, {3, 1025}, {2, 2049}, {4, 2100},
                  {1, 70},  {65, 70},  {66, 9},   {67, 70},  {68, 64},  {131, 3},  {132, 70},
                  {133, 5}, {66, 129}, {67, 128}, {3, 64},   {2, 1100}};
    const size_t w_panel = (MOST + 1) * MNIST_PANEL;
    uint32_t index[MOST_ROWS];
    float table[256], *w = filled(2 * w_panel, 2, 0.1f);
    float *init = filled(MOST_ROWS * STRIDE + 80, 3, 1.0f);
    for (size_t v = 0; v < 256; v++) {
        table[v] = (float)v / 255.0f;
    }
    for (size_t n = 0; n < LENGTH(shapes); n++) {
        const size_t rows = shapes[n].rows, depth = shapes[n].depth, size = (rows + 4) * depth;
        uint8_t *tight = malloc(size > 0 ? size : 1);
        float *x = malloc((rows * depth + 1) * sizeof *x);
        assert_non_null(tight);
        assert_non_null(x);
        for (size_t i = 0; i < size; i++) {
            size_t row = i / depth;
            tight[i] = row == 4 ? 0 : row == 2 ? 255 : byte_at(i); /* one empty, one full */
        }
        for (size_t i = 0; i < rows; i++) { /* out of order, some twice */
            index[i] = (uint32_t)((i * 5 + 3) % (rows + 4));
        }
        const byte_case c = {.bytes = tight,
                             .index = index,
                             .table = table,
                             .w = w,
                             .init = init,
                             .x = x,
                             .rows = rows,
                             .depth = depth,
                             .w_panel = w_panel,
                             .init_panel = 80,
                             .stride = STRIDE};
        for (size_t k = 0; mnist_kernels_list(k); k++) {
            for (size_t width = MNIST_LANES; width <= 2 * MNIST_PANEL; width += MNIST_LANES) {
                /* index or not; three kinds of init; of large shapes one */
                for (unsigned kind = 0; kind < 6; kind++) {
                    if (rows * depth < 2000 || kind == (n + width / MNIST_LANES) % 6) {
                        check_byte_product(mnist_kernels_list(k), &c, width, kind % 2, kind / 2);
                    }
                }
            }
        }
        free(tight);
        free(x);
    }
    mnist_free(w);
    mnist_free(init);
}

static void test_transpose_bytes(void **state)
{
    (void)state;
    enum { MORE = 70, STRIDE = 83 };
    uint8_t *x = malloc(MORE * STRIDE);
    uint32_t index[MORE];
    assert_non_null(x);
    for (size_t i = 0; i < MORE * STRIDE; i++) {
        x[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (uint32_t i = 0; i < MORE; i++) {
        index[i] = i * 13 % MORE;
    }
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t rows = 1; rows <= MORE; rows += rows < 18 ? 1 : 13) {
            for (size_t columns = 1; columns <= STRIDE; columns += columns < 18 ? 1 : 13) {
                const uint32_t *picked = (rows + columns) % 2 ? index : NULL;
                uint8_t out[STRIDE * 90];
                memset(out, 99, sizeof out);
                mnist_kernels_list(k)->transpose_bytes(x, picked, STRIDE, out, 90, rows, columns);
                size_t padded = (rows + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;
                for (size_t c = 0; c < STRIDE; c++) {
                    for (size_t i = 0; i < 90; i++) {
                        size_t row = picked && i < rows ? index[i] : i;
                        int expected = c >= columns || i >= padded ? 99
                                       : i < rows                  ? x[row * STRIDE + c]
                                                                   : 0;
                        assert_int_equal(out[c * 90 + i], expected);
                    }
                }
            }
        }
    }
    free(x);
}

/* The oracle itself, on numbers small enough to be exact in any order. */
static void test_oracle_product(void **state)
{
    (void)state;
    enum { ROWS = 2, DEPTH = 3, WIDTH = MNIST_LANES };
    float x[ROWS * DEPTH] = {1, 2, 3, -1, 0, 4}, w[DEPTH * WIDTH], bias[WIDTH], out[ROWS * WIDTH];
    for (int n = 0; n < WIDTH; n++) {
        bias[n] = (float)n;
        for (int r = 0; r < DEPTH; r++) {
            w[r * WIDTH + n] = (float)(r * 10 + n);
        }
    }
    ORACLE->product(&(mnist_product){.out = out,
                                     .out_stride = WIDTH,
                                     .init = bias,
                                     .x = x,
                                     .x_row = DEPTH,
                                     .x_step = 1,
                                     .w = w,
                                     .w_stride = WIDTH,
                                     .rows = ROWS,
                                     .depth = DEPTH,
                                     .width = WIDTH});
    for (int n = 0; n < WIDTH; n++) {
        assert_true(out[n] == (float)(n + n + 2 * (10 + n) + 3 * (20 + n)));
        assert_true(out[WIDTH + n] == (float)(n - n + 4 * (20 + n)));
    }
}

static void test_transpose(void **state)
{
    (void)state;
    float *in = filled(80 * 80, 5, 1.0f);
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t rows = 1; rows <= MNIST_PANEL; rows += 7) {
            for (size_t columns = 1; columns <= MNIST_PANEL; columns += 9) {
                float out[MNIST_PANEL * 70];
                mnist_kernels_list(k)->transpose(in, 71, out, 70, rows, columns);
                for (size_t r = 0; r < rows; r++) {
                    for (size_t c = 0; c < columns; c++) {
                        assert_true(out[c * 70 + r] == in[r * 71 + c]);
                    }
                }
            }
        }
    }
    mnist_free(in);
}

/* Values over the whole range, both signs, with zeros, denormals, infinities and NaN among them. */
#define HARD_VALUES 4096
static float *hard_values(void)
{
    static const float special[] = {0.0f,     -0.0f,  INFINITY, -INFINITY, NAN,     FLT_MIN,
                                    -FLT_MIN, 1e-42f, FLT_MAX,  -FLT_MAX,  0.625f,  -0.625f,
                                    87.0f,    -87.0f, 88.0f,    -88.0f,    0.0001f, 1e10f};
    float *values = mnist_alloc(HARD_VALUES, sizeof *values);
    for (size_t i = 0; i < HARD_VALUES; i++) {
        float scale = i % 3 == 0 ? 1.0f : i % 3 == 1 ? 8.0f : 120.0f;
        values[i] = i < LENGTH(special) ? special[i] : scale * test_value(6, i);
    }
    return values;
}

static void test_activations_same_bits(void **state)
{
    (void)state;
    float *z = hard_values();
    float *a[2], *d[2];
    for (size_t i = 0; i < 2; i++) {
        a[i] = mnist_alloc(HARD_VALUES, sizeof(float));
        d[i] = mnist_alloc(HARD_VALUES, sizeof(float));
    }
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        const mnist_kernels *tables[2] = {ORACLE, mnist_kernels_list(k)};
        for (int f = 0; f < MNIST_ACTIVATIONS; f++) {
            const char *name = mnist_activation_name((mnist_activation)f);
            for (size_t i = 0; i < 2; i++) {
                tables[i]->activate[f](z, a[i], HARD_VALUES);
                test_fill(d[i], HARD_VALUES, 8, 1.0f);
                tables[i]->activate_backward[f](z, a[i], d[i], HARD_VALUES);
            }
            assert_same_bits(a[0], a[1], HARD_VALUES, name);
            assert_same_bits(d[0], d[1], HARD_VALUES, name);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        mnist_free(a[i]);
        mnist_free(d[i]);
    }
    mnist_free(z);
}

/* Values against libm in double, and slopes against a central difference of it. */
static void test_activations_accuracy(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    float *z = mnist_alloc(COUNT, sizeof(float)), *a = mnist_alloc(COUNT, sizeof(float)),
          *d = mnist_alloc(COUNT, sizeof(float));
    for (int f = 0; f < MNIST_ACTIVATIONS; f++) {
        mnist_activation activation = (mnist_activation)f;
        for (int i = 0; i < COUNT; i++) {
            z[i] = (float)(i - COUNT / 2) * 0.001f + 0.0003f; /* -20 to 20, never at a kink */
            d[i] = 1.0f;
        }
        ORACLE->activate[f](z, a, COUNT);
        ORACLE->activate_backward[f](z, a, d, COUNT);
        for (int i = 0; i < COUNT; i++) {
            double x = (double)z[i], value = exact_activation(activation, x);
            double slope =
                (exact_activation(activation, x + 1e-6) - exact_activation(activation, x - 1e-6)) /
                2e-6;
            double tolerance = activation == MNIST_GELU ? 1.5e-6 : 2e-7;
            assert_true(fabs((double)a[i] - value) <= tolerance * fmax(1, fabs(value)));
            assert_true(fabs((double)d[i] - slope) <= 2e-6);
            if (activation == MNIST_SIGMOID) { /* relative, far into the tail: gradients need it */
                assert_true(fabs((double)a[i] / value - 1) <= 3e-7);
            }
        }
    }
    mnist_free(z);
    mnist_free(a);
    mnist_free(d);
}

static void test_log(void **state)
{
    (void)state;
    for (double x = 1.0; x < 1e30; x *= 1.0137) {
        assert_true(fabs(approx_log(x) - log(x)) <= 4e-16 * fmax(1.0, log(x)));
    }
    assert_true(approx_log(1.0) == 0.0);
}

static void test_softmax_same_bits(void **state)
{
    (void)state;
    enum { ROWS = 37 };
    static const unsigned classes[] = {1, 2, 10, 15, 16, 17, 20, 47, 256};
    static const float smoothings[] = {0.0f, 0.1f};
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        for (size_t c = 0; c < LENGTH(classes); c++) {
            size_t stride = (classes[c] + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;
            float *z = filled(ROWS * stride, 9, c % 2 ? 60.0f : 3.0f);
            float *dz[2], losses[2][ROWS];
            uint8_t labels[ROWS], predicted[2][ROWS];
            for (size_t i = 0; i < ROWS; i++) {
                labels[i] = (uint8_t)(i % classes[c]);
            }
            z[stride] = INFINITY; /* a row that has diverged */
            z[2 * stride] = NAN;
            for (size_t i = 0; i < 2; i++) {
                dz[i] = filled(ROWS * stride, 10, 1.0f);
                (i == 0 ? ORACLE : mnist_kernels_list(k))
                    ->softmax(&(mnist_softmax){.z = z,
                                               .dz = dz[i],
                                               .stride = stride,
                                               .labels = labels,
                                               .losses = losses[i],
                                               .predicted = predicted[i],
                                               .rows = ROWS,
                                               .classes = classes[c],
                                               .smoothing = smoothings[c % 2],
                                               .scale = 1.0f / ROWS});
            }
            assert_same_bits(dz[0], dz[1], ROWS * stride, "softmax gradient");
            assert_same_bits(losses[0], losses[1], ROWS, "softmax loss");
            assert_memory_equal(predicted[0], predicted[1], ROWS);
            assert_true(!isfinite(losses[1][1]));
            assert_true(!isfinite(losses[1][2]));
            mnist_free(z);
            mnist_free(dz[0]);
            mnist_free(dz[1]);
        }
    }
}

/* The oracle's loss and gradient by the textbook, in double; huge logits do not overflow. */
static void test_softmax_values(void **state)
{
    (void)state;
    enum { CLASSES = 10, STRIDE = 16, ROWS = 50 };
    float z[ROWS * STRIDE], dz[ROWS * STRIDE], losses[ROWS];
    uint8_t labels[ROWS], predicted[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (uint8_t)(i % CLASSES);
        test_fill(z + i * STRIDE, STRIDE, 20 + (uint32_t)i, i < 25 ? 3.0f : 30.0f);
        for (size_t c = 0; c < CLASSES; c++) {
            z[i * STRIDE + c] += i % 7 == 0 ? 1000.0f : 0.0f;
        }
    }
    float smoothing = 0.1f;
    ORACLE->softmax(&(mnist_softmax){.z = z,
                                     .dz = dz,
                                     .stride = STRIDE,
                                     .labels = labels,
                                     .losses = losses,
                                     .predicted = predicted,
                                     .rows = ROWS,
                                     .classes = CLASSES,
                                     .smoothing = smoothing,
                                     .scale = 0.5f});
    for (size_t i = 0; i < ROWS; i++) {
        const float *row = z + i * STRIDE;
        double maximum = -1e300, sum = 0, loss = 0;
        size_t top = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            top = (double)row[c] > maximum ? c : top;
            maximum = fmax(maximum, (double)row[c]);
        }
        for (size_t c = 0; c < CLASSES; c++) {
            sum += exp((double)row[c] - maximum);
        }
        for (size_t c = 0; c < CLASSES; c++) {
            double p = exp((double)row[c] - maximum) / sum;
            double t = 0.1 / CLASSES + (c == labels[i] ? 0.9 : 0.0);
            loss -= t * ((double)row[c] - maximum - log(sum));
            assert_true(fabs((double)dz[i * STRIDE + c] - 0.5 * (p - t)) < 2e-7);
        }
        assert_true(fabs((double)losses[i] - loss) <= 4e-7 * fmax(1.0, loss));
        assert_int_equal(predicted[i], top);
        for (size_t c = CLASSES; c < STRIDE; c++) {
            assert_true(dz[i * STRIDE + c] == 0.0f);
        }
    }
}

/* Whole vectors of images, and the remainder; also with predictions alone wanted. */
static void test_ties_take_the_lowest_class(void **state)
{
    (void)state;
    enum { ROWS = 19 };
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        float z[ROWS * 16] = {0};
        uint8_t predicted[ROWS];
        memset(predicted, 99, sizeof predicted);
        for (size_t i = 0; i < ROWS; i++) { /* the top twice and once in between */
            z[i * 16 + i % 8] = z[i * 16 + 9] = z[i * 16 + 8] = 3.0f;
        }
        mnist_kernels_list(k)->softmax(&(mnist_softmax){
            .z = z, .stride = 16, .predicted = predicted, .rows = ROWS, .classes = 10});
        for (size_t i = 0; i < ROWS; i++) {
            assert_int_equal(predicted[i], i % 8);
        }
    }
}

static void test_sgd(void **state)
{
    (void)state;
    enum { COUNT = 208 };
    for (int variant = 0; variant < 8; variant++) {
        mnist_sgd_update update = {.lr = 0.1f,
                                   .momentum = variant & 1 ? 0.9f : 0.0f,
                                   .nesterov = (variant & 2) != 0,
                                   .decay = variant & 4 ? 0.01f : 0.0f,
                                   .scale = variant & 4 ? 0.37f : 1.0f};
        float w0[COUNT], v0[COUNT], g[COUNT];
        test_fill(w0, COUNT, 11, 1.0f);
        test_fill(v0, COUNT, 12, 1.0f);
        test_fill(g, COUNT, 13, 1.0f);
        float w[COUNT], v[COUNT];
        memcpy(w, w0, sizeof w);
        memcpy(v, v0, sizeof v);
        ORACLE->sgd(w, v, g, COUNT, &update);
        for (size_t i = 0; i < COUNT; i++) { /* the formula of mnist/nn.h */
            double gradient =
                (double)g[i] * (double)update.scale + (double)update.decay * (double)w0[i];
            double velocity = (double)update.momentum * (double)v0[i] + gradient;
            double step =
                update.nesterov ? gradient + (double)update.momentum * velocity : velocity;
            assert_true(fabs((double)v[i] - velocity) < 1e-6);
            assert_true(fabs((double)w[i] - ((double)w0[i] - (double)update.lr * step)) < 1e-6);
        }
        for (size_t k = 1; mnist_kernels_list(k); k++) {
            float wk[COUNT], vk[COUNT];
            memcpy(wk, w0, sizeof w0);
            memcpy(vk, v0, sizeof v0);
            mnist_kernels_list(k)->sgd(wk, vk, g, COUNT, &update);
            assert_same_bits(w, wk, COUNT, "sgd weights");
            assert_same_bits(v, vk, COUNT, "sgd velocity");
        }
    }
}

static void test_sum_squares(void **state)
{
    (void)state;
    enum { COUNT = 1600 };
    float *g = filled(COUNT, 14, 3.0f);
    double expected = 0;
    for (size_t i = 0; i < COUNT; i++) {
        expected += (double)g[i] * (double)g[i];
    }
    double oracle = ORACLE->sum_squares(g, COUNT);
    assert_true(fabs(oracle / expected - 1) < 1e-13);
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        assert_true(mnist_kernels_list(k)->sum_squares(g, COUNT) == oracle);
    }
    mnist_free(g);
}

static void test_tables(void **state)
{
    (void)state;
    assert_ptr_equal(mnist_kernels_list(0), ORACLE);
    assert_non_null(mnist_kernels_list(1)); /* the portable table is always there */
    const mnist_kernels *selected = mnist_kernels_select();
    assert_string_equal(mnist_kernels_name(), selected->name);
    assert_ptr_not_equal(selected, ORACLE);
    assert_null(mnist_activation_name(MNIST_ACTIVATIONS));
    mnist_error err;
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, &err), MNIST_OK);
        assert_ptr_equal(mnist_kernels_select(), mnist_kernels_list(k));
    }
    assert_int_equal(mnist_kernels_use("avx1024", &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "\"avx1024\""));
    assert_non_null(strstr(err.text, "scalar, portable"));
    assert_int_equal(mnist_kernels_use(NULL, &err), MNIST_OK);
    assert_ptr_equal(mnist_kernels_select(), selected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_oracle_product),
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_byte_product),
        cmocka_unit_test(test_transpose_bytes),
        cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_activations_same_bits),
        cmocka_unit_test(test_activations_accuracy),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_softmax_same_bits),
        cmocka_unit_test(test_softmax_values),
        cmocka_unit_test(test_ties_take_the_lowest_class),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_sum_squares),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
