/* sheet: images of each class side by side. */
#include "cli/shared/sheet.h"

#include "cli/data/tool.h"

#include <string.h>

enum { MARGIN = 4, LABELS = 256 };

/* A row for each class that has images; of more, or fewer, places are empty. */
typedef struct table {
    mnist_sheet sheet;
    mnist_view view;
    unsigned zoom;
    unsigned row[LABELS];   /* of a class */
    unsigned found[LABELS]; /* its images that are drawn */
} table;

static unsigned plan_rows(table *t)
{
    unsigned rows = 0;
    size_t counts[LABELS] = {0};
    for (size_t i = 0; i < t->view.count; i++) {
        counts[t->view.labels[i]]++;
    }
    for (unsigned c = 0; c < LABELS; c++) {
        t->row[c] = rows;
        rows += counts[c] > 0;
    }
    return rows;
}

static void draw_images(table *t, unsigned per_class)
{
    const size_t high = t->view.rows * t->zoom + MARGIN, wide = t->view.cols * t->zoom + MARGIN;
    for (size_t i = 0; i < t->view.count; i++) {
        const uint8_t label = t->view.labels[i];
        if (t->found[label] < per_class) {
            const mnist_sheet_image image = {t->view.images + i * t->view.rows * t->view.cols,
                                             t->view.rows, t->view.cols};
            mnist_sheet_draw(&t->sheet, MARGIN + t->row[label] * high,
                             MARGIN + t->found[label]++ * wide, image, t->zoom);
        }
    }
}

static mnist_status draw_sheet(const mnist_tool_settings *s, const mnist_data_set *set,
                               mnist_error *err)
{
    table t = {.view = set->view, .zoom = set->view.rows <= 64 && set->view.cols <= 64 ? 2 : 1};
    const unsigned rows = plan_rows(&t);
    const size_t height = MARGIN + rows * ((size_t)t.view.rows * t.zoom + MARGIN);
    const size_t width = MARGIN + s->per_class * ((size_t)t.view.cols * t.zoom + MARGIN);
    if (height > MNIST_SHEET_MOST || width > MNIST_SHEET_MOST) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s would have %zu x %zu pixels, and %u is the most: fewer images of a "
                          "class fit",
                          s->target, width, height, MNIST_SHEET_MOST);
    }
    if (!mnist_sheet_create(&t.sheet, height, width)) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a sheet of %zu x %zu pixels",
                          width, height);
    }
    draw_images(&t, s->per_class);
    mnist_status status = mnist_sheet_save(&t.sheet, s->target, err);
    mnist_sheet_free(&t.sheet);
    if (status == MNIST_OK) {
        json_t *all = json_array(), *row = json_object();
        size_t images = 0;
        for (unsigned c = 0; c < LABELS; c++) {
            images += t.found[c];
        }
        mnist_json_put(&row, "part", json_string(set->name));
        mnist_json_put(&row, "classes", json_integer((json_int_t)rows));
        mnist_json_put(&row, "images", mnist_json_whole(images));
        mnist_json_put(&row, "width", mnist_json_whole(width));
        mnist_json_put(&row, "height", mnist_json_whole(height));
        mnist_json_append(&all, row);
        status = mnist_data_print(s, all, err);
    }
    return status;
}

mnist_status mnist_data_sheet(const mnist_tool_settings *s, mnist_error *err)
{
    mnist_data_sets sets;
    const mnist_data_part part = s->part == MNIST_DATA_TEST ? MNIST_DATA_TEST : MNIST_DATA_TRAIN;
    mnist_status status = mnist_data_sets_load(&sets, s, part, true, err);
    if (status == MNIST_OK) {
        status = draw_sheet(s, &sets.sets[0], err);
        mnist_data_sets_free(&sets);
    }
    return status;
}
