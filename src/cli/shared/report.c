#define _GNU_SOURCE /* program_invocation_short_name */

#include "cli/shared/report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of more than 1 GiB is mapped, not read (base/file.h); where it is cut short under the
 * program, or its disk fails, there is no call that could say so. */
static void catch_bus_error(int number, siginfo_t *info, void *context)
{
    static const char text[] = ": a data file that is being read has become shorter, or its disk "
                               "has failed (bus error)\n";
    (void)context;
    if (info->si_code != BUS_ADRERR) {
        signal(number,
               SIG_DFL); /* a mistake of ours; the instruction is tried again, and ends it */
        return;
    }
    const char *name = program_invocation_short_name;
    if (write(STDERR_FILENO, name, strlen(name)) < 0 ||
        write(STDERR_FILENO, text, sizeof text - 1) < 0) {
        /* nothing more can be done for it */
    }
    _exit(MNIST_EXIT_FAILURE);
}

void mnist_report_start(void)
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
            return; /* then there is nothing to be done about it */
        }
    }
}

double mnist_report_unsigned_nan(double value)
{
    return isnan(value) ? (double)NAN : value;
}

void mnist_report_format(const mnist_evaluation *test, char text[MNIST_FIGURES_TEXT])
{
    snprintf(text, MNIST_FIGURES_TEXT,
             "test_loss=%.6f test_acc=%.6g test_acc_se=%.6f errors=%zu n=%zu",
             mnist_report_unsigned_nan(test->loss), test->accuracy, test->accuracy_se, test->errors,
             test->count);
}

void mnist_report_figures(const mnist_evaluation *test, double seconds)
{
    char text[MNIST_FIGURES_TEXT];
    mnist_report_format(test, text);
    printf("%s seconds=%.3f", text, seconds);
}

void mnist_report_line(const mnist_evaluation *test, double seconds)
{
    mnist_report_figures(test, seconds);
    putchar('\n');
}

void mnist_report_plain(const char *text, FILE *out)
{
    char plain[4 * 4096]; /* of the longest path */
    (void)mnist_plain_text(plain, sizeof plain, text);
    fputs(plain, out);
}

json_t *mnist_report_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *mnist_report_evaluation(const mnist_evaluation *test)
{
    return json_pack("{s:o, s:f, s:f, s:I, s:I}", "loss", mnist_report_real(test->loss), "accuracy",
                     test->accuracy, "accuracy_se", test->accuracy_se, "errors",
                     (json_int_t)test->errors, "n", (json_int_t)test->count);
}

void mnist_report_confusion(const mnist_evaluation *test)
{
    printf("true \\ predicted\n     ");
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        printf("%7u", c);
    }
    printf("%9s\n", "recall");
    for (unsigned row = 0; row < MNIST_CLASSES; row++) {
        size_t total = 0;
        printf("%5u", row);
        for (unsigned c = 0; c < MNIST_CLASSES; c++) {
            total += test->confusion[row][c];
            printf("%7zu", test->confusion[row][c]);
        }
        if (total > 0) {
            printf("%8.2f%%\n", 100.0 * (double)test->confusion[row][row] / (double)total);
        } else {
            printf("%9s\n", "-");
        }
    }
}

json_t *mnist_report_confusion_json(const size_t confusion[MNIST_CLASSES][MNIST_CLASSES])
{
    json_t *matrix = json_array();
    for (unsigned row = 0; row < MNIST_CLASSES; row++) {
        json_t *line = json_array();
        for (unsigned c = 0; c < MNIST_CLASSES; c++) {
            mnist_json_append(&line, json_integer((json_int_t)confusion[row][c]));
        }
        mnist_json_append(&matrix, line);
    }
    return matrix;
}

static bool accuracy_passes(const mnist_gate_settings *gate, double accuracy)
{
    return gate->min_accuracy <= 0.0 || accuracy >= gate->min_accuracy;
}

static bool loss_passes(const mnist_gate_settings *gate, double loss)
{
    return gate->max_loss <= 0.0 || loss <= gate->max_loss;
}

json_t *mnist_report_gate(const mnist_gate_settings *gate, double accuracy, double loss)
{
    bool passed = accuracy_passes(gate, accuracy) && loss_passes(gate, loss);
    return json_pack("{s:o, s:o, s:b}", "min_accuracy",
                     gate->min_accuracy > 0.0 ? json_real(gate->min_accuracy) : json_null(),
                     "max_loss", gate->max_loss > 0.0 ? json_real(gate->max_loss) : json_null(),
                     "passed", passed);
}

/* In full: rounded, 0.9699996 would be below 0.97 in the check and 0.97 in the message. */
static void format_judged(double value, char text[MNIST_REAL_TEXT])
{
    if (isfinite(value)) {
        mnist_real_format(value, text);
    } else {
        snprintf(text, MNIST_REAL_TEXT, "%g", mnist_report_unsigned_nan(value));
    }
}

bool mnist_report_check_gate(const char *program, const mnist_gate_settings *gate, double accuracy,
                             double loss)
{
    char found[MNIST_REAL_TEXT], limit[MNIST_REAL_TEXT];
    bool passed = true;
    if (!accuracy_passes(gate, accuracy)) {
        format_judged(accuracy, found);
        format_judged(gate->min_accuracy, limit);
        fprintf(stderr, "%s: gate failed: test accuracy %s is below --min-accuracy %s\n", program,
                found, limit);
        passed = false;
    }
    if (!loss_passes(gate, loss)) {
        format_judged(loss, found);
        format_judged(gate->max_loss, limit);
        fprintf(stderr, "%s: gate failed: test loss %s is above --max-loss %s\n", program, found,
                limit);
        passed = false;
    }
    return passed;
}

/* Why stdout could not be written, where a document was larger than its buffer. */
static int write_error;

bool mnist_report_json_name(const char *path, mnist_error *err)
{
    json_t *name = json_string(path);
    if (!name && mnist_json_short()) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
        return false;
    }
    json_decref(name);
    return name ||
           mnist_options_fail(err, "%s: a name that is not UTF-8 cannot be written as JSON", path);
}

int mnist_report_json(const char *program, json_t *document)
{
    char *text = mnist_json_text(document, 2);
    const bool printed = text != NULL;
    if (printed) {
        errno = 0;
        if (fputs(text, stdout) == EOF && errno) {
            write_error = errno; /* for mnist_report_end */
        }
    } else {
        fprintf(stderr, "%s: out of memory for the JSON document\n", program);
    }
    free(text);
    json_decref(document);
    return printed ? MNIST_EXIT_OK : MNIST_EXIT_FAILURE;
}

int mnist_report_end(const char *program, int code)
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

int mnist_report_error(const char *program, const mnist_error *err)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    return err->status == MNIST_ERR_DIVERGED ? MNIST_EXIT_DIVERGED : MNIST_EXIT_FAILURE;
}

int mnist_choose_kernels(const char *program)
{
    mnist_error err;
    const char *name = getenv("MNIST_ISA");
    if (name && name[0] && mnist_kernels_use(name, &err) != MNIST_OK) {
        fprintf(stderr, "%s: MNIST_ISA: %s\n", program, err.text);
        return MNIST_EXIT_USAGE;
    }
    return MNIST_EXIT_OK;
}

int mnist_report_usage(const mnist_program *program, const mnist_error *err)
{
    if (err->status != MNIST_ERR_ARGUMENT) {
        return mnist_report_error(program->name, err);
    }
    mnist_options_report(program, err, stderr);
    return MNIST_EXIT_USAGE;
}

int mnist_report_main(const mnist_program *program, int argc, char **argv, void *settings,
                      int (*run)(void *settings, const mnist_parsed *parsed))
{
    mnist_parsed parsed;
    mnist_report_start();
    int code = mnist_options_start(program, argc, argv, settings, &parsed);
    if (code < 0) {
        code = mnist_choose_kernels(program->name);
        code = code == MNIST_EXIT_OK ? run(settings, &parsed) : code;
        code = mnist_report_end(program->name, code);
    }
    mnist_options_free(&parsed);
    return code;
}
