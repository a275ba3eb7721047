#include "cli/terminal/format.h"

#include <math.h>
#include <stdio.h>

void mnist_format_rate(char text[MNIST_FORMAT_TEXT], double per_second)
{
    static const char units[] = " kMGT";
    if (!(per_second >= 0.0) || !(per_second < 999.5e12)) {
        snprintf(text, MNIST_FORMAT_TEXT, "   -");
        return;
    }
    if (per_second < 999.5) {
        snprintf(text, MNIST_FORMAT_TEXT, "%4.0f", per_second);
        return;
    }
    unsigned unit = 0;
    while (per_second >= 999.5) { /* 999.5 and more would be rounded to four digits */
        per_second /= 1000.0;
        unit++;
    }
    snprintf(text, MNIST_FORMAT_TEXT, per_second < 9.95 ? "%3.1f%c" : "%3.0f%c", per_second,
             units[unit]);
}

void mnist_format_duration(char text[MNIST_FORMAT_TEXT], double seconds)
{
    if (!(seconds >= 0.0) || seconds > 1e9) {
        snprintf(text, MNIST_FORMAT_TEXT, "-:--");
        return;
    }
    unsigned long whole = (unsigned long)ceil(seconds);
    unsigned long minutes = whole / 60, hours = minutes / 60, days = hours / 24;
    if (days > 0) {
        snprintf(text, MNIST_FORMAT_TEXT, "%lud %02luh", days, hours % 24);
    } else if (hours > 0) {
        snprintf(text, MNIST_FORMAT_TEXT, "%lu:%02lu:%02lu", hours, minutes % 60, whole % 60);
    } else {
        snprintf(text, MNIST_FORMAT_TEXT, "%lu:%02lu", minutes, whole % 60);
    }
}

void mnist_format_accuracy(char text[MNIST_FORMAT_TEXT], double fraction)
{
    double percent = 100.0 * fraction;
    if (percent >= 100.0) {
        snprintf(text, MNIST_FORMAT_TEXT, "100.0%%");
        return;
    }
    /* 59,999 of 60,000 must not be rounded up to 100 % */
    snprintf(text, MNIST_FORMAT_TEXT, "%5.2f%%", percent > 99.99 ? 99.99 : percent);
}

void mnist_format_loss(char text[MNIST_FORMAT_TEXT], double loss)
{
    int decimals = loss < 9.99995 ? 4 : loss < 99.9995 ? 3 : loss < 999.995 ? 2 : -1;
    if (!isfinite(loss)) {
        snprintf(text, MNIST_FORMAT_TEXT, "%6s", isnan(loss) ? "nan" : loss > 0 ? "inf" : "-inf");
    } else if (decimals < 0) {
        snprintf(text, MNIST_FORMAT_TEXT, "%6.0e", loss);
    } else {
        snprintf(text, MNIST_FORMAT_TEXT, "%6.*f", decimals, loss);
    }
}

static int digits_of(unsigned number)
{
    int digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

void mnist_format_position(char text[MNIST_POSITION_TEXT], unsigned run, unsigned runs,
                           unsigned epoch, unsigned epochs)
{
    char which[48] = "";
    if (runs > 1) {
        snprintf(which, sizeof which, "run %*u/%u  ", digits_of(runs), run, runs);
    }
    snprintf(text, MNIST_POSITION_TEXT, "%sepoch %*u/%u", which, digits_of(epochs), epoch, epochs);
}
