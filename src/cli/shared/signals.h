/* What a signal does to a program that has something to lose.
 *
 * SIGINT, SIGTERM and SIGHUP end it: at once as long as there is nothing to keep, and in a training
 * at the end of the step. Once one has been noted, another that comes a moment later ends it at
 * once. SIGUSR1 asks how far it has come. What the caller had ignored (nohup, a shell's background)
 * stays ignored. Unfinished lines on a terminal (cli/terminal/line.h) are removed before the program
 * ends or stops (Ctrl-Z).
 */
#ifndef MNIST_CLI_SHARED_SIGNALS_H
#define MNIST_CLI_SHARED_SIGNALS_H

#include <stdbool.h>

/* What an ending signal does. */
typedef enum mnist_signal_mode {
    MNIST_SIGNAL_ENDS,  /* ends the program, as if there were no handler */
    MNIST_SIGNAL_NOTED, /* is noted, for the one who asks between steps */
    MNIST_SIGNAL_WAITS /* the same; a second one waits too: a file is being written that takes but a
                        * moment */
} mnist_signal_mode;

/* Installs the handlers; mode is ENDS. usr1: SIGUSR1, too. */
void mnist_signals_start(bool usr1);

/* From ENDS to another mode, what was noted before is forgotten; a signal that was noted when the
 * mode becomes ENDS ends the program. */
void mnist_signals_set(mnist_signal_mode mode);

/* The signal that was noted; 0: none. */
int mnist_signals_noted(void);

/* Has SIGUSR1 come since this was last asked? */
bool mnist_signals_asked(void);

/* 128 and the signal's number, as a shell has it. */
int mnist_signals_exit(int number);

/* "interrupted", "terminated", "hung up" */
const char *mnist_signals_text(int number);

#endif
