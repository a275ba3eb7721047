/* The files that one call of mnist-eval reads and writes. */
#ifndef MNIST_CLI_EVAL_FILES_H
#define MNIST_CLI_EVAL_FILES_H

#include "cli/eval/settings.h"
#include "cli/shared/source.h"

/* That a document (--json, --csv), which is UTF-8, can name the models and the baseline. Errors:
 * MNIST_ERR_ARGUMENT, which is the command line's. */
bool mnist_eval_files_check_names(const mnist_eval_settings *settings, const mnist_parsed *parsed,
                                  mnist_error *err);

/* Locates the data (mnist_source_locate) and sees to it that --report and --predictions destroy
 * none of the models, the baseline, the log, the data files and one another (mnist_outputs_check),
 * and that they can be written. Errors: of these three. */
mnist_status mnist_eval_files_locate(mnist_source *source, const mnist_eval_settings *settings,
                                     unsigned wanted, const mnist_parsed *parsed, mnist_error *err);

#endif
