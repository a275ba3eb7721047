/* What the fuzz targets share. A target reads its input as a parser would meet it, and checks the
 * result against what the parser's header promises. The same source is a libFuzzer target
 * (MNIST_FUZZ) and, with replay.c, an ordinary test of the inputs kept in corpus/. */
#ifndef MNIST_TESTS_FUZZ_H
#define MNIST_TESTS_FUZZ_H

#include <mnist/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef MNIST_FUZZ_MUTATOR
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
#endif

/* an assert that every build has */
#define PROMISED(condition)                                                                        \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* For checks that take long: true for one input in `share` while libFuzzer explores, and for every
 * input that is replayed. */
static inline bool chosen(const uint8_t *data, size_t size, unsigned share)
{
#ifdef MNIST_FUZZ_MUTATOR
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += data[i];
    }
    return sum % share == 0;
#else
    (void)data;
    (void)size;
    return share > 0;
#endif
}

/* A failure has a message: one line, nothing in it that could steer a terminal, and not that memory
 * was short, which would mean that an input of some KB had asked for more than there is. */
static inline void check_failure(mnist_status status, const mnist_error *err)
{
    char plain[MNIST_ERROR_TEXT];
    PROMISED(err->status == status && status != MNIST_OK && status != MNIST_ERR_MEMORY);
    PROMISED(err->text[0] != '\0' && strlen(err->text) < sizeof err->text);
    PROMISED(mnist_plain_text(plain, sizeof plain, err->text) && strcmp(plain, err->text) == 0);
}

/* Memory of exactly that size, so that a sanitizer sees the first byte beyond it. */
static inline uint8_t *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(size > 0 ? size : 1, 1);
    PROMISED(copy);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* The same with a terminating zero; a zero within ends it earlier. */
static inline char *text_of(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    PROMISED(text);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    return text;
}

#endif
