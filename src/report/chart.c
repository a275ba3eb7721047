#include "report/chart.h"

#include <math.h>

/* In the picture's units. One is about a pixel on a telephone, so text there has at least its
 * nominal size. */
#define WIDTH  360.0
#define HEIGHT 232.0
#define LEFT   48.0
#define RIGHT  84.0 /* room for the lines' names */
#define TOP    12.0
#define BOTTOM 40.0

#define LINE_GAP     15.0 /* between two names */
#define MOST_SERIES  8u
#define MOST_DOTS    60u /* more dots would look like a thick line */
#define MOST_VISIBLE 24u

double mnist_axis_place(const mnist_axis *axis, double value)
{
    /* not the logarithm of a quotient, which may overflow with numbers from an untrusted log */
    return axis->is_log ? (log(value) - log(axis->low)) / (log(axis->high) - log(axis->low))
                        : (value - axis->low) / (axis->high - axis->low);
}

static bool is_drawable(const mnist_axis *axis, double value)
{
    return isfinite(value) && (!axis->is_log || value > 0.0);
}

/* 1, 2 or 5 times a power of ten, at least `least`. */
static double nice_step(double least)
{
    const double power = pow(10.0, floor(log10(least)));
    const double rest = least / power;
    return (rest <= 1.0 + 1e-9   ? 1.0
            : rest <= 2.0 + 1e-9 ? 2.0
            : rest <= 5.0 + 1e-9 ? 5.0
                                 : 10.0) *
           power;
}

static unsigned log_ticks(const mnist_axis *axis, double ticks[MNIST_TICKS])
{
    static const double parts[] = {1.0, 2.0, 5.0};
    const double decades = log10(axis->high) - log10(axis->low);
    const unsigned each = decades <= 2.3 ? 3 : 1;
    const unsigned stride = decades > 8.0 ? (unsigned)ceil(decades / 8.0) : 1;
    unsigned count = 0;
    for (int e = (int)floor(log10(axis->low)); e <= (int)ceil(log10(axis->high));
         e += (int)stride) {
        for (unsigned p = 0; p < each && count < MNIST_TICKS; p++) {
            const double tick = parts[p] * pow(10.0, e);
            if (tick >= axis->low * (1.0 - 1e-9) && tick <= axis->high * (1.0 + 1e-9)) {
                ticks[count++] = tick;
            }
        }
    }
    return count;
}

unsigned mnist_axis_ticks(const mnist_axis *axis, unsigned wanted, double ticks[MNIST_TICKS])
{
    if (axis->is_log) {
        return log_ticks(axis, ticks);
    }
    double step = nice_step((axis->high - axis->low) / wanted);
    step = axis->is_whole ? fmax(step, 1.0) : step;
    unsigned count = 0;
    for (double n = ceil(axis->low / step - 1e-9); count < MNIST_TICKS; n += 1.0) {
        if (n * step > axis->high + 1e-9 * step) {
            break;
        }
        ticks[count++] = n * step;
    }
    return count;
}

mnist_axis mnist_axis_fit(const mnist_series *series, size_t count, mnist_scale scale,
                          double log_from)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < series[s].count; i++) {
            const double y = series[s].y[i];
            low = isfinite(y) ? fmin(low, y) : low;
            high = isfinite(y) ? fmax(high, y) : high;
        }
    }
    if (low > high) { /* no value at all */
        return (mnist_axis){.low = 0.0, .high = 1.0, .scale = scale};
    }
    if (log_from > 0.0 && low > 0.0 && high > low * log_from) {
        return (mnist_axis){.low = low / 1.12, .high = high * 1.12, .is_log = true, .scale = scale};
    }
    /* values that are nearer than a tick can show count as equal; values that are hardly numbers as
     * 0 */
    const double most = fmax(fabs(low), fabs(high)), spread = high - low;
    const double step = nice_step((most < 1e-290           ? 1.0
                                   : spread > 1e-12 * most ? spread
                                                           : 0.2 * most) /
                                  4.0);
    /* a value from a float may miss a tick by its last bit */
    mnist_axis axis = {.low = step * floor(low / step + 1e-6),
                       .high = step * ceil(high / step - 1e-6),
                       .scale = scale};
    if (axis.high <= axis.low) {
        axis.low -= step;
        axis.high += step;
    }
    if (low >= 0.0 && axis.low < 0.0) {
        axis.low = 0.0;
    }
    if (scale == MNIST_SCALE_PERCENT && high <= 1.0 && axis.high > 1.0) {
        axis.high = 1.0;
    }
    return axis;
}

mnist_axis mnist_axis_from_zero(mnist_axis axis)
{
    const double step = nice_step(axis.high / 5.0);
    axis.low = 0.0;
    axis.high = step * ceil(axis.high / step - 1e-6);
    return axis;
}

/* Decimals that distinguish value from its neighbours at 1, 2 or 5 times a power of ten. */
static unsigned decimals_of(double value)
{
    unsigned decimals = 0;
    for (double scaled = fabs(value); decimals < 6 && fabs(scaled - round(scaled)) > 1e-6;
         scaled *= 10.0) {
        decimals++;
    }
    return decimals;
}

/* A number of at most three digits times a power of ten, where plain decimals would be long or
 * 0. */
static void put_power(mnist_text *text, double value)
{
    int power = (int)floor(log10(fabs(value)));
    /* in two steps: the power of ten may be out of range though the value is not */
    const int half = power / 2;
    double digits = value / pow(10.0, half) / pow(10.0, power - half);
    digits = round(100.0 * digits) / 100.0;
    if (fabs(digits) >= 10.0) {
        digits /= 10.0;
        power++;
    }
    mnist_text_real(text, digits, decimals_of(digits));
    mnist_text_format(text, "e%d", power);
}

void mnist_axis_label(mnist_text *text, const mnist_axis *axis, double value)
{
    const char *unit = "";
    if (axis->scale == MNIST_SCALE_PERCENT) {
        value *= 100.0;
        unit = "%";
    } else if (axis->scale == MNIST_SCALE_LARGE && fabs(value) >= 1e6) {
        value /= 1e6;
        unit = "M";
    } else if (axis->scale == MNIST_SCALE_LARGE && fabs(value) >= 1e3) {
        value /= 1e3;
        unit = "k";
    }
    if (value != 0.0 && (fabs(value) >= 1e6 || fabs(value) < (axis->is_log ? 0.999e-3 : 1e-5))) {
        put_power(text, value);
    } else {
        mnist_text_real(text, value, decimals_of(value));
    }
    mnist_text_put(text, unit);
}

void mnist_point_put(mnist_text *text, double x, double y)
{
    mnist_text_real(text, x, 2);
    mnist_text_put(text, ",");
    mnist_text_real(text, y, 2);
    mnist_text_put(text, " ");
}

static double x_of(const mnist_chart *chart, double value)
{
    return LEFT + mnist_axis_place(&chart->x, value) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const mnist_chart *chart, double value)
{
    return HEIGHT - BOTTOM - mnist_axis_place(&chart->y, value) * (HEIGHT - TOP - BOTTOM);
}

void mnist_line_put(mnist_text *text, const char *style, double x1, double y1, double x2, double y2)
{
    mnist_text_format(text, "<path class=\"%s\" d=\"M", style);
    mnist_point_put(text, x1, y1);
    mnist_text_put(text, "L");
    mnist_point_put(text, x2, y2);
    mnist_text_put(text, "\"/>");
}

void mnist_label_begin(mnist_text *text, const char *style, double x, double y)
{
    mnist_text_format(text, "<text class=\"%s\" x=\"", style);
    mnist_text_real(text, x, 1);
    mnist_text_put(text, "\" y=\"");
    mnist_text_real(text, y, 1);
    mnist_text_put(text, "\">");
}

static void put_axes(mnist_text *text, const mnist_chart *chart)
{
    double ticks[MNIST_TICKS];
    unsigned count = mnist_axis_ticks(&chart->y, 5, ticks);
    for (unsigned i = 0; i < count; i++) {
        const double y = y_of(chart, ticks[i]);
        mnist_line_put(text, "grid", LEFT, y, WIDTH - RIGHT, y);
        mnist_label_begin(text, "tick end", LEFT - 7.0, y + 4.0);
        mnist_axis_label(text, &chart->y, ticks[i]);
        mnist_text_put(text, "</text>");
    }
    count = mnist_axis_ticks(&chart->x, 5, ticks);
    for (unsigned i = 0; i < count; i++) {
        const double x = x_of(chart, ticks[i]);
        mnist_line_put(text, "axis", x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4.0);
        mnist_label_begin(text, "tick mid", x, HEIGHT - BOTTOM + 17.0);
        mnist_axis_label(text, &chart->x, ticks[i]);
        mnist_text_put(text, "</text>");
    }
    mnist_line_put(text, "axis", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
    mnist_label_begin(text, "tick mid", LEFT + (WIDTH - LEFT - RIGHT) / 2.0, HEIGHT - 6.0);
    mnist_text_format(text, "%s</text>", chart->x_name);
}

/* Leaves out points that would move the line by less than a fifth of a unit. */
static void put_series(mnist_text *text, const mnist_chart *chart, const mnist_series *series)
{
    double last_x = -INFINITY, last_y = -INFINITY;
    bool pen_down = false;
    mnist_text_format(text, "<path class=\"line %s\" d=\"", series->style);
    for (size_t i = 0; i < series->count; i++) {
        if (!is_drawable(&chart->x, series->x[i]) || !is_drawable(&chart->y, series->y[i])) {
            pen_down = false;
            continue;
        }
        const double x = x_of(chart, series->x[i]), y = y_of(chart, series->y[i]);
        if (pen_down && i + 1 < series->count && fabs(x - last_x) < 0.2 && fabs(y - last_y) < 0.2) {
            continue;
        }
        mnist_text_put(text, pen_down ? "" : "M");
        mnist_point_put(text, x, y);
        pen_down = true;
        last_x = x;
        last_y = y;
    }
    mnist_text_put(text, "\"/>");
}

/* Each dot has a larger, invisible disc around it, which is easier to point at. */
static void put_dots(mnist_text *text, const mnist_chart *chart, const mnist_series *series)
{
    const bool visible = series->count <= MOST_VISIBLE;
    for (size_t i = 0; i < series->count; i++) {
        if (!is_drawable(&chart->x, series->x[i]) || !is_drawable(&chart->y, series->y[i])) {
            continue;
        }
        const double x = x_of(chart, series->x[i]), y = y_of(chart, series->y[i]);
        mnist_text_put(text, "<g><title>");
        mnist_text_format(text, "%s, %s ", series->name, chart->x_name);
        mnist_text_number(text, series->x[i]);
        mnist_text_put(text, ": ");
        mnist_text_number(text, series->y[i]);
        mnist_text_put(text, "</title>");
        for (int pass = visible ? 0 : 1; pass < 2; pass++) {
            mnist_text_format(text, "<circle class=\"%s %s\" cx=\"", pass == 0 ? "dot" : "hit",
                              series->style);
            mnist_text_real(text, x, 2);
            mnist_text_put(text, "\" cy=\"");
            mnist_text_real(text, y, 2);
            mnist_text_put(text, pass == 0 ? "\" r=\"2.6\"/>" : "\" r=\"8\"/>");
        }
        mnist_text_put(text, "</g>");
    }
}

/* Puts names beside the lines' ends, moved apart where they would overlap. */
static void put_names(mnist_text *text, const mnist_chart *chart)
{
    struct {
        const mnist_series *series;
        double y;
    } names[MOST_SERIES];
    size_t count = 0;
    for (size_t s = 0; s < chart->count && count < MOST_SERIES; s++) {
        const mnist_series *series = &chart->series[s];
        size_t last = series->count;
        while (last > 0 && !is_drawable(&chart->y, series->y[last - 1])) {
            last--;
        }
        if (last == 0 || series->name[0] == '\0') {
            continue;
        }
        const double y = y_of(chart, series->y[last - 1]);
        size_t at = count++;
        for (; at > 0 && names[at - 1].y > y; at--) { /* from the top down */
            names[at] = names[at - 1];
        }
        names[at].series = series;
        names[at].y = y;
    }
    for (size_t i = 1; i < count; i++) {
        names[i].y = fmax(names[i].y, names[i - 1].y + LINE_GAP);
    }
    double floor_y = HEIGHT - BOTTOM;
    for (size_t i = count; i-- > 0; floor_y -= LINE_GAP) {
        names[i].y = fmin(names[i].y, floor_y);
        mnist_label_begin(text, "name", WIDTH - RIGHT + 6.0, names[i].y + 4.0);
        mnist_text_format(text, "<tspan class=\"%s\">%s</tspan></text>", names[i].series->style,
                          names[i].series->name);
    }
}

void mnist_chart_begin(mnist_text *text, const mnist_chart *chart)
{
    mnist_text_format(text, "<figure class=\"chart\" id=\"%s\"><h3 id=\"%s-title\">%s</h3>\n",
                      chart->id, chart->id, chart->title);
    mnist_text_format(
        text,
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title %s-text\">"
        "<desc id=\"%s-text\">",
        (int)WIDTH, (int)HEIGHT, chart->id, chart->id, chart->id);
    mnist_text_put(text, chart->text);
    mnist_text_put(text, "</desc>");
    put_axes(text, chart);
    if (isfinite(chart->mark)) {
        const double x = x_of(chart, chart->mark);
        mnist_line_put(text, "mark", x, TOP, x, HEIGHT - BOTTOM);
        mnist_label_begin(
            text, chart->mark > (chart->x.low + chart->x.high) / 2.0 ? "tick end" : "tick",
            chart->mark > (chart->x.low + chart->x.high) / 2.0 ? x - 4.0 : x + 4.0, TOP - 2.0);
        mnist_text_format(text, "%s</text>", chart->mark_name);
    }
    for (size_t s = 0; s < chart->count; s++) {
        put_series(text, chart, &chart->series[s]);
    }
    for (size_t s = 0; s < chart->count; s++) {
        if (chart->series[s].dots && chart->series[s].count <= MOST_DOTS) {
            put_dots(text, chart, &chart->series[s]);
        }
    }
    put_names(text, chart);
    mnist_text_put(text, "</svg>\n");
}

void mnist_chart_end(mnist_text *text)
{
    mnist_text_put(text, "</figure>\n");
}
