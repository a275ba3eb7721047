#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* TIOCGWINSZ */

#include "cli/terminal/progress.h"

#include "cli/terminal/format.h"
#include "cli/terminal/line.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BOLD  "\x1b[1m"
#define RESET "\x1b[0m"

#define REDRAW_SECONDS 0.1

const char *mnist_progress_mode_name(mnist_progress_mode mode)
{
    static const char *const names[MNIST_PROGRESS_MODES] = {"auto", "bar", "plain", "none"};
    return (unsigned)mode < MNIST_PROGRESS_MODES ? names[mode] : NULL;
}

void mnist_progress_format_epoch(char text[MNIST_PROGRESS_TEXT], const mnist_epoch_stats *stats,
                                 unsigned run, unsigned runs, double eta, bool color)
{
    char position[MNIST_POSITION_TEXT], validation[96] = "";
    char loss[MNIST_FORMAT_TEXT], accuracy[MNIST_FORMAT_TEXT];
    char rate[MNIST_FORMAT_TEXT], left[MNIST_FORMAT_TEXT];
    const char *strong = color ? BOLD : "", *weak = color ? RESET : "";
    mnist_format_position(position, run, runs, stats->epoch, stats->epochs);
    if (stats->has_validation) {
        mnist_format_loss(loss, stats->validation_loss);
        mnist_format_accuracy(accuracy, stats->validation_accuracy);
        snprintf(validation, sizeof validation, "  val loss %s acc %s%s%s", loss, strong, accuracy,
                 weak);
    }
    mnist_format_loss(loss, stats->train_loss);
    mnist_format_accuracy(accuracy, stats->train_accuracy);
    mnist_format_rate(rate, stats->images_per_second);
    mnist_format_duration(left, eta);
    snprintf(text, MNIST_PROGRESS_TEXT, "%s%.120s%s  train loss %s acc %s%s  %s img/s  ETA %s",
             strong, position, weak, loss, accuracy, validation, rate, left);
}

/* Columns that an ASCII text takes, without the sequences that colour it. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++) {
        if (*text == '\x1b') {
            text += strcspn(text, "m");
            if (!*text) {
                break;
            }
        } else {
            width++;
        }
    }
    return width;
}

void mnist_progress_fit(char *text, size_t columns)
{
    char *position = strstr(text, "epoch"); /* two spaces may stand before its number, too */
    position = position ? strchr(position, '/') : NULL;
    while (position && width_of(text) > columns) {
        char *last = NULL;
        for (char *at = position; (at = strstr(at, "  ")); at += strspn(at, " ")) {
            last = at;
        }
        if (!last) {
            break;
        }
        *last = '\0';
    }
}

/* Output. */

/* Writes all of text; after an error nothing is written any more. If the reader has gone away,
 * SIGPIPE must not end a run of hours because of its progress: the signal is blocked while writing,
 * and taken back if it came. */
static void put(mnist_progress *progress, const char *text)
{
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(progress->fd, text, length);
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            break; /* fd was made non-blocking and nobody reads: this text is dropped */
        } else if (written == 0 || errno != EINTR) {
            progress->mode = MNIST_PROGRESS_NONE;
            break;
        }
    }
    sigpending(&pending);
    if (!was_pending && sigismember(&pending, SIGPIPE) == 1) {
        int taken;
        sigwait(&pipe_signal, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Whether fd takes text at once: a terminal may be stopped (Ctrl-S), a pipe may be full. */
static bool is_ready(int fd)
{
    struct pollfd poll_for = {.fd = fd, .events = POLLOUT};
    return poll(&poll_for, 1, 0) == 1 && (poll_for.revents & POLLOUT);
}

typedef struct extent {
    unsigned columns, rows;
} extent;

/* The terminal's size, asked anew for each drawing, so that a resized window is followed. */
static extent terminal_extent(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return (extent){size.ws_col, size.ws_row > 0 ? size.ws_row : 24};
    }
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return (extent){width > 0 && width < 10000 ? (unsigned)width : 80, 24};
}

/* Has a shell put the program into the background? Then the lines around the cursor are the
 * shell's. */
static bool is_in_background(int fd)
{
    pid_t group = tcgetpgrp(fd);
    return group > 0 && group != getpgrp();
}

void mnist_progress_start(mnist_progress *progress, mnist_progress_mode mode,
                          mnist_color_mode color, int fd)
{
    if (mode == MNIST_PROGRESS_AUTO || mode == MNIST_PROGRESS_BAR) {
        mode = mnist_is_terminal(fd) ? MNIST_PROGRESS_BAR : MNIST_PROGRESS_PLAIN;
    }
    *progress = (mnist_progress){
        .fd = fd,
        .mode = mode,
        .color = mnist_color_wanted(color, fd),
        .utf8 = mode == MNIST_PROGRESS_BAR && mnist_locale_is_utf8(),
    };
    mnist_progress_begin(progress, 1, 1, 0, 0.0);
}

void mnist_progress_begin(mnist_progress *progress, unsigned run, unsigned runs, unsigned epochs,
                          double now)
{
    progress->run = run;
    progress->runs = runs;
    progress->epochs = epochs;
    progress->run_start = now;
    progress->epoch_start = now;
    progress->last_draw = now;
    progress->max_seconds = 0.0;
    progress->steps_before = 0;
    progress->epochs_before = 0.0;
    progress->split_epoch = 0;
    progress->seen_before = 0;
    progress->epoch = 0;
    progress->loss_sum = 0.0;
    progress->loss_count = progress->correct = 0;
    progress->curve = (mnist_loss_curve){.bins = 0};
    progress->view = (mnist_live){.validation_accuracy = -1.0};
}

void mnist_progress_limit(mnist_progress *progress, double max_seconds)
{
    progress->max_seconds = max_seconds;
}

void mnist_progress_resume(mnist_progress *progress, uint64_t step, unsigned epochs, size_t seen,
                           size_t total)
{
    progress->steps_before = step;
    progress->epochs_before = epochs + (double)seen / (double)total;
    progress->split_epoch = seen > 0 ? epochs + 1 : 0;
    progress->seen_before = seen;
}

/* Seconds until all steps are done or the time is over. */
static double time_left(const mnist_progress *progress, double elapsed, double to_last_step)
{
    const double limit = progress->max_seconds - elapsed;
    return progress->max_seconds <= 0.0 || to_last_step <= limit ? to_last_step
           : limit > 0.0                                         ? limit
                                                                 : 0.0;
}

/* Draws the view from the cursor on, and puts the cursor back. before: text that goes out first in
 * the same write, so that nothing flickers. */
static void draw(mnist_progress *progress, const char *before)
{
    char view[MNIST_LIVE_TEXT], text[2 * MNIST_LIVE_TEXT + MNIST_PROGRESS_TEXT + 1024];
    const extent size = terminal_extent(progress->fd);
    /* one column short: a terminal may wrap when its last column is filled. One row is left to what
     * stands above. */
    const mnist_live_style style = {.width = size.columns - 1,
                                    .lines = size.rows > MNIST_LIVE_LINES ? MNIST_LIVE_LINES : 1,
                                    .utf8 = progress->utf8,
                                    .color = progress->color};
    const unsigned lines = mnist_live_format(view, &progress->view, &style);
    size_t length = (size_t)snprintf(text, sizeof text, "%s\r", before);
    for (const char *line = view; line;) {
        const char *end = strchr(line, '\n');
        const int bytes = end ? (int)(end - line) : (int)strlen(line);
        length += (size_t)snprintf(text + length, sizeof text - length, "%.*s\x1b[K%s", bytes, line,
                                   end ? "\n\r" : "");
        line = end ? end + 1 : NULL;
    }
    if (lines > 1) {
        snprintf(text + length, sizeof text - length, "\x1b[J\r\x1b[%uA", lines - 1);
    } else {
        snprintf(text + length, sizeof text - length, "\x1b[J\r");
    }
    progress->view_shown = true;
    mnist_line_open(progress->fd);
    put(progress, text);
}

void mnist_progress_finish(mnist_progress *progress)
{
    if (progress->view_shown) {
        progress->view_shown = false;
        if (!is_in_background(progress->fd)) {
            put(progress, MNIST_LINE_ERASE);
        }
        mnist_line_open(-1);
    }
}

void mnist_progress_step(mnist_progress *progress, const mnist_step_stats *stats, double now)
{
    if (progress->mode != MNIST_PROGRESS_BAR) {
        return;
    }
    if (stats->epoch != progress->epoch) {
        progress->epoch = stats->epoch;
        progress->loss_sum = 0.0;
        progress->loss_count = progress->correct = 0;
    }
    progress->loss_sum += stats->loss * (double)stats->count;
    progress->loss_count += stats->count;
    progress->correct += stats->correct;
    mnist_loss_curve_add(&progress->curve, stats->loss);
    if (now - progress->last_draw < REDRAW_SECONDS || !is_ready(progress->fd) ||
        is_in_background(progress->fd)) {
        return;
    }
    progress->last_draw = now;
    double elapsed = now - progress->run_start, in_epoch = now - progress->epoch_start;
    const size_t seen =
        stats->seen - (stats->epoch == progress->split_epoch ? progress->seen_before : 0);
    progress->view = (mnist_live){
        .run = progress->run,
        .runs = progress->runs,
        .epoch = stats->epoch,
        .epochs = progress->epochs,
        .epoch_share = (double)stats->seen / (double)stats->total,
        .loss = progress->loss_sum / (double)progress->loss_count,
        .accuracy = (double)progress->correct / (double)progress->loss_count,
        .validation_accuracy = progress->view.validation_accuracy,
        .lr = (double)stats->lr,
        .images_per_second = in_epoch > 0.0 ? (double)seen / in_epoch : -1.0,
        .eta = time_left(progress, elapsed,
                         elapsed / (double)(stats->step - progress->steps_before) *
                             (double)(stats->steps - stats->step)),
        .curve = &progress->curve,
    };
    draw(progress, "");
}

/* Puts a line where the view is, and the view again below it. */
static void put_line(mnist_progress *progress, const char *text)
{
    char line[MNIST_PROGRESS_TEXT + 1024];
    const bool shown = progress->view_shown && !is_in_background(progress->fd);
    snprintf(line, sizeof line, "%s%s\n", shown ? MNIST_LINE_ERASE : "", text);
    if (shown && is_ready(progress->fd)) {
        draw(progress, line);
    } else {
        progress->view_shown = false;
        mnist_line_open(-1);
        put(progress, line);
    }
}

void mnist_progress_epoch(mnist_progress *progress, const mnist_epoch_stats *stats, double now)
{
    double elapsed = now - progress->run_start;
    const double done = stats->epoch - progress->epochs_before;
    double eta = stats->end != MNIST_END_NOT_YET ? 0.0
                 : done <= 0.0 ? -1.0 /* only its validation was left to do here */
                               : time_left(progress, elapsed,
                                           elapsed / done * (stats->epochs - stats->epoch));
    char text[MNIST_PROGRESS_TEXT];
    progress->epoch_start = now;
    if (stats->has_validation) {
        progress->view.validation_accuracy = stats->validation_accuracy;
    }
    if (progress->mode != MNIST_PROGRESS_NONE) {
        mnist_progress_format_epoch(text, stats, progress->run, progress->runs, eta,
                                    progress->color);
        if (progress->mode == MNIST_PROGRESS_BAR) {
            mnist_progress_fit(text, terminal_extent(progress->fd).columns);
        }
        put_line(progress, text);
    }
}

void mnist_progress_message(mnist_progress *progress, const char *format, ...)
{
    char raw[MNIST_PROGRESS_TEXT + 1000], text[sizeof raw];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    (void)mnist_plain_text(text, sizeof text, raw); /* it may hold files' names */
    if (progress->mode != MNIST_PROGRESS_NONE) {
        put_line(progress, text);
    }
}
