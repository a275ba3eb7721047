/* The groups of rows, one function each: it adds the group's cases to a suite, in the order of their
 * rows. Shared by the files of bench/ only. Errors: MNIST_ERR_MEMORY, and those of what is measured.
 */
#ifndef MNIST_BENCH_GROUPS_H
#define MNIST_BENCH_GROUPS_H

#include "bench/suite.h"

/* The peaks that fractions refer to, of fp32 and, if wanted, of whole numbers: the first cases of every
 * group, so that a slow spell that lasts for one whole group spoils no other group's fractions. */
mnist_status mnist_bench_add_peaks(mnist_suite *suite, bool int8, mnist_error *err);

mnist_status mnist_bench_add_machine(mnist_suite *suite, mnist_error *err);
mnist_status mnist_bench_add_kernels(mnist_suite *suite, mnist_error *err);
mnist_status mnist_bench_add_images(mnist_suite *suite, mnist_error *err); /* kernels, too */
mnist_status mnist_bench_add_training(mnist_suite *suite, mnist_error *err);
mnist_status mnist_bench_add_inference(mnist_suite *suite, mnist_error *err);

#endif
