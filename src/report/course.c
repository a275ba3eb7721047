/* The course of a training: its curves, and the numbers below them. */
#include "report/chart.h"
#include "report/parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define RATE_POINTS 400u /* points of the learning rate's curve */

/* Columns of numbers, as series need them. */
typedef struct columns {
    size_t count;
    double *x, *rate, *train_loss, *train_accuracy, *validation_loss, *validation_accuracy;
    double *speed;
    double *point_x, *point_loss;
    double *rate_x, *rate_y;
    bool validates;
} columns;

static double *take(mnist_text *text, size_t count)
{
    double *values = calloc(count + 1, sizeof *values);
    text->failed = text->failed || !values;
    return values;
}

static void columns_free(columns *c)
{
    double *all[] = {c->x,
                     c->rate,
                     c->train_loss,
                     c->train_accuracy,
                     c->validation_loss,
                     c->validation_accuracy,
                     c->speed,
                     c->point_x,
                     c->point_loss,
                     c->rate_x,
                     c->rate_y};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]);
    }
}

static void fill_epochs(columns *c, const mnist_page *page)
{
    const double end = (double)page->last_step / (double)page->epoch_steps;
    for (size_t i = 0; i < c->count; i++) {
        const mnist_page_epoch *epoch = &page->epochs[i];
        c->x[i] = fmin(epoch->epoch, end); /* the last one may have been cut short */
        c->rate[i] = epoch->lr;
        c->train_loss[i] = epoch->train_loss;
        c->train_accuracy[i] = epoch->train_accuracy;
        c->validation_loss[i] = epoch->has_validation ? epoch->validation_loss : NAN;
        c->validation_accuracy[i] = epoch->has_validation ? epoch->validation_accuracy : NAN;
        c->speed[i] = epoch->seconds > 0.0 && c->x[i] >= epoch->epoch
                          ? (double)page->epoch_images / epoch->seconds
                          : NAN;
        c->validates = c->validates || epoch->has_validation;
    }
}

/* If memory is short, text is marked as failed. */
static columns columns_of(mnist_text *text, const mnist_page *page)
{
    columns c = {.count = page->epoch_count};
    double **of_epochs[] = {&c.x,
                            &c.rate,
                            &c.train_loss,
                            &c.train_accuracy,
                            &c.validation_loss,
                            &c.validation_accuracy,
                            &c.speed};
    for (size_t i = 0; i < sizeof of_epochs / sizeof of_epochs[0]; i++) {
        *of_epochs[i] = take(text, c.count);
    }
    c.point_x = take(text, page->point_count);
    c.point_loss = take(text, page->point_count);
    c.rate_x = take(text, RATE_POINTS);
    c.rate_y = take(text, RATE_POINTS);
    if (text->failed) {
        return c;
    }
    fill_epochs(&c, page);
    for (size_t i = 0; i < page->point_count; i++) {
        c.point_x[i] = (double)page->points[i].step / (double)page->epoch_steps;
        c.point_loss[i] = page->points[i].loss;
    }
    for (size_t i = 0; page->has_schedule && i < RATE_POINTS; i++) {
        const uint64_t step = (uint64_t)((double)(page->last_step > 0 ? page->last_step - 1 : 0) *
                                         (double)i / (RATE_POINTS - 1));
        c.rate_x[i] = (double)(step + 1) / (double)page->epoch_steps;
        c.rate_y[i] = (double)mnist_schedule_lr(&page->schedule, step, page->steps);
    }
    return c;
}

static mnist_axis axis_of_epochs(const mnist_page *page)
{
    const double end = (double)page->last_step / (double)page->epoch_steps;
    return (mnist_axis){.low = 0.0, .high = fmax(end, 1e-9), .is_whole = end >= 2.0};
}

static void put_loss(mnist_text *text, const mnist_page *page, const columns *c)
{
    const mnist_series series[] = {
        {"", "a faint", c->point_x, c->point_loss, page->point_count, false},
        {"train", "a", c->x, c->train_loss, c->count, true},
        {"validation", "b", c->x, c->validation_loss, c->validates ? c->count : 0, true},
    };
    const mnist_chart chart = {
        .id = "loss-chart",
        .title = "Loss",
        .text = "Mean cross-entropy of the training and of the validation images after each epoch, "
                "and the training loss in between. The numbers are in the table below.",
        .x_name = "epoch",
        .x = axis_of_epochs(page),
        .y = mnist_axis_fit(series, 3, MNIST_SCALE_PLAIN, 4.0),
        .series = series,
        .count = 3,
        .mark = page->kept_epoch > 0 ? (double)page->kept_epoch : (double)NAN,
        .mark_name = "kept",
    };
    mnist_chart_begin(text, &chart);
    mnist_chart_end(text);
}

static void put_accuracy(mnist_text *text, const mnist_page *page, const columns *c)
{
    const mnist_series series[] = {
        {"train", "a", c->x, c->train_accuracy, c->count, true},
        {"validation", "b", c->x, c->validation_accuracy, c->validates ? c->count : 0, true},
    };
    const mnist_chart chart = {
        .id = "accuracy-chart",
        .title = "Accuracy",
        .text = "Share of the training and of the validation images that are classified rightly, "
                "after each epoch. The numbers are in the table below.",
        .x_name = "epoch",
        .x = axis_of_epochs(page),
        .y = mnist_axis_fit(series, 2, MNIST_SCALE_PERCENT, 0.0),
        .series = series,
        .count = 2,
        .mark = page->kept_epoch > 0 ? (double)page->kept_epoch : (double)NAN,
        .mark_name = "kept",
    };
    mnist_chart_begin(text, &chart);
    mnist_chart_end(text);
}

static void put_rate(mnist_text *text, const mnist_page *page, const columns *c)
{
    const mnist_series series[] = {
        {"", "c", c->rate_x, c->rate_y, page->has_schedule ? RATE_POINTS : 0, false},
        {"", page->has_schedule ? "c unlined" : "c", c->x, c->rate, c->count, true},
    };
    const mnist_chart chart = {
        .id = "rate-chart",
        .title = "Learning rate",
        .text = "The learning rate over all steps. Its values at the epochs' ends are in the table "
                "below.",
        .x_name = "epoch",
        .x = axis_of_epochs(page),
        .y = mnist_axis_from_zero(mnist_axis_fit(series, 2, MNIST_SCALE_PLAIN, 0.0)),
        .series = series,
        .count = 2,
        .mark = (double)NAN,
    };
    mnist_chart_begin(text, &chart);
    mnist_chart_end(text);
}

static void put_cell(mnist_text *text, bool known, double value)
{
    mnist_text_put(text, "<td>");
    if (known) {
        mnist_text_number(text, value);
    } else {
        mnist_text_put(text, "&ndash;");
    }
    mnist_text_put(text, "</td>");
}

static void put_table(mnist_text *text, const mnist_page *page)
{
    mnist_text_put(text, "<details><summary>The numbers of each epoch</summary>\n");
    mnist_put_scroll(text, "The numbers of each epoch");
    mnist_text_put(text,
                   "<table id=\"epochs\"><thead><tr><th scope=\"col\">epoch</th>"
                   "<th scope=\"col\">learning rate</th><th scope=\"col\">train loss</th>"
                   "<th scope=\"col\">train accuracy</th><th scope=\"col\">validation loss</th>"
                   "<th scope=\"col\">validation accuracy</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < page->epoch_count; i++) {
        const mnist_page_epoch *epoch = &page->epochs[i];
        mnist_text_format(text, "<tr><th scope=\"row\">%u</th>", epoch->epoch);
        put_cell(text, true, epoch->lr);
        put_cell(text, true, epoch->train_loss);
        put_cell(text, true, epoch->train_accuracy);
        put_cell(text, epoch->has_validation, epoch->validation_loss);
        put_cell(text, epoch->has_validation, epoch->validation_accuracy);
        mnist_text_put(text, "</tr>\n");
    }
    mnist_text_put(text, "</tbody></table></div></details>\n");
}

void mnist_put_course(mnist_text *text, const mnist_page *page)
{
    if (page->epoch_count == 0) {
        return;
    }
    columns c = columns_of(text, page);
    if (!text->failed) {
        mnist_text_put(text, "<section id=\"course\"><h2>Course of the training</h2>\n"
                             "<p>Training figures are means over an epoch, each taken before its "
                             "step; the loss has in it what the settings add, such as label "
                             "smoothing. ");
        mnist_text_put(
            text, c.validates ? "Validation is measured after the epoch, without such terms.</p>\n"
                              : "There were no validation images.</p>\n");
        mnist_text_put(text, "<div class=\"charts\">\n");
        put_loss(text, page, &c);
        put_accuracy(text, page, &c);
        put_rate(text, page, &c);
        mnist_text_put(text, "</div>\n");
        put_table(text, page);
        mnist_text_put(text, "</section>\n");
    }
    columns_free(&c);
}

static void put_speed(mnist_text *text, const mnist_page *page)
{
    columns c = columns_of(text, page);
    bool known = false;
    for (size_t i = 0; !text->failed && i < c.count; i++) {
        known = known || isfinite(c.speed[i]);
    }
    if (known) {
        const mnist_series series[] = {{"", "c", c.x, c.speed, c.count, true}};
        const mnist_chart chart = {
            .id = "speed-chart",
            .title = "Images a second",
            .text = "Training images a second in each epoch, validation left out.",
            .x_name = "epoch",
            .x = axis_of_epochs(page),
            .y = mnist_axis_from_zero(mnist_axis_fit(series, 1, MNIST_SCALE_LARGE, 0.0)),
            .series = series,
            .count = 1,
            .mark = (double)NAN,
        };
        mnist_chart_begin(text, &chart);
        mnist_text_put(text, "<details><summary>The numbers</summary><table><thead><tr>"
                             "<th scope=\"col\">epoch</th><th scope=\"col\">seconds</th>"
                             "<th scope=\"col\">images a second</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < c.count; i++) {
            mnist_text_format(text, "<tr><th scope=\"row\">%u</th><td>", page->epochs[i].epoch);
            mnist_text_real(text, page->epochs[i].seconds, 4);
            mnist_text_put(text, "</td><td>");
            if (isfinite(c.speed[i])) {
                mnist_text_count(text, (uint64_t)c.speed[i]);
            } else {
                mnist_text_put(text, "&ndash;");
            }
            mnist_text_put(text, "</td></tr>\n");
        }
        mnist_text_put(text, "</tbody></table></details>\n");
        mnist_chart_end(text);
    }
    columns_free(&c);
}

void mnist_put_measured(mnist_text *text, const mnist_page *page)
{
    mnist_text_put(text, "<section id=\"measured\"><h2>Measured on the machine</h2>\n"
                         "<p>Only what stands here differs from machine to machine, and from one "
                         "time to the next.</p>\n<div class=\"beside\">\n");
    mnist_put_facts(text, page->measured);
    put_speed(text, page);
    mnist_text_put(text, "</div></section>\n");
}
