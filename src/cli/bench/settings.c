#include "cli/bench/settings.h"

#include "cli/shared/option_parts.h"

mnist_bench_settings mnist_bench_settings_defaults(void)
{
    mnist_data_settings data = mnist_data_defaults();
    data.dataset = MNIST_DATASET_SYNTHETIC;
    data.synthetic_train = 60000; /* as many as MNIST has */
    data.synthetic_test = 1;      /* not used */
    return (mnist_bench_settings){
        .data = data,
        .bench = mnist_bench_defaults(),
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

static const mnist_option bench_run_options[] = {
    {UNSIGNED(mnist_bench_settings, bench.runs, 1, MNIST_BENCH_MAX_RUNS), .name = "runs",
     .known_as = "repeat", .help = "samples of every row, of which the median is shown"},
    {UNSIGNED(mnist_bench_settings, bench.threads, 0, MNIST_MAX_THREADS), .letter = 'j',
     .name = "threads", .zero = "all CPUs", .known_as = "jobs",
     .help = "threads of the rows that are not single-threaded; 0 for all CPUs"},
    {STRING(mnist_bench_settings, bench.filter, "TEXT"), .name = "filter", .known_as = "only",
     .help = "only rows whose group and name hold TEXT, like \"training 784-128\""},
    {FLAG(mnist_bench_settings, quick), .name = "quick",
     .help = "samples too short to mean much, of few images: to see that all of it runs"},
};

static const mnist_option_section bench_sections[] = {
    SHARED("Data", mnist_source_options, SOURCE_OPTIONS, mnist_bench_settings, data),
    WHOLE("Run", bench_run_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, mnist_bench_settings, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, mnist_bench_settings, out),
};

static bool validate_bench(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_bench_settings *s = settings;
    return mnist_settings_check_data(&s->data, mnist_options_was_given(parsed, "dataset"), parsed,
                                     err);
}

static const mnist_example bench_examples[] = {
    {"mnist-bench", "everything, on built-in digits: some 20 seconds"},
    {"mnist-bench --filter training --runs 9", "training alone, with more samples"},
    {"MNIST_ISA=avx2 mnist-bench --filter \"kernels product\"",
     "kernels of another instruction set, against its own peak"},
    {"mnist-bench --data-dir data/mnist --json >bench.json", "on real digits, for a script"},
};

static const mnist_exit_text bench_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "the data could not be read, memory is short, or no row has such a name"},
    {MNIST_EXIT_USAGE, "bad command line, or MNIST_ISA names kernels that are not for this CPU"},
};

static const mnist_named_text bench_environment[] = {
    DATA_ENVIRONMENT,
    ISA_ENVIRONMENT,
    TERMINAL_ENVIRONMENT,
    {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(mnist_bench_settings *)settings = mnist_bench_settings_defaults();
}

const mnist_program mnist_bench_program = {
    .name = "mnist-bench",
    .summary = "measure kernels, training and inference on this machine",
    .description = "Measures what this machine can do at most, then each kernel, training and "
                   "inference, and prints the median, least and greatest of several samples, and "
                   "how near it comes to the machine's peak. MNIST_ISA chooses the kernels.",
    .settings_size = sizeof(mnist_bench_settings),
    .defaults = set_defaults,
    .sections = bench_sections,
    .section_count = LENGTH(bench_sections),
    .examples = bench_examples,
    .example_count = LENGTH(bench_examples),
    .exits = bench_exits,
    .exit_count = LENGTH(bench_exits),
    .environment = bench_environment,
    .files = mnist_data_files,
    .validate = validate_bench,
};
