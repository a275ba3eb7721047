#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *mnist_version(void)
{
    return MNIST_VERSION; /* from CMakeLists.txt, the one place that states it */
}

const char *mnist_status_text(mnist_status status)
{
    switch (status) {
#define MNIST_STATUS_CASE(code, text)                                                              \
    case code:                                                                                     \
        return text;
        MNIST_STATUS_LIST(MNIST_STATUS_CASE)
#undef MNIST_STATUS_CASE
    }
    return "unknown status";
}

/* Number of bytes of the UTF-8 character (RFC 3629) at text; 0 if it is a control character, which
 * could steer a terminal, or not UTF-8. */
static size_t visible(const unsigned char *text)
{
    const unsigned lead = text[0];
    unsigned low = 0x80, high = 0xBF; /* bounds of the byte after the lead */
    if (lead < 0x80) {
        return lead >= ' ' && lead != 0x7F;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    switch (lead) {
    case 0xC2: /* U+0080 to U+009F steer terminals, too */
    case 0xE0:
        low = 0xA0;
        break;
    case 0xED:
        high = 0x9F;
        break;
    case 0xF0:
        low = 0x90;
        break;
    case 0xF4:
        high = 0x8F;
        break;
    default:
        break;
    }
    const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < length; i++, low = 0x80, high = 0xBF) {
        if (text[i] < low || text[i] > high) { /* the terminating zero is, too */
            return 0;
        }
    }
    return length;
}

bool mnist_plain_text(char *out, size_t size, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0;
    while (*p) {
        char escaped[sizeof "\\xNN"];
        const size_t length = visible(p), taken = length > 0 ? length : 1;
        const size_t wanted = length > 0 ? length : sizeof escaped - 1;
        if (wanted >= size - used) {
            break;
        }
        if (length == 0) {
            snprintf(escaped, sizeof escaped, "\\x%02x", *p);
        }
        memcpy(out + used, length > 0 ? (const char *)p : escaped, wanted);
        used += wanted;
        p += taken;
    }
    out[used] = '\0';
    return *p == '\0';
}

mnist_status mnist_fail(mnist_error *err, mnist_status status, const char *format, ...)
{
    if (err) {
        char raw[MNIST_ERROR_TEXT]; /* arguments may lie in err */
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(raw, sizeof raw, format, arguments);
        va_end(arguments);
        err->status = status;
        (void)mnist_plain_text(err->text, sizeof err->text, raw);
    }
    return status;
}

mnist_status mnist_fail_memory(mnist_error *err, size_t bytes, const char *what)
{
    return mnist_fail(err, MNIST_ERR_MEMORY,
                      "out of memory: %zu bytes for %s could not be allocated", bytes, what);
}

const char *mnist_element_name(mnist_element element)
{
    static const char *const names[MNIST_ELEMENTS] = {"F32", "F64", "U64"};
    return (unsigned)element < MNIST_ELEMENTS ? names[element] : NULL;
}

size_t mnist_element_size(mnist_element element)
{
    return element == MNIST_F32 ? 4 : 8;
}

size_t mnist_array_count(const mnist_array *array)
{
    size_t count = 1;
    assert(array->rank <= MNIST_ARRAY_RANK);
    for (unsigned i = 0; i < array->rank; i++) {
        assert(array->shape[i] == 0 || count <= SIZE_MAX / 8 / array->shape[i]);
        count *= (size_t)array->shape[i];
    }
    return count;
}
