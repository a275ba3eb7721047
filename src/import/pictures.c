/* Folders of pictures: CLASS/NAME.png */
#include "import/reading.h"

#include "base/memory.h"
#include "base/show.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/signature.h"
#include "image/readers.h"
#include "import/names.h"

#include <mnist/image.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A picture of the part that is read. */
typedef struct item {
    size_t index; /* in the listing */
    const char *name, *base;
    const char *folder; /* of its class: a part of name, which ends with a slash */
    size_t folder_length;
    size_t label;
} item;

static void split(item *i)
{
    const char *slash = strrchr(i->name, '/');
    i->base = slash ? slash + 1 : i->name;
    i->folder = i->name;
    if (slash) {
        const char *start = slash;
        while (start > i->name && start[-1] != '/') {
            start--;
        }
        i->folder = start;
        i->folder_length = (size_t)(slash - start);
    }
}

static int compare_folders(const item *p, const item *q)
{
    const size_t least = p->folder_length < q->folder_length ? p->folder_length : q->folder_length;
    const int order = memcmp(p->folder, q->folder, least);
    return order != 0                             ? order
           : p->folder_length == q->folder_length ? 0
           : p->folder_length < q->folder_length  ? -1
                                                  : 1;
}

static int by_folder(const void *a, const void *b)
{
    return compare_folders(a, b);
}

static int by_name(const void *a, const void *b)
{
    const item *p = a, *q = b;
    const int order = mnist_name_compare(p->base, q->base);
    if (order != 0) {
        return order;
    }
    if (p->label != q->label) {
        return p->label < q->label ? -1 : 1;
    }
    return strcmp(p->name, q->name);
}

/* Whether the folder's name is a whole number of up to 9 digits. */
static bool number_of(const item *i, size_t *number)
{
    *number = 0;
    for (size_t c = 0; c < i->folder_length; c++) {
        const char digit = i->folder[c];
        if (digit < '0' || digit > '9' || c == 9) {
            return false;
        }
        *number = *number * 10 + (size_t)(digit - '0');
    }
    return i->folder_length > 0;
}

/* Labels from the folders' names: numbers, or their places in order. */
static mnist_status label_items(item *items, size_t count, const char *path, mnist_error *err)
{
    bool numbers = true;
    size_t place = 0;
    qsort(items, count, sizeof *items, by_folder);
    for (size_t i = 0; i < count; i++) {
        if (items[i].folder_length == 0) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: picture '%s' lies in no folder, whose name would be its label: "
                              "expected LABEL/NAME.png",
                              path, mnist_show(items[i].name).text);
        }
        numbers = number_of(&items[i], &items[i].label) && numbers;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t label;
        if (!numbers) {
            place += i > 0 && compare_folders(&items[i - 1], &items[i]) != 0;
            items[i].label = place;
        }
        if (!mnist_number_is_label((double)items[i].label, &label)) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: the folder of picture '%s' stands for label %zu: expected %s",
                              path, mnist_show(items[i].name).text, items[i].label,
                              mnist_label_range());
        }
    }
    return MNIST_OK;
}

static mnist_status admit(void *context, const char *path, size_t at, uint64_t rows, uint64_t cols,
                          mnist_error *err)
{
    (void)context;
    if (rows < 1 || cols < 1 || cols > MNIST_MAX_PICTURE / rows) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: a picture of %" PRIu64 " x %" PRIu64
                          " pixels at byte %zu: expected 1 to %u pixels",
                          path, cols, rows, at, MNIST_MAX_PICTURE);
    }
    return MNIST_OK;
}

/* Keeps the first picture, and counts. */
typedef struct caught {
    mnist_picture picture;
    size_t count;
} caught;

static mnist_status take(void *context, mnist_picture picture, mnist_error *err)
{
    caught *c = context;
    (void)err;
    if (c->count++ == 0) {
        c->picture = picture;
    } else {
        free((void *)picture.pixels);
    }
    return MNIST_OK;
}

/* The picture as an image of the data set. */
static mnist_status prepare(const mnist_reading *r, const mnist_picture *picture, const char *path,
                            uint8_t *out, mnist_error *err)
{
    mnist_error why;
    mnist_glyph glyph;
    if (r->what->as_is && picture->rows == MNIST_SIDE && picture->cols == MNIST_SIDE) {
        memcpy(out, picture->pixels, MNIST_PIXELS); /* what the call below would do, sooner */
        return MNIST_OK;
    }
    const mnist_status status =
        mnist_picture_prepare(picture, r->what->as_is ? MNIST_INVERT_NO : MNIST_INVERT_AUTO,
                              r->what->as_is ? MNIST_CENTER_NONE : MNIST_CENTER_MASS, &glyph, &why);
    if (status != MNIST_OK) {
        return mnist_fail(err, status, "%s: %s", path, why.text);
    }
    memcpy(out, glyph.pixels, sizeof glyph.pixels);
    return MNIST_OK;
}

static mnist_status read_picture(const mnist_reading *r, const mnist_bytes *file, const char *path,
                                 uint8_t *out, mnist_error *err)
{
    caught c = {.count = 0};
    const mnist_picture_sink sink = {.context = &c, .admit = admit, .take = take};
    const mnist_file_kind kind = mnist_signature_kind(file->data, file->size);
    mnist_status status;
    if (kind == MNIST_FILE_PNG) {
        status = mnist_png_read(&sink, file->data, file->size, path, err);
    } else if (kind == MNIST_FILE_PNM) {
        status = mnist_pnm_read(&sink, file->data, file->size, path, err);
    } else {
        const char *guess = mnist_signature_of(MNIST_READER_PICTURES, file->data, file->size);
        status = mnist_fail(err, MNIST_ERR_FORMAT,
                            "%s: %zu bytes: expected a picture as PNG, PGM or PPM%s%s", path,
                            file->size, guess ? "; " : "", guess ? guess : "");
    }
    if (status == MNIST_OK && c.count != 1) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: %zu pictures: expected one", path, c.count);
    }
    if (status == MNIST_OK) {
        status = prepare(r, &c.picture, path, out, err);
    }
    free((void *)c.picture.pixels);
    return status;
}

static mnist_status read_items(mnist_reading *r, const item *items, size_t count,
                               const mnist_fetch *fetch, mnist_error *err)
{
    mnist_dataset *dataset = r->dataset;
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < count && status == MNIST_OK; i++) {
        mnist_bytes file;
        char *path = NULL;
        status = fetch->get(fetch->context, items[i].index, &file, &path, err);
        if (status == MNIST_OK) {
            status = read_picture(r, &file, path, dataset->images + i * MNIST_PIXELS, err);
            mnist_bytes_close(&file);
        }
        free(path);
        if (r->labels) {
            dataset->labels[i] = (uint8_t)items[i].label;
        }
    }
    return status;
}

static size_t list_items(item *items, const mnist_listing *list, unsigned part)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        mnist_name name;
        mnist_name_read(&name, list->names[i]);
        if (name.picture && !name.packed && !name.hidden && !name.other && name.part == part) {
            items[count] = (item){.index = i, .name = list->names[i]};
            split(&items[count++]);
        }
    }
    return count;
}

mnist_status mnist_reading_add_pictures(mnist_reading *r, const mnist_listing *list, unsigned part,
                                        const mnist_fetch *fetch, mnist_error *err)
{
    mnist_dataset *dataset = r->dataset;
    item *items = calloc(list->count, sizeof *items);
    if (!items) {
        return mnist_fail_memory(err, list->count * sizeof *items, list->path);
    }
    const size_t count = list_items(items, list, part);
    mnist_status status = MNIST_OK;
    if (r->labels) {
        status = label_items(items, count, list->path, err);
        dataset->labels = status == MNIST_OK ? malloc(count) : NULL;
    }
    if (status == MNIST_OK) {
        qsort(items, count, sizeof *items, by_name);
        dataset->images = mnist_alloc_large(count * MNIST_PIXELS);
        if (!dataset->images || (r->labels && !dataset->labels)) {
            status = mnist_fail_memory(err, count * MNIST_PIXELS, list->path);
        }
    }
    if (status == MNIST_OK) {
        status = read_items(r, items, count, fetch, err);
    }
    if (status == MNIST_OK) {
        dataset->view = (mnist_view){
            .images = dataset->images, .count = count, .rows = MNIST_SIDE, .cols = MNIST_SIDE};
        r->found_images = true;
        r->found_labels = r->labels;
        r->label_count = r->labels ? count : r->label_count;
        mnist_reading_note(r, r->what->as_is ? "pictures as they are" : "pictures");
    }
    free(items);
    return status;
}
