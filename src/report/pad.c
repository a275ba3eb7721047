/* The pad: a field to draw on, and the net itself, which report/pad.js runs. */
#include "report/parts.h"

#include <math.h>
#include <stdlib.h>

#define SIDE 28u /* of the images that prepare.js makes */

#define TRIED_MOST 1000u /* images on which the rounded net is tried, which takes a millisecond */

/* How rounding changes the results. */
typedef struct drift {
    size_t tried, other; /* images, and those of them that are classified otherwise */
    double most;         /* difference of a probability */
} drift;

/* exact: (count, MNIST_CLASSES), the probabilities of the net itself. */
static mnist_status measure_drift(const mnist_page *page, const float *exact, mnist_view view,
                                  mnist_mlp *rounded, mnist_pool *pool, drift *out,
                                  mnist_error *err)
{
    const size_t values = view.count * MNIST_CLASSES;
    float *near = malloc(values * sizeof *near);
    *out = (drift){.tried = view.count};
    mnist_status status =
        near ? mnist_probabilities(rounded, view, page->normalization, pool, near, NULL, err)
             : mnist_fail_memory(err, values * sizeof *near, "probabilities");
    for (size_t i = 0; status == MNIST_OK && i < view.count; i++) {
        size_t top = 0, near_top = 0;
        for (size_t c = 0; c < MNIST_CLASSES; c++) {
            const size_t at = i * MNIST_CLASSES + c;
            out->most = fmax(out->most, fabs((double)exact[at] - (double)near[at]));
            top = exact[at] > exact[i * MNIST_CLASSES + top] ? c : top;
            near_top = near[at] > near[i * MNIST_CLASSES + near_top] ? c : near_top;
        }
        out->other += top != near_top;
    }
    free(near);
    return status;
}

/* Runs the net itself only if the page's probabilities are not its own. */
static mnist_status find_drift(const mnist_page *page, mnist_mlp *rounded, mnist_pool *pool,
                               drift *out, mnist_error *err)
{
    mnist_view view = page->test;
    view.count = view.count < TRIED_MOST ? view.count : TRIED_MOST;
    if (page->own_probabilities) {
        return measure_drift(page, page->probabilities, view, rounded, pool, out, err);
    }
    const size_t size = view.count * MNIST_CLASSES * sizeof(float);
    float *exact = malloc(size);
    mnist_status status =
        exact ? mnist_probabilities(page->mlp, view, page->normalization, pool, exact, NULL, err)
              : mnist_fail_memory(err, size, "probabilities");
    if (status == MNIST_OK) {
        status = measure_drift(page, exact, view, rounded, pool, out, err);
    }
    free(exact);
    return status;
}

static void put_drift(mnist_text *text, const drift *of, unsigned bits)
{
    mnist_text_format(text,
                      "<p class=\"quiet\" id=\"drift\">In this page its weights are whole numbers "
                      "of %u bits",
                      bits);
    if (bits < MNIST_EMBED_LAST_BITS) {
        mnist_text_format(text, ", those of the last layer of %u", MNIST_EMBED_LAST_BITS);
    }
    mnist_text_put(text, ", times a scale for each unit: so they take no more than ");
    mnist_text_count(text, MNIST_EMBED_MOST);
    mnist_text_format(text,
                      " bytes. On %zu test images that classifies %zu otherwise, and changes no "
                      "probability by more than ",
                      of->tried, of->other);
    mnist_text_real(text, ceil(of->most * 1e6) * 1e-6, 6);
    mnist_text_put(text, ".</p>\n");
}

/* Tells the script what the bytes that follow are: numbers, and names from the library's lists. */
static void put_net(mnist_text *text, const mnist_page *page, unsigned bits,
                    const mnist_embedded *embedded)
{
    const mnist_mlp_config *shape = mnist_mlp_shape(page->mlp);
    mnist_text_put(text, "<script type=\"application/json\" id=\"net\">{\"activation\":\"");
    mnist_text_put(text, mnist_activation_name(shape->activation));
    mnist_text_put(text, "\",\"mean\":");
    mnist_text_number(text, (double)page->normalization->mean);
    mnist_text_put(text, ",\"stddev\":");
    mnist_text_number(text, (double)page->normalization->stddev);
    mnist_text_put(text, ",\"layers\":[");
    for (unsigned l = 0; l < mnist_mlp_layers(page->mlp); l++) {
        mnist_text_format(
            text, "%s[%u,%u,%u]", l > 0 ? "," : "", mnist_mlp_layer_inputs(page->mlp, l),
            mnist_mlp_layer_outputs(page->mlp, l), mnist_embed_layer_bits(page->mlp, l, bits));
    }
    mnist_text_put(text, "]}</script>\n<script type=\"text/plain\" id=\"weights-data\">");
    mnist_text_base64(text, embedded->bytes, embedded->size);
    mnist_text_put(text, "</script>\n");
}

static void put_stage(mnist_text *text)
{
    mnist_text_put(
        text,
        "<p class=\"unscripted\">The pad needs JavaScript; all else on this page does not.</p>\n"
        "<div id=\"pad\" hidden>\n"
        "<div class=\"paper\"><canvas id=\"paper\" width=\"280\" height=\"280\" tabindex=\"0\" "
        "role=\"application\" aria-label=\"Drawing area\" aria-describedby=\"pad-help\"></canvas>"
        "<span id=\"pen\" hidden></span></div>\n"
        "<div class=\"seen\"><canvas id=\"seen\" width=\"28\" height=\"28\" role=\"img\" "
        "aria-label=\"What the net sees\"></canvas><p class=\"quiet\">what the net sees</p>\n"
        "<p><button type=\"button\" id=\"clear\">Clear</button></p></div>\n"
        "<div class=\"answer\"><p id=\"verdict\" role=\"status\" aria-live=\"polite\">Draw a digit."
        "</p>\n<table id=\"chances\"><caption class=\"hidden\">Probability of each digit</caption>"
        "<tbody>");
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        mnist_text_format(text,
                          "<tr><th scope=\"row\">%u</th><td class=\"track\"><span "
                          "class=\"chance\"></span></td><td class=\"figure\">&ndash;</td></tr>",
                          c);
    }
    mnist_text_put(
        text,
        "</tbody></table></div>\n"
        "<p id=\"pad-help\" class=\"quiet\">With a mouse, a finger or a pen; or with the "
        "keyboard: arrow keys move the pen (with Shift by less), the space bar puts it down and "
        "lifts it, Escape or Delete clears.</p>\n</div>\n");
}

static mnist_status put_embedded(mnist_text *text, const mnist_page *page, unsigned bits,
                                 mnist_pool *pool, mnist_error *err)
{
    mnist_embedded embedded;
    mnist_status status = mnist_embed_create(&embedded, page->mlp, bits, err);
    if (status == MNIST_OK && bits < 32) {
        drift of;
        status = find_drift(page, embedded.rounded, pool, &of, err);
        if (status == MNIST_OK) {
            put_drift(text, &of, bits);
        }
    }
    if (status == MNIST_OK) {
        put_net(text, page, bits, &embedded);
    }
    mnist_embed_free(&embedded);
    return status;
}

mnist_status mnist_put_pad(mnist_text *text, const mnist_page *page, mnist_pool *pool,
                           mnist_error *err)
{
    const unsigned bits = mnist_embed_bits(page->mlp);
    mnist_status status = MNIST_OK;
    mnist_text_put(text, "<section id=\"draw\"><h2>Draw a digit</h2>\n");
    if (page->test.rows != SIDE || page->test.cols != SIDE) {
        mnist_text_format(text,
                          "<p>There is no pad: it makes images of %u x %u pixels, and this net "
                          "takes %u x %u.</p>\n",
                          SIDE, SIDE, page->test.cols, page->test.rows);
    } else if (bits == 0) {
        mnist_text_put(text, "<p>There is no pad: the net has ");
        mnist_text_count(text, mnist_mlp_parameters(page->mlp));
        mnist_text_put(text, " parameters, which even with the fewest bits take more than the ");
        mnist_text_count(text, MNIST_EMBED_MOST);
        mnist_text_put(text, " bytes that a page may spend on them.</p>\n");
    } else {
        mnist_text_put(text,
                       page->models > 1
                           ? "<p>The first of the nets is in this page, and classifies what you "
                             "draw"
                           : "<p>The net is in this page, and classifies what you draw");
        mnist_text_put(text, ". Nothing leaves it. What is drawn is cut out, scaled and centred as "
                             "MNIST&#39;s digits were.</p>\n");
        put_stage(text);
        status = put_embedded(text, page, bits, pool, err);
    }
    mnist_text_put(text, "</section>\n");
    return status;
}
