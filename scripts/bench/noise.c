/* How much of this machine's CPUs is ours just now; prints JSON. measure.py runs it beside each
 * run.
 *
 * one, two: what one thread computes a second, and two together, in millions of multiply-add. They
 * fall when another program runs, when the host takes a core away, and when it puts a
 * neighbour, or our own second thread, on the same core, which no figure of /proc shows.
 * pingpong_ns: what it takes two threads to hand a word to and fro, the median of many trials. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_TRIALS = 1024, HANDOVERS = 20, LANES = 128, SWEEPS = 500 };

#define STOP UINT32_MAX

static const double limit_ns = 2.5e7;
static const double warm_ns = 1.5e7; /* a new thread may start on its parent's CPU */

/* Even: the first thread's turn. Odd: the second's. */
static _Atomic uint32_t turn;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *answer(void *unused)
{
    uint32_t seen;
    while ((seen = atomic_load_explicit(&turn, memory_order_acquire)) != STOP) {
        if (seen % 2 == 1) {
            atomic_store_explicit(&turn, seen + 1, memory_order_release);
        }
    }
    return unused;
}

static double hand_over(void)
{
    uint32_t mine = atomic_load_explicit(&turn, memory_order_acquire);
    double start = now_ns();
    for (int i = 0; i < HANDOVERS; i++) {
        atomic_store_explicit(&turn, mine + 1, memory_order_release);
        mine += 2;
        while (atomic_load_explicit(&turn, memory_order_acquire) != mine) {
        }
    }
    return (now_ns() - start) / HANDOVERS;
}

/* Millions of multiplications and additions a second, from start to end. They are independent and
 * enough to keep a core's arithmetic busy. Computes before start, too, but does not count that. */
static double compute(double start, double end)
{
    float x[LANES] = {0.0F};
    double sweeps = 0.0;
    double counted_from = 0.0;
    double now = now_ns();
    while (now < end) {
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            for (int i = 0; i < LANES; i++) {
                x[i] = x[i] * 0.5F + 1.0F;
            }
        }
        now = now_ns();
        if (counted_from > 0.0) {
            sweeps += SWEEPS;
        } else if (now >= start) {
            counted_from = now;
        }
    }
    /* seen to be used, or the compiler would leave it out */
    volatile float kept = x[0];
    (void)kept;
    return sweeps > 0.0 ? sweeps * LANES / (now - counted_from) * 1e3 : 0.0;
}

typedef struct worker {
    double start, end, speed;
} worker;

static void *compute_beside(void *argument)
{
    worker *w = argument;
    w->speed = compute(w->start, w->end);
    return NULL;
}

static pthread_t start_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, argument) != 0) {
        fputs("noise: there is no second thread to be had\n", stderr);
        exit(1);
    }
    return thread;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure_pingpong(void)
{
    static double trials[MAX_TRIALS];
    size_t count = 0;
    pthread_t thread = start_thread(answer, NULL);
    double end = now_ns() + limit_ns;
    while (count == 0 || (count < MAX_TRIALS && now_ns() < end)) {
        trials[count++] = hand_over();
    }
    atomic_store_explicit(&turn, STOP, memory_order_release);
    pthread_join(thread, NULL);
    qsort(trials, count, sizeof trials[0], by_value);
    return trials[count / 2];
}

static double measure_two(void)
{
    double start = now_ns() + warm_ns;
    worker other = {start, start + limit_ns, 0.0};
    pthread_t thread = start_thread(compute_beside, &other);
    double mine = compute(other.start, other.end);
    pthread_join(thread, NULL);
    return mine + other.speed;
}

int main(void)
{
    double start = now_ns();
    double one = compute(start, start + limit_ns);
    double two = measure_two();
    printf("{\"one\": %.0f, \"two\": %.0f, \"pingpong_ns\": %.1f}\n", one, two, measure_pingpong());
    return 0;
}
