/* The kernels that leave weights of 0 out: every table against the oracle, bit for bit, and the oracle
 * against the dense product. */
#include "unit/unit.h"

#include "unit/tables.h"

#include <math.h>

enum { IN = 150, OUT = 75, LANES = MNIST_SPARSE_IMAGES };

static const mnist_sparse_kernels *oracle(void)
{
    return ORACLE->sparse;
}

/* A matrix of which about the share `kept` is not 0, densely (IN, stride), and its rows of values.
 * Rows 3 mod 7 are empty, rows 5 mod 7 are full. */
typedef struct matrix {
    float *dense;
    size_t in, out, stride;
    mnist_sparse_matrix by_input, by_output;
} matrix;

static matrix make(size_t in, size_t out, double kept)
{
    matrix m = {
        .in = in, .out = out, .stride = (out + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES};
    m.dense = mnist_alloc(in * m.stride, sizeof *m.dense);
    mnist_sparse_matrix *both[] = {&m.by_input, &m.by_output};
    for (size_t b = 0; b < 2; b++) {
        both[b]->starts = mnist_alloc(IN + 1, sizeof(uint32_t));
        both[b]->columns = mnist_alloc(in * out, sizeof(uint32_t));
        both[b]->values = mnist_alloc(in * out, sizeof(float));
    }
    for (size_t k = 0; k < in; k++) {
        for (size_t n = 0; n < out; n++) {
            const bool is =
                n % 7 == 5 || ((double)fabsf(test_value(11, k * out + n)) < kept && n % 7 != 3);
            m.dense[k * m.stride + n] = is ? test_value(12, k * out + n) : 0.0f;
        }
    }
    uint32_t e = 0;
    for (size_t k = 0; k < in; k++) {
        for (size_t n = 0; n < out; n++) {
            if (m.dense[k * m.stride + n] != 0.0f) {
                m.by_input.columns[e] = (uint32_t)n;
                m.by_input.values[e++] = m.dense[k * m.stride + n];
            }
        }
        m.by_input.starts[k + 1] = e;
    }
    e = 0;
    for (size_t n = 0; n < out; n++) {
        for (size_t k = 0; k < in; k++) {
            if (m.dense[k * m.stride + n] != 0.0f) {
                m.by_output.columns[e] = (uint32_t)k;
                m.by_output.values[e++] = m.dense[k * m.stride + n];
            }
        }
        m.by_output.starts[n + 1] = e;
    }
    return m;
}

static void drop(matrix *m)
{
    mnist_sparse_matrix *both[] = {&m->by_input, &m->by_output};
    for (size_t b = 0; b < 2; b++) {
        mnist_free(both[b]->starts);
        mnist_free(both[b]->columns);
        mnist_free(both[b]->values);
    }
    mnist_free(m->dense);
}

static const double shares[] = {0.0, 0.02, 0.3, 1.0};

/* Of the columns of x the first `images` are computed; nothing is written beside the rows wanted. */
static void check_product(const mnist_sparse_kernels *kernels, const matrix *m, size_t images,
                          bool init)
{
    float *x = filled(m->in * LANES, 1, 1.0f), *bias = filled(m->stride, 2, 1.0f);
    float *expected = filled(m->out * LANES, 3, 1.0f), *found = filled(m->out * LANES, 3, 1.0f);
    mnist_sparse_product p = {.init = init ? bias : NULL,
                              .w = &m->by_output,
                              .x = x,
                              .first = m->out > 1,
                              .end = m->out,
                              .images = images};
    for (size_t n = p.first; n < p.end; n++) { /* densely, in the oracle's order */
        for (size_t i = 0; i < images; i++) {
            float sum = init ? bias[n] : 0.0f;
            for (size_t k = 0; k < m->in; k++) {
                sum = fmaf(x[k * LANES + i], m->dense[k * m->stride + n], sum);
            }
            expected[n * LANES + i] = sum;
        }
    }
    p.out = found;
    assert_true(kernels->product(&p));
    assert_same_bits(expected, found, m->out * LANES, "sparse product");
    mnist_free(x);
    mnist_free(bias);
    mnist_free(expected);
    mnist_free(found);
}

static void test_product(void **state)
{
    (void)state;
    static const size_t ins[] = {1, 17, IN}, outs[] = {1, 10, OUT};
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t s = 0; s < LENGTH(shares); s++) {
            for (size_t i = 0; i < LENGTH(ins); i++) {
                for (size_t o = 0; o < LENGTH(outs); o++) {
                    matrix m = make(ins[i], outs[o], shares[s]);
                    for (size_t images = MNIST_LANES; images <= LANES; images += MNIST_LANES) {
                        check_product(mnist_kernels_list(k)->sparse, &m, images, s % 2);
                    }
                    drop(&m);
                }
            }
        }
    }
}

/* An output that is infinite or not a number is told, wherever it is. */
static void test_finite(void **state)
{
    (void)state;
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        matrix m = make(IN, OUT, 0.3);
        float *x = filled(IN * LANES, 1, 1.0f), *out = filled(OUT * LANES, 3, 1.0f);
        mnist_sparse_product p = {
            .out = out, .w = &m.by_output, .x = x, .end = OUT, .images = LANES};
        assert_true(mnist_kernels_list(k)->sparse->product(&p));
        static const float bad[] = {INFINITY, -INFINITY, NAN, 3e38f};
        for (size_t b = 0; b < LENGTH(bad); b++) {
            for (size_t i = 0; i < LANES; i += 7) {
                const uint32_t e = m.by_output.starts[OUT - 2];
                const size_t at = m.by_output.columns[e] * LANES + i;
                const float was = x[at], weight = m.by_output.values[e];
                x[at] = bad[b];
                m.by_output.values[e] = isfinite(bad[b]) ? 3e38f : weight;
                assert_false(mnist_kernels_list(k)->sparse->product(&p));
                x[at] = was;
                m.by_output.values[e] = weight;
            }
        }
        mnist_free(x);
        mnist_free(out);
        drop(&m);
    }
}

/* In two parts, the second going on with the first's sums. */
static void test_gradient(void **state)
{
    (void)state;
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t s = 0; s < LENGTH(shares); s++) {
            for (size_t images = MNIST_LANES; images <= LANES; images += MNIST_LANES) {
                matrix m = make(IN, OUT, shares[s]);
                const size_t count = m.by_output.starts[OUT];
                float *x = filled(IN * LANES, 1, 1.0f), *d = filled(OUT * LANES, 2, 1.0f);
                float *expected = filled(count + 1, 3, 1.0f), *found = filled(count + 1, 3, 1.0f);
                for (size_t n = 2; n < OUT; n++) {
                    for (uint32_t e = m.by_output.starts[n]; e < m.by_output.starts[n + 1]; e++) {
                        float sum = 0.0f;
                        for (size_t i = 0; i < 2 * images; i++) {
                            sum = fmaf(x[m.by_output.columns[e] * LANES + i % images],
                                       d[n * LANES + i % images], sum);
                        }
                        expected[e] = sum;
                    }
                }
                mnist_sparse_gradient g = {.out = found,
                                           .w = &m.by_output,
                                           .x = x,
                                           .d = d,
                                           .first = 2,
                                           .end = OUT,
                                           .images = images};
                mnist_kernels_list(k)->sparse->gradient(&g);
                g.more = true;
                mnist_kernels_list(k)->sparse->gradient(&g);
                assert_same_bits(expected, found, count + 1, "sparse gradient");
                mnist_free(x);
                mnist_free(d);
                mnist_free(expected);
                mnist_free(found);
                drop(&m);
            }
        }
    }
}

/* One image: floats and bytes, of which some are 0. */
static void test_image(void **state)
{
    (void)state;
    float table[256], x[IN];
    uint8_t bytes[IN];
    for (size_t v = 0; v < 256; v++) {
        table[v] = (float)v / 255.0f;
    }
    for (size_t k = 0; k < IN; k++) {
        bytes[k] = byte_at(k);
        x[k] = table[bytes[k]];
    }
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t s = 0; s < LENGTH(shares); s++) {
            matrix m = make(IN, OUT, shares[s]);
            float *expected = filled(m.stride, 4, 1.0f), *found = filled(m.stride, 4, 1.0f);
            ORACLE->product(&(mnist_product){.out = expected,
                                             .init = expected,
                                             .x = x,
                                             .x_step = 1,
                                             .w = m.dense,
                                             .w_stride = m.stride,
                                             .rows = 1,
                                             .depth = IN,
                                             .width = MNIST_PANEL});
            ORACLE->product(&(mnist_product){.out = expected + MNIST_PANEL,
                                             .init = expected + MNIST_PANEL,
                                             .x = x,
                                             .x_step = 1,
                                             .w = m.dense + MNIST_PANEL,
                                             .w_stride = m.stride,
                                             .rows = 1,
                                             .depth = IN,
                                             .width = MNIST_LANES});
            mnist_sparse_image p = {.sums = found, .w = &m.by_input, .x = x, .rows = IN};
            mnist_kernels_list(k)->sparse->image(&p);
            assert_same_bits(expected, found, OUT, "image of floats");
            test_fill(found, m.stride, 4, 1.0f);
            p = (mnist_sparse_image){
                .sums = found, .w = &m.by_input, .bytes = bytes, .table = table, .rows = IN};
            mnist_kernels_list(k)->sparse->image(&p);
            assert_same_bits(expected, found, OUT, "image of bytes");
            mnist_free(expected);
            mnist_free(found);
            drop(&m);
        }
    }
}

static void test_pixels(void **state)
{
    (void)state;
    static uint8_t bytes[IN * LANES];
    float table[256];
    test_fill(table, 256, 6, 1.0f);
    table[0] = 0.0f;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i / LANES % 3 == 1 ? 0 : byte_at(i);
    }
    matrix m = make(IN, 3, 0.02);
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t images = MNIST_LANES; images <= LANES; images += MNIST_LANES) {
            float *expected = filled(IN * LANES, 3, 1.0f), *found = filled(IN * LANES, 3, 1.0f);
            for (size_t at = 0; at < IN * LANES; at++) {
                const size_t row = at / LANES;
                if (at % LANES < images && m.by_input.starts[row] < m.by_input.starts[row + 1]) {
                    expected[at] = table[bytes[at]];
                }
            }
            mnist_kernels_list(k)->sparse->pixels(bytes, LANES, table, &m.by_input, found, IN,
                                                  images);
            assert_same_bits(expected, found, IN * LANES, "pixels");
            mnist_free(expected);
            mnist_free(found);
        }
    }
    drop(&m);
}

static void test_used(void **state)
{
    (void)state;
    uint64_t expected[IN], found[IN];
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (size_t width = MNIST_LANES; width <= MNIST_PANEL; width += MNIST_LANES) {
            matrix m = make(IN, OUT, 0.2);
            m.dense[1] = NAN;
            m.dense[2] = -0.0f;
            size_t count = oracle()->used(m.dense, m.stride, IN, width, expected), sum = 0;
            assert_int_equal(
                mnist_kernels_list(k)->sparse->used(m.dense, m.stride, IN, width, found), count);
            assert_memory_equal(expected, found, sizeof found);
            for (size_t r = 0; r < IN; r++) {
                for (size_t n = 0; n < 64; n++) {
                    const bool is = expected[r] >> n & 1;
                    assert_true(n < width ? is == (m.dense[r * m.stride + n] != 0.0f) : !is);
                    sum += is;
                }
            }
            assert_int_equal(sum, count);
            drop(&m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product), cmocka_unit_test(test_finite),
        cmocka_unit_test(test_image),   cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_pixels),  cmocka_unit_test(test_used),
    };
    return cmocka_run_group_tests_name("sparse kernels", tests, NULL, NULL);
}
