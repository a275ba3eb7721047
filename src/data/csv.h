/* Tables of pixels and labels as text: a line an image, with commas, semicolons or tabs between. */
#ifndef MNIST_DATA_CSV_H
#define MNIST_DATA_CSV_H

#include <mnist/data.h>

typedef struct mnist_csv {
    uint8_t *pixels; /* (count, rows * cols), or NULL: a table of labels; release with free */
    uint8_t *
        labels; /* (count), each as mnist_number_is_label says, or NULL: a table of pixels; likewise */
    size_t count;
    unsigned rows, cols;
} mnist_csv;

/* The first line is a header if one of its fields is neither empty nor a number: a column called label, class,
 * target, digit or y holds labels, columns called id, imageid or index, or without a name, are passed over, and all
 * others are pixels. Without one, a single column is of labels; a square number of columns (4 or more) are pixels;
 * of one more than that the first is the label. Fields may stand in double quotes. Lines end with LF or CR LF; empty
 * ones at the end do not count, nor does UTF-8's mark at the beginning. Numbers are plain decimals, as 12, 0.5 or
 * 5e-1; how pixels become 8 bits is stated in mnist/import.h. Memory taken: no more than the table's bytes, and
 * where there are fractions 8 times as many. Errors: MNIST_ERR_FORMAT (the text names line and column, from 1),
 * MNIST_ERR_MEMORY. */
mnist_status mnist_csv_read(mnist_csv *out, const uint8_t *data, size_t size, const char *path,
                            mnist_error *err);

#endif
