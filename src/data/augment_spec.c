/* Augmentations as text. */
#include <mnist/data.h>

#include "base/status.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NAME_TEXT 32 /* longer than any entry's name */

/* An entry's field, name and range. half17 is not among them. */
typedef struct entry {
    const char *name;
    size_t offset;
    float high; /* from 0 on */
    float example;
    const char *unit;
} entry;

#define FIELD(name) offsetof(mnist_augmentation, name)

static const entry entries[] = {
    {"shift", FIELD(shift), 64.0f, 1.5f, "pixels"},
    {"rotate", FIELD(rotate), 180.0f, 15.0f, "degrees"},
    {"scale", FIELD(scale), 0.5f, 0.15f, "of the size"},
    {"shear", FIELD(shear), 60.0f, 15.0f, "degrees"},
    {"elastic", FIELD(elastic), 100.0f, 34.0f, "pixels"}, /* and sigma */
    {"thickness", FIELD(thickness), 1.0f, 0.3f, "of a pixel"},
    {"erase", FIELD(erase), 1.0f, 0.2f, "of the images"},
};

#define ENTRIES    (sizeof entries / sizeof entries[0])
#define SIGMA_LOW  0.5f
#define SIGMA_HIGH 16.0f

static const struct preset {
    const char *name;
    mnist_augmentation value;
} presets[] = {
    {"none", {.shift = 0.0f}},
    {"light", {.shift = 1.0f, .rotate = 10.0f, .scale = 0.1f}},
    {"simard", {.elastic = 34.0f, .sigma = 4.0f}},
    {"ciresan",
     {.rotate = 15.0f,
      .scale = 0.15f,
      .shear = 15.0f,
      .elastic = 36.0f,
      .sigma = 6.0f,
      .half17 = true}},
};

#define PRESETS (sizeof presets / sizeof presets[0])

const char *mnist_augmentation_preset_name(size_t index)
{
    return index < PRESETS ? presets[index].name : NULL;
}

static float *field_of(mnist_augmentation *a, const entry *e)
{
    return (float *)(void *)((char *)a + e->offset);
}

static float value_of(const mnist_augmentation *a, const entry *e)
{
    return *(const float *)(const void *)((const char *)a + e->offset);
}

/* All names: entries, half17, presets. NULL past the end. */
static const char *name_at(size_t index)
{
    if (index < ENTRIES) {
        return entries[index].name;
    }
    index -= ENTRIES;
    return index == 0 ? "half17" : index <= PRESETS ? presets[index - 1].name : NULL;
}

/* Levenshtein's distance of words shorter than NAME_TEXT. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_TEXT + 1], length = strlen(b);
    for (size_t j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < skip ? change : skip;
        }
    }
    return row[length];
}

static const char *nearest_name(const char *name)
{
    const char *nearest = NULL;
    size_t least = 3; /* a name that differs more is no help */
    for (size_t i = 0; name_at(i); i++) {
        size_t own = distance(name, name_at(i));
        bool begins = strlen(name) >= 3 && strncmp(name, name_at(i), strlen(name)) == 0;
        if (begins || (own < least && own < strlen(name))) {
            nearest = name_at(i);
            least = begins ? 0 : own;
        }
    }
    return nearest;
}

#define PLAIN_TEXT (NAME_TEXT + 4)

/* word for a message: cut to a length that fits, and without control characters, which could steer
 * a terminal. */
static void make_plain(const char *word, char plain[PLAIN_TEXT])
{
    size_t length = 0;
    for (; word[length] && length < NAME_TEXT - 1; length++) {
        plain[length] = word[length] < ' ' || word[length] > '~' ? '?' : word[length];
    }
    snprintf(plain + length, PLAIN_TEXT - length, "%s", word[length] ? "..." : "");
}

static mnist_status fail_unknown(const char *name, bool first, mnist_error *err)
{
    for (size_t i = 0; i < PRESETS; i++) {
        if (!first && strcmp(name, presets[i].name) == 0) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT, "the preset \"%s\" must come first", name);
        }
    }
    char names[256] = "", plain[PLAIN_TEXT];
    const char *nearest = strlen(name) < NAME_TEXT ? nearest_name(name) : NULL;
    make_plain(name, plain);
    if (nearest) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "unknown entry \"%s\"; did you mean %s?", plain,
                          nearest);
    }
    for (size_t i = 0, used = 0; name_at(i); i++, used = strlen(names)) {
        snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", name_at(i));
    }
    return mnist_fail(err, MNIST_ERR_ARGUMENT, "unknown entry \"%s\"; expected one of %s", plain,
                      names);
}

/* Reads a plain decimal of at most 3 digits before the point and 6 after it, in the same way in
 * every locale, and moves *text past it. */
static bool read_decimal(const char **text, float *value)
{
    const char *p = *text;
    long millionths = 0;
    unsigned whole = 0, part = 0;
    for (; *p >= '0' && *p <= '9' && whole < 3; p++, whole++) {
        millionths = 10 * millionths + (*p - '0');
    }
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9' && part < 6; p++, part++) {
            millionths = 10 * millionths + (*p - '0');
        }
    }
    const bool any = whole + part > 0;
    for (; part < 6; part++) {
        millionths *= 10;
    }
    *value = (float)((double)millionths / 1e6);
    *text = p;
    return any;
}

/* found: the text of the value; "" if there is none. */
static mnist_status fail_range(const entry *e, const char *found, mnist_error *err)
{
    char plain[PLAIN_TEXT];
    make_plain(found, plain);
    const char *equals = plain[0] ? "=" : "";
    if (e->offset == FIELD(elastic)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "elastic%s%s: expected ALPHA:SIGMA, 0 to %g pixels and %g to %g pixels, "
                          "like 34:4",
                          equals, plain, (double)e->high, (double)SIGMA_LOW, (double)SIGMA_HIGH);
    }
    return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s%s%s: expected 0 to %g %s, like %g", e->name,
                      equals, plain, (double)e->high, e->unit, (double)e->example);
}

static bool in_range(const mnist_augmentation *a, const entry *e)
{
    const float value = value_of(a, e);
    if (!(value >= 0.0f && value <= e->high)) {
        return false;
    }
    return e->offset != FIELD(elastic) || value <= 0.0f ||
           (a->sigma >= SIGMA_LOW && a->sigma <= SIGMA_HIGH);
}

/* The value of an entry. */
static mnist_status read_value(mnist_augmentation *a, const entry *e, const char *text,
                               mnist_error *err)
{
    const char *const found = text;
    bool valid = read_decimal(&text, field_of(a, e));
    if (valid && e->offset == FIELD(elastic)) {
        if (*text == ':') {
            text++;
            valid =
                read_decimal(&text, &a->sigma) && a->sigma >= SIGMA_LOW && a->sigma <= SIGMA_HIGH;
        } else { /* only 0 means none */
            valid = a->elastic <= 0.0f;
        }
        if (valid && a->elastic <= 0.0f) {
            a->sigma = 0.0f;
        }
    }
    return valid && *text == '\0' && in_range(a, e) ? MNIST_OK : fail_range(e, found, err);
}

static mnist_status read_half17(mnist_augmentation *a, const char *value, mnist_error *err)
{
    if (value && strcmp(value, "0") != 0 && strcmp(value, "1") != 0) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "half17: expected no value, 0 or 1");
    }
    a->half17 = !value || value[0] == '1';
    return MNIST_OK;
}

/* word: an entry, without its comma. */
static mnist_status read_entry(mnist_augmentation *a, char *word, bool first, mnist_error *err)
{
    char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
    if (equals) {
        *equals = '\0';
    }
    for (size_t i = 0; first && !value && i < PRESETS; i++) {
        if (strcmp(word, presets[i].name) == 0) {
            *a = presets[i].value;
            return MNIST_OK;
        }
    }
    if (strcmp(word, "half17") == 0) {
        return read_half17(a, value, err);
    }
    for (size_t i = 0; i < ENTRIES; i++) {
        if (strcmp(word, entries[i].name) == 0) {
            return read_value(a, &entries[i], value ? value : "", err);
        }
    }
    return fail_unknown(word, first && !value, err);
}

mnist_status mnist_augmentation_parse(mnist_augmentation *out, const char *text, mnist_error *err)
{
    mnist_augmentation a = {.shift = 0.0f};
    bool first = true;
    *out = a;
    do {
        char word[2 * NAME_TEXT + 1];
        size_t length = strcspn(text, ","),
               kept = length < sizeof word - 1 ? length : sizeof word - 1;
        memcpy(word, text, kept);
        word[kept] = '\0';
        mnist_status status = read_entry(&a, word, first, err);
        if (status != MNIST_OK) {
            return status;
        }
        first = false;
        text += length;
    } while (*text++ == ',');
    *out = a;
    return MNIST_OK;
}

/* Appends value as a plain decimal, to a millionth, the same in every locale. */
static void append_decimal(char *text, float value)
{
    long millionths = (long)((double)value * 1e6 + 0.5), part = millionths % 1000000;
    size_t used = strlen(text);
    used +=
        (size_t)snprintf(text + used, MNIST_AUGMENTATION_TEXT - used, "%ld", millionths / 1000000);
    if (part > 0) {
        int digits = 6;
        for (; part % 10 == 0; part /= 10) {
            digits--;
        }
        snprintf(text + used, MNIST_AUGMENTATION_TEXT - used, ".%0*ld", digits, part);
    }
}

static void append(char *text, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, MNIST_AUGMENTATION_TEXT - used, "%s", more);
}

void mnist_augmentation_print(const mnist_augmentation *a, char text[MNIST_AUGMENTATION_TEXT])
{
    text[0] = '\0';
    for (size_t i = 0; i < ENTRIES; i++) {
        if (value_of(a, &entries[i]) > 0.0f) {
            append(text, text[0] ? "," : "");
            append(text, entries[i].name);
            append(text, "=");
            append_decimal(text, value_of(a, &entries[i]));
            if (entries[i].offset == FIELD(elastic)) {
                append(text, ":");
                append_decimal(text, a->sigma);
            }
        }
    }
    if (a->half17) {
        append(text, text[0] ? ",half17" : "half17");
    }
    if (!text[0]) {
        append(text, "none");
    }
}

mnist_status mnist_augmentation_check(const mnist_augmentation *a, mnist_error *err)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (!in_range(a, &entries[i])) {
            return fail_range(&entries[i], "", err);
        }
    }
    return MNIST_OK;
}

bool mnist_augmentation_any(const mnist_augmentation *a)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (value_of(a, &entries[i]) > 0.0f) {
            return true;
        }
    }
    return false;
}
