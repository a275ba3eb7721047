/* What a user says of a file that it cannot say itself. */
#include "convert/hints.h"

#include "base/status.h"
#include "io/text.h"

#include <string.h>

/* What mnist_normalization_fit finds in MNIST's 60,000 training images: the very floats. */
#define MNIST_MEAN   0.130660474f
#define MNIST_STDDEV 0.308107793f

const char *mnist_input_order_name(mnist_input_order order)
{
    static const char *const names[MNIST_ORDERS] = {"rows", "columns"};
    return (unsigned)order < MNIST_ORDERS ? names[order] : NULL;
}

bool mnist_normalization_of(mnist_normalization *out, float mean, float stddev)
{
    const bool unit = mean == 0.0f && stddev == 1.0f;
    if (!isfinite(mean) || !isfinite(stddev) || stddev <= 0.0f ||
        !isfinite((0.0f - mean) / stddev) || !isfinite((1.0f - mean) / stddev)) {
        return false;
    }
    *out = (mnist_normalization){.kind = unit ? MNIST_NORMALIZE_UNIT : MNIST_NORMALIZE_STANDARD,
                                 .mean = mean,
                                 .stddev = stddev};
    return true;
}

bool mnist_activation_find(const char *name, size_t length, mnist_activation *out)
{
    for (int kind = 0; kind < MNIST_ACTIVATIONS; kind++) {
        const char *own = mnist_activation_name((mnist_activation)kind);
        if (strlen(own) == length && memcmp(own, name, length) == 0) {
            *out = (mnist_activation)kind;
            return true;
        }
    }
    return false;
}

/* One number of "MEAN:SD". */
static bool parse_number(const char *text, size_t length, float *out)
{
    char number[MNIST_NUMBER_TEXT];
    if (length >= sizeof number) {
        return false;
    }
    memcpy(number, text, length);
    number[length] = '\0';
    return mnist_number_parse(number, out);
}

mnist_status mnist_normalization_parse(mnist_normalization *out, const char *text, mnist_error *err)
{
    const char *colon = strchr(text, ':');
    *out = (mnist_normalization){.kind = MNIST_NORMALIZE_UNIT, .mean = 0.0f, .stddev = 1.0f};
    if (strcmp(text, "unit") == 0) {
        return MNIST_OK;
    }
    out->kind = MNIST_NORMALIZE_STANDARD;
    if (strcmp(text, "standard") == 0) {
        out->mean = MNIST_MEAN;
        out->stddev = MNIST_STDDEV;
        return MNIST_OK;
    }
    if (!colon || !parse_number(text, (size_t)(colon - text), &out->mean) ||
        !parse_number(colon + 1, strlen(colon + 1), &out->stddev)) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "normalization '%s': expected unit, standard, or MEAN:SD of pixels in 0 to "
            "1, as 0.1307:0.3081",
            mnist_show(text).text);
    }
    if (!mnist_normalization_of(out, out->mean, out->stddev)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "normalization '%s': expected a deviation above 0, and not so small that "
                          "pixels in 0 to 1 become infinite",
                          mnist_show(text).text);
    }
    return MNIST_OK;
}

/* Rows of the first layer's weights, from an image's columns one after the other to its rows. */
static mnist_status turn_inputs(mnist_net *net, const char *path, mnist_error *err)
{
    mnist_net_layer *first = &net->layers[0];
    const size_t width = first->outputs;
    unsigned side = 1;
    while ((side + 1) * (side + 1) <= first->inputs) {
        side++;
    }
    if (side * side != first->inputs) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: a net of %u inputs, but images are turned on their side only where they "
            "are square",
            path, first->inputs);
    }
    for (unsigned row = 0; row < side; row++) {
        for (unsigned column = row + 1; column < side; column++) {
            float *one = first->weights + ((size_t)row * side + column) * width;
            float *other = first->weights + ((size_t)column * side + row) * width;
            for (size_t i = 0; i < width; i++) {
                const float kept = one[i];
                one[i] = other[i];
                other[i] = kept;
            }
        }
    }
    mnist_net_note(net, "inputs were in the order of columns and are now in that of rows");
    return MNIST_OK;
}

static bool same_normalization(const mnist_normalization *a, const mnist_normalization *b)
{
    return a->mean == b->mean && a->stddev == b->stddev;
}

/* Whether what is asked for is another net than the file's. */
static bool is_another(const mnist_net *net, const mnist_net_hints *hints)
{
    return (hints->has_activation && net->layer_count > 1 &&
            hints->activation != net->activation) ||
           (hints->has_normalization &&
            !same_normalization(&net->normalization, &hints->normalization)) ||
           hints->order != MNIST_ORDER_ROWS;
}

void mnist_net_note_floats(mnist_net *net)
{
    mnist_net_note(net, "the net is one of whole numbers; written are the floats that they stand "
                        "for, which give nearly its answers");
}

mnist_status mnist_net_apply_hints(mnist_net *net, const mnist_net_hints *hints, const char *path,
                                   mnist_error *err)
{
    if (net->integers && is_another(net, hints)) {
        mnist_net_note_floats(net);
        mnist_model_free(net->integers);
        net->integers = NULL;
    }
    if (hints->has_activation && !(net->integers && net->layer_count == 1)) {
        if (net->knows_activation && net->activation != hints->activation) {
            mnist_net_note(net, "the file says activation %s, and %s was asked for",
                           mnist_activation_name(net->activation),
                           mnist_activation_name(hints->activation));
        }
        if (!net->knows_activation && hints->activation == MNIST_GELU && net->layer_count > 1) {
            mnist_net_note(net,
                           "GELU is taken to be the one by tanh: torch.nn.GELU('tanh'), not its "
                           "default");
        }
        net->knows_activation = true;
        net->activation = hints->activation;
    }
    if (hints->has_normalization) {
        if (net->knows_normalization &&
            !same_normalization(&net->normalization, &hints->normalization)) {
            mnist_net_note(net,
                           "the file says mean %g and deviation %g, and %g and %g were asked for",
                           (double)net->normalization.mean, (double)net->normalization.stddev,
                           (double)hints->normalization.mean, (double)hints->normalization.stddev);
        }
        net->knows_normalization = true;
        net->normalization = hints->normalization;
    }
    return hints->order == MNIST_ORDER_COLUMNS ? turn_inputs(net, path, err) : MNIST_OK;
}
