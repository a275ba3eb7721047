#include "data/npy.h"

#include "base/show.h"
#include "base/status.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_HEADER 65536u /* bytes; three entries take less than 200 */

/* A place in the header's text. */
typedef struct cursor {
    const char *at, *end;
} cursor;

/* What is being read, for messages. */
typedef struct reading {
    const uint8_t *data;
    const char *path, *name;
} reading;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) {
        c->at++;
    }
}

/* The next character that is no blank, if it is this one. */
static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at < c->end && *c->at == wanted) {
        c->at++;
        return true;
    }
    return false;
}

static bool take_word(cursor *c, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) {
        return false;
    }
    c->at += length;
    return true;
}

/* Text between quotes, of less than size bytes, without escapes. */
static bool take_string(cursor *c, char *out, size_t size)
{
    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) {
        return false;
    }
    const char quote = *c->at++;
    size_t length = 0;
    while (c->at < c->end && *c->at != quote) {
        if (length + 1 == size || *c->at < ' ' || *c->at > '~' || *c->at == '\\') {
            return false;
        }
        out[length++] = *c->at++;
    }
    out[length] = '\0';
    return take(c, quote);
}

/* Decimal digits, at most 15 of them. */
static bool take_number(cursor *c, uint64_t *out)
{
    unsigned digits = 0;
    skip_blanks(c);
    *out = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && digits < 16) {
        *out = *out * 10 + (uint64_t)(*c->at++ - '0');
        digits++;
    }
    return digits > 0 && digits < 16;
}

/* (784, 128), (10,) or () */
static bool take_shape(cursor *c, mnist_npy *out)
{
    bool comma = true;
    out->rank = 0;
    if (!take(c, '(')) {
        return false;
    }
    while (!take(c, ')')) {
        if (!comma || out->rank == MNIST_NPY_RANK || !take_number(c, &out->shape[out->rank])) {
            return false;
        }
        out->rank++;
        comma = take(c, ',');
    }
    return out->rank != 1 || comma; /* (10) is a number, not a shape */
}

/* The value of a key; *seen has a bit for each that was there. */
static bool take_entry(cursor *c, mnist_npy *out, unsigned *seen)
{
    char key[16];
    unsigned bit;
    bool valid;
    if (!take_string(c, key, sizeof key) || !take(c, ':')) {
        return false;
    }
    if (strcmp(key, "descr") == 0) {
        bit = 1;
        valid = take_string(c, out->descr, sizeof out->descr);
    } else if (strcmp(key, "fortran_order") == 0) {
        bit = 2;
        out->column_major = take_word(c, "True");
        valid = out->column_major || take_word(c, "False");
    } else if (strcmp(key, "shape") == 0) {
        bit = 4;
        valid = take_shape(c, out);
    } else {
        return false;
    }
    const bool first = !(*seen & bit);
    *seen |= bit;
    return valid && first;
}

static bool take_dictionary(cursor *c, mnist_npy *out)
{
    unsigned seen = 0;
    bool comma = true;
    if (!take(c, '{')) {
        return false;
    }
    while (!take(c, '}')) {
        if (!comma || !take_entry(c, out, &seen)) {
            return false;
        }
        comma = take(c, ',');
    }
    skip_blanks(c);
    return seen == 7 && c->at == c->end;
}

/* Bytes of a number of that type; 0: a type that is not known here. */
static size_t find_type(mnist_npy *out)
{
    const char *descr = out->descr;
    size_t number = 0;
    if (!strchr("<>=|", descr[0]) || descr[0] == '\0' || descr[1] == '\0') {
        return 0;
    }
    const char *digits = descr + 2;
    for (; *digits >= '0' && *digits <= '9' && number < 1000000; digits++) {
        number = number * 10 + (size_t)(*digits - '0');
    }
    if (*digits != '\0' || number == 0) {
        return 0;
    }
    out->big_endian = descr[0] == '>';
    out->is_number =
        descr[1] == 'f' && descr[0] != '|' && (number == 2 || number == 4 || number == 8);
    out->type = number == 2 ? MNIST_NUMBER_F16 : number == 4 ? MNIST_NUMBER_F32 : MNIST_NUMBER_F64;
    return descr[1] == 'U' ? 4 * number : strchr("fiubcS", descr[1]) ? number : 0;
}

static mnist_status fail_type(const reading *r, const mnist_npy *npy, mnist_error *err)
{
    const bool object = strchr(npy->descr, 'O') != NULL;
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "%s: array '%s' is of type '%s', expected floating-point numbers as '<f4'%s",
                      r->path, mnist_show(r->name).text, npy->descr,
                      object ? "; objects are pickled, and to read them would run their code: save "
                               "with allow_pickle=False"
                             : "");
}

/* That type and shape make as many bytes as there are from data on. */
static mnist_status check_size(const reading *r, mnist_npy *npy, size_t size, mnist_error *err)
{
    const size_t width = find_type(npy), found = size - npy->data;
    uint64_t bytes = width;
    bool too_large = false;
    if (width == 0) {
        return fail_type(r, npy, err);
    }
    for (unsigned i = 0; i < npy->rank; i++) {
        too_large = too_large || (npy->shape[i] > 0 && bytes > (uint64_t)INT64_MAX / npy->shape[i]);
        bytes = too_large ? bytes : bytes * npy->shape[i];
    }
    if (too_large || bytes != found) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: array '%s': its type and shape make %s%" PRIu64
                          " bytes, but %zu follow its header",
                          r->path, mnist_show(r->name).text, too_large ? "more than " : "", bytes,
                          found);
    }
    return MNIST_OK;
}

mnist_status mnist_npy_parse(mnist_npy *out, const uint8_t *data, size_t size, const char *path,
                             const char *name, mnist_error *err)
{
    const reading r = {.data = data, .path = path, .name = name};
    const mnist_shown shown = mnist_show(name);
    *out = (mnist_npy){.rank = 0};
    if (size < 10 || memcmp(data, "\x93NUMPY", 6) != 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: array '%s' does not begin with \\x93NUMPY at its byte 0", path,
                          shown.text);
    }
    const unsigned version = data[6];
    const size_t before = version == 1 ? 10 : 12;
    if (version < 1 || version > 3 || data[7] != 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: array '%s' is of version %u.%u at its byte 6, expected 1.0, 2.0 or 3.0", path,
            shown.text, version, data[7]);
    }
    uint32_t length = data[8] | (uint32_t)data[9] << 8;
    if (version > 1 && size >= before) {
        length |= (uint32_t)data[10] << 16 | (uint32_t)data[11] << 24;
    }
    if (size < before || length > size - before || length > MAX_HEADER) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: array '%s': its header has %" PRIu32
            " bytes by its byte 8, expected at most %u and no more than the %zu there are",
            path, shown.text, length, MAX_HEADER, size);
    }
    cursor c = {.at = (const char *)data + before, .end = (const char *)data + before + length};
    out->data = before + length;
    if (!take_dictionary(&c, out)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: array '%s': its header is not {'descr': '...', 'fortran_order': ..., "
            "'shape': (...)} near byte %zu",
            path, shown.text, (size_t)(c.at - (const char *)data));
    }
    return check_size(&r, out, size, err);
}

void mnist_npy_put_header(uint8_t out[MNIST_NPY_HEADER], const char *descr, const char *shape)
{
    static const uint8_t start[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, MNIST_NPY_HEADER - 10, 0};
    char text[MNIST_NPY_HEADER - sizeof start];
    const int length = snprintf(
        text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    assert(length > 0 && (size_t)length < sizeof text);
    memset(text + length, ' ', sizeof text - (size_t)length);
    text[sizeof text - 1] = '\n';
    memcpy(out, start, sizeof start);
    memcpy(out + sizeof start, text, sizeof text);
}
