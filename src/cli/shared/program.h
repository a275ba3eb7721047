/* A program from its start to its end: options, kernels, what is printed last, exit codes. */
#ifndef MNIST_CLI_SHARED_PROGRAM_H
#define MNIST_CLI_SHARED_PROGRAM_H

#include "cli/options/options.h"

/* The main of most programs: reads the options into settings, which hold the defaults, chooses the
 * kernels that MNIST_ISA names, calls run, and flushes stdout. Returns the exit code. */
int mnist_program_main(const mnist_program *program, int argc, char **argv, void *settings,
                       int (*run)(void *settings, const mnist_parsed *parsed));

/* To be called first in main.
 * - Memory that runs short while JSON is made is noticed (cli/options/json.h).
 * - A data file that is cut short while it is mapped becomes a message and exit code 1.
 * - A reader that goes away, or a limit on file sizes, must not end a run: SIGPIPE and SIGXFSZ are
 *   ignored, and writes then fail with a message.
 * - A standard stream that the caller has closed gets /dev/null for reading, so that no file opened
 *   later takes its number and with it what is printed; writing to it fails as before. */
void mnist_program_start(void);

/* Takes the kernels that MNIST_ISA names, if it is set. MNIST_EXIT_OK, or an exit code after a
 * message. */
int mnist_program_choose_kernels(const char *program);

/* Prints and releases a document (NULL: says that memory was short). The exit code. */
int mnist_program_print_json(const char *program, json_t *document);

/* Flushes stdout; a full disk or a closed pipe becomes a message, and the exit code unless code is
 * a failure already. */
int mnist_program_end(const char *program, int code);

/* "PROGRAM: text" on stderr; an error's text is printable as it is (mnist_error). For
 * MNIST_ERR_CHECKPOINT it adds what a checkpoint is for. Returns the exit code that goes with the
 * status. */
int mnist_program_error(const char *program, const mnist_error *err);

/* The same; but for MNIST_ERR_ARGUMENT, which blames the command line, a line that points to --help
 * follows, and MNIST_EXIT_USAGE is returned. */
int mnist_program_usage(const mnist_program *program, const mnist_error *err);

#endif
