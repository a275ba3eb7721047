#include "data/csv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/show.h"
#include "base/status.h"
#include "data/numbers.h"

#define MOST_COLUMNS (MNIST_MAX_PIXELS + 16u)
#define NONE         SIZE_MAX

/* What a column holds. */
typedef enum column { PIXEL, LABEL, NOTHING } column;

typedef struct table {
    const uint8_t *at, *end;
    const char *path;
    char separator;
    size_t columns, pixels; /* in all; of pixels */
    size_t label;           /* column of the label, or NONE */
    column *kinds;          /* (columns), or NULL: the label's column, else pixels */
    size_t line, field;     /* where `at` is, from 1 */
    bool fractions;         /* a pixel has a decimal point or an exponent */
} table;

static mnist_status fail_at(const table *t, mnist_error *err, const char *expected)
{
    char found[24];
    size_t length = 0;
    for (const uint8_t *c = t->at;
         c < t->end && *c != '\n' && *c != (uint8_t)t->separator && length + 1 < sizeof found;
         c++) {
        found[length++] = (char)*c;
    }
    found[length] = '\0';
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %zu, column %zu: '%s': expected %s", t->path,
                      t->line, t->field, mnist_show(found).text, expected);
}

static bool is_digit(const table *t)
{
    return t->at < t->end && *t->at >= '0' && *t->at <= '9';
}

static bool is_end_of_field(const table *t)
{
    return t->at == t->end || *t->at == (uint8_t)t->separator || *t->at == '\n' || *t->at == '\r';
}

static bool take(table *t, char c)
{
    if (t->at < t->end && *t->at == (uint8_t)c) {
        t->at++;
        return true;
    }
    return false;
}

/* Digits into a number of up to 18 of them; *dropped counts those that have no room. */
static unsigned take_digits(table *t, uint64_t *number, int *dropped)
{
    unsigned digits = 0;
    for (; is_digit(t); t->at++, digits++) {
        if (*number < 100000000000000000u) {
            *number = *number * 10 + (uint64_t)(*t->at - '0');
        } else {
            ++*dropped;
        }
    }
    return digits;
}

static double power_of_ten(int exponent)
{
    double power = 1.0;
    for (int i = 0; i < exponent; i++) {
        power *= 10.0; /* exact up to 10^22 */
    }
    return power;
}

/* A number, up to the end of its field. *whole: it has neither a point nor an exponent. Its digits as a whole number,
 * which is exact up to 2^53, are divided or multiplied once, so that up to 10^22 it is rounded once. */
static bool take_number(table *t, double *value, bool *whole)
{
    uint64_t number = 0;
    int dropped = 0, fraction = 0, ignored = 0;
    const bool quoted = take(t, '"');
    const bool negative = take(t, '-');
    (void)(negative || take(t, '+'));
    unsigned digits = take_digits(t, &number, &dropped);
    *whole = true;
    if (take(t, '.')) {
        const int before = dropped;
        const unsigned more = take_digits(t, &number, &dropped);
        *whole = false;
        digits += more;
        fraction = (int)(more < 1000000 ? more : 1000000) - (dropped - before);
        dropped = before;
    }
    int exponent = dropped - fraction;
    if (take(t, 'e') || take(t, 'E')) {
        uint64_t stated = 0;
        const bool down = take(t, '-');
        (void)(down || take(t, '+'));
        *whole = false;
        digits = take_digits(t, &stated, &ignored) > 0 ? digits : 0;
        const int clipped = stated > 400 ? 400 : (int)stated;
        exponent += down ? -clipped : clipped;
    }
    if (digits == 0 || (quoted && !take(t, '"')) || !is_end_of_field(t)) {
        return false;
    }
    exponent = exponent < -400 ? -400 : exponent > 400 ? 400 : exponent;
    const double magnitude = exponent < 0 ? (double)number / power_of_ten(-exponent)
                                          : (double)number * power_of_ten(exponent);
    *value = negative ? -magnitude : magnitude;
    return true;
}

/* Behind the last field of a line: its end. */
static bool take_line_end(table *t)
{
    (void)take(t, '\r');
    if (t->at == t->end || take(t, '\n')) {
        t->line++;
        t->field = 1;
        return true;
    }
    return false;
}

/* Whether only empty lines remain. */
static bool is_done(const table *t)
{
    for (const uint8_t *c = t->at; c < t->end; c++) {
        if (*c != '\n' && *c != '\r') {
            return false;
        }
    }
    return true;
}

/* What a header's field says of its column. */
static column kind_of(const uint8_t *name, size_t length)
{
    static const char *const labels[] = {"label", "labels", "class", "target", "digit", "y"};
    static const char *const others[] = {"", "id", "imageid", "index", "unnamed: 0"};
    char text[16];
    while (length > 0 && (name[0] == '"' || name[0] == ' ')) {
        name++;
        length--;
    }
    while (length > 0 && (name[length - 1] == '"' || name[length - 1] == ' ')) {
        length--;
    }
    if (length >= sizeof text) {
        return PIXEL;
    }
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    }
    text[length] = '\0';
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (strcmp(text, labels[i]) == 0) {
            return LABEL;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(text, others[i]) == 0) {
            return NOTHING;
        }
    }
    return PIXEL;
}

/* The first line's fields: how many, and whether all are numbers. */
static mnist_status look_at_first_line(table *t, bool *header, mnist_error *err)
{
    const uint8_t *start = t->at;
    *header = false;
    t->columns = 0;
    do {
        double value;
        bool whole;
        const uint8_t *field = t->at;
        t->columns++;
        if (!take_number(t, &value, &whole)) {
            t->at = field;
            while (!is_end_of_field(t)) {
                t->at++;
            }
            *header = *header || t->at > field;
        }
        if (t->columns > MOST_COLUMNS) {
            return mnist_fail(
                err, MNIST_ERR_FORMAT,
                "%s: line 1 has more than %u columns: expected a label and at most %u "
                "pixels",
                t->path, MOST_COLUMNS, MNIST_MAX_PIXELS);
        }
    } while (take(t, t->separator));
    t->at = start;
    return MNIST_OK;
}

static mnist_status read_header(table *t, mnist_error *err)
{
    t->kinds = malloc(t->columns * sizeof *t->kinds);
    if (!t->kinds) {
        return mnist_fail_memory(err, t->columns * sizeof *t->kinds, t->path);
    }
    for (size_t i = 0; i < t->columns; i++) {
        const uint8_t *field = t->at;
        while (!is_end_of_field(t)) {
            t->at++;
        }
        t->kinds[i] = kind_of(field, (size_t)(t->at - field));
        t->pixels += t->kinds[i] == PIXEL;
        if (t->kinds[i] == LABEL && t->label != NONE) {
            return mnist_fail(
                err, MNIST_ERR_FORMAT,
                "%s: line 1: columns %zu and %zu are both called as labels are, expected "
                "one such column",
                t->path, t->label + 1, i + 1);
        }
        t->label = t->kinds[i] == LABEL ? i : t->label;
        (void)take(t, t->separator);
    }
    (void)take_line_end(t);
    if (t->pixels == 1 && t->label == NONE) { /* a name that says nothing, above one column */
        for (size_t i = 0; i < t->columns; i++) {
            t->label = t->kinds[i] == PIXEL ? i : t->label;
        }
        t->kinds[t->label] = LABEL;
        t->pixels = 0;
    }
    return MNIST_OK;
}

static bool is_square(size_t pixels)
{
    unsigned rows, cols;
    mnist_sides_of(pixels, &rows, &cols);
    return pixels >= 4 && rows == cols;
}

/* What the columns are, where there is no header to say so. */
static mnist_status guess_columns(table *t, mnist_error *err)
{
    if (t->columns == 1) {
        t->label = 0;
    } else if (is_square(t->columns)) {
        t->pixels = t->columns;
    } else if (is_square(t->columns - 1)) {
        t->label = 0;
        t->pixels = t->columns - 1;
    } else {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: line 1 has %zu columns: expected a label and the pixels of a square "
            "image, as 785, or those pixels alone, as 784, or a header that names the "
            "label's column",
            t->path, t->columns);
    }
    return MNIST_OK;
}

static mnist_status find_columns(table *t, mnist_error *err)
{
    bool header;
    const uint8_t *first = t->at;
    t->separator = ',';
    for (; first < t->end && *first != '\n'; first++) {
        if (*first == ',' || *first == ';' || *first == '\t') {
            t->separator = (char)*first;
            break;
        }
    }
    mnist_status status = look_at_first_line(t, &header, err);
    if (status == MNIST_OK) {
        status = header ? read_header(t, err) : guess_columns(t, err);
    }
    if (status == MNIST_OK && is_done(t)) {
        status =
            mnist_fail(err, MNIST_ERR_FORMAT,
                       "%s: no line but the header: expected at least one image or label", t->path);
    }
    if (status == MNIST_OK && t->pixels == 0 && t->label == NONE) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: line 1 names no column of pixels or labels",
                            t->path);
    }
    if (status == MNIST_OK && t->pixels > MNIST_MAX_PIXELS) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: %zu columns of pixels: expected at most %u",
                            t->path, t->pixels, MNIST_MAX_PIXELS);
    }
    return status;
}

static column kind_at(const table *t, size_t field)
{
    return t->kinds ? t->kinds[field] : field == t->label ? LABEL : PIXEL;
}

/* A whole number from 0 to 255 of up to three digits, as nearly all are; false: it is something else. */
static inline bool take_byte(table *t, uint8_t *out)
{
    const uint8_t *c = t->at;
    unsigned value = 0, digits = 0;
    for (; c < t->end && digits < 3 && (unsigned)(*c - '0') < 10u; c++, digits++) {
        value = value * 10 + (unsigned)(*c - '0');
    }
    if (digits == 0 || value > 255 || c == t->end ||
        (*c != (uint8_t)t->separator && *c != '\n' && *c != '\r')) {
        return false;
    }
    *out = (uint8_t)value;
    t->at = c;
    return true;
}

/* One pixel, to bytes or, where there are fractions, to doubles. */
static mnist_status read_pixel(table *t, uint8_t *byte, double *number, mnist_error *err)
{
    const uint8_t *field = t->at;
    double value;
    bool whole;
    if (!take_number(t, &value, &whole)) {
        t->at = field;
        return fail_at(t, err, "a number");
    }
    if (number) {
        *number = value;
        return MNIST_OK;
    }
    t->fractions = !whole;
    if (whole && !(value >= 0.0 && value <= 255.0)) {
        t->at = field;
        return fail_at(t, err, "a pixel from 0 to 255");
    }
    *byte = whole ? (uint8_t)value : 0;
    return MNIST_OK;
}

static mnist_status read_label(table *t, uint8_t *out, mnist_error *err)
{
    const uint8_t *field = t->at;
    double value;
    bool whole;
    if (!take_number(t, &value, &whole) || !mnist_number_is_label(value, out)) {
        char expected[64] = "a label of ";
        strcat(expected, mnist_label_range());
        t->at = field;
        return fail_at(t, err, expected);
    }
    return MNIST_OK;
}

/* All fields of a line. Stops early, with success, where fractions are met that there is no room for. */
static mnist_status read_line(table *t, uint8_t *bytes, double *numbers, uint8_t *label,
                              mnist_error *err)
{
    size_t pixel = 0;
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < t->columns; i++) {
        const column kind = kind_at(t, i);
        t->field = i + 1;
        if (i > 0 && !take(t, t->separator)) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: line %zu has %zu columns%s: expected %zu, as in line 1", t->path,
                              t->line, i, t->at == t->end ? " and ends there" : "", t->columns);
        }
        if (kind == PIXEL && (numbers || !take_byte(t, &bytes[pixel]))) {
            status = read_pixel(t, numbers ? NULL : &bytes[pixel], numbers ? &numbers[pixel] : NULL,
                                err);
        } else if (kind == LABEL) {
            status = read_label(t, label, err);
        } else if (kind == NOTHING) {
            while (!is_end_of_field(t)) {
                t->at++;
            }
        }
        if (status != MNIST_OK || (t->fractions && !numbers)) {
            return status;
        }
        pixel += kind == PIXEL;
    }
    if (!take_line_end(t)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu has more than %zu columns: expected as many as in line 1",
                          t->path, t->line, t->columns);
    }
    return MNIST_OK;
}

/* All lines; numbers: NULL, or of (lines, pixels). */
static mnist_status read_lines(table *t, mnist_csv *out, double *numbers, size_t most,
                               mnist_error *err)
{
    mnist_status status = MNIST_OK;
    out->count = 0;
    while (status == MNIST_OK && !(t->fractions && !numbers) && !is_done(t)) {
        assert(out->count < most);
        status = read_line(t, out->pixels + out->count * t->pixels,
                           numbers ? numbers + out->count * t->pixels : NULL,
                           out->labels + out->count, err);
        out->count++;
    }
    (void)most;
    return status;
}

/* Reads the lines again, now as doubles, and makes bytes of these. */
static mnist_status read_fractions(table *t, mnist_csv *out, size_t most, mnist_error *err)
{
    static const uint16_t one = 1;
    mnist_numbers_images made;
    double *numbers = calloc(most * t->pixels, sizeof *numbers);
    if (!numbers) {
        return mnist_fail_memory(err, most * t->pixels * sizeof *numbers, t->path);
    }
    mnist_status status = read_lines(t, out, numbers, most, err);
    if (status == MNIST_OK) {
        const mnist_numbers all = {.type = MNIST_KIND_F64,
                                   .big_endian = *(const uint8_t *)&one == 0,
                                   .rank = 2,
                                   .shape = {out->count, t->pixels},
                                   .bytes = (const uint8_t *)numbers,
                                   .path = t->path,
                                   .name = ""};
        status = mnist_numbers_images_of(&made, &all, err);
    }
    if (status == MNIST_OK) {
        memcpy(out->pixels, made.owned, out->count * t->pixels);
        free(made.owned);
    }
    free(numbers);
    return status;
}

static mnist_status read_table(table *t, mnist_csv *out, mnist_error *err)
{
    const uint8_t *first = t->at;
    const size_t line = t->line;
    /* a number and what follows it are 2 bytes at least, but for the last */
    const size_t most = (size_t)(t->end - t->at + 1) / (2 * (t->pixels + (t->label != NONE))) + 1;
    out->pixels = mnist_alloc_large(most * t->pixels + 1);
    out->labels = malloc(most);
    if (!out->pixels || !out->labels) {
        return mnist_fail_memory(err, most * (t->pixels + 1), t->path);
    }
    mnist_status status = read_lines(t, out, NULL, most, err);
    if (status == MNIST_OK && t->fractions) {
        t->at = first;
        t->line = line;
        status = read_fractions(t, out, most, err);
    }
    if (t->pixels > 0) {
        mnist_sides_of(t->pixels, &out->rows, &out->cols);
    } else {
        free(out->pixels);
        out->pixels = NULL;
    }
    if (t->label == NONE) {
        free(out->labels);
        out->labels = NULL;
    }
    if (status == MNIST_OK && out->count > UINT32_MAX) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: %zu lines: expected at most 4294967295",
                            t->path, out->count);
    }
    return status;
}

mnist_status mnist_csv_read(mnist_csv *out, const uint8_t *data, size_t size, const char *path,
                            mnist_error *err)
{
    const size_t mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    table t = {
        .at = data + mark, .end = data + size, .path = path, .label = NONE, .line = 1, .field = 1};
    *out = (mnist_csv){.count = 0};
    if (is_done(&t)) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: empty: expected a line an image", path);
    }
    mnist_status status = find_columns(&t, err);
    if (status == MNIST_OK) {
        status = read_table(&t, out, err);
    }
    free(t.kinds);
    if (status != MNIST_OK) {
        free(out->pixels);
        free(out->labels);
        *out = (mnist_csv){.count = 0};
    }
    return status;
}
