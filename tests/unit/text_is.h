/* Compares text written for a page. To be included after cmocka.h. */
#ifndef MNIST_TESTS_TEXT_IS_H
#define MNIST_TESTS_TEXT_IS_H

#include "report/text.h"

#include <stdlib.h>
#include <string.h>

/* Empties it too. */
static inline void text_is(mnist_text *text, const char *expected)
{
    assert_false(text->failed);
    assert_int_equal(text->size, strlen(expected));
    assert_memory_equal(text->data, expected, text->size);
    free(text->data);
    *text = (mnist_text){0};
}

#endif
