/* Numbers of other programs' files, whatever their width and order of bytes, as floats. */
#ifndef MNIST_DATA_ELEMENTS_H
#define MNIST_DATA_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mnist_number_type {
    MNIST_NUMBER_F16,  /* IEEE 754 binary16 */
    MNIST_NUMBER_BF16, /* the upper half of a float */
    MNIST_NUMBER_F32,
    MNIST_NUMBER_F64, /* rounded to the nearest float, ties to even; what is too large becomes infinite */
    MNIST_NUMBER_TYPES
} mnist_number_type;

/* Bytes of one. */
size_t mnist_number_width(mnist_number_type type);

/* The float at bytes. */
float mnist_number_get(const uint8_t *bytes, mnist_number_type type, bool big_endian);

/* Whether the float is not the number at bytes, but the nearest to it: of F64 alone. */
bool mnist_number_is_rounded(const uint8_t *bytes, mnist_number_type type, bool big_endian);

#endif
