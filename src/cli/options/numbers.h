/* Numbers and lists of them, from text and back. Shared by the files of options/. */
#ifndef MNIST_CLI_OPTIONS_NUMBERS_H
#define MNIST_CLI_OPTIONS_NUMBERS_H

#include "cli/options/options.h"

#define MNIST_NUMBER_TEXT 64 /* nobody types a longer number */

/* The whole text: maybe a minus, a decimal, maybe an exponent. No inf, nan, hex, blanks, plus. */
bool mnist_read_real(const char *text, double *value);

/* "97.6%" */
bool mnist_read_percent(const char *text, double *fraction);

/* The first length characters of text, all digits. */
bool mnist_read_whole(const char *text, size_t length, uint64_t *value);

/* Is the number in the option's range of reals? */
bool mnist_option_in_range(const mnist_option *option, double value);

/* Fields of the types WIDTHS, RATES and CLASSES. set: false, and the field is as it was, where the text is no
 * list of numbers in the option's range, or too long a one. */
bool mnist_widths_set(const mnist_option *option, void *field, const char *text);
bool mnist_rates_set(const mnist_option *option, void *field, const char *text);
bool mnist_classes_set(void *field, const char *text);
void mnist_widths_format(const mnist_option *option, const void *field,
                         char text[MNIST_OPTION_TEXT]);
void mnist_classes_format(const mnist_option *option, const void *field,
                          char text[MNIST_OPTION_TEXT]);
void mnist_rates_format(const mnist_option *option, const void *field,
                        char text[MNIST_OPTION_TEXT]);

#endif
