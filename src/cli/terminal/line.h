/* Lines on a terminal that are not finished: they are removed when the program is ended or stopped by
 * a signal while they stand. */
#ifndef MNIST_CLI_TERMINAL_LINE_H
#define MNIST_CLI_TERMINAL_LINE_H

/* Clears from the cursor to the end of the screen. The cursor waits in the first column of the first
 * of such lines, so that this removes them all, also if the terminal has changed its size and broken
 * lines anew. */
#define MNIST_LINE_ERASE "\r\x1b[J"

/* The cursor stands at the beginning of such lines on fd; -1: there are none. */
void mnist_line_open(int fd);

/* Removes them, if there are any. May be called by a signal handler, on any thread. */
void mnist_line_erase(void);

#endif
