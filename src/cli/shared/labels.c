#include "cli/shared/labels.h"

#include "cli/options/options.h"

#include <string.h>

bool mnist_labels_take(mnist_labels *labels, const char *path, unsigned classes, mnist_error *err)
{
    if (!path) {
        return true;
    }
    if (mnist_labels_load(labels, path, err) != MNIST_OK) {
        return false;
    }
    return labels->count == classes ||
           mnist_options_fail(err, "--class-names: %.2000s has %u names, but there are %u classes",
                              path, labels->count, classes);
}

/* Bytes of the first `most` code points, and in *columns how many there are. */
static size_t cut(const char *name, unsigned most, unsigned *columns)
{
    size_t bytes = 0;
    *columns = 0;
    while (name[bytes] != '\0' && *columns < most) {
        bytes++;
        while (((unsigned char)name[bytes] & 0xC0) == 0x80) {
            bytes++;
        }
        ++*columns;
    }
    return bytes;
}

unsigned mnist_labels_width(const mnist_labels *labels, unsigned classes, unsigned most)
{
    unsigned width = 0;
    for (unsigned c = 0; c < classes; c++) {
        char number[MNIST_LABEL_NUMBER];
        unsigned own;
        (void)cut(mnist_label_of(labels, c, number), most, &own);
        width = own > width ? own : width;
    }
    return width;
}

void mnist_label_print(const mnist_labels *labels, unsigned class_index, int width, FILE *out)
{
    char number[MNIST_LABEL_NUMBER];
    const unsigned most = (unsigned)(width < 0 ? -width : width);
    const char *name = mnist_label_of(labels, class_index, number);
    unsigned columns;
    const size_t bytes = cut(name, most, &columns);
    const int blanks = (int)(most - columns);
    fprintf(out, "%*s%.*s%*s", width < 0 ? 0 : blanks, "", (int)bytes, name, width < 0 ? blanks : 0,
            "");
}
