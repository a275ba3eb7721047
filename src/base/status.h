/* Filling a mnist_error, beside mnist_fail (mnist/base.h). */
#ifndef MNIST_BASE_STATUS_H
#define MNIST_BASE_STATUS_H

#include <mnist/base.h>

/* MNIST_ERR_MEMORY with the number of bytes wanted and what for. */
mnist_status mnist_fail_memory(mnist_error *err, size_t bytes, const char *what);

#endif
