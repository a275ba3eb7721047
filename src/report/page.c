/* The page as a whole. */
#include <mnist/report.h>

#include "base/file.h"
#include "report/parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void begin_tile(mnist_text *text, const char *name)
{
    mnist_text_format(text, "<div><dt>%s</dt><dd>", name);
}

static void put_tiles(mnist_text *text, const mnist_findings *findings)
{
    const mnist_page *page = findings->page;
    const mnist_metrics *metrics = &findings->metrics;
    mnist_text_put(text, "<dl class=\"tiles\">\n");
    begin_tile(text, "test accuracy");
    mnist_text_percent(text, page->evaluation->accuracy, 2);
    mnist_text_put(text, " <small>&plusmn;&#8239;");
    mnist_text_real(text, 100.0 * page->evaluation->accuracy_se, 2);
    mnist_text_put(text, "</small></dd></div>\n");
    begin_tile(text, "errors");
    mnist_text_count(text, page->evaluation->errors);
    mnist_text_put(text, " <small>of ");
    mnist_text_count(text, page->evaluation->count);
    mnist_text_put(text, "</small></dd></div>\n");
    begin_tile(text, "test loss");
    mnist_text_real(text, page->evaluation->loss, 4);
    mnist_text_put(text, "</dd></div>\n");
    begin_tile(text, "mean F1");
    mnist_text_real(text, metrics->macro.f1, 4);
    mnist_text_put(text, "</dd></div>\n");
    begin_tile(text, "calibration error");
    mnist_text_real(text, metrics->calibration.ece, 4);
    mnist_text_put(text, "</dd></div>\n");
    begin_tile(text, "parameters");
    mnist_text_count(text, mnist_mlp_parameters(page->mlp));
    if (page->models > 1) {
        mnist_text_format(text, " <small>in the first of %zu nets</small>", page->models);
    }
    mnist_text_put(text, "</dd></div>\n</dl>\n");
}

/* Links to the sections that the page has. */
static void put_contents(mnist_text *text, const mnist_findings *findings)
{
    const mnist_page *page = findings->page;
    const bool digits = strcmp(findings->word, "digit") == 0;
    mnist_text_put(text, "<nav aria-label=\"Contents\"><ul>");
    if (page->epoch_count > 0) {
        mnist_text_put(text, "<li><a href=\"#course\">Course</a></li>");
    }
    mnist_text_put(text, "<li><a href=\"#confusion\">Confusion</a></li>"
                         "<li><a href=\"#classes\">");
    mnist_text_put(text, digits ? "Digits" : "Classes");
    mnist_text_put(text, "</a></li><li><a href=\"#roc\">ROC</a></li>"
                         "<li><a href=\"#reliability\">Reliability</a></li>"
                         "<li><a href=\"#errors\">Errors</a></li>"
                         "<li><a href=\"#draw\">Draw ");
    mnist_text_put(text, digits ? "a digit" : "something");
    mnist_text_put(text, "</a></li>"
                         "<li><a href=\"#weights\">Weights</a></li>"
                         "<li><a href=\"#settings\">Settings</a></li>"
                         "<li><a href=\"#measured\">Speed</a></li></ul></nav>\n");
}

static void put_header(mnist_text *text, const mnist_findings *findings)
{
    const mnist_page *page = findings->page;
    mnist_put_headline(text, page->program, page->heading);
    if (page->note) {
        mnist_text_put(text, "<p>");
        mnist_text_escape(text, page->note);
        mnist_text_put(text, "</p>\n");
    }
    put_tiles(text, findings);
    put_contents(text, findings);
    mnist_text_put(text, "</header>\n<main>\n");
}

static void put_settings(mnist_text *text, const mnist_page *page)
{
    mnist_text_put(text, "<section id=\"settings\"><h2>Net, data, settings</h2>\n<p><code>");
    mnist_text_escape(text, page->result);
    mnist_text_put(text, "</code></p>\n");
    mnist_put_facts(text, page->facts);
    if (page->settings.count > 0) {
        mnist_text_put(text, "<details><summary>All settings of the training</summary>\n");
        mnist_put_facts(text, page->settings);
        mnist_text_put(text, "</details>\n");
    }
    mnist_text_put(text, "</section>\n");
}

static mnist_status put_page(mnist_text *text, const mnist_findings *findings, mnist_pool *pool,
                             mnist_error *err)
{
    const mnist_page *page = findings->page;
    mnist_put_head(text, page->program, page->heading);
    put_header(text, findings);
    mnist_put_course(text, page);
    mnist_put_confusion(text, findings);
    mnist_put_classes(text, findings);
    mnist_status status = mnist_put_roc(text, findings, err);
    mnist_put_reliability(text, findings);
    if (status == MNIST_OK) {
        status = mnist_put_errors(text, findings, err);
    }
    if (status == MNIST_OK) {
        status = mnist_put_pad_section(text, page, pool, err);
    }
    if (status == MNIST_OK) {
        status = mnist_put_weights(text, page, err);
    }
    put_settings(text, page);
    mnist_put_measured(text, page);
    mnist_put_end(text);
    return status;
}

mnist_status mnist_page_render(const mnist_page *page, mnist_pool *pool, char **html, size_t *size,
                               mnist_error *err)
{
    assert(page->models >= 1 && (page->epoch_count == 0 || page->epoch_steps >= 1));
    mnist_findings findings = {.page = page,
                               .predictions = {page->probabilities, page->test.labels,
                                               page->test.count,
                                               mnist_mlp_shape(page->mlp)->outputs}};
    const bool digits = mnist_labels_are_digits(page->labels, findings.predictions.classes);
    findings.word = digits ? "digit" : "class";
    findings.words = digits ? "digits" : "classes";
    mnist_text text = {0};
    mnist_status status = mnist_metrics_compute(&findings.predictions, &findings.metrics, err);
    if (status == MNIST_OK) {
        status = put_page(&text, &findings, pool, err);
    }
    mnist_metrics_free(&findings.metrics);
    return mnist_text_hand_out(&text, status, html, size, err);
}

mnist_status mnist_page_write(const char *path, const mnist_page *page, mnist_pool *pool,
                              mnist_error *err)
{
    char *html;
    size_t size;
    mnist_status status = mnist_page_render(page, pool, &html, &size, err);
    if (status == MNIST_OK) {
        status = mnist_file_replace(path, html, size, err);
        free(html);
    }
    return status;
}
