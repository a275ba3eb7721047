/* The steps from stored pixels to a net's inputs, one row of a table each. */
#include <mnist/steps.h>

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a step is. */
typedef struct traits {
    const char *name;
    unsigned low, high; /* the range of its value; both 0: it has none */
    bool whole;         /* its value is a whole number */
    bool of_storage;
    /* Changes a size to that of the result; NULL: it stays. */
    void (*shape)(unsigned *rows, unsigned *cols);
    /* out = in (rows, cols) after the step. They do not overlap. */
    void (*run)(float value, const uint8_t *in, unsigned rows, unsigned cols, uint8_t *out);
} traits;

/* v of n is as 255 v / n, to the nearest, of 255. */
static void stretch(float value, const uint8_t *in, unsigned rows, unsigned cols, uint8_t *out)
{
    const unsigned most = (unsigned)value;
    uint8_t table[256];
    for (unsigned v = 0; v < 256; v++) {
        table[v] = (uint8_t)(v < most ? (255 * v + most / 2) / most : 255);
    }
    for (size_t i = 0; i < (size_t)rows * cols; i++) {
        out[i] = table[in[i]];
    }
}

static void invert(float value, const uint8_t *in, unsigned rows, unsigned cols, uint8_t *out)
{
    (void)value;
    for (size_t i = 0; i < (size_t)rows * cols; i++) {
        out[i] = (uint8_t)(255 - in[i]);
    }
}

static void swap_sides(unsigned *rows, unsigned *cols)
{
    const unsigned swapped = *rows;
    *rows = *cols;
    *cols = swapped;
}

/* out is (cols, rows) */
static void transpose(float value, const uint8_t *in, unsigned rows, unsigned cols, uint8_t *out)
{
    (void)value;
    for (size_t c = 0; c < cols; c++) {
        for (size_t r = 0; r < rows; r++) {
            out[c * rows + r] = in[r * cols + c];
        }
    }
}

static const traits table[] = {
    [MNIST_STEP_MAX_PIXEL] = {"max-pixel", 1, 254, true, true, NULL, stretch},
    [MNIST_STEP_INVERT] = {"invert", 0, 0, false, true, NULL, invert},
    [MNIST_STEP_TRANSPOSE] = {"transpose", 0, 0, false, true, swap_sides, transpose},
};
_Static_assert(sizeof table / sizeof *table == MNIST_STEP_KINDS, "a row for each kind");
_Static_assert(MNIST_STEP_KINDS <= MNIST_MAX_STEPS, "a list has room for each once");

/* Of a list that may be NULL. */
static unsigned length_of(const mnist_steps *steps)
{
    return steps ? steps->count : 0;
}

static bool has_kind(const mnist_steps *steps, mnist_step_kind kind)
{
    bool found = false;
    for (unsigned i = 0; i < steps->count; i++) {
        found = found || steps->list[i].kind == kind;
    }
    return found;
}

static bool in_range(const traits *step, float value)
{
    const bool fits = value >= (float)step->low && value <= (float)step->high;
    return fits && (!step->whole || (float)(unsigned)value >= value);
}

const char *mnist_step_name(mnist_step_kind kind)
{
    return kind < MNIST_STEP_KINDS ? table[kind].name : NULL;
}

void mnist_steps_add(mnist_steps *steps, mnist_step_kind kind, float value)
{
    assert(kind < MNIST_STEP_KINDS && steps->count < MNIST_MAX_STEPS);
    assert(!has_kind(steps, kind) && in_range(&table[kind], value));
    steps->list[steps->count++] = (mnist_step){kind, value};
}

/* Text. */

#define WORD_TEXT 32 /* of a step in a message; what is longer is cut */

/* For a message: without control characters, which could steer a terminal. */
static void make_plain(const char *word, size_t length, char plain[WORD_TEXT])
{
    size_t i = 0;
    for (; i < length && i < WORD_TEXT - 4; i++) {
        plain[i] = word[i] < ' ' || word[i] > '~' ? '?' : word[i];
    }
    snprintf(plain + i, WORD_TEXT - i, "%s", i < length ? "..." : "");
}

static mnist_status fail_unknown(const char *word, size_t length, mnist_error *err)
{
    char plain[WORD_TEXT], names[MNIST_STEP_KINDS * WORD_TEXT] = "";
    make_plain(word, length, plain);
    for (int k = 0; k < MNIST_STEP_KINDS; k++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s%s", k > 0 ? ", " : "", table[k].name,
                 table[k].high > 0 ? "=N" : "");
    }
    return mnist_fail(err, MNIST_ERR_ARGUMENT, "unknown step \"%s\"; expected some of %s", plain,
                      names);
}

/* Reads a plain decimal of at most 6 digits before the point and 6 after it, the same in every locale;
 * false: the text from begin to end is none. */
static bool read_decimal(const char *begin, const char *end, float *value)
{
    double read = 0.0, unit = 1.0;
    size_t whole = 0, part = 0;
    for (; begin < end && *begin >= '0' && *begin <= '9'; begin++, whole++) {
        read = 10.0 * read + (*begin - '0');
    }
    if (begin < end && *begin == '.') {
        for (begin++; begin < end && *begin >= '0' && *begin <= '9'; begin++, part++) {
            read = 10.0 * read + (*begin - '0');
            unit *= 10.0;
        }
    }
    *value = (float)(read / unit);
    return begin == end && whole + part > 0 && whole <= 6 && part <= 6;
}

/* The step that the word from begin to end is. */
static mnist_status read_step(mnist_steps *out, const char *begin, const char *end,
                              mnist_error *err)
{
    const char *equals = memchr(begin, '=', (size_t)(end - begin));
    const size_t length = (size_t)((equals ? equals : end) - begin);
    float value = 0.0f;
    char plain[WORD_TEXT];
    int k = 0;
    while (k < MNIST_STEP_KINDS &&
           (strlen(table[k].name) != length || memcmp(table[k].name, begin, length) != 0)) {
        k++;
    }
    if (k == MNIST_STEP_KINDS) {
        return fail_unknown(begin, length, err);
    }
    const traits *step = &table[k];
    make_plain(begin, (size_t)(end - begin), plain);
    if (step->high == 0 && equals) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "\"%s\": the step %s has no value", plain,
                          step->name);
    }
    if (step->high > 0 &&
        (!equals || !read_decimal(equals + 1, end, &value) || !in_range(step, value))) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "\"%s\": expected %s=N, N from %u to %u", plain,
                          step->name, step->low, step->high);
    }
    if (has_kind(out, (mnist_step_kind)k)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "the step %s is there twice", step->name);
    }
    mnist_steps_add(out, (mnist_step_kind)k, value);
    return MNIST_OK;
}

mnist_status mnist_steps_parse(mnist_steps *out, const char *text, mnist_error *err)
{
    mnist_steps read = {.count = 0};
    for (const char *begin = text, *end; *text; begin = end + 1) {
        end = begin + strcspn(begin, ",");
        if (read_step(&read, begin, end, err) != MNIST_OK) {
            return MNIST_ERR_ARGUMENT;
        }
        if (!*end) {
            break;
        }
    }
    *out = read;
    return MNIST_OK;
}

/* "0.5": to a millionth, the same in every locale. */
static void print_decimal(float value, char text[WORD_TEXT])
{
    const unsigned long millionths = (unsigned long)((double)value * 1e6 + 0.5);
    size_t length =
        (size_t)snprintf(text, WORD_TEXT, "%lu.%06lu", millionths / 1000000, millionths % 1000000);
    while (text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (text[length - 1] == '.') {
        text[length - 1] = '\0';
    }
}

void mnist_steps_print(const mnist_steps *steps, char text[MNIST_STEPS_TEXT])
{
    text[0] = '\0';
    for (unsigned i = 0; i < length_of(steps); i++) {
        const mnist_step *step = &steps->list[i];
        const size_t used = strlen(text);
        char value[WORD_TEXT] = "";
        if (table[step->kind].high > 0) {
            print_decimal(step->value, value);
        }
        snprintf(text + used, MNIST_STEPS_TEXT - used, "%s%s%s%s", i > 0 ? "," : "",
                 table[step->kind].name, value[0] ? "=" : "", value);
    }
}

bool mnist_steps_equal(const mnist_steps *a, const mnist_steps *b)
{
    char texts[2][MNIST_STEPS_TEXT];
    mnist_steps_print(a, texts[0]);
    mnist_steps_print(b, texts[1]);
    return strcmp(texts[0], texts[1]) == 0;
}

mnist_steps mnist_steps_of_pictures(const mnist_steps *steps)
{
    mnist_steps kept = {.count = 0};
    for (unsigned i = 0; i < length_of(steps); i++) {
        if (!table[steps->list[i].kind].of_storage) {
            kept.list[kept.count++] = steps->list[i];
        }
    }
    return kept;
}

/* Images. */

static void shape_after(const mnist_step *step, unsigned *rows, unsigned *cols)
{
    if (table[step->kind].shape) {
        table[step->kind].shape(rows, cols);
    }
}

void mnist_steps_shape(const mnist_steps *steps, unsigned *rows, unsigned *cols)
{
    for (unsigned i = 0; i < length_of(steps); i++) {
        shape_after(&steps->list[i], rows, cols);
    }
}

/* The most bytes that an image has on the way, before the first step and after each. */
static size_t largest(const mnist_steps *steps, unsigned rows, unsigned cols)
{
    size_t most = (size_t)rows * cols;
    for (unsigned i = 0; i < length_of(steps); i++) {
        shape_after(&steps->list[i], &rows, &cols);
        most = (size_t)rows * cols > most ? (size_t)rows * cols : most;
    }
    return most;
}

/* One image; between: room for two of the largest, which take turns. */
static void apply_to_image(const mnist_steps *steps, const uint8_t *in, unsigned rows,
                           unsigned cols, uint8_t *out, uint8_t *const between[2])
{
    for (unsigned i = 0; i < steps->count; i++) {
        const mnist_step *step = &steps->list[i];
        uint8_t *to = i + 1 < steps->count ? between[i % 2] : out;
        table[step->kind].run(step->value, in, rows, cols, to);
        shape_after(step, &rows, &cols);
        in = to;
    }
}

mnist_status mnist_steps_apply(const mnist_steps *steps, mnist_view view, uint8_t *out,
                               mnist_error *err)
{
    const size_t pixels = (size_t)view.rows * view.cols;
    if (length_of(steps) == 0) {
        memcpy(out, view.images, view.count * pixels);
        return MNIST_OK;
    }
    unsigned rows = view.rows, cols = view.cols;
    mnist_steps_shape(steps, &rows, &cols);
    const size_t after = (size_t)rows * cols, room = largest(steps, view.rows, view.cols);
    uint8_t *between = malloc(2 * room);
    if (!between) {
        return mnist_fail_memory(err, 2 * room, "images between two steps");
    }
    for (size_t i = 0; i < view.count; i++) {
        apply_to_image(steps, view.images + i * pixels, view.rows, view.cols, out + i * after,
                       (uint8_t *const[2]){between, between + room});
    }
    free(between);
    return MNIST_OK;
}
