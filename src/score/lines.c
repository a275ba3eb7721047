/* Files of texts, one a line, that somebody else has written. */
#define _POSIX_C_SOURCE 200809L
#include <mnist/score.h>

#include "base/file.h"
#include "base/status.h"
#include "score/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *mnist_line_layout_name(mnist_line_layout layout)
{
    static const char *const names[MNIST_LINE_LAYOUTS] = {"auto", "named", "plain"};
    return (unsigned)layout < MNIST_LINE_LAYOUTS ? names[layout] : NULL;
}

/* Checks one line: its length, and that it is text. number: from 1. */
static mnist_status check_line(const char *line, size_t length, size_t number, const char *path,
                               mnist_error *err)
{
    if (length > MNIST_LINE_BYTES_MOST) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu has more than %u bytes: expected one text on a line", path,
                          number, MNIST_LINE_BYTES_MOST);
    }
    uint32_t character;
    for (size_t at = 0; at < length;) {
        const size_t bytes = mnist_utf8_decode(line + at, length - at, &character);
        if (bytes == 0 || character == 0) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: line %zu, byte %zu is 0x%02x: expected text in UTF-8", path,
                              number, at + 1, (unsigned)(uint8_t)line[at]);
        }
        at += bytes;
    }
    return MNIST_OK;
}

/* Makes zeros of the tabs of a line that ends with one. */
static mnist_status part_line(mnist_line *line, char *text, size_t number, const char *path,
                              mnist_error *err)
{
    char *tab = strchr(text, '\t');
    if (!tab) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu has no tab: expected NAME, a tab, and the text, as on the "
                          "lines before, or no tab on any",
                          path, number);
    }
    *line = (mnist_line){.name = text, .texts = tab + 1};
    while (tab) {
        *tab = '\0';
        line->fields++;
        tab = strchr(tab + 1, '\t');
    }
    return MNIST_OK;
}

typedef struct named {
    const char *name;
    size_t number; /* of its line, from 1 */
} named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static mnist_status check_names(const mnist_lines *lines, const char *path, mnist_error *err)
{
    named *sorted = calloc(lines->count + 1, sizeof *sorted);
    mnist_status status = MNIST_OK;
    if (!sorted) {
        return mnist_fail_memory(err, lines->count * sizeof *sorted, "the names of lines");
    }
    for (size_t i = 0; i < lines->count; i++) {
        sorted[i] = (named){lines->lines[i].name, i + 1};
    }
    qsort(sorted, lines->count, sizeof *sorted, by_name);
    for (size_t i = 1; i < lines->count && status == MNIST_OK; i++) {
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0) {
            status = mnist_fail(err, MNIST_ERR_FORMAT,
                                "%s: lines %zu and %zu have the same name, \"%.200s\": expected "
                                "each name once",
                                path, sorted[i - 1].number, sorted[i].number, sorted[i].name);
        }
    }
    free(sorted);
    return status;
}

static size_t count_lines(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += text[i] == '\n';
    }
    return count + (size > 0 && text[size - 1] != '\n');
}

/* Takes lines->text apart, which ends with a zero beyond its size. */
static mnist_status part_text(mnist_lines *lines, size_t size, const char *path,
                              mnist_line_layout layout, mnist_error *err)
{
    char *at = lines->text, *const end = lines->text + size;
    const size_t count = lines->count;
    for (lines->count = 0; lines->count < count; lines->count++) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *stop = newline ? newline : end;
        size_t length = (size_t)(stop - at);
        const size_t number = lines->count + 1;
        if (newline && length > 0 && at[length - 1] == '\r') {
            length--;
        }
        mnist_status status = check_line(at, length, number, path, err);
        if (status != MNIST_OK) {
            return status;
        }
        at[length] = '\0';
        if (number == 1) {
            lines->named = layout == MNIST_LAYOUT_NAMED ||
                           (layout == MNIST_LAYOUT_AUTO && strchr(at, '\t') != NULL);
        }
        lines->lines[lines->count] = (mnist_line){.texts = at, .fields = 1};
        if (lines->named) {
            status = part_line(&lines->lines[lines->count], at, number, path, err);
            if (status != MNIST_OK) {
                return status;
            }
        }
        at = stop + 1;
    }
    return lines->named ? check_names(lines, path, err) : MNIST_OK;
}

mnist_status mnist_lines_parse(mnist_lines *out, const char *text, size_t size, const char *path,
                               mnist_line_layout layout, mnist_error *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    *out = (mnist_lines){0};
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: begins with the byte order mark of UTF-16: expected text in UTF-8",
                          path);
    }
    if (size >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0) {
        text += sizeof mark - 1;
        size -= sizeof mark - 1;
    }
    const size_t count = count_lines(text, size);
    if (count > MNIST_LINES_MOST) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: has %zu lines: expected at most %u", path,
                          count, MNIST_LINES_MOST);
    }
    char *copy = malloc(size + 1);
    mnist_line *lines = calloc(count + 1, sizeof *lines);
    if (!copy || !lines) {
        free(copy);
        free(lines);
        return mnist_fail_memory(err, size + 1 + count * sizeof *lines, "the lines of a text");
    }
    if (size > 0) {
        memcpy(copy, text, size);
    }
    copy[size] = '\0';
    *out = (mnist_lines){.lines = lines, .count = count, .text = copy};
    const mnist_status status = part_text(out, size, path, layout, err);
    if (status != MNIST_OK) {
        mnist_lines_free(out);
    }
    return status;
}

mnist_status mnist_lines_load(mnist_lines *out, const char *path, mnist_line_layout layout,
                              mnist_error *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "stdin" : path;
    mnist_bytes bytes;
    *out = (mnist_lines){0};
    mnist_status status =
        is_stdin ? mnist_bytes_read(&bytes, STDIN_FILENO, name, MNIST_FILE_BYTES_MOST, err)
                 : mnist_bytes_open(&bytes, path, MNIST_FILE_BYTES_MOST, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = bytes.size > MNIST_FILE_BYTES_MOST
                 ? mnist_fail(err, MNIST_ERR_FORMAT, "%s: has %zu bytes: expected at most %zu",
                              name, bytes.size, MNIST_FILE_BYTES_MOST)
                 : mnist_lines_parse(out, (const char *)bytes.data, bytes.size, name, layout, err);
    mnist_bytes_close(&bytes);
    return status;
}

void mnist_lines_free(mnist_lines *lines)
{
    if (lines) {
        free(lines->lines);
        free(lines->text);
        *lines = (mnist_lines){0};
    }
}
