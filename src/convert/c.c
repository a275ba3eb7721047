/* A net as C99 source, for a microcontroller: one function, its tables, and a header. The text is
 * c_files.c's. */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "convert/c_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARAMETERS ((uint64_t)1 << 22) /* 16 MiB of tables, and some 64 MiB of text */
#define SUFFIX         "_predict"

/* Without its folders. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Where the last ending begins, as mnist_format_companion sees it. */
static size_t stem_length(const char *name)
{
    const char *point = strrchr(name, '.');
    return point && point > name ? (size_t)(point - name) : strlen(name);
}

/* Whether the header would be found, with -I, in the place of one of C's own. */
static bool is_header_of_c(const char *name, size_t stem)
{
    static const char *const headers[] = {
        "assert", "complex", "ctype",  "errno",  "fenv",   "float",  "inttypes", "iso646",
        "limits", "locale",  "math",   "setjmp", "signal", "stdarg", "stdbool",  "stddef",
        "stdint", "stdio",   "stdlib", "string", "tgmath", "time",   "wchar",    "wctype",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (strlen(headers[i]) == stem && strncmp(name, headers[i], stem) == 0) {
            return true;
        }
    }
    return false;
}

/* A file's name stands between quotes of an #include, and in comments. A quote, a line's end, or
 * bytes that are not ASCII do not mean the same to every compiler. */
static mnist_status c_check_path(const char *path, mnist_error *err)
{
    const char *name = name_of(path);
    const size_t length = strlen(name), stem = stem_length(name);
    if (strspn(name, MNIST_C_NAME_BYTES) != length || length == 0) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%.2000s: the name of this file becomes C: expected letters and digits of ASCII, "
            "'.', '-', '+' and '_' in it; call it mnist_predict.c, say",
            path);
    }
    if (stem > MNIST_C_STEM) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%.2000s: the name of this file becomes the name of a function: %zu bytes "
            "before its ending, expected at most %d",
            path, stem, MNIST_C_STEM);
    }
    if (is_header_of_c(name, stem)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%.2000s: its header would be called %.*s.h, as one of C's own; call it "
                          "mnist_predict.c, say",
                          path, (int)stem, name);
    }
    if (strcmp(name + stem, ".h") == 0) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%.2000s: the C source would take the place of its own header; expected another "
            "ending, as .c",
            path);
    }
    return MNIST_OK;
}

/* The stem with "_" for what C has not in names, none of these doubled, in front or at the end:
 * such names may be the compiler's. With "_predict" at its end it is no keyword and not
 * in C's library. */
static void name_function(char function[MNIST_C_FUNCTION], const char *name)
{
    static const char digits[] = "0123456789";
    const size_t stem = stem_length(name);
    size_t length = 0;
    for (size_t i = 0; i < stem; i++) {
        if (name[i] == '_' || !isalnum((unsigned char)name[i])) {
            if (length > 0 && function[length - 1] != '_') {
                function[length++] = '_';
            }
            continue;
        }
        if (length == 0 && strchr(digits, name[i])) {
            memcpy(function, "net_", 4);
            length = 4;
        }
        function[length++] = name[i];
    }
    while (length > 0 && function[length - 1] == '_') {
        length--;
    }
    if (length == 0) {
        memcpy(function, "net", 3);
        length = 3;
    }
    function[length] = '\0';
    const size_t suffix = sizeof SUFFIX - 1;
    if (length < suffix || strcmp(function + length - suffix, SUFFIX) != 0) {
        memcpy(function + length, SUFFIX, suffix + 1);
    }
}

static mnist_status check_size(const mnist_net *net, const char *path, mnist_error *err)
{
    uint64_t parameters = 0;
    for (unsigned l = 0; l < net->layer_count; l++) {
        parameters += ((uint64_t)net->layers[l].inputs + 1) * net->layers[l].outputs;
    }
    if (parameters > MAX_PARAMETERS) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%.2000s: %" PRIu64
                          " weights and biases are too many for a compiler's tables: format c "
                          "takes nets of at most %" PRIu64,
                          path, parameters, MAX_PARAMETERS);
    }
    return MNIST_OK;
}

/* The text of both files. */
static mnist_status write_files(mnist_format_output *out, mnist_net *net,
                                const mnist_c_integers *integers, mnist_error *err)
{
    const char *name = name_of(out->path);
    mnist_c_source source = {
        .net = net, .integers = integers, .name = name, .stem = (int)stem_length(name)};
    name_function(source.function, name);
    mnist_c_put_source(&source);
    out->bytes[0] = source.text;
    out->sizes[0] = source.size;
    source.text = NULL;
    source.size = source.room = 0;
    mnist_c_put_header(&source);
    out->bytes[1] = source.text;
    out->sizes[1] = source.size;
    if (source.failed) {
        return mnist_fail_memory(err, out->sizes[0] + out->sizes[1], "a net as C");
    }
    if (integers) {
        mnist_net_note(net,
                       "the functions are called %s and %s_class, after the file; the second needs "
                       "no floats",
                       source.function, source.function);
    } else {
        mnist_net_note(net, "the function is called %s, after the file", source.function);
    }
    return MNIST_OK;
}

static mnist_status c_write(mnist_format_output *out, mnist_net *net, mnist_error *err)
{
    mnist_c_integers *integers = NULL;
    mnist_status status = check_size(net, out->path, err);
    if (status == MNIST_OK && net->integers) {
        status = mnist_c_integers_create(&integers, net, out->path, err);
    }
    if (status == MNIST_OK) {
        status = write_files(out, net, integers, err);
    }
    mnist_c_integers_free(integers);
    return status;
}

const mnist_format mnist_format_c = {
    .name = "c",
    .text = "C99 source and its header, for microcontrollers",
    .endings = ".c",
    .companion = ".h",
    .holds = MNIST_HOLDS_ACTIVATION | MNIST_HOLDS_NORMALIZATION | MNIST_HOLDS_ORIGIN |
             MNIST_HOLDS_INTEGERS,
    .check_path = c_check_path,
    .write = c_write,
};
