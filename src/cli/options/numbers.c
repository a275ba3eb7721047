#define _POSIX_C_SOURCE 200809L
#include "cli/options/numbers.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers. They have a decimal point in every locale. strtod and printf follow LC_NUMERIC, so the
 * point is replaced by the locale's before strtod, and the locale's by a point after printf. */

/* Length of the plain decimal that text begins with: digits, a point among them or not. 0: none. */
static size_t decimal_length(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t length = whole;
    size_t part = 0;
    if (text[length] == '.') {
        part = strspn(text + length + 1, "0123456789");
        length += 1 + part;
    }
    return whole + part > 0 ? length : 0;
}

/* The nearest double to a decimal in the C locale's form, which the caller has checked. */
static double decimal_value(const char *text)
{
    char local[MNIST_NUMBER_TEXT + 16];
    const char *point = strchr(text, '.');
    if (point) {
        snprintf(local, sizeof local, "%.*s%s%s", (int)(point - text), text,
                 localeconv()->decimal_point, point + 1);
    } else {
        snprintf(local, sizeof local, "%s", text);
    }
    return strtod(local, NULL);
}

bool mnist_read_real(const char *text, double *value)
{
    if (strlen(text) > MNIST_NUMBER_TEXT) {
        return false;
    }
    const char *p = text + (*text == '-');
    size_t length = decimal_length(p);
    if (length == 0) {
        return false;
    }
    p += length;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '-' || *p == '+';
        size_t digits = strspn(p, "0123456789");
        if (digits == 0) {
            return false;
        }
        p += digits;
    }
    if (*p != '\0') {
        return false;
    }
    *value = decimal_value(text);
    return isfinite(*value);
}

/* Shifting the exponent instead of dividing keeps it equal to 0.976 in every bit. */
bool mnist_read_percent(const char *text, double *fraction)
{
    size_t length = decimal_length(text);
    char shifted[MNIST_NUMBER_TEXT + 4];
    if (length == 0 || length > MNIST_NUMBER_TEXT || strcmp(text + length, "%") != 0) {
        return false;
    }
    snprintf(shifted, sizeof shifted, "%.*se-2", (int)length, text);
    *fraction = decimal_value(shifted);
    return isfinite(*fraction);
}

bool mnist_read_whole(const char *text, size_t length, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        unsigned digit = (unsigned)(text[i] - '0');
        if (result > (UINT64_MAX - digit) / 10) {
            return false;
        }
        result = result * 10 + digit;
    }
    *value = result;
    return length > 0;
}

bool mnist_option_in_range(const mnist_option *option, double value)
{
    bool low_enough = option->real.below_max ? value < option->real.max : value <= option->real.max;
    bool high_enough =
        option->real.above_min ? value > option->real.min : value >= option->real.min;
    return low_enough && high_enough;
}

/* Adds digits until the text reads back to the same value; a float must read back both as a float
 * and as a double that is then rounded. */
static void format_real(double value, bool is_float, char text[MNIST_REAL_TEXT])
{
    char digits[MNIST_REAL_TEXT];
    if (fabs(value) < 1e15 && value == floor(value)) {
        snprintf(text, MNIST_REAL_TEXT, "%.0f", value); /* 10, where %g would make it 1e+01 */
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (is_float ? (float)strtod(digits, NULL) == (float)value &&
                           strtof(digits, NULL) == (float)value
                     : strtod(digits, NULL) == value) {
            break;
        }
    }
    /* 1e-05 becomes 1e-5, 1e+20 becomes 1e20, a locale's point becomes a point */
    const char *point = localeconv()->decimal_point;
    size_t written = 0;
    for (const char *p = digits; *p; p++) {
        if (strncmp(p, point, strlen(point)) == 0) {
            text[written++] = '.';
            p += strlen(point) - 1;
            continue;
        }
        text[written++] = *p;
        if (*p == 'e') {
            p++;
            if (*p == '-') {
                text[written++] = '-';
            }
            p += strspn(p, "+-0") - 1;
        }
    }
    text[written] = '\0';
}

void mnist_real_format(double value, char text[MNIST_REAL_TEXT])
{
    assert(isfinite(value));
    format_real(value, false, text);
}

void mnist_float_format(float value, char text[MNIST_REAL_TEXT])
{
    assert(isfinite(value));
    format_real((double)value, true, text);
}
