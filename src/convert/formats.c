/* The table of formats, and the way from a file to a net and back. */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "convert/hints.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STREAM ((size_t)1 << 30) /* of a pipe */

static const mnist_format *const formats[] = {
#define MNIST_FORMAT_ENTRY(name) &mnist_format_##name,
    MNIST_FORMAT_LIST(MNIST_FORMAT_ENTRY)
#undef MNIST_FORMAT_ENTRY
};

const mnist_format *mnist_format_at(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? formats[index] : NULL;
}

const mnist_format *mnist_format_find(const char *name)
{
    size_t i = 0;
    while (mnist_format_at(i) && strcmp(formats[i]->name, name) != 0) {
        i++;
    }
    return mnist_format_at(i);
}

const mnist_format *mnist_format_detect(const uint8_t *data, size_t size)
{
    for (size_t i = 0; mnist_format_at(i); i++) {
        if (formats[i]->matches && formats[i]->matches(data, size)) {
            return formats[i];
        }
    }
    return NULL;
}

/* Bytes of the format's longest ending that path has; 0: of none. */
static size_t fitting_ending(const mnist_format *format, const char *path)
{
    const size_t length = strlen(path);
    size_t longest = 0;
    for (const char *ending = format->endings; *ending != '\0';) {
        const size_t bytes = strcspn(ending, " ");
        if (bytes < length && bytes > longest &&
            strncmp(path + length - bytes, ending, bytes) == 0) {
            longest = bytes;
        }
        ending += bytes + strspn(ending + bytes, " ");
    }
    return longest;
}

const mnist_format *mnist_format_of_path(const char *path)
{
    const mnist_format *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; mnist_format_at(i); i++) {
        const size_t bytes = formats[i]->write ? fitting_ending(formats[i], path) : 0;
        if (bytes > longest) {
            found = formats[i];
            longest = bytes;
        }
    }
    return found;
}

void mnist_format_list(bool written, char text[MNIST_FORMAT_LIST_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; mnist_format_at(i); i++) {
        const bool listed = written ? formats[i]->write != NULL : formats[i]->read != NULL;
        if (listed && used < MNIST_FORMAT_LIST_TEXT) {
            used += (size_t)snprintf(text + used, MNIST_FORMAT_LIST_TEXT - used, "%s%s",
                                     used > 0 ? ", " : "", formats[i]->name);
        }
    }
}

char *mnist_format_companion(const mnist_format *format, const char *path)
{
    assert(format->companion);
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *point = strrchr(name, '.');
    const size_t stem = point && point > name ? (size_t)(point - path) : strlen(path);
    const size_t ending = strlen(format->companion);
    char *companion = malloc(stem + ending + 1);
    if (companion) {
        memcpy(companion, path, stem);
        memcpy(companion + stem, format->companion, ending + 1);
    }
    return companion;
}

mnist_status mnist_format_check_path(const mnist_format *format, const char *path, mnist_error *err)
{
    return format->check_path ? format->check_path(path, err) : MNIST_OK;
}

/* Reading. */

static mnist_status choose(const mnist_format **format, const mnist_format_input *input,
                           mnist_error *err)
{
    char list[MNIST_FORMAT_LIST_TEXT];
    const bool is_told = *format != NULL;
    mnist_format_list(false, list);
    if (!is_told) {
        *format = mnist_format_detect(input->data, input->size);
    }
    if (!*format) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: %s: expected one of the formats that are read: %s", input->path,
                          input->size == 0 ? "the file is empty"
                                           : "what it is, its first bytes do not tell",
                          list);
    }
    if (!(*format)->read) {
        return mnist_fail(err, is_told ? MNIST_ERR_ARGUMENT : MNIST_ERR_FORMAT,
                          "%s: format %s is written only; formats that are read: %s", input->path,
                          (*format)->name, list);
    }
    return MNIST_OK;
}

mnist_status mnist_net_decode(mnist_net *out, const mnist_format_input *input,
                              const mnist_format *format, const mnist_net_hints *hints,
                              mnist_error *err)
{
    static const mnist_net_hints nothing;
    mnist_format_input given = *input;
    *out = (mnist_net){.layer_count = 0};
    hints = hints ? hints : &nothing;
    given.layers = hints->layers;
    mnist_status status = choose(&format, &given, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = format->read(out, &given, err);
    if (status == MNIST_OK) {
        status = mnist_net_check(out, MNIST_ERR_FORMAT, given.path, err);
    }
    if (status == MNIST_OK) {
        status = mnist_net_apply_hints(out, hints, given.path, err);
    }
    if (status != MNIST_OK) {
        mnist_net_free(out);
        return status;
    }
    out->source = format;
    const char *slash = strrchr(given.path, '/');
    (void)mnist_plain_text(out->name, sizeof out->name, slash ? slash + 1 : given.path);
    mnist_sha256(given.data, given.size, "", 0, out->digest);
    return MNIST_OK;
}

mnist_status mnist_net_load(mnist_net *out, const char *path, const mnist_format *format,
                            const mnist_net_hints *hints, mnist_error *err)
{
    mnist_bytes bytes;
    *out = (mnist_net){.layer_count = 0};
    mnist_status status = mnist_bytes_open(&bytes, path, MAX_STREAM, err);
    if (status == MNIST_OK) {
        const mnist_format_input input = {.data = bytes.data, .size = bytes.size, .path = path};
        status = mnist_net_decode(out, &input, format, hints, err);
        mnist_bytes_close(&bytes);
    }
    return status;
}

/* Writing. */

void mnist_format_output_free(mnist_format_output *output)
{
    for (size_t i = 0; i < MNIST_FORMAT_FILES; i++) {
        free(output->bytes[i]);
    }
    *output = (mnist_format_output){.path = NULL};
}

const char *mnist_net_input_name(mnist_net_input input)
{
    static const char *const names[MNIST_INPUTS] = {"bytes", "floats"};
    return (unsigned)input < MNIST_INPUTS ? names[input] : NULL;
}

mnist_status mnist_net_encode(mnist_format_output *out, mnist_net *net, const mnist_format *format,
                              const char *path, mnist_error *err)
{
    return mnist_net_encode_for(out, net, format, &(mnist_net_form){.floats = false}, path, err);
}

mnist_status mnist_net_encode_for(mnist_format_output *out, mnist_net *net,
                                  const mnist_format *format, const mnist_net_form *form,
                                  const char *path, mnist_error *err)
{
    mnist_model *integers = net->integers;
    assert(net->knows_normalization && (net->knows_activation || net->layer_count == 1));
    *out = (mnist_format_output){.path = path, .input = form->input};
    if (!format->write) {
        char list[MNIST_FORMAT_LIST_TEXT];
        mnist_format_list(true, list);
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s: format %s is read only; formats that are written: %s", path,
                          format->name, list);
    }
    if (form->input != MNIST_INPUT_BYTES && !(format->holds & MNIST_HOLDS_INPUT)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s: a net that takes %s: format %s does not say what its net takes",
                          path, mnist_net_input_name(form->input), format->name);
    }
    mnist_status status = mnist_format_check_path(format, path, err);
    if (status == MNIST_OK) {
        status = mnist_net_check(net, MNIST_ERR_ARGUMENT, path, err);
    }
    if (status == MNIST_OK && integers &&
        (form->floats || !(format->holds & MNIST_HOLDS_INTEGERS))) {
        mnist_net_note_floats(net);
        net->integers = NULL; /* while it is written */
    }
    if (status == MNIST_OK && net->steps.count > 0 && !(format->holds & MNIST_HOLDS_STEPS)) {
        char steps[MNIST_STEPS_TEXT];
        mnist_steps_print(&net->steps, steps);
        mnist_net_note(net,
                       "images as they are stored go through steps before this net (%.100s), which "
                       "format %s does not say: do so before it gets them",
                       steps, format->name);
    }
    if (status == MNIST_OK && net->labels && !(format->holds & MNIST_HOLDS_LABELS)) {
        mnist_net_note(net,
                       "what its classes are called stays behind: format %s counts them from 0",
                       format->name);
    }
    if (status == MNIST_OK) {
        status = format->write(out, net, err);
    }
    net->integers = integers;
    if (status != MNIST_OK) {
        mnist_format_output_free(out);
        return status;
    }
    assert(out->bytes[0] && (!out->bytes[1] || format->companion));
    return MNIST_OK;
}

mnist_status mnist_net_as_written(mnist_net *out, const mnist_net *net, const mnist_format *format,
                                  mnist_error *err)
{
    assert(format->as_written);
    *out = (mnist_net){.layer_count = 0};
    const mnist_status status = format->as_written(out, net, err);
    if (status != MNIST_OK) {
        mnist_net_free(out);
        return status;
    }
    out->source = format;
    return MNIST_OK;
}

mnist_status mnist_format_output_write(const mnist_format_output *output,
                                       const mnist_format *format, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (output->bytes[1]) {
        char *companion = mnist_format_companion(format, output->path);
        if (!companion) {
            return mnist_fail_memory(err, strlen(output->path), "a file's name");
        }
        status = mnist_output_write(companion, output->bytes[1], output->sizes[1], err);
        free(companion);
    }
    if (status == MNIST_OK) {
        status = mnist_output_write(output->path, output->bytes[0], output->sizes[0], err);
    }
    return status;
}
