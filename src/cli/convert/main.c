/* mnist-convert: nets in and out of other programs' files. */
#define _POSIX_C_SOURCE 200809L
#include "cli/convert/conversion.h"
#include "cli/shared/figures.h"
#include "cli/shared/program.h"
#include "cli/shared/steps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool fail_memory(mnist_error *err)
{
    mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    return false;
}

/* Whether a second file can be beside path: not if it is a device or a pipe, whatever it leads to, as files
 * would then be made in /dev. */
static bool has_room_beside(const char *path)
{
    struct stat status;
    return strncmp(path, "/dev/", strlen("/dev/")) != 0 &&
           (stat(path, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

/* The names of what is written beside OUT. */
static bool name_companions(mnist_conversion *c, mnist_error *err)
{
    const bool is_two = c->to->companion != NULL;
    if ((is_two || c->settings->vectors > 0) && !has_room_beside(c->out)) {
        return mnist_options_fail(err,
                                  "%.2000s: %s writes a second file beside OUT, which therefore "
                                  "cannot be a device or a pipe; name a file",
                                  c->out, is_two ? "this format" : "--vectors");
    }
    if (is_two && !(c->companion = mnist_format_companion(c->to, c->out))) {
        return fail_memory(err);
    }
    if (c->settings->vectors > 0) {
        const char *ending = mnist_conversion_writes_arrays(c) ? ".vectors.npz" : ".vectors.json";
        const size_t size = strlen(c->out) + strlen(ending) + 1;
        c->vectors = malloc(size);
        if (!c->vectors) {
            return fail_memory(err);
        }
        snprintf(c->vectors, size, "%s%s", c->out, ending);
    }
    return true;
}

/* That no name is "-", by which other programs mean stdin or stdout. */
static bool check_names(const mnist_conversion *c, mnist_error *err)
{
    if (strcmp(c->in, "-") == 0) {
        return mnist_options_fail(
            err, "IN is -, which does not stand for stdin here; name a file, or /dev/stdin");
    }
    if (strcmp(c->out, "-") == 0) {
        return mnist_options_fail(err, "OUT is -, which does not stand for stdout here, where the "
                                       "result's line goes; name a file");
    }
    return true;
}

/* What shall be written, and where; MNIST_ERR_ARGUMENT where the command line does not say it. */
static bool choose_output(mnist_conversion *c, mnist_error *err)
{
    const mnist_convert_settings *settings = c->settings;
    char list[MNIST_FORMAT_LIST_TEXT];
    mnist_format_list(true, list);
    c->to =
        settings->to > 0 ? mnist_convert_format(settings->to, true) : mnist_format_of_path(c->out);
    if (!c->to) {
        return mnist_options_fail(
            err, "%.2000s: no format has this ending; say --to FORMAT, one of: %s", c->out, list);
    }
    if (settings->says_onnx_input && !(c->to->holds & MNIST_HOLDS_INPUT)) {
        return mnist_options_fail(
            err, "--onnx-input is for OUT of format onnx, and %.2000s is to be of format %s",
            c->out, c->to->name);
    }
    if (settings->verify && !c->to->read && !c->to->as_written) {
        return mnist_options_fail(
            err,
            "--verify reads OUT again, and format %s is written only; --vectors N "
            "writes what to hold it against",
            c->to->name);
    }
    return name_companions(c, err) && (!settings->out.json || (mnist_json_check_name(c->in, err) &&
                                                               mnist_json_check_name(c->out, err)));
}

/* Where the test images are, and that no output destroys anything. */
static bool check_files(mnist_conversion *c, mnist_error *err)
{
    const bool holds_tensors =
        strcmp(c->to->name, "native") == 0 || strcmp(c->to->name, "torch") == 0;
    mnist_file_use files[4 + MNIST_SOURCE_FILES] = {
        {.path = c->in, .name = "input"},
        {.path = c->out, .name = "OUT", .output = true, .tensors = holds_tensors},
        {.path = c->companion, .name = "what is written beside OUT", .output = true},
        {.path = c->vectors, .name = "what --vectors writes", .output = true},
    };
    mnist_error missing = {0}; /* counts less than an output that would destroy something */
    mnist_status located = MNIST_OK;
    if (c->settings->verify || c->vectors) {
        located = mnist_source_locate(&c->source, &c->settings->data, MNIST_IDX_TEST, &missing);
        mnist_source_files(&c->source, files + 4);
    }
    mnist_status status = mnist_outputs_check(files, sizeof files / sizeof files[0], err);
    if (status == MNIST_OK && located != MNIST_OK) {
        *err = missing;
        status = located;
    }
    for (size_t i = 1; i < 4 && status == MNIST_OK;
         i++) { /* a dry run, too, says what would fail */
        status = files[i].path ? mnist_output_check(files[i].path, err) : MNIST_OK;
    }
    return status == MNIST_OK;
}

/* What the file does not say must have been said. */
static bool check_known(const mnist_conversion *c, mnist_error *err)
{
    const mnist_net *net = &c->net;
    if (!net->knows_activation && net->layer_count > 1) {
        return mnist_options_fail(
            err,
            "%.2000s: a file of format %s does not say what its hidden layers do; "
            "say --activation NAME, as --activation relu",
            c->in, net->source->name);
    }
    if (!net->knows_normalization) {
        return mnist_options_fail(
            err,
            "%.2000s: a file of format %s does not say what pixels become before "
            "the net; say --normalize unit, --normalize standard, or --normalize "
            "MEAN:SD, as 0.1307:0.3081",
            c->in, net->source->name);
    }
    return true;
}

/* Reads the net; what a list of layers can mend gets its flag. */
static bool load(mnist_conversion *c, const mnist_net_hints *hints, mnist_error *err)
{
    const mnist_format *from = mnist_convert_format(c->settings->from, false);
    const mnist_status status = mnist_net_load(&c->net, c->in, from, hints, err);
    if (status == MNIST_ERR_MISMATCH) {
        mnist_fail(err, status, "%s (--layers NAME,... or WEIGHTS+BIAS,...)", err->text);
    }
    return status == MNIST_OK;
}

/* Everything before the files: what the command line is to blame for has MNIST_ERR_ARGUMENT. */
static bool prepare(mnist_conversion *c, mnist_error *err)
{
    mnist_net_hints hints;
    return mnist_convert_hints(c->settings, &hints, err) == MNIST_OK && check_names(c, err) &&
           choose_output(c, err) && check_files(c, err) &&
           mnist_format_check_path(c->to, c->out, err) == MNIST_OK && load(c, &hints, err) &&
           check_known(c, err);
}

static bool convert(mnist_conversion *c, mnist_error *err)
{
    const mnist_convert_settings *settings = c->settings;
    if ((settings->verify || c->vectors) &&
        (mnist_source_load(&c->source, &settings->data, MNIST_IDX_TEST, err) != MNIST_OK ||
         mnist_source_apply_steps(&c->source, &c->net.steps, err) != MNIST_OK)) {
        return false;
    }
    const size_t images = c->source.test ? mnist_dataset_view(c->source.test).count : 0;
    if (images < settings->vectors) {
        mnist_net_note(&c->net, "vectors are of %zu images and not of %zu: there are no more",
                       images, settings->vectors);
    }
    const mnist_net_form form = {.input = settings->onnx_input, .floats = settings->floats};
    if (mnist_net_encode_for(&c->bytes, &c->net, c->to, &form, c->out, err) != MNIST_OK ||
        (settings->verify && !mnist_conversion_compare(c, err))) {
        return false;
    }
    if (settings->dry_run) {
        return true;
    }
    return (!c->vectors || mnist_conversion_write_vectors(c, err)) &&
           mnist_format_output_write(&c->bytes, c->to, err) == MNIST_OK;
}

static void release(mnist_conversion *c)
{
    mnist_format_output_free(&c->bytes);
    mnist_net_free(&c->net);
    mnist_source_close(&c->source);
    free(c->companion);
    free(c->vectors);
}

static int run(void *settings, const mnist_parsed *parsed)
{
    mnist_conversion c = {
        .settings = settings, .in = parsed->operands[0], .out = parsed->operands[1]};
    mnist_error err;
    int code;
    if (!prepare(&c, &err)) {
        code = mnist_program_usage(&mnist_convert_program, &err);
    } else if (!convert(&c, &err)) {
        code = mnist_program_error(mnist_convert_program.name, &err);
    } else {
        mnist_conversion_say(&c);
        code = mnist_conversion_print(&c);
        if (code == MNIST_EXIT_OK && !mnist_conversion_passes(&c)) {
            code = MNIST_EXIT_GATE;
        }
    }
    release(&c);
    return code;
}

int main(int argc, char **argv)
{
    mnist_convert_settings settings = mnist_convert_settings_defaults();
    return mnist_program_main(&mnist_convert_program, argc, argv, &settings, run);
}
