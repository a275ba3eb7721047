/* Which text is held against which references. */
#include <mnist/score.h>

#include "base/status.h"

#include <stdlib.h>
#include <string.h>

/* A line by the name that counts, for sorting and for looking up. */
typedef struct entry {
    const char *name;
    size_t length, index;
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
    const entry *x = a, *y = b;
    const int order = memcmp(x->name, y->name, x->length < y->length ? x->length : y->length);
    return order ? order : (x->length > y->length) - (x->length < y->length);
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
        const char *name = base_name(lines->lines[i].name);
        out->entries[i] = (entry){name, strlen(name), i};
    }
    qsort(out->entries, out->count, sizeof *out->entries, by_name);
    for (size_t i = 1; i < out->count; i++) {
        if (by_name(&out->entries[i - 1], &out->entries[i]) == 0) {
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

/* The line of that name, without what follows its first length characters; SIZE_MAX: there is none. */
static size_t directory_find(directory *names, const char *name, size_t length)
{
    const entry key = {name, length, 0};
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
    const mnist_lines *lines, *first;
    bool is_hypotheses;
    const char *path, *first_path; /* of this file, of the first */
} addition;

static mnist_status add_line(mnist_text_pair *to, const mnist_line *from, const addition *file,
                             mnist_error *err)
{
    if (!to->name) {
        to->name = from->name;
    }
    if (file->is_hypotheses) {
        to->hypothesis = from->texts;
        return MNIST_OK;
    }
    return add_references(to, from, file->path, err);
}

static mnist_status fail_stranger(const addition *file, size_t line, mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_MISMATCH, "%s: line %zu is of \"%.200s\", which is not in %s",
                      file->path, line + 1, file->lines->lines[line].name, file->first_path);
}

/* Further references. */
static mnist_status add_by_name(mnist_text_pairs *out, const addition *file, mnist_error *err)
{
    directory names;
    mnist_status status = directory_create(&names, file->lines, file->path, err);
    for (size_t i = 0; i < out->count && status == MNIST_OK; i++) {
        const char *name = base_name(out->pairs[i].name);
        const size_t line = directory_find(&names, name, strlen(name));
        status = line == SIZE_MAX ? mnist_fail(err, MNIST_ERR_MISMATCH,
                                               "%s: has no line \"%.200s\", which is in %s",
                                               file->path, out->pairs[i].name, file->first_path)
                                  : add_line(&out->pairs[i], &file->lines->lines[line], file, err);
    }
    for (size_t i = 0; i < names.count && status == MNIST_OK; i++) {
        status = names.used[i] ? MNIST_OK : fail_stranger(file, i, err);
    }
    directory_free(&names);
    return status;
}

static mnist_status check_names(const mnist_lines *lines, const char *path, mnist_error *err)
{
    directory names;
    const mnist_status status = directory_create(&names, lines, path, err);
    directory_free(&names);
    return status;
}

/* Which pair each hypothesis is of: that of its name, or, as mnist-predict calls the rows of digits in one picture NAME#1
 * and NAME#2, of its name up to the last #. */
static mnist_status find_owners(size_t *owners, const addition *file, mnist_error *err)
{
    directory names;
    mnist_status status = directory_create(&names, file->first, file->first_path, err);
    for (size_t i = 0; i < file->lines->count && status == MNIST_OK; i++) {
        const char *name = base_name(file->lines->lines[i].name), *hash = strrchr(name, '#');
        owners[i] = directory_find(&names, name, strlen(name));
        if (owners[i] == SIZE_MAX && hash && hash[1] != '\0' &&
            strspn(hash + 1, "0123456789") == strlen(hash + 1)) {
            owners[i] = directory_find(&names, name, (size_t)(hash - name));
        }
        status = owners[i] == SIZE_MAX ? fail_stranger(file, i, err) : MNIST_OK;
    }
    directory_free(&names);
    return status;
}

/* Rows of one picture are one text, with blanks between. lengths: (count), of what each pair is given. */
static mnist_status join(mnist_text_pairs *out, const addition *file, const size_t *owners,
                         size_t *lengths, mnist_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < file->lines->count; i++) {
        size_t *length = &lengths[owners[i]];
        *length += strlen(file->lines->lines[i].texts) + 1;
        if (*length > MNIST_LINE_BYTES_MOST + 1) {
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              "%s: what is read of \"%.200s\" has more than %u bytes in all",
                              file->path, out->pairs[owners[i]].name, MNIST_LINE_BYTES_MOST);
        }
    }
    for (size_t i = 0; i < out->count; i++) {
        const size_t own = lengths[i];
        out->missing += own == 0;
        lengths[i] = total; /* from now on, where its text goes */
        total += own;
    }
    out->joined = malloc(total + 1);
    if (!out->joined) {
        return mnist_fail_memory(err, total + 1, "the hypotheses");
    }
    for (size_t i = 0; i < file->lines->count; i++) {
        mnist_text_pair *pair = &out->pairs[owners[i]];
        const char *text = file->lines->lines[i].texts;
        char *to = out->joined + lengths[owners[i]];
        const size_t length = strlen(text) + 1;
        memcpy(to, text, length);
        if (pair->hypothesis) {
            to[-1] = ' '; /* in place of the zero behind the row before */
        } else {
            pair->hypothesis = to;
        }
        lengths[owners[i]] += length;
    }
    return MNIST_OK;
}

static mnist_status add_hypotheses(mnist_text_pairs *out, const addition *file, mnist_error *err)
{
    size_t *owners = calloc(file->lines->count + 1, sizeof *owners);
    size_t *lengths = calloc(out->count, sizeof *lengths);
    mnist_status status = owners && lengths
                              ? check_names(file->lines, file->path, err)
                              : mnist_fail_memory(err, out->count * sizeof *lengths, "hypotheses");
    if (status == MNIST_OK) {
        status = find_owners(owners, file, err);
    }
    if (status == MNIST_OK) {
        status = join(out, file, owners, lengths, err);
    }
    free(owners);
    free(lengths);
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
        status = add_line(&out->pairs[i], &file->lines->lines[i], file, err);
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
        *pair = (mnist_text_pair){.name = line->name};
        status = add_references(pair, line, path, err);
    }
    return status == MNIST_OK && first->named ? check_names(first, path, err) : status;
}

mnist_status mnist_text_pairs_create(mnist_text_pairs *out, const mnist_lines *const *references,
                                     size_t reference_count, const mnist_lines *hypotheses,
                                     const char *const *paths, mnist_error *err)
{
    mnist_status status = begin(out, references[0], paths[0], err);
    for (size_t i = 1; i <= reference_count && status == MNIST_OK; i++) {
        const bool last = i == reference_count;
        const addition file = {last ? hypotheses : references[i], references[0], last, paths[i],
                               paths[0]};
        status = !file.lines->named || !references[0]->named ? add_by_line(out, &file, err)
                 : last                                      ? add_hypotheses(out, &file, err)
                                                             : add_by_name(out, &file, err);
    }
    for (size_t i = 0; i < out->count && status == MNIST_OK; i++) {
        if (!out->pairs[i].hypothesis) {
            out->pairs[i].hypothesis = "";
        }
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
        free(pairs->joined);
        *pairs = (mnist_text_pairs){0};
    }
}
