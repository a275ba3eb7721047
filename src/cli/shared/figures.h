/* What an evaluation has found, as text and as JSON: all programs print the same numbers for the
 * same model and data. */
#ifndef MNIST_CLI_SHARED_FIGURES_H
#define MNIST_CLI_SHARED_FIGURES_H

#include "cli/options/json.h"

#include <mnist/eval.h>
#include <mnist/labels.h>

/* NaN without its sign, which differs between CPUs and would be printed; any other value as it
 * is. */
double mnist_unsigned_nan(double value);

#define MNIST_FIGURES_TEXT 480 /* a loss may have 309 digits */

/* "test_loss=… test_acc=… test_acc_se=… errors=… n=…" */
void mnist_figures_format(const mnist_evaluation *test, char text[MNIST_FIGURES_TEXT]);

/* "test_loss=… test_acc=… test_acc_se=… errors=… n=… seconds=…" */
void mnist_figures_print(const mnist_evaluation *test, double seconds);

/* The same and a newline. */
void mnist_figures_print_line(const mnist_evaluation *test, double seconds);

/* Prints text with control characters, newlines too, made harmless (mnist_plain_text): a file's
 * name may hold them. */
void mnist_print_plain(const char *text, FILE *out);

/* A JSON number; null for infinity and NaN, which JSON does not have. */
json_t *mnist_json_number(double value);

/* Can this file be named in a JSON document, which is UTF-8? false: err says that it cannot. */
bool mnist_json_check_name(const char *path, mnist_error *err);

/* {"loss", "accuracy", "accuracy_se", "errors", "n"}; NULL if memory is short. */
json_t *mnist_figures_json(const mnist_evaluation *test);

/* A confusion matrix, (classes, classes), [true][predicted], with recall, for people. labels: what
 * classes are called; NULL: by number. */
void mnist_confusion_print(const size_t *confusion, unsigned classes, const mnist_labels *labels);

/* The same as JSON, rows of numbers; NULL if memory is short. */
json_t *mnist_confusion_json(const size_t *confusion, unsigned classes);

/* What the classes are called, for a document: the names as an array, and the number of class 0,
 * where they are not just 0, 1, 2, ... */
void mnist_labels_json(json_t **object, const mnist_labels *labels);

#endif
