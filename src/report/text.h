/* The page as it grows: text that is appended to, safely and in no locale. */
#ifndef MNIST_REPORT_TEXT_H
#define MNIST_REPORT_TEXT_H

#include "base/status.h"

/* Starts as zeros; data is released with free. Once memory has been short, it stays failed, and
 * nothing more is added: to be looked at once, in the end. */
typedef struct mnist_text {
    char *data; /* not terminated */
    size_t size, room;
    bool failed;
} mnist_text;

void mnist_text_add(mnist_text *text, const void *data, size_t size);
/* Markup, as it stands. */
void mnist_text_put(mnist_text *text, const char *markup);
/* Markup with whole numbers and other markup in it, at most 500 bytes. Reals are for
 * mnist_text_real, since what %g prints depends on the locale; foreign text is for
 * mnist_text_escape. */
void mnist_text_format(mnist_text *text, const char *format, ...) MNIST_PRINTF(2, 3);

/* Foreign text: inert within an element and within quotes. */
void mnist_text_escape(mnist_text *text, const char *foreign);

/* With so many decimals (0 to 6), rounded to nearest; "nan", "inf", "-inf". */
void mnist_text_real(mnist_text *text, double value, unsigned decimals);
/* As a CSV log has it: nine digits. */
void mnist_text_number(mnist_text *text, double value);
/* 1,234,567 */
void mnist_text_count(mnist_text *text, uint64_t value);
/* In per cent: 98.56 %; what is not all never becomes 100. */
void mnist_text_percent(mnist_text *text, double fraction, unsigned decimals);

void mnist_text_base64(mnist_text *text, const void *data, size_t size);

#endif
