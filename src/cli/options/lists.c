/* Lists of numbers: widths or numbers of layers, rates, classes. */
#include "cli/options/numbers.h"

#include <string.h>

bool mnist_widths_set(const mnist_option *option, void *field, const char *text)
{
    mnist_widths widths = {0};
    if (strcmp(text, "none") != 0) {
        for (const char *p = text;; p++) {
            size_t length = strcspn(p, ",");
            uint64_t width;
            if (widths.count == MNIST_MAX_HIDDEN || !mnist_read_whole(p, length, &width) ||
                width < option->whole.min || width > option->whole.max) {
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

bool mnist_rates_set(const mnist_option *option, void *field, const char *text)
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
        /* a double in range may be rounded to a bound as a float */
        if (rates.count == MNIST_MAX_RATES || !mnist_read_real(p, &value) ||
            !mnist_option_in_range(option, value) ||
            !mnist_option_in_range(option, (double)(float)value)) {
            return false;
        }
        rates.rate[rates.count++] = (float)value + 0.0f;
    }
    memcpy(field, &rates, sizeof rates);
    return true;
}

void mnist_widths_format(const mnist_option *option, const void *field,
                         char text[MNIST_OPTION_TEXT])
{
    mnist_widths widths;
    memcpy(&widths, field, sizeof widths);
    size_t length = 0;
    snprintf(text, MNIST_OPTION_TEXT, "%s", option->flags & MNIST_OPTION_OPTIONAL ? "" : "none");
    for (unsigned i = 0; i < widths.count; i++) {
        /* 16 widths of 5 digits fit with room to spare */
        length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%u", i ? "," : "",
                                   widths.width[i]);
    }
}

void mnist_rates_format(const mnist_option *option, const void *field, char text[MNIST_OPTION_TEXT])
{
    mnist_rates rates;
    memcpy(&rates, field, sizeof rates);
    size_t length = 0;
    snprintf(text, MNIST_OPTION_TEXT, "%s", option->flags & MNIST_OPTION_OPTIONAL ? "" : "none");
    for (unsigned i = 0; i < rates.count; i++) {
        char rate[MNIST_REAL_TEXT];
        mnist_float_format(rates.rate[i], rate);
        /* 17 of at most 15 characters fit */
        length +=
            (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%s", i ? "," : "", rate);
    }
}

/* Reads a class; *text goes on behind it. */
static bool read_class(const char **text, unsigned *out)
{
    const size_t length = strspn(*text, "0123456789");
    uint64_t value;
    if (length < 1 || length > 3 || !mnist_read_whole(*text, length, &value) ||
        value >= MNIST_MAX_CLASSES) {
        return false;
    }
    *out = (unsigned)value;
    *text += length;
    return true;
}

/* In ascending order: each by itself, or runs of three and more as "3-7". false: no room. */
static bool print_classes(const mnist_class_set *classes, bool runs, char text[MNIST_OPTION_TEXT])
{
    size_t length = 0;
    for (unsigned c = 0; c < MNIST_MAX_CLASSES && length < MNIST_OPTION_TEXT; c++) {
        unsigned last = c;
        if (!mnist_class_set_has(classes, c)) {
            continue;
        }
        while (runs && last + 1 < MNIST_MAX_CLASSES && mnist_class_set_has(classes, last + 1)) {
            last++;
        }
        length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%u",
                                   length ? "," : "", c);
        if (last > c + 1 && length < MNIST_OPTION_TEXT) {
            length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "-%u", last);
            c = last;
        }
    }
    return length < MNIST_OPTION_TEXT;
}

bool mnist_classes_set(void *field, const char *text)
{
    mnist_class_set classes = {{0}};
    char printed[MNIST_OPTION_TEXT];
    for (const char *p = text; strcmp(text, "none") != 0; p++) {
        unsigned first, last;
        if (!read_class(&p, &first)) {
            return false;
        }
        last = first;
        if (*p == '-' && (p++, !read_class(&p, &last) || last <= first)) {
            return false;
        }
        for (unsigned c = first; c <= last; c++) {
            if (mnist_class_set_has(&classes, c)) { /* each once */
                return false;
            }
            mnist_class_set_add(&classes, c);
        }
        if (*p != ',') {
            if (*p != '\0') {
                return false;
            }
            break;
        }
    }
    if (!print_classes(&classes, true, printed)) {
        return false;
    }
    memcpy(field, &classes, sizeof classes);
    return true;
}

void mnist_classes_format(const mnist_option *option, const void *field,
                          char text[MNIST_OPTION_TEXT])
{
    mnist_class_set classes;
    memcpy(&classes, field, sizeof classes);
    snprintf(text, MNIST_OPTION_TEXT, "%s", option->flags & MNIST_OPTION_OPTIONAL ? "" : "none");
    if (!print_classes(&classes, false, text)) {
        (void)print_classes(&classes, true, text);
    }
}
