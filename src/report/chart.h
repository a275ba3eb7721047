/* Line charts as SVG. */
#ifndef MNIST_REPORT_CHART_H
#define MNIST_REPORT_CHART_H

#include "report/text.h"

typedef enum mnist_scale {
    MNIST_SCALE_PLAIN,
    MNIST_SCALE_PERCENT, /* of fractions */
    MNIST_SCALE_LARGE    /* thousands as k, millions as M */
} mnist_scale;

typedef struct mnist_axis {
    double low, high; /* the range shown; low < high */
    bool is_log;      /* then low > 0 */
    bool is_whole;    /* ticks at whole numbers only */
    mnist_scale scale;
} mnist_axis;

/* Values that are not finite, or not above 0 on a logarithmic axis, are left out. */
typedef struct mnist_series {
    const char *name;  /* at the line's end; markup */
    const char *style; /* class of line, dots and name in page.css */
    const double *x, *y;
    size_t count;
    bool dots; /* each point has a dot, which shows its values when pointed at */
} mnist_series;

typedef struct mnist_chart {
    const char *id;    /* of the <figure> */
    const char *title; /* markup, as all texts of a chart */
    const char *text;  /* a description for people who cannot see the picture */
    const char *x_name;
    mnist_axis x, y;
    const mnist_series *series;
    size_t count;
    double mark; /* an x that is marked; NAN: none */
    const char *mark_name;
} mnist_chart;

/* An axis that holds all y of the series: logarithmic where they spread over more than a factor of
 * `log_from` (0: never). */
mnist_axis mnist_axis_fit(const mnist_series *series, size_t count, mnist_scale scale,
                          double log_from);

/* The same axis, but from 0 on. Its values were above 0, and it is not logarithmic. */
mnist_axis mnist_axis_from_zero(mnist_axis axis);

/* <figure> with a heading and the picture; the caller may put more into it, and ends it. */
void mnist_chart_begin(mnist_text *text, const mnist_chart *chart);
void mnist_chart_end(mnist_text *text);

/* For other pictures. */

/* The position of a value on the axis, from 0 to 1. */
double mnist_axis_place(const mnist_axis *axis, double value);

#define MNIST_TICKS 12u

/* Values for ticks, at most MNIST_TICKS and about `wanted`; returns how many. */
unsigned mnist_axis_ticks(const mnist_axis *axis, unsigned wanted, double ticks[MNIST_TICKS]);
void mnist_axis_label(mnist_text *text, const mnist_axis *axis, double value);

/* "x,y " in hundredths of the picture's unit. */
void mnist_point_put(mnist_text *text, double x, double y);

/* style: a class in page.css. After a label's beginning the caller puts the text, and "</text>". */
void mnist_line_put(mnist_text *text, const char *style, double x1, double y1, double x2,
                    double y2);
void mnist_label_begin(mnist_text *text, const char *style, double x, double y);

#endif
