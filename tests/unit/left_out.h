#ifndef MNIST_TESTS_LEFT_OUT_H
#define MNIST_TESTS_LEFT_OUT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Skips the test that runs and says why, in a line that scripts/test.sh repeats at its end. What follows
 * "; to have it: " there is the remedy, if there is one. */
#define LEAVE_OUT(why)                                                                             \
    do {                                                                                           \
        print_message("left out: %s: %s\n", __func__, why);                                        \
        skip();                                                                                    \
    } while (0)

#define NO_DECIMAL_COMMA                                                                           \
    "no locale with a decimal comma; to have it: scripts/install-deps.sh locales"

#endif
