/* Fifth stage of mnist-eval: what it has found out, as text, JSON, CSV, a page and a table of all
 * predictions. */
#ifndef MNIST_CLI_EVAL_EMIT_H
#define MNIST_CLI_EVAL_EMIT_H

#include "cli/eval/analyse.h"
#include "cli/shared/notes.h"

/* What the stages before have left; borrowed. */
typedef struct mnist_eval_results {
    const mnist_eval_models *models;
    const mnist_eval_inputs *inputs;
    const mnist_eval_measurement *test;
    const mnist_eval_analysis *analysis;
    const mnist_notes *notes; /* NULL: none */
} mnist_eval_results;

/* Prints what is asked for on stdout, and writes --predictions and --report. What goes wrong is said
 * on stderr, and ends none of it: a result must not be lost to what fails beside it. The exit code. */
int mnist_eval_emit(const mnist_eval_results *results, mnist_pool *pool);

/* The forms that it takes. */

/* The result for people: a line a model, the tables that are asked for, and, as the last line, that of
 * all models together. */
void mnist_eval_print_text(const mnist_eval_results *results);
/* The whole of --json; NULL if memory is short. */
json_t *mnist_eval_document(const mnist_eval_results *results);
/* --report. Errors: as mnist_page_write and mnist_eval_member_options. */
mnist_status mnist_eval_write_page(const mnist_eval_results *results, mnist_pool *pool,
                                   mnist_error *err);

/* mnist-eval's document as lines of section, class, item, metric, value, with a heading. What has
 * no class or item has nothing there, and what is null no value. Reals have 17 digits, which read
 * back to the same. */
void mnist_eval_print_csv(const json_t *document, FILE *out);

/* index,label,predicted,p0,…,p9: 9 digits, which read back to the same float. Replaces the file
 * whole. base: the number of class 0. */
mnist_status mnist_eval_write_predictions(const char *path, const mnist_predictions *predictions,
                                          unsigned base, mnist_error *err);

/* Parts of the document. Each is a new value, or NULL if memory is short. What is not defined is
 * null. */

/* All of mnist_metrics but what mnist_figures_json has. */
json_t *mnist_eval_metrics_json(const mnist_metrics *metrics, const mnist_labels *labels);
json_t *mnist_eval_comparison_json(const mnist_eval_comparison *comparison);

#endif
