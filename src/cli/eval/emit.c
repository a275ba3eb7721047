#include "cli/eval/emit.h"

#include "cli/shared/figures.h"
#include "cli/shared/program.h"

static int print(const mnist_eval_results *results)
{
    const mnist_eval_settings *settings = &results->models->settings;
    if (!settings->csv && !settings->out.json) {
        mnist_eval_print_text(results);
        return MNIST_EXIT_OK;
    }
    json_t *document = mnist_eval_document(results);
    if (settings->out.json || !document) { /* of none, it says that memory is short */
        return mnist_program_print_json(mnist_eval_program.name, document);
    }
    mnist_eval_print_csv(document, stdout);
    json_decref(document);
    return MNIST_EXIT_OK;
}

static int fail_beside(const mnist_error *err)
{
    fflush(stdout); /* in the order in which things happen, where both are one file */
    return mnist_program_error(mnist_eval_program.name, err);
}

static int write_files(const mnist_eval_results *results, mnist_pool *pool)
{
    const mnist_eval_settings *settings = &results->models->settings;
    const mnist_eval_analysis *analysis = results->analysis;
    mnist_error err;
    int code = MNIST_EXIT_OK;
    if (!analysis->measured && mnist_eval_needs_numbers(settings)) {
        mnist_eval_fail_not_finite(results->test, results->models, "only its result can be printed",
                                   &err);
        return fail_beside(&err);
    }
    if (settings->predictions &&
        mnist_eval_write_predictions(settings->predictions, &analysis->predictions,
                                     results->models->labels.base, &err) != MNIST_OK) {
        code = fail_beside(&err);
    }
    if (settings->report && mnist_eval_write_page(results, pool, &err) != MNIST_OK) {
        code = fail_beside(&err);
    }
    return code;
}

int mnist_eval_emit(const mnist_eval_results *results, mnist_pool *pool)
{
    const int printed = print(results), written = write_files(results, pool);
    return printed != MNIST_EXIT_OK ? printed : written;
}
