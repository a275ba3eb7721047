#include "unit/unit.h"

#include <math.h>
#include <mnist/nn.h>

static double rate(mnist_schedule s, uint64_t step, uint64_t steps)
{
    return (double)mnist_schedule_lr(&s, step, steps);
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-7 * fmax(1e-3, fabs(expected)))) {
        fail_msg("expected %.9g, found %.9g", expected, found);
    }
}

static void test_constant(void **state)
{
    (void)state;
    mnist_schedule s = {.kind = MNIST_SCHEDULE_CONSTANT, .lr = 0.5f};
    assert_near(rate(s, 0, 1), 0.5);
    assert_near(rate(s, 999, 1000), 0.5);
}

static void test_warmup_rises_linearly(void **state)
{
    (void)state;
    for (int kind = 0; kind < MNIST_SCHEDULES; kind++) {
        mnist_schedule s = {.kind = (mnist_schedule_kind)kind,
                            .lr = 1.0f,
                            .warmup = 0.1f,
                            .step_factor = 0.5f,
                            .step_count = 1};
        for (uint64_t step = 0; step < 9; step++) {
            double warm = (double)s.warmup * 100.0;
            assert_near(rate(s, step, 100), (double)(step + 1) / (warm + 1.0));
        }
    }
}

static void test_one_cycle(void **state)
{
    (void)state;
    mnist_schedule s = {.kind = MNIST_SCHEDULE_ONE_CYCLE, .lr = 0.2f, .warmup = 0.25f};
    double lr = (double)s.lr;
    assert_near(rate(s, 25, 100), lr);
    assert_near(rate(s, 62, 100), lr * (1.0 - 37.0 / 75.0));
    assert_near(rate(s, 99, 100), lr / 75.0); /* the last step still moves */
    s.warmup = 0.0f;
    assert_near(rate(s, 0, 10), lr);
}

static void test_cosine(void **state)
{
    (void)state;
    mnist_schedule s = {.kind = MNIST_SCHEDULE_COSINE, .lr = 1.0f};
    for (uint64_t step = 0; step < 1000; step++) {
        double expected = 0.5 * (1.0 + cos(3.14159265358979323846 * (double)step / 1000.0));
        assert_near(rate(s, step, 1000), expected);
    }
}

static void test_step(void **state)
{
    (void)state;
    mnist_schedule s = {
        .kind = MNIST_SCHEDULE_STEP, .lr = 1.0f, .step_factor = 0.1f, .step_count = 2};
    double factor = (double)s.step_factor;
    assert_near(rate(s, 0, 90), 1.0);
    assert_near(rate(s, 29, 90), 1.0);
    assert_near(rate(s, 30, 90), factor);
    assert_near(rate(s, 59, 90), factor);
    assert_near(rate(s, 60, 90), factor * factor);
    assert_near(rate(s, 89, 90), factor * factor);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(mnist_schedule_name(MNIST_SCHEDULE_CONSTANT), "constant");
    assert_string_equal(mnist_schedule_name(MNIST_SCHEDULE_ONE_CYCLE), "one-cycle");
    assert_null(mnist_schedule_name(MNIST_SCHEDULES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),  cmocka_unit_test(test_warmup_rises_linearly),
        cmocka_unit_test(test_one_cycle), cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_step),      cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
