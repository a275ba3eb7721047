/* Progress on stderr, for people: a line an epoch, and on a terminal a live view below them
 * (view.h).
 *
 * Nothing here can fail or end the program: when the descriptor is closed, or is a pipe that nobody
 * reads any more, output stops and work goes on. Call it from one thread. Times are seconds of any
 * clock that does not run backwards; mnist_clock (clock.h) is one.
 */
#ifndef MNIST_CLI_TERMINAL_PROGRESS_H
#define MNIST_CLI_TERMINAL_PROGRESS_H

#include "cli/terminal/color.h"
#include "cli/terminal/view.h"

#include <mnist/train.h>

typedef enum mnist_progress_mode {
    MNIST_PROGRESS_AUTO,  /* as BAR */
    MNIST_PROGRESS_BAR,   /* a line an epoch and a live view; plain where there is no terminal, or a
                           * dumb one */
    MNIST_PROGRESS_PLAIN, /* a line an epoch */
    MNIST_PROGRESS_NONE,  /* nothing at all */
    MNIST_PROGRESS_MODES
} mnist_progress_mode;

/* "auto", "bar", "plain", "none"; NULL past the end. */
const char *mnist_progress_mode_name(mnist_progress_mode mode);

/* A plain value; the fields are progress.c's own. */
typedef struct mnist_progress {
    int fd;
    mnist_progress_mode mode; /* never AUTO */
    bool color;
    bool utf8;
    bool view_shown;
    unsigned run, runs;
    double run_start, epoch_start, last_draw;
    double max_seconds; /* of a run; 0: no limit */
    unsigned epochs;
    uint64_t steps_before; /* steps_before to seen_before: done before it was resumed */
    double epochs_before;
    unsigned split_epoch; /* epoch that had begun; 0: none */
    size_t seen_before;   /* images of it */
    unsigned epoch;       /* the one of the running figures below */
    double loss_sum;      /* over the images of the epoch so far */
    size_t loss_count, correct;
    mnist_loss_curve curve; /* of the run */
    mnist_live view;        /* as it was drawn last */
} mnist_progress;

/* fd is borrowed. Resolves the mode by asking fd and TERM, and how to draw by asking the locale. */
void mnist_progress_start(mnist_progress *progress, mnist_progress_mode mode,
                          mnist_color_mode color, int fd);

/* A training run of so many epochs begins: run (from 1) of runs. To be called before the first step
 * of each run. With runs > 1 each line names its run. */
void mnist_progress_begin(mnist_progress *progress, unsigned run, unsigned runs, unsigned epochs,
                          double now);

/* The current run is stopped after max_seconds, if it has not ended by then; 0: no limit. The ETA
 * is that of whichever end comes first. To be called after mnist_progress_begin. */
void mnist_progress_limit(mnist_progress *progress, double max_seconds);

/* The current run continues one that had done `step` steps, `epochs` whole epochs and `seen` of the
 * `total` images of the next epoch: rates and ETA count only what is done from here on. To be
 * called after mnist_progress_begin. */
void mnist_progress_resume(mnist_progress *progress, uint64_t step, unsigned epochs, size_t seen,
                           size_t total);

/* After a step: the view, redrawn at most ten times a second and only if fd takes it at once. */
void mnist_progress_step(mnist_progress *progress, const mnist_step_stats *stats, double now);

/* After an epoch: its line, above the view. */
void mnist_progress_epoch(mnist_progress *progress, const mnist_epoch_stats *stats, double now);

/* A line of text (without newline at its end), above the view. Nothing in mode NONE. */
void mnist_progress_message(mnist_progress *progress, const char *format, ...) MNIST_PRINTF(2, 3);

/* Removes the view. To be called before anything else writes to the terminal, and on every way out;
 * may be called again at any time. */
void mnist_progress_finish(mnist_progress *progress);

/* The texts, as pure functions. Each writes at most MNIST_PROGRESS_TEXT bytes, zero included. */
#define MNIST_PROGRESS_TEXT 512

/* "epoch  3/10  train loss 0.0512 acc 98.41%  val loss 0.0721 acc 97.90%  412k img/s  ETA 0:02",
 * without the val part if there is no validation. Columns stay put from line to line. eta below 0:
 * not known. */
void mnist_progress_format_epoch(char text[MNIST_PROGRESS_TEXT], const mnist_epoch_stats *stats,
                                 unsigned run, unsigned runs, double eta, bool color);

/* Drops columns, which two spaces separate, from the end of such a line until it fits, or only the
 * position is left. Colour sequences take no room. */
void mnist_progress_fit(char *text, size_t columns);

#endif
