/* What a checkpoint keeps of the model that its training began with. */
#include "unit/unit.h"

#include "cli/train/initial.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_round_trip(void **state)
{
    (void)state;
    static const float numbers[][2] = {
        {0.0f, 1.0f}, {0.1307f, 0.3081f}, {-1.5e-7f, 3.4e38f}, {1.0f / 3.0f, 1e-30f}};
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        mnist_initial initial = {.digest = DIGEST}, read = {.model = NULL};
        const mnist_normalization normalization = {
            .kind = MNIST_NORMALIZE_STANDARD, .mean = numbers[i][0], .stddev = numbers[i][1]};
        char text[MNIST_INITIAL_TEXT];
        mnist_initial_print(&initial, &normalization, text);
        assert_true(mnist_initial_parse(&read, text));
        assert_string_equal(read.digest, DIGEST);
        assert_memory_equal(&read.normalization.mean, &normalization.mean, sizeof(float));
        assert_memory_equal(&read.normalization.stddev, &normalization.stddev, sizeof(float));
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        DIGEST,
        DIGEST " ",
        DIGEST " 0",
        DIGEST " 0 ",
        DIGEST " 0 0",
        DIGEST " 0 -1",
        DIGEST " 0 nan",
        DIGEST " inf 1",
        DIGEST " 0 1 ",
        DIGEST " 0 1 2",
        DIGEST "  0 1",
        DIGEST " 0x1 1",
        DIGEST " 1e99 1",
        DIGEST " 0 1e99",
        DIGEST " 0 1\x1b[31m",
        DIGEST "0 0 1",
        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef 0 1",
        "0123 0 1",
        DIGEST " 0.0000000000000000000000000000000000000000000000000000000000000000000001 1",
    };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        mnist_initial initial = {.model = NULL};
        if (mnist_initial_parse(&initial, texts[i])) {
            fail_msg("\"%s\" was accepted", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("initial", tests, NULL, NULL);
}
