/* What the programs have in common beside their options: what they say on stdout, the gate,
 * MNIST_ISA. Both programs use it, so that both print the same numbers for the same model and
 * data. */
#ifndef MNIST_CLI_SHARED_REPORT_H
#define MNIST_CLI_SHARED_REPORT_H

#include "cli/shared/settings.h"

#include <mnist/eval.h>

/* What a program's main does, all but mnist-train's: options, MNIST_ISA, run, what is left of
 * stdout. settings has the defaults. The exit code. */
int mnist_report_main(const mnist_program *program, int argc, char **argv, void *settings,
                      int (*run)(void *settings, const mnist_parsed *parsed));

/* To be called first in main. Memory that runs short while JSON is made is noticed (cli/options/json.h). A
 * data file that is cut short while it is mapped becomes a message and exit code 1. A reader that
 * goes away, or a limit on file sizes, must not end a run: SIGPIPE and SIGXFSZ are ignored, writes
 * then fail and are reported. A standard stream that the caller has closed gets /dev/null for
 * reading, so that no file opened later takes its number and with it what is printed; writing to it
 * fails as before. */
void mnist_report_start(void);

/* What is not a number comes out of a CPU with or without a sign; printed, it has none. */
double mnist_report_unsigned_nan(double value);

#define MNIST_FIGURES_TEXT 480 /* a loss may have 309 digits */

/* "test_loss=… test_acc=… test_acc_se=… errors=… n=…" */
void mnist_report_format(const mnist_evaluation *test, char text[MNIST_FIGURES_TEXT]);

/* "test_loss=… test_acc=… test_acc_se=… errors=… n=… seconds=…" */
void mnist_report_figures(const mnist_evaluation *test, double seconds);
/* The same and a newline. */
void mnist_report_line(const mnist_evaluation *test, double seconds);

/* Text with its control characters, which a file's name may hold, made harmless: newlines too. */
void mnist_report_plain(const char *text, FILE *out);

/* JSON has no infinity: null stands for what is not finite. */
json_t *mnist_report_real(double value);

/* {"loss", "accuracy", "accuracy_se", "errors", "n"}; NULL if memory is short. */
json_t *mnist_report_evaluation(const mnist_evaluation *test);

/* The confusion matrix with sums, for people. */
void mnist_report_confusion(const mnist_evaluation *test);
/* As rows of numbers, [true][predicted]; NULL if memory is short. */
json_t *mnist_report_confusion_json(const size_t confusion[MNIST_CLASSES][MNIST_CLASSES]);

/* {"min_accuracy", "max_loss", "passed"}, null where no gate is set; NULL if memory is short. */
json_t *mnist_report_gate(const mnist_gate_settings *gate, double accuracy, double loss);

/* Does the result pass? If not, says why on stderr, after the program's name. */
bool mnist_report_check_gate(const char *program, const mnist_gate_settings *gate, double accuracy,
                             double loss);

/* Can this file be named in a document, which is UTF-8? */
bool mnist_report_json_name(const char *path, mnist_error *err);

/* Prints and releases a document (NULL: reports that memory was short). The exit code. */
int mnist_report_json(const char *program, json_t *document);

/* Flushes stdout; a full disk or a closed pipe becomes a message and an exit code, unless code is
 * one already. */
int mnist_report_end(const char *program, int code);

/* Takes the kernels that MNIST_ISA names, if it is set. MNIST_EXIT_OK, or an exit code after a
 * message. */
int mnist_choose_kernels(const char *program);

/* "PROGRAM: text" on stderr, the text being plain as it is (mnist_error); returns the exit code
 * that goes with the status. */
int mnist_report_error(const char *program, const mnist_error *err);

/* The same, and MNIST_EXIT_USAGE with a word on --help if the command line is to blame, which
 * MNIST_ERR_ARGUMENT says. */
int mnist_report_usage(const mnist_program *program, const mnist_error *err);

#endif
