#define _POSIX_C_SOURCE 200809L
#include "cli/eval/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN "; make it anew with mnist-eval --json"

static bool fail_system(const char *path, mnist_error *err)
{
    const int number = errno;
    mnist_fail(err, number == ENOENT ? MNIST_ERR_NOT_FOUND : MNIST_ERR_IO, "--baseline: %s: %s",
               path, strerror(number));
    return false;
}

static bool fail_memory(const char *path, mnist_error *err)
{
    mnist_fail(err, MNIST_ERR_MEMORY, "%s: out of memory", path);
    return false;
}

static bool fail_size(const char *path, mnist_error *err)
{
    return mnist_options_fail(err, "%s: larger than %zu bytes, so it is no evaluation", path,
                              MNIST_BASELINE_BYTES);
}

/* All of it, in memory that grows with what has come. NULL with err filled. */
static char *read_all(int fd, const char *path, size_t *size, mnist_error *err)
{
    size_t room = (size_t)1 << 16;
    char *text = malloc(room);
    *size = 0;
    while (text) {
        ssize_t got = read(fd, text + *size, room - *size);
        if (got < 0 && errno != EINTR) {
            fail_system(path, err);
            break;
        }
        *size += got > 0 ? (size_t)got : 0;
        if (got == 0) {
            return text;
        }
        if (*size > MNIST_BASELINE_BYTES) {
            fail_size(path, err);
            break;
        }
        if (*size == room) {
            char *more = realloc(text, room *= 2);
            if (!more) {
                fail_memory(path, err);
                break;
            }
            text = more;
        }
    }
    if (!text) {
        fail_memory(path, err);
    }
    free(text);
    return NULL;
}

bool mnist_baseline_read(json_t **out, const char *path, mnist_error *err)
{
    struct stat status;
    size_t size;
    *out = NULL;
    int fd;
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return fail_system(path, err);
    }
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        (uintmax_t)status.st_size > MNIST_BASELINE_BYTES) {
        close(fd);
        return fail_size(path, err);
    }
    char *text = read_all(fd, path, &size, err);
    close(fd);
    bool good = text && mnist_baseline_parse(out, text, size, path, err);
    free(text);
    return good;
}

/* Counts values and levels before any memory is taken for them: outside of texts, every value but
 * the first follows a comma or opens a list. */
static bool check_extent(const char *text, size_t size, const char *path, mnist_error *err)
{
    size_t values = 1, depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
            continue;
        }
        quoted = c == '"';
        values += c == ',' || c == '[' || c == '{';
        depth += c == '[' || c == '{';
        depth -= depth > 0 && (c == ']' || c == '}');
        if (values > MNIST_BASELINE_VALUES || depth > MNIST_BASELINE_DEPTH) {
            return mnist_options_fail(
                err,
                "%s: byte %zu: more than %zu values or %u levels, so it is no "
                "evaluation",
                path, i, MNIST_BASELINE_VALUES, MNIST_BASELINE_DEPTH);
        }
    }
    return true;
}

bool mnist_baseline_parse(json_t **out, const char *text, size_t size, const char *path,
                          mnist_error *err)
{
    json_error_t error;
    *out = NULL;
    if (size > MNIST_BASELINE_BYTES) {
        return fail_size(path, err);
    }
    if (!check_extent(text, size, path, err)) {
        return false;
    }
    bool memory;
    json_t *root = mnist_json_parse(text, size, &memory, &error);
    if (memory) {
        return fail_memory(path, err);
    }
    if (!root) {
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(error.text, quoted);
        return mnist_options_fail(err, "%s:%d:%d: %.*s", path, error.line, error.column,
                                  (int)strlen(quoted) - 2, quoted + 1);
    }
    const char *schema = json_string_value(json_object_get(root, "schema"));
    bool good = schema && strcmp(schema, "mnist-eval/1") == 0;
    if (!good) {
        mnist_options_fail(err,
                           "%s: is no evaluation: expected an object whose \"schema\" is "
                           "\"mnist-eval/1\", as mnist-eval --json prints it",
                           path);
    } else if (!json_is_string(json_object_get(root, "mistakes"))) {
        good = mnist_options_fail(
            err, "%s: does not say which images were mistaken (\"mistakes\")" AGAIN, path);
    }
    if (!good) {
        json_decref(root);
        return false;
    }
    *out = root;
    return true;
}

/* That one of the digests is that of the data at hand. */
static bool check_digest(const json_t *test, const char *name, const char *what,
                         const char *expected, const char *path, mnist_error *err)
{
    const char *found = json_string_value(json_object_get(test, name));
    if (!found || strcmp(found, expected) != 0) {
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(found ? found : "", quoted);
        return mnist_options_fail(err,
                                  "%s: is of other test %s: their SHA-256 is %s there, but here %s",
                                  path, what, found ? quoted : "not said", expected);
    }
    return true;
}

/* A whole number of digits alone, up to a limit; *text goes on to what follows. */
static bool scan_number(const char **text, size_t limit, size_t *number)
{
    const char *at = *text;
    size_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = 10 * value + (size_t)(*at - '0');
        if (value > limit) {
            return false;
        }
    }
    const bool some = at > *text;
    *text = at;
    *number = value;
    return some;
}

/* "index:predicted index:predicted …", ascending. */
static bool mark_mistakes(const char *text, const char *path, mnist_view view, uint8_t *right,
                          size_t *errors, mnist_error *err)
{
    const char *at = text;
    const size_t base = view.label_base;
    size_t next = 0, index, predicted;
    while (*at) {
        if (!scan_number(&at, view.count - 1, &index) || *at++ != ':' ||
            !scan_number(&at, base + mnist_view_classes(view) - 1, &predicted) ||
            (*at && (*at++ != ' ' || !*at)) || index < next || predicted < base ||
            predicted == view.labels[index] + base) {
            return mnist_options_fail(
                err,
                "%s: \"mistakes\": after %zu of them: expected "
                "INDEX:PREDICTED, ascending, below %zu, and not the label" AGAIN,
                path, *errors, view.count);
        }
        next = index + 1;
        right[index] = 0;
        ++*errors;
    }
    return true;
}

bool mnist_baseline_right(const json_t *baseline, const char *path, mnist_view view,
                          const mnist_data_digests *digests, uint8_t *right, size_t *errors,
                          mnist_error *err)
{
    const json_t *test = json_object_get(json_object_get(baseline, "data"), "test"),
                 *stated = json_object_get(json_object_get(baseline, "test"), "errors");
    const char *mistakes = json_string_value(json_object_get(baseline, "mistakes"));
    *errors = 0;
    memset(right, 1, view.count);
    if (!check_digest(test, "images_sha256", "images", digests->images, path, err) ||
        !check_digest(test, "labels_sha256", "labels", digests->labels, path, err) ||
        !mark_mistakes(mistakes, path, view, right, errors, err)) {
        return false;
    }
    if (!json_is_integer(stated) || json_integer_value(stated) != (json_int_t)*errors) {
        return mnist_options_fail(err,
                                  "%s: names %zu mistakes, but its \"test\" has another number "
                                  "of \"errors\"" AGAIN,
                                  path, *errors);
    }
    return true;
}
