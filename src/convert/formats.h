/* The formats there are. One is added by a file here that defines mnist_format_NAME, and NAME in this list: its
 * place says which is asked first whose file it is. */
#ifndef MNIST_CONVERT_FORMATS_H
#define MNIST_CONVERT_FORMATS_H

#include <mnist/convert.h>

#define MNIST_FORMAT_LIST(X)                                                                       \
    X(native)                                                                                      \
    X(torch)                                                                                       \
    X(npz)                                                                                         \
    X(onnx)                                                                                        \
    X(gguf)                                                                                        \
    X(c)                                                                                           \
    X(html)

#define MNIST_FORMAT_DECLARE(name) extern const mnist_format mnist_format_##name;
MNIST_FORMAT_LIST(MNIST_FORMAT_DECLARE)
#undef MNIST_FORMAT_DECLARE

#endif
