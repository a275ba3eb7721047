/* Progress: the exact text of lines and bars, when they are drawn, and what cannot stop a run. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE /* TIOCSWINSZ */

#include "cli/terminal/format.h"
#include "cli/terminal/clock.h"
#include "cli/terminal/progress.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Formats */

static void check_items(void (*format)(char *, double), const double *values,
                        const char *const *texts, size_t count)
{
    char text[MNIST_FORMAT_TEXT];
    for (size_t i = 0; i < count; i++) {
        format(text, values[i]);
        assert_string_equal(text, texts[i]);
    }
}

static void test_rate(void **state)
{
    (void)state;
    static const double values[] = {0,      0.4,    950,      999.4, 999.5,    9949, 9950,
                                    412345, 999499, 999500,   1.2e6, 45.6e6,   1e12, -1,
                                    NAN,    1e300,  INFINITY, 12,    999.49e12};
    static const char *const texts[] = {"   0", "   0", " 950", " 999", "1.0k", "9.9k", " 10k",
                                        "412k", "999k", "1.0M", "1.2M", " 46M", "1.0T", "   -",
                                        "   -", "   -", "   -", "  12", "999T"};
    check_items(mnist_format_rate, values, texts, LENGTH(values));
}

static void test_duration(void **state)
{
    (void)state;
    static const double values[] = {0,    0.1,   2,      59.5,  60,  754,   3599.2,
                                    3600, 86399, 183600, -0.01, NAN, 1e300, INFINITY};
    static const char *const texts[] = {"0:00",  "0:01",    "0:02",    "1:00",     "1:00",
                                        "12:34", "1:00:00", "1:00:00", "23:59:59", "2d 03h",
                                        "-:--",  "-:--",    "-:--",    "-:--"};
    check_items(mnist_format_duration, values, texts, LENGTH(values));
}

static void test_accuracy(void **state)
{
    (void)state;
    static const double values[] = {0, 0.098, 0.9841, 0.99994, 59999.0 / 60000.0, 1};
    static const char *const texts[] = {" 0.00%", " 9.80%", "98.41%", "99.99%", "99.99%", "100.0%"};
    check_items(mnist_format_accuracy, values, texts, LENGTH(values));
}

static void test_loss(void **state)
{
    (void)state;
    static const double values[] = {0,       0.05124, 2.302585, 9.99996, 12.3456,  99.99951,
                                    123.456, 999.996, 123456,   NAN,     INFINITY, 1e300};
    static const char *const texts[] = {"0.0000", "0.0512", "2.3026", "10.000", "12.346", "100.00",
                                        "123.46", " 1e+03", " 1e+05", "   nan", "   inf", "1e+300"};
    check_items(mnist_format_loss, values, texts, LENGTH(values));
}

static mnist_epoch_stats sample_epoch(void)
{
    return (mnist_epoch_stats){
        .epoch = 3,
        .epochs = 10,
        .step = 300,
        .train_loss = 0.0512,
        .train_accuracy = 0.9841,
        .has_validation = true,
        .validation_loss = 0.0721,
        .validation_accuracy = 0.979,
        .seconds = 0.25,
        .images_per_second = 412345,
    };
}

static void test_epoch_line(void **state)
{
    (void)state;
    char text[MNIST_PROGRESS_TEXT];
    mnist_epoch_stats stats = sample_epoch();
    mnist_progress_format_epoch(text, &stats, 1, 1, 1.7, false);
    assert_string_equal(text, "epoch  3/10  train loss 0.0512 acc 98.41%  val loss 0.0721 acc "
                              "97.90%  412k img/s  ETA 0:02");
    size_t length = strlen(text);
    mnist_progress_format_epoch(text, &stats, 1, 1, 1.7, true);
    assert_string_equal(text, "\x1b[1mepoch  3/10\x1b[0m  train loss 0.0512 acc 98.41%  val loss "
                              "0.0721 acc \x1b[1m97.90%\x1b[0m  412k img/s  ETA 0:02");
    mnist_progress_format_epoch(text, &stats, 2, 15, -1, false);
    assert_string_equal(text, "run  2/15  epoch  3/10  train loss 0.0512 acc 98.41%  val loss "
                              "0.0721 acc 97.90%  412k img/s  ETA -:--");
    stats.train_accuracy = 1.0; /* extreme values take no more columns */
    stats.train_loss = 54321.0;
    stats.validation_loss = NAN;
    stats.validation_accuracy = 0.0;
    stats.images_per_second = 42.0;
    stats.epoch = 10;
    mnist_progress_format_epoch(text, &stats, 1, 1, 0, false);
    assert_string_equal(text, "epoch 10/10  train loss  5e+04 acc 100.0%  val loss    nan acc  "
                              "0.00%    42 img/s  ETA 0:00");
    assert_int_equal(strlen(text), length);
    stats = sample_epoch();
    stats.has_validation = false;
    mnist_progress_format_epoch(text, &stats, 1, 1, 1.7, false);
    assert_string_equal(text, "epoch  3/10  train loss 0.0512 acc 98.41%  412k img/s  ETA 0:02");
    stats.epoch = stats.epochs = UINT32_MAX;
    mnist_progress_format_epoch(text, &stats, UINT32_MAX, UINT32_MAX, 1e9, true);
    assert_true(strlen(text) < MNIST_PROGRESS_TEXT - 1);
}

static void test_epoch_line_fits(void **state)
{
    (void)state;
    static const struct {
        size_t columns;
        const char *text;
    } cases[] = {
        {88, "epoch  3/10  train loss 0.0512 acc 98.41%  val loss 0.0721 acc 97.90%  412k img/s  "
             "ETA 0:02"},
        {87, "epoch  3/10  train loss 0.0512 acc 98.41%  val loss 0.0721 acc 97.90%  412k img/s"},
        {80, "epoch  3/10  train loss 0.0512 acc 98.41%  val loss 0.0721 acc 97.90%"},
        {60, "epoch  3/10  train loss 0.0512 acc 98.41%"},
        {20, "epoch  3/10"},
        {3, "epoch  3/10"},
    };
    char text[MNIST_PROGRESS_TEXT];
    mnist_epoch_stats stats = sample_epoch();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mnist_progress_format_epoch(text, &stats, 1, 1, 1.7, false);
        const size_t whole = strlen(text);
        mnist_progress_fit(text, i == 0 ? whole : i == 1 ? whole - 1 : cases[i].columns);
        assert_string_equal(text, cases[i].text);
    }
    mnist_progress_format_epoch(text, &stats, 1, 1, 1.7, true); /* colour takes no room */
    mnist_progress_fit(text, 69);
    assert_string_equal(text, "\x1b[1mepoch  3/10\x1b[0m  train loss 0.0512 acc 98.41%  val loss "
                              "0.0721 acc \x1b[1m97.90%\x1b[0m");
}

/* Output: a pipe or a terminal whose other end the test reads. */

typedef struct ends {
    int write, read;
} ends;

static ends open_pipe(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    return (ends){fds[1], fds[0]};
}

static ends open_terminal(unsigned short columns)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    struct termios settings;
    assert_int_equal(tcgetattr(slave, &settings), 0);
    settings.c_oflag &= ~(tcflag_t)OPOST; /* newlines are kept */
    assert_int_equal(tcsetattr(slave, TCSANOW, &settings), 0);
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    return (ends){slave, master};
}

static void close_ends(ends e)
{
    close(e.write);
    close(e.read);
}

/* What can be read without waiting. */
static const char *received(ends e)
{
    static char text[4096];
    assert_int_equal(fcntl(e.read, F_SETFL, O_NONBLOCK), 0);
    size_t length = 0;
    ssize_t got;
    while (length < sizeof text - 1 &&
           (got = read(e.read, text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    return text;
}

static void resize(ends terminal, unsigned short rows, unsigned short columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    assert_int_equal(ioctl(terminal.write, TIOCSWINSZ, &size), 0);
}

static mnist_step_stats sample_step(uint64_t step, double loss)
{
    return (mnist_step_stats){
        .epoch = 1,
        .step = step,
        .steps = 100,
        .loss = loss,
        .lr = 0.25f,
        .correct = step % 2 ? 5 : 4,
        .count = 10,
        .seen = 10 * step,
        .total = 1000,
    };
}

static void test_auto(void **state)
{
    (void)state;
    mnist_progress progress;
    ends pipe_ends = open_pipe(), terminal = open_terminal(80);
    static const struct {
        const char *term, *no_color;
        bool bar, color;
    } cases[] = {
        {"xterm", NULL, true, true},  {"xterm", "", true, true}, {"xterm", "1", true, false},
        {"dumb", NULL, false, false}, {"", NULL, false, false},  {NULL, NULL, false, false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        cases[i].term ? setenv("TERM", cases[i].term, 1) : unsetenv("TERM");
        cases[i].no_color ? setenv("NO_COLOR", cases[i].no_color, 1) : unsetenv("NO_COLOR");
        mnist_progress_start(&progress, MNIST_PROGRESS_AUTO, MNIST_COLOR_AUTO, terminal.write);
        assert_int_equal(progress.mode, cases[i].bar ? MNIST_PROGRESS_BAR : MNIST_PROGRESS_PLAIN);
        assert_int_equal(progress.color, cases[i].color);
        assert_true(mnist_color_wanted(MNIST_COLOR_ALWAYS, terminal.write));
        assert_false(mnist_color_wanted(MNIST_COLOR_NEVER, terminal.write));
        mnist_progress_start(&progress, MNIST_PROGRESS_BAR, MNIST_COLOR_AUTO, terminal.write);
        assert_int_equal(progress.mode, cases[i].bar ? MNIST_PROGRESS_BAR : MNIST_PROGRESS_PLAIN);
        mnist_progress_start(&progress, MNIST_PROGRESS_AUTO, MNIST_COLOR_AUTO, pipe_ends.write);
        assert_int_equal(progress.mode, MNIST_PROGRESS_PLAIN);
        mnist_progress_start(&progress, MNIST_PROGRESS_BAR, MNIST_COLOR_AUTO, pipe_ends.write);
        assert_int_equal(progress.mode, MNIST_PROGRESS_PLAIN);
        assert_false(progress.color);
    }
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    close_ends(pipe_ends);
    close_ends(terminal);
}

/* The bytes of a view: from the start of a line, each line cleared to its end, then all below, and
 * back to the start. */
#define VIEW(place, loss, accuracy)                                                                \
    "\r" place "\x1b[K\n\r" loss "\x1b[K\n\r" accuracy "\x1b[K\x1b[J\r\x1b[2A"
#define FIRST_VIEW                                                                                 \
    VIEW("epoch 1/2 [>                                       ]   2%   100 img/s  ETA 0:10",        \
         "loss 2.0000 .#", "acc 45.00%  lr 0.25")

static void test_live(void **state)
{
    (void)state;
    mnist_progress progress;
    ends terminal = open_terminal(100);
    mnist_progress_start(&progress, MNIST_PROGRESS_AUTO, MNIST_COLOR_NEVER, terminal.write);
    mnist_progress_message(&progress, "read %d images", 5);
    assert_string_equal(received(terminal), "read 5 images\n");
    mnist_progress_begin(&progress, 1, 1, 2, 100.0);

    mnist_step_stats step = sample_step(1, 1.0);
    mnist_progress_step(&progress, &step, 100.05); /* too soon */
    assert_string_equal(received(terminal), "");
    step = sample_step(2, 3.0);
    mnist_progress_step(&progress, &step, 100.2);
    assert_string_equal(received(terminal), FIRST_VIEW);
    step = sample_step(3, 3.0);
    mnist_progress_step(&progress, &step, 100.25); /* too soon again */
    assert_string_equal(received(terminal), "");

    /* a message takes the view's place, and the view follows below, in one write */
    mnist_progress_message(&progress, "saved");
    const char *text = received(terminal);
    assert_true(strncmp(text, "\r\x1b[Jsaved\n\repoch 1/2 [", 22) == 0);
    assert_string_equal(text + strlen(text) - 8, "\x1b[J\r\x1b[2A");

    resize(terminal, 24, 31); /* the window changes its size */
    step = sample_step(4, 1.0);
    mnist_progress_step(&progress, &step, 100.4);
    assert_string_equal(received(terminal), VIEW("epoch 1/2   4%  ETA 0:10", "loss 2.0000 .##.",
                                                 "acc 45.00%  lr 0.25"));
    resize(terminal, 3, 31);
    step = sample_step(5, 2.0);
    mnist_progress_step(&progress, &step, 100.6);
    assert_string_equal(received(terminal), "\repoch 1/2   5%  ETA 0:12\x1b[K\x1b[J\r");
    resize(terminal, 24, 60);

    mnist_epoch_stats stats = sample_epoch();
    stats.epoch = 1;
    stats.epochs = 2;
    mnist_progress_epoch(&progress, &stats, 105.0);
    text = received(terminal);
    assert_non_null(
        strstr(text, "\r\x1b[Jepoch 1/2  train loss 0.0512 acc 98.41%\n\repoch 1/2 [")); /* 60 */
    step = sample_step(51, 0.5); /* a new epoch: running figures start afresh, the curve does not */
    step.epoch = 2;
    step.seen = 10;
    step.correct = 10;
    mnist_progress_step(&progress, &step, 105.5);
    text = received(terminal);
    assert_non_null(strstr(text, "\rloss 0.5000 =##=%.\x1b[K"));
    assert_non_null(strstr(text, "\racc 100.0%  val 97.90%  lr 0.25\x1b[K"));
    mnist_progress_finish(&progress);
    assert_string_equal(received(terminal), "\r\x1b[J");
    mnist_progress_finish(&progress); /* nothing to remove */
    assert_string_equal(received(terminal), "");
    mnist_progress_message(&progress, "over"); /* must not bring the view back */
    assert_string_equal(received(terminal), "over\n");
    close_ends(terminal);
}

/* With --max-time, the ETA is that of what comes first: the last step or the limit. */
static void test_limit(void **state)
{
    (void)state;
    static const struct {
        double max_seconds;
        const char *view, *line;
    } cases[] = {
        {8.0, "]   1%    10 img/s  ETA 0:07\x1b[K", "ETA 0:03\n"},
        {0.5, "]   1%    10 img/s  ETA 0:00\x1b[K", "ETA 0:00\n"},
        {1e6, "]   1%    10 img/s  ETA 1:39\x1b[K", "ETA 0:05\n"},
        {0.0, "]   1%    10 img/s  ETA 1:39\x1b[K", "ETA 0:05\n"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_progress progress;
        ends terminal = open_terminal(100);
        mnist_progress_start(&progress, MNIST_PROGRESS_BAR, MNIST_COLOR_NEVER, terminal.write);
        mnist_progress_begin(&progress, 1, 1, 2, 100.0);
        mnist_progress_limit(&progress, cases[i].max_seconds);
        mnist_step_stats step = sample_step(1, 2.0);
        mnist_progress_step(&progress, &step, 101.0);
        assert_non_null(strstr(received(terminal), cases[i].view));
        mnist_progress_finish(&progress);
        mnist_epoch_stats stats = sample_epoch();
        stats.epoch = 1;
        stats.epochs = 2;
        mnist_progress_epoch(&progress, &stats, 105.0);
        const char *line = received(terminal);
        assert_true(strlen(line) > 9);
        assert_string_equal(line + strlen(line) - 9, cases[i].line);
        stats.end = MNIST_END_PATIENCE; /* a limit leaves no trace after its run */
        mnist_progress_epoch(&progress, &stats, 105.0);
        line = received(terminal);
        assert_string_equal(line + strlen(line) - 9, "ETA 0:00\n");
        mnist_progress_begin(&progress, 2, 2, 2, 200.0); /* without a limit again */
        assert_true(progress.max_seconds == 0.0);
        close_ends(terminal);
    }
}

/* A resumed run: rates and ETA count what is done from here on. */
static void test_goes_on(void **state)
{
    (void)state;
    mnist_progress progress;
    ends terminal = open_terminal(100);
    mnist_progress_start(&progress, MNIST_PROGRESS_BAR, MNIST_COLOR_NEVER, terminal.write);
    mnist_progress_begin(&progress, 1, 1, 2, 100.0);
    mnist_progress_resume(&progress, 90, 0, 900, 1000); /* of 100 steps an epoch */
    mnist_step_stats step = sample_step(1, 2.0);
    step.step = 95;
    step.steps = 200;
    step.seen = 950;
    step.total = 1000;
    mnist_progress_step(&progress, &step, 101.0);
    const char *line = received(terminal);
    assert_non_null(strstr(line, "  50 img/s  ETA 0:21")); /* 105 steps at 5 a second */
    mnist_progress_finish(&progress);
    mnist_epoch_stats stats = sample_epoch();
    stats.epoch = 1;
    stats.epochs = 2;
    mnist_progress_epoch(&progress, &stats, 101.95);
    line = received(terminal);
    assert_string_equal(line + strlen(line) - 9, "ETA 0:20\n"); /* a tenth took 1.95 s */
    step.epoch = 2;
    step.step = 105;
    step.seen = 50;
    mnist_progress_step(&progress, &step, 102.95);
    assert_non_null(strstr(received(terminal), "  50 img/s  "));
    mnist_progress_finish(&progress);
    /* only the epoch's validation was left to do */
    mnist_progress_begin(&progress, 1, 1, 2, 200.0);
    mnist_progress_resume(&progress, 100, 0, 1000, 1000);
    mnist_progress_epoch(&progress, &stats, 201.0);
    line = received(terminal);
    assert_string_equal(line + strlen(line) - 9, "ETA -:--\n");
    close_ends(terminal);
}

static void test_plain_and_none(void **state)
{
    (void)state;
    static const mnist_progress_mode modes[] = {MNIST_PROGRESS_PLAIN, MNIST_PROGRESS_NONE};
    for (size_t i = 0; i < LENGTH(modes); i++) {
        mnist_progress progress;
        ends e = open_pipe();
        mnist_progress_start(&progress, modes[i], MNIST_COLOR_NEVER, e.write);
        mnist_progress_begin(&progress, 2, 3, 10, 0.0);
        mnist_step_stats step = sample_step(1, 1.0);
        mnist_progress_step(&progress, &step, 50.0);
        mnist_epoch_stats stats = sample_epoch();
        stats.has_validation = false;
        mnist_progress_epoch(&progress, &stats, 3.0);
        mnist_progress_message(&progress, "%s", "done");
        mnist_progress_finish(&progress);
        assert_string_equal(received(e), modes[i] == MNIST_PROGRESS_NONE
                                             ? ""
                                             : "run 2/3  epoch  3/10  train loss 0.0512 acc "
                                               "98.41%  412k img/s  ETA 0:07\ndone\n");
        close_ends(e);
    }
}

/* No reader, no descriptor, a full pipe: the run must go on. SIGPIPE keeps its default action,
 * which would end this test. */
static void test_nobody_reads(void **state)
{
    (void)state;
    mnist_progress progress;
    mnist_epoch_stats stats = sample_epoch();
    mnist_step_stats step = sample_step(1, 1.0);
    for (int closed = 0; closed < 2; closed++) {
        ends e = open_pipe();
        close(e.read);
        if (closed) {
            close(e.write);
        }
        mnist_progress_start(&progress, MNIST_PROGRESS_BAR, MNIST_COLOR_NEVER, e.write);
        progress.mode = MNIST_PROGRESS_BAR; /* as if it were a terminal */
        mnist_progress_begin(&progress, 1, 1, 10, 0.0);
        mnist_progress_step(&progress, &step, 1.0);
        mnist_progress_epoch(&progress, &stats, 2.0);
        mnist_progress_message(&progress, "still here");
        mnist_progress_finish(&progress);
        assert_int_equal(progress.mode, MNIST_PROGRESS_NONE);
        if (!closed) {
            close(e.write);
        }
    }
    sigset_t pending;
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);

    ends e = open_pipe();
    assert_int_equal(fcntl(e.write, F_SETFL, O_NONBLOCK), 0);
    char filler[4096] = {0};
    while (write(e.write, filler, sizeof filler) > 0) {
    }
    assert_int_equal(fcntl(e.write, F_SETFL, 0), 0);
    mnist_progress_start(&progress, MNIST_PROGRESS_BAR, MNIST_COLOR_NEVER, e.write);
    progress.mode = MNIST_PROGRESS_BAR;
    mnist_progress_begin(&progress, 1, 1, 10, 0.0);
    mnist_progress_step(&progress, &step, 1.0); /* it would wait for ever if it wrote */
    assert_false(progress.view_shown);
    close_ends(e);
}

static void test_clock_and_names(void **state)
{
    (void)state;
    double before = mnist_clock();
    assert_true(mnist_clock() >= before);
    assert_string_equal(mnist_progress_mode_name(MNIST_PROGRESS_PLAIN), "plain");
    assert_null(mnist_progress_mode_name(MNIST_PROGRESS_MODES));
    assert_string_equal(mnist_color_mode_name(MNIST_COLOR_NEVER), "never");
    assert_null(mnist_color_mode_name(MNIST_COLOR_MODES));
}

int main(void)
{
    setenv("LC_ALL", "C", 1); /* curves in ASCII */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_epoch_line),
        cmocka_unit_test(test_epoch_line_fits),
        cmocka_unit_test(test_auto),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_plain_and_none),
        cmocka_unit_test(test_nobody_reads),
        cmocka_unit_test(test_clock_and_names),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
