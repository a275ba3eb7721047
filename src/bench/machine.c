/* The machine group: the CPU's name, and its limits in arithmetic, in reading, and in meeting at
 * barriers. */
#include "bench/groups.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

void mnist_bench_cpu_name(char name[MNIST_BENCH_NAME])
{
    snprintf(name, MNIST_BENCH_NAME, "unknown");
#if defined(__x86_64__) || defined(__i386__)
    unsigned words[12] = {0};
    for (unsigned i = 0; i < 3; i++) { /* three leaves of 16 bytes: the processor brand string */
        unsigned *w = words + i * 4;
        if (!__get_cpuid(0x80000002u + i, &w[0], &w[1], &w[2], &w[3])) {
            return;
        }
    }
    char brand[sizeof words + 1] = "";
    memcpy(brand, words, sizeof words);
    size_t first = strspn(brand, " "), end = strlen(brand);
    while (end > first && brand[end - 1] == ' ') {
        end--;
    }
    for (size_t i = first; i < end; i++) { /* it is shown on terminals and in JSON */
        if (brand[i] < ' ' || brand[i] > '~') {
            brand[i] = '?';
        }
    }
    if (end > first) {
        snprintf(name, MNIST_BENCH_NAME, "%.*s", (int)(end - first), brand + first);
    }
#endif
}

/* A loop of peak.h on every worker of a pool. */
typedef struct peak_work {
    mnist_peak_loop loop;
    mnist_pool *pool;
    size_t rounds;
    double *values; /* (threads, VALUE_STRIDE): a cache line each */
} peak_work;

#define VALUE_STRIDE (MNIST_ALIGN / sizeof(double))

/* Multiply-adds into each sum in one repetition, which takes some microseconds. */
#define PEAK_ROUNDS 1000u

static void peak_task(void *argument, mnist_worker worker)
{
    peak_work *work = argument;
    double operations;
    work->values[worker.index * VALUE_STRIDE] = work->loop(work->rounds, &operations);
}

static mnist_status peak_sample(void *context, size_t repetitions, double *seconds,
                                mnist_error *err)
{
    (void)err;
    peak_work *work = context;
    work->rounds = repetitions * PEAK_ROUNDS;
    double start = mnist_seconds();
    mnist_pool_run(work->pool, peak_task, work);
    *seconds = mnist_seconds() - start;
    mnist_bench_keep(work->values[0]);
    return MNIST_OK;
}

/* A loop and the row that it makes. */
typedef struct peak_row {
    const char *name;
    mnist_peak_loop loop; /* NULL: the CPU has none, and there is no row */
    mnist_bench_unit unit;
    mnist_bench_peak peak;
    bool is_peak;
} peak_row;

static mnist_status add_peak(mnist_suite *suite, const peak_row *row, mnist_pool *pool,
                             mnist_error *err)
{
    const mnist_peak_loop loop = row->loop;
    if (!loop || !pool) {
        return MNIST_OK;
    }
    unsigned threads = mnist_pool_threads(pool);
    peak_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    double *values = mnist_suite_alloc(suite, threads, MNIST_ALIGN), operations;
    if (!work || !values) {
        return mnist_fail_memory(err, sizeof *work + threads * MNIST_ALIGN, "the benchmark");
    }
    *work = (peak_work){.loop = loop, .pool = pool, .values = values};
    mnist_bench_keep(loop(PEAK_ROUNDS, &operations));
    mnist_bench_case item = {.threads = threads,
                             .unit = row->unit,
                             .amount = operations * threads,
                             .sample = peak_sample,
                             .context = work,
                             .peak = row->peak,
                             .is_peak = row->is_peak};
    snprintf(item.name, sizeof item.name, "%s", row->name);
    return mnist_suite_add(suite, &item, err);
}

/* Every worker reads its share again and again. */
typedef struct read_work {
    const mnist_peak *peak;
    mnist_pool *pool;
    const unsigned char *data;
    size_t size; /* of all data; its blocks of MNIST_PEAK_READ are shared out */
    size_t rounds;
    double *values; /* as in peak_work */
} read_work;

static void read_task(void *argument, mnist_worker worker)
{
    read_work *work = argument;
    size_t first, end;
    mnist_worker_share(worker, work->size / MNIST_PEAK_READ, &first, &end);
    work->values[worker.index * VALUE_STRIDE] = work->peak->read(
        work->data + first * MNIST_PEAK_READ, (end - first) * MNIST_PEAK_READ, work->rounds);
}

static mnist_status read_sample(void *context, size_t repetitions, double *seconds,
                                mnist_error *err)
{
    (void)err;
    read_work *work = context;
    work->rounds = repetitions;
    double start = mnist_seconds();
    mnist_pool_run(work->pool, read_task, work);
    *seconds = mnist_seconds() - start;
    mnist_bench_keep(work->values[0]);
    return MNIST_OK;
}

static mnist_status add_read(mnist_suite *suite, const char *name, mnist_pool *pool,
                             const void *data, size_t size, mnist_error *err)
{
    if (!pool || !data) {
        return MNIST_OK;
    }
    unsigned threads = mnist_pool_threads(pool);
    read_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    double *values = mnist_suite_alloc(suite, threads, MNIST_ALIGN);
    if (!work || !values) {
        return mnist_fail_memory(err, sizeof *work + threads * MNIST_ALIGN, "the benchmark");
    }
    *work = (read_work){
        .peak = &suite->peak, .pool = pool, .data = data, .size = size, .values = values};
    mnist_bench_case item = {.threads = threads,
                             .unit = MNIST_BENCH_GBYTES,
                             .amount = (double)size,
                             .sample = read_sample,
                             .context = work};
    snprintf(item.name, sizeof item.name, "%s", name);
    return mnist_suite_add(suite, &item, err);
}

static mnist_status add_reads(mnist_suite *suite, mnist_error *err)
{
    static const char level1[] = "read 16 KiB (first-level cache)";
    static const char level2[] = "read 256 KiB (second-level cache)";
    static const char memory[] = "read memory";
    size_t size = suite->config->memory_bytes / MNIST_PEAK_READ * MNIST_PEAK_READ;
    size_t small = (size_t)256 << 10;
    bool wants_small = mnist_suite_wants(suite, level1) || mnist_suite_wants(suite, level2);
    bool wants_memory = mnist_suite_wants(suite, memory);
    size_t total = wants_memory && size > small ? size : small;
    if (!wants_small && !wants_memory) {
        return MNIST_OK;
    }
    unsigned char *data = mnist_suite_alloc(suite, total, 1);
    if (!data) {
        return mnist_fail_memory(err, total, "the memory that is to be read");
    }
    memset(data, 1, total); /* written, so that every page is memory of its own */
    mnist_status status = add_read(suite, level1, suite->one, data, small / 16, err);
    if (status == MNIST_OK) {
        status = add_read(suite, level2, suite->one, data, small, err);
    }
    if (status == MNIST_OK) {
        status = add_read(suite, memory, suite->one, data, size, err);
    }
    if (status == MNIST_OK) {
        status = add_read(suite, memory, suite->all, data, size, err);
    }
    return status;
}

typedef struct barrier_work {
    mnist_pool *pool;
    size_t barriers;
} barrier_work;

static void barrier_task(void *argument, mnist_worker worker)
{
    const barrier_work *work = argument;
    for (size_t i = 0; i < work->barriers; i++) {
        mnist_pool_barrier(worker);
    }
}

static mnist_status barrier_sample(void *context, size_t repetitions, double *seconds,
                                   mnist_error *err)
{
    (void)err;
    barrier_work *work = context;
    work->barriers = repetitions;
    double start = mnist_seconds();
    mnist_pool_run(work->pool, barrier_task, work);
    *seconds = mnist_seconds() - start;
    return MNIST_OK;
}

static mnist_status add_barrier(mnist_suite *suite, mnist_error *err)
{
    if (!suite->all) {
        return MNIST_OK;
    }
    barrier_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    if (!work) {
        return mnist_fail_memory(err, sizeof *work, "the benchmark");
    }
    work->pool = suite->all;
    return mnist_suite_add(suite,
                           &(mnist_bench_case){.name = "barrier",
                                               .threads = mnist_pool_threads(suite->all),
                                               .unit = MNIST_BENCH_NS,
                                               .amount = 1.0,
                                               .sample = barrier_sample,
                                               .context = work,
                                               .least = 100},
                           err);
}

static mnist_status add_peak_rows(mnist_suite *suite, const peak_row *row, mnist_error *err)
{
    mnist_status status = add_peak(suite, row, suite->one, err);
    return status == MNIST_OK ? add_peak(suite, row, suite->all, err) : status;
}

mnist_status mnist_bench_add_peaks(mnist_suite *suite, bool int8, mnist_error *err)
{
    const peak_row floats = {.name = "fp32 multiply-add",
                             .loop = suite->peak.fp32,
                             .unit = MNIST_BENCH_GFLOPS,
                             .is_peak = true};
    const peak_row integers = {.name = "int8 dot product",
                               .loop = suite->integers->peak,
                               .unit = MNIST_BENCH_GOPS,
                               .peak = MNIST_BENCH_PEAK_INT8,
                               .is_peak = true};
    mnist_status status = add_peak_rows(suite, &floats, err);
    return status == MNIST_OK && int8 ? add_peak_rows(suite, &integers, err) : status;
}

mnist_status mnist_bench_add_machine(mnist_suite *suite, mnist_error *err)
{
    const peak_row pairs = {
        .name = "bf16 dot product", .loop = suite->peak.bf16, .unit = MNIST_BENCH_GFLOPS};
    mnist_status status = add_peak_rows(suite, &pairs, err);
    if (status == MNIST_OK) {
        status = add_reads(suite, err);
    }
    return status == MNIST_OK ? add_barrier(suite, err) : status;
}
