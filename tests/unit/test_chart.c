/* Axes of charts: their ends, their ticks and what stands beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/chart.h"
#include "report/text.h"
#include "text_is.h"

static void test_axes(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 3}, losses[] = {2.3, 0.2, 0.06}, shares[] = {0.9, NAN, 0.99},
                        same[] = {1.0, 1.0, 1.0}, none[] = {NAN, INFINITY, NAN};
    double ticks[MNIST_TICKS];
    mnist_series series = {"", "a", x, losses, 3, false};
    mnist_axis axis = mnist_axis_fit(&series, 1, MNIST_SCALE_PLAIN, 4.0);
    assert_true(axis.is_log && axis.low > 0.0 && axis.low <= 0.06 && axis.high >= 2.3);
    assert_int_equal(mnist_axis_ticks(&axis, 5, ticks), 5); /* 0.1 0.2 0.5 1 2 */
    assert_true(fabs(ticks[0] - 0.1) < 1e-12 && fabs(ticks[4] - 2.0) < 1e-12);
    series.y = shares;
    axis = mnist_axis_fit(&series, 1, MNIST_SCALE_PERCENT, 0.0);
    assert_false(axis.is_log);
    assert_true(axis.low <= 0.9 && axis.low >= 0.85 && axis.high >= 0.99 && axis.high <= 1.0);
    series.y = same;
    axis = mnist_axis_fit(&series, 1, MNIST_SCALE_PERCENT, 0.0);
    assert_true(axis.low < 1.0 && axis.high == 1.0);
    axis = mnist_axis_from_zero((mnist_axis){.low = 23000.0, .high = 28000.0});
    assert_true(axis.low == 0.0 && fabs(axis.high - 30000.0) < 1e-6);
    axis = mnist_axis_from_zero((mnist_axis){.low = 0.0, .high = (double)0.1f});
    assert_true(fabs(axis.high - 0.1) < 1e-12);
    series.y = none;
    axis = mnist_axis_fit(&series, 1, MNIST_SCALE_PLAIN, 4.0);
    assert_true(axis.low < axis.high && !axis.is_log);
    assert_true(mnist_axis_ticks(&axis, 5, ticks) <= MNIST_TICKS);
    /* whatever the range, ticks lie in it, in order, and are not too many */
    for (double span = 1e-5; span < 1e6; span *= 3.7) {
        for (int is_log = 0; is_log < 2; is_log++) {
            axis = (mnist_axis){.low = 1e-5, .high = 1e-5 + span, .is_log = is_log == 1};
            unsigned count = mnist_axis_ticks(&axis, 5, ticks);
            assert_true(count <= MNIST_TICKS);
            for (unsigned i = 0; i < count; i++) {
                assert_true(mnist_axis_place(&axis, ticks[i]) > -1e-6 &&
                            mnist_axis_place(&axis, ticks[i]) < 1.0 + 1e-6);
                assert_true(i == 0 || ticks[i] > ticks[i - 1]);
            }
        }
    }
    mnist_text text = {0};
    axis = (mnist_axis){.low = 0.0, .high = 1.0, .scale = MNIST_SCALE_PERCENT};
    mnist_axis_label(&text, &axis, 0.925);
    axis.scale = MNIST_SCALE_LARGE;
    mnist_text_put(&text, " ");
    mnist_axis_label(&text, &axis, 250000.0);
    mnist_text_put(&text, " ");
    mnist_axis_label(&text, &axis, 1500000.0);
    text_is(&text, "92.5% 250k 1.5M");
    /* what would be long in decimals, and 0 */
    static const double values[] = {0.0,    1e-5, 5e-6,  -2e-7,  3e-7 * 3.0, 999999.0,
                                    1.25e6, 3e38, -2e12, 1e-300, 9.999e-8};
    axis = (mnist_axis){.low = -2e12, .high = 3e38};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        mnist_text_put(&text, i > 0 ? " " : "");
        mnist_axis_label(&text, &axis, values[i]);
    }
    text_is(&text, "0 0.00001 5e-6 -2e-7 9e-7 999999 1.25e6 3e38 -2e12 1e-300 1e-7");
    /* however many decades there are, ticks go to the end */
    for (int decades = 1; decades < 300; decades++) {
        axis = (mnist_axis){.low = 1e-30, .high = 1e-30 * pow(10.0, decades), .is_log = true};
        const unsigned count = mnist_axis_ticks(&axis, 5, ticks);
        assert_true(count >= 2 && count <= MNIST_TICKS);
        assert_true(mnist_axis_place(&axis, ticks[count - 1]) > 0.7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_axes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
