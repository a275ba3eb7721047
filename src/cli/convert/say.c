/* What a conversion has come to, on stdout and stderr. */
#define _POSIX_C_SOURCE 200809L
#include "cli/convert/conversion.h"
#include "cli/shared/figures.h"
#include "cli/shared/program.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t parameters(const mnist_net *net)
{
    uint64_t count = 0;
    for (unsigned l = 0; l < net->layer_count; l++) {
        count += ((uint64_t)net->layers[l].inputs + 1) * net->layers[l].outputs;
    }
    return count;
}

static const char *activation_text(const mnist_net *net)
{
    return net->knows_activation ? mnist_activation_name(net->activation) : "none";
}

void mnist_conversion_say(const mnist_conversion *c)
{
    const char *program = mnist_convert_program.name;
    const mnist_net *net = &c->net;
    if (c->settings->out.quiet) {
        return;
    }
    for (unsigned l = 0; c->settings->verbose && l < net->layer_count; l++) {
        fprintf(stderr, "%s: layer %u: %u inputs, %u outputs%s%s\n", program, l + 1,
                net->layers[l].inputs, net->layers[l].outputs, l + 1 < net->layer_count ? ", " : "",
                l + 1 < net->layer_count ? activation_text(net) : "");
    }
    for (size_t i = 0; i < net->note_count; i++) {
        fprintf(stderr, "%s: note: %s\n", program, net->notes[i]);
    }
    if (c->settings->dry_run) {
        fprintf(stderr, "%s: nothing was written (--dry-run)\n", program);
    }
}

bool mnist_conversion_passes(const mnist_conversion *c)
{
    const double most = c->settings->max_difference;
    if (most <= 0.0 || c->comparison.difference <= most) {
        return true;
    }
    fprintf(stderr, "%s: the largest difference %.9g is above --max-difference %.9g\n",
            mnist_convert_program.name, c->comparison.difference, most);
    return false;
}

static void print_line(const mnist_conversion *c)
{
    const mnist_net *net = &c->net;
    char shape[MNIST_NET_SHAPE], mean[MNIST_REAL_TEXT], stddev[MNIST_REAL_TEXT];
    mnist_net_shape_text(net, shape);
    mnist_float_format(net->normalization.mean, mean);
    mnist_float_format(net->normalization.stddev, stddev);
    printf("from=%s to=%s net=%s activation=%s mean=%s stddev=%s parameters=%" PRIu64 " bytes=%zu",
           net->source->name, c->to->name, shape, activation_text(net), mean, stddev,
           parameters(net), c->bytes.sizes[0] + c->bytes.sizes[1]);
    if (c->comparison.count > 0) {
        char difference[MNIST_REAL_TEXT] = "inf";
        if (isfinite(c->comparison.difference)) {
            mnist_real_format(c->comparison.difference, difference);
        }
        printf(" max_difference=%s changed=%zu n=%zu", difference, c->comparison.changed,
               c->comparison.count);
    }
    putchar('\n');
}

json_t *mnist_conversion_number(float value)
{
    char text[MNIST_REAL_TEXT];
    if (!isfinite(value)) {
        return json_null();
    }
    mnist_float_format(value, text);
    return json_real(strtod(text, NULL));
}

static json_t *net_json(const mnist_net *net)
{
    json_t *widths = json_array(), *object = json_object();
    for (unsigned l = 0; l < net->layer_count; l++) {
        if (l == 0) {
            mnist_json_append(&widths, json_integer(net->layers[l].inputs));
        }
        mnist_json_append(&widths, json_integer(net->layers[l].outputs));
    }
    mnist_json_put(&object, "widths", widths);
    mnist_json_put(&object, "parameters", mnist_json_whole(parameters(net)));
    mnist_json_put(&object, "activation",
                   net->knows_activation ? json_string(activation_text(net)) : json_null());
    mnist_json_put(&object, "normalization",
                   json_string(mnist_normalization_name(net->normalization.kind)));
    mnist_json_put(&object, "mean", mnist_conversion_number(net->normalization.mean));
    mnist_json_put(&object, "stddev", mnist_conversion_number(net->normalization.stddev));
    return object;
}

static json_t *file_json(const char *path, const mnist_format *format)
{
    return json_pack("{s:s, s:s}", "file", path, "format", format->name);
}

static json_t *comparison_json(const mnist_conversion *c)
{
    const mnist_comparison *found = &c->comparison;
    if (found->count == 0) {
        return json_null();
    }
    json_t *object = json_object();
    mnist_json_put(&object, "n", mnist_json_whole(found->count));
    mnist_json_put(&object, "max_difference", mnist_json_number(found->difference));
    mnist_json_put(&object, "changed", mnist_json_whole(found->changed));
    mnist_json_put(&object, "most",
                   c->settings->max_difference > 0.0
                       ? mnist_json_number(c->settings->max_difference)
                       : json_null());
    return object;
}

static json_t *document(const mnist_conversion *c)
{
    json_t *notes = json_array(), *object = json_object();
    json_t *in = file_json(c->in, c->net.source), *out = file_json(c->out, c->to);
    for (size_t i = 0; i < c->net.note_count; i++) {
        mnist_json_append(&notes, json_string(c->net.notes[i]));
    }
    mnist_json_put(&in, "sha256", json_string(c->net.digest));
    mnist_json_put(&out, "bytes", mnist_json_whole(c->bytes.sizes[0]));
    mnist_json_put(&out, "companion", c->companion ? json_string(c->companion) : json_null());
    mnist_json_put(&out, "input",
                   c->to->holds & MNIST_HOLDS_INPUT
                       ? json_string(mnist_net_input_name(c->settings->onnx_input))
                       : json_null());
    mnist_json_put(&out, "vectors", c->vectors ? json_string(c->vectors) : json_null());
    mnist_json_put(&out, "written", json_boolean(!c->settings->dry_run));
    mnist_json_put(&object, "schema", json_string("mnist-convert/1"));
    mnist_json_put(&object, "version", json_string(mnist_version()));
    mnist_json_put(&object, "in", in);
    mnist_json_put(&object, "out", out);
    mnist_json_put(&object, "net", net_json(&c->net));
    mnist_json_put(&object, "notes", notes);
    mnist_json_put(&object, "verify", comparison_json(c));
    return object;
}

/* Is OUT the file or the pipe that stdout is, as with OUT /dev/stdout? */
static bool writes_to_stdout(const mnist_conversion *c)
{
    struct stat out, printed;
    return !c->settings->dry_run && stat(c->out, &out) == 0 &&
           fstat(STDOUT_FILENO, &printed) == 0 && out.st_dev == printed.st_dev &&
           out.st_ino == printed.st_ino && (S_ISREG(out.st_mode) || S_ISFIFO(out.st_mode));
}

int mnist_conversion_print(const mnist_conversion *c)
{
    if (writes_to_stdout(c)) { /* the result would become part of the net: it goes to stderr */
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    }
    if (c->settings->out.json) {
        mnist_json_begin();
        return mnist_program_print_json(mnist_convert_program.name, document(c));
    }
    print_line(c);
    return MNIST_EXIT_OK;
}
