/* The table: finding an option, reading and writing its field. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/options.h"

#include <assert.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t mnist_share_of(mnist_share share, uint64_t total)
{
    if (share.fraction <= 0.0) {
        return share.count;
    }
    uint64_t part = (uint64_t)(share.fraction * (double)total + 0.5);
    return part < total ? part : total;
}

mnist_option_ref mnist_option_at(const mnist_program *program, size_t index)
{
    size_t rest = index;
    for (size_t i = 0; i < program->section_count; i++) {
        const mnist_option_section *section = &program->sections[i];
        if (rest < section->count) {
            return (mnist_option_ref){&section->options[rest], section, index};
        }
        rest -= section->count;
    }
    return (mnist_option_ref){NULL, NULL, index};
}

mnist_option_ref mnist_option_find(const mnist_program *program, const char *name)
{
    mnist_option_ref ref = mnist_option_at(program, 0);
    while (ref.option && strcmp(ref.option->name, name) != 0 &&
           !(ref.option->alias && strcmp(ref.option->alias, name) == 0)) {
        ref = mnist_option_at(program, ref.index + 1);
    }
    return ref;
}

/* Numbers. They have a decimal point in every locale. strtod and printf follow LC_NUMERIC, so the
 * point is replaced by the locale's before strtod, and the locale's by a point after printf. */

#define NUMBER_TEXT 64 /* nobody types a longer number */

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
    char local[NUMBER_TEXT + 16];
    const char *point = strchr(text, '.');
    if (point) {
        snprintf(local, sizeof local, "%.*s%s%s", (int)(point - text), text,
                 localeconv()->decimal_point, point + 1);
    } else {
        snprintf(local, sizeof local, "%s", text);
    }
    return strtod(local, NULL);
}

/* The whole text: maybe a minus, a decimal, maybe an exponent. No inf, nan, hex, blanks, plus. */
static bool read_real(const char *text, double *value)
{
    if (strlen(text) > NUMBER_TEXT) {
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

/* "97.6%". Shifting the exponent instead of dividing keeps it equal to 0.976 in every bit. */
static bool read_percent(const char *text, double *fraction)
{
    size_t length = decimal_length(text);
    char shifted[NUMBER_TEXT + 4];
    if (length == 0 || length > NUMBER_TEXT || strcmp(text + length, "%") != 0) {
        return false;
    }
    snprintf(shifted, sizeof shifted, "%.*se-2", (int)length, text);
    *fraction = decimal_value(shifted);
    return isfinite(*fraction);
}

static bool read_whole(const char *text, size_t length, uint64_t *value)
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

static bool real_in_range(const mnist_option *option, double value)
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

/* Setting. Fields are written with memcpy: an enum's type is the compiler's choice of integer. */

static bool set_whole(const mnist_option *option, void *field, const char *text)
{
    uint64_t value;
    if (!read_whole(text, strlen(text), &value) || value < option->whole.min ||
        value > option->whole.max) {
        return false;
    }
    if (option->type == MNIST_OPTION_UNSIGNED) {
        unsigned narrow = (unsigned)value;
        assert(narrow == value);
        memcpy(field, &narrow, sizeof narrow);
    } else if (option->type == MNIST_OPTION_SIZE) {
        size_t size = (size_t)value;
        assert(size == value);
        memcpy(field, &size, sizeof size);
    } else {
        memcpy(field, &value, sizeof value);
    }
    return true;
}

static bool set_real(const mnist_option *option, void *field, const char *text)
{
    double value;
    bool percent = option->type == MNIST_OPTION_PERCENT && read_percent(text, &value);
    if ((!percent && !read_real(text, &value)) || !real_in_range(option, value)) {
        return false;
    }
    value += 0.0; /* minus zero becomes zero */
    if (option->type != MNIST_OPTION_FLOAT) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    /* what is in range as a double may have been rounded to a bound as a float */
    if (fabs(value) > (double)FLT_MAX || !real_in_range(option, (double)(float)value)) {
        return false;
    }
    float narrow = (float)value;
    memcpy(field, &narrow, sizeof narrow);
    return true;
}

static bool set_share(const mnist_option *option, void *field, const char *text)
{
    mnist_share share = {0.0, 0};
    double value;
    if (read_whole(text, strlen(text), &share.count)) {
        if (share.count < option->whole.min || share.count > option->whole.max) {
            return false;
        }
    } else if (read_percent(text, &value) || read_real(text, &value)) {
        if (!(value >= 0.0 && value < 1.0)) {
            return false;
        }
        share.fraction = value + 0.0;
        if (share.fraction <= 0.0 && option->whole.min > 0) {
            return false;
        }
    } else {
        return false;
    }
    memcpy(field, &share, sizeof share);
    return true;
}

static bool set_widths(void *field, const char *text)
{
    mnist_widths widths = {0};
    if (strcmp(text, "none") != 0) {
        for (const char *p = text;; p++) {
            size_t length = strcspn(p, ",");
            uint64_t width;
            if (widths.count == MNIST_MAX_HIDDEN || !read_whole(p, length, &width) || width < 1 ||
                width > MNIST_MAX_WIDTH) {
                return false;
            }
            widths.width[widths.count++] = (unsigned)width;
            p += length;
            if (*p == '\0') {
                break;
            }
        }
    }
    memcpy(field, &widths, sizeof widths);
    return true;
}

/* Each class once. */
static bool set_classes(void *field, const char *text)
{
    unsigned classes = 0;
    for (const char *p = text; strcmp(text, "none") != 0; p += 2) {
        const unsigned c = (unsigned char)*p - (unsigned)'0';
        if (c >= MNIST_CLASSES || (classes & 1u << c) || (p[1] != ',' && p[1] != '\0')) {
            return false;
        }
        classes |= 1u << c;
        if (p[1] == '\0') {
            break;
        }
    }
    memcpy(field, &classes, sizeof classes);
    return true;
}

static bool set_rates(void *field, const char *text)
{
    mnist_rates rates = {0};
    char copy[MNIST_OPTION_TEXT];
    if (strlen(text) >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, strlen(text) + 1);
    for (char *p = copy, *comma; p && strcmp(text, "none") != 0; p = comma ? comma + 1 : NULL) {
        double value;
        comma = strchr(p, ',');
        if (comma) {
            *comma = '\0';
        }
        if (rates.count == MNIST_MAX_HIDDEN || !read_real(p, &value) ||
            !(value >= 0.0 && (double)(float)value < 1.0)) {
            return false;
        }
        rates.rate[rates.count++] = (float)value + 0.0f;
    }
    memcpy(field, &rates, sizeof rates);
    return true;
}

/* "30s", also as it is formatted: "2e-5s". */
static bool read_seconds(const char *text, double *seconds)
{
    char number[NUMBER_TEXT];
    const size_t length = strlen(text);
    if (length < 2 || length > sizeof number || text[length - 1] != 's') {
        return false;
    }
    snprintf(number, sizeof number, "%.*s", (int)(length - 1), text);
    return read_real(number, seconds);
}

/* "30s", "500steps", "2epochs", "2": a number above 0 and a unit; of "steps" and "epochs" the s may
 * be missing. */
static bool set_interval(void *field, const char *text)
{
    mnist_interval interval = {0.0, 0, 0};
    uint64_t count;
    const size_t length = strspn(text, "0123456789");
    const char *unit = text + length;
    if (read_seconds(text, &interval.seconds)) {
        if (interval.seconds <= 0.0 || interval.seconds > 1e9) {
            return false;
        }
    } else if (!read_whole(text, length, &count) || count == 0) {
        return false;
    } else if (strcmp(unit, "steps") == 0 || strcmp(unit, "step") == 0) {
        interval.steps = count;
    } else if (count <= 1000000 &&
               (*unit == '\0' || strcmp(unit, "epochs") == 0 || strcmp(unit, "epoch") == 0)) {
        interval.epochs = (unsigned)count;
    } else {
        return false;
    }
    memcpy(field, &interval, sizeof interval);
    return true;
}

/* The value of that name; -1: there is none. */
static int choice_value(const mnist_option *option, const char *text)
{
    for (int value = 0; option->choice(value); value++) {
        if (strcmp(option->choice(value), text) == 0) {
            return value;
        }
    }
    return -1;
}

static bool set_choice(const mnist_option *option, void *field, const char *text)
{
    int value = choice_value(option, text);
    if (value >= 0) {
        memcpy(field, &value, sizeof value);
    }
    return value >= 0;
}

bool mnist_option_set(const mnist_option *option, void *field, const char *text)
{
    bool on = strcmp(text, "true") == 0;
    switch (option->type) {
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
        if (!on && strcmp(text, "false") != 0) {
            return false;
        }
        memcpy(field, &on, sizeof on);
        return true;
    case MNIST_OPTION_UNSIGNED:
    case MNIST_OPTION_SIZE:
    case MNIST_OPTION_UINT64:
        return set_whole(option, field, text);
    case MNIST_OPTION_FLOAT:
    case MNIST_OPTION_DOUBLE:
    case MNIST_OPTION_PERCENT:
        return set_real(option, field, text);
    case MNIST_OPTION_SHARE:
        return set_share(option, field, text);
    case MNIST_OPTION_WIDTHS:
        return set_widths(field, text);
    case MNIST_OPTION_RATES:
        return set_rates(field, text);
    case MNIST_OPTION_CLASSES:
        return set_classes(field, text);
    case MNIST_OPTION_INTERVAL:
        return set_interval(field, text);
    case MNIST_OPTION_CHOICE:
        return set_choice(option, field, text);
    case MNIST_OPTION_STRING:
        if (*text == '\0') {
            return false;
        }
        memcpy(field, &text, sizeof text);
        return true;
    case MNIST_OPTION_ACTION_RECIPE:
        return choice_value(option, text) >= 0;
    case MNIST_OPTION_ACTION_CONFIG:
    case MNIST_OPTION_ACTION_PRINT_CONFIG:
    case MNIST_OPTION_ACTION_HELP:
    case MNIST_OPTION_ACTION_VERSION:
        break;
    }
    return false; /* no field */
}

/* Formatting. */

static uint64_t get_whole(const mnist_option *option, const void *field)
{
    unsigned narrow;
    size_t size;
    uint64_t value;
    switch (option->type) {
    case MNIST_OPTION_UNSIGNED:
        memcpy(&narrow, field, sizeof narrow);
        return narrow;
    case MNIST_OPTION_SIZE:
        memcpy(&size, field, sizeof size);
        return size;
    default:
        memcpy(&value, field, sizeof value);
        return value;
    }
}

static void format_double(const mnist_option *option, const void *field, char *text)
{
    double value;
    float narrow;
    if (option->type == MNIST_OPTION_FLOAT) {
        memcpy(&narrow, field, sizeof narrow);
        mnist_float_format(narrow, text);
        value = (double)narrow;
    } else {
        memcpy(&value, field, sizeof value);
        mnist_real_format(value, text);
    }
    if ((option->flags & MNIST_OPTION_OPTIONAL) && !real_in_range(option, value)) {
        text[0] = '\0';
    }
}

static void format_widths(const void *field, char text[MNIST_OPTION_TEXT])
{
    mnist_widths widths;
    memcpy(&widths, field, sizeof widths);
    size_t length = 0;
    snprintf(text, MNIST_OPTION_TEXT, "none");
    for (unsigned i = 0; i < widths.count; i++) {
        /* 16 widths of 5 digits fit with room to spare */
        length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%u", i ? "," : "",
                                   widths.width[i]);
    }
}

static void format_rates(const void *field, char text[MNIST_OPTION_TEXT])
{
    mnist_rates rates;
    memcpy(&rates, field, sizeof rates);
    size_t length = 0;
    snprintf(text, MNIST_OPTION_TEXT, "none");
    for (unsigned i = 0; i < rates.count; i++) {
        char rate[MNIST_REAL_TEXT];
        mnist_float_format(rates.rate[i], rate);
        /* 16 of at most 15 characters fit */
        length +=
            (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%s", i ? "," : "", rate);
    }
}

/* In ascending order. */
static void format_classes(const mnist_option *option, const void *field,
                           char text[MNIST_OPTION_TEXT])
{
    unsigned classes;
    size_t length = 0;
    memcpy(&classes, field, sizeof classes);
    snprintf(text, MNIST_OPTION_TEXT, "%s", option->flags & MNIST_OPTION_OPTIONAL ? "" : "none");
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        if (classes & 1u << c) {
            length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%u",
                                       length ? "," : "", c);
        }
    }
}

static void format_interval(const void *field, char text[MNIST_OPTION_TEXT])
{
    mnist_interval interval;
    memcpy(&interval, field, sizeof interval);
    if (interval.seconds > 0.0) {
        char number[MNIST_REAL_TEXT];
        mnist_real_format(interval.seconds, number);
        snprintf(text, MNIST_OPTION_TEXT, "%ss", number);
    } else if (interval.steps > 0) {
        snprintf(text, MNIST_OPTION_TEXT, "%justeps", (uintmax_t)interval.steps);
    } else if (interval.epochs > 0) {
        snprintf(text, MNIST_OPTION_TEXT, "%uepochs", interval.epochs);
    }
}

static void format_switch(const mnist_option *option, const void *field,
                          char text[MNIST_OPTION_TEXT])
{
    bool on;
    memcpy(&on, field, sizeof on);
    if (on || !(option->flags & MNIST_OPTION_OPTIONAL)) {
        snprintf(text, MNIST_OPTION_TEXT, "%s", on ? "true" : "false");
    }
}

void mnist_option_format(const mnist_option *option, const void *field,
                         char text[MNIST_OPTION_TEXT])
{
    int value;
    mnist_share share;
    const char *string;
    text[0] = '\0';
    switch (option->type) {
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
        format_switch(option, field, text);
        break;
    case MNIST_OPTION_UNSIGNED:
    case MNIST_OPTION_SIZE:
    case MNIST_OPTION_UINT64:
        if (!(option->flags & MNIST_OPTION_OPTIONAL) || get_whole(option, field) > 0) {
            snprintf(text, MNIST_OPTION_TEXT, "%ju", (uintmax_t)get_whole(option, field));
        }
        break;
    case MNIST_OPTION_FLOAT:
    case MNIST_OPTION_DOUBLE:
    case MNIST_OPTION_PERCENT:
        format_double(option, field, text);
        break;
    case MNIST_OPTION_SHARE:
        memcpy(&share, field, sizeof share);
        if (share.fraction > 0.0) {
            mnist_real_format(share.fraction, text);
        } else {
            snprintf(text, MNIST_OPTION_TEXT, "%ju", (uintmax_t)share.count);
        }
        break;
    case MNIST_OPTION_WIDTHS:
        format_widths(field, text);
        break;
    case MNIST_OPTION_RATES:
        format_rates(field, text);
        break;
    case MNIST_OPTION_CLASSES:
        format_classes(option, field, text);
        break;
    case MNIST_OPTION_INTERVAL:
        format_interval(field, text);
        break;
    case MNIST_OPTION_CHOICE:
        memcpy(&value, field, sizeof value);
        snprintf(text, MNIST_OPTION_TEXT, "%s", option->choice(value));
        break;
    case MNIST_OPTION_STRING:
        memcpy(&string, field, sizeof string);
        snprintf(text, MNIST_OPTION_TEXT, "%s", string ? string : "");
        break;
    case MNIST_OPTION_ACTION_RECIPE:
    case MNIST_OPTION_ACTION_CONFIG:
    case MNIST_OPTION_ACTION_PRINT_CONFIG:
    case MNIST_OPTION_ACTION_HELP:
    case MNIST_OPTION_ACTION_VERSION:
        break; /* no field: "" */
    }
}
