/* libarchive, which is loaded where a file needs it: linked, it and what it brings along (XML, Unicode's
 * tables, cryptography) would take five milliseconds of every start and 30 MB of addresses. */
#ifndef MNIST_DATA_LIBARCHIVE_H
#define MNIST_DATA_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>

/* The calls that are used: what each returns, its name, its parameters. */
#define MNIST_LIBARCHIVE_CALLS(CALL)                                                               \
    CALL(struct archive *, archive_read_new, (void))                                               \
    CALL(int, archive_read_free, (struct archive *))                                               \
    CALL(int, archive_read_support_filter_xz, (struct archive *))                                  \
    CALL(int, archive_read_support_filter_zstd, (struct archive *))                                \
    CALL(int, archive_read_support_filter_bzip2, (struct archive *))                               \
    CALL(int, archive_read_support_format_raw, (struct archive *))                                 \
    CALL(int, archive_read_support_format_tar, (struct archive *))                                 \
    CALL(int, archive_read_open_memory, (struct archive *, const void *, size_t))                  \
    CALL(int, archive_read_next_header, (struct archive *, struct archive_entry **))               \
    CALL(la_ssize_t, archive_read_data, (struct archive *, void *, size_t))                        \
    CALL(int, archive_filter_count, (struct archive *))                                            \
    CALL(int, archive_errno, (struct archive *))                                                   \
    CALL(const char *, archive_error_string, (struct archive *))                                   \
    CALL(const char *, archive_entry_pathname, (struct archive_entry *))                           \
    CALL(__LA_MODE_T, archive_entry_filetype, (struct archive_entry *))                            \
    CALL(la_int64_t, archive_entry_size, (struct archive_entry *))                                 \
    CALL(int, archive_entry_size_is_set, (struct archive_entry *))

typedef struct mnist_libarchive {
#define MNIST_LIBARCHIVE_POINTER(type, name, parameters) type(*name) parameters;
    MNIST_LIBARCHIVE_CALLS(MNIST_LIBARCHIVE_POINTER)
#undef MNIST_LIBARCHIVE_POINTER
} mnist_libarchive;

/* NULL: it is not there, or lacks a call. Loaded once and kept. */
const mnist_libarchive *mnist_libarchive_load(void);

#endif
