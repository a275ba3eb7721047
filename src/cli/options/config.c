/* Settings as JSON: --config, --print-config, and the documents and model files that hold them. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest config file, in bytes; one with every option has about 2,000. For text such as
 * [{},{},...] the JSON parser takes up to 90 bytes of memory a byte: some 6 MB at most. */
#define CONFIG_LIMIT ((size_t)1 << 16)

/* Settings to JSON. */

/* A JSON number from a field's text. A whole number becomes an integer, 10 and not 10.0: they are
 * the same number, and any reader accepts it as a real. */
static json_t *real_from_text(const char *text)
{
    if (!strpbrk(text, ".e")) {
        return json_integer(strtoll(text, NULL, 10));
    }
    return json_real(strtod(text, NULL)); /* the locale is "C": no program sets another */
}

/* The value of one setting; *present false if it is not set. NULL: no memory, or not UTF-8. */
static json_t *value_of(const mnist_option *option, const void *field, bool *present)
{
    char text[MNIST_OPTION_TEXT];
    const char *string = NULL;
    if (option->type == MNIST_OPTION_STRING) {
        memcpy(&string, field, sizeof string);
        *present = string != NULL;
        return string ? json_string(string) : NULL;
    }
    mnist_option_format(option, field, text);
    *present = text[0] != '\0';
    if (!*present) {
        return NULL;
    }
    switch (option->type) {
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
        return json_boolean(text[0] == 't');
    case MNIST_OPTION_UNSIGNED:
    case MNIST_OPTION_SIZE:
    case MNIST_OPTION_UINT64:
        return mnist_json_whole(strtoull(text, NULL, 10));
    case MNIST_OPTION_FLOAT:
    case MNIST_OPTION_DOUBLE:
    case MNIST_OPTION_PERCENT:
    case MNIST_OPTION_SHARE:
        return real_from_text(text);
    default:
        return json_string(text);
    }
}

json_t *mnist_options_json(const mnist_program *program, const void *settings, unsigned flags,
                           mnist_error *err)
{
    mnist_json_begin();
    json_t *object = json_object();
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; object && ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        if ((ref.option->flags & flags) != flags) {
            continue;
        }
        const void *field = (const char *)settings + ref.section->offset + ref.option->offset;
        bool present;
        json_t *value = value_of(ref.option, field, &present);
        if (present && !value && ref.option->type == MNIST_OPTION_STRING && !mnist_json_short()) {
            json_decref(object);
            mnist_options_fail(err, "--%s: a name that is not UTF-8 cannot be written as JSON",
                               ref.option->name);
            return NULL;
        }
        if (present) {
            mnist_json_put(&object, ref.option->name, value);
        }
    }
    if (!object) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    return object;
}

char *mnist_options_config_text(const mnist_program *program, const void *settings,
                                mnist_error *err)
{
    json_t *object = mnist_options_json(program, settings, MNIST_OPTION_IN_CONFIG, err);
    char *text = mnist_json_text(object, 2);
    if (object && !text) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the settings");
    }
    json_decref(object);
    return text;
}

bool mnist_options_print_config(const mnist_program *program, const void *settings, FILE *out,
                                mnist_error *err)
{
    char *text = mnist_options_config_text(program, settings, err);
    if (text) {
        fputs(text, out); /* out's error flag tells the caller's fflush of errors */
    }
    free(text);
    return text != NULL;
}

/* JSON to settings. */

/* The kind of a value, for messages that name what was found. */
static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* Has the value a JSON type that the option accepts? */
static bool type_fits(const mnist_option *option, const json_t *value)
{
    switch (option->type) {
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
        return json_is_boolean(value);
    case MNIST_OPTION_UINT64:  /* a string where a JSON integer does not reach */
    case MNIST_OPTION_PERCENT: /* "97%" */
    case MNIST_OPTION_SHARE:   /* "5%" */
    case MNIST_OPTION_INTERVAL:
        return json_is_number(value) || json_is_string(value);
    case MNIST_OPTION_UNSIGNED:
    case MNIST_OPTION_SIZE:
    case MNIST_OPTION_FLOAT:
    case MNIST_OPTION_DOUBLE:
        return json_is_number(value);
    case MNIST_OPTION_RATES:
        return json_is_number(value) || json_is_string(value) || json_is_array(value);
    case MNIST_OPTION_WIDTHS:
    case MNIST_OPTION_CLASSES:
        return json_is_integer(value) || json_is_string(value) || json_is_array(value);
    default:
        return json_is_string(value);
    }
}

/* [512, 512] as "512,512", [] as "none". false: not a list of numbers, or too long. Which numbers
 * are allowed is checked by the option. */
static bool array_to_text(const json_t *array, char text[MNIST_OPTION_TEXT])
{
    size_t length = 0, i;
    const json_t *item;
    snprintf(text, MNIST_OPTION_TEXT, "none");
    json_array_foreach (array, i, item) {
        char number[MNIST_REAL_TEXT];
        if (!json_is_number(item) || length + sizeof number + 1 > MNIST_OPTION_TEXT) {
            return false;
        }
        if (json_is_integer(item)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(item));
        } else {
            mnist_real_format(json_real_value(item), number);
        }
        length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%s", i ? "," : "",
                                   number);
    }
    return true;
}

/* A value as the text that a command line would have, so that one set of checks serves both. A
 * string is the value's own. NULL: it has no such form. */
static const char *text_of(const json_t *value, char text[MNIST_OPTION_TEXT])
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        snprintf(text, MNIST_OPTION_TEXT, "%lld", (long long)json_integer_value(value));
        return text;
    case JSON_REAL:
        mnist_real_format(json_real_value(value), text);
        return text;
    case JSON_ARRAY:
        return array_to_text(value, text) ? text : NULL;
    default:
        return json_is_true(value) ? "true" : "false";
    }
}

bool mnist_option_set_json(mnist_option_ref ref, const char *where, const json_t *value,
                           void *settings, mnist_error *err)
{
    char text[MNIST_OPTION_TEXT], expected[MNIST_OPTION_TEXT];
    const char *given = type_fits(ref.option, value) ? text_of(value, text) : NULL;
    if (!given) {
        mnist_option_expected(ref.option, expected);
        return mnist_options_fail(err, "%s: must be %s, not %s%s", where, expected,
                                  json_is_array(value) ? "such " : "", kind_of(value));
    }
    if (!mnist_option_set(ref.option, mnist_option_field(ref, settings), given)) {
        return mnist_option_fail_value(ref.option, where, given, err);
    }
    return true;
}

static bool fail_key(const mnist_program *program, const char *path, const char *key,
                     mnist_error *err)
{
    char quoted[MNIST_QUOTED_TEXT], nearest[MNIST_OPTION_TEXT];
    mnist_option_quote(key, quoted);
    mnist_option_ref ref = mnist_option_find(program, key);
    if (ref.option && strcmp(ref.option->name, key) == 0) {
        return mnist_options_fail(err, "%s: %s belongs on the command line, not in a config file",
                                  path, quoted);
    }
    if (ref.option && (ref.option->flags & MNIST_OPTION_IN_CONFIG)) { /* its alias */
        snprintf(nearest, sizeof nearest, "%s", ref.option->name);
    } else {
        mnist_option_nearest(program, key, true, nearest);
    }
    return mnist_options_fail(err, "%s: unknown key %s%s%s%s", path, quoted,
                              *nearest ? "; did you mean \"" : "", nearest, *nearest ? "\"?" : "");
}

/* The whole file, at most CONFIG_LIMIT bytes; it may be a pipe. NULL with err filled. */
static char *read_file(const char *path, size_t *size, mnist_error *err)
{
    struct stat status;
    int fd;
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 || fstat(fd, &status) != 0) {
        mnist_options_fail(err, "--config: %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    char *text = malloc(CONFIG_LIMIT + 1);
    ssize_t got = 1;
    *size = 0;
    while (text && *size <= CONFIG_LIMIT && got != 0) {
        got = read(fd, text + *size, CONFIG_LIMIT + 1 - *size);
        if (got < 0 && errno != EINTR) {
            break;
        }
        *size += got > 0 ? (size_t)got : 0;
    }
    if (!text) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    } else if (got < 0) {
        mnist_options_fail(err, "--config: %s: %s", path, strerror(errno));
    } else if (*size > CONFIG_LIMIT) {
        mnist_options_fail(err, "%s: larger than %zu bytes, so it is no config file", path,
                           CONFIG_LIMIT);
    }
    close(fd);
    if (text && (got < 0 || *size > CONFIG_LIMIT)) {
        free(text);
        text = NULL;
    }
    return text;
}

static json_t *parse_object(const char *text, size_t size, const char *path, mnist_error *err)
{
    json_error_t error;
    bool memory;
    json_t *root = mnist_json_parse(text, size, &memory, &error);
    if (!root && memory) {
        mnist_fail(err, MNIST_ERR_MEMORY, "--config: %.600s: out of memory", path);
        return NULL;
    }
    if (!root) {
        /* jansson quotes what it met: bytes of the file, which must not reach a terminal raw */
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(error.text, quoted);
        mnist_options_fail(err, "%s:%d:%d: %.*s", path, error.line, error.column,
                           (int)strlen(quoted) - 2, quoted + 1);
        return NULL;
    }
    if (!json_is_object(root)) {
        mnist_options_fail(err, "%s: must hold an object, {\"NAME\": VALUE, ...}, not %s", path,
                           kind_of(root));
        json_decref(root);
        return NULL;
    }
    return root;
}

/* What --json prints holds the settings under "config", which no setting is called; then these are meant. */
static json_t *settings_within(json_t *root)
{
    json_t *settings = json_object_get(root, "config");
    if (!json_is_object(settings)) {
        return root;
    }
    json_incref(settings);
    json_decref(root);
    return settings;
}

bool mnist_options_parse_config(const char *text, size_t size, const char *path,
                                mnist_parsed *parsed, mnist_error *err)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8, as some editors begin a file */
    if (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)) {
        return mnist_options_fail(err,
                                  "%s: is UTF-16 text, expected UTF-8; save it as UTF-8, or: "
                                  "iconv -f UTF-16 -t UTF-8",
                                  path);
    }
    if (size >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0) {
        text += sizeof mark - 1;
        size -= sizeof mark - 1;
    }
    json_t *root = parse_object(text, size, path, err);
    parsed->config = root ? settings_within(root) : NULL;
    return root != NULL;
}

bool mnist_options_read_config(const char *path, mnist_parsed *parsed, mnist_error *err)
{
    size_t size;
    char *text = read_file(path, &size, err);
    bool good = text && mnist_options_parse_config(text, size, path, parsed, err);
    free(text);
    return good;
}

bool mnist_options_apply_config(const mnist_program *program, const char *path, void *settings,
                                mnist_parsed *parsed, mnist_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach (parsed->config, key, value) {
        mnist_option_ref ref = mnist_option_find(program, key);
        if (!ref.option || !(ref.option->flags & MNIST_OPTION_IN_CONFIG) ||
            strcmp(ref.option->name, key) != 0) {
            return fail_key(program, path, key, err);
        }
        char where[MNIST_OPTION_TEXT + 500];
        /* a path of any length must leave room for the key */
        snprintf(where, sizeof where, "%.440s: \"%s\"", path, key);
        if (!mnist_option_set_json(ref, where, value, settings, err)) {
            return false;
        }
        parsed->origin[ref.index] = MNIST_ORIGIN_CONFIG;
    }
    return true;
}
