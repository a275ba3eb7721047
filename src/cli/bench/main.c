/* mnist-bench: how fast this machine is, and how near the kernels, training and inference come. */
#define _POSIX_C_SOURCE 200809L
#include "cli/shared/figures.h"
#include "cli/shared/program.h"
#include "cli/bench/settings.h"
#include "cli/shared/source.h"

#include <mnist/mnist.h>
#include <string.h>

#define PROGRAM "mnist-bench"

#define QUICK_SECONDS 0.0002
#define QUICK_MEMORY  ((size_t)1 << 20)
#define QUICK_IMAGES  1000u

/* Where rows go: printed as they come, or collected in an array that is printed at the end. */
typedef struct output {
    json_t *rows;                 /* NULL: lines */
    const char *failed;           /* NULL: nothing failed */
    char group[MNIST_BENCH_NAME]; /* of the last line */
} output;

static json_t *real_or_null(double value)
{
    return value > 0.0 ? mnist_json_number(value) : json_null();
}

static bool collect(output *out, const mnist_bench_row *row)
{
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "group", row->group, "name",
                  row->name, "threads", (int)row->threads, "unit", row->unit, "lower_is_better",
                  row->lower_is_better, "median", mnist_json_number(row->median), "min",
                  mnist_json_number(row->min), "max", mnist_json_number(row->max), "gflops",
                  real_or_null(row->gflops), "fraction_of_peak", real_or_null(row->fraction));
    return json_array_append_new(out->rows, object) == 0;
}

/* Four digits or more, without an exponent. */
static void print_value(double value)
{
    int decimals = value >= 1000.0 ? 0 : value >= 100.0 ? 1 : value >= 10.0 ? 2 : 3;
    printf(" %10.*f", decimals, value);
}

static void print_row(output *out, const mnist_bench_row *row)
{
    if (strcmp(out->group, row->group) != 0) {
        snprintf(out->group, sizeof out->group, "%s", row->group);
        printf("\n%-48s %3s %10s %10s %10s %-8s %8s %7s\n", row->group, "thr", "median", "min",
               "max", "unit", "GFLOP/s", "of peak");
    }
    printf("  %-46s %3u", row->name, row->threads);
    print_value(row->median);
    print_value(row->min);
    print_value(row->max);
    if (row->gflops > 0.0) {
        printf(" %-8s %8.1f %6.1f%%\n", row->unit, row->gflops, 100.0 * row->fraction);
    } else {
        printf(" %s\n", row->unit);
    }
    fflush(stdout); /* a group takes seconds; an error is noticed at the end */
}

static bool visit(void *context, const mnist_bench_row *row)
{
    output *out = context;
    if (!out->rows) {
        print_row(out, row);
        return true;
    }
    if (!collect(out, row)) {
        out->failed = "out of memory for the JSON document";
    }
    return !out->failed;
}

static const char *data_name(const mnist_bench_settings *settings)
{
    return mnist_dataset_choice_name(settings->data.dataset);
}

static void print_head(const mnist_bench_settings *settings, unsigned threads, mnist_view view)
{
    char cpu[MNIST_BENCH_NAME];
    mnist_bench_cpu_name(cpu);
    printf("mnist-bench %s  cpu=\"%s\" kernels=%s threads=%u runs=%u data=%s images=%zu "
           "density=%.3f%s\n",
           mnist_version(), cpu, mnist_kernels_name(), threads, settings->bench.runs,
           data_name(settings), view.count, mnist_bench_density(view),
           settings->quick ? " quick" : "");
}

static void print_foot(void)
{
    printf("\nof peak: of the best sample of fp32 multiply-add on as many threads; of rows of "
           "int8, whose\n"
           "operations are whole numbers', of int8 dot product; whole nets count dense, so that "
           "leaving\n"
           "out zeros may go past 100 %%.\n");
}

/* The JSON document; takes rows over. */
static json_t *document(const mnist_bench_settings *settings, unsigned threads, mnist_view view,
                        json_t *rows)
{
    char cpu[MNIST_BENCH_NAME];
    mnist_bench_cpu_name(cpu);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:b, s:{s:s, s:I, s:o}, s:o}", "schema",
                     "mnist-bench/1", "version", mnist_version(), "cpu", cpu, "kernels",
                     mnist_kernels_name(), "threads", (int)threads, "runs",
                     (int)settings->bench.runs, "quick", settings->quick, "data", "dataset",
                     data_name(settings), "images", (json_int_t)view.count, "density",
                     mnist_json_number(mnist_bench_density(view)), "rows", rows);
}

static int measure(const mnist_bench_settings *settings, mnist_view view)
{
    mnist_error err;
    output out = {.rows = settings->out.json ? json_array() : NULL};
    unsigned threads = settings->bench.threads;
    if (settings->out.json && !out.rows) {
        return mnist_program_print_json(PROGRAM, NULL);
    }
    if (!settings->out.json) {
        print_head(settings, threads, view);
    }
    if (mnist_bench_run(&settings->bench, view, visit, &out, &err) != MNIST_OK) {
        json_decref(out.rows);
        if (out.failed) {
            mnist_fail(&err, MNIST_ERR_MEMORY, "%s", out.failed);
        }
        return mnist_program_error(PROGRAM, &err);
    }
    if (settings->out.json) {
        return mnist_program_print_json(PROGRAM, document(settings, threads, view, out.rows));
    }
    print_foot();
    return MNIST_EXIT_OK;
}

static int run(void *given, const mnist_parsed *parsed)
{
    mnist_bench_settings *settings = given;
    mnist_error err;
    mnist_source source = {.train = NULL};
    if (settings->data.data_dir && !mnist_options_was_given(parsed, "dataset")) {
        settings->data.dataset = MNIST_DATASET_MNIST;
    }
    if (settings->bench.threads == 0) {
        unsigned cpus = mnist_cpu_count();
        settings->bench.threads = cpus < MNIST_MAX_THREADS ? cpus : MNIST_MAX_THREADS;
    }
    if (settings->quick) {
        settings->bench.sample_seconds = QUICK_SECONDS;
        settings->bench.memory_bytes = QUICK_MEMORY;
        settings->data.synthetic_train = QUICK_IMAGES;
    }
    if (mnist_source_open(&source, &settings->data, MNIST_IDX_TRAIN | MNIST_IDX_TEST, &err) !=
        MNIST_OK) {
        return mnist_program_error(PROGRAM, &err);
    }
    mnist_view view = mnist_dataset_view(source.train);
    if (settings->quick && view.count > QUICK_IMAGES) {
        view = mnist_view_slice(view, 0, QUICK_IMAGES);
    }
    int code = measure(settings, view);
    mnist_source_close(&source);
    return code;
}

int main(int argc, char **argv)
{
    mnist_bench_settings settings = mnist_bench_settings_defaults();
    return mnist_program_main(&mnist_bench_program, argc, argv, &settings, run);
}
