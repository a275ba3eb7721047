#define _POSIX_C_SOURCE 200809L
#include "data/unpack.h"

#include "base/memory.h"
#include "base/show.h"
#include "base/status.h"
#include "data/inflate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_LEAST ((size_t)4 << 20) /* bytes; for less, large pages do not pay */

/* Memory that grows, up to a limit. */
typedef struct growing {
    uint8_t *data;
    size_t size, room, most;
    size_t first; /* room to begin with, or 0 */
    const char *path;
} growing;

static mnist_status fail_growth(const growing *g, mnist_error *err)
{
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: unpacks to more than %zu bytes, expected no more than %u times its size, "
        "and %" PRIu64 " MiB",
        g->path, g->most, MNIST_UNPACK_GROWTH, MNIST_UNPACK_ALLOWANCE >> 20);
}

/* Room for at least one byte more; never more than one beyond the limit. */
static mnist_status grow(growing *g, mnist_error *err)
{
    if (g->size < g->room) {
        return MNIST_OK;
    }
    if (g->size > g->most) {
        return fail_growth(g, err);
    }
    size_t room = g->room > g->most / 2 ? g->most + 1 : 2 * g->room;
    room = g->room == 0 && g->first > 0 ? g->first : room < 65536 ? 65536 : room;
    uint8_t *data = room < LARGE_LEAST ? malloc(room) : mnist_alloc_large(room);
    if (!data) {
        return mnist_fail_memory(err, room, g->path);
    }
    if (g->size > 0) {
        memcpy(data, g->data, g->size);
    }
    free(g->data);
    g->data = data;
    g->room = room;
    return MNIST_OK;
}

static size_t limit_of(size_t size)
{
    return size > (SIZE_MAX / 2 - (size_t)MNIST_UNPACK_ALLOWANCE) / MNIST_UNPACK_GROWTH
               ? SIZE_MAX / 2
               : size * MNIST_UNPACK_GROWTH + (size_t)MNIST_UNPACK_ALLOWANCE;
}

/* The length that gzip states at its end is that of its last member, modulo 2^32: a first guess. */
static size_t stated_length(const mnist_bytes *file)
{
    const uint8_t *end = file->data + file->size;
    const size_t length = file->size < 18 ? 0
                                          : end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 |
                                                (size_t)end[-1] << 24;
    return length / MNIST_UNPACK_GROWTH > file->size ? 0 : length + 1;
}

static mnist_status unpack_gzip(growing *g, const mnist_bytes *file, mnist_error *err)
{
    mnist_inflate *gz;
    size_t got = 0;
    mnist_status status = mnist_inflate_create(&gz, file->data, file->size, g->path, err);
    if (status != MNIST_OK) {
        return status;
    }
    g->first = stated_length(file);
    do {
        status = grow(g, err);
        if (status == MNIST_OK) {
            status = mnist_inflate_read(gz, g->data + g->size, g->room - g->size, &got, err);
            g->size += got;
        }
    } while (status == MNIST_OK && g->size == g->room);
    mnist_inflate_free(gz);
    return status;
}

void mnist_unpack_peek(const uint8_t *data, size_t size, uint8_t *out, size_t room, size_t *got)
{
    mnist_inflate *gz;
    *got = 0;
    if (mnist_inflate_create(&gz, data, size, "", NULL) == MNIST_OK) {
        (void)mnist_inflate_read(gz, out, room, got, NULL);
        mnist_inflate_free(gz);
    }
}

#ifdef MNIST_HAVE_ARCHIVE

#include "data/libarchive.h"

#include <errno.h>

/* The library, and what is read by it. */
typedef struct reader {
    const mnist_libarchive *lib;
    struct archive *archive;
} reader;

static mnist_status fail_archive(const reader *r, const char *path, const char *what,
                                 mnist_error *err)
{
    const char *text = r->lib->archive_error_string(r->archive);
    const bool memory =
        r->lib->archive_errno(r->archive) == ENOMEM || (text && strstr(text, "allocate"));
    return memory
               ? mnist_fail(err, MNIST_ERR_MEMORY, "%s: out of memory for %s", path, what)
               : mnist_fail(err, MNIST_ERR_FORMAT, "%s: damaged %s: %s; an interrupted download?",
                            path, what, text ? mnist_show(text).text : "no more is known");
}

static mnist_status open_reader(reader *r, const char *path, const char *what, mnist_error *err)
{
    r->lib = mnist_libarchive_load();
    r->archive = r->lib ? r->lib->archive_read_new() : NULL;
    return r->archive ? MNIST_OK
           : r->lib   ? mnist_fail_memory(err, sizeof(void *), path)
                      : mnist_fail(err, MNIST_ERR_IO,
                                   "%s: %s, which is read by libarchive, but %s cannot be loaded: "
                                     "install it, or unpack the file first",
                                   path, what, MNIST_LIBARCHIVE_FILE);
}

/* ARCHIVE_WARN: this libarchive would run another program, which is not wanted. */
static bool has_filters(const reader *r)
{
    return r->lib->archive_read_support_filter_xz(r->archive) == ARCHIVE_OK &&
           r->lib->archive_read_support_filter_zstd(r->archive) == ARCHIVE_OK &&
           r->lib->archive_read_support_filter_bzip2(r->archive) == ARCHIVE_OK;
}

static mnist_status read_some(const reader *r, growing *g, const char *what, mnist_error *err)
{
    for (;;) {
        mnist_status status = grow(g, err);
        if (status != MNIST_OK) {
            return status;
        }
        const la_ssize_t got =
            r->lib->archive_read_data(r->archive, g->data + g->size, g->room - g->size);
        if (got < 0) {
            return fail_archive(r, g->path, what, err);
        }
        if (got == 0) {
            return MNIST_OK;
        }
        g->size += (size_t)got;
    }
}

static mnist_status read_packed(const reader *r, growing *g, const mnist_bytes *file,
                                mnist_error *err)
{
    struct archive_entry *entry;
    if (!has_filters(r) || r->lib->archive_read_support_format_raw(r->archive) != ARCHIVE_OK ||
        r->lib->archive_read_open_memory(r->archive, file->data, file->size) != ARCHIVE_OK ||
        r->lib->archive_read_next_header(r->archive, &entry) != ARCHIVE_OK) {
        return fail_archive(r, g->path, "packed data", err);
    }
    if (r->lib->archive_filter_count(r->archive) < 2) { /* it would give the bytes as they are */
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: damaged packed data: its beginning is that of xz, zstd or bzip2, "
                          "and what follows is not; an interrupted download?",
                          g->path);
    }
    return read_some(r, g, "packed data", err);
}

static mnist_status unpack_others(growing *g, const mnist_bytes *file, mnist_error *err)
{
    reader r;
    mnist_status status = open_reader(&r, g->path, "data packed by xz, zstd or bzip2", err);
    if (status == MNIST_OK) {
        status = read_packed(&r, g, file, err);
        (void)r.lib->archive_read_free(r.archive);
    }
    return status;
}

/* Of a sparse file in a tar archive archive_read_data gives the holes too, as zeros. */
static mnist_status read_member(const reader *r, struct archive_entry *entry, mnist_archive *out,
                                growing *g, const mnist_archive_limits *limits, mnist_error *err)
{
    const char *name = r->lib->archive_entry_pathname(entry);
    /* NULL: in a character set that is not this program's */
    if (!name || !mnist_archive_is_harmless(name)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: a tar archive with a member '%s', expected names that are relative, do not "
            "lead upwards and hold no control characters",
            g->path, name ? mnist_show(name).text : "(not to be read)");
    }
    mnist_archive_entry *made = &out->entries[out->count];
    *made = (mnist_archive_entry){.name = strdup(name)};
    if (!made->name) {
        return mnist_fail_memory(err, strlen(name), g->path);
    }
    out->count++;
    if (limits->wanted && !limits->wanted(limits->context, name)) {
        return MNIST_OK;
    }
    const int64_t stated =
        r->lib->archive_entry_size_is_set(entry) ? r->lib->archive_entry_size(entry) : 0;
    growing own = {.most = g->most - g->size, .path = g->path};
    own.first = stated > 0 && (uint64_t)stated <= own.most ? (size_t)stated + 1 : 0;
    mnist_status status = read_some(r, &own, "tar archive", err);
    if (status == MNIST_OK && own.size > own.most) {
        status = fail_growth(g, err);
    }
    made->bytes = own.data;
    made->size = own.size;
    g->size += own.size;
    return status;
}

static mnist_status read_members(const reader *r, mnist_archive *out, growing *g,
                                 const mnist_archive_limits *limits, mnist_error *err)
{
    struct archive_entry *entry;
    size_t room = 0;
    mnist_status status = MNIST_OK;
    while (status == MNIST_OK) {
        const int code = r->lib->archive_read_next_header(r->archive, &entry);
        if (code == ARCHIVE_EOF) {
            break;
        }
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
            return fail_archive(r, g->path, "tar archive", err);
        }
        if (r->lib->archive_entry_filetype(entry) != AE_IFREG) {
            continue;
        }
        if (out->count == limits->entries) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: a tar archive of more than %zu files, the most that are read",
                              g->path, limits->entries);
        }
        if (out->count == room) {
            room = room > 0 ? 2 * room : 64;
            mnist_archive_entry *entries = realloc(out->entries, room * sizeof *entries);
            if (!entries) {
                return mnist_fail_memory(err, room * sizeof *entries, g->path);
            }
            out->entries = entries;
        }
        status = read_member(r, entry, out, g, limits, err);
    }
    return status;
}

mnist_status mnist_unpack_tar(mnist_archive *out, const uint8_t *data, size_t size,
                              const char *path, const mnist_archive_limits *limits,
                              mnist_error *err)
{
    growing g = {.most = limit_of(size), .path = path};
    *out = (mnist_archive){.entries = NULL};
    reader r;
    mnist_status status = open_reader(&r, path, "a tar archive", err);
    if (status == MNIST_OK) {
        const bool open = r.lib->archive_read_support_format_tar(r.archive) == ARCHIVE_OK &&
                          r.lib->archive_read_open_memory(r.archive, data, size) == ARCHIVE_OK;
        status = open ? read_members(&r, out, &g, limits, err)
                      : fail_archive(&r, path, "tar archive", err);
        (void)r.lib->archive_read_free(r.archive);
    }
    if (status != MNIST_OK) {
        mnist_archive_free(out);
    }
    return status;
}

#else

static mnist_status fail_without(const char *path, const char *what, mnist_error *err)
{
    return mnist_fail(
        err, MNIST_ERR_IO,
        "%s: %s, which this program, built without libarchive, does not read; unpack it, "
        "or install that (libarchive-dev on Debian) and build again",
        path, what);
}

static mnist_status unpack_others(growing *g, const mnist_bytes *file, mnist_error *err)
{
    (void)file;
    return fail_without(g->path, "data packed by xz, zstd or bzip2", err);
}

mnist_status mnist_unpack_tar(mnist_archive *out, const uint8_t *data, size_t size,
                              const char *path, const mnist_archive_limits *limits,
                              mnist_error *err)
{
    (void)data;
    (void)size;
    (void)limits;
    *out = (mnist_archive){.entries = NULL};
    return fail_without(path, "a tar archive", err);
}

#endif

mnist_status mnist_unpack(mnist_bytes *file, const char *path, mnist_error *err)
{
    growing g = {.most = limit_of(file->size), .path = path};
    mnist_status status = mnist_inflate_is_gzip(file->data, file->size)
                              ? unpack_gzip(&g, file, err)
                              : unpack_others(&g, file, err);
    mnist_bytes_close(file);
    if (status != MNIST_OK) {
        free(g.data);
        return status;
    }
    *file = (mnist_bytes){.data = g.data, .size = g.size};
    return MNIST_OK;
}
