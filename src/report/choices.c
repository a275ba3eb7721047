/* A page that compares several ways to compress a net. */
#include "base/file.h"
#include "report/chart.h"
#include "report/parts.h"

#include <math.h>
#include <stdlib.h>

/* Coordinates of the chart's points, with gaps where a point is in another series. */
typedef struct columns {
    double *bytes, *front, *other, *test;
    size_t count;
} columns;

static double error_of(const mnist_evaluation *evaluation)
{
    return 1.0 - evaluation->accuracy;
}

static bool columns_create(columns *c, const mnist_choices_page *page)
{
    c->count = page->count;
    c->bytes = calloc(4 * page->count, sizeof *c->bytes);
    if (!c->bytes) {
        return false;
    }
    c->front = c->bytes + page->count;
    c->other = c->front + page->count;
    c->test = c->other + page->count;
    for (size_t i = 0; i < page->count; i++) {
        const mnist_page_choice *choice = &page->choices[i];
        c->bytes[i] = (double)choice->bytes;
        c->front[i] = choice->on_front ? error_of(choice->validation) : (double)NAN;
        c->other[i] = choice->on_front ? (double)NAN : error_of(choice->validation);
        c->test[i] = choice->on_front && choice->test ? error_of(choice->test) : (double)NAN;
    }
    return true;
}

/* Closes up the gaps of a series, so that its line is not broken. Returns its length. */
static size_t close_up(const double *bytes, const double *errors, size_t count, double *x,
                       double *y)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(errors[i])) {
            x[used] = bytes[i];
            y[used++] = errors[i];
        }
    }
    return used;
}

static mnist_axis axis_of_bytes(const mnist_choices_page *page)
{
    const double low = (double)page->choices[0].bytes,
                 high = (double)page->choices[page->count - 1].bytes;
    return (mnist_axis){.low = fmax(low, 1.0) / 1.3,
                        .high = fmax(high, 1.0) * 1.3,
                        .is_log = true,
                        .scale = MNIST_SCALE_LARGE};
}

static bool put_chart(mnist_text *text, const mnist_choices_page *page)
{
    columns c;
    const size_t n = page->count;
    double *rooms = calloc(6 * n, sizeof *rooms);
    if (!rooms || !columns_create(&c, page)) {
        free(rooms);
        return false;
    }
    const size_t front = close_up(c.bytes, c.front, n, rooms, rooms + n),
                 other = close_up(c.bytes, c.other, n, rooms + 2 * n, rooms + 3 * n),
                 test = close_up(c.bytes, c.test, n, rooms + 4 * n, rooms + 5 * n);
    const mnist_series series[] = {
        {"validation", "a", rooms, rooms + n, front, true},
        {other > 0 ? "others" : "", "c unlined", rooms + 2 * n, rooms + 3 * n, other, true},
        {test > 0 ? "test" : "", "b", rooms + 4 * n, rooms + 5 * n, test, true},
    };
    const mnist_chart chart = {
        .id = "choices-chart",
        .title = "Errors against bytes",
        .text =
            "The share of wrong answers over the bytes of the whole file, which have a logarithmic "
            "axis. The line joins those on the front; the numbers are in the table below.",
        .x_name = "bytes of the file",
        .x = axis_of_bytes(page),
        .y = mnist_axis_from_zero(mnist_axis_fit(series, 3, MNIST_SCALE_PERCENT, 0.0)),
        .series = series,
        .count = 3,
        .mark = (double)NAN,
    };
    mnist_chart_begin(text, &chart);
    mnist_chart_end(text);
    free(c.bytes);
    free(rooms);
    return true;
}

static void put_evaluation(mnist_text *text, const mnist_evaluation *evaluation)
{
    mnist_text_put(text, "<td>");
    mnist_text_count(text, evaluation->errors);
    mnist_text_put(text, "</td><td>");
    mnist_text_percent(text, error_of(evaluation), 2);
    mnist_text_put(text, "</td>");
}

static void put_table(mnist_text *text, const mnist_choices_page *page)
{
    const bool tests = page->choices[0].test != NULL;
    mnist_put_scroll(text, "What was tried");
    mnist_text_put(text, "<table id=\"choices\"><thead><tr><th scope=\"col\">kept</th>"
                         "<th scope=\"col\">levels</th><th scope=\"col\">weights</th>"
                         "<th scope=\"col\">bytes</th><th scope=\"col\">errors</th>"
                         "<th scope=\"col\">error rate</th><th scope=\"col\">on the front</th>");
    mnist_text_put(text, tests ? "<th scope=\"col\">test errors</th>"
                                 "<th scope=\"col\">test error rate</th>"
                               : "");
    mnist_text_put(text, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < page->count; i++) {
        const mnist_page_choice *choice = &page->choices[i];
        mnist_text_put(text, "<tr><th scope=\"row\">");
        mnist_text_escape(text, choice->keep);
        mnist_text_format(text, "</th><td>%u</td><td>", choice->levels);
        mnist_text_count(text, choice->weights);
        mnist_text_put(text, "</td><td>");
        mnist_text_count(text, choice->bytes);
        mnist_text_put(text, "</td>");
        put_evaluation(text, choice->validation);
        mnist_text_put(text, choice->on_front ? "<td>yes</td>" : "<td>no</td>");
        if (tests) {
            put_evaluation(text, choice->test);
        }
        mnist_text_put(text, "</tr>\n");
    }
    mnist_text_put(text, "</tbody></table></div>\n");
}

mnist_status mnist_choices_page_write(const char *path, const mnist_choices_page *page,
                                      mnist_error *err)
{
    mnist_text text = {0};
    char *html;
    size_t size;
    mnist_status status = MNIST_OK;
    mnist_put_head(&text, page->program, page->heading);
    mnist_put_headline(&text, page->program, page->heading);
    mnist_text_put(
        &text, "<p>Errors are on the validation images, by which one is chosen. A model is on the "
               "front if none of the others has fewer bytes or errors without having more of the "
               "other.</p></header>\n<main>\n<section id=\"sweep\"><h2>Bytes and errors</h2>\n"
               "<div class=\"charts\">\n");
    if (!put_chart(&text, page)) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the page's chart");
    }
    mnist_text_put(&text, "</div>\n");
    put_table(&text, page);
    mnist_text_put(&text, "</section>\n<section id=\"about\"><h2>Model and data</h2>\n");
    mnist_put_facts(&text, page->facts);
    mnist_text_put(&text, "</section>\n");
    mnist_put_end(&text);
    status = mnist_text_hand_out(&text, status, &html, &size, err);
    if (status == MNIST_OK) {
        status = mnist_file_replace(path, html, size, err);
        free(html);
    }
    return status;
}
