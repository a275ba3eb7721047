/* Numbers in the texts that state a part of a training: of pruning, of quantisation. */
#ifndef MNIST_TRAIN_SPEC_H
#define MNIST_TRAIN_SPEC_H

#include <stdbool.h>

#define MNIST_SPEC_FRACTION 48 /* room for one: any two unsigned longs and a point */

/* "0.05", "5%" (if percent), in [0, 1]: the nearest float. */
bool mnist_spec_read_fraction(const char *text, bool percent, float *value);

/* The fewest decimals that read back as the value. */
void mnist_spec_print_fraction(float value, char text[MNIST_SPEC_FRACTION]);

#endif
