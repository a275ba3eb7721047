#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* TIOCGWINSZ */

#include "cli/progress.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BOLD  "\x1b[1m"
#define RESET "\x1b[0m"
#define ERASE "\r\x1b[K" /* to the first column; clear to the end of the line */

#define REDRAW_SECONDS 0.1

const char *mnist_progress_mode_name(mnist_progress_mode mode)
{
    static const char *const names[MNIST_PROGRESS_MODES] = {"auto", "bar", "plain", "none"};
    return (unsigned)mode < MNIST_PROGRESS_MODES ? names[mode] : NULL;
}

const char *mnist_color_mode_name(mnist_color_mode mode)
{
    static const char *const names[MNIST_COLOR_MODES] = {"auto", "always", "never"};
    return (unsigned)mode < MNIST_COLOR_MODES ? names[mode] : NULL;
}

/* A terminal that understands more than carriage return. */
static bool is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool mnist_color_wanted(mnist_color_mode mode, int fd)
{
    if (mode != MNIST_COLOR_AUTO) {
        return mode == MNIST_COLOR_ALWAYS;
    }
    const char *no_color = getenv("NO_COLOR"); /* no-color.org: present and not empty */
    return !(no_color && *no_color) && is_terminal(fd);
}

double mnist_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Formats. */

void mnist_progress_format_rate(char text[MNIST_PROGRESS_ITEM], double per_second)
{
    static const char units[] = " kMGT";
    if (!(per_second >= 0.0) || !(per_second < 999.5e12)) {
        snprintf(text, MNIST_PROGRESS_ITEM, "   -");
        return;
    }
    if (per_second < 999.5) {
        snprintf(text, MNIST_PROGRESS_ITEM, "%4.0f", per_second);
        return;
    }
    unsigned unit = 0;
    while (per_second >= 999.5) { /* what would be rounded to four digits */
        per_second /= 1000.0;
        unit++;
    }
    snprintf(text, MNIST_PROGRESS_ITEM, per_second < 9.95 ? "%3.1f%c" : "%3.0f%c", per_second,
             units[unit]);
}

void mnist_progress_format_duration(char text[MNIST_PROGRESS_ITEM], double seconds)
{
    if (!(seconds >= 0.0) || seconds > 1e9) {
        snprintf(text, MNIST_PROGRESS_ITEM, "-:--");
        return;
    }
    unsigned long whole = (unsigned long)ceil(seconds);
    unsigned long minutes = whole / 60, hours = minutes / 60, days = hours / 24;
    if (days > 0) {
        snprintf(text, MNIST_PROGRESS_ITEM, "%lud %02luh", days, hours % 24);
    } else if (hours > 0) {
        snprintf(text, MNIST_PROGRESS_ITEM, "%lu:%02lu:%02lu", hours, minutes % 60, whole % 60);
    } else {
        snprintf(text, MNIST_PROGRESS_ITEM, "%lu:%02lu", minutes, whole % 60);
    }
}

void mnist_progress_format_accuracy(char text[MNIST_PROGRESS_ITEM], double fraction)
{
    double percent = 100.0 * fraction;
    if (percent >= 100.0) {
        snprintf(text, MNIST_PROGRESS_ITEM, "100.0%%");
        return;
    }
    /* 59,999 of 60,000 is not all: it must not be rounded up to look so */
    snprintf(text, MNIST_PROGRESS_ITEM, "%5.2f%%", percent > 99.99 ? 99.99 : percent);
}

void mnist_progress_format_loss(char text[MNIST_PROGRESS_ITEM], double loss)
{
    int decimals = loss < 9.99995 ? 4 : loss < 99.9995 ? 3 : loss < 999.995 ? 2 : -1;
    if (!isfinite(loss)) {
        snprintf(text, MNIST_PROGRESS_ITEM, "%6s", isnan(loss) ? "nan" : loss > 0 ? "inf" : "-inf");
    } else if (decimals < 0) {
        snprintf(text, MNIST_PROGRESS_ITEM, "%6.0e", loss);
    } else {
        snprintf(text, MNIST_PROGRESS_ITEM, "%6.*f", decimals, loss);
    }
}

static int digits_of(unsigned number)
{
    int digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

/* "run 2/5  epoch  3/10" */
static void format_position(char *text, size_t size, unsigned run, unsigned runs, unsigned epoch,
                            unsigned epochs)
{
    char which[48] = "";
    if (runs > 1) {
        snprintf(which, sizeof which, "run %*u/%u  ", digits_of(runs), run, runs);
    }
    snprintf(text, size, "%sepoch %*u/%u", which, digits_of(epochs), epoch, epochs);
}

void mnist_progress_format_epoch(char text[MNIST_PROGRESS_TEXT], const mnist_epoch_report *report,
                                 unsigned run, unsigned runs, double eta, bool color)
{
    char position[96], validation[96] = "";
    char loss[MNIST_PROGRESS_ITEM], accuracy[MNIST_PROGRESS_ITEM];
    char rate[MNIST_PROGRESS_ITEM], left[MNIST_PROGRESS_ITEM];
    const char *strong = color ? BOLD : "", *weak = color ? RESET : "";
    format_position(position, sizeof position, run, runs, report->epoch, report->epochs);
    if (report->has_validation) {
        mnist_progress_format_loss(loss, report->validation_loss);
        mnist_progress_format_accuracy(accuracy, report->validation_accuracy);
        snprintf(validation, sizeof validation, "  val loss %s acc %s%s%s", loss, strong, accuracy,
                 weak);
    }
    mnist_progress_format_loss(loss, report->train_loss);
    mnist_progress_format_accuracy(accuracy, report->train_accuracy);
    mnist_progress_format_rate(rate, report->images_per_second);
    mnist_progress_format_duration(left, eta);
    snprintf(text, MNIST_PROGRESS_TEXT, "%s%s%s  train loss %s acc %s%s  %s img/s  ETA %s", strong,
             position, weak, loss, accuracy, validation, rate, left);
}

#define BAR_MOST  40u /* cells; a longer bar says no more */
#define BAR_LEAST 5u

/* "[=====>    ] ": cells wide inside the brackets. */
static void format_cells(char *text, unsigned cells, double done)
{
    unsigned full = (unsigned)(done * cells);
    *text++ = '[';
    for (unsigned i = 0; i < cells; i++) {
        *text++ = i < full ? '=' : i == full ? '>' : ' ';
    }
    *text++ = ']';
    *text++ = ' ';
    *text = '\0';
}

void mnist_progress_format_bar(char text[MNIST_PROGRESS_TEXT], const mnist_progress_bar *bar,
                               unsigned width, bool color)
{
    char position[96], cells[BAR_MOST + 4] = "", parts[4][48];
    char item[MNIST_PROGRESS_ITEM];
    double done = bar->steps > 0 ? (double)bar->step / (double)bar->steps : 0.0;
    const double time_share = bar->time_share < 1.0 ? bar->time_share : 1.0;
    format_position(position, sizeof position, bar->run, bar->runs, bar->epoch, bar->epochs);
    unsigned percent = bar->steps > 0 ? (unsigned)(bar->step * 100 / bar->steps) : 0;
    if (time_share > done) {
        done = time_share;
        percent = (unsigned)(time_share * 100.0);
    }
    snprintf(parts[0], sizeof parts[0], "%3u%%", percent);
    mnist_progress_format_loss(item, bar->loss);
    snprintf(parts[1], sizeof parts[1], "  loss %s", item);
    mnist_progress_format_rate(item, bar->images_per_second);
    snprintf(parts[2], sizeof parts[2], "  %s img/s", item);
    mnist_progress_format_duration(item, bar->eta);
    snprintf(parts[3], sizeof parts[3], "  ETA %s", item);

    size_t used = strlen(position) + 1;
    size_t fitting = 0;
    while (fitting < 4 && used + strlen(parts[fitting]) <= width) {
        used += strlen(parts[fitting++]);
    }
    if (fitting == 4 && used + BAR_LEAST + 3 <= width) {
        size_t room = width - used - 3;
        format_cells(cells, (unsigned)(room < BAR_MOST ? room : BAR_MOST), done);
    }
    if (fitting == 0) { /* the position alone, or what there is room for of it */
        snprintf(text, MNIST_PROGRESS_TEXT, "%.*s", (int)(width < 95 ? width : 95), position);
        return;
    }
    snprintf(text, MNIST_PROGRESS_TEXT, "%s%s%s %s%s%s%s%s", color ? BOLD : "", position,
             color ? RESET : "", cells, parts[0], fitting > 1 ? parts[1] : "",
             fitting > 2 ? parts[2] : "", fitting > 3 ? parts[3] : "");
}

/* Output. */

/* Writes all or gives up for good. A reader that has gone away would send SIGPIPE and end a run of
 * hours for the sake of its progress: the signal is held back, and taken out of the way. */
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
            break; /* somebody made it non-blocking and nobody reads: this text is lost */
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

/* Asked anew for each drawing, so that a window's change of size is followed. */
static unsigned terminal_width(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width > 0 && width < 10000 ? (unsigned)width : 80;
}

void mnist_progress_start(mnist_progress *progress, mnist_progress_mode mode,
                          mnist_color_mode color, int fd)
{
    if (mode == MNIST_PROGRESS_AUTO) {
        mode = is_terminal(fd) ? MNIST_PROGRESS_BAR : MNIST_PROGRESS_PLAIN;
    }
    *progress = (mnist_progress){
        .fd = fd,
        .mode = mode,
        .color = mnist_color_wanted(color, fd),
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
    progress->loss_count = 0;
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

void mnist_progress_finish(mnist_progress *progress)
{
    if (progress->bar_shown) {
        progress->bar_shown = false;
        put(progress, ERASE);
    }
}

void mnist_progress_step(mnist_progress *progress, const mnist_step_report *report, double now)
{
    if (progress->mode != MNIST_PROGRESS_BAR) {
        return;
    }
    if (report->epoch != progress->epoch) {
        progress->epoch = report->epoch;
        progress->loss_sum = 0.0;
        progress->loss_count = 0;
    }
    progress->loss_sum += report->loss * (double)report->count;
    progress->loss_count += report->count;
    if (now - progress->last_draw < REDRAW_SECONDS || !is_ready(progress->fd)) {
        return;
    }
    progress->last_draw = now;
    double elapsed = now - progress->run_start, in_epoch = now - progress->epoch_start;
    const size_t seen =
        report->seen - (report->epoch == progress->split_epoch ? progress->seen_before : 0);
    mnist_progress_bar bar = {
        .run = progress->run,
        .runs = progress->runs,
        .epoch = report->epoch,
        .epochs = progress->epochs,
        .step = report->step,
        .steps = report->steps,
        .time_share = progress->max_seconds > 0.0 ? elapsed / progress->max_seconds : 0.0,
        .loss = progress->loss_sum / (double)progress->loss_count,
        .images_per_second = in_epoch > 0.0 ? (double)seen / in_epoch : -1.0,
        .eta = time_left(progress, elapsed,
                         elapsed / (double)(report->step - progress->steps_before) *
                             (double)(report->steps - report->step)),
    };
    char text[MNIST_PROGRESS_TEXT], line[MNIST_PROGRESS_TEXT + 8];
    /* one column short: a terminal may wrap when its last column is filled */
    mnist_progress_format_bar(text, &bar, terminal_width(progress->fd) - 1, progress->color);
    snprintf(line, sizeof line, "\r%s\x1b[K", text);
    progress->bar_shown = true;
    put(progress, line);
}

/* The bar's removal and the line in one write, so that the two do not flicker. */
static void put_line(mnist_progress *progress, const char *text)
{
    char line[MNIST_PROGRESS_TEXT + 1024];
    snprintf(line, sizeof line, "%s%s\n", progress->bar_shown ? ERASE : "", text);
    progress->bar_shown = false;
    put(progress, line);
}

void mnist_progress_epoch(mnist_progress *progress, const mnist_epoch_report *report, double now)
{
    double elapsed = now - progress->run_start;
    const double done = report->epoch - progress->epochs_before;
    double eta = report->end != MNIST_END_NOT_YET ? 0.0
                 : done <= 0.0 ? -1.0 /* all but its validation was done before */
                               : time_left(progress, elapsed,
                                           elapsed / done * (report->epochs - report->epoch));
    char text[MNIST_PROGRESS_TEXT];
    progress->epoch_start = now;
    if (progress->mode != MNIST_PROGRESS_NONE) {
        mnist_progress_format_epoch(text, report, progress->run, progress->runs, eta,
                                    progress->color);
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
    (void)mnist_plain_text(text, sizeof text, raw); /* files' names may be in it */
    if (progress->mode != MNIST_PROGRESS_NONE) {
        put_line(progress, text);
    }
}
