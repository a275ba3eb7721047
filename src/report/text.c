#include "report/text.h"

#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

static bool reserve(mnist_text *text, size_t more)
{
    if (!text->failed && more > text->room - text->size) {
        size_t room = text->room + text->room / 2 + more + 65536;
        char *data = more < SIZE_MAX / 4 && room > text->room ? realloc(text->data, room) : NULL;
        if (data) {
            text->data = data;
            text->room = room;
        } else {
            text->failed = true;
        }
    }
    return !text->failed;
}

void mnist_text_add(mnist_text *text, const void *data, size_t size)
{
    if (size > 0 && reserve(text, size)) {
        memcpy(text->data + text->size, data, size);
        text->size += size;
    }
}

void mnist_text_put(mnist_text *text, const char *markup)
{
    mnist_text_add(text, markup, strlen(markup));
}

void mnist_text_format(mnist_text *text, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof line);
    mnist_text_add(text, line, (size_t)length);
}

void mnist_text_escape(mnist_text *text, const char *foreign)
{
    const size_t room = 4 * strlen(foreign) + 1; /* a byte becomes \xNN at most */
    char *plain = malloc(room);
    if (!plain) {
        text->failed = true;
        return;
    }
    (void)mnist_plain_text(plain, room, foreign);
    for (const char *c = plain; *c != '\0'; c++) {
        switch (*c) {
        case '<':
            mnist_text_put(text, "&lt;");
            break;
        case '>':
            mnist_text_put(text, "&gt;");
            break;
        case '&':
            mnist_text_put(text, "&amp;");
            break;
        case '"':
            mnist_text_put(text, "&quot;");
            break;
        case '\'':
            mnist_text_put(text, "&#39;");
            break;
        default:
            mnist_text_add(text, c, 1);
        }
    }
    free(plain);
}

void mnist_text_real(mnist_text *text, double value, unsigned decimals)
{
    static const double powers[] = {1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    assert(decimals < sizeof powers / sizeof powers[0]);
    if (!(fabs(value) < 1e12)) { /* not a number, or more digits than anybody reads */
        mnist_text_number(text, value);
        return;
    }
    const int64_t scaled = llround(value * powers[decimals]);
    const int64_t unit = (int64_t)powers[decimals];
    const int64_t magnitude = scaled < 0 ? -scaled : scaled;
    mnist_text_format(text, "%s%" PRId64, scaled < 0 ? "-" : "", magnitude / unit);
    if (decimals > 0) {
        mnist_text_format(text, ".%0*" PRId64, (int)decimals, magnitude % unit);
    }
}

void mnist_text_number(mnist_text *text, double value)
{
    if (isfinite(value)) {
        mnist_text_put(text, mnist_number_of(value).text);
    } else {
        mnist_text_put(text, isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
    }
}

void mnist_text_count(mnist_text *text, uint64_t value)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < length; i++) {
        mnist_text_add(text, digits + i, 1);
        if (i + 1 < length && (length - i - 1) % 3 == 0) {
            mnist_text_put(text, ",");
        }
    }
}

void mnist_text_percent(mnist_text *text, double fraction, unsigned decimals)
{
    static const double most[] = {99.0, 99.9, 99.99, 99.999};
    assert(decimals < sizeof most / sizeof most[0]);
    const double percent = 100.0 * fraction;
    /* 59,999 of 60,000 must not be rounded up to 100 % */
    mnist_text_real(text, fraction < 1.0 && percent > most[decimals] ? most[decimals] : percent,
                    decimals);
    mnist_text_put(text, "&#8239;%");
}

void mnist_text_base64(mnist_text *text, const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    if (size > SIZE_MAX / 8 || !reserve(text, (size + 2) / 3 * 4)) {
        text->failed = true;
        return;
    }
    char *out = text->data + text->size;
    for (; size >= 3; size -= 3, bytes += 3) {
        const uint32_t group = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = digits[group >> 6 & 63];
        *out++ = digits[group & 63];
    }
    if (size > 0) {
        const uint32_t group = (uint32_t)bytes[0] << 16 | (size > 1 ? (uint32_t)bytes[1] << 8 : 0);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = size > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = '=';
    }
    text->size = (size_t)(out - text->data);
}

mnist_status mnist_text_hand_out(mnist_text *text, mnist_status status, char **html, size_t *size,
                                 mnist_error *err)
{
    *html = NULL;
    *size = 0;
    if (status == MNIST_OK && text->failed) {
        status = mnist_fail_memory(err, text->size, "a report");
    }
    if (status != MNIST_OK) {
        free(text->data);
        return status;
    }
    *html = text->data;
    *size = text->size;
    return MNIST_OK;
}
