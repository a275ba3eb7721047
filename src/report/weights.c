/* The first layer's weights, one picture a unit: the pattern that the unit responds to. */
#include "report/parts.h"
#include "report/picture.h"

#include <math.h>
#include <stdlib.h>

/* Values of a picture: SIDE stands for 0, lower ones for negative weights, higher ones for
 * positive. */
#define SIDE   32
#define COLORS (2 * SIDE + 1)

#define PIXELS_MOST 4096u /* of one picture: 64 of them are then 350 KB in the page */

typedef struct unit {
    double norm; /* L2, of its incoming weights */
    size_t index;
} unit;

static int longer_first(const void *a, const void *b)
{
    const unit *x = a, *y = b;
    if (x->norm != y->norm) {
        return x->norm > y->norm ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Blue and orange, which the colour-blind can distinguish too; they become transparent towards
 * 0. */
static void fill_colors(uint8_t colors[COLORS][4])
{
    for (int i = 0; i < COLORS; i++) {
        const int strength = i < SIDE ? SIDE - i : i - SIDE;
        const uint8_t negative[] = {222, 92, 8}, positive[] = {20, 110, 220};
        for (int part = 0; part < 3; part++) {
            colors[i][part] = i < SIDE ? negative[part] : positive[part];
        }
        colors[i][3] = (uint8_t)(255 * strength / SIDE);
    }
}

/* Draws the unit's weights on a scale of its own: its largest weight has full colour. */
static void draw(const float *weights, size_t inputs, size_t outputs, size_t index, uint8_t *pixels)
{
    float most = 0.0f;
    for (size_t i = 0; i < inputs; i++) {
        most = fmaxf(most, fabsf(weights[i * outputs + index]));
    }
    for (size_t i = 0; i < inputs; i++) {
        const float share = most > 0.0f ? weights[i * outputs + index] / most : 0.0f;
        pixels[i] = (uint8_t)(SIDE + (int)lrintf((float)SIDE * share));
    }
}

/* Output units are called as their classes. */
static const char *word_of(const mnist_page *page)
{
    return mnist_labels_are_digits(page->labels, mnist_mlp_shape(page->mlp)->outputs) ? "digit"
                                                                                      : "class";
}

static void put_name(mnist_text *text, const mnist_page *page, bool is_hidden, size_t index)
{
    if (is_hidden) {
        mnist_text_format(text, "unit %zu", index);
    } else {
        mnist_text_format(text, "%s ", word_of(page));
        mnist_put_label(text, page->labels, (unsigned)index);
    }
}

static void put_units(mnist_text *text, const mnist_page *page, const float *weights,
                      const unit *units, size_t count, uint8_t *pixels)
{
    const mnist_mlp *mlp = page->mlp;
    const size_t inputs = mnist_mlp_layer_inputs(mlp, 0), outputs = mnist_mlp_layer_outputs(mlp, 0);
    const bool is_hidden = mnist_mlp_layers(mlp) > 1;
    uint8_t colors[COLORS][4];
    fill_colors(colors);
    mnist_text_put(text, "<ul class=\"weights\">\n");
    for (size_t i = 0; i < count; i++) {
        draw(weights, inputs, outputs, units[i].index, pixels);
        mnist_text_put(text, "<li><img class=\"unit\" alt=\"");
        put_name(text, page, is_hidden, units[i].index);
        mnist_text_put(text, "\" title=\"");
        put_name(text, page, is_hidden, units[i].index);
        mnist_text_put(text, ", length ");
        mnist_text_real(text, units[i].norm, 2);
        mnist_text_format(text, "\" width=\"%u\" height=\"%u\" src=\"", page->test.cols,
                          page->test.rows);
        mnist_picture_put(text, pixels, page->test.rows, page->test.cols,
                          (const uint8_t(*)[4])colors, COLORS);
        mnist_text_put(text, "\"></li>\n");
    }
    mnist_text_put(text, "</ul>\n");
}

mnist_status mnist_put_weights(mnist_text *text, const mnist_page *page, mnist_error *err)
{
    const size_t inputs = mnist_mlp_layer_inputs(page->mlp, 0);
    const size_t outputs = mnist_mlp_layer_outputs(page->mlp, 0);
    if (inputs > PIXELS_MOST) {
        return MNIST_OK;
    }
    float *weights = malloc(inputs * outputs * sizeof *weights);
    unit *units = calloc(outputs, sizeof *units);
    uint8_t *pixels = malloc(inputs);
    if (!weights || !units || !pixels) {
        free(weights);
        free(units);
        free(pixels);
        return mnist_fail_memory(err, inputs * outputs * sizeof *weights, "a layer's weights");
    }
    mnist_mlp_get_layer(page->mlp, 0, weights, NULL);
    for (size_t o = 0; o < outputs; o++) {
        units[o].index = o;
    }
    for (size_t i = 0; i < inputs; i++) {
        for (size_t o = 0; o < outputs; o++) {
            const double weight = (double)weights[i * outputs + o];
            units[o].norm += weight * weight;
        }
    }
    for (size_t o = 0; o < outputs; o++) {
        units[o].norm = sqrt(units[o].norm);
    }
    const bool is_hidden = mnist_mlp_layers(page->mlp) > 1;
    if (is_hidden) { /* output units stay in the order of the classes */
        qsort(units, outputs, sizeof *units, longer_first);
    }
    const size_t count = outputs < MNIST_UNITS_MOST ? outputs : MNIST_UNITS_MOST;
    mnist_text_put(text, "<section id=\"weights\"><h2>First layer</h2>\n<p>The weights ");
    if (is_hidden) {
        mnist_text_format(text, "of the %zu of %zu units that have the longest ones", count,
                          outputs);
    } else {
        mnist_text_format(text, "of each %s", word_of(page));
    }
    mnist_text_put(text,
                   ", as pictures: ink where it is <span class=\"positive\">blue</span> speaks "
                   "for the unit, where it is <span class=\"negative\">orange</span> against "
                   "it. Each has a scale of its own.</p>\n");
    put_units(text, page, weights, units, count, pixels);
    mnist_text_put(text, "</section>\n");
    free(weights);
    free(units);
    free(pixels);
    return MNIST_OK;
}
