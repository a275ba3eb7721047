/* mnist/bench.h: how fast this machine is, and how near kernels, training and inference come to it.
 *
 * Four groups of rows, in this order:
 * - machine: peaks of the chosen kernels' instruction set, and of bf16 dot products where the CPU has
 *   them; of int8, of the dot product that the integer kernels use; reading from caches and memory; the barrier of the worker threads.
 * - kernels: each kernel alone on one thread, at shapes that nets on MNIST give it. Of sparse
 *   products only those that are done are counted, as a mean over several batches of 64 images; the
 *   input gradient transposes the weights first, as the backward pass does.
 * - training: epochs of mnist_train, with zero pixels left out and with all pixels, and of a net 95 %
 *   of whose weights are held at 0.
 * - inference: mnist_evaluate, its set-up included, and images one at a time, from bytes to class;
 *   in fp32, and with the integer form (mnist/integers.h), whose rows have "int8" in their names; and
 *   of nets with 95 and 98 % of the weights of each layer at 0 (mnist/sparse.h), to be compared with
 *   the fp32 row of the same shape, whose time does not depend on what the weights are.
 *
 * A row is the median of several samples, each of which lasts at least a given time and follows a
 * warm-up. The samples of a group are taken in rounds, one sample of each row a round, so that a
 * slow spell of the machine touches all rows a little, not one of them much. The clock is
 * CLOCK_MONOTONIC. No memory is allocated while a sample runs, other than by mnist_evaluate. */
#ifndef MNIST_BENCH_H
#define MNIST_BENCH_H

#include <mnist/data.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MNIST_BENCH_MAX_RUNS 1000u
#define MNIST_BENCH_NAME     64 /* room for a name and its terminating zero */

typedef struct mnist_bench_config {
    unsigned runs;         /* samples of a row, 1 to MNIST_BENCH_MAX_RUNS */
    double sample_seconds; /* > 0: least length of a sample; epochs of training get 5 of it */
    size_t memory_bytes;   /* how much "read memory" reads: more than the last cache holds */
    unsigned threads;   /* of rows on all threads: 1 to MNIST_MAX_THREADS; 0: mnist_cpu_count() */
    const char *filter; /* rows whose "GROUP NAME" holds this, in any case of letters; NULL: all */
} mnist_bench_config;

/* 5 runs of at least 20 ms, 256 MiB, all CPUs, all rows. */
mnist_bench_config mnist_bench_defaults(void);

typedef struct mnist_bench_row {
    const char *group;
    const char *name; /* group, name and threads together are a row's key */
    unsigned threads;
    const char *unit; /* of the three values: "GFLOP/s", "GOP/s", "GB/s", "images/s", "ns", "us" */
    bool lower_is_better; /* the unit is one of time */
    double median, min, max;
    /* Arithmetic at the median, in 1e9 operations a second (a multiplication and an addition are
     * two; where a whole net leaves zeros out, as if it did not), and as a fraction of the best
     * sample of this group's "fp32 multiply-add" on as many threads; rows of int8: of whole
     * numbers, and of "int8 dot product". Both 0 where a row has hardly any arithmetic. */
    double gflops, fraction;
} mnist_bench_row;

/* Called on the calling thread, in the order of the rows, as soon as a group is done; the row and
 * its strings are valid during the call. false ends the benchmark. */
typedef bool (*mnist_bench_visit)(void *context, const mnist_bench_row *row);

/* Measures with the kernels that mnist_kernels_name names, on nets for the images of view (at least
 * 64), of which rows use as many as they need. Errors: MNIST_ERR_ARGUMENT (which field, its range;
 * a filter that leaves no row), MNIST_ERR_MEMORY, MNIST_ERR_THREAD, MNIST_ERR_STOPPED (by visit).
 */
mnist_status mnist_bench_run(const mnist_bench_config *config, mnist_view view,
                             mnist_bench_visit visit, void *context, mnist_error *err);

/* The CPU's name, as the CPU tells it; "unknown" where there is no instruction to ask for it. */
void mnist_bench_cpu_name(char name[MNIST_BENCH_NAME]);

/* Fraction of pixels that are not 0, estimated from at most 200 images. */
double mnist_bench_density(mnist_view view);

#ifdef __cplusplus
}
#endif

#endif
