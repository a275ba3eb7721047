#include "cli/eval/files.h"

#include "cli/shared/figures.h"

#include <stdlib.h>

bool mnist_eval_files_check_names(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                                  mnist_error *err)
{
    bool document = settings->out.json || settings->csv;
    for (size_t m = 0; document && m < parsed->operand_count; m++) {
        if (!mnist_json_check_name(parsed->operands[m], err)) {
            return false;
        }
    }
    return !document || !settings->baseline || mnist_json_check_name(settings->baseline, err);
}

static mnist_status check(const mnist_source *source, const mnist_eval_settings *settings,
                          const mnist_parsed *parsed, mnist_error *err)
{
    size_t count = 0;
    if (!settings->report && !settings->predictions) {
        return MNIST_OK;
    }
    mnist_file_use *files = calloc(4 + parsed->operand_count + MNIST_SOURCE_FILES, sizeof *files);
    if (!files) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    files[count++] = (mnist_file_use){.path = settings->report, .name = "--report", .output = true};
    files[count++] =
        (mnist_file_use){.path = settings->predictions, .name = "--predictions", .output = true};
    files[count++] = (mnist_file_use){.path = settings->baseline, .name = "baseline"};
    files[count++] = (mnist_file_use){.path = settings->log, .name = "log"};
    for (size_t m = 0; m < parsed->operand_count; m++) {
        files[count++] = (mnist_file_use){.path = parsed->operands[m], .name = "model"};
    }
    mnist_source_files(source, files + count);
    count += MNIST_SOURCE_FILES;
    mnist_status status = mnist_outputs_check(files, count, err);
    free(files);
    return status;
}

mnist_status mnist_eval_files_locate(mnist_source *source, const mnist_eval_settings *settings,
                                     unsigned wanted, const mnist_parsed *parsed, mnist_error *err)
{
    mnist_error missing; /* counts less than an output that would destroy something */
    const mnist_status located = mnist_source_locate(source, &settings->data, wanted, &missing);
    mnist_status status = check(source, settings, parsed, err);
    if (status == MNIST_OK && located != MNIST_OK) {
        *err = missing;
        status = located;
    }
    if (status == MNIST_OK && settings->predictions) {
        status = mnist_output_check(settings->predictions, err);
    }
    if (status == MNIST_OK && settings->report) {
        status = mnist_output_check(settings->report, err);
    }
    return status;
}
