/* mnist-eval: how well a saved model does on test images, or several as one. It goes through stages,
 * each of which fills its own struct and has those before it as const: models, inputs, measure,
 * analyse, emit, judge. */
#include "cli/eval/emit.h"
#include "cli/eval/files.h"
#include "cli/eval/judge.h"
#include "cli/eval/remarks.h"
#include "cli/shared/program.h"

/* The temperature, which goes by no test image. */
static bool find_temperature(mnist_eval_temperature *out, const mnist_eval_models *models,
                             const mnist_eval_inputs *inputs, mnist_pool *pool, mnist_error *err)
{
    mnist_eval_measurement held_out = {.values = NULL};
    bool ok = (!mnist_eval_fits_temperature(&models->settings) ||
               mnist_eval_measure(&held_out, models, inputs->held_out, true, pool, err)) &&
              mnist_eval_find_temperature(out, models, &held_out, err);
    mnist_eval_measurement_free(&held_out);
    return ok;
}

/* Models, data and team are there: measure, analyse, emit, judge. The exit code. */
static int evaluate(const mnist_eval_models *models, const mnist_eval_inputs *inputs,
                    mnist_pool *pool)
{
    const mnist_eval_settings *settings = &models->settings;
    const bool with_values =
        settings->out.json || settings->confusion || mnist_eval_needs_numbers(settings);
    mnist_eval_temperature temperature;
    mnist_eval_measurement test = {.values = NULL};
    mnist_eval_analysis analysis = {.probabilities = NULL};
    mnist_error err;
    int code;
    if (find_temperature(&temperature, models, inputs, pool, &err) &&
        mnist_eval_measure(&test, models, inputs->test, with_values, pool, &err) &&
        mnist_eval_analyse(&analysis, models, inputs, &test, &temperature, pool, &err)) {
        mnist_notes notes = {.program = mnist_eval_program.name, .quiet = settings->out.quiet};
        mnist_eval_remark(&notes, models, inputs, &test, pool);
        const mnist_eval_results results = {models, inputs, &test, &analysis, &notes};
        code = mnist_eval_emit(&results, pool);
        mnist_notes_free(&notes);
        const bool passed = mnist_eval_judge(settings, &analysis);
        code = code == MNIST_EXIT_OK && !passed ? MNIST_EXIT_GATE : code;
    } else {
        code = mnist_program_error(mnist_eval_program.name, &err);
    }
    mnist_eval_analysis_free(&analysis);
    mnist_eval_measurement_free(&test);
    return code;
}

/* Reads models, data and all else, starts the team, and evaluates. What does not go with what the
 * models state is the command line's mistake (exit code 2), all else a file's (1). The exit code. */
static int run_stages(mnist_eval_models *models, mnist_eval_inputs *inputs, mnist_pool **pool,
                      const mnist_eval_settings *settings, const mnist_parsed *parsed)
{
    mnist_error err;
    if (!mnist_eval_files_check_names(settings, parsed, &err)) {
        return mnist_program_usage(&mnist_eval_program, &err);
    }
    if (!mnist_eval_inputs_read_baseline(inputs, settings, &err) ||
        !mnist_eval_models_load(models, settings, parsed, &err) ||
        !mnist_eval_inputs_read_course(inputs, models, &err)) {
        return mnist_program_error(mnist_eval_program.name, &err);
    }
    if (!mnist_eval_models_check(models, parsed, &err) ||
        !mnist_eval_inputs_locate(inputs, models, parsed, &err)) {
        return mnist_program_usage(&mnist_eval_program, &err);
    }
    if (!mnist_eval_inputs_load(inputs, models, &err) ||
        mnist_pool_create(pool, settings->threads, &err) != MNIST_OK ||
        !mnist_eval_inputs_hold_out(inputs, models, &err)) {
        return mnist_program_error(mnist_eval_program.name, &err);
    }
    return evaluate(models, inputs, *pool);
}

static int run(void *settings, const mnist_parsed *parsed)
{
    mnist_eval_models models = {.members = NULL};
    mnist_eval_inputs inputs = {.baseline = NULL};
    mnist_pool *pool = NULL;
    int code = run_stages(&models, &inputs, &pool, settings, parsed);
    mnist_pool_free(pool);
    mnist_eval_inputs_free(&inputs);
    mnist_eval_models_free(&models);
    return code;
}

int main(int argc, char **argv)
{
    mnist_eval_settings settings = mnist_eval_settings_defaults();
    return mnist_program_main(&mnist_eval_program, argc, argv, &settings, run);
}
