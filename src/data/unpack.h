/* What other files are packed in: gzip by zlib; xz, zstd, bzip2 and tar by libarchive. Built without that,
 * those fail and say so. */
#ifndef MNIST_DATA_UNPACK_H
#define MNIST_DATA_UNPACK_H

#include "base/file.h"
#include "data/archive.h"

/* Of packed data at most so many times their size is unpacked, and: */
#define MNIST_UNPACK_GROWTH    1033u
#define MNIST_UNPACK_ALLOWANCE ((uint64_t)64 << 20)

/* Replaces the bytes, whose kind is MNIST_FILE_GZIP, _XZ, _ZSTD or _BZIP2, by what they unpack to. They are
 * taken over, and there are none on failure. path: for messages. Errors: MNIST_ERR_FORMAT (damaged, cut short,
 * more than the limit), MNIST_ERR_IO (no libarchive, or one that cannot), MNIST_ERR_MEMORY. */
mnist_status mnist_unpack(mnist_bytes *file, const char *path, mnist_error *err);

/* The first bytes of what gzip data unpack to: *got of at most size. Damage is not an error here. */
void mnist_unpack_peek(const uint8_t *data, size_t size, uint8_t *out, size_t room, size_t *got);

/* All regular files of a tar archive, within limits as mnist_archive_read_within. Errors: as above. */
mnist_status mnist_unpack_tar(mnist_archive *out, const uint8_t *data, size_t size,
                              const char *path, const mnist_archive_limits *limits,
                              mnist_error *err);

#endif
