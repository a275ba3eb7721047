#define _POSIX_C_SOURCE 200809L
#include "cli/options/json.h"

#include "cli/options/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Memory. */

static bool is_short, is_reading;

/* While it reads a number or a word, jansson 2.14 ignores that its text buffer could not grow; then
 * it removes characters that it never stored, and its own assertion ends the process. So once
 * memory is short, growth of that buffer (to powers of two from 32 bytes on) gets this reserve. All
 * other allocations fail: no value can be made of the text, and reading ends. */
static _Alignas(max_align_t) char reserved[8192];
static size_t reserved_used;

static void *allocate(size_t size)
{
    void *memory = is_short ? NULL : malloc(size);
    is_short = !memory;
    if (!memory && is_reading && size >= 32 && (size & (size - 1)) == 0 &&
        size <= sizeof reserved - reserved_used) {
        memory = reserved + reserved_used;
        reserved_used += size;
    }
    return memory;
}

static void release(void *memory)
{
    const uintptr_t at = (uintptr_t)memory, begin = (uintptr_t)reserved;
    if (at < begin || at >= begin + sizeof reserved) {
        free(memory);
    }
}

void mnist_json_start(void)
{
    is_short = false;
    json_set_alloc_funcs(allocate, release);
}

void mnist_json_begin(void)
{
    is_short = false;
}

bool mnist_json_short(void)
{
    return is_short;
}

/* Reading. */

json_t *mnist_json_parse(const char *text, size_t size, bool *memory, json_error_t *error)
{
    mnist_json_begin();
    is_reading = true;
    reserved_used = 0;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, error);
    is_reading = false;
    if (is_short) { /* part of it may lie in the reserve, which the next call uses again */
        json_decref(root);
        root = NULL;
    }
    /* is_short is set only where mnist_json_start was called; elsewhere jansson says it */
    *memory = !root && (is_short || error->text[0] == '\0' ||
                        json_error_code(error) == json_error_out_of_memory);
    return root;
}

/* Building. */

void mnist_json_put(json_t **object, const char *key, json_t *value)
{
    if (json_object_set_new(*object, key, value) != 0) { /* which releases value */
        json_decref(*object);
        *object = NULL;
    }
}

void mnist_json_append(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value) != 0) {
        json_decref(*array);
        *array = NULL;
    }
}

json_t *mnist_json_whole(uint64_t value)
{
    return value <= INT64_MAX ? json_integer((json_int_t)value)
                              : json_sprintf("%ju", (uintmax_t)value);
}

/* Printing, into a buffer of our own: a stream of open_memstream need not report that memory ran
 * short. */

typedef struct text {
    char *data; /* size bytes and a zero */
    size_t size, room;
    int indent;
    bool failed;
} text;

/* Makes room for so many bytes more. */
static bool reserve(text *t, size_t size)
{
    if (!t->failed && t->room - t->size <= size) {
        const size_t room = t->size + size + 1 > 2 * t->room ? t->size + size + 1 : 2 * t->room;
        char *grown = realloc(t->data, room);
        t->failed = !grown;
        t->data = grown ? grown : t->data;
        t->room = grown ? room : t->room;
    }
    return !t->failed;
}

static void add(text *t, const char *more)
{
    const size_t size = strlen(more);
    if (reserve(t, size)) {
        memcpy(t->data + t->size, more, size + 1);
        t->size += size;
    }
}

static void add_line(text *t, int level)
{
    const size_t blanks = (size_t)t->indent * (size_t)level;
    if (t->indent > 0) {
        add(t, "\n");
        if (reserve(t, blanks)) {
            memset(t->data + t->size, ' ', blanks);
            t->size += blanks;
            t->data[t->size] = '\0';
        }
    }
}

/* A string, an integer, a boolean or null, which jansson prints as we would. */
static void add_plain(text *t, const json_t *value)
{
    const size_t size = value ? json_dumpb(value, NULL, 0, JSON_ENCODE_ANY) : 0;
    if (size == 0 || !reserve(t, size) ||
        json_dumpb(value, t->data + t->size, size, JSON_ENCODE_ANY) != size) {
        t->failed = true;
        return;
    }
    t->size += size;
    t->data[t->size] = '\0';
}

static void add_value(text *t, const json_t *value, int level);

/* An object or an array. */
static void add_members(text *t, const json_t *value, int level)
{
    const bool is_object = json_is_object(value);
    /* the cast is safe: nothing is changed */
    void *at = is_object ? json_object_iter((json_t *)value) : NULL;
    const size_t count = is_object ? json_object_size(value) : json_array_size(value);
    add(t, is_object ? "{" : "[");
    for (size_t i = 0; i < count && !t->failed; i++) {
        add(t, i > 0 ? "," : "");
        add_line(t, level + 1);
        if (is_object) {
            json_t *key = json_string(json_object_iter_key(at)); /* escaped like any string */
            add_plain(t, key);
            json_decref(key);
            add(t, t->indent > 0 ? ": " : ":");
        }
        add_value(t, is_object ? json_object_iter_value(at) : json_array_get(value, i), level + 1);
        at = is_object ? json_object_iter_next((json_t *)value, at) : NULL;
    }
    if (count > 0) {
        add_line(t, level);
    }
    add(t, is_object ? "}" : "]");
}

static void add_value(text *t, const json_t *value, int level)
{
    char number[MNIST_REAL_TEXT];
    if (json_is_object(value) || json_is_array(value)) {
        add_members(t, value, level);
    } else if (json_is_real(value)) {
        mnist_real_format(json_real_value(value), number);
        add(t, number);
        add(t, strpbrk(number, ".e") ? "" : ".0");
    } else {
        add_plain(t, value);
    }
}

char *mnist_json_text(const json_t *value, int indent)
{
    text t = {.indent = indent};
    if (value) {
        add_value(&t, value, 0);
        add(&t, indent > 0 ? "\n" : "");
    }
    if (t.failed) {
        free(t.data);
        t.data = NULL;
    }
    return t.data;
}
