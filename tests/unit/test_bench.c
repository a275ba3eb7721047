/* Benchmarks: that all rows are there, make sense and count right. Speed is not tested. */
#include "unit.h"

#include "kernels/integers.h"
#include "kernels/peak.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <mnist/bench.h>

#define MAX_ROWS 200
#define IMAGES   80u

typedef struct table {
    struct {
        char group[MNIST_BENCH_NAME], name[MNIST_BENCH_NAME];
        mnist_bench_row row; /* its strings are not kept */
    } rows[MAX_ROWS];
    size_t count, stop_after;
} table;

static bool keep_row(void *context, const mnist_bench_row *row)
{
    table *t = context;
    assert_true(t->count < MAX_ROWS);
    snprintf(t->rows[t->count].group, MNIST_BENCH_NAME, "%s", row->group);
    snprintf(t->rows[t->count].name, MNIST_BENCH_NAME, "%s", row->name);
    t->rows[t->count++].row = *row;
    return t->count != t->stop_after;
}

static mnist_bench_config shortest(const char *filter)
{
    return (mnist_bench_config){
        .runs = 3, .sample_seconds = 1e-6, .memory_bytes = 65536, .threads = 2, .filter = filter};
}

static mnist_dataset *dataset;

static int make_images(void **state)
{
    mnist_error err;
    (void)state;
    return mnist_dataset_create_synthetic(&dataset, 0, IMAGES, 1, &err) != MNIST_OK;
}

static int free_images(void **state)
{
    (void)state;
    mnist_dataset_free(dataset);
    return 0;
}

static void run(table *t, const mnist_bench_config *config)
{
    mnist_error err;
    memset(t, 0, sizeof *t);
    if (mnist_bench_run(config, mnist_dataset_view(dataset), keep_row, t, &err) != MNIST_OK) {
        fail_msg("refused: %s", err.text);
    }
}

static const mnist_bench_row *find(const table *t, const char *group, const char *name,
                                   unsigned threads)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->rows[i].group, group) == 0 && strcmp(t->rows[i].name, name) == 0 &&
            t->rows[i].row.threads == threads) {
            return &t->rows[i].row;
        }
    }
    fail_msg("no row %s %s on %u threads", group, name, threads);
    return NULL;
}

static void test_rows(void **state)
{
    static const char *const groups[] = {"machine", "kernels", "training", "inference"};
    (void)state;
    table *t = malloc(sizeof *t);
    assert_non_null(t);
    mnist_bench_config config = shortest(NULL);
    run(t, &config);
    size_t group = 0;
    for (size_t i = 0; i < t->count; i++) {
        const mnist_bench_row *row = &t->rows[i].row;
        if (strcmp(t->rows[i].group, groups[group]) != 0) {
            group++;
            assert_true(group < LENGTH(groups));
            assert_string_equal(t->rows[i].group, groups[group]);
        }
        assert_true(row->threads == 1 || row->threads == 2);
        assert_true(isfinite(row->max) && row->min > 0.0);
        assert_true(row->min <= row->median && row->median <= row->max);
        assert_int_equal(row->lower_is_better,
                         strcmp(row->unit, "ns") == 0 || strcmp(row->unit, "us") == 0);
        assert_true(isfinite(row->gflops) && isfinite(row->fraction));
        assert_int_equal(row->gflops > 0.0, row->fraction > 0.0);
        if (strcmp(row->unit, "GFLOP/s") == 0) {
            assert_true(fabs(row->gflops / row->median - 1.0) < 1e-9);
        }
        for (size_t j = 0; j < i; j++) {
            assert_false(strcmp(t->rows[i].name, t->rows[j].name) == 0 &&
                         strcmp(t->rows[i].group, t->rows[j].group) == 0 &&
                         row->threads == t->rows[j].row.threads);
        }
    }
    assert_int_equal(group + 1, LENGTH(groups));
    find(t, "machine", "fp32 multiply-add", 1);
    find(t, "machine", "fp32 multiply-add", 2);
    find(t, "machine", "read memory", 2);
    find(t, "machine", "barrier", 2);
    find(t, "kernels", "product, forward, 64 x 784 x 64", 1);
    find(t, "kernels", "byte product, weight gradient, 64 x 784 x 64", 1);
    find(t, "kernels", "activation, gelu, 64 x 128", 1);
    find(t, "kernels", "augment ciresan, an image", 1);
    free(t);
}

/* The work that a row counts, operations an image, does not depend on how fast it was done. */
static void test_operations(void **state)
{
    static const struct {
        const char *group, *name;
        unsigned threads;
        double operations;
    } rows[] = {
        {"training", "784-128-10, batch 64, dense", 1, 4.0 * 784 * 128 + 6.0 * 128 * 10},
        {"training", "784-128-10, batch 64, zero-skip", 2, 4.0 * 784 * 128 + 6.0 * 128 * 10},
        {"training", "784-512-512-10, batch 128, dense", 2,
         4.0 * 784 * 512 + 6.0 * 512 * 512 + 6.0 * 512 * 10},
        {"inference", "784-256-10, 80 images", 1, 2.0 * 784 * 256 + 2.0 * 256 * 10},
        {"inference", "784-256-10, 80 images", 2, 2.0 * 784 * 256 + 2.0 * 256 * 10},
        {"inference", "784-256-10 int8, 80 images", 1, 2.0 * 784 * 256 + 2.0 * 256 * 10},
        {"inference", "784-256-10, 98 % zeros, 80 images", 1, 2.0 * 784 * 256 + 2.0 * 256 * 10},
    };
    (void)state;
    table *t = malloc(sizeof *t);
    assert_non_null(t);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        mnist_bench_config config = shortest(rows[i].name);
        run(t, &config);
        const mnist_bench_row *row = find(t, rows[i].group, rows[i].name, rows[i].threads);
        assert_string_equal(row->unit, "images/s");
        /* the median of an odd number of samples is one of them */
        assert_true(fabs(1e9 * row->gflops / row->median / rows[i].operations - 1.0) < 1e-9);
    }
    free(t);
}

static void test_even_runs(void **state)
{
    (void)state;
    table *t = malloc(sizeof *t);
    assert_non_null(t);
    mnist_bench_config config = shortest("SOFTMAX");
    for (unsigned runs = 1; runs <= 2; runs++) {
        config.runs = runs;
        run(t, &config);
        assert_int_equal(t->count, 1);
        const mnist_bench_row *row = &t->rows[0].row;
        /* of rates: the harmonic mean of the two, as times are averaged */
        double middle = 2.0 / (1.0 / row->min + 1.0 / row->max);
        assert_true(fabs(row->median / middle - 1.0) < 1e-9);
    }
    free(t);
}

static void test_filter(void **state)
{
    static const struct {
        const char *filter;
        size_t rows; /* with two threads */
    } filters[] = {{"Read Memory", 2},
                   {"machine fp32", 2},
                   {"kernels fp32", 0},
                   {"784-128-10, batch 64, dense", 2},
                   {"one image", 18},
                   {"int8, one image", 6},
                   {"int8, 80 images", 6},
                   {"TRAINING", 24},
                   {"95 % zeros, 80 images", 6},
                   {"barrier", 1},
                   {"no such row", 0},
                   {"kernels product, forward", 3}};
    (void)state;
    table *t = malloc(sizeof *t);
    assert_non_null(t);
    for (size_t i = 0; i < LENGTH(filters); i++) {
        mnist_bench_config config = shortest(filters[i].filter);
        if (filters[i].rows == 0) {
            mnist_error err;
            assert_int_equal(
                mnist_bench_run(&config, mnist_dataset_view(dataset), keep_row, t, &err),
                MNIST_ERR_ARGUMENT);
            assert_non_null(strstr(err.text, filters[i].filter));
            continue;
        }
        run(t, &config);
        assert_int_equal(t->count, filters[i].rows);
    }
    free(t);
}

static void test_one_thread(void **state)
{
    (void)state;
    table *t = malloc(sizeof *t);
    assert_non_null(t);
    mnist_bench_config config = shortest("784-128");
    config.threads = 1;
    run(t, &config);
    /* dense, zero-skip, bf16, zeros kept; many images, median, p99; in int8; twice with zeros */
    assert_int_equal(t->count, 4 + 3 + 3 + 2 + 2);
    free(t);
}

static void test_bad_configs(void **state)
{
    const mnist_bench_config good = shortest("barrier");
    mnist_bench_config configs[8];
    (void)state;
    for (size_t i = 0; i < LENGTH(configs); i++) {
        configs[i] = good;
    }
    configs[0].runs = 0;
    configs[1].runs = MNIST_BENCH_MAX_RUNS + 1;
    configs[2].sample_seconds = 0.0;
    configs[3].sample_seconds = (double)NAN;
    configs[4].sample_seconds = (double)INFINITY;
    configs[5].memory_bytes = 65535;
    configs[6].threads = MNIST_MAX_THREADS + 1;
    configs[7].filter = "a barrier";
    table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    mnist_view view = mnist_dataset_view(dataset);
    mnist_error err;
    for (size_t i = 0; i < LENGTH(configs); i++) {
        assert_int_equal(mnist_bench_run(&configs[i], view, keep_row, t, &err), MNIST_ERR_ARGUMENT);
    }
    mnist_view few = mnist_view_slice(view, 0, 63);
    assert_int_equal(mnist_bench_run(&good, few, keep_row, t, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(t->count, 0);
    free(t);
}

static void test_stop(void **state)
{
    (void)state;
    table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->stop_after = 3;
    mnist_bench_config config = shortest("machine");
    mnist_error err;
    assert_int_equal(mnist_bench_run(&config, mnist_dataset_view(dataset), keep_row, t, &err),
                     MNIST_ERR_STOPPED);
    assert_int_equal(t->count, 3);
    free(t);
}

/* Images of noise, dense and not 28 x 28: other paths, other names. */
static void test_dense_images(void **state)
{
    static uint8_t images[64 * 30], labels[64];
    (void)state;
    for (size_t i = 0; i < sizeof images; i++) {
        images[i] = (uint8_t)(1 + i % 255);
    }
    mnist_view view = {.images = images, .labels = labels, .count = 64, .rows = 5, .cols = 6};
    mnist_bench_config config = shortest(NULL);
    mnist_error err;
    table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    assert_int_equal(mnist_bench_run(&config, view, keep_row, t, &err), MNIST_OK);
    find(t, "kernels", "product, weight gradient, 30 x 64 x 64", 1);
    find(t, "training", "30-128-10, batch 64, zero-skip", 2);
    find(t, "inference", "30-512-512-10, one image, p99", 1);
    assert_true(mnist_bench_density(view) == 1.0);
    free(t);
}

/* The loops do all the work that they claim: their results show it. */
static void test_peak_loops(void **state)
{
    (void)state;
    uint8_t *data = aligned_alloc(64, 4 * MNIST_PEAK_READ);
    assert_non_null(data);
    memset(data, 1, 4 * MNIST_PEAK_READ);
    for (size_t index = 0; mnist_kernels_list(index); index++) {
        const mnist_kernels *kernels = mnist_kernels_list(index);
        mnist_peak peak = mnist_peak_of(kernels);
        double operations = 0.0, none;
        size_t named = strlen(peak.name); /* those of avx512bf16 are avx512's */
        assert_memory_equal(peak.name, kernels->name, named);
        assert_true(kernels->name[named] == 0 || strcmp(kernels->name, "avx512bf16") == 0);
        double value = peak.fp32(20000, &operations);
        double sums = operations / (2.0 * 20000); /* each has converged to 1 */
        assert_true(sums >= 8.0 && sums == floor(sums));
        assert_true(fabs(value / sums - 1.0) < 1e-3);
        if (peak.bf16) {
            /* half of the products are 1/4, the others 1/16: 5/32 each, two operations */
            value = peak.bf16(10, &operations) - peak.bf16(0, &none);
            assert_true(none == 0.0 && operations > 0.0);
            assert_true(value == operations * 5.0 / 64.0);
        }
        for (size_t rounds = 0; rounds < 4; rounds++) {
            for (size_t size = 0; size <= 4 * MNIST_PEAK_READ; size += MNIST_PEAK_READ) {
                assert_int_equal(peak.read(data, size, rounds),
                                 (uint32_t)(rounds * (size / 4) * 0x01010101u));
            }
        }
    }
    mnist_kernels other = *mnist_kernels_list(0);
    other.name = "something else";
    assert_non_null(mnist_peak_of(&other).fp32);
    free(data);
}

/* Of whole numbers: each sum loses 4 a round, from where it begins. */
static void test_integer_peak_loops(void **state)
{
    (void)state;
    for (size_t index = 0; mnist_integer_kernels_list(index); index++) {
        const mnist_integer_kernels *kernels = mnist_integer_kernels_list(index);
        double operations, more;
        int32_t expected = 0;
        kernels->peak(1, &operations);
        const double value = kernels->peak(10, &more);
        assert_true(operations > 0.0 && more == 10.0 * operations);
        const double lanes =
            strcmp(kernels->name, "scalar") == 0       ? 1.0
            : strcmp(kernels->name, "avx512vnni") == 0 ? 64.0
            : strstr(kernels->name, "neon") != NULL || strcmp(kernels->name, "portable") == 0
                ? 16.0
                : 32.0;
        for (int s = 0; s < (int)(operations / 2.0 / lanes); s++) {
            expected ^= s - 10 * 4;
        }
        assert_true(value == (double)expected);
    }
}

static void test_scalar_kernels(void **state)
{
    (void)state;
    mnist_error err;
    assert_int_equal(mnist_kernels_use("scalar", &err), MNIST_OK);
    table *t = malloc(sizeof *t);
    assert_non_null(t);
    mnist_bench_config config = shortest("machine");
    run(t, &config);
    find(t, "machine", "fp32 multiply-add", 1);
    assert_true(find(t, "machine", "int8 dot product", 2)->fraction > 0.0);
    for (size_t i = 0; i < t->count; i++) {
        assert_null(strstr(t->rows[i].name, "bf16"));
    }
    mnist_kernels_use(NULL, NULL);
    free(t);
}

static void test_cpu_name(void **state)
{
    char name[MNIST_BENCH_NAME];
    (void)state;
    memset(name, 'x', sizeof name);
    mnist_bench_cpu_name(name);
    assert_non_null(memchr(name, '\0', sizeof name));
    assert_true(name[0] > ' ');
    for (const char *p = name; *p; p++) {
        assert_true(*p >= ' ' && *p <= '~');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_operations),
        cmocka_unit_test(test_even_runs),      cmocka_unit_test(test_filter),
        cmocka_unit_test(test_one_thread),     cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_stop),           cmocka_unit_test(test_dense_images),
        cmocka_unit_test(test_peak_loops),     cmocka_unit_test(test_integer_peak_loops),
        cmocka_unit_test(test_scalar_kernels), cmocka_unit_test(test_cpu_name),
    };
    return cmocka_run_group_tests(tests, make_images, free_images);
}
