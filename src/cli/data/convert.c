/* convert: the same images in another format. */
#include "cli/data/tool.h"

#include <mnist/export.h>
#include <mnist/io.h>
#include <stdlib.h>
#include <string.h>

static mnist_data_form form_of(const mnist_tool_settings *s)
{
    const size_t length = strlen(s->target);
    const char *end = length > 4 ? s->target + length - 4 : "";
    return s->form != MNIST_DATA_AUTO ? s->form
           : strcmp(end, ".npz") == 0 ? MNIST_DATA_NPZ
           : strcmp(end, ".csv") == 0 ? MNIST_DATA_CSV
                                      : MNIST_DATA_IDX;
}

static mnist_export export_of(const mnist_data_set *set)
{
    return (mnist_export){.view = set->view, .unlabelled = !set->labelled};
}

static mnist_status write_idx(const char *folder, const mnist_data_set *set, mnist_error *err)
{
    const bool test = strcmp(set->name, "test") == 0;
    const mnist_export what = export_of(set);
    char images[MNIST_DATA_PATH], labels[MNIST_DATA_PATH];
    mnist_status status = mnist_data_path(
        images, folder, test ? "t10k-images-idx3-ubyte" : "train-images-idx3-ubyte", err);
    if (status == MNIST_OK) {
        status = mnist_data_path(labels, folder,
                                 test ? "t10k-labels-idx1-ubyte" : "train-labels-idx1-ubyte", err);
    }
    return status == MNIST_OK ? mnist_export_idx(&what, images, labels, err) : status;
}

/* FOLDER/PART/CLASS/NAME.png, the name being the image's number in the part. */
static mnist_status write_pngs(const char *folder, const mnist_data_set *set, mnist_error *err)
{
    const mnist_view view = set->view;
    const size_t pixels = (size_t)view.rows * view.cols;
    char part[MNIST_DATA_PATH], path[MNIST_DATA_PATH], name[64];
    bool made[256] = {false};
    const int width = snprintf(NULL, 0, "%zu", view.count);
    mnist_status status = mnist_data_path(part, folder, set->name, err);
    if (status == MNIST_OK) {
        status = mnist_data_folder(part, err);
    }
    for (size_t i = 0; i < view.count && status == MNIST_OK; i++) {
        const uint8_t label = view.labels[i];
        if (!made[label]) {
            snprintf(name, sizeof name, "%u", label);
            status = mnist_data_path(path, part, name, err);
            if (status == MNIST_OK) {
                status = mnist_data_folder(path, err);
            }
            made[label] = true;
        }
        snprintf(name, sizeof name, "%u/%0*zu.png", label, width, i);
        if (status == MNIST_OK) {
            status = mnist_data_path(path, part, name, err);
        }
        if (status == MNIST_OK) {
            status = mnist_png_save(path, view.images + i * pixels, view.rows, view.cols, err);
        }
    }
    return status;
}

static mnist_status write_folder(const mnist_tool_settings *s, const mnist_data_sets *sets,
                                 bool pictures, mnist_error *err)
{
    mnist_status status = mnist_data_folder(s->target, err);
    for (size_t i = 0; i < sets->count && status == MNIST_OK; i++) {
        status = pictures ? write_pngs(s->target, &sets->sets[i], err)
                          : write_idx(s->target, &sets->sets[i], err);
    }
    return status;
}

static mnist_status write_npz(const mnist_tool_settings *s, const mnist_data_sets *sets,
                              mnist_error *err)
{
    const mnist_export *parts[2] = {NULL, NULL};
    mnist_export what[2];
    for (size_t i = 0; i < sets->count; i++) {
        what[i] = export_of(&sets->sets[i]);
        parts[strcmp(sets->sets[i].name, "test") == 0] = &what[i];
    }
    return mnist_export_npz(parts[0], parts[1], s->target, err);
}

static mnist_status write_all(const mnist_tool_settings *s, const mnist_data_sets *sets,
                              mnist_data_form form, mnist_error *err)
{
    switch (form) {
    case MNIST_DATA_NPZ:
        return write_npz(s, sets, err);
    case MNIST_DATA_CSV: {
        const mnist_export what = export_of(&sets->sets[0]);
        return mnist_export_csv(&what, s->target, err);
    }
    default:
        return write_folder(s, sets, form == MNIST_DATA_PNG, err);
    }
}

mnist_status mnist_data_convert(const mnist_tool_settings *s, mnist_error *err)
{
    mnist_data_sets sets;
    const mnist_data_form form = form_of(s);
    /* a CSV file has one part */
    const mnist_data_part part =
        form == MNIST_DATA_CSV && s->part == MNIST_DATA_BOTH ? MNIST_DATA_TRAIN : s->part;
    mnist_status status = mnist_data_sets_load(&sets, s, part, true, err);
    if (status == MNIST_OK) {
        status = write_all(s, &sets, form, err);
    }
    if (status == MNIST_OK) {
        json_t *rows = json_array();
        for (size_t i = 0; i < sets.count; i++) {
            json_t *row = json_object();
            mnist_json_put(&row, "part", json_string(sets.sets[i].name));
            mnist_json_put(&row, "from", json_string(sets.sets[i].facts.format));
            mnist_json_put(&row, "to", json_string(mnist_data_form_name(form)));
            mnist_json_put(&row, "images", mnist_json_whole(sets.sets[i].view.count));
            mnist_json_append(&rows, row);
        }
        status = mnist_data_print(s, rows, err);
    }
    mnist_data_sets_free(&sets);
    return status;
}
