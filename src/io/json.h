/* JSON that others wrote, where memory may be short. */
#ifndef MNIST_IO_JSON_H
#define MNIST_IO_JSON_H

#include "base/status.h"

#include <jansson.h>

/* Reads size bytes of JSON, which hold at most so many values; a key that is given twice is an
 * error. flags: jansson's, more of them; what: for the message. Errors: MNIST_ERR_MEMORY, and
 * MNIST_ERR_FORMAT, for which not err but error says what is wrong with the text. *out is then
 * NULL. */
mnist_status mnist_io_json(json_t **out, const char *text, size_t size, size_t values, size_t flags,
                           const char *what, json_error_t *error, mnist_error *err);

#endif
