/* UTF-8 as code points. */
#ifndef MNIST_SCORE_UTF8_H
#define MNIST_SCORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that text begins with, of size bytes, at least 1, and the character. 0: none, as they are no UTF-8: a
 * byte out of place, a longer form than needed, a surrogate, beyond U+10FFFF, or cut short. */
size_t mnist_utf8_decode(const char *text, size_t size, uint32_t *character);

/* A blank in the sense of Python's str.isspace, by which NLTK and sacreBLEU part words. */
bool mnist_utf8_is_blank(uint32_t character);

#endif
