#define _POSIX_C_SOURCE 200809L
#include "cli/terminal/line.h"

#include <stdatomic.h>
#include <unistd.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler reads it");

/* Atomic and not just sig_atomic_t: a handler may run on any thread. */
static atomic_int line = -1;

void mnist_line_open(int fd)
{
    line = fd;
}

void mnist_line_erase(void)
{
    static const char erase[] = MNIST_LINE_ERASE;
    const int fd = line;
    if (fd >= 0 && write(fd, erase, sizeof erase - 1) < 0) {
        /* a signal handler can do nothing about it */
    }
}
