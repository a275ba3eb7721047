/* lines: pictures of lines of digits, and what they say. */
#include "cli/data/compose.h"
#include "cli/data/tool.h"

#include <mnist/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* refs.txt: a line for each picture. */
typedef struct references {
    char *text;
    size_t used, room;
} references;

static bool add_reference(references *r, const char *name, const mnist_composed *line)
{
    const size_t most = strlen(name) + 4 * line->count + 3; /* a label has three digits at most */
    if (r->room - r->used < most) {
        const size_t room = 2 * r->room + most;
        char *text = realloc(r->text, room);
        if (!text) {
            return false;
        }
        r->text = text;
        r->room = room;
    }
    r->used += (size_t)snprintf(r->text + r->used, r->room - r->used, "%s\t", name);
    for (size_t i = 0; i < line->count; i++) {
        r->used += (size_t)snprintf(r->text + r->used, r->room - r->used, "%u", line->digits[i]);
    }
    r->text[r->used++] = '\n';
    return true;
}

/* One picture, and its line of refs.txt. */
static mnist_status write_line(const mnist_tool_settings *s, mnist_view view, size_t number,
                               int width, references *r, size_t *digits, mnist_error *err)
{
    mnist_composed line;
    char name[32], path[MNIST_DATA_PATH];
    snprintf(name, sizeof name, "%0*zu.png", width, number + 1);
    mnist_status status = mnist_compose_line(&line, view, &s->style, s->seed, number, err);
    if (status == MNIST_OK) {
        status = mnist_data_path(path, s->target, name, err);
    }
    if (status == MNIST_OK) {
        status = mnist_png_save(path, line.pixels, line.rows, line.cols, err);
    }
    if (status == MNIST_OK && !add_reference(r, name, &line)) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the references");
    }
    *digits += line.count;
    mnist_composed_free(&line);
    return status;
}

static mnist_status write_lines(const mnist_tool_settings *s, mnist_view view, references *r,
                                size_t *digits, mnist_error *err)
{
    char path[MNIST_DATA_PATH];
    const int width = snprintf(NULL, 0, "%zu", s->count);
    mnist_status status = mnist_data_folder(s->target, err);
    for (size_t i = 0; i < s->count && status == MNIST_OK; i++) {
        status = write_line(s, view, i, width, r, digits, err);
    }
    if (status == MNIST_OK) {
        status = mnist_data_path(path, s->target, "refs.txt", err);
    }
    return status == MNIST_OK ? mnist_output_write(path, r->text, r->used, err) : status;
}

/* Is there an image that a line can be made of? */
static mnist_status check_images(const mnist_data_set *set, mnist_error *err)
{
    const mnist_view view = set->view;
    const size_t pixels = (size_t)view.rows * view.cols;
    if (!set->labelled) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "the images have no labels, of which a line's "
                          "reference is made");
    }
    for (size_t i = 0; i < view.count * pixels; i++) {
        if (view.images[i] > 0) {
            return MNIST_OK;
        }
    }
    return mnist_fail(err, MNIST_ERR_MISMATCH, "none of the %zu images has ink", view.count);
}

mnist_status mnist_data_lines(const mnist_tool_settings *s, mnist_error *err)
{
    mnist_data_sets sets;
    references r = {NULL, 0, 0};
    size_t digits = 0;
    const mnist_data_part part = s->part == MNIST_DATA_TRAIN ? MNIST_DATA_TRAIN : MNIST_DATA_TEST;
    mnist_status status = mnist_data_sets_load(&sets, s, part, false, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = check_images(&sets.sets[0], err);
    if (status == MNIST_OK) {
        status = write_lines(s, sets.sets[0].view, &r, &digits, err);
    }
    if (status == MNIST_OK) {
        json_t *rows = json_array(), *row = json_object();
        mnist_json_put(&row, "lines", mnist_json_whole(s->count));
        mnist_json_put(&row, "digits", mnist_json_whole(digits));
        mnist_json_put(&row, "part", json_string(sets.sets[0].name));
        mnist_json_put(&row, "images", mnist_json_whole(sets.sets[0].view.count));
        mnist_json_put(&row, "seed", mnist_json_whole(s->seed));
        mnist_json_append(&rows, row);
        status = mnist_data_print(s, rows, err);
    }
    free(r.text);
    mnist_data_sets_free(&sets);
    return status;
}
