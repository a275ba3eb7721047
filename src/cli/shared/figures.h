/* What an evaluation has found, as text and as JSON: all programs print the same numbers for the
 * same model and data. */
#ifndef MNIST_CLI_SHARED_FIGURES_H
#define MNIST_CLI_SHARED_FIGURES_H

#include "cli/options/json.h"

#include <mnist/eval.h>

/* What is not a number comes out of a CPU with or without a sign; printed, it has none. */
double mnist_unsigned_nan(double value);

#define MNIST_FIGURES_TEXT 480 /* a loss may have 309 digits */

/* "test_loss=… test_acc=… test_acc_se=… errors=… n=…" */
void mnist_figures_format(const mnist_evaluation *test, char text[MNIST_FIGURES_TEXT]);

/* "test_loss=… test_acc=… test_acc_se=… errors=… n=… seconds=…" */
void mnist_figures_print(const mnist_evaluation *test, double seconds);

/* The same and a newline. */
void mnist_figures_print_line(const mnist_evaluation *test, double seconds);

/* Text with its control characters, which a file's name may hold, made harmless: newlines too. */
void mnist_print_plain(const char *text, FILE *out);

/* JSON has no infinity: null stands for what is not finite. */
json_t *mnist_json_number(double value);

/* Can this file be named in a document, which is UTF-8? */
bool mnist_json_check_name(const char *path, mnist_error *err);

/* {"loss", "accuracy", "accuracy_se", "errors", "n"}; NULL if memory is short. */
json_t *mnist_figures_json(const mnist_evaluation *test);

/* The confusion matrix with sums, for people. */
void mnist_confusion_print(const mnist_evaluation *test);

/* As rows of numbers, [true][predicted]; NULL if memory is short. */
json_t *mnist_confusion_json(const size_t confusion[MNIST_CLASSES][MNIST_CLASSES]);

#endif
