/* The settings of mnist-bench. */
#ifndef MNIST_CLI_BENCH_SETTINGS_H
#define MNIST_CLI_BENCH_SETTINGS_H

#include "cli/shared/settings.h"

#include <mnist/bench.h>

typedef struct mnist_bench_settings {
    mnist_data_settings data; /* a data_dir without --dataset means MNIST there */
    mnist_bench_config bench; /* its runs, threads and filter are options; --quick sets the rest */
    bool quick;
    mnist_output_settings out;
} mnist_bench_settings;

/* The defaults. */
mnist_bench_settings mnist_bench_settings_defaults(void);

extern const mnist_program mnist_bench_program;

#endif
