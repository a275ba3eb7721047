/* Every program's option table, for what describes or tests all of them: mnist-describe,
 * tests/fuzz, tests/unit. CMake makes programs.c from programs.c.in and the list
 * MNIST_PROGRAM_ROOMS. */
#ifndef MNIST_CLI_DESCRIBE_PROGRAMS_H
#define MNIST_CLI_DESCRIBE_PROGRAMS_H

#include "cli/options/options.h"

/* In the order of that list; the last is NULL. */
extern const mnist_program *const mnist_programs[];

#endif
