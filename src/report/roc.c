/* ROC curves, one digit against the rest. All areas are near 1, so on the usual axes all curves
 * would lie in the corner: here the false positive rate has a logarithmic axis, and the axis of the
 * true positive rate begins just below the curves. */
#include "report/chart.h"
#include "report/parts.h"

#include <math.h>
#include <stdio.h>

#define WIDTH  176.0
#define HEIGHT 152.0
#define LEFT   36.0
#define RIGHT  12.0
#define TOP    30.0
#define BOTTOM 34.0

#define OTHERS_MOST 24u /* classes up to which a panel shows the curves of all others */

typedef struct panel {
    mnist_axis x, y;
} panel;

static double x_of(const panel *p, double rate)
{
    return LEFT + fmin(fmax(mnist_axis_place(&p->x, fmax(rate, p->x.low)), 0.0), 1.0) *
                      (WIDTH - LEFT - RIGHT);
}

static double y_of(const panel *p, double rate)
{
    return HEIGHT - BOTTOM -
           fmin(fmax(mnist_axis_place(&p->y, rate), 0.0), 1.0) * (HEIGHT - TOP - BOTTOM);
}

/* The true positive rate at a false positive rate below 1: on the line between the points around
 * it, and at a vertical rise its top. */
static double hits_at(const mnist_curve *curve, double rate)
{
    size_t next = 1;
    while (next + 1 < curve->count && curve->x[next] <= rate) {
        next++;
    }
    const double x0 = curve->x[next - 1], y0 = curve->y[next - 1];
    return x0 < rate ? y0 + (curve->y[next] - y0) * (rate - x0) / (curve->x[next] - x0) : y0;
}

/* Between its points a ROC curve is straight, but not on a logarithmic axis, so points are
 * added. */
static void put_path(mnist_text *text, const panel *p, const mnist_curve *curve, unsigned digit)
{
    double last_x = -INFINITY, last_y = -INFINITY;
    mnist_text_format(text, "<path id=\"roc-%u\" d=\"M", digit);
    size_t first = 0; /* points left of the axis' beginning are not drawn */
    while (first + 1 < curve->count && curve->y[first + 1] <= p->y.low) {
        first++;
    }
    for (size_t i = first; i < curve->count; i++) {
        const double x1 = curve->x[i], y1 = curve->y[i];
        const double x0 = i > first ? curve->x[i - 1] : x1, y0 = i > first ? curve->y[i - 1] : y1;
        const double low = fmax(x0, p->x.low);
        const unsigned parts = x1 > low && y1 > y0 ? (unsigned)ceil(8.0 * log10(x1 / low)) : 1;
        for (unsigned part = 1; part <= parts; part++) {
            const double x = part == parts ? x1 : low * pow(x1 / low, (double)part / (double)parts);
            const double y = part == parts ? y1 : y0 + (y1 - y0) * (x - x0) / (x1 - x0);
            const double at_x = x_of(p, x), at_y = y_of(p, y);
            if (i + 1 == curve->count || fabs(at_x - last_x) > 0.3 || fabs(at_y - last_y) > 0.3) {
                mnist_point_put(text, at_x, at_y);
                last_x = at_x;
                last_y = at_y;
            }
        }
    }
    mnist_text_put(text, "\"/>\n");
}

static void put_axes(mnist_text *text, const panel *p)
{
    const double middle = sqrt(p->x.low);
    const double rates[] = {p->x.low, middle, 1.0};
    const double hits[] = {p->y.low, (p->y.low + 1.0) / 2.0, 1.0};
    const mnist_axis percent = {.low = 0.0, .high = 1.0, .scale = MNIST_SCALE_PERCENT};
    for (size_t i = 0; i < 3; i++) {
        const double x = x_of(p, rates[i]), y = y_of(p, hits[i]);
        mnist_line_put(text, i == 0 ? "axis" : "grid", LEFT, y, WIDTH - RIGHT, y);
        if (i != 1) {
            mnist_label_begin(text, "tick end", LEFT - 5.0, y + 4.0);
            mnist_axis_label(text, &percent, hits[i]);
            mnist_text_put(text, "</text>");
        }
        mnist_line_put(text, "axis", x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4.0);
        if (i == 1 && p->x.low < 1e-5) { /* the first label is so long that there is no room */
            continue;
        }
        mnist_label_begin(text,
                          i == 0   ? "tick"
                          : i == 1 ? "tick mid"
                                   : "tick end",
                          i == 0   ? LEFT - 4.0
                          : i == 1 ? x
                                   : WIDTH,
                          HEIGHT - BOTTOM + 17.0);
        mnist_axis_label(text, &percent, rates[i]);
        mnist_text_put(text, "</text>");
    }
}

#define NAME_MOST 18u /* characters of a name for which a panel is wide enough */

/* A name that is longer than a number stands above the area; its end is cut off where there is no room. */
static void put_heading(mnist_text *text, const mnist_labels *labels, unsigned digit, double area)
{
    char number[MNIST_LABEL_NUMBER], cut[MNIST_CLASS_NAME];
    const char *name = mnist_label_of(labels, digit, number);
    size_t bytes = 0, characters = 0;
    for (; name[bytes] != '\0' && characters < NAME_MOST; characters++) {
        do {
            bytes++;
        } while (((unsigned char)name[bytes] & 0xC0) == 0x80);
    }
    if (characters <= 3) {
        mnist_label_begin(text, "name", LEFT, 16.0);
        mnist_text_put(text, "<tspan class=\"digit\">");
        mnist_text_escape(text, name);
        mnist_text_put(text, "</tspan>  area ");
    } else {
        snprintf(cut, sizeof cut, "%.*s", (int)bytes, name);
        mnist_label_begin(text, "name", LEFT, 9.0);
        mnist_text_escape(text, cut);
        mnist_text_put(text, name[bytes] != '\0' ? "&hellip;</text>" : "</text>");
        mnist_label_begin(text, "tick", LEFT, 24.0);
        mnist_text_put(text, "area ");
    }
    mnist_text_real(text, area, 5);
    mnist_text_put(text, "</text>");
}

static void put_panel(mnist_text *text, const mnist_findings *findings, const panel *p,
                      const bool drawn[MNIST_MAX_CLASSES], unsigned digit)
{
    const double area = findings->metrics.classes[digit].auc;
    mnist_text_format(text,
                      "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"roc-%u-title\">"
                      "<title id=\"roc-%u-title\">ROC curve of the %s ",
                      (int)WIDTH, (int)HEIGHT, digit, digit, findings->word);
    mnist_put_label(text, findings->page->labels, digit);
    mnist_text_put(text, ", area ");
    mnist_text_real(text, area, 6);
    mnist_text_put(text, "</title>");
    put_axes(text, p);
    const bool few = findings->metrics.class_count <= OTHERS_MOST;
    for (unsigned other = 0; few && other < findings->metrics.class_count; other++) {
        if (drawn[other] && other != digit) {
            mnist_text_format(text, "<use href=\"#roc-%u\" class=\"line other\"/>", other);
        }
    }
    mnist_text_format(text, "<use href=\"#roc-%u\" class=\"line a\"/>", digit);
    put_heading(text, findings->page->labels, digit, area);
    mnist_text_put(text, "</svg>\n");
}

/* The curve of each digit that has one. */
static mnist_status find_curves(const mnist_findings *findings,
                                mnist_curve *curves[MNIST_MAX_CLASSES], mnist_error *err)
{
    for (unsigned c = 0; c < findings->metrics.class_count; c++) {
        if (isnan(findings->metrics.classes[c].auc)) {
            continue;
        }
        mnist_status status = mnist_roc_curve(&curves[c], &findings->predictions, c, true, err);
        if (status != MNIST_OK) {
            return status;
        }
    }
    return MNIST_OK;
}

static void put_panels(mnist_text *text, const mnist_findings *findings,
                       mnist_curve *const curves[MNIST_MAX_CLASSES])
{
    double least_hits = 1.0;
    bool drawn[MNIST_MAX_CLASSES];
    for (unsigned c = 0; c < findings->metrics.class_count; c++) {
        drawn[c] = curves[c] != NULL;
        least_hits = drawn[c] ? fmin(least_hits, hits_at(curves[c], 1e-3)) : least_hits;
    }
    static const double shown[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5};
    double below = 1.0;
    for (size_t i = sizeof shown / sizeof shown[0]; i-- > 0;) {
        below = 1.0 - least_hits <= shown[i] ? shown[i] : below;
    }
    const double rarest = 1.0 / (double)findings->metrics.count;
    const panel p = {
        .x = {.low = fmin(pow(10.0, 2.0 * floor(log10(rarest) / 2.0)), 1e-2),
              .high = 1.0,
              .is_log = true},
        .y = {.low = 1.0 - below, .high = 1.0},
    };
    mnist_text_put(text,
                   "<svg class=\"hidden\" aria-hidden=\"true\" width=\"0\" height=\"0\"><defs>\n");
    for (unsigned c = 0; c < findings->metrics.class_count; c++) {
        if (drawn[c]) {
            put_path(text, &p, curves[c], c);
        }
    }
    mnist_text_put(text, "</defs></svg>\n<div class=\"panels\">\n");
    for (unsigned c = 0; c < findings->metrics.class_count; c++) {
        if (drawn[c]) {
            put_panel(text, findings, &p, drawn, c);
        }
    }
    mnist_text_put(text, "</div>\n");
}

/* The picture's content as numbers. */
static void put_table(mnist_text *text, const mnist_findings *findings,
                      mnist_curve *const curves[MNIST_MAX_CLASSES])
{
    static const double rates[] = {1e-4, 1e-3, 1e-2};
    mnist_text_put(text, "<details><summary>The numbers of each curve</summary>\n"
                         "<p>How many of a ");
    mnist_text_put(text, findings->word);
    mnist_text_put(text, "&#39;s images are found, if so many of the others "
                         "may be taken for it: where the curve is at that rate.</p>\n");
    mnist_put_scroll(text, "The numbers of each ROC curve");
    mnist_text_put(text, "<table id=\"roc-table\"><thead><tr><th scope=\"col\">");
    mnist_text_put(text, findings->word);
    mnist_text_put(text, "</th>"
                         "<th scope=\"col\">area</th><th scope=\"col\">found at 0.01&#8239;%</th>"
                         "<th scope=\"col\">at 0.1&#8239;%</th><th scope=\"col\">at 1&#8239;%</th>"
                         "</tr></thead><tbody>\n");
    for (unsigned c = 0; c < findings->metrics.class_count; c++) {
        if (!curves[c]) {
            continue;
        }
        mnist_text_put(text, "<tr><th scope=\"row\">");
        mnist_put_label(text, findings->page->labels, c);
        mnist_text_put(text, "</th><td>");
        mnist_text_real(text, findings->metrics.classes[c].auc, 6);
        for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
            mnist_text_put(text, "</td><td>");
            mnist_text_percent(text, hits_at(curves[c], rates[i]), 2);
        }
        mnist_text_put(text, "</td></tr>\n");
    }
    mnist_text_put(text, "</tbody></table></div></details>\n");
}

mnist_status mnist_put_roc(mnist_text *text, const mnist_findings *findings, mnist_error *err)
{
    mnist_curve *curves[MNIST_MAX_CLASSES] = {NULL};
    mnist_status status = find_curves(findings, curves, err);
    if (status == MNIST_OK) {
        mnist_text_put(text, "<section id=\"roc\"><h2>ROC curves</h2>\n"
                             "<p>Of each ");
        mnist_text_put(text, findings->word);
        mnist_text_put(text, " against all others, from the first false alarm on: "
                             "how many of its images are found (upwards), if so many others may be "
                             "taken for it (to the right, logarithmic). ");
        if (findings->metrics.class_count <= OTHERS_MOST) {
            mnist_text_format(text, "The other %s are grey. ", findings->words);
        }
        mnist_text_put(text, "The numbers are in the table below.</p>\n");
        put_panels(text, findings, curves);
        put_table(text, findings, curves);
        mnist_text_put(text, "</section>\n");
    }
    for (unsigned c = 0; c < findings->metrics.class_count; c++) {
        mnist_curve_free(curves[c]);
    }
    return status;
}
