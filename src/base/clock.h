/* The clock for what the library says about durations. */
#ifndef MNIST_BASE_CLOCK_H
#define MNIST_BASE_CLOCK_H

/* Seconds since a moment that is not specified; they never go back. */
double mnist_seconds(void);

#endif
