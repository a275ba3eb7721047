/* The second of two signals: whether it counts as the first goes by the time between them, so each case measures
 * the time and is begun anew, in a process of its own, where the machine did not keep to it. */
#define _POSIX_C_SOURCE 200809L

#include "cli/shared/signals.h"
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAME 0.25 /* seconds: within them, a second signal is the first */

enum { LIVES = 10, LATE = 11 }; /* exit codes of the process */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A process that gets both signals, pause seconds apart at least. Returns what waitpid says. */
static int two_signals(int first, int second, double pause)
{
    const pid_t child = fork();
    int status = 0;
    assert_true(child >= 0);
    if (child == 0) {
        mnist_signals_start(false);
        mnist_signals_set(MNIST_SIGNAL_NOTED);
        const double begin = seconds_now();
        raise(first);
        while (seconds_now() - begin < pause) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        raise(second);
        const bool late = seconds_now() - begin >= SAME;
        _exit(mnist_signals_noted() != first ? EXIT_FAILURE : late ? LATE : LIVES);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_soon(void **state)
{
    (void)state;
    int status = 0;
    /* one that was late may have been ended as well as not; so often in a row no machine is late */
    for (int tries = 0; tries < 1000; tries++) {
        status = two_signals(SIGTERM, SIGINT, 0.0);
        if (WIFEXITED(status) && WEXITSTATUS(status) != LATE) {
            break;
        }
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), LIVES);
}

static void test_later(void **state)
{
    (void)state;
    const int status = two_signals(SIGTERM, SIGINT, SAME + 0.05);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_soon),
        cmocka_unit_test(test_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
