#include "train/spec.h"

#include <stdio.h>

#define DIGITS                                                                                     \
    9 /* most of a number: ten to that power is exact as a double, and as a float nearly so */

static double power_of_ten(unsigned exponent)
{
    double power = 1.0;
    for (; exponent > 0; exponent--) {
        power *= 10.0;
    }
    return power;
}

bool mnist_spec_read_fraction(const char *text, bool percent, float *value)
{
    double whole = 0.0;
    unsigned digits = 0, decimals = 0;
    bool point = false, any = false;
    const char *p = text;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        whole = whole * 10.0 + (*p - '0');
        decimals += point;
        any = true;
        digits += whole > 0.0; /* zeros before it do not count */
        if (digits > DIGITS) {
            return false;
        }
    }
    if (percent && *p == '%') {
        decimals += 2;
        p++;
    }
    *value = (float)(whole / power_of_ten(decimals));
    return any && decimals <= DIGITS && *p == '\0' && *value <= 1.0f;
}

void mnist_spec_print_fraction(float value, char text[MNIST_SPEC_FRACTION])
{
    for (unsigned decimals = 1; decimals <= DIGITS; decimals++) {
        const double scaled = (double)value * power_of_ten(decimals) + 0.5;
        const unsigned long whole = (unsigned long)scaled;
        if (decimals == DIGITS || (float)((double)whole / power_of_ten(decimals)) == value) {
            const unsigned long ten = (unsigned long)power_of_ten(decimals);
            snprintf(text, MNIST_SPEC_FRACTION, "%lu.%0*lu", whole / ten, (int)decimals,
                     whole % ten);
            return;
        }
    }
}
