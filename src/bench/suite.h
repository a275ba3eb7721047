/* The measuring. Shared by the files of bench/ only. First a group begins, and its file
 * (groups.h) adds cases. Running it then warms each case up, finds how many repetitions make a
 * sample, takes the samples in rounds, and makes rows of them. bench.c does that for one group
 * after the other. */
#ifndef MNIST_BENCH_SUITE_H
#define MNIST_BENCH_SUITE_H

#include "base/pool.h"
#include "kernels/integers.h"
#include "kernels/kernels.h"
#include "kernels/peak.h"

#include <mnist/bench.h>

typedef enum mnist_bench_unit {
    MNIST_BENCH_GFLOPS, /* amount: operations */
    MNIST_BENCH_GOPS,   /* amount: integer operations */
    MNIST_BENCH_GBYTES, /* amount: bytes */
    MNIST_BENCH_IMAGES, /* amount: images */
    MNIST_BENCH_NS,     /* amount: things whose time is wanted */
    MNIST_BENCH_US,
    MNIST_BENCH_UNITS
} mnist_bench_unit;

/* Operations of fp32, or of whole numbers of 8 bits. */
typedef enum mnist_bench_peak {
    MNIST_BENCH_PEAK_FP32,
    MNIST_BENCH_PEAK_INT8,
    MNIST_BENCH_PEAKS
} mnist_bench_peak;

/* Does `repetitions` repetitions of a case; *seconds: how long they took. */
typedef mnist_status (*mnist_bench_sample)(void *context, size_t repetitions, double *seconds,
                                           mnist_error *err);

typedef struct mnist_bench_case {
    char name[MNIST_BENCH_NAME];
    unsigned threads; /* 0 stands for 1 */
    mnist_bench_unit unit;
    double amount; /* how many of the unit's things a repetition has */
    double flops;  /* operations of a repetition; 0: hardly any. GFLOPS and GOPS take amount */

    /* One of these two is set. work is one repetition, and is timed by the suite. */
    void (*work)(void *context);
    mnist_bench_sample sample;
    void *context;         /* from mnist_suite_alloc */
    size_t least, most;    /* repetitions of a sample; 0: no limit */
    double longer;         /* a sample is this many times as long as others; 0 stands for 1 */
    mnist_bench_peak peak; /* which one its fraction refers to */
    bool is_peak; /* it is that peak: measured in every group with such rows, shown in one */
} mnist_bench_case;

typedef struct mnist_suite {
    const mnist_bench_config *config;
    mnist_view view;
    const mnist_kernels *kernels;
    mnist_peak peak;
    mnist_pool *one, *all; /* all is NULL if it had one thread, too */
    const mnist_integer_kernels *integers;
    double peaks[MNIST_BENCH_PEAKS]
                [2]; /* with one thread and all, in 1e9: the best sample so far */
    size_t visited;  /* rows so far */
    /* the group that is being built */
    const char *group;
    bool group_shows_peaks;
    struct mnist_suite_case *cases;
    size_t count, capacity;
    struct mnist_suite_owned *owned;
} mnist_suite;

/* Begins a group, which has no cases yet; the one before has been cleared. group is borrowed.
 * shows_peaks: the cases that are peaks get rows, too; in other groups they are only measured. */
void mnist_suite_begin(mnist_suite *suite, const char *group, bool shows_peaks);

/* Measures the group and visits its rows, if it has any that are to be shown. Errors: those of the
 * samples; MNIST_ERR_STOPPED (by visit). */
mnist_status mnist_suite_run(mnist_suite *suite, mnist_bench_visit visit, void *context,
                             mnist_error *err);

/* Ends the group: its cases, and what was allocated or owned with it. */
void mnist_suite_clear(mnist_suite *suite);

/* Whether the filter takes this row. To be asked before memory is allocated for it. */
bool mnist_suite_wants(const mnist_suite *suite, const char *name);

/* Zeroed, aligned memory, which is freed with the group. NULL: memory is short; mnist_suite_add
 * will then fail too. */
void *mnist_suite_alloc(mnist_suite *suite, size_t count, size_t size);

/* release(object) is called when the group is done, the last object first; at once if memory is
 * short. */
mnist_status mnist_suite_own(mnist_suite *suite, void *object, void (*release)(void *object),
                             mnist_error *err);

/* Adds a copy of the case if the filter takes it; peaks are always added. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_suite_add(mnist_suite *suite, const mnist_bench_case *item, mnist_error *err);

/* Floats in [-1, 1) * scale that differ from one another. */
void mnist_bench_fill(float *values, size_t count, float scale);

/* Uses a result, so that the compiler does not leave out its computation. */
void mnist_bench_keep(double value);

#endif
