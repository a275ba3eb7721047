/* A net as a web page: a pad to draw digits on, of the report's own parts (mnist/report.h). */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "io/text.h"

#include <mnist/report.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* There are no test images here: a rounded net is tried on so many synthetic digits. */
#define TRIED      1000u
#define TRIED_SEED 1u

#define SHAPE_TEXT (MNIST_NET_SHAPE + 64) /* with the activation; or a normalisation */

static void describe_net(const mnist_net *net, char text[SHAPE_TEXT])
{
    char shape[MNIST_NET_SHAPE];
    mnist_net_shape_text(net, shape);
    snprintf(text, SHAPE_TEXT, "%s %s", shape,
             net->layer_count > 1 ? mnist_activation_name(net->activation) : "softmax regression");
}

/* Of a float that is nearest to a number of six decimals, that number. */
static mnist_number decimal_of(float value)
{
    const double decimal = round((double)value * 1e6) / 1e6;
    return mnist_number_of((float)decimal == value ? decimal : (double)value);
}

static void describe_normalization(const mnist_net *net, char text[SHAPE_TEXT])
{
    if (net->normalization.kind == MNIST_NORMALIZE_UNIT) {
        snprintf(text, SHAPE_TEXT, "unit: x / 255");
    } else {
        snprintf(text, SHAPE_TEXT, "of x / 255: mean %s, deviation %s",
                 decimal_of(net->normalization.mean).text,
                 decimal_of(net->normalization.stddev).text);
    }
}

/* Other programs' pages too: none is read. */
static bool html_matches(const uint8_t *data, size_t size)
{
    static const char *const starts[] = {"<!doctype html", "<html"};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        const size_t length = strlen(starts[i]);
        if (size >= length && strncasecmp((const char *)data, starts[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* Says in page what it is called and which net it is, and writes it. */
static mnist_status render(mnist_format_output *out, const mnist_net *net, mnist_pad_page *page,
                           mnist_pad_loss *loss, mnist_error *err)
{
    char shape[SHAPE_TEXT], normalization[SHAPE_TEXT], parameters[24], *html;
    describe_net(net, shape);
    describe_normalization(net, normalization);
    snprintf(parameters, sizeof parameters, "%zu", mnist_mlp_parameters(page->mlp));
    const mnist_page_fact facts[] = {
        {"net", shape},
        {"parameters", parameters},
        {"normalisation", normalization},
        {"from a file of format", net->source ? net->source->name : NULL},
        {"SHA-256 of that file", net->source ? net->digest : NULL},
    };
    page->program = "mnist-convert";
    page->heading = net->name[0] != '\0' ? net->name : shape;
    page->facts = (mnist_page_facts){facts, sizeof facts / sizeof facts[0]};
    mnist_status status = mnist_pad_page_render(page, NULL, loss, &html, &out->sizes[0], err);
    out->bytes[0] = (uint8_t *)html;
    if (status == MNIST_ERR_ARGUMENT) {
        status = mnist_fail(err, status, "%.2000s: %s", out->path, err->text);
    }
    return status;
}

static void note_loss(mnist_net *net, const mnist_pad_loss *loss)
{
    char last[40] = "", difference[40] = "any amount: some are no numbers";
    if (loss->bits == 32) {
        return;
    }
    if (loss->bits < MNIST_EMBED_LAST_BITS) {
        snprintf(last, sizeof last, ", of %u in the last layer,", MNIST_EMBED_LAST_BITS);
    }
    mnist_net_note(net,
                   "weights are whole numbers of %u bits%s times a scale for each unit, so that "
                   "they take at most %u bytes",
                   loss->bits, last, MNIST_EMBED_MOST);
    if (isfinite(loss->difference)) {
        const unsigned millionths = (unsigned)ceil(loss->difference * 1e6);
        snprintf(difference, sizeof difference, "at most %u.%06u", millionths / 1000000,
                 millionths % 1000000);
    }
    mnist_net_note(net,
                   "tried on %zu synthetic digits: %zu answered otherwise, probabilities changed "
                   "by %s",
                   loss->tried, loss->changed, difference);
}

static mnist_status html_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    mnist_dataset *digits = NULL;
    mnist_mlp *mlp;
    mnist_pad_loss loss;
    mnist_status status = mnist_net_to_mlp(net, &mlp, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_pad_page page = {.mlp = mlp,
                           .normalization = &net->normalization,
                           .kind = "synthetic digits",
                           .labels = net->labels};
    if (mnist_embed_bits(mlp) < 32) {
        status = mnist_dataset_create_synthetic(&digits, 0, TRIED, TRIED_SEED, err);
    }
    if (status == MNIST_OK && digits) {
        page.tried = mnist_dataset_view(digits);
    }
    if (status == MNIST_OK) {
        status = render(out, net, &page, &loss, err);
    }
    if (status == MNIST_OK) {
        note_loss(net, &loss);
    }
    mnist_dataset_free(digits);
    mnist_mlp_free(mlp);
    return status;
}

static mnist_status html_as_written(mnist_net *out, const mnist_net *net, mnist_error *err)
{
    mnist_mlp *mlp, *rounded = NULL;
    mnist_status status = mnist_net_to_mlp(net, &mlp, err);
    if (status == MNIST_OK) {
        status = mnist_embed_round(mlp, mnist_embed_bits(mlp), &rounded, err);
        mnist_mlp_free(mlp);
    }
    if (status == MNIST_OK) {
        status = mnist_net_of_mlp(out, rounded, &net->normalization, err);
        mnist_mlp_free(rounded);
    }
    return status;
}

const mnist_format mnist_format_html = {
    .name = "html",
    .text = "a web page to draw digits on, which this net reads",
    .endings = ".html .htm",
    /* what is drawn on a pad is upright and light on black, and needs no step of storage */
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION | MNIST_HOLDS_ORIGIN |
             MNIST_HOLDS_STEPS | MNIST_HOLDS_LABELS,
    .matches = html_matches,
    .write = html_write,
    .as_written = html_as_written,
};
