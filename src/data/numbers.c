#include "data/numbers.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/show.h"
#include "base/status.h"

#define BLOCK 1024u /* numbers that are looked at together */

static const struct element {
    const char *name;
    size_t width;
    bool whole;
} elements[MNIST_KINDS] = {
    [MNIST_KIND_U8] = {"unsigned bytes", 1, true},
    [MNIST_KIND_S8] = {"signed bytes", 1, true},
    [MNIST_KIND_BOOLEAN] = {"booleans", 1, true},
    [MNIST_KIND_U16] = {"unsigned 16-bit ints", 2, true},
    [MNIST_KIND_S16] = {"16-bit ints", 2, true},
    [MNIST_KIND_U32] = {"unsigned 32-bit ints", 4, true},
    [MNIST_KIND_S32] = {"32-bit ints", 4, true},
    [MNIST_KIND_U64] = {"unsigned 64-bit ints", 8, true},
    [MNIST_KIND_S64] = {"64-bit ints", 8, true},
    [MNIST_KIND_F16] = {"16-bit floats", 2, false},
    [MNIST_KIND_F32] = {"32-bit floats", 4, false},
    [MNIST_KIND_F64] = {"64-bit floats", 8, false},
};

const char *mnist_kind_name(mnist_kind type)
{
    assert(type < MNIST_KINDS);
    return elements[type].name;
}

size_t mnist_kind_width(mnist_kind type)
{
    assert(type < MNIST_KINDS);
    return elements[type].width;
}

bool mnist_number_is_label(double value, uint8_t *label)
{
    if (!(value >= 0.0 && value < (double)MNIST_MAX_CLASSES) || value != floor(value)) {
        return false;
    }
    *label = (uint8_t)value;
    return true;
}

const char *mnist_label_range(void)
{
    return "0 to 255";
}

void mnist_sides_of(size_t pixels, unsigned *rows, unsigned *cols)
{
    unsigned side = 1;
    while ((size_t)(side + 1) * (side + 1) <= pixels) {
        side++;
    }
    *rows = (size_t)side * side == pixels ? side : 1;
    *cols = (unsigned)(pixels / *rows);
}

/* Numbers from `first` on, in the order of rows, as doubles; whole ones of 64 bits are rounded, which
 * moves none of them into a range that is asked for here. */

#define GET(bits)                                                                                  \
    static inline uint##bits##_t get##bits(const uint8_t *at, bool big)                            \
    {                                                                                              \
        uint##bits##_t value = 0;                                                                  \
        for (size_t i = 0; i < sizeof value; i++) {                                                \
            value = (uint##bits##_t)(                                                              \
                value |                                                                            \
                (uint##bits##_t)((uint##bits##_t)at[big ? sizeof value - 1 - i : i] << (8 * i)));  \
        }                                                                                          \
        return value;                                                                              \
    }
GET(16)
GET(32)
GET(64)
#undef GET

static double number_at(const mnist_numbers *a, const uint8_t *at)
{
    switch (a->type) {
    case MNIST_KIND_U8:
        return *at;
    case MNIST_KIND_BOOLEAN:
        return *at != 0;
    case MNIST_KIND_S8:
        return (int8_t)*at;
    case MNIST_KIND_U16:
        return get16(at, a->big_endian);
    case MNIST_KIND_S16:
        return (int16_t)get16(at, a->big_endian);
    case MNIST_KIND_U32:
        return get32(at, a->big_endian);
    case MNIST_KIND_S32:
        return (int32_t)get32(at, a->big_endian);
    case MNIST_KIND_U64:
        return (double)get64(at, a->big_endian);
    case MNIST_KIND_S64:
        return (double)(int64_t)get64(at, a->big_endian);
    case MNIST_KIND_F16:
        return (double)mnist_number_get(at, MNIST_NUMBER_F16, a->big_endian);
    case MNIST_KIND_F32: {
        const uint32_t bits = get32(at, a->big_endian);
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    default: {
        const uint64_t bits = get64(at, a->big_endian);
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    }
}

/* Where number `index`, counted in the order of rows, lies in an array whose first index runs fastest. */
static size_t column_major_place(const mnist_numbers *a, size_t index)
{
    size_t place = 0;
    size_t stride = 1;
    size_t strides[MNIST_NUMBERS_RANK];
    for (unsigned d = 0; d < a->rank; d++) {
        strides[d] = stride;
        stride *= (size_t)a->shape[d];
    }
    for (unsigned d = a->rank; d-- > 0;) {
        place += index % (size_t)a->shape[d] * strides[d];
        index /= (size_t)a->shape[d];
    }
    return place;
}

/* The same with the type and the order known to the compiler, so that the loops are vectors. */
#define FILL(type_is, is_big)                                                                      \
    {                                                                                              \
        mnist_numbers known = {.type = (type_is), .big_endian = (is_big)};                         \
        for (size_t i = 0; i < count; i++) {                                                       \
            out[i] = number_at(&known, at + i * elements[type_is].width);                          \
        }                                                                                          \
        break;                                                                                     \
    }

static void get_numbers(const mnist_numbers *a, size_t first, size_t count, double *out)
{
    const size_t width = elements[a->type].width;
    if (a->column_major && a->rank > 1) {
        for (size_t i = 0; i < count; i++) {
            out[i] = number_at(a, a->bytes + width * column_major_place(a, first + i));
        }
        return;
    }
    const uint8_t *at = a->bytes + width * first;
    switch (2 * (int)a->type + a->big_endian) {
    case 2 * MNIST_KIND_S8:
        FILL(MNIST_KIND_S8, false)
    case 2 * MNIST_KIND_F32:
        FILL(MNIST_KIND_F32, false)
    case 2 * MNIST_KIND_F32 + 1:
        FILL(MNIST_KIND_F32, true)
    case 2 * MNIST_KIND_F64:
        FILL(MNIST_KIND_F64, false)
    case 2 * MNIST_KIND_F64 + 1:
        FILL(MNIST_KIND_F64, true)
    default:
        for (size_t i = 0; i < count; i++) {
            out[i] = number_at(a, at + i * width);
        }
        break;
    }
}

static size_t count_of(const mnist_numbers *a)
{
    size_t count = 1;
    for (unsigned d = 0; d < a->rank; d++) {
        count *= (size_t)a->shape[d];
    }
    return count;
}

/* IDX */

static bool idx_type(uint8_t code, mnist_kind *type)
{
    static const struct {
        uint8_t code;
        mnist_kind type;
    } types[] = {{0x08, MNIST_KIND_U8},  {0x09, MNIST_KIND_S8},  {0x0B, MNIST_KIND_S16},
                 {0x0C, MNIST_KIND_S32}, {0x0D, MNIST_KIND_F32}, {0x0E, MNIST_KIND_F64}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].code == code) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

mnist_status mnist_numbers_of_idx(mnist_numbers *out, const uint8_t *data, size_t size,
                                  const char *path, const char *name, mnist_error *err)
{
    *out = (mnist_numbers){.path = path, .name = name, .big_endian = true, .first_column = true};
    if (size < 4 || data[0] != 0 || data[1] != 0 || !idx_type(data[2], &out->type) || data[3] < 1 ||
        data[3] > 4) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: expected an IDX file, which begins with 0, 0, a type (0x08, 0x09 "
                          "or 0x0B to 0x0E) and 1 to 4 dimensions",
                          path, name);
    }
    out->rank = data[3];
    const size_t header = 4 + 4 * (size_t)out->rank;
    uint64_t bytes = elements[out->type].width;
    bool fits = size >= header;
    for (unsigned d = 0; d < out->rank && fits; d++) {
        const uint64_t length = get32(data + 4 + (size_t)4 * d, true);
        out->shape[d] = length;
        fits = length == 0 || bytes <= (uint64_t)INT64_MAX / length;
        bytes *= fits ? length : 1;
    }
    if (!fits || bytes != size - header) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s%s: its header, of %u dimension%s of %s, promises %s%" PRIu64
                          " bytes in all, found %zu; an interrupted download, or a damaged header?",
                          path, name, out->rank, out->rank == 1 ? "" : "s",
                          elements[out->type].name, fits ? "" : "more than ",
                          fits ? header + bytes : header, size);
    }
    out->bytes = data + header;
    return MNIST_OK;
}

/* NPY */

static bool npy_type(const char *descr, mnist_kind *type)
{
    static const struct {
        const char *descr;
        mnist_kind type;
    } types[] = {{"u1", MNIST_KIND_U8},  {"i1", MNIST_KIND_S8},  {"b1", MNIST_KIND_BOOLEAN},
                 {"u2", MNIST_KIND_U16}, {"i2", MNIST_KIND_S16}, {"u4", MNIST_KIND_U32},
                 {"i4", MNIST_KIND_S32}, {"u8", MNIST_KIND_U64}, {"i8", MNIST_KIND_S64},
                 {"f2", MNIST_KIND_F16}, {"f4", MNIST_KIND_F32}, {"f8", MNIST_KIND_F64}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(descr + 1, types[i].descr) == 0) {
            *type = types[i].type;
            return elements[*type].width == 1 || descr[0] != '|';
        }
    }
    return false;
}

mnist_status mnist_numbers_of_npy(mnist_numbers *out, const uint8_t *data, size_t size,
                                  const char *path, const char *array, mnist_error *err)
{
    mnist_npy npy;
    mnist_status status = mnist_npy_parse(&npy, data, size, path, array, err);
    if (status != MNIST_OK) {
        return status;
    }
    *out = (mnist_numbers){.big_endian = npy.big_endian,
                           .column_major = npy.column_major,
                           .rank = npy.rank,
                           .bytes = data + npy.data,
                           .path = path,
                           .name = ""};
    memcpy(out->shape, npy.shape, sizeof out->shape);
    if (!npy_type(npy.descr, &out->type)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: array '%s' is of type '%s', expected numbers as '|u1', '<i8' or '<f4'", path,
            mnist_show(array).text, npy.descr);
    }
    return MNIST_OK;
}

/* Shapes */

#define SHAPE_TEXT 160

static const char *shape_text(const mnist_numbers *a, char text[SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT, "(");
    for (unsigned d = 0; d < a->rank; d++) {
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "%s%" PRIu64, d > 0 ? ", " : "",
                                 a->shape[d]);
    }
    snprintf(text + used, SHAPE_TEXT - used, a->rank == 1 ? ",)" : ")");
    return text;
}

/* Rows and columns of the images of an array; false: it is none of images. */
static bool sides_of(const mnist_numbers *a, uint64_t *rows, uint64_t *cols)
{
    *rows = *cols = 0;
    if (a->rank == 2) {
        if (a->shape[1] > MNIST_MAX_PIXELS) {
            return false;
        }
        unsigned r, c;
        mnist_sides_of((size_t)a->shape[1], &r, &c);
        *rows = r;
        *cols = c;
    } else if (a->rank == 3 || (a->rank == 4 && a->shape[3] == 1)) {
        *rows = a->shape[1];
        *cols = a->shape[2];
    } else if (a->rank == 4 && a->shape[1] == 1) {
        *rows = a->shape[2];
        *cols = a->shape[3];
    }
    return a->shape[0] >= 1 && a->shape[0] <= UINT32_MAX && *rows >= 1 && *cols >= 1 &&
           *rows <= MNIST_MAX_PIXELS && *cols <= MNIST_MAX_PIXELS / *rows;
}

bool mnist_numbers_may_be_images(const mnist_numbers *array)
{
    uint64_t rows, cols;
    return sides_of(array, &rows, &cols) && rows * cols > 1;
}

bool mnist_numbers_may_be_labels(const mnist_numbers *array)
{
    return (array->rank == 1 ||
            (array->rank == 2 && array->shape[1] >= 1 && array->shape[1] <= 256)) &&
           array->shape[0] >= 1;
}

/* Pixels */

typedef enum rule {
    RULE_AS_IS,
    RULE_BOOLEAN,
    RULE_SHIFTED,   /* signed bytes: 128 is added */
    RULE_WRAPPED,   /* signed bytes: stored so, but meant as unsigned ones */
    RULE_WIDE,      /* 16 bits to 8 */
    RULE_UNIT,      /* 0 to 1 */
    RULE_BYTES,     /* 0 to 255, rounded */
    RULE_SYMMETRIC, /* -1 to 1 */
    RULES
} rule;

static uint8_t pixel(rule how, double v)
{
    switch (how) {
    case RULE_BOOLEAN:
        return v != 0.0 ? 255 : 0;
    case RULE_SHIFTED:
        return (uint8_t)(v + 128.0);
    case RULE_WRAPPED:
        return (uint8_t)(v < 0.0 ? v + 256.0 : v);
    case RULE_WIDE:
        return (uint8_t)((255u * (uint32_t)v + 32767u) / 65535u);
    case RULE_UNIT:
        return (uint8_t)(v * 255.0 + 0.5); /* truncated, as it is not negative */
    case RULE_BYTES:
        return (uint8_t)(v + 0.5);
    case RULE_SYMMETRIC:
        return (uint8_t)((v + 1.0) * 127.5 + 0.5);
    default:
        return (uint8_t)v;
    }
}

/* What all numbers of an array have in common. */
typedef struct range {
    double least, most;
    bool finite;
    size_t zeros, lows; /* of signed bytes: how many are 0, and -128 */
} range;

static range measure(const mnist_numbers *a, size_t count)
{
    double block[BLOCK];
    range r = {.least = INFINITY, .most = -INFINITY, .finite = true};
    for (size_t at = 0; at < count; at += BLOCK) {
        const size_t some = count - at < BLOCK ? count - at : BLOCK;
        double least = block[0] = INFINITY, most = -INFINITY, sum = 0.0;
        get_numbers(a, at, some, block);
        for (size_t i = 0; i < some; i++) {
            least = block[i] < least ? block[i] : least;
            most = block[i] > most ? block[i] : most;
            sum += block[i] - block[i]; /* stays 0 if all are finite */
        }
        r.finite = r.finite && sum == 0.0;
        r.least = least < r.least ? least : r.least;
        r.most = most > r.most ? most : r.most;
        for (size_t i = 0; a->type == MNIST_KIND_S8 && i < some; i++) {
            r.zeros += block[i] == 0.0;
            r.lows += block[i] == -128.0;
        }
    }
    return r;
}

/* false: some number is out of every range; *lowest and *highest: of the widest one that it may be in. */
static bool choose_rule(const mnist_numbers *a, const range *r, rule *out, double *lowest,
                        double *highest)
{
    *lowest = 0.0;
    *highest = 255.0;
    if (a->type == MNIST_KIND_BOOLEAN) {
        *out = RULE_BOOLEAN;
        return true;
    }
    if (a->type == MNIST_KIND_S8 && r->least < 0.0) {
        *out = r->lows > r->zeros ? RULE_SHIFTED : RULE_WRAPPED;
        return true;
    }
    if (elements[a->type].whole) {
        const bool wide = a->type == MNIST_KIND_U16 && r->most > 255.0;
        *out = wide ? RULE_WIDE : RULE_AS_IS;
        return wide || (r->least >= 0.0 && r->most <= 255.0);
    }
    *out = r->most <= 1.0 ? (r->least >= 0.0 ? RULE_UNIT : RULE_SYMMETRIC) : RULE_BYTES;
    *lowest = *out == RULE_SYMMETRIC ? -1.0 : 0.0;
    return r->finite && r->least >= *lowest && r->most <= *highest;
}

static mnist_status fail_pixel(const mnist_numbers *a, size_t pixels, double lowest, double highest,
                               mnist_error *err)
{
    const size_t count = count_of(a);
    double value = 0.0;
    size_t at = 0;
    for (; at < count; at++) {
        get_numbers(a, at, 1, &value);
        if (!(value >= lowest && value <= highest)) {
            break;
        }
    }
    return mnist_fail(
        err, MNIST_ERR_FORMAT, "%s%s: pixel %zu of image %zu (both from 0) is %.9g: expected %s%s",
        a->path, a->name, at % pixels, at / pixels, value,
        elements[a->type].whole ? "whole numbers from 0 to 255"
                                : "numbers from 0 to 1, 0 to 255 or -1 to 1",
        elements[a->type].whole ? "; another kind of data?"
                                : "; normalised already? Save them as they were before");
}

static mnist_status fail_shape(const mnist_numbers *a, const char *expected, mnist_error *err)
{
    char text[SHAPE_TEXT];
    const bool colour = a->rank == 4 && (a->shape[3] == 3 || a->shape[1] == 3);
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s%s: %s of shape %s: expected %s%s", a->path,
                      a->name, elements[a->type].name, shape_text(a, text), expected,
                      colour ? "; colour images? Save their greys" : "");
}

mnist_status mnist_numbers_images_of(mnist_numbers_images *out, const mnist_numbers *array,
                                     mnist_error *err)
{
    uint64_t rows, cols;
    rule how;
    double block[BLOCK], lowest, highest;
    *out = (mnist_numbers_images){.count = 0};
    if (!sides_of(array, &rows, &cols)) {
        return fail_shape(array,
                          "images, at least 1, of at most 65536 pixels: (N, rows, columns), "
                          "(N, 1, rows, columns) or (N, pixels)",
                          err);
    }
    const size_t pixels = (size_t)(rows * cols), count = count_of(array);
    *out = (mnist_numbers_images){
        .count = (size_t)array->shape[0], .rows = (unsigned)rows, .cols = (unsigned)cols};
    if (array->type == MNIST_KIND_U8 && !(array->column_major && array->rank > 1)) {
        out->pixels = array->bytes;
        return MNIST_OK;
    }
    const range r = measure(array, count);
    if (!choose_rule(array, &r, &how, &lowest, &highest)) {
        *out = (mnist_numbers_images){.count = 0};
        return fail_pixel(array, pixels, lowest, highest, err);
    }
    out->owned = mnist_alloc_large(count);
    if (!out->owned) {
        *out = (mnist_numbers_images){.count = 0};
        return mnist_fail_memory(err, count, array->path);
    }
    for (size_t at = 0; at < count; at += BLOCK) {
        const size_t some = count - at < BLOCK ? count - at : BLOCK;
        get_numbers(array, at, some, block);
        for (size_t i = 0; i < some; i++) {
            out->owned[at + i] = pixel(how, block[i]);
        }
    }
    out->pixels = out->owned;
    return MNIST_OK;
}

/* Labels */

/* The place of the 1 in a row of zeros; `columns`: the row is not such a one. */
static size_t hot_column(const double *row, size_t columns)
{
    size_t hot = columns, ones = 0, zeros = 0;
    for (size_t c = 0; c < columns; c++) {
        if (row[c] == 1.0) {
            hot = c;
            ones++;
        }
        zeros += row[c] == 0.0;
    }
    return ones == 1 && zeros == columns - 1 ? hot : columns;
}

/* Labels of several columns: the column of the 1, or the first. */
static double label_in_row(const mnist_numbers *a, size_t row, size_t columns, bool one_hot)
{
    double numbers[256];
    get_numbers(a, row * columns, one_hot ? columns : 1, numbers);
    return one_hot ? (double)hot_column(numbers, columns) : numbers[0];
}

static bool is_one_hot(const mnist_numbers *a, size_t count, size_t columns)
{
    double numbers[256];
    for (size_t i = 0; i < count; i++) {
        get_numbers(a, i * columns, columns, numbers);
        if (hot_column(numbers, columns) == columns) {
            return false;
        }
    }
    return columns > 1;
}

mnist_status mnist_numbers_labels_of(uint8_t **labels, size_t *count, const mnist_numbers *array,
                                     mnist_error *err)
{
    *labels = NULL;
    *count = 0;
    if (!mnist_numbers_may_be_labels(array)) {
        return fail_shape(array, "labels, at least 1: (N,), (N, 1) or, one-hot, (N, classes)", err);
    }
    const size_t rows = (size_t)array->shape[0];
    const size_t columns = array->rank == 2 ? (size_t)array->shape[1] : 1;
    const bool one_hot = is_one_hot(array, rows, columns);
    if (columns > 1 && !one_hot && !array->first_column) {
        return fail_shape(array,
                          "labels: these columns are not one-hot, as not every row has one 1 and "
                          "else zeros; expected (N,)",
                          err);
    }
    uint8_t *values = malloc(rows);
    if (!values) {
        return mnist_fail_memory(err, rows, array->path);
    }
    for (size_t i = 0; i < rows; i++) {
        const double value = label_in_row(array, i, columns, one_hot);
        if (!mnist_number_is_label(value, &values[i])) {
            free(values);
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s%s: label %.9g at index %zu: expected whole numbers from %s",
                              array->path, array->name, value, i, mnist_label_range());
        }
    }
    *labels = values;
    *count = rows;
    return MNIST_OK;
}
