/* What mnist-compress reads in one text: budgets with units, and several shares of weights. */
#include "unit/unit.h"

#include "cli/compress/settings.h"

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } good[] = {{"1", 1},         {"12288", 12288},  {"12288B", 12288}, {"12KiB", 12288},
                {"1.5KiB", 1536}, {"12k", 12000},    {"12kB", 12000},   {"0.5M", 500000},
                {"2MB", 2000000}, {"1MiB", 1048576}, {".5k", 500},      {"1.k", 1000}};
    static const char *const bad[] = {"",
                                      "0",
                                      "0KiB",
                                      "0.5",
                                      "KiB",
                                      "12 KiB",
                                      "12kib",
                                      "-1",
                                      "+1",
                                      "1e3",
                                      "0x10",
                                      "1.2.3",
                                      "nan",
                                      "12GiB",
                                      "12KiB ",
                                      "1,5k",
                                      "9999999999999999",
                                      "9999999999999MB",
                                      "."};
    for (size_t i = 0; i < LENGTH(good); i++) {
        if (mnist_compress_read_bytes(good[i].text) != good[i].bytes) {
            fail_msg("\"%s\": %zu", good[i].text, mnist_compress_read_bytes(good[i].text));
        }
    }
    for (size_t i = 0; i < LENGTH(bad); i++) {
        if (mnist_compress_read_bytes(bad[i]) != 0) {
            fail_msg("\"%s\": %zu", bad[i], mnist_compress_read_bytes(bad[i]));
        }
    }
}

static void test_shares(void **state)
{
    (void)state;
    static const struct {
        const char *text, *specs[3];
    } cases[] = {
        {"5%", {"5%", NULL}},
        {"20%,10%", {"20%", "10%", NULL}},
        {"20%,units,.1,start=0.2", {"20%,units,start=0.2", ".1,units,start=0.2", NULL}},
        {"4x16,0.5", {"0.5,4x16", NULL}},
        {"2:4", {"2:4", NULL}},
        {"5%,", {"5%,", NULL}}, /* whose reader refuses it */
        {"units", {NULL}},
        {"", {NULL}},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char spec[MNIST_PRUNING_TEXT];
        size_t count = 0;
        for (; cases[i].specs[count]; count++) {
            assert_true(mnist_compress_spec(cases[i].text, count, spec));
            assert_string_equal(spec, cases[i].specs[count]);
        }
        assert_false(mnist_compress_spec(cases[i].text, count, spec));
    }
}

/* A text that is too long ends up as one that its reader refuses, or as a part that it accepts. */
static void test_long_texts(void **state)
{
    (void)state;
    char text[4 * MNIST_PRUNING_TEXT] = "5%", spec[MNIST_PRUNING_TEXT];
    while (strlen(text) + 7 < sizeof text) {
        strcat(text, ",units");
    }
    assert_true(mnist_compress_spec(text, 0, spec));
    assert_int_equal(strlen(spec), MNIST_PRUNING_TEXT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests_name("specs", tests, NULL, NULL);
}
