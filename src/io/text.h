/* Text in the io room: numbers, the same in every locale. */
#ifndef MNIST_IO_TEXT_H
#define MNIST_IO_TEXT_H

#include "base/show.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MNIST_NUMBER_TEXT 32

typedef struct mnist_number {
    char text[MNIST_NUMBER_TEXT];
} mnist_number;

/* Nine significant digits, with a '.' in every locale: enough to read any float back. value is
 * finite. */
static inline mnist_number mnist_number_of(double value)
{
    char raw[MNIST_NUMBER_TEXT];
    mnist_number number;
    size_t length = 0;
    snprintf(raw, sizeof raw, "%.9g", value);
    /* what is neither digit, sign nor exponent is the locale's decimal point, which may have
     * several bytes */
    for (const char *c = raw; *c != '\0'; c++) {
        if (strchr("0123456789+-e", *c)) {
            number.text[length++] = *c;
        } else if (length > 0 && number.text[length - 1] != '.') {
            number.text[length++] = '.';
        }
    }
    number.text[length] = '\0';
    return number;
}

static inline const char *mnist_digits_end(const char *text)
{
    return text + strspn(text, "0123456789");
}

/* A number as strtof and strtod read it: with the locale's decimal point. */
typedef struct mnist_local_number {
    char text[2 * MNIST_NUMBER_TEXT];
} mnist_local_number;

/* false: text is not -?digits[.digits][e[+-]digits] as a whole, or too long. */
static inline bool mnist_number_localize(const char *text, mnist_local_number *local)
{
    const char *whole = text + (*text == '-');
    const char *end = mnist_digits_end(whole);
    const char *point = NULL;
    bool valid = end > whole;
    if (*end == '.') {
        point = end;
        end = mnist_digits_end(point + 1);
        valid = valid && end > point + 1;
    }
    if (*end == 'e') {
        const char *exponent = end + 1;
        exponent += *exponent == '+' || *exponent == '-';
        end = mnist_digits_end(exponent);
        valid = valid && end > exponent;
    }
    if (!valid || *end != '\0') {
        return false;
    }
    int length = point ? snprintf(local->text, sizeof local->text, "%.*s%s%s", (int)(point - text),
                                  text, localeconv()->decimal_point, point + 1)
                       : snprintf(local->text, sizeof local->text, "%s", text);
    return length >= 0 && (size_t)length < sizeof local->text;
}

/* Reads all of text as such a number, correctly rounded; false for anything else, and for
 * overflow. */
static inline bool mnist_number_parse(const char *text, float *out)
{
    mnist_local_number local;
    if (!mnist_number_localize(text, &local)) {
        return false;
    }
    char *stop;
    *out = strtof(local.text, &stop);
    return *stop == '\0' && isfinite(*out);
}

/* The same in double. */
static inline bool mnist_double_parse(const char *text, double *out)
{
    mnist_local_number local;
    if (!mnist_number_localize(text, &local)) {
        return false;
    }
    char *stop;
    *out = strtod(local.text, &stop);
    return *stop == '\0' && isfinite(*out);
}

/* Whether text is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past
 * U+10FFFF. */
static inline bool mnist_is_utf8(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    while (*c != 0) {
        unsigned lead = *c++, low = 0x80, high = 0xBF; /* bounds of the byte after the lead */
        unsigned tail = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) {
            return false;
        }
        if (lead == 0xE0) {
            low = 0xA0;
        } else if (lead == 0xED) {
            high = 0x9F;
        } else if (lead == 0xF0) {
            low = 0x90;
        } else if (lead == 0xF4) {
            high = 0x8F;
        }
        for (; tail > 0; tail--, c++, low = 0x80, high = 0xBF) {
            if (*c < low || *c > high) { /* the terminating zero is, too */
                return false;
            }
        }
    }
    return true;
}

#endif
