#define _POSIX_C_SOURCE 200809L
#include "data/archive.h"

#include "base/memory.h"
#include "base/show.h"
#include "base/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LARGE_LEAST ((size_t)4 << 20) /* bytes; for less, large pages do not pay */
#define LOCAL_SIZE  30u               /* bytes of an entry's header in the file, without its name */

void mnist_archive_free(mnist_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) {
        free(archive->entries[i].name);
        free(archive->entries[i].bytes);
    }
    free(archive->entries);
    *archive = (mnist_archive){.entries = NULL};
}

/* What a net may have. */
static const mnist_archive_limits net_limits = {
    .entries = MNIST_ARCHIVE_ENTRIES, .growth = MNIST_ARCHIVE_GROWTH, .allowance = 1u << 20};

mnist_status mnist_archive_read(mnist_archive *out, const uint8_t *data, size_t size,
                                const char *path, mnist_error *err)
{
    return mnist_archive_read_within(out, data, size, path, &net_limits, err);
}

/* A name that an archive's program could not use against whoever unpacks it. */
bool mnist_archive_is_harmless(const char *name)
{
    if (name[0] == '/' || name[0] == '\0' || strchr(name, '\\') || strchr(name, ':') == name + 1) {
        return false;
    }
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F ||
            (c[0] == '.' && c[1] == '.' && (c == name || c[-1] == '/') &&
             (c[2] == '/' || c[2] == '\0'))) {
            return false;
        }
    }
    return true;
}

#ifdef MNIST_HAVE_ZIP

#include <zip.h>

/* An archive that is being read. */
typedef struct reading {
    zip_t *zip;
    const char *path;
    const mnist_archive_limits *limits;
    size_t size;      /* of the file */
    uint64_t packed;  /* bytes of the file that entries so far take */
    uint64_t content; /* of entries so far */
} reading;

static mnist_status fail_zip(mnist_error *err, const char *path, const char *what,
                             zip_error_t *error)
{
    if (zip_error_code_zip(error) == ZIP_ER_MEMORY) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "%s: out of memory for a zip file", path);
    }
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s: %s: %s", path, what, zip_error_strerror(error));
}

/* Where libzip 1.7 runs out of memory while it looks for the directory, it says that there is none. */
static mnist_status fail_open(mnist_error *err, const char *path, zip_error_t *error)
{
    const int code = zip_error_code_zip(error);
    if (code == ZIP_ER_EXISTS) { /* libzip compares the names, and does not say which it was */
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: a zip file with two entries of one name, expected each name once",
                          path);
    }
    if (code != ZIP_ER_NOZIP && code != ZIP_ER_OK) {
        return fail_zip(err, path, "not a zip file that can be read", error);
    }
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: not a zip file that can be read: no directory is found at its end; was it cut "
        "short? (or memory was, which libzip does not tell apart)",
        path);
}

static mnist_status check_name(const char *name, const char *path, mnist_error *err)
{
    if (!mnist_archive_is_harmless(name)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: a zip file with an entry '%s', expected names that are relative, do not lead "
            "upwards and hold no control characters",
            path, mnist_show(name).text);
    }
    return MNIST_OK;
}

/* That an entry may be unpacked, before memory is taken for it. */
static mnist_status check_entry(reading *r, const zip_stat_t *entry, mnist_error *err)
{
    const uint64_t known =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    const mnist_shown name = mnist_show(entry->name);
    if ((entry->valid & known) != known) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: zip entry '%s' does not state its size",
                          r->path, name.text);
    }
    if (entry->encryption_method != ZIP_EM_NONE) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: zip entry '%s' is encrypted, which no numpy.savez writes", r->path,
                          name.text);
    }
    const bool stored = entry->comp_method == ZIP_CM_STORE;
    if (!stored && entry->comp_method != ZIP_CM_DEFLATE) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: zip entry '%s' is packed by method %u, expected 0 (stored) or 8 "
                          "(deflated)",
                          r->path, name.text, entry->comp_method);
    }
    const uint64_t taken = entry->comp_size + LOCAL_SIZE + strlen(entry->name);
    if (entry->comp_size > r->size || taken > r->size - r->packed ||
        (stored && entry->comp_size != entry->size)) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: zip entry '%s' states %" PRIu64 " bytes packed and %" PRIu64
            " unpacked, for which the file's %zu bytes have no room: entries overlap, "
            "or it was cut short",
            r->path, name.text, entry->comp_size, entry->size, r->size);
    }
    const uint64_t most = (uint64_t)r->size * r->limits->growth + r->limits->allowance;
    if (entry->size > most || entry->size > most - r->content) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: zip entry '%s' would unpack to %" PRIu64
                          " bytes, expected no more than %" PRIu64
                          " times the file's %zu in all, and %" PRIu64 " MiB",
                          r->path, name.text, entry->size, r->limits->growth, r->size,
                          r->limits->allowance >> 20);
    }
    r->packed += taken;
    r->content += entry->size;
    return MNIST_OK;
}

/* The bytes, and a look beyond their end, with which libzip compares the CRC. */
static mnist_status unpack(reading *r, zip_uint64_t index, mnist_archive_entry *out,
                           mnist_error *err)
{
    uint8_t beyond;
    const mnist_shown name = mnist_show(out->name);
    zip_file_t *file = zip_fopen_index(r->zip, index, 0);
    if (!file) {
        return fail_zip(err, r->path, name.text, zip_get_error(r->zip));
    }
    zip_int64_t got = 0;
    size_t size = 0;
    while (size < out->size && (got = zip_fread(file, out->bytes + size, out->size - size)) > 0) {
        size += (size_t)got;
    }
    const zip_int64_t more = got >= 0 && size == out->size ? zip_fread(file, &beyond, 1) : -1;
    mnist_status status = MNIST_OK;
    if (got < 0 || (more < 0 && size == out->size)) {
        status = fail_zip(err, r->path, name.text, zip_file_get_error(file));
    } else if (more != 0) {
        status = mnist_fail(err, MNIST_ERR_FORMAT,
                            "%s: zip entry '%s' states %zu bytes and unpacks to %s", r->path,
                            name.text, out->size, more > 0 ? "more" : "fewer");
    }
    zip_fclose(file);
    return status;
}

static mnist_status read_entry(reading *r, zip_uint64_t index, mnist_archive *out, mnist_error *err)
{
    zip_stat_t entry;
    if (zip_stat_index(r->zip, index, ZIP_FL_ENC_RAW, &entry) != 0 || !entry.name) {
        return fail_zip(err, r->path, "a zip file whose entries cannot be listed",
                        zip_get_error(r->zip));
    }
    mnist_status status = check_name(entry.name, r->path, err);
    if (status == MNIST_OK) {
        status = check_entry(r, &entry, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    mnist_archive_entry *made = &out->entries[out->count];
    made->name = strdup(entry.name);
    made->size = (size_t)entry.size;
    const bool wanted = !r->limits->wanted || r->limits->wanted(r->limits->context, entry.name);
    made->bytes = !wanted                    ? NULL
                  : made->size < LARGE_LEAST ? malloc(made->size > 0 ? made->size : 1)
                                             : mnist_alloc_large(made->size);
    out->count++; /* so that it is released */
    if (!made->name || (wanted && !made->bytes)) {
        return mnist_fail_memory(err, made->size, "an array");
    }
    return wanted ? unpack(r, index, made, err) : MNIST_OK;
}

static mnist_status read_entries(reading *r, mnist_archive *out, mnist_error *err)
{
    const zip_int64_t count = zip_get_num_entries(r->zip, 0);
    mnist_status status = MNIST_OK;
    if (count < 1 || (uint64_t)count > r->limits->entries) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: a zip file of %" PRIi64 " entries, expected 1 to %zu", r->path,
                          (int64_t)count, r->limits->entries);
    }
    out->entries = calloc((size_t)count, sizeof *out->entries);
    if (!out->entries) {
        return mnist_fail_memory(err, (size_t)count * sizeof *out->entries, "a list of arrays");
    }
    for (zip_int64_t i = 0; status == MNIST_OK && i < count; i++) {
        status = read_entry(r, (zip_uint64_t)i, out, err);
    }
    return status;
}

mnist_status mnist_archive_read_within(mnist_archive *out, const uint8_t *data, size_t size,
                                       const char *path, const mnist_archive_limits *limits,
                                       mnist_error *err)
{
    zip_error_t error;
    *out = (mnist_archive){.entries = NULL};
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(data, size, 0, &error);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
    mnist_status status;
    if (!zip) {
        zip_source_free(source);
        status = fail_open(err, path, &error);
    } else {
        reading r = {.zip = zip, .path = path, .limits = limits, .size = size};
        status = read_entries(&r, out, err);
        zip_discard(zip);
    }
    zip_error_fini(&error);
    if (status != MNIST_OK) {
        mnist_archive_free(out);
    }
    return status;
}

#else

mnist_status mnist_archive_read_within(mnist_archive *out, const uint8_t *data, size_t size,
                                       const char *path, const mnist_archive_limits *limits,
                                       mnist_error *err)
{
    (void)data;
    (void)size;
    (void)limits;
    *out = (mnist_archive){.entries = NULL};
    return mnist_fail(err, MNIST_ERR_IO,
                      "%s: a zip archive, which this program, built without libzip, does not read; "
                      "install it (libzip-dev on Debian) and build again",
                      path);
}

#endif

/* Writing: entries are stored, so that no library is needed, and one that fails for want of memory leaves none behind. */

#define CENTRAL_SIZE  46u    /* of its line in the directory, the same */
#define END_SIZE      22u    /* of what stands at the end */
#define VERSION       20u    /* 2.0, of the format */
#define EARLIEST_DATE 0x21u  /* 1 January 1980, as MS-DOS has it */
#define UTF8_NAMES    0x800u /* a flag */

static uint8_t *put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *at++ = (uint8_t)(value >> (8 * i));
    }
    return at;
}

/* What an entry's header and its line have in common: from the version on to the lengths. */
static uint8_t *put_facts(uint8_t *at, const mnist_archive_entry *entry, uint32_t crc)
{
    at = put(at, VERSION, 2);
    at = put(at, UTF8_NAMES, 2);
    at = put(at, 0, 2); /* stored */
    at = put(at, 0, 2); /* no time */
    at = put(at, EARLIEST_DATE, 2);
    at = put(at, crc, 4);
    at = put(at, entry->size, 4);
    at = put(at, entry->size, 4);
    at = put(at, strlen(entry->name), 2);
    return put(at, 0, 2); /* no more fields */
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return at + size;
}

static void fill(uint8_t *file, const mnist_archive *archive)
{
    uint8_t *at = file;
    for (size_t i = 0; i < archive->count; i++) {
        const mnist_archive_entry *entry = &archive->entries[i];
        at = put(at, 0x04034B50u, 4);
        at = put_facts(at, entry, (uint32_t)crc32_z(0, entry->bytes, entry->size));
        at = put_bytes(at, entry->name, strlen(entry->name));
        at = put_bytes(at, entry->bytes, entry->size);
    }
    uint8_t *directory = at, *local = file;
    for (size_t i = 0; i < archive->count; i++) {
        const mnist_archive_entry *entry = &archive->entries[i];
        const size_t length = strlen(entry->name);
        at = put(at, 0x02014B50u, 4);
        at = put(at, VERSION, 2); /* that made it */
        at = put_facts(at, entry, (uint32_t)crc32_z(0, entry->bytes, entry->size));
        at = put(at, 0, 2); /* no comment */
        at = put(at, 0, 2); /* the first disk */
        at = put(at, 0, 6); /* no attributes */
        at = put(at, (uint64_t)(local - file), 4);
        at = put_bytes(at, entry->name, length);
        local += LOCAL_SIZE + length + entry->size;
    }
    const uint64_t size = (uint64_t)(at - directory);
    at = put(at, 0x06054B50u, 4);
    at = put(at, 0, 4); /* one disk */
    at = put(at, archive->count, 2);
    at = put(at, archive->count, 2);
    at = put(at, size, 4);
    at = put(at, (uint64_t)(directory - file), 4);
    (void)put(at, 0, 2); /* no comment */
}

mnist_status mnist_archive_write(const mnist_archive *archive, uint8_t **bytes, size_t *size,
                                 const char *path, mnist_error *err)
{
    *bytes = NULL;
    *size = END_SIZE;
    for (size_t i = 0; i < archive->count; i++) {
        const mnist_archive_entry *entry = &archive->entries[i];
        *size += LOCAL_SIZE + CENTRAL_SIZE + 2 * strlen(entry->name) + entry->size;
    }
    if (*size > UINT32_MAX || archive->count > MNIST_ARCHIVE_ENTRIES) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: an archive of %zu bytes, expected less than 4 GiB, as zip files hold", path,
            *size);
    }
    *bytes = malloc(*size);
    if (!*bytes) {
        return mnist_fail_memory(err, *size, "a zip file");
    }
    fill(*bytes, archive);
    return MNIST_OK;
}
