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

/* A net of whole numbers as its C has it: c_integers.c. */
typedef struct mnist_c_integers mnist_c_integers;

typedef struct mnist_c_source {
    const mnist_net *net;
    const mnist_c_integers *integers; /* the net is written in whole numbers; NULL: in floats */
    const char *name;                 /* of the .c file, without its folder */
    int stem;                         /* bytes of it before its ending */
    char function[MNIST_C_FUNCTION];
    uint8_t *text; /* what there is so far: to be freed */
    size_t size, room;
    bool failed; /* memory was short: the text is not whole */
} mnist_c_source;

/* Append the .c file, or the .h file, to text (c_files.c). */
void mnist_c_put_source(mnist_c_source *source);
void mnist_c_put_header(mnist_c_source *source);

/* Append pieces (c_text.c). In a text '$' stands for the function's name, with which all other names begin. One
 * put is at most 1024 bytes. */
void mnist_c_put_bytes(mnist_c_source *source, const char *bytes, size_t count);
void mnist_c_put_text(mnist_c_source *source, const char *text);
void mnist_c_put(mnist_c_source *source, const char *format, ...) MNIST_PRINTF(2, 3);
/* "before NAMEafter", NAME being the function's name in capitals, and a line's end. */
void mnist_c_put_macro(mnist_c_source *source, const char *before, const char *after);

/* A finite number, in hexadecimal: C99 says that it is rounded correctly; of decimals it leaves the
 * last bit to the compiler. The mantissa is whole: no point, which a locale could change. Returns
 * its bytes. */
#define MNIST_C_NUMBER 20 /* "-0x800001p-149f" */
size_t mnist_c_number(char text[MNIST_C_NUMBER], float value);

/* Functions $_exp and $_softmax. */
void mnist_c_put_exp(mnist_c_source *source);
void mnist_c_put_softmax(mnist_c_source *source);

/* What the net tells apart: "digit", of ten classes, or "class". */
const char *mnist_c_word(const mnist_c_source *source);
/* How many classes there are. */
unsigned mnist_c_classes(const mnist_c_source *source);

/* What the header's comment says. */
typedef struct mnist_c_sizes {
    uint64_t tables; /* bytes */
    unsigned code;   /* KB, at most */
    size_t stack;    /* bytes of values */
} mnist_c_sizes;

/* Floats: all of the source behind its #include (c_floats.c). */
void mnist_c_put_floats(mnist_c_source *source);
mnist_c_sizes mnist_c_float_sizes(const mnist_net *net);

/* Whole numbers (c_integers.c): what net->integers computes with. Errors: MNIST_ERR_ARGUMENT, whose
 * text begins with path (logits that are no normal floats); MNIST_ERR_MEMORY. */
mnist_status mnist_c_integers_create(mnist_c_integers **out, const mnist_net *net, const char *path,
                                     mnist_error *err);
void mnist_c_integers_free(mnist_c_integers *integers);
void mnist_c_put_integers(mnist_c_source *source);
mnist_c_sizes mnist_c_integer_sizes(const mnist_c_integers *integers);
/* Lines of the header's comment; its prototypes. */
void mnist_c_put_integer_comment(mnist_c_source *source);
void mnist_c_put_integer_prototypes(mnist_c_source *source);

#endif
