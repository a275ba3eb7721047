/* NPZ: which of an archive's arrays are the images and the labels of one part. */
#include "import/reading.h"

#include "base/show.h"
#include "base/status.h"
#include "import/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct candidate {
    mnist_archive_entry *entry;
    mnist_name name;
    mnist_numbers numbers;
} candidate;

/* How well an array suits a role: 2 by its name, 1 by its shape alone, 0 not. */
static int suits(const candidate *c, mnist_role role, bool only)
{
    const bool images = mnist_numbers_may_be_images(&c->numbers);
    const bool labels = mnist_numbers_may_be_labels(&c->numbers);
    if (role == MNIST_ROLE_IMAGES) {
        return !images || c->name.role == MNIST_ROLE_LABELS ? 0
               : c->name.role == MNIST_ROLE_IMAGES          ? 2
                                                            : 1;
    }
    if (!labels || c->name.role == MNIST_ROLE_IMAGES) {
        return 0;
    }
    return c->name.role == MNIST_ROLE_LABELS ? 2 : only || !images ? 1 : 0;
}

static mnist_status fail_choice(const candidate *list, size_t count, mnist_role role,
                                const char *found, const char *path, mnist_error *err)
{
    char names[256];
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < count && used < sizeof names - 1; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 mnist_show(list[i].entry->name).text);
    }
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: %s of %zu arrays %s %s: %s; expected x_train, y_train, x_test, y_test, or "
        "one array of images and one of labels",
        path, found, count, count == 1 ? "holds" : "hold",
        role == MNIST_ROLE_IMAGES ? "images" : "labels", names);
}

/* The one array for a role. */
static mnist_status choose(const candidate *list, size_t count, mnist_role role, bool only,
                           const candidate **out, const char *path, mnist_error *err)
{
    int best = 0;
    size_t equal = 0;
    *out = NULL;
    for (size_t i = 0; i < count; i++) {
        const int how = suits(&list[i], role, only);
        if (how > best) {
            best = how;
            equal = 0;
        }
        if (how == best && how > 0) {
            equal++;
            *out = &list[i];
        }
    }
    if (equal == 1) {
        return MNIST_OK;
    }
    return fail_choice(list, count, role, equal == 0 ? "none" : "more than one", path, err);
}

/* Which part is to be read; 0: no name says one. */
static mnist_status choose_part(mnist_reading *r, const mnist_archive *archive, unsigned *part,
                                const char *path, mnist_error *err)
{
    const unsigned both = MNIST_IDX_TRAIN | MNIST_IDX_TEST, asked = r->what->part;
    unsigned parts = 0;
    for (size_t i = 0; i < archive->count; i++) {
        mnist_name name;
        mnist_name_read(&name, archive->entries[i].name);
        parts |= name.part;
    }
    r->parts |= r->images ? parts : 0;
    *part = parts == both ? asked : parts;
    if (parts == both && asked == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: holds data for training and for testing, and it is not said which",
                          path);
    }
    if (parts != 0 && asked != 0 && *part != asked) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: by its names it holds data for %s alone: expected some for %s", path,
                          parts == MNIST_IDX_TRAIN ? "training" : "testing",
                          asked == MNIST_IDX_TRAIN ? "training" : "testing");
    }
    return MNIST_OK;
}

/* Parses those of the part that is asked for, or all if no name says one. */
static mnist_status list_arrays(mnist_reading *r, mnist_archive *archive, candidate *list,
                                size_t *count, const char *path, mnist_error *err)
{
    unsigned part = 0;
    mnist_status status = choose_part(r, archive, &part, path, err);
    *count = 0;
    for (size_t i = 0; i < archive->count && status == MNIST_OK; i++) {
        candidate *c = &list[*count];
        mnist_archive_entry *entry = &archive->entries[i];
        entry->name[strlen(entry->name) - 4] = '\0'; /* .npy */
        mnist_name_read(&c->name, entry->name);
        if (!entry->bytes || c->name.other || c->name.part != part) {
            continue;
        }
        c->entry = entry;
        status =
            mnist_numbers_of_npy(&c->numbers, entry->bytes, entry->size, path, entry->name, err);
        (*count)++;
    }
    return status;
}

static mnist_status add(mnist_reading *r, const candidate *c, bool images, mnist_error *err)
{
    char name[128];
    mnist_numbers numbers = c->numbers;
    snprintf(name, sizeof name, ": array '%s'", mnist_show(c->entry->name).text);
    numbers.name = name;
    mnist_bytes file = {.data = c->entry->bytes, .size = c->entry->size};
    c->entry->bytes = NULL;
    return mnist_reading_add_numbers(r, &numbers, &file, images, err);
}

mnist_status mnist_reading_add_arrays(mnist_reading *r, mnist_archive *archive, const char *path,
                                      mnist_error *err)
{
    const candidate *images = NULL, *labels = NULL;
    size_t count = 0;
    candidate *list = calloc(archive->count, sizeof *list);
    if (!list) {
        return mnist_fail_memory(err, archive->count * sizeof *list, path);
    }
    mnist_status status = list_arrays(r, archive, list, &count, path, err);
    if (status == MNIST_OK && r->images) {
        status = choose(list, count, MNIST_ROLE_IMAGES, count == 1, &images, path, err);
    }
    if (status == MNIST_OK && r->labels && (count > 1 || !r->images)) {
        status = choose(list, count, MNIST_ROLE_LABELS, count == 1, &labels, path, err);
        if (status == MNIST_ERR_FORMAT && r->what->unlabelled) {
            status = MNIST_OK;
        }
    }
    if (status == MNIST_OK && images) {
        status = add(r, images, true, err);
    }
    if (status == MNIST_OK && labels) {
        status = add(r, labels, false, err);
    }
    free(list);
    return status;
}
