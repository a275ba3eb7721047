/* The benchmark as a whole: what can be asked for, its groups in their order, and the suite that
 * runs each. */
#include "bench/groups.h"

#include "base/status.h"
#include "data/batch.h"

#include <math.h>

#define LEAST_IMAGES 64u
#define LEAST_MEMORY 65536u

mnist_bench_config mnist_bench_defaults(void)
{
    return (mnist_bench_config){
        .runs = 5, .sample_seconds = 0.02, .memory_bytes = (size_t)256 << 20};
}

double mnist_bench_density(mnist_view view)
{
    return mnist_batch_density(view);
}

static mnist_status check(const mnist_bench_config *c, mnist_view view, mnist_error *err)
{
    if (c->runs < 1 || c->runs > MNIST_BENCH_MAX_RUNS) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "runs: expected 1 to %u, found %u",
                          MNIST_BENCH_MAX_RUNS, c->runs);
    }
    if (!(c->sample_seconds > 0.0 && isfinite(c->sample_seconds))) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "length of a sample: expected above 0, found %g",
                          c->sample_seconds);
    }
    if (c->memory_bytes < LEAST_MEMORY) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "memory to read: expected at least %u bytes, found %zu", LEAST_MEMORY,
                          c->memory_bytes);
    }
    if (view.count < LEAST_IMAGES) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "images: expected at least %u, found %zu",
                          LEAST_IMAGES, view.count);
    }
    return MNIST_OK;
}

static mnist_status create_pools(mnist_suite *suite, mnist_error *err)
{
    mnist_status status = mnist_pool_create(&suite->one, 1, err);
    if (status == MNIST_OK) {
        status = mnist_pool_create(&suite->all, suite->config->threads, err);
    }
    if (status == MNIST_OK && mnist_pool_threads(suite->all) == 1) {
        mnist_pool_free(suite->all);
        suite->all = NULL;
    }
    return status;
}

mnist_status mnist_bench_run(const mnist_bench_config *config, mnist_view view,
                             mnist_bench_visit visit, void *context, mnist_error *err)
{
    static const struct {
        const char *name;
        bool shows_peaks, has_int8; /* rows in whole numbers */
        mnist_status (*add)(mnist_suite *suite, mnist_error *err);
    } groups[] = {{"machine", true, true, mnist_bench_add_machine},
                  {"kernels", false, false, mnist_bench_add_kernels},
                  {"training", false, false, mnist_bench_add_training},
                  {"inference", false, true, mnist_bench_add_inference}};
    mnist_status status = check(config, view, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_suite suite = {.config = config,
                         .view = view,
                         .kernels = mnist_kernels_select(),
                         .integers = mnist_integer_kernels_select()};
    suite.peak = mnist_peak_of(suite.kernels);
    status = create_pools(&suite, err);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0] && status == MNIST_OK; i++) {
        mnist_suite_begin(&suite, groups[i].name, groups[i].shows_peaks);
        status = mnist_bench_add_peaks(&suite, groups[i].has_int8, err);
        if (status == MNIST_OK) {
            status = groups[i].add(&suite, err);
        }
        if (status == MNIST_OK) {
            status = mnist_suite_run(&suite, visit, context, err);
        }
        mnist_suite_clear(&suite);
    }
    if (status == MNIST_OK && suite.visited == 0) {
        status = mnist_fail(err, MNIST_ERR_ARGUMENT,
                            "filter \"%s\": no row's group and name contain it", config->filter);
    }
    mnist_pool_free(suite.all);
    mnist_pool_free(suite.one);
    return status;
}
