#define _POSIX_C_SOURCE 200809L
#include "unit/unit.h"

#include "base/cpu.h"
#include "base/pool.h"

#include <stdatomic.h>
#include <time.h>

#define PHASES 200

/* Every worker writes its cell in each phase and, after the barrier, reads its neighbour's: a
 * barrier that lets a worker through too early, or loses a write, is noticed. */
typedef struct ring {
    unsigned cells[MNIST_MAX_THREADS];
    atomic_uint faults;
    atomic_uint visits;
} ring;

static void ring_task(void *argument, mnist_worker worker)
{
    ring *r = argument;
    atomic_fetch_add(&r->visits, 1);
    for (unsigned phase = 1; phase <= PHASES; phase++) {
        r->cells[worker.index] = phase;
        mnist_pool_barrier(worker);
        if (r->cells[(worker.index + 1) % worker.count] != phase) {
            atomic_fetch_add(&r->faults, 1);
        }
        mnist_pool_barrier(worker);
    }
}

static void test_barriers(void **state)
{
    (void)state;
    static const unsigned counts[] = {1, 2, 3, 7, 16};
    for (size_t i = 0; i < LENGTH(counts); i++) {
        mnist_pool *pool;
        mnist_error err;
        assert_int_equal(mnist_pool_create(&pool, counts[i], &err), MNIST_OK);
        assert_int_equal(mnist_pool_threads(pool), counts[i]);
        ring r = {.faults = 0};
        for (int run = 0; run < 3; run++) {
            mnist_pool_run(pool, ring_task, &r);
        }
        assert_int_equal(r.faults, 0);
        assert_int_equal(r.visits, 3 * counts[i]);
        mnist_pool_free(pool);
    }
}

/* Workers that have gone to sleep between two runs wake up for the second. */
static void test_idle_then_run(void **state)
{
    (void)state;
    mnist_pool *pool;
    ring r = {.faults = 0};
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    mnist_pool_run(pool, ring_task, &r);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    mnist_pool_run(pool, ring_task, &r);
    assert_int_equal(r.visits, 4);
    assert_int_equal(r.faults, 0);
    mnist_pool_free(pool);
}

static void test_create(void **state)
{
    (void)state;
    mnist_pool *pool;
    mnist_error err;
    assert_int_equal(mnist_pool_create(&pool, MNIST_MAX_THREADS + 1, &err), MNIST_ERR_ARGUMENT);
    assert_null(pool);
    assert_non_null(strstr(err.text, "expected 1 to 256, found 257"));
    assert_int_equal(mnist_pool_create(&pool, 0, &err), MNIST_OK);
    assert_true(mnist_pool_threads(pool) >= 1);
    assert_true(mnist_pool_threads(pool) <= mnist_cpu_count());
    mnist_pool_free(pool);
    mnist_pool_free(NULL);
}

static void test_quota(void **state)
{
    (void)state;
    assert_int_equal(mnist_quota_cpus("max 100000"), 0);
    assert_int_equal(mnist_quota_cpus("200000 100000"), 2);
    assert_int_equal(mnist_quota_cpus("150000 100000"), 2); /* rounded up: used in full */
    assert_int_equal(mnist_quota_cpus("1 100000"), 1);
    assert_int_equal(mnist_quota_cpus("18446744073709551615 1"), MNIST_MAX_THREADS);
    assert_int_equal(mnist_quota_cpus("0 100000"), 0);
    assert_int_equal(mnist_quota_cpus("100000 0"), 0);
    assert_int_equal(mnist_quota_cpus(""), 0);
    assert_true(mnist_cpu_count() >= 1);
}

/* Shares are contiguous, in order, complete, and differ by at most one. */
static void test_shares(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 9; count++) {
        for (size_t total = 0; total < 40; total++) {
            size_t next = 0, least = SIZE_MAX, most = 0;
            for (unsigned index = 0; index < count; index++) {
                size_t first, end;
                mnist_worker_share((mnist_worker){NULL, index, count}, total, &first, &end);
                assert_int_equal(first, next);
                assert_true(end >= first);
                next = end;
                least = end - first < least ? end - first : least;
                most = end - first > most ? end - first : most;
            }
            assert_int_equal(next, total);
            assert_true(most - least <= 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barriers), cmocka_unit_test(test_idle_then_run),
        cmocka_unit_test(test_create),   cmocka_unit_test(test_quota),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
