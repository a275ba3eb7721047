/* The clock by which programs say how long something took. */
#ifndef MNIST_CLI_TERMINAL_CLOCK_H
#define MNIST_CLI_TERMINAL_CLOCK_H

/* Seconds of the monotonic clock. */
double mnist_clock(void);

#endif
