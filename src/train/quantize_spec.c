/* Quantisation in training as text. */
#include "train/config.h"

#include "base/status.h"
#include "train/spec.h"

#include <stdio.h>
#include <string.h>

float mnist_quantization_start(const mnist_quantization *quantization)
{
    switch (quantization->kind) {
    case MNIST_QUANTIZE_CODEBOOK:
        return MNIST_CODEBOOK_START;
    case MNIST_QUANTIZE_BINARY:
        return MNIST_BINARY_START;
    default:
        return quantization->bits == 2 ? MNIST_TERNARY_START : MNIST_INTEGERS_START;
    }
}

/* "codebook:8": the number of levels; 0: it is no number. */
static unsigned read_levels(const char *text)
{
    unsigned levels = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || levels > 9999) {
            return 0;
        }
        levels = levels * 10 + (unsigned)(*p - '0');
    }
    return levels;
}

static mnist_status read_kind(mnist_quantization *q, const char *word, mnist_error *err)
{
    if (strncmp(word, "int", 3) == 0 && word[3] >= '2' && word[3] <= '8' && word[4] == '\0') {
        *q = (mnist_quantization){.kind = MNIST_QUANTIZE_INTEGERS,
                                  .bits = (unsigned)(word[3] - '0')};
    } else if (strcmp(word, "ternary") == 0) {
        *q = (mnist_quantization){.kind = MNIST_QUANTIZE_INTEGERS, .bits = 2};
    } else if (strcmp(word, "binary") == 0) {
        *q = (mnist_quantization){.kind = MNIST_QUANTIZE_BINARY};
    } else if (strncmp(word, "codebook:", 9) == 0) {
        *q = (mnist_quantization){.kind = MNIST_QUANTIZE_CODEBOOK, .levels = read_levels(word + 9)};
        if (q->levels < 1 || q->levels > MNIST_CODEBOOK_MOST) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "levels of a codebook: expected 1 to %u, found \"%.40s\"",
                              MNIST_CODEBOOK_MOST, word + 9);
        }
    } else {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "expected first int8 to int2, ternary, binary or codebook:K, found "
                          "\"%.40s\"",
                          word);
    }
    q->start = mnist_quantization_start(q);
    return MNIST_OK;
}

mnist_status mnist_quantization_parse(mnist_quantization *out, const char *text, mnist_error *err)
{
    mnist_quantization quantization;
    char copy[MNIST_QUANTIZATION_TEXT];
    if (strlen(text) >= sizeof copy) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "expected at most %zu characters, found %zu",
                          sizeof copy - 1, strlen(text));
    }
    memcpy(copy, text, strlen(text) + 1);
    char *comma = strchr(copy, ',');
    if (comma) {
        *comma++ = '\0';
    }
    mnist_status status = read_kind(&quantization, copy, err);
    if (status == MNIST_OK && comma &&
        !(strncmp(comma, "start=", 6) == 0 &&
          mnist_spec_read_fraction(comma + 6, true, &quantization.start))) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "expected start=0.5, a fraction of the training below 1, found \"%.40s\"",
                          comma);
    }
    if (status == MNIST_OK) {
        status = mnist_quantization_check(&quantization, err);
    }
    if (status == MNIST_OK) {
        *out = quantization;
    }
    return status;
}

void mnist_quantization_print(const mnist_quantization *q, char text[MNIST_QUANTIZATION_TEXT])
{
    const float usual = mnist_quantization_start(q);
    int length;
    if (q->kind == MNIST_QUANTIZE_CODEBOOK) {
        length = snprintf(text, MNIST_QUANTIZATION_TEXT, "codebook:%u", q->levels);
    } else if (q->kind == MNIST_QUANTIZE_BINARY || q->bits == 2) {
        length = snprintf(text, MNIST_QUANTIZATION_TEXT, "%s",
                          q->kind == MNIST_QUANTIZE_BINARY ? "binary" : "ternary");
    } else {
        length = snprintf(text, MNIST_QUANTIZATION_TEXT, "int%u", q->bits);
    }
    if (q->start < usual || q->start > usual) {
        char number[MNIST_SPEC_FRACTION];
        mnist_spec_print_fraction(q->start, number);
        snprintf(text + length, MNIST_QUANTIZATION_TEXT - (size_t)length, ",start=%s", number);
    }
}
