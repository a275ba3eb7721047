#include "io/json.h"

#include <stdlib.h>

mnist_status mnist_io_json(json_t **out, const mnist_io_json_text *text, json_error_t *error,
                           mnist_error *err)
{
    /* jansson 2.14 writes past its buffer if memory runs out in the middle of a string. So the
     * memory that it may need, about four copies of the text, is allocated and freed first.
     * volatile, or the compiler would leave both out. */
    const size_t wanted = 4 * text->size + 512 * (text->values + 8);
    const size_t flags = text->flags | JSON_REJECT_DUPLICATES;
    *out = NULL;
    void *volatile probe = malloc(wanted);
    if (!probe) {
        return mnist_fail_memory(err, wanted, text->what);
    }
    free(probe);
    *out = json_loadb(text->text, text->size, flags, error);
    if (!*out) { /* jansson may call a lack of memory bad syntax: ask again */
        *out = json_loadb(text->text, text->size, flags, error);
    }
    if (*out) {
        return MNIST_OK;
    }
    if (json_error_code(error) == json_error_out_of_memory || error->text[0] == '\0') {
        return mnist_fail_memory(err, text->size, text->what);
    }
    return MNIST_ERR_FORMAT;
}
