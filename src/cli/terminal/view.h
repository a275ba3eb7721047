/* The live view of a training, as text: a pure function of what is known and of the terminal's
 * width.
 *
 *     epoch  3/10 [=======>                 ]  29%  412k img/s  ETA 0:02
 *     loss 0.0512 #*+==--::.......
 *     acc 98.41%  val 97.90%  lr 0.0821
 */
#ifndef MNIST_CLI_TERMINAL_VIEW_H
#define MNIST_CLI_TERMINAL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Losses of a run from its first step on, in bins of equal numbers of steps, whose length doubles
 * when they are used up: the whole run in constant space, however long it becomes. */
#define MNIST_LOSS_BINS 128

typedef struct mnist_loss_curve {
    double mean[MNIST_LOSS_BINS]; /* of the bins before the last one, which is being filled */
    size_t bins;                  /* that are full */
    uint64_t bin_steps;           /* steps a bin; 0 stands for 1 */
    uint64_t steps;               /* in the bin being filled */
    double sum;
} mnist_loss_curve;

/* A curve that is all zero is empty. */
void mnist_loss_curve_add(mnist_loss_curve *curve, double loss);
/* Its values, at most `most` of them: means over equal shares of the steps. Returns how many. */
size_t mnist_loss_curve_values(const mnist_loss_curve *curve, size_t most, double *values);

typedef struct mnist_live {
    unsigned run, runs; /* from 1; runs above 1 are shown */
    unsigned epoch, epochs;
    double epoch_share;         /* how much of the epoch is over, 0 to 1 */
    double loss, accuracy;      /* running means of the epoch */
    double validation_accuracy; /* of the last epoch that ended; below 0: not known */
    double lr;
    double images_per_second; /* below 0: not known yet */
    double eta;               /* seconds; below 0: not known yet */
    const mnist_loss_curve *curve;
} mnist_live;

#define MNIST_LIVE_LINES 3
#define MNIST_LIVE_TEXT  1536 /* room for all lines */

typedef struct mnist_live_style {
    unsigned width; /* no line is wider, in columns */
    unsigned lines; /* at most; MNIST_LIVE_LINES show all, 1 the first */
    bool utf8;      /* the curve in block elements, else in ASCII */
    bool color;
} mnist_live_style;

/* The lines with newlines between them and none at the end. What a line has no room for is left
 * out. Returns how many lines there are. */
unsigned mnist_live_format(char text[MNIST_LIVE_TEXT], const mnist_live *view,
                           const mnist_live_style *style);

#endif
