/* Pieces of text in C99, and the softmax. */
#define _POSIX_C_SOURCE 200809L
#include "convert/c_text.h"

#include "kernels/approx.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PIECE  1024 /* bytes of one mnist_c_put() */
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x) /* of what a macro stands for */

void mnist_c_put_bytes(mnist_c_source *source, const char *bytes, size_t count)
{
    if (!source->failed && count > source->room - source->size) {
        const size_t room = source->room + source->room / 2 + count + 65536;
        uint8_t *text = realloc(source->text, room);
        if (text) {
            source->text = text;
            source->room = room;
        } else {
            source->failed = true;
        }
    }
    if (!source->failed) {
        memcpy(source->text + source->size, bytes, count);
        source->size += count;
    }
}

void mnist_c_put_text(mnist_c_source *source, const char *text)
{
    while (*text != '\0') {
        const size_t plain = strcspn(text, "$");
        mnist_c_put_bytes(source, text, plain);
        text += plain;
        if (*text == '$') {
            mnist_c_put_bytes(source, source->function, strlen(source->function));
            text++;
        }
    }
}

void mnist_c_put(mnist_c_source *source, const char *format, ...)
{
    char piece[MAX_PIECE];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof piece);
    (void)length;
    mnist_c_put_text(source, piece);
}

size_t mnist_c_number(char text[MNIST_C_NUMBER], float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int field = (int)(bits >> 23 & 0xFFu);
    uint32_t mantissa = (bits & 0x7FFFFFu) | (field > 0 ? 0x800000u : 0u);
    int exponent = (field > 0 ? field : 1) - 150;
    const char *sign = bits >> 31 ? "-" : "";
    if (mantissa == 0) {
        return (size_t)snprintf(text, MNIST_C_NUMBER, "%s0.0f", sign);
    }
    for (; mantissa % 2 == 0; mantissa /= 2) {
        exponent++;
    }
    return (size_t)snprintf(text, MNIST_C_NUMBER, "%s0x%" PRIX32 "p%df", sign, mantissa, exponent);
}

/* With the constants of kernels/approx.h, as they are written there. */
void mnist_c_put_exp(mnist_c_source *source)
{
    mnist_c_put(source,
                "\n"
                "/* e to the x, x at most 0: x = n ln 2 + r, 2^n put together from its bits, e^r a "
                "polynomial. The\n"
                " * relative error is below 1.5e-7; below -87, where floats run out, it is 0. */\n"
                "static float $_exp(float x)\n"
                "{\n"
                "    union {\n"
                "        uint32_t bits;\n"
                "        float value;\n"
                "    } power;\n"
                "    if (!(x > -87.0f)) {\n"
                "        return x < 0.0f ? 0.0f : x;\n"
                "    }\n"
                "    const int n = (int)(x * %s - 0.5f);\n"
                "    const float r = x - (float)n * %s - (float)n * %s;\n",
                TEXT(EXP_LOG2E), TEXT(EXP_LN2_HI), TEXT(EXP_LN2_LO));
    mnist_c_put(source,
                "    float p = %s;\n"
                "    p = p * r + %s;\n"
                "    p = p * r + %s;\n"
                "    p = p * r + %s;\n"
                "    p = p * r + %s;\n"
                "    power.bits = (uint32_t)(n + 127) << 23;\n"
                "    return power.value * (1.0f + (r + r * r * p));\n"
                "}\n",
                TEXT(EXP_C6), TEXT(EXP_C5), TEXT(EXP_C4), TEXT(EXP_C3), TEXT(EXP_C2));
}

static const char softmax_text[] =
    "\n"
    "/* Logits become probabilities; returns the first of the largest. */\n"
    "static int $_softmax(float *values)\n"
    "{\n"
    "    int best = 0;\n"
    "    for (int c = 1; c < %u; c++) {\n"
    "        best = values[c] > values[best] ? c : best;\n"
    "    }\n"
    "    const float top = values[best];\n"
    "    float sum = 0.0f;\n"
    "    for (int c = 0; c < %u; c++) {\n"
    "        values[c] = $_exp(values[c] - top);\n"
    "        sum += values[c];\n"
    "    }\n"
    "    for (int c = 0; c < %u; c++) {\n"
    "        values[c] /= sum;\n"
    "    }\n"
    "    return best;\n"
    "}\n";

unsigned mnist_c_classes(const mnist_c_source *source)
{
    return source->net->layers[source->net->layer_count - 1].outputs;
}

const char *mnist_c_word(const mnist_c_source *source)
{
    return mnist_c_classes(source) == MNIST_CLASSES && !source->net->labels ? "digit" : "class";
}

void mnist_c_put_softmax(mnist_c_source *source)
{
    const unsigned classes = mnist_c_classes(source);
    mnist_c_put(source, softmax_text, classes, classes, classes);
}

void mnist_c_put_macro(mnist_c_source *source, const char *before, const char *after)
{
    char guard[MNIST_C_FUNCTION];
    strcpy(guard, source->function);
    for (char *c = guard; *c != '\0'; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    }
    mnist_c_put(source, "%s %s%s\n", before, guard, after);
}
