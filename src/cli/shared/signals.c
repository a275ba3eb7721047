#define _POSIX_C_SOURCE 200809L
#include "cli/shared/signals.h"

#include "cli/terminal/line.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define ENDING (sizeof ending / sizeof ending[0])

/* Atomic and not just sig_atomic_t: a handler may run on any thread. */
static atomic_int mode, noted, asked;

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "handlers use them");

/* A second signal within so short a time counts as the first: timeout(1), for one, signals a
 * process and then its group. */
#define SAME_NANOSECONDS 250000000LL

static long long now_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void end_at_once(int number)
{
    mnist_line_erase();
    signal(number, SIG_DFL);
    raise(number); /* is delivered when the handler returns, or now where it is not blocked */
}

static void catch_ending(int number)
{
    static long long first; /* no race: a handler blocks all ending signals */
    const int error = errno;
    if (mode == MNIST_SIGNAL_ENDS) {
        end_at_once(number);
    } else if (!noted) {
        first = now_nanoseconds();
        noted = number;
    } else if (mode == MNIST_SIGNAL_NOTED && now_nanoseconds() - first >= SAME_NANOSECONDS) {
        end_at_once(number);
    }
    errno = error;
}

/* Ctrl-Z: removes unfinished lines; then the program stops in here, as it would without a handler,
 * and continues from here. */
static void catch_stop(int number)
{
    const int error = errno;
    struct sigaction stop = {.sa_handler = SIG_DFL}, own;
    sigset_t unblocked;
    mnist_line_erase();
    sigemptyset(&stop.sa_mask);
    sigaction(number, &stop, &own);
    sigemptyset(&unblocked);
    sigaddset(&unblocked, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &unblocked, NULL); /* this is where it stops */
    pthread_sigmask(SIG_BLOCK, &unblocked, NULL);
    sigaction(number, &own, NULL);
    errno = error;
}

static void catch_question(int number)
{
    (void)number;
    asked = 1;
}

static void install(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    if (sigaction(number, NULL, &old) != 0 || old.sa_handler == SIG_IGN) {
        return;
    }
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ENDING; i++) {
        sigaddset(&action.sa_mask, ending[i]);
    }
    sigaction(number, &action, NULL);
}

void mnist_signals_start(bool usr1)
{
    for (size_t i = 0; i < ENDING; i++) {
        install(ending[i], catch_ending);
    }
    install(SIGTSTP, catch_stop);
    if (usr1) {
        install(SIGUSR1, catch_question);
    }
}

void mnist_signals_set(mnist_signal_mode new_mode)
{
    if (mode == MNIST_SIGNAL_ENDS) {
        noted = 0;
    }
    mode = (int)new_mode;
    if (new_mode == MNIST_SIGNAL_ENDS && noted) {
        end_at_once(noted);
    }
}

int mnist_signals_noted(void)
{
    return noted;
}

bool mnist_signals_asked(void)
{
    return asked && atomic_exchange(&asked, 0);
}

int mnist_signals_exit(int number)
{
    return 128 + number;
}

const char *mnist_signals_text(int number)
{
    return number == SIGINT ? "interrupted" : number == SIGHUP ? "hung up" : "terminated";
}
