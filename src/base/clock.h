/* The clock by which the library says how long something took. */
#ifndef MNIST_BASE_CLOCK_H
#define MNIST_BASE_CLOCK_H

/* Seconds that never go back; from when on is not said. */
double mnist_seconds(void);

#endif
