/* The confusion matrix, and the figures of each class. They are tables with shades, so that a
 * screen reader finds the numbers where the eye finds the shades. */
#include "report/parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define SHADES 8u

#define WIDE_MOST 12u /* classes up to which cells are wide, and show zeros */

/* 0 for none, else 1 to SHADES by the square root, so that a single error is visible beside
 * many. */
static unsigned shade_of(size_t count, size_t most)
{
    return count == 0 ? 0 : (unsigned)ceil(SHADES * sqrt((double)count / (double)most) - 1e-9);
}

static size_t most_errors(const mnist_metrics *metrics)
{
    size_t most = 1;
    for (unsigned label = 0; label < metrics->class_count; label++) {
        for (unsigned taken = 0; taken < metrics->class_count; taken++) {
            if (label != taken && metrics->confusion[label * metrics->class_count + taken] > most) {
                most = metrics->confusion[label * metrics->class_count + taken];
            }
        }
    }
    return most;
}

void mnist_put_confusion(mnist_text *text, const mnist_findings *findings)
{
    const mnist_metrics *metrics = &findings->metrics;
    const mnist_labels *labels = findings->page->labels;
    const size_t most = most_errors(metrics);
    mnist_text_put(text, "<section id=\"confusion\"><h2>Confusion matrix</h2>\n"
                         "<p>A row for each ");
    mnist_text_put(text, findings->word);
    mnist_text_put(text, " that an image is of, a column for each that it is "
                         "taken for. Errors are orange, the darker the more there are.</p>\n");
    mnist_put_scroll(text, "Confusion matrix");
    mnist_text_format(text,
                      "<table class=\"matrix%s\"><thead><tr><th scope=\"col\"><span "
                      "class=\"hidden\">true %s</span></th>",
                      metrics->class_count > WIDE_MOST ? " dense" : "", findings->word);
    for (unsigned taken = 0; taken < metrics->class_count; taken++) {
        mnist_text_put(text, "<th scope=\"col\"><span class=\"hidden\">taken for </span>");
        mnist_put_label(text, labels, taken);
        mnist_text_put(text, "</th>");
    }
    mnist_text_put(text, "<th scope=\"col\" class=\"sum\">all</th></tr></thead><tbody>\n");
    for (unsigned label = 0; label < metrics->class_count; label++) {
        mnist_text_put(text, "<tr><th scope=\"row\"><span class=\"hidden\">true </span>");
        mnist_put_label(text, labels, label);
        mnist_text_put(text, "</th>");
        for (unsigned taken = 0; taken < metrics->class_count; taken++) {
            const size_t count = metrics->confusion[label * metrics->class_count + taken];
            if (label == taken) {
                mnist_text_put(text, "<td class=\"right\">");
            } else {
                mnist_text_format(text, "<td class=\"e%u\">", shade_of(count, most));
            }
            if (count > 0 || metrics->class_count <= WIDE_MOST) { /* else zeros hide the rest */
                mnist_text_format(text, "%zu", count);
            }
            mnist_text_put(text, "</td>");
        }
        mnist_text_format(text, "<td class=\"sum\">%zu</td></tr>\n",
                          metrics->classes[label].support);
    }
    mnist_text_put(text, "</tbody><tfoot><tr><th scope=\"row\" class=\"sum\">all</th>");
    for (unsigned taken = 0; taken < metrics->class_count; taken++) {
        mnist_text_format(text, "<td class=\"sum\">%zu</td>", metrics->classes[taken].predicted);
    }
    mnist_text_format(text, "<td class=\"sum\">%zu</td></tr></tfoot></table></div></section>\n",
                      metrics->count);
}

/* A figure that is not defined is shown as a dash. */
static void put_cell(mnist_text *text, double value, unsigned decimals)
{
    mnist_text_put(text, "<td>");
    if (isnan(value)) {
        mnist_text_put(text, "&ndash;");
    } else {
        mnist_text_real(text, value, decimals);
    }
    mnist_text_put(text, "</td>");
}

static void put_scores(mnist_text *text, const mnist_scores *scores)
{
    put_cell(text, scores->precision, 4);
    put_cell(text, scores->recall, 4);
    put_cell(text, scores->f1, 4);
}

void mnist_put_classes(mnist_text *text, const mnist_findings *findings)
{
    const mnist_metrics *metrics = &findings->metrics;
    mnist_text_put(text, "<section id=\"classes\"><h2>Each ");
    mnist_text_put(text, findings->word);
    mnist_text_put(text, "</h2>\n");
    char name[32];
    snprintf(name, sizeof name, "Figures of each %s", findings->word);
    mnist_put_scroll(text, name);
    mnist_text_format(text,
                      "<table><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">images</th>"
                      "<th scope=\"col\">precision</th><th scope=\"col\">recall</th>"
                      "<th scope=\"col\">F1</th><th scope=\"col\">ROC area</th>"
                      "<th scope=\"col\">average precision</th></tr></thead><tbody>\n",
                      findings->word);
    for (unsigned c = 0; c < metrics->class_count; c++) {
        const mnist_class_metrics *of = &metrics->classes[c];
        mnist_text_put(text, "<tr><th scope=\"row\">");
        mnist_put_label(text, findings->page->labels, c);
        mnist_text_format(text, "</th><td>%zu</td>", of->support);
        put_scores(text, &of->scores);
        put_cell(text, of->auc, 6);
        put_cell(text, of->average_precision, 6);
        mnist_text_put(text, "</tr>\n");
    }
    mnist_text_format(text, "</tbody><tfoot><tr><th scope=\"row\">mean</th><td>%zu</td>",
                      metrics->count);
    put_scores(text, &metrics->macro);
    put_cell(text, metrics->macro_auc, 6);
    put_cell(text, metrics->macro_average_precision, 6);
    mnist_text_put(text, "</tr></tfoot></table></div>\n");
    if (metrics->classes_present < metrics->class_count) {
        mnist_text_format(text, "<p>The images are of %u of the %u %s; means are over those.</p>\n",
                          metrics->classes_present, metrics->class_count, findings->words);
    }
    mnist_text_put(text, "</section>\n");
}
