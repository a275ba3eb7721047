/* The readers of picture files, one for each format, and the sink that they hand pictures to. A
 * reader knows bytes and pixels; the sink keeps the pictures, and decides how many and how large
 * they may be. Shared by the files of image/ only. */
#ifndef MNIST_IMAGE_READERS_H
#define MNIST_IMAGE_READERS_H

#include <mnist/image.h>

typedef struct mnist_picture_sink {
    void *context;

    /* To be asked before a reader takes memory for a picture: may it have this size? path, the
     * file's name, and at, the offset where the size stands in the file, are for the message.
     * Errors: MNIST_ERR_FORMAT; the reader then fails with it. */
    mnist_status (*admit)(void *context, const char *path, size_t at, uint64_t rows, uint64_t cols,
                          mnist_error *err);

    /* Takes a picture of an admitted size. Its pixels, which come from malloc, belong to the sink
     * from here on, also on failure. Errors: MNIST_ERR_MEMORY. */
    mnist_status (*take)(void *context, mnist_picture picture, mnist_error *err);
} mnist_picture_sink;

/* Each reads all pictures that the bytes of a file hold, and hands each over as soon as it is
 * whole, in the order of the file. The bytes begin as that format does. On failure some may have
 * been handed over. Errors: MNIST_ERR_FORMAT, MNIST_ERR_MEMORY, and those of the sink. */
typedef mnist_status mnist_picture_reader(const mnist_picture_sink *sink, const uint8_t *data,
                                          size_t size, const char *path, mnist_error *err);

mnist_picture_reader mnist_pnm_read; /* begins with P2, P3, P5 or P6 */
mnist_picture_reader mnist_png_read; /* begins with 0x89 PNG */

#endif
