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

/* Each class once. */
bool mnist_classes_set(void *field, const char *text)
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

/* In ascending order. */
void mnist_classes_format(const mnist_option *option, const void *field,
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
