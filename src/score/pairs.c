/* Which text is held against which references. */
#include <mnist/score.h>

#include "base/status.h"

#include <stdlib.h>
#include <string.h>

/* A line by the name that counts, for sorting and for looking up. */
typedef struct entry {
    const char *name;
    size_t index;
} entry;

/* A file whose lines are looked up by name. */
typedef struct directory {
    entry *entries; /* (count), sorted */
    size_t count;
    unsigned char *used; /* (count), by the file's lines */
} directory;

/* mnist-predict has the name as it was given a file, references often the file alone. */
static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static mnist_status directory_create(directory *out, const mnist_lines *lines, const char *path,
                                     mnist_error *err)
{
    *out = (directory){.count = lines->count,
                       .entries = calloc(lines->count + 1, sizeof(entry)),
                       .used = calloc(lines->count + 1, 1)};
    if (!out->entries || !out->used) {
        return mnist_fail_memory(err, lines->count * (sizeof(entry) + 1), "the names of lines");
    }
    for (size_t i = 0; i < lines->count; i++) {
        out->entries[i] = (entry){base_name(lines->lines[i].name), i};
    }
    qsort(out->entries, out->count, sizeof *out->entries, by_name);
    for (size_t i = 1; i < out->count; i++) {
        if (strcmp(out->entries[i - 1].name, out->entries[i].name) == 0) {
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              "%s: two names end in \"%.200s\": expected names that differ without "
                              "the folders before them",
                              path, out->entries[i].name);
        }
    }
    return MNIST_OK;
}

static void directory_free(directory *names)
{
    free(names->entries);
    free(names->used);
}

/* The line of that name; SIZE_MAX: there is none. */
static size_t directory_find(directory *names, const char *name)
{
    const entry key = {base_name(name), 0};
    const entry *found = bsearch(&key, names->entries, names->count, sizeof key, by_name);
    if (!found) {
        return SIZE_MAX;
    }
    names->used[found->index] = 1;
    return found->index;
}

static mnist_status add_references(mnist_text_pair *pair, const mnist_line *line, const char *path,
                                   mnist_error *err)
{
    const char *text = line->texts;
    for (size_t i = 0; i < line->fields; i++) {
        if (pair->reference_count == MNIST_REFERENCES_MOST) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "%s: a text has more references than %u, which is the most", path,
                              MNIST_REFERENCES_MOST);
        }
        pair->references[pair->reference_count++] = text;
        text += strlen(text) + 1;
    }
    return MNIST_OK;
}

/* What one file, but the first, adds to all pairs. */
typedef struct addition {
    const mnist_lines *lines;
    bool is_hypotheses;
    const char *path, *first_path; /* of this file, of the first */
} addition;

static mnist_status add_line(mnist_text_pairs *out, size_t pair, size_t line, const addition *file,
                             mnist_error *err)
{
    mnist_text_pair *to = &out->pairs[pair];
    if (line == SIZE_MAX && file->is_hypotheses) {
        out->missing++; /* its hypothesis is empty */
        return MNIST_OK;
    }
    if (line == SIZE_MAX) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "%s: has no line \"%.200s\", which is in %s",
                          file->path, to->name, file->first_path);
    }
    const mnist_line *from = &file->lines->lines[line];
    if (!to->name) {
        to->name = from->name;
    }
    if (file->is_hypotheses) {
        to->hypothesis = from->texts;
        return MNIST_OK;
    }
    return add_references(to, from, file->path, err);
}

static mnist_status add_by_name(mnist_text_pairs *out, const addition *file, mnist_error *err)
{
    directory names;
    mnist_status status = directory_create(&names, file->lines, file->path, err);
    for (size_t i = 0; i < out->count && status == MNIST_OK; i++) {
        status = add_line(out, i, directory_find(&names, out->pairs[i].name), file, err);
    }
    for (size_t i = 0; i < names.count && status == MNIST_OK; i++) {
        if (!names.used[i]) {
            status = mnist_fail(err, MNIST_ERR_MISMATCH,
                                "%s: line %zu is of \"%.200s\", which is not in %s", file->path,
                                i + 1, file->lines->lines[i].name, file->first_path);
        }
    }
    directory_free(&names);
    return status;
}

static mnist_status add_by_line(mnist_text_pairs *out, const addition *file, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (file->lines->count != out->count) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%s has %zu lines and %s %zu: expected as many, or names in both",
                          file->path, file->lines->count, file->first_path, out->count);
    }
    for (size_t i = 0; i < out->count && status == MNIST_OK; i++) {
        status = add_line(out, i, i, file, err);
    }
    return status;
}

/* The pairs of the first file. */
static mnist_status begin(mnist_text_pairs *out, const mnist_lines *first, const char *path,
                          mnist_error *err)
{
    *out = (mnist_text_pairs){.pairs = calloc(first->count + 1, sizeof *out->pairs)};
    if (!out->pairs) {
        return mnist_fail_memory(err, first->count * sizeof *out->pairs, "pairs of texts");
    }
    if (first->count == 0) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "%s: has no lines: expected references", path);
    }
    mnist_status status = MNIST_OK;
    for (; out->count < first->count && status == MNIST_OK; out->count++) {
        mnist_text_pair *pair = &out->pairs[out->count];
        const mnist_line *line = &first->lines[out->count];
        *pair = (mnist_text_pair){.name = line->name, .hypothesis = ""};
        status = add_references(pair, line, path, err);
    }
    if (status == MNIST_OK && first->named) { /* its names are to differ */
        directory names;
        status = directory_create(&names, first, path, err);
        directory_free(&names);
    }
    return status;
}

mnist_status mnist_text_pairs_create(mnist_text_pairs *out, const mnist_lines *const *references,
                                     size_t reference_count, const mnist_lines *hypotheses,
                                     const char *const *paths, mnist_error *err)
{
    mnist_status status = begin(out, references[0], paths[0], err);
    for (size_t i = 1; i <= reference_count && status == MNIST_OK; i++) {
        const bool last = i == reference_count;
        const addition file = {last ? hypotheses : references[i], last, paths[i], paths[0]};
        status = file.lines->named && references[0]->named ? add_by_name(out, &file, err)
                                                           : add_by_line(out, &file, err);
    }
    if (status != MNIST_OK) {
        mnist_text_pairs_free(out);
    }
    return status;
}

void mnist_text_pairs_free(mnist_text_pairs *pairs)
{
    if (pairs) {
        free(pairs->pairs);
        *pairs = (mnist_text_pairs){0};
    }
}
