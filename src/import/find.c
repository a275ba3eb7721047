#include "import/find.h"

#include "base/show.h"
#include "base/status.h"
#include "import/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 4096u /* that are not pictures, and end as data do */

typedef struct file {
    size_t index; /* in the listing */
    mnist_name name;
} file;

typedef struct search {
    const mnist_listing *list;
    file *files; /* those that end as data do */
    size_t count;
    size_t others, last_other; /* files that end otherwise: how many, and one of them */
    unsigned parts, picture_parts;
    bool pictures;
} search;

static mnist_status look_at_names(search *s, mnist_error *err)
{
    size_t room = 0;
    for (size_t i = 0; i < s->list->count; i++) {
        mnist_name name;
        mnist_name_read(&name, s->list->names[i]);
        const size_t length = strlen(s->list->names[i]);
        if (name.hidden || name.other || length == 0 || s->list->names[i][length - 1] == '/') {
            continue; /* folders, which zip archives may list, too */
        }
        if (name.picture && !name.packed) {
            s->pictures = true;
            s->picture_parts |= name.part;
            continue;
        }
        if (!name.data) {
            s->others++;
            s->last_other = i;
            continue;
        }
        if (s->count == MOST_FILES) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: more than %u files of data: expected one data set",
                              s->list->path, MOST_FILES);
        }
        if (s->count == room) {
            room = room > 0 ? 2 * room : 16;
            file *files = realloc(s->files, room * sizeof *files);
            if (!files) {
                return mnist_fail_memory(err, room * sizeof *files, s->list->path);
            }
            s->files = files;
        }
        s->parts |= name.part;
        s->files[s->count++] = (file){.index = i, .name = name};
    }
    return MNIST_OK;
}

/* The least packed file of that part, role and key. */
static const file *file_of(const search *s, unsigned part, mnist_role role, const char *key)
{
    const file *best = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const file *f = &s->files[i];
        if (f->name.part == part && f->name.role == role && strcmp(f->name.key, key) == 0 &&
            (!best || f->name.packed < best->name.packed)) {
            best = f;
        }
    }
    return best;
}

/* What is there of a key: images and labels, or a file that may hold both. */
static bool complete(const search *s, unsigned part, mnist_ask ask, const char *key,
                     const file **images, const file **labels)
{
    const file *any = file_of(s, part, MNIST_ROLE_ANY, key);
    *images = ask.images ? file_of(s, part, MNIST_ROLE_IMAGES, key) : NULL;
    *labels = ask.labels ? file_of(s, part, MNIST_ROLE_LABELS, key) : NULL;
    if (ask.images && ask.labels) {
        if (*images && *labels) {
            return true;
        }
        *images = any;
        *labels = NULL;
        return any != NULL;
    }
    if (ask.images) {
        *images = *images ? *images : any;
        return *images != NULL;
    }
    *labels = *labels ? *labels : any;
    return *labels != NULL;
}

static mnist_status fail_several(const search *s, const file *one, const file *other,
                                 mnist_error *err)
{
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: holds several data sets, such as %s and %s: expected one; name its files",
        s->list->path, mnist_show(s->list->names[one->index]).text,
        mnist_show(s->list->names[other->index]).text);
}

/* The one data set of that part. If there are several, one that has the other part as well counts. */
static mnist_status choose_files(const search *s, unsigned part, mnist_ask ask, mnist_found *out,
                                 mnist_error *err)
{
    const unsigned both = MNIST_IDX_TRAIN | MNIST_IDX_TEST;
    const file *first = NULL;
    bool first_whole = false;
    for (size_t i = 0; i < s->count; i++) {
        const file *images, *labels, *others, *more;
        const char *key = s->files[i].name.key;
        if (!complete(s, part, ask, key, &images, &labels)) {
            continue;
        }
        const file *own = images ? images : labels;
        const bool whole = part != 0 && complete(s, both - part, ask, key, &others, &more);
        if (own != &s->files[i] || (first && first_whole && !whole)) {
            continue; /* seen, or to be seen, as another file; or only half of a data set */
        }
        if (first && whole == first_whole) {
            return fail_several(s, first, own, err);
        }
        first = own;
        first_whole = whole;
        out->images = images ? images->index : MNIST_NOT_FOUND;
        out->labels = labels ? labels->index : MNIST_NOT_FOUND;
    }
    return first ? MNIST_OK : MNIST_ERR_NOT_FOUND;
}

/* The part that is meant, of those that there are. */
static bool choose_part(unsigned parts, unsigned asked, unsigned *part)
{
    const unsigned both = MNIST_IDX_TRAIN | MNIST_IDX_TEST;
    *part = parts == both ? asked : parts;
    return parts == 0 || (*part != 0 && (asked == 0 || *part == asked));
}

static mnist_status fail_part(const search *s, unsigned parts, unsigned asked, mnist_error *err)
{
    if (asked == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: holds data for training and for testing, and it is not said which",
                          s->list->path);
    }
    return mnist_fail(err, MNIST_ERR_NOT_FOUND,
                      "%s: by its names it holds data for %s alone: expected some for %s",
                      s->list->path, parts == MNIST_IDX_TRAIN ? "training" : "testing",
                      asked == MNIST_IDX_TRAIN ? "training" : "testing");
}

static mnist_status choose(search *s, mnist_ask ask, mnist_found *out, mnist_error *err)
{
    if (s->count > 0 && choose_part(s->parts, ask.part, &out->part)) {
        out->parts = s->parts;
        const mnist_status status = choose_files(s, out->part, ask, out, err);
        if (status != MNIST_ERR_NOT_FOUND) {
            return status;
        }
    }
    if (s->pictures && ask.images) {
        out->parts = s->picture_parts;
        out->pictures = true;
        return choose_part(out->parts, ask.part, &out->part)
                   ? MNIST_OK
                   : fail_part(s, out->parts, ask.part, err);
    }
    if (s->count > 0 && !choose_part(s->parts, ask.part, &out->part)) {
        return fail_part(s, s->parts, ask.part, err);
    }
    if (s->count == 0 && s->others == 1) { /* whatever its name */
        *(ask.images ? &out->images : &out->labels) = s->last_other;
        return MNIST_OK;
    }
    return mnist_fail(
        err, MNIST_ERR_NOT_FOUND,
        "%s: no data set that is complete, by the names of its %zu files: expected images "
        "and labels as IDX or NPY, an NPZ or CSV file, or folders of PNG or PGM pictures",
        s->list->path, s->list->count);
}

mnist_status mnist_find(mnist_found *out, const mnist_listing *list, mnist_ask ask,
                        mnist_error *err)
{
    search s = {.list = list};
    *out = (mnist_found){.images = MNIST_NOT_FOUND, .labels = MNIST_NOT_FOUND};
    mnist_status status = look_at_names(&s, err);
    if (status == MNIST_OK) {
        status = choose(&s, ask, out, err);
    }
    free(s.files);
    return status;
}
