/* Whether the net is right as often as its confidence says: a reliability diagram (DeGroot &
 * Fienberg 1983) above a histogram of the confidence. */
#include "report/chart.h"
#include "report/parts.h"

#include <math.h>

#define WIDTH     360.0
#define HEIGHT    320.0
#define LEFT      48.0
#define RIGHT     14.0
#define TOP       12.0
#define MIDDLE    206.0 /* bottom of the diagram */
#define HISTOGRAM 226.0 /* top of the histogram */
#define BOTTOM    40.0

/* 95 % limits for a share of count trials (Wilson 1927), which hold for few trials and for shares
 * of 0 and 1 too. */
static void limits(double share, double count, double *low, double *high)
{
    const double z = 1.959964, square = z * z;
    const double middle = (share + square / (2.0 * count)) / (1.0 + square / count);
    const double half = z * sqrt(share * (1.0 - share) / count + square / (4.0 * count * count)) /
                        (1.0 + square / count);
    *low = fmax(middle - half, 0.0);
    *high = fmin(middle + half, 1.0);
}

static double x_of(double value)
{
    return LEFT + value * (WIDTH - LEFT - RIGHT);
}

static double y_of(double value)
{
    return MIDDLE - value * (MIDDLE - TOP);
}

static void put_axes(mnist_text *text)
{
    const mnist_axis percent = {.low = 0.0, .high = 1.0, .scale = MNIST_SCALE_PERCENT};
    for (int i = 0; i <= 4; i++) {
        const double value = i / 4.0;
        mnist_line_put(text, i == 0 ? "axis" : "grid", LEFT, y_of(value), WIDTH - RIGHT,
                       y_of(value));
        mnist_label_begin(text, "tick end", LEFT - 7.0, y_of(value) + 4.0);
        mnist_axis_label(text, &percent, value);
        mnist_text_put(text, "</text>");
        mnist_label_begin(text, i == 4 ? "tick end" : "tick mid", i == 4 ? WIDTH : x_of(value),
                          HEIGHT - BOTTOM + 17.0);
        mnist_axis_label(text, &percent, value);
        mnist_text_put(text, "</text>");
    }
    mnist_line_put(text, "axis", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
    mnist_label_begin(text, "tick mid", x_of(0.5), HEIGHT - 6.0);
    mnist_text_put(text, "confidence</text>");
    mnist_line_put(text, "mark", x_of(0.0), y_of(0.0), x_of(1.0), y_of(1.0));
}

static void put_bin(mnist_text *text, const mnist_reliability_bin *bin, double decades)
{
    const double x = x_of(bin->confidence);
    double low, high;
    limits(bin->accuracy, (double)bin->count, &low, &high);
    mnist_text_put(text, "<g><title>confidence ");
    mnist_text_percent(text, bin->confidence, 1);
    mnist_text_put(text, ", right ");
    mnist_text_percent(text, bin->accuracy, 1);
    mnist_text_format(text, ", %zu images</title>", bin->count);
    mnist_line_put(text, "whisker", x, y_of(low), x, y_of(high));
    mnist_text_put(text, "<circle class=\"dot a\" r=\"3.5\" cx=\"");
    mnist_text_real(text, x, 2);
    mnist_text_put(text, "\" cy=\"");
    mnist_text_real(text, y_of(bin->accuracy), 2);
    mnist_text_put(text, "\"/>");
    /* logarithmic; a single image still has some height */
    const double height =
        (HEIGHT - BOTTOM - HISTOGRAM) * (log10((double)bin->count) + 0.3) / (decades + 0.3);
    mnist_text_put(text, "<rect class=\"bar\" x=\"");
    mnist_text_real(text, x_of(bin->low) + 1.0, 2);
    mnist_text_put(text, "\" width=\"");
    mnist_text_real(text, x_of(bin->high) - x_of(bin->low) - 2.0, 2);
    mnist_text_put(text, "\" y=\"");
    mnist_text_real(text, HEIGHT - BOTTOM - height, 2);
    mnist_text_put(text, "\" height=\"");
    mnist_text_real(text, height, 2);
    mnist_text_put(text, "\"/></g>");
}

static void put_table(mnist_text *text, const mnist_calibration *calibration)
{
    mnist_text_put(text, "<details><summary>The numbers</summary>\n");
    mnist_put_scroll(text, "The numbers of the reliability diagram");
    mnist_text_put(text, "<table><thead><tr><th scope=\"col\">above</th><th scope=\"col\">to</th>"
                         "<th scope=\"col\">images</th><th scope=\"col\">confidence</th>"
                         "<th scope=\"col\">right</th></tr></thead><tbody>\n");
    for (unsigned b = 0; b < MNIST_RELIABILITY_BINS; b++) {
        const mnist_reliability_bin *bin = &calibration->bins[b];
        mnist_text_put(text, "<tr><td>");
        mnist_text_real(text, bin->low, 3);
        mnist_text_put(text, "</td><td>");
        mnist_text_real(text, bin->high, 3);
        mnist_text_format(text, "</td><td>%zu</td><td>", bin->count);
        if (bin->count > 0) {
            mnist_text_real(text, bin->confidence, 4);
            mnist_text_put(text, "</td><td>");
            mnist_text_real(text, bin->accuracy, 4);
        } else {
            mnist_text_put(text, "&ndash;</td><td>&ndash;");
        }
        mnist_text_put(text, "</td></tr>\n");
    }
    mnist_text_put(text, "</tbody></table></div></details>\n");
}

void mnist_put_reliability(mnist_text *text, const mnist_findings *findings)
{
    const mnist_calibration *calibration = &findings->metrics.calibration;
    size_t most = 1;
    for (unsigned b = 0; b < MNIST_RELIABILITY_BINS; b++) {
        most = calibration->bins[b].count > most ? calibration->bins[b].count : most;
    }
    mnist_text_put(text, "<section id=\"reliability\"><h2>Reliability</h2>\n"
                         "<div class=\"beside\"><figure class=\"chart\">");
    mnist_text_format(text,
                      "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Reliability "
                      "diagram: how often the net is right, by its confidence, over a "
                      "histogram of its confidence. The numbers are in the table "
                      "below.\">",
                      (int)WIDTH, (int)HEIGHT);
    put_axes(text);
    for (unsigned b = 0; b < MNIST_RELIABILITY_BINS; b++) {
        if (calibration->bins[b].count > 0) {
            put_bin(text, &calibration->bins[b], log10((double)most));
        }
    }
    mnist_text_put(text,
                   "</svg></figure>\n<div><p>Above, how often the net is right (upwards) where "
                   "it takes its answer to be so likely (to the right), in bins, with limits "
                   "of 95&#8239;%. On the dashed line it is right as often as it says; above "
                   "it, more often. Below, how many images each bin has, on a logarithmic "
                   "axis.</p>\n<p>Expected calibration error <b>");
    mnist_text_real(text, calibration->ece, 4);
    mnist_text_put(text, "</b>, at most ");
    mnist_text_real(text, calibration->mce, 4);
    mnist_text_put(text, " in a bin; mean confidence ");
    mnist_text_percent(text, calibration->confidence, 2);
    mnist_text_put(text, ".</p>\n");
    put_table(text, calibration);
    mnist_text_put(text, "</div></div></section>\n");
}
