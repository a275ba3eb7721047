#include "unit/unit.h"

#include "base/digest.h"
#include "base/memory.h"
#include "base/status.h"

#include <mnist/mnist.h>
#include <stdio.h>

static void test_status_texts(void **state)
{
    (void)state;
    assert_string_equal(mnist_status_text(MNIST_OK), "ok");
    assert_string_equal(mnist_status_text(MNIST_ERR_DIVERGED), "training diverged");
    assert_string_equal(mnist_status_text((mnist_status)999), "unknown status");
    int major, minor, patch;
    assert_int_equal(sscanf(mnist_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

static void test_fail_fills_and_cuts(void **state)
{
    (void)state;
    mnist_error err;
    assert_int_equal(mnist_fail(&err, MNIST_ERR_IO, "%s at byte %d", "file", 7), MNIST_ERR_IO);
    assert_int_equal(err.status, MNIST_ERR_IO);
    assert_string_equal(err.text, "file at byte 7");
    assert_int_equal(mnist_fail(&err, MNIST_ERR_IO, "%9000d", 1), MNIST_ERR_IO);
    assert_int_equal(strlen(err.text), MNIST_ERROR_TEXT - 1);
    assert_int_equal(mnist_fail(NULL, MNIST_ERR_FORMAT, "nobody listens"), MNIST_ERR_FORMAT);
    assert_int_equal(mnist_fail_memory(&err, 12, "a thing"), MNIST_ERR_MEMORY);
    assert_non_null(strstr(err.text, "12 bytes for a thing"));
}

static void test_memory(void **state)
{
    (void)state;
    for (size_t size = 0; size < 200; size += 7) {
        unsigned char *memory = mnist_alloc(size, 3);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % MNIST_ALIGN, 0);
        for (size_t i = 0; i < size * 3; i++) {
            assert_int_equal(memory[i], 0);
        }
        mnist_free(memory);
    }
    assert_null(mnist_alloc(SIZE_MAX / 2, 3)); /* overflows */
    assert_null(mnist_alloc(SIZE_MAX, 1));     /* overflows when rounded up */
    mnist_free(NULL);
}

/* Known answers of the authors' own library (Random123, kat_vectors). */
static void test_philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < LENGTH(vectors); i++) {
        mnist_rng_block block = mnist_philox(vectors[i].counter, vectors[i].key);
        assert_memory_equal(block.word, vectors[i].answer, sizeof block.word);
    }
}

static void test_rng_ranges(void **state)
{
    (void)state;
    assert_true(mnist_rng_unit(0) == 0.0f);
    assert_true(mnist_rng_unit(UINT32_MAX) < 1.0f);
    assert_int_equal(mnist_rng_below(0, 10), 0);
    assert_int_equal(mnist_rng_below(UINT32_MAX, 10), 9);
    size_t hits[10] = {0};
    for (uint64_t i = 0; i < 10000; i++) {
        hits[mnist_rng_below(mnist_rng(3, MNIST_RNG_INIT, 0, i).word[i % 4], 10)]++;
    }
    for (size_t i = 0; i < 10; i++) { /* 1000 expected, deviation 30 */
        assert_in_range(hits[i], 850, 1150);
    }
    /* every part of the key counts */
    uint32_t base = mnist_rng(1, MNIST_RNG_INIT, 1, 1).word[0];
    assert_int_not_equal(base, mnist_rng(2, MNIST_RNG_INIT, 1, 1).word[0]);
    assert_int_not_equal(base, mnist_rng(1 + (1ull << 32), MNIST_RNG_INIT, 1, 1).word[0]);
    assert_int_not_equal(base, mnist_rng(1, MNIST_RNG_SHUFFLE, 1, 1).word[0]);
    assert_int_not_equal(base, mnist_rng(1, MNIST_RNG_INIT, 2, 1).word[0]);
    assert_int_not_equal(base, mnist_rng(1, MNIST_RNG_INIT, 1, 2).word[0]);
    assert_int_not_equal(base, mnist_rng(1, MNIST_RNG_INIT, 1, 1 + (1ull << 32)).word[0]);
}

static void test_sha256_known_answers(void **state)
{
    (void)state;
    char text[MNIST_SHA256_TEXT];
    mnist_sha256("", 0, "", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mnist_sha256("a", 1, "bc", 2, text); /* FIPS 180-4's example, in two pieces */
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_texts), cmocka_unit_test(test_fail_fills_and_cuts),
        cmocka_unit_test(test_memory),       cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_rng_ranges),   cmocka_unit_test(test_sha256_known_answers),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
