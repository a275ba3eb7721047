/* Names of classes: read from a file or a model, written into a model. */
#include <mnist/io.h>

#include "base/file.h"
#include "base/status.h"
#include "io/text.h"

#include <stdlib.h>
#include <string.h>

/* Most that is read: every name with a line end of two bytes, and some blank lines. */
#define MOST_BYTES (2u * MNIST_CLASS_NAMES_TEXT)

static const char mark[] = "\xEF\xBB\xBF"; /* UTF-8's byte order mark */

/* What is wrong with a name, or NULL. */
static const char *fault_of(const mnist_labels *labels, const char *name)
{
    if (name[0] == '\0') {
        return "an empty name";
    }
    if (strncmp(name, mark, 3) == 0) { /* it would be lost where the names are read again */
        return "a byte order mark in a name";
    }
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            return "a control character in a name";
        }
    }
    if (!mnist_is_utf8(name)) {
        return "a name that is not UTF-8";
    }
    for (unsigned i = 0; i < labels->count; i++) {
        if (strcmp(labels->names[i], name) == 0) {
            return "a name that is there already";
        }
    }
    return NULL;
}

/* Adds a line, of `length` bytes. */
static mnist_status add(mnist_labels *labels, const char *line, size_t length, const char *path,
                        mnist_error *err)
{
    const unsigned number = labels->count + 1;
    if (labels->count == MNIST_MAX_CLASSES) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %u: expected at most %u names, one a line", path, number,
                          MNIST_MAX_CLASSES);
    }
    if (length >= MNIST_CLASS_NAME) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %u: a name of %zu bytes, expected at most %u", path, number,
                          length, MNIST_CLASS_NAME - 1);
    }
    char *name = labels->names[labels->count];
    memcpy(name, line, length);
    name[length] = '\0';
    const char *fault = memchr(line, '\0', length) ? "a zero byte" : fault_of(labels, name);
    if (fault) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %u: %s", path, number, fault);
    }
    labels->count++;
    return MNIST_OK;
}

static size_t size_of_names(const mnist_labels *labels)
{
    size_t size = 0;
    for (unsigned i = 0; i < labels->count; i++) {
        size += strlen(labels->names[i]) + 1;
    }
    return size;
}

/* Fills in all but base. */
static mnist_status parse(mnist_labels *labels, const char *text, size_t size, const char *path,
                          mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (size >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) {
        size--;
    }
    for (size_t at = 0; status == MNIST_OK && at <= size && size > 0;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t next = end ? (size_t)(end - text) : size;
        const size_t length =
            next > at && end && text[next - 1] == '\r' ? next - 1 - at : next - at;
        status = add(labels, text + at, length, path, err);
        at = next + 1;
    }
    if (status == MNIST_OK && labels->count < MNIST_MIN_CLASSES) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: %u names of classes, expected %u to %u",
                            path, labels->count, MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
    }
    if (status == MNIST_OK && size_of_names(labels) > MNIST_CLASS_NAMES_TEXT) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: names of %zu bytes in all, expected %u",
                            path, size_of_names(labels), MNIST_CLASS_NAMES_TEXT);
    }
    return status;
}

mnist_status mnist_labels_parse(mnist_labels *out, const char *text, size_t size, const char *path,
                                mnist_error *err)
{
    mnist_labels *labels = calloc(1, sizeof *labels); /* some 16 KiB */
    if (!labels) {
        return mnist_fail_memory(err, sizeof *labels, "names of classes");
    }
    mnist_status status = parse(labels, text, size, path, err);
    if (status == MNIST_OK) {
        labels->base = out->base;
        *out = *labels;
    }
    free(labels);
    return status;
}

mnist_status mnist_labels_load(mnist_labels *out, const char *path, mnist_error *err)
{
    mnist_bytes bytes;
    mnist_status status = mnist_bytes_open(&bytes, path, MOST_BYTES, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = bytes.size > MOST_BYTES
                 ? mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: %zu bytes, expected at most %u: names of classes, one a line",
                              path, bytes.size, MOST_BYTES)
                 : mnist_labels_parse(out, (const char *)bytes.data, bytes.size, path, err);
    mnist_bytes_close(&bytes);
    return status;
}

mnist_status mnist_labels_read(mnist_labels *out, const char *base, const char *names,
                               unsigned classes, const char *path, mnist_error *err)
{
    memset(out, 0, sizeof *out);
    if (base) {
        const size_t digits = (size_t)(mnist_digits_end(base) - base);
        const unsigned long value = digits >= 1 && digits <= 3 ? strtoul(base, NULL, 10) : 0;
        if (base[digits] != '\0' || base[0] == '0' || value < 1 || value > MNIST_LABEL_BASE_MAX) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: __metadata__ " MNIST_KEY_LABEL_BASE " is '%s', expected 1 to %u",
                              path, mnist_show(base).text, MNIST_LABEL_BASE_MAX);
        }
        out->base = (unsigned)value;
    }
    if (!names) {
        return MNIST_OK;
    }
    mnist_error why;
    mnist_status status =
        mnist_labels_parse(out, names, strlen(names), MNIST_KEY_CLASS_NAMES, &why);
    if (status != MNIST_OK) {
        return mnist_fail(err, status, "%s: __metadata__ %s", path, why.text);
    }
    return out->count == classes
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_FORMAT,
                            "%s: __metadata__ " MNIST_KEY_CLASS_NAMES
                            " has %u names, expected %u, a name for each of the net's outputs",
                            path, out->count, classes);
}

void mnist_labels_print(const mnist_labels *labels, char text[MNIST_CLASS_NAMES_TEXT])
{
    char *end = text;
    for (unsigned i = 0; i < labels->count; i++) {
        const size_t length = strlen(labels->names[i]);
        memcpy(end, labels->names[i], length);
        end += length;
        *end++ = '\n';
    }
    *(end > text ? end - 1 : end) = '\0';
}

size_t mnist_labels_metadata(const mnist_labels *labels, char base[MNIST_LABEL_NUMBER],
                             char names[MNIST_CLASS_NAMES_TEXT], struct mnist_metadata metadata[2])
{
    size_t count = 0;
    if (labels && labels->base > 0) {
        snprintf(base, MNIST_LABEL_NUMBER, "%u", labels->base);
        metadata[count++] = (mnist_metadata){MNIST_KEY_LABEL_BASE, base};
    }
    if (labels && labels->count > 0) {
        mnist_labels_print(labels, names);
        metadata[count++] = (mnist_metadata){MNIST_KEY_CLASS_NAMES, names};
    }
    return count;
}

const char *mnist_label_of(const mnist_labels *labels, unsigned class_index,
                           char number[MNIST_LABEL_NUMBER])
{
    if (labels && class_index < labels->count) {
        return labels->names[class_index];
    }
    snprintf(number, MNIST_LABEL_NUMBER, "%u", class_index + (labels ? labels->base : 0));
    return number;
}
