/* Reads untrusted JSON where memory may be short. */
#ifndef MNIST_IO_JSON_H
#define MNIST_IO_JSON_H

#include "base/status.h"

#include <jansson.h>

typedef struct mnist_io_json_text {
    const char *text; /* size bytes */
    size_t size;
    size_t values;    /* JSON values that it holds, at most */
    size_t flags;     /* of jansson, beside JSON_REJECT_DUPLICATES */
    const char *what; /* what the text is: for messages */
} mnist_io_json_text;

/* Reads the text; a key that is given twice is an error. Errors: MNIST_ERR_MEMORY;
 * MNIST_ERR_FORMAT, for which error, not err, says what is wrong with the text. *out is then
 * NULL. */
mnist_status mnist_io_json(json_t **out, const mnist_io_json_text *text, json_error_t *error,
                           mnist_error *err);

#endif
