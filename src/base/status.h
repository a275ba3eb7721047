/* Filling a mnist_error. */
#ifndef MNIST_BASE_STATUS_H
#define MNIST_BASE_STATUS_H

#include <mnist/base.h>

#if defined(__GNUC__)
#define MNIST_PRINTF(format_index, first_argument)                                                 \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define MNIST_PRINTF(format_index, first_argument)
#endif

/* Fills err (which may be NULL) and returns status, so that callers can
 * `return mnist_fail(…)`. */
mnist_status mnist_fail(mnist_error *err, mnist_status status, const char *format, ...)
    MNIST_PRINTF(3, 4);

/* MNIST_ERR_MEMORY with the number of bytes wanted and what for. */
mnist_status mnist_fail_memory(mnist_error *err, size_t bytes, const char *what);

#endif
