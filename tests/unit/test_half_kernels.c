/* Mixed precision's kernels, of every table against the oracle, bit for bit; the oracle's rounding
 * against arithmetic in double. */
#include "unit/tables.h"

#include <float.h>
#include <stdlib.h>

/* Floats of every kind: all exponents, halves of the last place of both formats, the edges of their
 * ranges, infinities and NaN. */
static float awkward(size_t i)
{
    static const uint32_t edges[] = {0x00000000, 0x80000000, 0x00000001, 0x007fffff, 0x00800000,
                                     0x237fffff, 0x23800000, 0x237f7fff, 0x237f8000, 0x33000000,
                                     0x33000001, 0x387fe000, 0x387fefff, 0x387ff000, 0x38800000,
                                     0x477fe000, 0x477fefff, 0x477ff000, 0x7f7fffff, 0x7f800000,
                                     0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345};
    uint32_t bits = mnist_rng(8, (mnist_rng_purpose)TEST_RNG_PIXELS, 78, i).word[0];
    const size_t count = sizeof edges / sizeof edges[0];
    if (i < 2 * count) {
        bits = edges[i / 2] ^ (i % 2 ? 0x80000000 : 0);
    } else if (i % 3 == 0) {
        bits = (bits & 0xffff0000) | 0x8000; /* half way between two of bf16 */
    } else if (i % 3 == 1) {
        bits = (bits & 0xffffe000) | 0x1000; /* of fp16 */
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What rounding to a format must give: the nearest of its values, of two the one that is even. */
static double nearest(double value, int mantissa, int least)
{
    int exponent;
    frexp(value, &exponent);
    double unit = ldexp(1.0, (exponent - 1 < least ? least : exponent - 1) - mantissa);
    return nearbyint(value / unit) * unit;
}

static void test_half_rounding(void **state)
{
    (void)state;
    enum { COUNT = 4096 };
    float *in = filled(COUNT, 5, 1.0f), *out = filled(COUNT, 6, 1.0f);
    for (size_t i = 0; i < COUNT; i++) {
        in[i] = awkward(i);
    }
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS; p++) {
            const mnist_half *half = mnist_kernels_list(k)->half[p];
            half->round(in, out, COUNT);
            for (size_t i = 0; i < COUNT; i++) {
                double value = (double)in[i], expected;
                if (isnan(in[i])) {
                    assert_true(isnan(out[i]));
                    continue;
                }
                if (isinf(in[i])) {
                    expected = value;
                } else if (p == MNIST_BF16) {
                    expected = nearest(value, 7, -126);
                    expected = fabs(expected) < 0x1p-56 ? 0.0 : expected;
                    expected = fabs(expected) >= 0x1p128 ? copysign(INFINITY, value) : expected;
                } else {
                    expected = nearest(value, 10, -14);
                    expected = fabs(expected) > 65504.0 ? copysign(INFINITY, value) : expected;
                }
                if ((double)out[i] != expected) {
                    fail_msg("%s, %s: %a gives %a, expected %a", mnist_kernels_list(k)->name,
                             mnist_precision_name(p), value, (double)out[i], expected);
                }
            }
        }
    }
    mnist_free(in);
    mnist_free(out);
}

/* Pairs, and products of pairs: the bits of the fp32 oracle on rounded operands. Odd depths too,
 * and sizes from one to past every tile. */
static void test_half_product(void **state)
{
    (void)state;
    enum { MOST_ROWS = 14, MOST_DEPTH = 23, STRIDE = 80, PAIRS = (MOST_DEPTH + 1) / 2 };
    float *x = filled(32 * STRIDE, 11, 3.0f), *w = filled(32 * STRIDE, 12, 0.1f);
    float *init = filled(MOST_ROWS * STRIDE, 13, 1.0f);
    float *xr = filled(32 * STRIDE, 0, 1.0f), *wr = filled(32 * STRIDE, 0, 1.0f);
    for (size_t i = 0; i < 32 * STRIDE; i++) { /* of many sizes, so that sums round and cancel */
        x[i] = ldexpf(x[i], (int)(i % 37) - 18);
        w[i] = i % 11 == 0 ? 0x1p-60f : w[i];
    }
    init[1] = 0x1p-140f; /* counts as 0 */
    init[2] = -0x1p-140f;
    init[3] = 0x1p-112f + 0x1p-135f; /* where cancellation would give a denormal */
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS; p++) {
            const mnist_half *half = mnist_kernels_list(k)->half[p];
            mnist_kernels_scalar.half[p]->round(x, xr, 32 * STRIDE);
            mnist_kernels_scalar.half[p]->round(w, wr, 32 * STRIDE);
            for (size_t depth = 0; depth <= MOST_DEPTH; depth++) {
                /* x along its rows (row i, columns r) and down its columns (column i, rows r) */
                static mnist_pair along[32 * STRIDE / 2], down[PAIRS * STRIDE];
                static mnist_pair pairs[PAIRS * STRIDE];
                float zeroed[32 * STRIDE];
                memcpy(zeroed, x, sizeof zeroed);
                for (size_t i = 0; i < 32; i++) {
                    for (size_t r = depth; r < STRIDE; r++) {
                        zeroed[i * STRIDE + r] = 0.0f;
                    }
                    half->pair_along(zeroed + i * STRIDE, along + i * STRIDE / 2, STRIDE);
                }
                for (size_t r = 0; r < depth; r += 2) {
                    half->pair_across(x + r * STRIDE, r + 1 < depth ? x + (r + 1) * STRIDE : NULL,
                                      down + r / 2 * STRIDE, STRIDE);
                    half->pair_across(w + r * STRIDE, r + 1 < depth ? w + (r + 1) * STRIDE : NULL,
                                      pairs + r / 2 * STRIDE, STRIDE);
                }
                for (size_t rows = 1; rows <= MOST_ROWS; rows++) {
                    size_t width = MNIST_LANES * (1 + (rows + depth) % 4);
                    for (int columns = 0; columns < 2; columns++) {
                        float expected[MOST_ROWS * STRIDE], found[MOST_ROWS * STRIDE];
                        float start[MOST_ROWS * STRIDE];
                        memcpy(start, init, sizeof start);
                        start[1] = 0.0f;
                        start[2] = -0.0f;
                        start[3] = 0.0f;
                        memcpy(expected, init, sizeof expected);
                        memcpy(found, init, sizeof found);
                        ORACLE->product(&(mnist_product){.out = expected,
                                                         .out_stride = STRIDE,
                                                         .init = start,
                                                         .init_stride = STRIDE,
                                                         .x = xr,
                                                         .x_row = columns ? 1 : STRIDE,
                                                         .x_step = columns ? STRIDE : 1,
                                                         .w = wr,
                                                         .w_stride = STRIDE,
                                                         .rows = rows,
                                                         .depth = depth,
                                                         .width = width});
                        half->product(&(mnist_pair_product){.out = found,
                                                            .out_stride = STRIDE,
                                                            .init = init,
                                                            .init_stride = STRIDE,
                                                            .x = columns ? down : along,
                                                            .x_row = columns ? 1 : STRIDE / 2,
                                                            .x_step = columns ? STRIDE : 1,
                                                            .w = pairs,
                                                            .w_stride = STRIDE,
                                                            .rows = rows,
                                                            .depth = (depth + 1) / 2,
                                                            .width = width});
                        assert_same_bits(expected, found, MOST_ROWS * STRIDE,
                                         mnist_kernels_list(k)->name);
                    }
                }
            }
        }
    }
    mnist_free(x);
    mnist_free(w);
    mnist_free(init);
    mnist_free(xr);
    mnist_free(wr);
}

/* The other ways to make operands: finite ones, in pairs, and transposed. */
static void test_half_operands(void **state)
{
    (void)state;
    enum { COUNT = 512, SIDE = MNIST_PANEL };
    float *in = filled(SIDE * SIDE, 5, 1.0f), *out = filled(SIDE * SIDE, 6, 1.0f);
    float *expected = filled(SIDE * SIDE, 7, 1.0f);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        in[i] = awkward(i);
    }
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        const char *name = mnist_kernels_list(k)->name;
        for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS; p++) {
            const mnist_half *half = mnist_kernels_list(k)->half[p];
            const float most = p == MNIST_BF16 ? 0x1.fep127f : 65504.0f;
            half->round(in, expected, COUNT);
            for (size_t i = 0; i < COUNT; i++) {
                expected[i] = isinf(expected[i]) ? copysignf(most, expected[i]) : expected[i];
            }
            half->round_finite(in, out, COUNT);
            assert_same_bits(expected, out, COUNT, name);
        }
    }
    for (size_t i = 0; i < SIDE * SIDE; i++) { /* of a NaN, not all bits are the same everywhere */
        in[i] = isnan(in[i]) ? 1.0f : in[i];
    }
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS; p++) {
            const mnist_half *half = mnist_kernels_list(k)->half[p], *oracle = ORACLE->half[p];
            oracle->round_finite(in, expected, COUNT);
            for (size_t width = MNIST_LANES; width <= SIDE; width += MNIST_LANES) {
                static mnist_pair want[SIDE * SIDE], found[SIDE * SIDE];
                for (int rest = 0; rest < 2; rest++) {
                    const float *b = rest ? NULL : expected + SIDE;
                    oracle->pair_across(expected, b, want, width);
                    half->pair_across_finite(in, b ? in + SIDE : NULL, found, width);
                    assert_memory_equal(want, found, width * sizeof *want);
                }
                for (size_t rows = 1; rows <= SIDE; rows++) {
                    memset(want, 0xaa, sizeof want);
                    memset(found, 0xaa, sizeof found);
                    oracle->pair_transpose(in, SIDE, want, SIDE, rows, width);
                    half->pair_transpose(in, SIDE, found, SIDE, rows, width);
                    assert_memory_equal(want, found, sizeof want);
                    for (size_t r = 0; r < rows; r++) {
                        half->pair_along(in + r * SIDE, found, width);
                        for (size_t c = 0; c < width / 2; c++) {
                            assert_int_equal(found[c], want[c * SIDE + r]);
                        }
                    }
                }
            }
        }
    }
    mnist_free(in);
    mnist_free(out);
    mnist_free(expected);
}

/* A product of bytes in pairs: the bits of bytes and floats. Odd depths, depths past a block, every
 * width, one panel and two. */
static void test_half_byte_product(void **state)
{
    (void)state;
    enum {
        ROWS = 67,
        DEPTH = 301,
        PANEL = (DEPTH + 1) / 2 * MNIST_PANEL,
        OUT = ROWS * MNIST_PANEL
    };
    static const size_t depths[] = {0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 130, 200, 256, 257, 301};
    uint32_t index[ROWS]; /* out of order, some twice */
    for (size_t i = 0; i < ROWS; i++) {
        index[i] = (uint32_t)(i * i * 3 + 3) % ROWS;
    }
    float *table = filled(256, 2, 1.0f), *w = filled(2 * 2 * PANEL, 3, 0.1f);
    float *wr = filled(2 * 2 * PANEL, 0, 1.0f), *init = filled(2 * OUT, 4, 1.0f);
    uint8_t *bytes = malloc(ROWS * DEPTH); /* exactly: no byte behind the last may be read */
    mnist_pair *pairs = mnist_alloc(2 * PANEL, sizeof *pairs);
    assert_non_null(bytes);
    assert_non_null(pairs);
    for (size_t i = 0; i < ROWS * DEPTH; i++) {
        bytes[i] = byte_at(i);
    }
    table[0] = 0.0f;
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS; p++) {
            const mnist_half *half = mnist_kernels_list(k)->half[p];
            if (!half->byte_product) {
                continue;
            }
            ORACLE->half[p]->round(table, table, 256);
            ORACLE->half[p]->round(w, wr, 2 * 2 * PANEL);
            for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++) {
                for (size_t width = MNIST_LANES; width <= 2 * MNIST_PANEL; width += MNIST_LANES) {
                    const size_t depth = depths[d], panels = width > MNIST_PANEL ? 2 : 1;
                    const size_t columns = panels == 2 ? MNIST_PANEL : width;
                    const bool in_order = (d + width / MNIST_LANES) % 2 == 0;
                    float expected[2 * OUT], found[2 * OUT];
                    memcpy(expected, init, sizeof expected);
                    memcpy(found, init, sizeof found);
                    for (size_t panel = 0; panel < panels; panel++) {
                        const float *from = w + panel * 2 * PANEL;
                        for (size_t r = 0; r < depth; r += 2) {
                            half->pair_across(from + r * MNIST_PANEL,
                                              r + 1 < depth ? from + (r + 1) * MNIST_PANEL : NULL,
                                              pairs + panel * PANEL + r / 2 * MNIST_PANEL,
                                              MNIST_PANEL);
                        }
                        ORACLE->byte_product(
                            &(mnist_byte_product){.out = expected + panel * OUT,
                                                  .out_stride = MNIST_PANEL,
                                                  .init = d % 3 == 0 ? NULL : init + panel * OUT,
                                                  .init_stride = d % 3 == 1 ? 0 : MNIST_PANEL,
                                                  .x = bytes,
                                                  .index = in_order ? NULL : index,
                                                  .x_stride = depth,
                                                  .table = table,
                                                  .w = wr + panel * 2 * PANEL,
                                                  .w_stride = MNIST_PANEL,
                                                  .rows = ROWS,
                                                  .depth = depth,
                                                  .width = columns});
                    }
                    half->byte_product(
                        &(mnist_pair_byte_product){.out = found,
                                                   .out_stride = MNIST_PANEL,
                                                   .init = d % 3 == 0 ? NULL : init,
                                                   .init_stride = d % 3 == 1 ? 0 : MNIST_PANEL,
                                                   .x = bytes,
                                                   .index = in_order ? NULL : index,
                                                   .x_stride = depth,
                                                   .table = table,
                                                   .w = pairs,
                                                   .w_stride = MNIST_PANEL,
                                                   .rows = ROWS,
                                                   .depth = depth,
                                                   .width = columns,
                                                   .panels = panels,
                                                   .alike = d % 2 == 0,
                                                   .out_panel = OUT,
                                                   .init_panel = OUT,
                                                   .w_panel = PANEL});
                    assert_same_bits(expected, found, 2 * OUT, mnist_kernels_list(k)->name);
                }
            }
        }
    }
    mnist_free(table);
    mnist_free(w);
    mnist_free(wr);
    mnist_free(init);
    mnist_free(pairs);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_rounding),
        cmocka_unit_test(test_half_product),
        cmocka_unit_test(test_half_operands),
        cmocka_unit_test(test_half_byte_product),
    };
    return cmocka_run_group_tests_name("half kernels", tests, NULL, NULL);
}
