/* What a signal does to a program that has work to lose. */
#ifndef MNIST_CLI_SHARED_SIGNALS_H
#define MNIST_CLI_SHARED_SIGNALS_H

#include <stdbool.h>

/* What an ending signal does. */
typedef enum mnist_signal_mode {
    MNIST_SIGNAL_ENDS,  /* ends the program, as if there were no handler */
    MNIST_SIGNAL_NOTED, /* is noted, to be seen between two steps */
    MNIST_SIGNAL_WAITS  /* the same, and a second one waits too: while a small file is written */
} mnist_signal_mode;

/* Installs the handlers; mode is ENDS. usr1: for SIGUSR1, too. */
void mnist_signals_start(bool usr1);

/* From ENDS to another mode, what was noted before is forgotten; a signal that was noted when the
 * mode becomes ENDS ends the program. */
void mnist_signals_set(mnist_signal_mode mode);

/* The signal that was noted; 0: none. */
int mnist_signals_noted(void);

/* Has SIGUSR1 come since this was last asked? */
bool mnist_signals_asked(void);

/* 128 + number, the exit code that a shell shows for the signal. */
int mnist_signals_exit(int number);

/* "interrupted", "terminated", "hung up" */
const char *mnist_signals_text(int number);

#endif
