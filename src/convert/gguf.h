/* What reading and writing GGUF share. */
#ifndef MNIST_CONVERT_GGUF_H
#define MNIST_CONVERT_GGUF_H

#include <mnist/convert.h>

#define MNIST_GGUF_ARCHITECTURE "mnist-fc"
#define MNIST_GGUF_NAME_BYTES   64 /* with its end, as ggml keeps it */
#define MNIST_GGUF_ALIGNMENT    32 /* if the file does not say another */

enum { /* of values */
       MNIST_GGUF_U8,
       MNIST_GGUF_I8,
       MNIST_GGUF_U16,
       MNIST_GGUF_I16,
       MNIST_GGUF_U32,
       MNIST_GGUF_I32,
       MNIST_GGUF_F32,
       MNIST_GGUF_BOOL,
       MNIST_GGUF_STRING,
       MNIST_GGUF_ARRAY,
       MNIST_GGUF_U64,
       MNIST_GGUF_I64,
       MNIST_GGUF_F64,
       MNIST_GGUF_TYPES
};

mnist_status mnist_gguf_write(mnist_format_output *out, mnist_net *net, mnist_error *err);

#endif
