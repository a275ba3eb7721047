#define _POSIX_C_SOURCE 200809L

#include "cli/terminal/view.h"

#include "cli/terminal/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The curve. */

void mnist_loss_curve_add(mnist_loss_curve *curve, double loss)
{
    if (curve->bin_steps == 0) {
        curve->bin_steps = 1;
    }
    curve->sum += loss;
    if (++curve->steps < curve->bin_steps) {
        return;
    }
    curve->mean[curve->bins++] = curve->sum / (double)curve->steps;
    curve->sum = 0.0;
    curve->steps = 0;
    if (curve->bins == MNIST_LOSS_BINS) { /* two bins become one */
        curve->bins /= 2;
        curve->bin_steps *= 2;
        for (size_t i = 0; i < curve->bins; i++) {
            curve->mean[i] = 0.5 * (curve->mean[2 * i] + curve->mean[2 * i + 1]);
        }
    }
}

size_t mnist_loss_curve_values(const mnist_loss_curve *curve, size_t most, double *values)
{
    const size_t count = curve->bins < most ? curve->bins : most;
    for (size_t i = 0; i < count; i++) {
        const size_t first = i * curve->bins / count, end = (i + 1) * curve->bins / count;
        double sum = 0.0;
        for (size_t bin = first; bin < end; bin++) {
            sum += curve->mean[bin];
        }
        values[i] = sum / (double)(end - first);
    }
    return count;
}

/* Lines. */

#define BOLD  "\x1b[1m"
#define CYAN  "\x1b[36m"
#define RESET "\x1b[0m"

enum { BAR_MOST = 40, BAR_LEAST = 5, CURVE_MOST = 64, LEVELS = 8, LINE = 512 };

/* A line being put together: text, and the columns that it takes. */
typedef struct line {
    char text[LINE];
    size_t bytes;
    unsigned columns, width;
    bool color;
} line;

static void append(line *l, const char *text)
{
    size_t length = strlen(text);
    if (l->bytes + length < LINE) { /* always true: the widest line has some 300 bytes */
        memcpy(l->text + l->bytes, text, length + 1);
        l->bytes += length;
    }
}

/* Text of one byte a column, if there is room for all of it. */
static bool put(line *l, const char *text, const char *style)
{
    const size_t columns = strlen(text);
    if (l->columns + columns > l->width) {
        return false;
    }
    append(l, l->color ? style : "");
    append(l, text);
    append(l, l->color && *style ? RESET : "");
    l->columns += (unsigned)columns;
    return true;
}

/* "[=====>    ] " within so many columns; nothing where they are too few. */
static void put_bar(line *l, unsigned columns, double share)
{
    if (columns < BAR_LEAST + 3) {
        return;
    }
    char bar[BAR_MOST + 4];
    const unsigned cells = columns - 3 < BAR_MOST ? columns - 3 : BAR_MOST;
    const unsigned full = (unsigned)(share * cells);
    size_t at = 0;
    bar[at++] = '[';
    for (unsigned i = 0; i < cells; i++) {
        bar[at++] = i < full ? '=' : i == full ? '>' : ' ';
    }
    bar[at++] = ']';
    bar[at++] = ' ';
    bar[at] = '\0';
    put(l, bar, "");
}

/* Position, bar, percentage, rate, time left. A narrow line loses the bar first, then the rate, the
 * time left and the percentage. */
static void format_place(line *l, const mnist_live *v)
{
    char position[MNIST_POSITION_TEXT], item[MNIST_FORMAT_TEXT];
    char percent[16], rate[48], left[48];
    const double share = v->epoch_share >= 0.0 && v->epoch_share < 1.0 ? v->epoch_share
                         : v->epoch_share >= 1.0                       ? 1.0
                                                                       : 0.0;
    mnist_format_position(position, v->run, v->runs, v->epoch, v->epochs);
    snprintf(percent, sizeof percent, " %3u%%", (unsigned)(100.0 * share + 1e-9));
    mnist_format_rate(item, v->images_per_second);
    snprintf(rate, sizeof rate, "  %s img/s", item);
    mnist_format_duration(item, v->eta);
    snprintf(left, sizeof left, "  ETA %s", item);
    size_t columns = strlen(position);
    if (columns > l->width) { /* its end is what changes */
        put(l, position + (columns - l->width), BOLD);
        return;
    }
    put(l, position, BOLD);
    const bool has_percent = (columns += strlen(percent)) <= l->width;
    const bool has_left = has_percent && columns + strlen(left) <= l->width;
    columns += has_left ? strlen(left) : 0;
    const bool has_rate = has_left && columns + strlen(rate) <= l->width;
    columns += has_rate ? strlen(rate) : 0;
    if (has_rate && columns + BAR_LEAST + 3 <= l->width) {
        put(l, " ", "");
        put_bar(l, l->width - (unsigned)columns, share);
        put(l, percent + 1, "");
    } else if (has_percent) {
        put(l, percent, "");
    }
    if (has_rate) {
        put(l, rate, "");
    }
    if (has_left) {
        put(l, left, "");
    }
}

/* A value's height in the curve, from 0 to LEVELS - 1: logarithmic, as losses fall by orders of
 * magnitude, but linear if one is not above 0, as with a confidence penalty. Values that hardly
 * differ are drawn flat. */
static unsigned level(double value, double least, double most)
{
    if (!isfinite(value)) {
        return LEVELS - 1;
    }
    double range = most - least, height = value - least;
    if (least > 0.0) {
        range = fmax(log(most / least), 0.1);
        height = log(value / least);
    }
    const double share = range > 0.0 ? height / range : 0.0;
    const double scaled = share * LEVELS;
    return scaled >= LEVELS ? LEVELS - 1 : scaled > 0.0 ? (unsigned)scaled : 0;
}

static void format_loss(line *l, const mnist_live *v, bool utf8)
{
    static const char *const blocks[LEVELS] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                               "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const ascii[LEVELS] = {".", ":", "-", "=", "+", "*", "%", "#"};
    char item[MNIST_FORMAT_TEXT], loss[48];
    double values[CURVE_MOST], least = INFINITY, most = -INFINITY;
    mnist_format_loss(item, v->loss);
    snprintf(loss, sizeof loss, "loss %s ", item);
    if (!put(l, loss, "")) {
        loss[strlen(loss) - 1] = '\0';
        put(l, loss, "");
        return;
    }
    const unsigned room = l->width - l->columns;
    const size_t count =
        v->curve ? mnist_loss_curve_values(v->curve, room < CURVE_MOST ? room : CURVE_MOST, values)
                 : 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i])) {
            least = fmin(least, values[i]);
            most = fmax(most, values[i]);
        }
    }
    append(l, l->color && count > 0 ? CYAN : "");
    for (size_t i = 0; i < count; i++) {
        append(l, (utf8 ? blocks : ascii)[level(values[i], least, most)]);
        l->columns++;
    }
    append(l, l->color && count > 0 ? RESET : "");
}

static void format_accuracy(line *l, const mnist_live *v)
{
    char item[MNIST_FORMAT_TEXT], text[64];
    mnist_format_accuracy(item, v->accuracy);
    snprintf(text, sizeof text, "acc %s", item);
    bool fits = put(l, text, "");
    if (v->validation_accuracy >= 0.0) {
        mnist_format_accuracy(item, v->validation_accuracy);
        fits = fits && l->columns + 6 + strlen(item) <= l->width;
        if (fits) {
            put(l, "  val ", "");
            put(l, item, BOLD);
        }
    }
    snprintf(text, sizeof text, "  lr %.3g", v->lr);
    if (fits) {
        put(l, text, "");
    }
}

unsigned mnist_live_format(char text[MNIST_LIVE_TEXT], const mnist_live *view,
                           const mnist_live_style *style)
{
    const unsigned lines = style->lines < 1                  ? 1
                           : style->lines > MNIST_LIVE_LINES ? MNIST_LIVE_LINES
                                                             : style->lines;
    size_t length = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < lines; i++) {
        line l = {.width = style->width, .color = style->color};
        if (i == 0) {
            format_place(&l, view);
        } else if (i == 1) {
            format_loss(&l, view, style->utf8);
        } else {
            format_accuracy(&l, view);
        }
        length += (size_t)snprintf(text + length, MNIST_LIVE_TEXT - length, "%s%s",
                                   i > 0 ? "\n" : "", l.text);
    }
    return lines;
}
