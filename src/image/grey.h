/* Step 0 of mnist/image.h: a pixel of three colours as one grey. Shared by the readers. */
#ifndef MNIST_IMAGE_GREY_H
#define MNIST_IMAGE_GREY_H

#include <stdint.h>

/* Each of the three is at most 255. */
static inline uint8_t mnist_grey(unsigned red, unsigned green, unsigned blue)
{
    return (uint8_t)((77 * red + 150 * green + 29 * blue + 128) >> 8);
}

#endif
