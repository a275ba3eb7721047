/* The text of the page, which grows: appended to safely, and the same in every locale. */
#ifndef MNIST_REPORT_TEXT_H
#define MNIST_REPORT_TEXT_H

#include "base/status.h"

/* Starts as zeros; data is released with free. Once memory has been short it stays failed and
 * nothing more is added, so that it is enough to check it at the end. */
typedef struct mnist_text {
    char *data; /* not terminated */
    size_t size, room;
    bool failed;
} mnist_text;

void mnist_text_add(mnist_text *text, const void *data, size_t size);
/* Adds markup unchanged. */
void mnist_text_put(mnist_text *text, const char *markup);
/* Adds markup with whole numbers and other markup in it, at most 500 bytes. Reals go through
 * mnist_text_real, since %g depends on the locale, and untrusted text through mnist_text_escape. */
void mnist_text_format(mnist_text *text, const char *format, ...) MNIST_PRINTF(2, 3);

/* Adds untrusted text, made harmless within an element and within quotes. */
void mnist_text_escape(mnist_text *text, const char *foreign);

/* A number with this many decimals (0 to 6), rounded to nearest; "nan", "inf", "-inf". */
void mnist_text_real(mnist_text *text, double value, unsigned decimals);
/* A number with nine digits, as in a CSV log. */
void mnist_text_number(mnist_text *text, double value);
/* 1,234,567 */
void mnist_text_count(mnist_text *text, uint64_t value);
/* Per cent, like 98.56 %; a fraction below 1 never becomes 100. */
void mnist_text_percent(mnist_text *text, double fraction, unsigned decimals);

void mnist_text_base64(mnist_text *text, const void *data, size_t size);

/* Hands what has been written over to the caller, who releases *html with free; or releases it, and
 * *html is NULL, where status, that of the writing, is a failure. Errors: status;
 * MNIST_ERR_MEMORY. */
mnist_status mnist_text_hand_out(mnist_text *text, mnist_status status, char **html, size_t *size,
                                 mnist_error *err);

#endif
