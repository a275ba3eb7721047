/* Unfinished lines on a terminal, such as the live view: a signal that ends or stops the program
 * removes them first. */
#ifndef MNIST_CLI_TERMINAL_LINE_H
#define MNIST_CLI_TERMINAL_LINE_H

/* Clears from the cursor to the end of the screen. The cursor is kept in the first column of the
 * first unfinished line, so that this removes all of them, even if the terminal has changed its
 * size and wrapped them anew. */
#define MNIST_LINE_ERASE "\r\x1b[J"

/* Says that the cursor stands at the beginning of unfinished lines on fd; -1: there are none. */
void mnist_line_open(int fd);

/* Removes them, if there are any. May be called by a signal handler, on any thread. */
void mnist_line_erase(void);

#endif
