/* Names of what mnist-compress can be told. */
#include "cli/compress/settings.h"

const char *mnist_compress_step_name(mnist_compress_step step)
{
    static const char *const names[MNIST_COMPRESS_STEPS] = {"prune", "quantize", "pack", "auto",
                                                            "sweep"};
    return (unsigned)step < MNIST_COMPRESS_STEPS ? names[step] : NULL;
}

const char *mnist_compress_bits_name(mnist_compress_bits bits)
{
    static const char *const names[MNIST_COMPRESS_BITS] = {"fp16", "bf16",    "int8",  "int7",
                                                           "int6", "int5",    "int4",  "int3",
                                                           "int2", "ternary", "binary"};
    return (unsigned)bits < MNIST_COMPRESS_BITS ? names[bits] : NULL;
}

unsigned mnist_compress_whole_bits(mnist_compress_bits bits)
{
    return bits < MNIST_COMPRESS_INT8    ? 0
           : bits >= MNIST_COMPRESS_INT2 ? 2
                                         : 8 - (unsigned)(bits - MNIST_COMPRESS_INT8);
}

const char *mnist_compress_metadata_name(mnist_compress_metadata metadata)
{
    static const char *const names[MNIST_COMPRESS_METADATAS] = {"short", "all", "none"};
    return (unsigned)metadata < MNIST_COMPRESS_METADATAS ? names[metadata] : NULL;
}
