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
    uint64_t steps_before; /* done before the run began here, as is all of these */
    double epochs_before;
    unsigned split_epoch; /* the one that had begun; 0: none */
    size_t seen_before;   /* of its images */
    unsigned epoch;       /* whose running loss this is */
    double loss_sum;      /* over the images of the epoch so far */
    size_t loss_count, correct;
    mnist_loss_curve curve; /* of the run */
    mnist_live view;        /* as it was drawn last */
} mnist_progress;

/* fd is borrowed. Resolves the mode by asking fd and TERM, and how to draw by asking the locale. */
void mnist_progress_start(mnist_progress *progress, mnist_progress_mode mode,
                          mnist_color_mode color, int fd);

/* A training run of so many epochs begins: run (from 1) of runs. To be called before the first
 * step of each run. With runs > 1 its lines say which run they are of. */
void mnist_progress_begin(mnist_progress *progress, unsigned run, unsigned runs, unsigned epochs,
                          double now);

/* The run now begun is stopped after so many seconds, if it has not ended by then: the ETA goes
 * by what comes first. 0: it is not. To be called after mnist_progress_begin. */
void mnist_progress_limit(mnist_progress *progress, double max_seconds);

/* The run now begun goes on with one that had done `step` steps and `epochs` whole epochs, and has
 * seen so many of the next one's images: rates and ETA go by what is done from here on. To be
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
 * as often as one likes. */
void mnist_progress_finish(mnist_progress *progress);

/* The texts, as pure functions. Each writes at most MNIST_PROGRESS_TEXT bytes, zero included. */
#define MNIST_PROGRESS_TEXT 512

/* "epoch  3/10  train loss 0.0512 acc 98.41%  val loss 0.0721 acc 97.90%  412k img/s  ETA 0:02",
 * without the val part if there is no validation. Columns stay put from line to line. eta below 0:
 * not known. */
void mnist_progress_format_epoch(char text[MNIST_PROGRESS_TEXT], const mnist_epoch_stats *stats,
                                 unsigned run, unsigned runs, double eta, bool color);

/* Takes columns (after two spaces each) off the end of such a line until it fits a terminal so
 * wide, or only the position is left. Sequences that colour it take no room. */
void mnist_progress_fit(char *text, size_t columns);

#endif
