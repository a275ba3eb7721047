/* A data set while it is read, and the readers that add to it. Shared by the files of import/ only. */
#ifndef MNIST_IMPORT_READING_H
#define MNIST_IMPORT_READING_H

#include <mnist/import.h>

#include "base/file.h"
#include "data/archive.h"
#include "data/numbers.h"
#include "import/find.h"

/* Archives in archives, and packed data in packed data: a .csv.gz in a .zip in a .xz is 4 deep. */
#define MNIST_READING_DEPTH 5

typedef struct mnist_reading mnist_reading;

struct mnist_reading {
    /* Adds what the bytes of a file hold, whatever that is; they are taken over, also on failure. path: of the file,
     * and within it. A pointer, as what an archive holds may be an archive. */
    mnist_status (*add)(mnist_reading *r, mnist_bytes *file, const char *path, mnist_error *err);

    const mnist_import *what;
    bool images,
        labels; /* what is asked of the file that is read now; found ones are marked below */
    bool found_images, found_labels;
    mnist_dataset *dataset; /* gets images, their sizes, and labels */
    size_t label_count;
    unsigned depth;
    unsigned parts;
    char format[MNIST_IMPORT_FORMAT];
};

/* Images that were found, which the data set owns. */
void mnist_reading_take_images(mnist_reading *r, const uint8_t *pixels, size_t count, unsigned rows,
                               unsigned cols);

/* Adds numbers as images or labels. file: the bytes that they borrow, which are taken over if they are used in
 * place, else closed. */
mnist_status mnist_reading_add_numbers(mnist_reading *r, const mnist_numbers *numbers,
                                       mnist_bytes *file, bool images, mnist_error *err);

/* Adds arrays of an archive whose entries are all .npy. Entries are released as they are used. */
mnist_status mnist_reading_add_arrays(mnist_reading *r, mnist_archive *archive, const char *path,
                                      mnist_error *err);

/* Adds what a zip or tar archive holds. The bytes are taken over, also on failure. */
mnist_status mnist_reading_add_archive(mnist_reading *r, mnist_bytes *file, const char *path,
                                       mnist_error *err);

/* Adds what a file or a folder holds. */
mnist_status mnist_reading_add_path(mnist_reading *r, const char *path, mnist_error *err);

/* How the files of a listing are read: gives the bytes, to be closed, and the path for messages, owned. */
typedef struct mnist_fetch {
    void *context;
    mnist_status (*get)(void *context, size_t index, mnist_bytes *file, char **path,
                        mnist_error *err);
} mnist_fetch;

/* Adds what a listing holds: files of data, or pictures. */
mnist_status mnist_reading_add_listing(mnist_reading *r, const mnist_listing *list,
                                       const mnist_fetch *fetch, mnist_error *err);

/* Adds the pictures of a part; at least one is there. */
mnist_status mnist_reading_add_pictures(mnist_reading *r, const mnist_listing *list, unsigned part,
                                        const mnist_fetch *fetch, mnist_error *err);

/* mnist_dataset_load for bytes that have been read: they are taken over, also on failure, and what->images is their
 * name, for messages. */
mnist_status mnist_reading_load(mnist_dataset **out, const mnist_import *what, mnist_bytes *file,
                                mnist_error *err);

/* "CSV", then "CSV in zip". */
void mnist_reading_note(mnist_reading *r, const char *format);

#endif
