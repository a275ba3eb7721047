/* Zip archives in memory: NPZ, and data sets. They are read by libzip; built without it, reading fails and says so. */
#ifndef MNIST_DATA_ARCHIVE_H
#define MNIST_DATA_ARCHIVE_H

#include <mnist/base.h>

#define MNIST_ARCHIVE_ENTRIES 256 /* at most: a net of 17 layers has 34 arrays */
#define MNIST_ARCHIVE_GROWTH  32  /* its entries are at most so many times its size, and 1 MiB */

typedef struct mnist_archive_entry {
    char *name; /* owned, as are its bytes */
    uint8_t *bytes;
    size_t size;
} mnist_archive_entry;

typedef struct mnist_archive {
    mnist_archive_entry *entries; /* owned */
    size_t count;
} mnist_archive;

/* Reads all entries, stored or deflated. Refused are: other methods, encryption, names that are absolute,
 * lead upwards, hold control characters or are there twice, entries that overlap, lengths that do not
 * agree, a wrong CRC, and what would take more memory than MNIST_ARCHIVE_GROWTH says. path: for
 * messages. Errors: MNIST_ERR_FORMAT, MNIST_ERR_IO (no libzip), MNIST_ERR_MEMORY. */
mnist_status mnist_archive_read(mnist_archive *out, const uint8_t *data, size_t size,
                                const char *path, mnist_error *err);

/* What may be asked of an archive that is read. */
typedef struct mnist_archive_limits {
    size_t entries;     /* at most */
    uint64_t growth;    /* its entries are at most so many times its size, and: */
    uint64_t allowance; /* bytes that they may always have */

    /* Whether an entry is wanted: others are listed with their names and sizes, and have no bytes. NULL: all are. */
    bool (*wanted)(const void *context, const char *name);
    const void *context;
} mnist_archive_limits;

/* The same within these limits. */
mnist_status mnist_archive_read_within(mnist_archive *out, const uint8_t *data, size_t size,
                                       const char *path, const mnist_archive_limits *limits,
                                       mnist_error *err);

/* Whether an entry's name is relative, does not lead upwards and holds no control characters. */
bool mnist_archive_is_harmless(const char *name);

/* An archive of these entries, at most MNIST_ARCHIVE_ENTRIES, stored, without a time: the same entries
 * give the same bytes. *bytes is to be released with free. Errors: MNIST_ERR_ARGUMENT (4 GiB or more),
 * MNIST_ERR_MEMORY. */
mnist_status mnist_archive_write(const mnist_archive *archive, uint8_t **bytes, size_t *size,
                                 const char *path, mnist_error *err);

/* Releases it; zeroed it is empty. */
void mnist_archive_free(mnist_archive *archive);

#endif
