#define _POSIX_C_SOURCE 200809L
#include "base/pool.h"

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

/* Rounds of polling before a waiting worker goes to sleep: some tens of microseconds, which is
 * longer than the gap between two steps and too short to matter to people or to power. */
#define SPIN_ROUNDS 4000u

/* After YIELD_FIRST rounds, and then every YIELD_ROUNDS, a waiting worker offers its CPU to others:
 * where two workers share a CPU, it may be the very one that is waited for. Not sooner, since
 * workers on CPUs of their own wait less than that for each other, and the one that is waited for
 * may arrive during the system call. */
#define YIELD_FIRST  1000u
#define YIELD_ROUNDS 64u

/* A barrier is one generation of a counter: the last worker to arrive resets the counter and
 * advances the generation, which the others poll and, after a while, sleep for. A run of the pool
 * is two barriers: one at its start, one at its end. */
struct mnist_pool {
    _Alignas(MNIST_ALIGN) atomic_uint arrived;
    _Alignas(MNIST_ALIGN) atomic_uint generation;
    _Alignas(MNIST_ALIGN) atomic_uint sleepers;
    atomic_uint threads;  /* atomic, as mnist_pool_create may lower it while workers read it */
    unsigned spin_rounds; /* 0 when workers outnumber CPUs: polling would keep the others from
                           * running */
    mnist_pool_task task; /* NULL tells the workers to end */
    void *argument;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t workers[MNIST_MAX_THREADS];
};

static void relax_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void barrier(mnist_pool *pool)
{
    unsigned generation = atomic_load_explicit(&pool->generation, memory_order_relaxed);
    unsigned position = atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel) + 1;
    if (position == atomic_load_explicit(&pool->threads, memory_order_relaxed)) {
        atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
        /* Sequentially consistent here and at `sleepers` below: either the sleeper sees the new
         * generation, or this thread sees the sleeper. */
        atomic_store(&pool->generation, generation + 1);
        if (atomic_load(&pool->sleepers) > 0) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_broadcast(&pool->wake);
            pthread_mutex_unlock(&pool->mutex);
        }
        return;
    }
    for (unsigned round = 0; round < pool->spin_rounds; round++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != generation) {
            return;
        }
        if (round >= YIELD_FIRST && round % YIELD_ROUNDS == 0) {
            sched_yield();
        } else {
            relax_cpu();
        }
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->generation) == generation) {
        pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

typedef struct worker_start {
    mnist_pool *pool;
    unsigned index;
} worker_start;

static void *worker_main(void *argument)
{
    worker_start start = *(worker_start *)argument;
    mnist_free(argument);
    mnist_pool *pool = start.pool;
    for (;;) {
        barrier(pool);
        if (!pool->task) {
            return NULL;
        }
        pool->task(pool->argument, (mnist_worker){pool, start.index, pool->threads});
        barrier(pool);
    }
}

/* Starts worker index; 0 or an errno value. */
static int start_worker(mnist_pool *pool, unsigned index)
{
    worker_start *start = mnist_alloc(1, sizeof *start);
    if (!start) {
        return ENOMEM;
    }
    *start = (worker_start){pool, index};
    int error = pthread_create(&pool->workers[index], NULL, worker_main, start);
    if (error != 0) {
        mnist_free(start);
    }
    return error;
}

mnist_status mnist_pool_create(mnist_pool **out, unsigned threads, mnist_error *err)
{
    *out = NULL;
    const bool any = threads == 0; /* number will do */
    unsigned cpus = mnist_cpu_count();
    if (any) {
        threads = cpus < MNIST_MAX_THREADS ? cpus : MNIST_MAX_THREADS;
    }
    if (threads > MNIST_MAX_THREADS) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "threads: expected 1 to %u, found %u",
                          MNIST_MAX_THREADS, threads);
    }
    mnist_pool *pool = mnist_alloc(1, sizeof *pool);
    if (!pool) {
        return mnist_fail_memory(err, sizeof *pool, "the worker threads");
    }
    pool->spin_rounds = threads <= cpus ? SPIN_ROUNDS : 0;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    /* Workers that have started wait at a barrier of `threads` workers. If a later one cannot be
     * started, threads is lowered to those there are, before any of them can pass. */
    pool->threads = threads;
    for (unsigned index = 1; index < threads; index++) {
        int error = start_worker(pool, index);
        if (error != 0) {
            pool->threads = index;
        }
        if (error != 0 && any) {
            break;
        }
        if (error != 0) {
            mnist_pool_free(pool);
            return mnist_fail(err, MNIST_ERR_THREAD,
                              "worker thread %u of %u could not be started: %s; "
                              "try fewer threads",
                              index + 1, threads, strerror(error));
        }
    }
    *out = pool;
    return MNIST_OK;
}

void mnist_pool_free(mnist_pool *pool)
{
    if (!pool) {
        return;
    }
    pool->task = NULL;
    if (pool->threads > 1) {
        barrier(pool);
    }
    for (unsigned index = 1; index < pool->threads; index++) {
        pthread_join(pool->workers[index], NULL);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    mnist_free(pool);
}

unsigned mnist_pool_threads(const mnist_pool *pool)
{
    return pool->threads;
}

void mnist_pool_run(mnist_pool *pool, mnist_pool_task task, void *argument)
{
    assert(task);
    mnist_worker caller = {pool, 0, pool->threads};
    if (pool->threads == 1) {
        task(argument, caller);
        return;
    }
    pool->task = task;
    pool->argument = argument;
    barrier(pool);
    task(argument, caller);
    barrier(pool);
}

void mnist_pool_barrier(mnist_worker worker)
{
    if (worker.count > 1) {
        barrier(worker.pool);
    }
}
