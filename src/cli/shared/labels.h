/* Names of classes as the command line gives them, and as they are printed. */
#ifndef MNIST_CLI_SHARED_LABELS_H
#define MNIST_CLI_SHARED_LABELS_H

#include <mnist/labels.h>

#include <stdio.h>

/* Reads the file of --class-names into labels; path NULL: there is none, and labels stay. classes: how
 * many there are. false: err says what is wrong. Errors: of mnist_labels_load; MNIST_ERR_ARGUMENT
 * (another number of names). */
bool mnist_labels_take(mnist_labels *labels, const char *path, unsigned classes, mnist_error *err);

/* Columns that the longest name takes, or the longest number; at most `most`. */
unsigned mnist_labels_width(const mnist_labels *labels, unsigned classes, unsigned most);

/* Prints what a class is called, cut to and padded to so many columns; width below 0: blanks come
 * behind it. A column is a code point. */
void mnist_label_print(const mnist_labels *labels, unsigned class_index, int width, FILE *out);

#endif
