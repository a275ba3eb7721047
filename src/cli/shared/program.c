#define _GNU_SOURCE /* program_invocation_short_name */

#include "cli/shared/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of more than 1 GiB is mapped, not read (base/file.h). If it is cut short meanwhile, or its
 * disk fails, there is no call to return an error: SIGBUS is the only notice. */
static void catch_bus_error(int number, siginfo_t *info, void *context)
{
    static const char text[] = ": a data file that is being read has become shorter, or its disk "
                               "has failed (bus error)\n";
    (void)context;
    if (info->si_code != BUS_ADRERR) {
        /* a bug of our own: the instruction runs again, and then ends the program */
        signal(number, SIG_DFL);
        return;
    }
    const char *name = program_invocation_short_name;
    if (write(STDERR_FILENO, name, strlen(name)) < 0 ||
        write(STDERR_FILENO, text, sizeof text - 1) < 0) {
        /* a signal handler can do nothing about it */
    }
    _exit(MNIST_EXIT_FAILURE);
}

void mnist_program_start(void)
{
    struct sigaction bus_error = {.sa_sigaction = catch_bus_error, .sa_flags = SA_SIGINFO};
    sigemptyset(&bus_error.sa_mask);
    sigaction(SIGBUS, &bus_error, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    mnist_json_start();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* open takes the lowest number that is free, which is this one */
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDONLY) == -1) {
            return; /* nothing can be done about it */
        }
    }
}

/* errno of a failed write of a document: the stream itself keeps only that one failed. */
static int write_error;

int mnist_program_print_json(const char *program, json_t *document)
{
    char *text = mnist_json_text(document, 2);
    const bool printed = text != NULL;
    if (printed) {
        errno = 0;
        if (fputs(text, stdout) == EOF && errno) {
            write_error = errno; /* for mnist_program_end */
        }
    } else {
        fprintf(stderr, "%s: out of memory for the JSON document\n", program);
    }
    free(text);
    json_decref(document);
    return printed ? MNIST_EXIT_OK : MNIST_EXIT_FAILURE;
}

int mnist_program_end(const char *program, int code)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "%s: stdout could not be written: %s\n", program,
                errno         ? strerror(errno)
                : write_error ? strerror(write_error)
                              : "an earlier write failed");
        return code == MNIST_EXIT_OK ? MNIST_EXIT_FAILURE : code;
    }
    return code;
}

int mnist_program_error(const char *program, const mnist_error *err)
{
    const bool is_checkpoint = err->status == MNIST_ERR_CHECKPOINT;
    fprintf(stderr, "%s: %s%s\n", program, err->text,
            is_checkpoint ? "; the training goes on with mnist-train --resume" : "");
    return err->status == MNIST_ERR_DIVERGED ? MNIST_EXIT_DIVERGED : MNIST_EXIT_FAILURE;
}

int mnist_program_choose_kernels(const char *program)
{
    mnist_error err;
    const char *name = getenv("MNIST_ISA");
    if (name && name[0] && mnist_kernels_use(name, &err) != MNIST_OK) {
        fprintf(stderr, "%s: MNIST_ISA: %s\n", program, err.text);
        return MNIST_EXIT_USAGE;
    }
    return MNIST_EXIT_OK;
}

int mnist_program_usage(const mnist_program *program, const mnist_error *err)
{
    if (err->status != MNIST_ERR_ARGUMENT) {
        return mnist_program_error(program->name, err);
    }
    mnist_options_print_error(program, err, stderr);
    return MNIST_EXIT_USAGE;
}

int mnist_program_main(const mnist_program *program, int argc, char **argv, void *settings,
                       int (*run)(void *settings, const mnist_parsed *parsed))
{
    mnist_parsed parsed;
    mnist_program_start();
    int code = mnist_options_start(program, argc, argv, settings, &parsed);
    if (code < 0) {
        code = mnist_program_choose_kernels(program->name);
        code = code == MNIST_EXIT_OK ? run(settings, &parsed) : code;
        code = mnist_program_end(program->name, code);
    }
    mnist_options_free(&parsed);
    return code;
}
