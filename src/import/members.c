/* Folders and archives: what of them is the data set, and how it is read. */
#define _POSIX_C_SOURCE 200809L
#include "import/reading.h"

#include "base/show.h"
#include "base/status.h"
#include "data/idx.h"
#include "data/signature.h"
#include "data/unpack.h"
#include "import/names.h"
#include "import/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One file of the listing. */
static mnist_status add_file(mnist_reading *r, const mnist_fetch *fetch, size_t index,
                             mnist_error *err)
{
    mnist_bytes file;
    char *path = NULL;
    mnist_status status = fetch->get(fetch->context, index, &file, &path, err);
    if (status == MNIST_OK) {
        status = r->add(r, &file, path, err);
    }
    free(path);
    return status;
}

mnist_status mnist_reading_add_listing(mnist_reading *r, const mnist_listing *list,
                                       const mnist_fetch *fetch, mnist_error *err)
{
    const mnist_ask ask = {.part = r->what->part, .images = r->images, .labels = r->labels};
    mnist_found found;
    mnist_status status = mnist_find(&found, list, ask, err);
    if (status == MNIST_ERR_NOT_FOUND && ask.images && ask.labels && r->what->unlabelled) {
        status = mnist_find(&found, list, (mnist_ask){.part = ask.part, .images = true}, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    r->parts |= r->images ? found.parts : 0;
    if (found.pictures) {
        return mnist_reading_add_pictures(r, list, found.part, fetch, err);
    }
    if (found.labels == MNIST_NOT_FOUND || found.images == MNIST_NOT_FOUND) {
        return add_file(r, fetch, found.images != MNIST_NOT_FOUND ? found.images : found.labels,
                        err);
    }
    r->labels = false;
    status = add_file(r, fetch, found.images, err);
    if (status == MNIST_OK) {
        r->images = false;
        r->labels = true;
        status = add_file(r, fetch, found.labels, err);
    }
    r->images = r->labels = true;
    return status;
}

/* Archives */

typedef struct members {
    mnist_archive archive;
    const char *path;
} members;

/* A member's bytes are handed over, as each is read once. */
static mnist_status get_member(void *context, size_t index, mnist_bytes *file, char **path,
                               mnist_error *err)
{
    members *m = context;
    mnist_archive_entry *entry = &m->archive.entries[index];
    const mnist_shown name = mnist_show(entry->name);
    const size_t size = strlen(m->path) + sizeof name.text + 4;
    *path = malloc(size);
    if (!*path) {
        return mnist_fail_memory(err, size, m->path);
    }
    snprintf(*path, size, "%s: %s", m->path, name.text);
    *file = (mnist_bytes){.data = entry->bytes, .size = entry->bytes ? entry->size : 0};
    entry->bytes = NULL;
    return MNIST_OK;
}

/* Another part than the one that is asked for is not unpacked. */
static bool is_wanted(const void *context, const char *name)
{
    const mnist_reading *r = context;
    mnist_name words;
    mnist_name_read(&words, name);
    return !words.hidden && !words.other &&
           (words.part == 0 || r->what->part == 0 || words.part == r->what->part);
}

/* An NPZ file is a zip archive of nothing but arrays, none of them in a folder. */
static bool is_npz(const mnist_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) {
        const char *name = archive->entries[i].name;
        const size_t length = strlen(name);
        if (length <= 4 || strcmp(name + length - 4, ".npy") != 0 || strchr(name, '/')) {
            return false;
        }
    }
    return true;
}

static mnist_status add_members(mnist_reading *r, members *m, mnist_error *err)
{
    const mnist_fetch fetch = {.context = m, .get = get_member};
    const char **names = calloc(m->archive.count + 1, sizeof *names);
    if (!names) {
        return mnist_fail_memory(err, m->archive.count * sizeof *names, m->path);
    }
    size_t count = 0;
    for (size_t i = 0; i < m->archive.count; i++) {
        names[count++] = m->archive.entries[i].name;
    }
    const mnist_listing list = {.names = names, .count = count, .path = m->path};
    const mnist_status status = mnist_reading_add_listing(r, &list, &fetch, err);
    free(names);
    /* that an archive lacks something is not that the file is not there */
    return status == MNIST_ERR_NOT_FOUND ? MNIST_ERR_FORMAT : status;
}

mnist_status mnist_reading_add_archive(mnist_reading *r, mnist_bytes *file, const char *path,
                                       mnist_error *err)
{
    const bool zip = mnist_signature_kind(file->data, file->size) == MNIST_FILE_ZIP;
    const mnist_archive_limits limits = {.entries = MNIST_TREE_FILES,
                                         .growth = MNIST_UNPACK_GROWTH,
                                         .allowance = MNIST_UNPACK_ALLOWANCE,
                                         .wanted = is_wanted,
                                         .context = r};
    members m = {.path = path};
    mnist_status status =
        zip ? mnist_archive_read_within(&m.archive, file->data, file->size, path, &limits, err)
            : mnist_unpack_tar(&m.archive, file->data, file->size, path, &limits, err);
    mnist_bytes_close(file);
    if (status != MNIST_OK) {
        return status;
    }
    const bool npz = zip && is_npz(&m.archive);
    status = npz ? mnist_reading_add_arrays(r, &m.archive, path, err) : add_members(r, &m, err);
    if (status == MNIST_OK && r->images) {
        mnist_reading_note(r, npz ? "NPZ" : zip ? "zip" : "tar");
    }
    mnist_archive_free(&m.archive);
    return status;
}

/* Folders */

typedef struct folder {
    mnist_tree tree;
    const char *path;
} folder;

static mnist_status get_file(void *context, size_t index, mnist_bytes *file, char **path,
                             mnist_error *err)
{
    folder *f = context;
    *path = mnist_tree_join(f->path, f->tree.names[index]);
    if (!*path) {
        return mnist_fail_memory(err, strlen(f->path), f->path);
    }
    return mnist_bytes_open(file, *path, MNIST_IDX_STREAM_LIMIT, err);
}

static mnist_status add_folder(mnist_reading *r, const char *path, mnist_error *err)
{
    folder f = {.path = path};
    const mnist_fetch fetch = {.context = &f, .get = get_file};
    mnist_status status = mnist_tree_list(&f.tree, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    const mnist_listing list = {
        .names = (const char *const *)f.tree.names, .count = f.tree.count, .path = path};
    status = mnist_reading_add_listing(r, &list, &fetch, err);
    mnist_tree_free(&f.tree);
    return status;
}

mnist_status mnist_reading_add_path(mnist_reading *r, const char *path, mnist_error *err)
{
    struct stat info;
    mnist_bytes file;
    if (stat(path, &info) != 0) {
        if (errno == EIO || errno == ENOMEM) { /* others are told by what opens it */
            return mnist_fail(err, MNIST_ERR_IO, "%s: cannot be examined: %s", path,
                              strerror(errno));
        }
    } else if (S_ISDIR(info.st_mode)) {
        return add_folder(r, path, err);
    }
    mnist_status status = mnist_bytes_open(&file, path, MNIST_IDX_STREAM_LIMIT, err);
    return status == MNIST_OK ? r->add(r, &file, path, err) : status;
}

/* Looking for a data set */

/* The two slots of a part, filled in if the images' is empty. */
static mnist_status locate_part(char **images, char **labels, unsigned part, const char *place,
                                const mnist_tree *tree, mnist_error *err)
{
    const mnist_listing list = {
        .names = (const char *const *)tree->names, .count = tree->count, .path = place};
    mnist_found found;
    mnist_status status =
        mnist_find(&found, &list, (mnist_ask){.part = part, .images = true, .labels = true}, err);
    if (status != MNIST_OK) {
        return status;
    }
    const bool pair = found.labels != MNIST_NOT_FOUND;
    *images = found.pictures ? strdup(place) : mnist_tree_join(place, tree->names[found.images]);
    *labels = pair ? mnist_tree_join(place, tree->names[found.labels]) : NULL;
    if (!*images || (pair && !*labels)) {
        return mnist_fail_memory(err, strlen(place), place);
    }
    return MNIST_OK;
}

mnist_status mnist_import_locate(mnist_idx_paths *paths, unsigned wanted, const char *place,
                                 mnist_error *err)
{
    const bool train = (wanted & MNIST_IDX_TRAIN) && !paths->train_images;
    const bool test = (wanted & MNIST_IDX_TEST) && !paths->test_images;
    mnist_idx_paths made = {.train_images = NULL};
    mnist_tree tree = {.count = 0};
    struct stat info;
    mnist_status status = MNIST_OK;
    if (stat(place, &info) != 0) {
        return mnist_fail(err, errno == EIO || errno == ENOMEM ? MNIST_ERR_IO : MNIST_ERR_NOT_FOUND,
                          "%s: cannot be examined: %s", place, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        made.train_images = train ? strdup(place) : NULL;
        made.test_images = test ? strdup(place) : NULL;
        if ((train && !made.train_images) || (test && !made.test_images)) {
            status = mnist_fail_memory(err, strlen(place), place);
        }
    } else {
        status = mnist_tree_list(&tree, place, err);
        if (status == MNIST_OK && train) {
            status = locate_part(&made.train_images, &made.train_labels, MNIST_IDX_TRAIN, place,
                                 &tree, err);
        }
        if (status == MNIST_OK && test) {
            status = locate_part(&made.test_images, &made.test_labels, MNIST_IDX_TEST, place, &tree,
                                 err);
        }
        mnist_tree_free(&tree);
    }
    if (status != MNIST_OK) {
        mnist_idx_paths_free(&made);
        return status;
    }
    if (train) {
        paths->train_images = made.train_images;
        paths->train_labels = made.train_labels;
    }
    if (test) {
        paths->test_images = made.test_images;
        paths->test_labels = made.test_labels;
    }
    return MNIST_OK;
}
