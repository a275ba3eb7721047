#include <mnist/io.h>

#include "base/file.h"
#include "base/status.h"

#ifdef MNIST_HAVE_PNG
#include <png.h>
#include <stdlib.h>

mnist_status mnist_png_save(const char *path, const uint8_t *pixels, unsigned rows, unsigned cols,
                            mnist_error *err)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = cols, .height = rows, .format = PNG_FORMAT_GRAY};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *memory = malloc(size);
    if (!memory) {
        return mnist_fail_memory(err, size, "a picture");
    }
    mnist_status status;
    if (png_image_write_to_memory(&image, memory, &size, 0, pixels, (png_int_32)cols, NULL)) {
        status = mnist_file_replace(path, memory, size, err);
    } else {
        status = mnist_fail(err, MNIST_ERR_IO, "%s: libpng cannot make a picture of %u x %u: %s",
                            path, cols, rows, image.message);
        png_image_free(&image);
    }
    free(memory);
    return status;
}

#else

mnist_status mnist_png_save(const char *path, const uint8_t *pixels, unsigned rows, unsigned cols,
                            mnist_error *err)
{
    (void)pixels;
    (void)rows;
    (void)cols;
    return mnist_fail(
        err, MNIST_ERR_IO,
        "%s: PNG pictures cannot be written, as this program was built without libpng; "
        "install libpng's development files and build again",
        path);
}

#endif
