/* The table: finding an option, reading and writing its field. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/numbers.h"

#include <assert.h>
#include <float.h>
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

bool mnist_option_is_place(const mnist_option *option)
{
    return option->argument &&
           (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "DIR") == 0 ||
            strcmp(option->argument, "MODEL") == 0 || strcmp(option->argument, "EARLY") == 0);
}

/* Setting. Fields are written with memcpy: an enum's type is the compiler's choice of integer. */

static bool set_whole(const mnist_option *option, void *field, const char *text)
{
    uint64_t value;
    if (!mnist_read_whole(text, strlen(text), &value) || value < option->whole.min ||
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
    bool percent = option->type == MNIST_OPTION_PERCENT && mnist_read_percent(text, &value);
    if ((!percent && !mnist_read_real(text, &value)) || !mnist_option_in_range(option, value)) {
        return false;
    }
    value += 0.0; /* minus zero becomes zero */
    if (option->type != MNIST_OPTION_FLOAT) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    /* what is in range as a double may have been rounded to a bound as a float */
    if (fabs(value) > (double)FLT_MAX || !mnist_option_in_range(option, (double)(float)value)) {
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
    if (mnist_read_whole(text, strlen(text), &share.count)) {
        if (share.count < option->whole.min || share.count > option->whole.max) {
            return false;
        }
    } else if (mnist_read_percent(text, &value) || mnist_read_real(text, &value)) {
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

/* "30s", also as it is formatted: "2e-5s". */
static bool read_seconds(const char *text, double *seconds)
{
    char number[MNIST_NUMBER_TEXT];
    const size_t length = strlen(text);
    if (length < 2 || length > sizeof number || text[length - 1] != 's') {
        return false;
    }
    snprintf(number, sizeof number, "%.*s", (int)(length - 1), text);
    return mnist_read_real(number, seconds);
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
    } else if (!mnist_read_whole(text, length, &count) || count == 0) {
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
        return mnist_widths_set(option, field, text);
    case MNIST_OPTION_RATES:
        return mnist_rates_set(option, field, text);
    case MNIST_OPTION_CLASSES:
        return mnist_classes_set(field, text);
    case MNIST_OPTION_INTERVAL:
        return set_interval(field, text);
    case MNIST_OPTION_CHOICE:
        return set_choice(option, field, text);
    case MNIST_OPTION_STRING:
        if (strcmp(text, "-") == 0 && mnist_option_is_place(option)) {
            text = option->dash == MNIST_DASH_STDIN ? MNIST_STDIN_PATH : "";
        }
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
    if ((option->flags & MNIST_OPTION_OPTIONAL) && !mnist_option_in_range(option, value)) {
        text[0] = '\0';
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
        mnist_widths_format(option, field, text);
        break;
    case MNIST_OPTION_RATES:
        mnist_rates_format(option, field, text);
        break;
    case MNIST_OPTION_CLASSES:
        mnist_classes_format(option, field, text);
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
