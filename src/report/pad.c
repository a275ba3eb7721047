/* The pad: a field to draw on, and the net itself, which report/pad.js runs. */
#include "report/parts.h"

#include <math.h>
#include <stdlib.h>

#define TRIED_MOST 1000u /* images on which the rounded net is tried, which takes a millisecond */

/* exact: (count, outputs of the net), the probabilities of the net itself. */
static mnist_status measure_loss(const mnist_pad *pad, const float *exact, mnist_view view,
                                 mnist_mlp *rounded, mnist_pool *pool, mnist_pad_loss *out,
                                 mnist_error *err)
{
    const size_t classes = mnist_mlp_shape(rounded)->outputs, values = view.count * classes;
    float *near = malloc(values * sizeof *near);
    out->tried = view.count;
    mnist_status status =
        near ? mnist_probabilities(rounded, view, pad->normalization, pool, near, NULL, err)
             : mnist_fail_memory(err, values * sizeof *near, "probabilities");
    for (size_t i = 0; status == MNIST_OK && i < view.count; i++) {
        size_t top = 0, near_top = 0;
        for (size_t c = 0; c < classes; c++) {
            const size_t at = i * classes + c;
            const double difference = fabs((double)exact[at] - (double)near[at]);
            const bool both_nan = isnan(exact[at]) && isnan(near[at]);
            out->difference = isnan(difference) && !both_nan ? (double)INFINITY
                                                             : fmax(out->difference, difference);
            top = exact[at] > exact[i * classes + top] ? c : top;
            near_top = near[at] > near[i * classes + near_top] ? c : near_top;
        }
        out->changed += top != near_top;
    }
    free(near);
    return status;
}

/* Runs the net itself only if its probabilities are not known. */
static mnist_status find_loss(const mnist_pad *pad, mnist_mlp *rounded, mnist_pool *pool,
                              mnist_pad_loss *out, mnist_error *err)
{
    mnist_view view = pad->tried;
    view.count = view.count < TRIED_MOST ? view.count : TRIED_MOST;
    if (pad->exact) {
        return measure_loss(pad, pad->exact, view, rounded, pool, out, err);
    }
    const size_t size = view.count * mnist_mlp_shape(pad->mlp)->outputs * sizeof(float);
    float *exact = malloc(size);
    mnist_status status =
        exact ? mnist_probabilities(pad->mlp, view, pad->normalization, pool, exact, NULL, err)
              : mnist_fail_memory(err, size, "probabilities");
    if (status == MNIST_OK) {
        status = measure_loss(pad, exact, view, rounded, pool, out, err);
    }
    free(exact);
    return status;
}

static void put_loss(mnist_text *text, const mnist_pad *pad, const mnist_pad_loss *loss)
{
    mnist_text_format(text,
                      "<p class=\"quiet\" id=\"drift\">In this page its weights are whole numbers "
                      "of %u bits",
                      loss->bits);
    if (loss->bits < MNIST_EMBED_LAST_BITS) {
        mnist_text_format(text, ", those of the last layer of %u", MNIST_EMBED_LAST_BITS);
    }
    mnist_text_put(text, ", times a scale for each unit: so they take no more than ");
    mnist_text_count(text, MNIST_EMBED_MOST);
    mnist_text_put(text, " bytes.");
    if (loss->tried > 0) {
        mnist_text_format(text,
                          " On %zu %s that classifies %zu otherwise, and changes no probability "
                          "by more than ",
                          loss->tried, pad->kind, loss->changed);
        mnist_text_real(text, ceil(loss->difference * 1e6) * 1e-6, 6);
        mnist_text_put(text, ".");
    }
    mnist_text_put(text, "</p>\n");
}

/* Tells the script what the bytes that follow are: numbers, and names from the library's lists. */
static void put_net(mnist_text *text, const mnist_pad *pad, unsigned bits,
                    const mnist_embedded *embedded)
{
    const mnist_mlp_config *shape = mnist_mlp_shape(pad->mlp);
    mnist_text_put(text, "<script type=\"application/json\" id=\"net\">{\"activation\":\"");
    mnist_text_put(text, mnist_activation_name(shape->activation));
    mnist_text_put(text, "\",\"mean\":");
    mnist_text_number(text, (double)pad->normalization->mean);
    mnist_text_put(text, ",\"stddev\":");
    mnist_text_number(text, (double)pad->normalization->stddev);
    mnist_text_put(text, ",\"layers\":[");
    for (unsigned l = 0; l < mnist_mlp_layers(pad->mlp); l++) {
        mnist_text_format(text, "%s[%u,%u,%u]", l > 0 ? "," : "",
                          mnist_mlp_layer_inputs(pad->mlp, l), mnist_mlp_layer_outputs(pad->mlp, l),
                          mnist_embed_layer_bits(pad->mlp, l, bits));
    }
    mnist_text_put(text, "]}</script>\n<script type=\"text/plain\" id=\"weights-data\">");
    mnist_text_base64(text, embedded->bytes, embedded->size);
    mnist_text_put(text, "</script>\n");
}

static void put_stage(mnist_text *text, const mnist_pad *pad)
{
    const unsigned classes = mnist_mlp_shape(pad->mlp)->outputs;
    const bool digits = mnist_labels_are_digits(pad->labels, classes);
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
        "<div class=\"answer\"><p id=\"verdict\" role=\"status\" aria-live=\"polite\">");
    mnist_text_put(text, digits ? "Draw a digit." : "Draw something.");
    mnist_text_format(text,
                      "</p>\n<table id=\"chances\"%s><caption class=\"hidden\">Probability of each "
                      "%s</caption><tbody>",
                      classes > MNIST_CLASSES ? " class=\"many\"" : "", digits ? "digit" : "class");
    for (unsigned c = 0; c < classes; c++) {
        mnist_text_put(text, "<tr><th scope=\"row\">");
        mnist_put_label(text, pad->labels, c);
        mnist_text_put(text, "</th><td class=\"track\"><span class=\"chance\"></span></td>"
                             "<td class=\"figure\">&ndash;</td></tr>");
    }
    mnist_text_put(
        text,
        "</tbody></table></div>\n"
        "<p id=\"pad-help\" class=\"quiet\">With a mouse, a finger or a pen; or with the "
        "keyboard: arrow keys move the pen (with Shift by less), the space bar puts it down and "
        "lifts it, Escape or Delete clears.</p>\n</div>\n");
}

static mnist_status put_embedded(mnist_text *text, const mnist_pad *pad, mnist_pool *pool,
                                 mnist_pad_loss *loss, mnist_error *err)
{
    mnist_embedded embedded;
    mnist_status status = mnist_embed_create(&embedded, pad->mlp, loss->bits, err);
    if (status == MNIST_OK && loss->bits < 32) {
        if (pad->tried.count > 0) {
            status = find_loss(pad, embedded.rounded, pool, loss, err);
        }
        if (status == MNIST_OK) {
            put_loss(text, pad, loss);
        }
    }
    if (status == MNIST_OK) {
        put_net(text, pad, loss->bits, &embedded);
    }
    mnist_embed_free(&embedded);
    return status;
}

mnist_status mnist_put_pad(mnist_text *text, const mnist_pad *pad, mnist_pool *pool,
                           mnist_pad_loss *loss, mnist_error *err)
{
    *loss = (mnist_pad_loss){.bits = mnist_embed_bits(pad->mlp)};
    mnist_text_put(text, pad->is_of_several ? "<p>The first of the nets is in this page, and "
                                              "classifies what you draw"
                                            : "<p>The net is in this page, and classifies what "
                                              "you draw");
    mnist_text_put(text, ". Nothing leaves it. What is drawn is cut out, scaled and centred as "
                         "MNIST&#39;s digits were.</p>\n");
    put_stage(text, pad);
    return put_embedded(text, pad, pool, loss, err);
}

mnist_status mnist_put_pad_section(mnist_text *text, const mnist_page *page, mnist_pool *pool,
                                   mnist_error *err)
{
    mnist_status status = MNIST_OK;
    mnist_text_put(text, "<section id=\"draw\"><h2>Draw ");
    mnist_text_put(text, mnist_labels_are_digits(page->labels, mnist_mlp_shape(page->mlp)->outputs)
                             ? "a digit</h2>\n"
                             : "something</h2>\n");
    if (page->test.rows != MNIST_PAD_SIDE || page->test.cols != MNIST_PAD_SIDE) {
        mnist_text_format(text,
                          "<p>There is no pad: it makes images of %u x %u pixels, and this net "
                          "takes %u x %u.</p>\n",
                          MNIST_PAD_SIDE, MNIST_PAD_SIDE, page->test.cols, page->test.rows);
    } else if (mnist_embed_bits(page->mlp) == 0) {
        mnist_text_put(text, "<p>There is no pad: the net has ");
        mnist_text_count(text, mnist_mlp_parameters(page->mlp));
        mnist_text_put(text, " parameters, which even with the fewest bits take more than the ");
        mnist_text_count(text, MNIST_EMBED_MOST);
        mnist_text_put(text, " bytes that a page may spend on them.</p>\n");
    } else {
        const mnist_pad pad = {.mlp = page->mlp,
                               .normalization = page->normalization,
                               .is_of_several = page->models > 1,
                               .tried = page->test,
                               .kind = "test images",
                               .labels = page->labels,
                               .exact = page->own_probabilities ? page->probabilities : NULL};
        mnist_pad_loss loss;
        status = mnist_put_pad(text, &pad, pool, &loss, err);
    }
    mnist_text_put(text, "</section>\n");
    return status;
}
