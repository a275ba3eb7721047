/* The gallery of the most confident errors. */
#include "report/parts.h"
#include "report/picture.h"

static void put_error(mnist_text *text, const mnist_findings *findings,
                      const mnist_mistake *mistake)
{
    const mnist_view test = findings->page->test;
    const mnist_labels *labels = findings->page->labels;
    const size_t pixels = (size_t)test.rows * test.cols;
    mnist_text_put(text, "<li><img class=\"digit\" alt=\"image ");
    mnist_text_format(text, "%zu, a ", mistake->index);
    mnist_put_label(text, labels, mistake->label);
    mnist_text_format(text, "\" width=\"%u\" height=\"%u\" src=\"", test.cols, test.rows);
    mnist_picture_put(text, test.images + mistake->index * pixels, test.rows, test.cols, NULL, 0);
    mnist_text_put(text, "\"><span>");
    mnist_put_label(text, labels, mistake->label);
    mnist_text_put(text, ", not <b>");
    mnist_put_label(text, labels, mistake->predicted);
    mnist_text_put(text, "</b></span><span>");
    mnist_text_percent(text, (double)mistake->probability, 1);
    mnist_text_format(text, "</span><span class=\"quiet\">no. %zu</span></li>\n", mistake->index);
}

mnist_status mnist_put_errors(mnist_text *text, const mnist_findings *findings, mnist_error *err)
{
    const mnist_view test = findings->page->test;
    mnist_mistake *mistakes;
    size_t count;
    mnist_status status =
        mnist_mistakes_worst(&mistakes, &count, MNIST_GALLERY_MOST, &findings->predictions, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_text_put(text, "<section id=\"errors\"><h2>The most confident errors</h2>\n");
    if (count == 0) {
        mnist_text_put(text, "<p>There is none.</p>\n");
    } else if ((uint64_t)test.rows * (test.cols + 1) > MNIST_PICTURE_MOST) {
        mnist_text_put(text, "<p>The images are too large to be shown here.</p>\n");
    } else {
        mnist_text_format(text,
                          "<p>%zu of %zu: what the image is labelled, what it was taken for, "
                          "how likely that was held to be, and the image's place among the test "
                          "images, from 0. <span class=\"scripted\" hidden>Press one to have it "
                          "on the pad below.</span></p>\n<ul class=\"gallery\">\n",
                          count, findings->metrics.errors);
        for (size_t i = 0; i < count; i++) {
            put_error(text, findings, &mistakes[i]);
        }
        mnist_text_put(text, "</ul>\n");
    }
    mnist_text_put(text, "</section>\n");
    mnist_mistakes_free(mistakes);
    return MNIST_OK;
}
