/* What a step has come to, on stdout and stderr. */
#include "cli/compress/candidates.h"

#include "cli/shared/figures.h"
#include "cli/shared/program.h"

#include <stdarg.h>

void mnist_compression_note(const mnist_compression *c, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (c->settings->out.quiet) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: note: ", mnist_compress_program.name);
    mnist_print_plain(text, stderr);
    fputc('\n', stderr);
}

static bool is_made(const mnist_compression *c)
{
    return !c->settings->trains || !c->settings->dry_run;
}

/* How far accuracy on the validation images has fallen. */
static double fall(const mnist_compression *c)
{
    return c->validation.before.accuracy - c->validation.after.accuracy;
}

/* In images, so that rounding decides nothing. */
static bool keeps_accuracy(const mnist_compression *c)
{
    const mnist_compress_figures *f = &c->validation;
    const double more = (double)f->after.errors - (double)f->before.errors;
    return !c->settings->has_max_loss || !is_made(c) ||
           more <= c->settings->max_loss * (double)f->view.count * (1.0 + 1e-12);
}

/* Nothing meets the budget of auto. */
static void say_miss(const mnist_compression *c)
{
    const mnist_compress_settings *s = c->settings;
    fprintf(stderr, "%s: nothing that was tried meets", mnist_compress_program.name);
    if (s->max_bytes > 0) {
        fprintf(stderr, " --max-bytes %zu", s->max_bytes);
    }
    if (s->has_max_loss) {
        fprintf(stderr, "%s --max-loss-of-accuracy %.6g", s->max_bytes > 0 ? " and" : "",
                s->max_loss);
    }
    fprintf(
        stderr,
        ": the nearest has %zu bytes and %zu errors on the validation images, where the model has "
        "%zu; nothing was written\n",
        c->after.bytes, c->validation.after.errors, c->validation.before.errors);
}

bool mnist_compression_passes(const mnist_compression *c)
{
    if (c->missed) {
        say_miss(c);
        return false;
    }
    if (keeps_accuracy(c)) {
        return true;
    }
    fprintf(stderr,
            "%s: accuracy on the validation images falls by %.6g, from %.6g to %.6g: more than "
            "--max-loss-of-accuracy %.6g\n",
            mnist_compress_program.name, fall(c), c->validation.before.accuracy,
            c->validation.after.accuracy, c->settings->max_loss);
    return false;
}

/* "784-256-10" */
static void print_shape(const mnist_mlp_config *shape)
{
    printf("%u-", shape->inputs);
    for (unsigned l = 0; l < shape->hidden_count; l++) {
        printf("%u-", shape->hidden[l]);
    }
    printf("%u", shape->outputs);
}

static size_t weights_left(const mnist_compress_net *net)
{
    size_t left = 0;
    for (unsigned l = 0; l <= net->shape.hidden_count; l++) {
        left += net->left[l];
    }
    return left;
}

static void print_figures(const char *set, const mnist_compress_figures *f, bool made)
{
    if (f->view.count == 0) {
        return;
    }
    printf(" %s_acc_before=%.6g", set, f->before.accuracy);
    if (made) {
        printf(" %s_acc=%.6g %s_changed=%zu", set, f->after.accuracy, set, f->changed);
    }
    printf(" %s_n=%zu", set, f->view.count);
}

/* What the step was told, or has found. */
static void print_step(const mnist_compression *c)
{
    const mnist_compress_settings *s = c->settings;
    printf("step=%s", mnist_compress_step_name(s->step));
    switch (s->step) {
    case MNIST_COMPRESS_PRUNE:
        printf(" keep=%s", s->keep);
        break;
    case MNIST_COMPRESS_QUANTIZE:
        printf(" bits=%s", mnist_compress_bits_name(s->bits));
        break;
    case MNIST_COMPRESS_PACK:
        printf(" levels=%u bias_bits=%u metadata=%s", s->levels, s->bias_bits,
               mnist_compress_metadata_name(s->metadata));
        break;
    case MNIST_COMPRESS_AUTO:
        if (is_made(c)) {
            printf(" tried=%zu keep=%s", c->tried_count, s->keep ? s->keep : "1");
        }
        break;
    default:
        break;
    }
    if (s->codebook > 0) {
        printf(" codebook=%u", s->codebook);
    } else if (s->step == MNIST_COMPRESS_AUTO && is_made(c)) {
        printf(" levels=%u", s->levels);
    }
    if (s->step != MNIST_COMPRESS_PRUNE && s->trains) {
        printf(" epochs=%u", s->training.config.epochs);
    }
}

static void print_line(const mnist_compression *c)
{
    const bool made = is_made(c);
    print_step(c);
    printf(" net_before=");
    print_shape(&c->before.shape);
    if (made) {
        printf(" net=");
        print_shape(&c->after.shape);
    }
    printf(" weights_before=%zu", weights_left(&c->before));
    if (made) {
        printf(" weights=%zu layers=", weights_left(&c->after));
        for (unsigned l = 0; l <= c->after.shape.hidden_count; l++) {
            printf("%s%zu", l ? "," : "", c->after.left[l]);
        }
    }
    printf(" bytes_before=%zu", c->before.bytes);
    if (made) {
        printf(" bytes=%zu", c->after.bytes);
    }
    for (unsigned i = 0; i < MNIST_PACKED_PARTS && c->packed.bytes > 0; i++) {
        printf(" bytes_%s=%.0f", mnist_packed_part_name((mnist_packed_part)i), c->packed.parts[i]);
    }
    print_figures("val", &c->validation, made);
    print_figures("test", &c->test, made);
    putchar('\n');
}

static json_t *net_json(const mnist_compress_net *net)
{
    json_t *widths = json_array(), *layers = json_array(), *object = json_object();
    mnist_json_append(&widths, json_integer(net->shape.inputs));
    for (unsigned l = 0; l <= net->shape.hidden_count; l++) {
        mnist_json_append(&widths, json_integer(l < net->shape.hidden_count ? net->shape.hidden[l]
                                                                            : net->shape.outputs));
        mnist_json_append(&layers, mnist_json_whole(net->left[l]));
    }
    mnist_json_put(&object, "widths", widths);
    mnist_json_put(&object, "weights", mnist_json_whole(net->weights));
    mnist_json_put(&object, "weights_left", mnist_json_whole(weights_left(net)));
    mnist_json_put(&object, "layers_left", layers);
    mnist_json_put(&object, "bytes", mnist_json_whole(net->bytes));
    return object;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *figures_json(const mnist_compress_figures *f, bool made)
{
    if (f->view.count == 0) {
        return json_null();
    }
    json_t *object = json_object();
    mnist_json_put(&object, "before", mnist_figures_json(&f->before));
    mnist_json_put(&object, "after", made ? mnist_figures_json(&f->after) : json_null());
    mnist_json_put(&object, "changed", made ? mnist_json_whole(f->changed) : json_null());
    return object;
}

/* What a search was told. */
static void put_search(json_t **object, const mnist_compress_settings *s)
{
    json_t *codebooks = json_array();
    for (unsigned i = 0; i < s->codebooks.count; i++) {
        mnist_json_append(&codebooks, mnist_json_whole(s->codebooks.width[i]));
    }
    if (s->step == MNIST_COMPRESS_SWEEP) { /* that of the last is none of the sweep's */
        (void)json_object_del(*object, "keep");
        (void)json_object_del(*object, "codebook");
    } else {
        mnist_json_put(object, "max_bytes",
                       s->max_bytes > 0 ? mnist_json_whole(s->max_bytes) : json_null());
        mnist_json_put(object, "tries", mnist_json_whole(s->tries));
    }
    mnist_json_put(object, "codebooks", codebooks);
    mnist_json_put(object, "bias_bits", mnist_json_whole(s->bias_bits));
    mnist_json_put(object, "metadata", json_string(mnist_compress_metadata_name(s->metadata)));
}

/* What the step was told. */
static json_t *step_json(const mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    json_t *object =
        s->trains ? mnist_options_json(&mnist_compress_program, s, MNIST_OPTION_IN_MODEL, err)
                  : json_object();
    if (s->step == MNIST_COMPRESS_PRUNE) {
        return object;
    }
    if (s->step == MNIST_COMPRESS_AUTO || s->step == MNIST_COMPRESS_SWEEP) {
        put_search(&object, s);
        return object;
    }
    if (s->step == MNIST_COMPRESS_PACK) {
        mnist_json_put(&object, "levels", mnist_json_whole(s->levels));
        mnist_json_put(&object, "bias_bits", mnist_json_whole(s->bias_bits));
        mnist_json_put(&object, "metadata", json_string(mnist_compress_metadata_name(s->metadata)));
        return object;
    }
    mnist_json_put(&object, "bits", json_string(mnist_compress_bits_name(s->bits)));
    if (mnist_compress_whole_bits(s->bits) > 0) {
        mnist_json_put(&object, "calibrate", mnist_json_whole(s->calibrate));
        mnist_json_put(&object, "range", json_string(mnist_range_rule_name(s->range)));
    }
    return object;
}

static json_t *gate_json(const mnist_compression *c)
{
    json_t *object = json_object();
    const bool gated = c->settings->has_max_loss;
    mnist_json_put(&object, "max_loss_of_accuracy",
                   gated ? mnist_json_number(c->settings->max_loss) : json_null());
    const bool budget = gated || c->settings->max_bytes > 0;
    mnist_json_put(&object, "passed",
                   budget && is_made(c) ? json_boolean(!c->missed && keeps_accuracy(c))
                                        : json_null());
    return object;
}

/* What a packed file's bytes are spent on. */
static json_t *parts_json(const mnist_packed_size *size)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < MNIST_PACKED_PARTS; i++) {
        mnist_json_put(&object, mnist_packed_part_name((mnist_packed_part)i),
                       mnist_json_number(size->parts[i]));
    }
    return object;
}

static json_t *in_json(const mnist_compression *c)
{
    json_t *in = net_json(&c->before);
    mnist_json_put(&in, "file", json_string(c->in));
    mnist_json_put(&in, "sha256", json_string(mnist_model_digest(c->model)));
    mnist_json_put(&in, "compression", text_or_null(c->earlier));
    return in;
}

static json_t *out_json(const mnist_compression *c)
{
    json_t *out = is_made(c) ? net_json(&c->after) : json_object();
    mnist_json_put(&out, "file", text_or_null(c->settings->output));
    mnist_json_put(&out, "sha256", c->written ? json_string(c->digest) : json_null());
    mnist_json_put(&out, "units_unread", mnist_json_whole(c->removed.unread));
    mnist_json_put(&out, "units_constant", mnist_json_whole(c->removed.constant));
    if (c->packed.bytes > 0) {
        mnist_json_put(&out, "parts", parts_json(&c->packed));
    }
    mnist_json_put(&out, "written", json_boolean(c->written));
    return out;
}

static json_t *document(const mnist_compression *c, mnist_error *err)
{
    const mnist_compress_step step = c->settings->step;
    const bool sweeps = step == MNIST_COMPRESS_SWEEP, made = is_made(c) && !sweeps;
    json_t *object = json_object();
    mnist_json_put(&object, "schema", json_string("mnist-compress/1"));
    mnist_json_put(&object, "version", json_string(mnist_version()));
    mnist_json_put(&object, "step", json_string(mnist_compress_step_name(step)));
    mnist_json_put(&object, "settings", step_json(c, err));
    mnist_json_put(&object, "in", in_json(c));
    mnist_json_put(&object, "out", sweeps ? json_null() : out_json(c));
    mnist_json_put(&object, "validation", figures_json(&c->validation, made));
    mnist_json_put(&object, "test", figures_json(&c->test, made));
    if (sweeps || step == MNIST_COMPRESS_AUTO) {
        mnist_json_put(&object, "tried", is_made(c) ? mnist_candidates_json(c) : json_null());
    }
    mnist_json_put(&object, "gate", gate_json(c));
    return object;
}

int mnist_compression_print(const mnist_compression *c)
{
    if (c->settings->dry_run) {
        mnist_compression_note(c, "nothing was written (--dry-run)");
    }
    if (c->settings->out.json) {
        mnist_error err;
        mnist_json_begin();
        return mnist_program_print_json(mnist_compress_program.name, document(c, &err));
    }
    if (c->settings->step == MNIST_COMPRESS_SWEEP && is_made(c)) {
        mnist_candidates_print(c);
    } else {
        print_line(c);
    }
    return MNIST_EXIT_OK;
}
