/* The text of a net as C. */
#ifndef MNIST_CONVERT_C_TEXT_H
#define MNIST_CONVERT_C_TEXT_H

#include <mnist/convert.h>

/* Bytes that a file's name may have. */
#define MNIST_C_NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+_"
#define MNIST_C_STEM       48 /* bytes of it before its ending, at most */
#define MNIST_C_FUNCTION                                                                           \
    (MNIST_C_STEM + sizeof "net_"                                                                  \
                           "_predict") /* a function's name, with its end */

typedef struct mnist_c_source {
    const mnist_net *net;
    const char *name; /* of the .c file, without its folder */
    int stem;         /* bytes of it before its ending */
    char function[MNIST_C_FUNCTION];
    uint8_t *text; /* what there is so far: to be freed */
    size_t size, room;
    bool failed; /* memory was short: the text is not whole */
} mnist_c_source;

/* Append the .c file, or the .h file, to text. */
void mnist_c_put_source(mnist_c_source *source);
void mnist_c_put_header(mnist_c_source *source);

#endif
