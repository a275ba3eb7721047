/* The order of an epoch and the gathering of a batch (data/batch.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/batch.h"

enum { MANY = 60000 };

static void shuffle_is_a_permutation(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 6, 63, 64, 1000, MANY};
    uint32_t *order = malloc((MANY + 1) * sizeof *order);
    uint8_t *seen = malloc(MANY);
    assert_non_null(order);
    assert_non_null(seen);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        size_t count = counts[c];
        order[count] = 0xABCDEF01u;
        mnist_batch_shuffle(order, count, 42, 1);
        assert_int_equal(order[count], 0xABCDEF01u); /* and writes no further */
        memset(seen, 0, MANY);
        for (size_t i = 0; i < count; i++) {
            assert_true(order[i] < count);
            assert_int_equal(seen[order[i]]++, 0);
        }
    }
    free(order);
    free(seen);
}

static size_t same_places(const uint32_t *a, const uint32_t *b, size_t count)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        same += a[i] == b[i];
    }
    return same;
}

static void shuffle_depends_on_seed_and_epoch_alone(void **state)
{
    (void)state;
    enum { N = 1000 };
    static const struct {
        uint64_t seed;
        uint32_t epoch;
    } others[] = {{1, 1}, {2, 0}, {1, UINT32_MAX}, {1ull + (1ull << 32), 0}};
    uint32_t order[N], again[N], identity[N];
    mnist_batch_shuffle(order, N, 1, 0);
    mnist_batch_shuffle(again, N, 1, 0);
    assert_memory_equal(order, again, sizeof order);
    for (uint32_t i = 0; i < N; i++) {
        identity[i] = i;
    }
    assert_true(same_places(order, identity, N) < 10); /* 1 is the mean, Poisson */
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        mnist_batch_shuffle(again, N, others[i].seed, others[i].epoch);
        assert_true(same_places(order, again, N) < 10);
    }
}

/* Fisher-Yates as the contract words it, one draw at a time. */
static void shuffle_is_fisher_yates(void **state)
{
    (void)state;
    enum { N = 1003 };
    uint32_t order[N], expected[N];
    for (uint32_t i = 0; i < N; i++) {
        expected[i] = i;
    }
    for (uint32_t draw = 0; draw < N - 1; draw++) {
        uint32_t word = mnist_rng(7, MNIST_RNG_SHUFFLE, 3, draw / 4).word[draw % 4];
        uint32_t last = N - 1 - draw, pick = mnist_rng_below(word, last + 1);
        uint32_t kept = expected[last];
        expected[last] = expected[pick];
        expected[pick] = kept;
    }
    mnist_batch_shuffle(order, N, 7, 3);
    assert_memory_equal(order, expected, sizeof order);
}

/* All 24 orders of four come about equally often: chi-squared with 23 degrees of freedom exceeds
 * 60 once in 40,000 tries; the sequence is fixed, so this cannot fail now and then. */
static void shuffle_favours_no_order(void **state)
{
    (void)state;
    enum { TRIES = 24000 };
    size_t seen[256] = {0}, orders = 0;
    double chi2 = 0.0, expected = TRIES / 24.0;
    for (uint32_t t = 0; t < TRIES; t++) {
        uint32_t o[4];
        mnist_batch_shuffle(o, 4, 5, t);
        seen[o[0] << 6 | o[1] << 4 | o[2] << 2 | o[3]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        if (seen[i] != 0) {
            double off = (double)seen[i] - expected;
            chi2 += off * off / expected;
            orders++;
        }
    }
    assert_int_equal(orders, 24);
    assert_true(chi2 < 60.0);
}

enum { COUNT = 7, MAX_SIDE = 28, MAX_LDX = 800 };

typedef struct fixture {
    uint8_t images[COUNT * MAX_SIDE * MAX_SIDE], labels[COUNT];
    float table[256];
    float x[COUNT * MAX_LDX];
    uint8_t got[COUNT];
} fixture;

static int fixture_create(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f) {
        return -1;
    }
    for (size_t i = 0; i < sizeof f->images; i++) {
        f->images[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    for (int v = 0; v < 256; v++) {
        f->table[v] = (float)(v * v) - 1000.5f;
    }
    for (size_t i = 0; i < COUNT; i++) {
        f->labels[i] = (uint8_t)(9 - i);
    }
    return 0;
}

static int fixture_free(void **state)
{
    free(*state);
    return 0;
}

static void assert_gathers(fixture *f, unsigned rows, unsigned cols, size_t ldx,
                           const uint32_t *order, size_t first, size_t count)
{
    const float untouched = -77.25f;
    mnist_view view = {f->images, f->labels, COUNT, rows, cols, MNIST_CLASSES, 0};
    size_t pixels = (size_t)rows * cols;
    for (size_t i = 0; i < COUNT * ldx; i++) {
        f->x[i] = untouched;
    }
    memset(f->got, 99, sizeof f->got);
    mnist_batch_gather(&(mnist_gather){.view = view,
                                       .order = order,
                                       .first = first,
                                       .count = count,
                                       .table = f->table,
                                       .x = f->x,
                                       .x_stride = ldx,
                                       .labels = f->got});
    for (size_t i = 0; i < COUNT; i++) {
        size_t source = i < count ? (order ? order[first + i] : first + i) : 0;
        assert_int_equal(f->got[i], i < count ? f->labels[source] : 99);
        for (size_t p = 0; p < ldx; p++) {
            bool inside = i < count && p < pixels;
            float expected = inside ? f->table[f->images[source * pixels + p]] : untouched;
            assert_true(f->x[i * ldx + p] == expected);
        }
    }
}

static void gather_is_the_table_s_lookup(void **state)
{
    static const uint32_t order[COUNT] = {3, 0, 6, 6, 2, 5, 1}; /* repeats are allowed */
    static const struct {
        unsigned rows, cols;
        size_t ldx;
    } shapes[] = {{28, 28, 784}, {28, 28, 800}, {1, 1, 1}, {1, 1, 5},
                  {3, 5, 15},    {3, 5, 16},    {2, 4, 9}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        for (size_t first = 0; first <= COUNT; first++) {
            for (size_t count = 0; first + count <= COUNT; count += 1 + count / 2) {
                assert_gathers(*state, shapes[s].rows, shapes[s].cols, shapes[s].ldx, order, first,
                               count);
                assert_gathers(*state, shapes[s].rows, shapes[s].cols, shapes[s].ldx, NULL, first,
                               count);
            }
        }
    }
}

static void labels_are_optional(void **state)
{
    fixture *f = *state;
    mnist_view view = {f->images, NULL,          COUNT, 2,
                       2,         MNIST_CLASSES, 0}; /* an image's class need not be known */
    mnist_batch_gather(&(mnist_gather){
        .view = view, .first = 1, .count = 1, .table = f->table, .x = f->x, .x_stride = 4});
    for (size_t p = 0; p < 4; p++) {
        assert_true(f->x[p] == f->table[f->images[4 + p]]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_depends_on_seed_and_epoch_alone),
        cmocka_unit_test(shuffle_is_fisher_yates),
        cmocka_unit_test(shuffle_favours_no_order),
        cmocka_unit_test(gather_is_the_table_s_lookup),
        cmocka_unit_test(labels_are_optional),
    };
    return cmocka_run_group_tests_name("batch", tests, fixture_create, fixture_free);
}
