#include "import/reading.h"

#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

void mnist_reading_note(mnist_reading *r, const char *format)
{
    const size_t used = strlen(r->format);
    snprintf(r->format + used, sizeof r->format - used, "%s%s", used > 0 ? " in " : "", format);
}

void mnist_reading_take_images(mnist_reading *r, const uint8_t *pixels, size_t count, unsigned rows,
                               unsigned cols)
{
    r->dataset->view = (mnist_view){.images = pixels, .count = count, .rows = rows, .cols = cols};
    r->found_images = true;
}

mnist_status mnist_reading_add_numbers(mnist_reading *r, const mnist_numbers *numbers,
                                       mnist_bytes *file, bool images, mnist_error *err)
{
    mnist_numbers_images made;
    mnist_status status;
    if (!images) {
        status = mnist_numbers_labels_of(&r->dataset->labels, &r->label_count, numbers, err);
        r->found_labels = status == MNIST_OK;
        mnist_bytes_close(file);
        return status;
    }
    status = mnist_numbers_images_of(&made, numbers, err);
    if (status == MNIST_OK && !made.owned) { /* in place */
        r->dataset->file = *file;
        *file = (mnist_bytes){0};
    } else {
        r->dataset->images = made.owned;
        mnist_bytes_close(file);
    }
    if (status == MNIST_OK) {
        mnist_reading_take_images(r, made.pixels, made.count, made.rows, made.cols);
    }
    return status;
}
