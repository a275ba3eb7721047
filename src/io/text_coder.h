/* Codes short texts: metadata. Before the first, the coder learns a fixed text that has what metadata
 * mostly say (the keys, the options and their defaults, the digests of MNIST and Fashion-MNIST), so
 * that what is as usual costs a few bytes. The text is part of the packed format: a change of it is a
 * new version.
 */
#ifndef MNIST_IO_TEXT_CODER_H
#define MNIST_IO_TEXT_CODER_H

#include "io/bit_model.h"

#include <mnist/base.h>

typedef struct mnist_text_coder mnist_text_coder;

/* NULL: out of memory. tables are the caller's, and are to stay. most: bytes of all texts together,
 * the zeros at their ends among them. */
mnist_text_coder *mnist_text_coder_create(const mnist_odds_tables *tables, size_t most);
void mnist_text_coder_free(mnist_text_coder *coder);

/* Codes a text up to its zero. Encoding, text is given, and has room; decoding, it is NULL. The text
 * that was coded is returned, which stays until the coder is freed; NULL: it takes more than there
 * is room for. */
const char *mnist_text_code(mnist_text_coder *coder, const mnist_bit_coder *to, const char *text);

#endif
