/* Opening files for reading (base/file.c), gzip (data/inflate.c), IDX (data/idx.c). */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "data/idx.h"
#include "data/inflate.h"
#include "data/signature.h"
#include "left_out.h"
#include "scratch.h"

typedef enum role { IMAGES, LABELS } role;

typedef struct blob {
    uint8_t *data;
    size_t size;
} blob;

/* A string literal with its length, zeros inside and all. */
#define BYTES(literal) (literal), sizeof(literal) - 1

#define IMAGES_2_2_3 "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
#define PIXELS_12    "\x00\x01\x02\x03\x04\x05\xFA\xFB\xFC\xFD\xFE\xFF"
#define LABELS_3     "\0\0\x08\x01\0\0\0\x03"

/* One gzip member of data, followed by zeros zero bytes. */
static blob gzip(const void *data, size_t size, size_t zeros)
{
    static const uint8_t nothing[65536];
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY),
                     Z_OK);
    size_t room = deflateBound(&stream, (uLong)(size + zeros)) + 64;
    blob out = {malloc(room), 0};
    assert_non_null(out.data);
    stream.next_out = out.data;
    stream.avail_out = (uInt)room;
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    assert_int_not_equal(deflate(&stream, Z_NO_FLUSH), Z_STREAM_ERROR);
    while (zeros > 0) {
        stream.next_in = (Bytef *)(uintptr_t)nothing;
        stream.avail_in = (uInt)(zeros < sizeof nothing ? zeros : sizeof nothing);
        zeros -= stream.avail_in;
        assert_int_equal(deflate(&stream, Z_NO_FLUSH), Z_OK);
    }
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.size = room - stream.avail_out;
    deflateEnd(&stream);
    return out;
}

static void append(blob *to, const void *data, size_t size)
{
    to->data = realloc(to->data, to->size + size);
    assert_non_null(to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

/* The result of reading: a status, a text, and a copy of the elements. */
typedef struct outcome {
    mnist_status status;
    mnist_error err;
    size_t count, rows, cols;
    bool in_place;
    uint8_t first[64];
} outcome;

static outcome read_path(role what, const char *path)
{
    outcome o = {0};
    if (what == IMAGES) {
        mnist_idx_images images;
        o.status = mnist_idx_read_images(&images, path, &o.err);
        o.count = images.count;
        o.rows = images.rows;
        o.cols = images.cols;
        o.in_place = images.file.data && !images.owned &&
                     images.pixels == images.file.data + MNIST_IDX_IMAGES_HEADER;
        size_t size = o.count * o.rows * o.cols;
        memcpy(o.first, images.pixels ? images.pixels : o.first, size < 64 ? size : 64);
        mnist_bytes_close(&images.file);
        free(images.owned);
    } else {
        mnist_idx_labels labels;
        o.status = mnist_idx_read_labels(&labels, path, &o.err);
        o.count = labels.count;
        memcpy(o.first, labels.values ? labels.values : o.first, o.count < 64 ? o.count : 64);
        free(labels.values);
    }
    if (o.status != MNIST_OK) { /* nothing is handed out, and the text names the file */
        assert_int_equal(o.count, 0);
        assert_int_equal(o.err.status, o.status);
        assert_memory_equal(o.err.text, path, strlen(path));
    }
    return o;
}

static outcome read_bytes(void **state, role what, const void *data, size_t size)
{
    scratch_file file = scratch_name(state, "file");
    assert_int_equal(scratch_write(file.path, data, size), 0);
    return read_path(what, file.path);
}

static outcome read_gzipped(void **state, role what, const void *data, size_t size)
{
    blob packed = gzip(data, size, 0);
    outcome o = read_bytes(state, what, packed.data, packed.size);
    free(packed.data);
    return o;
}

static void assert_fails(const outcome *o, mnist_status status, const char *fragment)
{
    if (o->status != status || !strstr(o->err.text, fragment)) {
        fail_msg("expected status %d and \"%s\", found status %d and \"%s\"", (int)status, fragment,
                 (int)o->status, o->status == MNIST_OK ? "" : o->err.text);
    }
}

static void assert_reads(const outcome *o, size_t count, const void *first, size_t size)
{
    if (o->status != MNIST_OK) {
        fail_msg("%s", o->err.text);
    }
    assert_int_equal(o->count, count);
    assert_memory_equal(o->first, first, size);
}

/* Every defect of the IDX layer, in a raw file and inside gzip. NULL: not possible there. */
static const struct defect {
    role what;
    const char *data;
    size_t size;
    const char *raw, *gzipped;
} defects[] = {
#define BOTH(text) text, text
    /* not IDX at all */
    {IMAGES, BYTES(""), BOTH(": empty: expected an IDX file of images; a download that failed?")},
    {LABELS, BYTES(""), BOTH(": empty: expected an IDX file of labels")},
    {IMAGES, BYTES("\x1F\x8B\x08\x08 and more"), NULL,
     " (gunzipped): bad magic 0x1F8B0808 at byte 0: expected 0x00000803 (unsigned bytes, 3 "
     "dimensions); gzip data inside gzip?"},
    {LABELS, BYTES("\x1F\x8B\x08\x08 and more"), NULL,
     "bad magic 0x1F8B0808 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); gzip"},
    {IMAGES, BYTES("<!DOCTYPE html><html>404"),
     BOTH("bad magic 0x3C21444F at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); an "
          "HTML or XML error page saved as data?")},
    {IMAGES, BYTES("\xEF\xBB\xBF \r\n<?xml"), BOTH("an HTML or XML error page")},
    {IMAGES, BYTES("\x03\x08\0\0\x02\0\0\0"),
     BOTH("bad magic 0x03080000 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); "
          "written in little-endian order?")},
    {LABELS, BYTES("\x01\x08\0\0\x02\0\0\0"), BOTH("written in little-endian order?")},
    {IMAGES, BYTES("PK\x03\x04zip"), BOTH("a zip archive")},
    {IMAGES, BYTES("\xFD\x37zXZ\0"), BOTH("xz data")},
    {IMAGES, BYTES("BZh91AY"), BOTH("bzip2 data")},
    {IMAGES, BYTES("\x28\xB5\x2F\xFD...."), BOTH("zstd data")},
    {IMAGES, BYTES("\x89PNG\r\n"), BOTH("a PNG image?")},
    {IMAGES, BYTES("\xFF\xD8\xFF\xE0"), BOTH("a JPEG image?")},
    {IMAGES, BYTES("P5 28 28 255\n\x01"), BOTH("a PGM image?")},
    {IMAGES, BYTES("\x93NUMPY\x01\0"), BOTH("a NumPy .npy file?")},
    {IMAGES, BYTES("\x80\x04\x95pickle"), BOTH("a Python pickle?")},
    {IMAGES, BYTES("version https://git-lfs.github.com/spec/v1\n"), BOTH("a Git LFS pointer")},
    {IMAGES, BYTES("{\"error\": 404}"), BOTH("JSON: an error message")},
    {IMAGES, BYTES("label,1x1,1x2\n5,0,0"), BOTH("a CSV file?")},
    {IMAGES, BYTES("Not Found"), BOTH("a text file?")},
    {IMAGES, BYTES("\x81\x92\xA3\xB4\xC5"), BOTH("bad magic 0x8192A3B4 at byte 0")},
    /* type and rank */
    {IMAGES, BYTES("\0\0\0\0\0\0\0\0"),
     BOTH("type code 0x00 (not a type of the format) at byte 2: expected 0x08 (unsigned byte); all "
          "zeros: a download that never filled the file?")},
    {IMAGES, BYTES("\0\0\x0D\x03"), BOTH("type code 0x0D (32-bit float) at byte 2: expected 0x08")},
    {IMAGES, BYTES("\0\0\x09\x03"), BOTH("type code 0x09 (signed byte)")},
    {LABELS, BYTES("\0\0\x0B\x01"),
     BOTH("type code 0x0B (16-bit int) at byte 2: expected 0x08 (unsigned byte) or 0x0C (32-bit "
          "int)")},
    {LABELS, BYTES("\0\0\x0E\x01"), BOTH("type code 0x0E (64-bit float)")},
    {IMAGES, BYTES("\0\0\x08\x02"),
     BOTH("2 dimensions at byte 3: expected 3 (images, rows, columns); images flattened into "
          "rows?")},
    {IMAGES, BYTES("\0\0\x08\x04"), BOTH("4 dimensions at byte 3: expected 3 (images, rows, col")},
    {IMAGES, BYTES("\0\0\x08\xFF"), BOTH("255 dimensions at byte 3")},
    {LABELS, BYTES("\0\0\x08\x02"), BOTH("2 dimensions at byte 3: expected 1 (labels); one-hot")},
    {LABELS, BYTES("\0\0\x0C\x03"),
     BOTH("3 dimensions at byte 3: expected 1 or 2 (labels, columns)")},
    {LABELS, BYTES("\0\0\x0C\0"), BOTH("0 dimensions at byte 3")},
    {IMAGES, BYTES(LABELS_3 "\1\2\3"),
     BOTH("magic 0x00000801 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); this "
          "looks like a label file: are the two swapped?")},
    {IMAGES, BYTES("\0\0\x0C\x02\0\0\0\x01"), BOTH("this looks like a label file")},
    {LABELS, BYTES(IMAGES_2_2_3 PIXELS_12),
     BOTH("magic 0x00000803 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); this "
          "looks "
          "like an image file: are the two swapped?")},
    /* sizes */
    {IMAGES, BYTES("\0\0\x08"), BOTH("truncated at byte 3: expected a header of 16 bytes")},
    {IMAGES, BYTES("\0\0\x08\x03\0\0\0\x02\0\0"),
     BOTH("truncated at byte 10: expected a header of 16")},
    {LABELS, BYTES("\0\0\x08\x01\0"), BOTH("truncated at byte 5: expected a header of 8 bytes")},
    {LABELS, BYTES("\0\0\x0C\x02\0\0\0\x01"), BOTH("truncated at byte 8: expected a header of 12")},
    {IMAGES, BYTES("\0\0\x08\x03\0\0\0\0\0\0\0\x1C\0\0\0\x1C"), BOTH("0 images at byte 4")},
    {LABELS, BYTES("\0\0\x08\x01\0\0\0\0"), BOTH("0 labels at byte 4: expected at least 1")},
    {LABELS, BYTES("\0\0\x0C\x02\0\0\0\x01\0\0\0\0"), BOTH("0 columns at byte 8")},
    {IMAGES, BYTES("\0\0\x08\x03\0\0\0\x01\0\0\0\0\0\0\0\x1C"),
     BOTH("images of 0 x 28 at byte 8: expected at least 1 row and 1 column")},
    {IMAGES, BYTES("\0\0\x08\x03\0\0\0\x01\0\0\0\x1C\0\0\0\0"), BOTH("images of 28 x 0 at byte 8")},
    {IMAGES, BYTES("\0\0\x08\x03\0\0\0\x01\0\0\x01\0\0\0\x01\x01"),
     BOTH("images of 256 x 257 at byte 8: expected at most 65536 pixels")},
    {IMAGES, BYTES("\0\0\x08\x03\0\0\0\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
     BOTH("images of 4294967295 x 4294967295 at byte 8: expected at most 65536 pixels")},
    {LABELS, BYTES("\0\0\x0C\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
     BOTH("the sizes at byte 4 (4294967295 labels of 4294967295 columns) overflow")},
    {LABELS, BYTES("\0\0\x0C\x02\x20\0\0\0\x20\0\0\0"), /* 2^29 x 2^29 x 4 = 2^60 bytes */
     "truncated at byte 12: expected 1152921504606846988 bytes",
     "the sizes at byte 4 (536870912 labels of 536870912 columns) promise 1152921504606846988 "
     "bytes, "
     "but "},
    {IMAGES, BYTES("\0\0\x08\x03\xFF\xFF\xFF\xFF\0\0\x01\0\0\0\x01\0"),
     "truncated at byte 16: expected 281474976645136 bytes", "cannot inflate to so many"},
    {IMAGES, BYTES(IMAGES_2_2_3 "\1\2\3"),
     BOTH("truncated at byte 19: expected 28 bytes (a header of 16 and 2 images of 2 x 3), found "
          "19; "
          "an interrupted download?")},
    {IMAGES, BYTES(IMAGES_2_2_3 PIXELS_12 "\n"),
     BOTH(": 1 trailing bytes at byte 28: expected the end after a header of 16 bytes and 2 images "
          "of "
          "2 x 3")},
    {LABELS, BYTES(LABELS_3 "\1\2"),
     BOTH("truncated at byte 10: expected 11 bytes (a header of 8 an")},
    {LABELS, BYTES(LABELS_3 "\1\2\3\4\5"), BOTH(": 2 trailing bytes at byte 11")},
    {LABELS, BYTES("\0\0\x0C\x02\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0"),
     BOTH("truncated at byte 19: expected 20 bytes (a header of 12 and 1 labels of 2 columns)")},
    /* labels out of range */
    {LABELS, BYTES("\0\0\x0C\x01\0\0\0\x02\0\0\0\x07\xFF\xFF\xFF\xFF"),
     BOTH("label -1 at byte 12 (index 1): expected 0 to 255")},
    {LABELS, BYTES("\0\0\x0C\x01\0\0\0\x01\x07\0\0\0"),
     BOTH("label 117440512 at byte 8 (index 0): expected 0 to 255; written in little-endian "
          "order?")},
    {LABELS, BYTES("\0\0\x0C\x02\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\0\0\x63\0\0\1\x02\0\0\0\x00"),
     BOTH("label 258 at byte 20 (index 1): expected 0 to 255; a damaged file?")},
#undef BOTH
};

static void every_defect_has_its_message(void **state)
{
    for (size_t i = 0; i < sizeof defects / sizeof defects[0]; i++) {
        const struct defect *d = &defects[i];
        if (d->raw) {
            outcome o = read_bytes(state, d->what, d->data, d->size);
            assert_fails(&o, MNIST_ERR_FORMAT, d->raw);
            assert_null(strstr(o.err.text, "gunzipped"));
        }
        outcome o = read_gzipped(state, d->what, d->data, d->size);
        assert_fails(&o, MNIST_ERR_FORMAT, d->gzipped);
        assert_non_null(strstr(o.err.text, " (gunzipped): "));
    }
}

static void message_is_one_sentence_about_the_file(void **state)
{
    outcome o = read_bytes(state, IMAGES, BYTES("\x93NUMPY\x01"));
    scratch_file file = scratch_name(state, "file");
    char expected[2048];
    snprintf(
        expected, sizeof expected,
        "%s: bad magic 0x934E554D at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); "
        "a NumPy .npy file?",
        file.path);
    assert_string_equal(o.err.text, expected);
}

static void reads_images_raw_in_place_and_gzipped(void **state)
{
    outcome o = read_bytes(state, IMAGES, BYTES(IMAGES_2_2_3 PIXELS_12));
    assert_reads(&o, 2, PIXELS_12, 12);
    assert_int_equal(o.rows, 2);
    assert_int_equal(o.cols, 3);
    assert_true(o.in_place);
    o = read_gzipped(state, IMAGES, BYTES(IMAGES_2_2_3 PIXELS_12));
    assert_reads(&o, 2, PIXELS_12, 12);
    assert_int_equal(o.rows, 2);
    assert_int_equal(o.cols, 3);
    assert_false(o.in_place);
}

static void reads_labels_of_every_kind(void **state)
{
    static const struct {
        const char *data;
        size_t size;
    } kinds[] = {
        {BYTES(LABELS_3 "\x00\x09\x05")},
        {BYTES("\0\0\x0C\x01\0\0\0\x03\0\0\0\0\0\0\0\x09\0\0\0\x05")},
        {BYTES("\0\0\x0C\x02\0\0\0\x03\0\0\0\x01\0\0\0\0\0\0\0\x09\0\0\0\x05")},
        {BYTES(
            "\0\0\x0C\x02\0\0\0\x03\0\0\0\x03\0\0\0\0\0\0\0\x11\0\0\x12\x34\0\0\0\x09\0\0\0\x22\xFF"
            "\xFF\xFF\xFF\0\0\0\x05\0\0\0\x33\0\0\0\x01")},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        outcome o = read_bytes(state, LABELS, kinds[i].data, kinds[i].size);
        assert_reads(&o, 3, "\x00\x09\x05", 3);
        o = read_gzipped(state, LABELS, kinds[i].data, kinds[i].size);
        assert_reads(&o, 3, "\x00\x09\x05", 3);
    }
}

static void gzip_damage_is_told(void **state)
{
    static const char data[] = IMAGES_2_2_3 PIXELS_12;
    blob good = gzip(data, sizeof data - 1, 0);
    const struct {
        size_t at; /* from the end if above the size */
        uint8_t flip;
        const char *text;
    } cases[] = {
        {good.size - 8, 0x01, "gzip CRC-32 mismatch near byte"},
        {good.size - 5, 0x80, "gzip CRC-32 mismatch near byte"},
        {good.size - 4, 0x01, "gzip length mismatch near byte"},
        {2, 0x01, "damaged gzip data near byte 4: unknown compression method"},
        {3, 0x80, "damaged gzip data near byte"},
        {10, 0x06, "damaged gzip data near byte"}, /* block type */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good.data[cases[i].at] ^= cases[i].flip;
        outcome o = read_bytes(state, IMAGES, good.data, good.size);
        good.data[cases[i].at] ^= cases[i].flip;
        assert_fails(&o, MNIST_ERR_FORMAT, cases[i].text);
    }
    for (size_t size = 2; size < good.size; size++) {
        char text[64];
        snprintf(text, sizeof text, ": gzip data truncated at byte %zu: expected", size);
        outcome o = read_bytes(state, IMAGES, good.data, size);
        assert_fails(&o, MNIST_ERR_FORMAT, text);
    }
    char text[96];
    snprintf(text, sizeof text, ": 4 trailing bytes at byte %zu, after the last gzip member",
             good.size);
    append(&good, "junk", 4);
    outcome o = read_bytes(state, IMAGES, good.data, good.size);
    assert_fails(&o, MNIST_ERR_FORMAT, text);
    assert_non_null(strstr(o.err.text, "found 0x6A; two files written into one?"));
    memset(good.data + good.size - 4, 0, 4);
    o = read_bytes(state, IMAGES, good.data, good.size);
    assert_int_equal(o.status, MNIST_OK); /* padding of a block, as gzip takes it */
    good.data[good.size - 1] = 'x';
    o = read_bytes(state, IMAGES, good.data, good.size);
    assert_fails(&o, MNIST_ERR_FORMAT, text);
    free(good.data);
}

static void gzip_members_follow_one_another(void **state)
{
    static const char data[] = IMAGES_2_2_3 PIXELS_12;
    for (size_t cut = 0; cut < sizeof data; cut++) {
        blob all = gzip(data, cut, 0);
        blob rest = gzip(data + cut, sizeof data - 1 - cut, 0);
        append(&all, rest.data, rest.size);
        outcome o = read_bytes(state, IMAGES, all.data, all.size);
        assert_reads(&o, 2, PIXELS_12, 12);
        all.data[all.size - 8] ^= 1; /* the second member's CRC counts too */
        o = read_bytes(state, IMAGES, all.data, all.size);
        assert_fails(&o, MNIST_ERR_FORMAT, "gzip CRC-32 mismatch");
        free(all.data);
        free(rest.data);
    }
    blob twice = gzip(data, sizeof data - 1, 0), again = gzip(data, sizeof data - 1, 0);
    append(&twice, again.data, again.size);
    outcome o = read_bytes(state, IMAGES, twice.data, twice.size);
    assert_fails(&o, MNIST_ERR_FORMAT, ": 28 trailing bytes at byte 28: expected the end after");
    free(twice.data);
    free(again.data);
}

static long peak_kilobytes(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
#ifdef __APPLE__
    return usage.ru_maxrss / 1024; /* there in bytes */
#else
    return usage.ru_maxrss;
#endif
}

static void gzip_bomb_takes_no_memory(void **state)
{
    enum { SIZE = 256 << 20 };
    blob bomb = gzip(BYTES(IMAGES_2_2_3), SIZE);
    assert_true(bomb.size < SIZE / 900);
    long before = peak_kilobytes();
    outcome o = read_bytes(state, IMAGES, bomb.data, bomb.size);
    assert_fails(&o, MNIST_ERR_FORMAT,
                 ": at least 16777216 trailing bytes at byte 28: expected the end");
    /* a header that promises more than its gzip could hold, and one that could but does not */
    blob greedy = gzip(BYTES("\0\0\x08\x03\0\x01\0\0\0\0\x01\0\0\0\x01\0"), 1 << 20);
    o = read_bytes(state, IMAGES, greedy.data, greedy.size);
    assert_fails(&o, MNIST_ERR_FORMAT, "promise 4294967312 bytes, but ");
    blob hollow = gzip(BYTES("\0\0\x08\x03\0\0\0\x10\0\0\x01\0\0\0\x01\0"), (1 << 20) - 1);
    o = read_bytes(state, IMAGES, hollow.data, hollow.size);
    assert_fails(&o, MNIST_ERR_FORMAT, "truncated at byte 1048591: expected 1048592 bytes");
    assert_true(peak_kilobytes() - before < 16384);
    free(bomb.data);
    free(greedy.data);
    free(hollow.data);
}

/* A file is read whole, or refused with a reason. */
static void assert_sane(const outcome *o, role what, size_t size)
{
    if (o->status == MNIST_OK) {
        size_t whole = what == IMAGES ? 16 + o->count * o->rows * o->cols : 8 + o->count;
        assert_int_equal(whole, size);
    } else {
        assert_int_equal(o->status, MNIST_ERR_FORMAT);
        assert_non_null(strstr(o->err.text, " byte"));
    }
}

static void every_flip_and_cut_of_a_raw_file_is_survived(void **state)
{
    static const uint8_t flips[] = {0x01, 0x04, 0x10, 0x80, 0xFF};
    static const struct {
        role what;
        const char *data;
        size_t size;
    } files[] = {{IMAGES, BYTES(IMAGES_2_2_3 PIXELS_12)}, {LABELS, BYTES(LABELS_3 "\x00\x09\x05")}};
    for (size_t f = 0; f < 2; f++) {
        uint8_t copy[64];
        size_t size = files[f].size;
        for (size_t i = 0; i < size * sizeof flips; i++) {
            memcpy(copy, files[f].data, size);
            copy[i / sizeof flips] ^= flips[i % sizeof flips];
            outcome o = read_bytes(state, files[f].what, copy, size);
            assert_sane(&o, files[f].what, size);
            if (files[f].what == IMAGES && i / sizeof flips >= MNIST_IDX_IMAGES_HEADER) {
                assert_reads(&o, 2, copy + MNIST_IDX_IMAGES_HEADER, 12);
            }
        }
        for (size_t cut = 0; cut < size; cut++) {
            outcome o = read_bytes(state, files[f].what, files[f].data, cut);
            assert_fails(&o, MNIST_ERR_FORMAT, cut == 0 ? "empty" : "truncated at byte");
        }
    }
}

static void every_flip_of_a_gzip_file_is_found_or_harmless(void **state)
{
    static const char data[] = IMAGES_2_2_3 PIXELS_12;
    blob good = gzip(data, sizeof data - 1, 0);
    size_t harmless = 0;
    for (size_t i = 0; i < good.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            good.data[i] ^= (uint8_t)(1u << bit);
            outcome o = read_bytes(state, IMAGES, good.data, good.size);
            good.data[i] ^= (uint8_t)(1u << bit);
            if (o.status == MNIST_OK) {
                /* time, system and other hints of the gzip header; the last block's padding bits */
                assert_true((i >= 3 && i <= 9) || i == good.size - 9);
                assert_reads(&o, 2, PIXELS_12, 12);
                harmless++;
            } else {
                assert_int_equal(o.status, MNIST_ERR_FORMAT);
            }
        }
    }
    assert_true(harmless >= 32); /* else the loop tests something else */
    free(good.data);
}

static void unreadable_files_are_told(void **state)
{
    outcome o = read_path(IMAGES, ((scratch *)*state)->path);
    assert_fails(&o, MNIST_ERR_IO, ": is a directory, expected a file");
    scratch_file file = scratch_name(state, "none");
    o = read_path(LABELS, file.path);
    assert_fails(&o, MNIST_ERR_NOT_FOUND, ": cannot be opened: No such file or directory");
    file = scratch_name(state, "none/below");
    o = read_path(IMAGES, file.path);
    assert_fails(&o, MNIST_ERR_NOT_FOUND, ": cannot be opened: ");

    file = scratch_name(state, "secret");
    assert_int_equal(scratch_write(file.path, BYTES(IMAGES_2_2_3 PIXELS_12)), 0);
    assert_int_equal(chmod(file.path, 0), 0);
    bool root = geteuid() == 0; /* whom no mode stops */
    if (root && seteuid(65534) != 0) {
        LEAVE_OUT("root may not become somebody else here");
    }
    o = read_path(IMAGES, file.path);
    if (root) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_fails(&o, MNIST_ERR_IO, ": cannot be opened: Permission denied");
}

/* Bytes in a pipe, as a shell's <(...) gives them. */
static void pipe_of(int ends[2], char path[32], const void *data, size_t size)
{
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], data, size), (ssize_t)size);
    close(ends[1]);
    snprintf(path, 32, "/dev/fd/%d", ends[0]);
}

static void pipes_are_read(void **state)
{
    (void)state;
    char path[32];
    int ends[2];
    pipe_of(ends, path, BYTES(IMAGES_2_2_3 PIXELS_12));
    outcome o = read_path(IMAGES, path);
    assert_reads(&o, 2, PIXELS_12, 12);
    close(ends[0]);

    blob packed = gzip(BYTES(LABELS_3 "\1\2\3"), 0);
    pipe_of(ends, path, packed.data, packed.size);
    o = read_path(LABELS, path);
    assert_reads(&o, 3, "\1\2\3", 3);
    close(ends[0]);
    free(packed.data);
}

static void streams_are_read_up_to_the_limit(void **state)
{
    mnist_bytes bytes;
    mnist_error err;
    char path[32];
    int ends[2];
    pipe_of(ends, path, "12345", 5);
    assert_int_equal(mnist_bytes_open(&bytes, path, 5, &err), MNIST_OK);
    assert_int_equal(bytes.size, 5);
    assert_memory_equal(bytes.data, "12345", 5);
    assert_false(bytes.mapped);
    mnist_bytes_close(&bytes);
    close(ends[0]);
    pipe_of(ends, path, "12345", 5);
    assert_int_equal(mnist_bytes_open(&bytes, path, 4, &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "more than 4 bytes"));
    assert_null(bytes.data);
    mnist_bytes_close(&bytes);
    close(ends[0]);

    /* a regular file may be larger */
    scratch_file file = scratch_name(state, "file");
    assert_int_equal(scratch_write(file.path, "12345", 5), 0);
    assert_int_equal(mnist_bytes_open(&bytes, file.path, 4, &err), MNIST_OK);
    assert_int_equal(bytes.size, 5);
    assert_false(bytes.mapped);
    mnist_bytes_close(&bytes);
    assert_null(bytes.data);
    mnist_bytes_close(&bytes); /* closing twice does nothing */

    assert_int_equal(scratch_write(file.path, "", 0), 0);
    assert_int_equal(mnist_bytes_open(&bytes, file.path, 4, &err), MNIST_OK);
    assert_int_equal(bytes.size, 0);
    mnist_bytes_close(&bytes);
}

/* A file that changes after it was read does not matter; only the largest are mapped. */
static void files_are_read_up_to_a_size(void **state)
{
    enum { SIZE = (5 << 20) + 3 };
    static const size_t sizes[] = {1, 4095, SIZE};
    mnist_bytes bytes;
    mnist_error err;
    char *data = malloc(SIZE);
    assert_non_null(data);
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (char)(i * 31 >> 3);
    }
    scratch_file file = scratch_name(state, "large");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(scratch_write(file.path, data, sizes[i]), 0);
        assert_int_equal(mnist_bytes_open(&bytes, file.path, 4, &err), MNIST_OK);
        assert_int_equal(truncate(file.path, 0), 0);
        assert_false(bytes.mapped);
        assert_int_equal(bytes.size, sizes[i]);
        assert_memory_equal(bytes.data, data, sizes[i]);
        mnist_bytes_close(&bytes);
    }
    free(data);

    /* nothing but a hole */
    if (truncate(file.path, (off_t)MNIST_BYTES_READ_MOST + 1) == 0) {
        assert_int_equal(mnist_bytes_open(&bytes, file.path, 4, &err), MNIST_OK);
        assert_true(bytes.mapped);
        assert_int_equal(bytes.size, MNIST_BYTES_READ_MOST + 1);
        assert_int_equal(bytes.data[MNIST_BYTES_READ_MOST], 0);
        mnist_bytes_close(&bytes);
    }
}

static void devices_are_no_files(void **state)
{
    (void)state;
    mnist_bytes bytes;
    mnist_error err;
    assert_int_equal(mnist_bytes_open(&bytes, "/dev/null", 1 << 30, &err), MNIST_OK);
    assert_int_equal(bytes.size, 0);
    mnist_bytes_close(&bytes);
    assert_int_equal(mnist_bytes_open(&bytes, "/dev/zero", 1 << 30, &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "/dev/zero: more than 67108864 bytes"));
}

static void inflates_in_pieces_of_any_size(void **state)
{
    (void)state;
    uint8_t data[1000], out[1001];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * i >> 3);
    }
    blob packed = gzip(data, sizeof data, 0);
    for (size_t piece = 1; piece <= sizeof out; piece += 13) {
        mnist_inflate *gz;
        mnist_error err;
        size_t total = 0, got;
        assert_int_equal(mnist_inflate_create(&gz, packed.data, packed.size, "x", &err), MNIST_OK);
        do {
            size_t room = sizeof out - total < piece ? sizeof out - total : piece;
            assert_int_equal(mnist_inflate_read(gz, out + total, room, &got, &err), MNIST_OK);
            total += got;
            assert_true(got == room || total == sizeof data);
        } while (total < sizeof data);
        assert_int_equal(mnist_inflate_read(gz, out + total, 1, &got, &err), MNIST_OK);
        assert_int_equal(got, 0);
        assert_memory_equal(out, data, sizeof data);
        mnist_inflate_free(gz);
    }
    mnist_inflate_free(NULL);
    free(packed.data);
}

static void headers_are_the_format_s(void **state)
{
    (void)state;
    uint8_t header[MNIST_IDX_IMAGES_HEADER];
    mnist_idx_images_header(header, 60000, 28, 0x01020304);
    assert_memory_equal(header, "\0\0\x08\x03\0\0\xEA\x60\0\0\0\x1C\x01\x02\x03\x04", 16);
    mnist_idx_labels_header(header, 0x89ABCDEF);
    assert_memory_equal(header, "\0\0\x08\x01\x89\xAB\xCD\xEF", 8);
}

static void errors_may_go_unread(void **state)
{
    mnist_idx_images images;
    scratch_file file = scratch_name(state, "file");
    assert_int_equal(scratch_write(file.path, "nonsense", 8), 0);
    assert_int_equal(mnist_idx_read_images(&images, file.path, NULL), MNIST_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_defect_has_its_message),
        cmocka_unit_test(message_is_one_sentence_about_the_file),
        cmocka_unit_test(reads_images_raw_in_place_and_gzipped),
        cmocka_unit_test(reads_labels_of_every_kind),
        cmocka_unit_test(gzip_damage_is_told),
        cmocka_unit_test(gzip_members_follow_one_another),
        cmocka_unit_test(gzip_bomb_takes_no_memory),
        cmocka_unit_test(every_flip_and_cut_of_a_raw_file_is_survived),
        cmocka_unit_test(every_flip_of_a_gzip_file_is_found_or_harmless),
        cmocka_unit_test(unreadable_files_are_told),
        cmocka_unit_test(pipes_are_read),
        cmocka_unit_test(streams_are_read_up_to_the_limit),
        cmocka_unit_test(files_are_read_up_to_a_size),
        cmocka_unit_test(devices_are_no_files),
        cmocka_unit_test(inflates_in_pieces_of_any_size),
        cmocka_unit_test(headers_are_the_format_s),
        cmocka_unit_test(errors_may_go_unread),
    };
    return cmocka_run_group_tests_name("idx", tests, scratch_create, scratch_remove);
}
