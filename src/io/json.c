#include "io/json.h"

#include <stdlib.h>

mnist_status mnist_io_json(json_t **out, const char *text, size_t size, size_t values, size_t flags,
                           const char *what, json_error_t *error, mnist_error *err)
{
    /* jansson 2.14 writes past its buffer if memory runs out in the middle of a string. So what it
     * may need, some four copies of the text, is asked for and given back first. volatile: or the
     * compiler sees that nothing is done with it. */
    size_t wanted = 4 * size + 512 * (values + 8);
    *out = NULL;
    void *volatile probe = malloc(wanted);
    if (!probe) {
        return mnist_fail_memory(err, wanted, what);
    }
    free(probe);
    flags |= JSON_REJECT_DUPLICATES;
    *out = json_loadb(text, size, flags, error);
    if (!*out) { /* it may call a lack of memory bad syntax: what is so is so a second time */
        *out = json_loadb(text, size, flags, error);
    }
    if (*out) {
        return MNIST_OK;
    }
    if (json_error_code(error) == json_error_out_of_memory || error->text[0] == '\0') {
        return mnist_fail_memory(err, size, what);
    }
    return MNIST_ERR_FORMAT;
}
