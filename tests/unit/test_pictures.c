/* Files of pictures (image/pictures.c, pnm.c, png.c). PNG files are made here, by the standard, and
 * not by the library that reads them. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <mnist/image.h>
#include <zlib.h>

#include "scratch.h"

/* --- Bytes --- */

typedef struct bytes {
    uint8_t data[65536];
    size_t size;
} bytes;

static void add(bytes *b, const void *data, size_t size)
{
    assert_true(b->size + size <= sizeof b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static mnist_status load_bytes(void **state, const bytes *b, mnist_pictures **out, mnist_error *err)
{
    const scratch_file file = scratch_name(state, "picture");
    assert_int_equal(scratch_write(file.path, (const char *)b->data, b->size), 0);
    return mnist_pictures_load(out, file.path, 28, 28, err);
}

static mnist_pictures *read_well(void **state, const bytes *b, mnist_picture_format format)
{
    mnist_pictures *pictures;
    mnist_error err;
    if (load_bytes(state, b, &pictures, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(mnist_pictures_format(pictures), format);
    return pictures;
}

/* The file is refused, with this in the message. */
static void assert_refused(void **state, const bytes *b, const char *text)
{
    mnist_pictures *pictures;
    mnist_error err;
    assert_int_equal(load_bytes(state, b, &pictures, &err), MNIST_ERR_FORMAT);
    assert_null(pictures);
    if (!strstr(err.text, text)) {
        fail_msg("\"%s\" is not in: %s", text, err.text);
    }
}

static bytes text_bytes(const char *text)
{
    bytes b = {.size = 0};
    add(&b, text, strlen(text));
    return b;
}

static void assert_text_refused(void **state, const char *file, const char *text)
{
    const bytes b = text_bytes(file);
    assert_refused(state, &b, text);
}

/* --- PGM and PPM --- */

static void assert_pixels(void **state, const bytes *b, unsigned rows, unsigned cols,
                          const uint8_t *expected)
{
    mnist_pictures *pictures = read_well(state, b, MNIST_PICTURE_PNM);
    assert_int_equal(mnist_pictures_count(pictures), 1);
    const mnist_picture picture = mnist_pictures_at(pictures, 0);
    assert_int_equal(picture.rows, rows);
    assert_int_equal(picture.cols, cols);
    assert_memory_equal(picture.pixels, expected, (size_t)rows * cols);
    mnist_pictures_free(pictures);
}

static void test_pnm(void **state)
{
    static const uint8_t grey[] = {0, 128, 255, 1, 2, 3};
    bytes b = text_bytes("P2\n# a comment\n3 2 # another\n255\n0 128 255\n1\t2 3\n");
    assert_pixels(state, &b, 2, 3, grey);
    b = text_bytes("P5 3 2#c\n255\n");
    add(&b, grey, 6);
    assert_pixels(state, &b, 2, 3, grey);
    add(&b, "\n", 1); /* with the comment of an image editor */
    assert_pixels(state, &b, 2, 3, grey);
    b = text_bytes("P5\n3 2\n65535\n");
    add(&b, "\0\0\x80\x80\xff\xff\1\1\2\2\3\3", 12);
    assert_pixels(state, &b, 2, 3, grey);
    b = text_bytes("P5 1 1 255\r"); /* there is one byte of white space: the next is a pixel */
    add(&b, "\n", 1);
    static const uint8_t ten = 10;
    assert_pixels(state, &b, 1, 1, &ten);
    /* values of any maximum are rounded to the nearest of 255: 85, 127.5 up, 255 */
    b = text_bytes("P2 3 1 6 2 3 6");
    static const uint8_t sixths[] = {85, 128, 255};
    assert_pixels(state, &b, 1, 3, sixths);
    /* 0.299 R + 0.587 G + 0.114 B */
    b = text_bytes("P3 4 1 255  255 0 0  0 255 0  0 0 255  255 255 255");
    static const uint8_t colours[] = {77, 149, 29, 255};
    assert_pixels(state, &b, 1, 4, colours);
    b = text_bytes("P6 4 1 255\n");
    add(&b, "\xff\0\0\0\xff\0\0\0\xff\xff\xff\xff", 12);
    assert_pixels(state, &b, 1, 4, colours);
}

static void test_several(void **state)
{
    bytes b = text_bytes("P5 2 1 255\nab P6 1 1 255\nzzz\nP5 1 1 255 Q");
    mnist_pictures *pictures = read_well(state, &b, MNIST_PICTURE_PNM);
    assert_int_equal(mnist_pictures_count(pictures), 3);
    assert_int_equal(mnist_pictures_at(pictures, 0).cols, 2);
    assert_int_equal(mnist_pictures_at(pictures, 0).pixels[1], 'b');
    assert_int_equal(mnist_pictures_at(pictures, 1).pixels[0], 'z');
    assert_int_equal(mnist_pictures_at(pictures, 2).pixels[0], 'Q');
    mnist_pictures_free(pictures);
    assert_text_refused(state, "P5 1 1 255\naP5 1", "truncated at byte 16: expected the height");
    assert_text_refused(state, "P5 1 1 255\nax", "1 bytes too many at byte 12");
    assert_text_refused(state, "P2 1 1 255 1\nP2 1 1 255 1", "12 bytes too many at byte 13");
}

static void test_bad_pnm(void **state)
{
    assert_text_refused(state, "P5", "truncated at byte 2: expected the width, found the end");
    assert_text_refused(state, "P5\n# no end", "expected the width");
    assert_text_refused(state, "P5 x", "byte 0x78 at byte 3: expected the width");
    assert_text_refused(state, "P5 -3 4 255\n", "byte 0x2D at byte 3");
    assert_text_refused(state, "P5 0 4 255\n", "a picture of 0 x 4 pixels at byte 0");
    assert_text_refused(state, "P5 4 0 255\n", "4 x 0 pixels");
    assert_text_refused(state, "P5 100000 100000 255\n",
                        "100000 x 100000 pixels at byte 0: expected at most 67108864 pixels");
    assert_text_refused(state, "P5 99999999999999999999999 1 255\n", "expected at most 67108864");
    assert_text_refused(state, "P5 4 18446744073709551617 255\n", "expected at most 67108864");
    assert_text_refused(state, "P5 67108864 1 255\nabc",
                        "truncated at byte 21: expected 67108864 bytes");
    assert_text_refused(state, "P6 2 2 256\n0123456789012345678901", "expected 24 bytes");
    assert_text_refused(state, "P2 2 2 255 1 2 3", "truncated at byte 16: expected at least 7");
    assert_text_refused(state, "P2 2 2 255 1 2 3      ", "expected a pixel, found the end");
    assert_text_refused(state, "P2 2 1 255 1 256",
                        "pixel of value 256 at byte 12: expected at most");
    assert_text_refused(state, "P2 2 1 255 1 2a", "byte 0x61 at byte 14: expected white space");
    assert_text_refused(state, "P5 1 1 0\na", "largest value 0 at byte 7: expected 1 to 65535");
    assert_text_refused(state, "P5 1 1 65536\na", "largest value 65536");
    assert_text_refused(state, "P5 1 1 9x", "byte 0x78 at byte 8: expected white space");
    assert_text_refused(state, "P5 1 1 9", "expected 1 bytes after the header");
    assert_text_refused(state, "P5 1 1 9\na", "pixel of value 97 at byte 9: expected at most 9");
}

/* --- PNG --- */

#ifdef TEST_PNG

static void add_be32(bytes *b, uint32_t value)
{
    const uint8_t four[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                            (uint8_t)value};
    add(b, four, 4);
}

typedef struct png_shape {
    unsigned rows, cols, depth,
        color; /* color as in IHDR: 0 grey, 2 RGB, 3 palette, 4 GA, 6 RGBA */
    bool interlaced;
} png_shape;

static void add_chunk(bytes *b, const char *name, const void *data, size_t size)
{
    bytes chunk = {.size = 0};
    add(&chunk, name, 4);
    add(&chunk, data, size);
    add_be32(b, (uint32_t)size);
    add(b, chunk.data, chunk.size);
    add_be32(b, (uint32_t)crc32(0, chunk.data, (uInt)chunk.size));
}

static void add_start(bytes *b, const png_shape *s)
{
    bytes header = {.size = 0};
    const uint8_t rest[] = {(uint8_t)s->depth, (uint8_t)s->color, 0, 0, s->interlaced};
    add(b, "\x89PNG\r\n\x1a\n", 8);
    add_be32(&header, s->cols);
    add_be32(&header, s->rows);
    add(&header, rest, sizeof rest);
    add_chunk(b, "IHDR", header.data, header.size);
}

static unsigned channels_of(const png_shape *s)
{
    static const unsigned channels[] = {1, 0, 3, 1, 2, 0, 4};
    return channels[s->color];
}

/* Rows of the pixels from (y, x) on, every dy-th and dx-th; filter 0. */
static void add_pass(bytes *raw, const png_shape *s, const uint16_t *samples, unsigned y,
                     unsigned x, unsigned dy, unsigned dx)
{
    const unsigned channels = channels_of(s);
    for (; y < s->rows && x < s->cols; y += dy) {
        unsigned bits = 0, held = 0;
        add(raw, "", 1);
        for (unsigned col = x; col < s->cols; col += dx) {
            for (unsigned c = 0; c < channels; c++) {
                const unsigned sample = samples[((size_t)y * s->cols + col) * channels + c];
                bits = bits << s->depth | sample;
                for (held += s->depth; held >= 8; held -= 8) {
                    const uint8_t byte = (uint8_t)(bits >> (held - 8));
                    add(raw, &byte, 1);
                }
            }
        }
        if (held > 0) {
            const uint8_t byte = (uint8_t)(bits << (8 - held));
            add(raw, &byte, 1);
        }
    }
}

static void add_image(bytes *b, const png_shape *s, const uint16_t *samples)
{
    static const unsigned adam7[7][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                         {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    static bytes raw, packed;
    raw.size = 0;
    for (unsigned pass = 0; s->interlaced && pass < 7; pass++) {
        const unsigned *p = adam7[pass];
        add_pass(&raw, s, samples, p[0], p[1], p[2], p[3]);
    }
    if (!s->interlaced) {
        add_pass(&raw, s, samples, 0, 0, 1, 1);
    }
    uLongf size = sizeof packed.data;
    assert_int_equal(compress(packed.data, &size, raw.data, raw.size), Z_OK);
    /* in two IDAT chunks, which readers must join */
    add_chunk(b, "IDAT", packed.data, size / 2);
    add_chunk(b, "IDAT", packed.data + size / 2, size - size / 2);
}

static void add_end(bytes *b)
{
    add_chunk(b, "IEND", "", 0);
}

static void assert_png(void **state, const bytes *b, const png_shape *s, const uint8_t *expected)
{
    mnist_pictures *pictures = read_well(state, b, MNIST_PICTURE_PNG);
    assert_int_equal(mnist_pictures_count(pictures), 1);
    const mnist_picture picture = mnist_pictures_at(pictures, 0);
    assert_int_equal(picture.rows, s->rows);
    assert_int_equal(picture.cols, s->cols);
    for (size_t i = 0; i < (size_t)s->rows * s->cols; i++) {
        if (picture.pixels[i] != expected[i]) {
            fail_msg("color %u, depth %u, interlaced %d: pixel %zu is %u, not %u", s->color,
                     s->depth, s->interlaced, i, picture.pixels[i], expected[i]);
        }
    }
    mnist_pictures_free(pictures);
}

enum { ROWS = 11, COLS = 13, PIXELS = ROWS * COLS };

static unsigned grey_of(unsigned r, unsigned g, unsigned b)
{
    return (77 * r + 150 * g + 29 * b + 128) / 256;
}

/* Every combination that the standard allows, with opaque pixels where there is opacity. */
static void test_png(void **state)
{
    static const unsigned combinations[][2] = {{0, 1}, {0, 2},  {0, 4},  {0, 8}, {0, 16},
                                               {2, 8}, {2, 16}, {3, 1},  {3, 2}, {3, 4},
                                               {3, 8}, {4, 8},  {4, 16}, {6, 8}, {6, 16}};
    for (size_t n = 0; n < 2 * sizeof combinations / sizeof combinations[0]; n++) {
        const png_shape s = {ROWS, COLS, combinations[n / 2][1], combinations[n / 2][0], n % 2};
        const unsigned channels = channels_of(&s), most = (1u << s.depth) - 1;
        static uint16_t samples[PIXELS * 4];
        uint8_t expected[PIXELS], palette[768];
        for (unsigned i = 0; i < 768; i++) {
            palette[i] = (uint8_t)(i * 89 + 3);
        }
        for (unsigned i = 0; i < PIXELS; i++) {
            unsigned v[4] = {0};
            for (unsigned c = 0; c < channels; c++) {
                const bool opacity = (s.color == 4 && c == 1) || c == 3;
                const unsigned sample = opacity ? most : (i * 7919 + c * 104729 + i / 5) & most;
                samples[i * channels + c] = (uint16_t)sample;
                v[c] = s.depth == 16 ? (255 * sample + 32767) / 65535 : 255 * sample / most;
            }
            const unsigned p = 3u * samples[i * channels];
            expected[i] =
                (uint8_t)(s.color == 3    ? grey_of(palette[p], palette[p + 1], palette[p + 2])
                          : channels >= 3 ? grey_of(v[0], v[1], v[2])
                                          : v[0]);
        }
        static bytes b;
        b.size = 0;
        add_start(&b, &s);
        add_chunk(&b, "tEXt", "Comment\0of no interest", 22);
        if (s.color == 3) {
            add_chunk(&b, "PLTE", palette, (size_t)3 << s.depth);
        }
        add_image(&b, &s, samples);
        add_end(&b);
        assert_png(state, &b, &s, expected);
    }
}

/* Opacity: of a channel, of a palette, of one transparent colour. */
static void test_opacity(void **state)
{
    static bytes b;
    /* black ink, half of it half there, most of the picture transparent: on white */
    png_shape s = {1, 6, 8, 4, false};
    static const uint16_t dark[] = {0, 255, 0, 128, 200, 0, 200, 0, 0, 0, 90, 0};
    static const uint8_t on_white[] = {0, 127, 255, 255, 255, 255};
    b.size = 0;
    add_start(&b, &s);
    add_image(&b, &s, dark);
    add_end(&b);
    assert_png(state, &b, &s, on_white);
    /* white ink: on black */
    static const uint16_t bright[] = {255, 255, 255, 128, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t on_black[] = {255, 128, 0, 0, 0, 0};
    b.size = 0;
    add_start(&b, &s);
    add_image(&b, &s, bright);
    add_end(&b);
    assert_png(state, &b, &s, on_black);
    /* white paper with one corner cut off: on white, or the corner would be ink */
    static const uint16_t corner[] = {255, 255, 250, 255, 0, 255, 255, 255, 255, 255, 0, 0};
    static const uint8_t as_paper[] = {255, 250, 0, 255, 255, 255};
    b.size = 0;
    add_start(&b, &s);
    add_image(&b, &s, corner);
    add_end(&b);
    assert_png(state, &b, &s, as_paper);
    /* a palette: entry 0 is black ink, 1 and all others have no opacity */
    s = (png_shape){1, 6, 2, 3, false};
    static const uint16_t indices[] = {0, 1, 1, 2, 1, 0};
    static const uint8_t of_palette[] = {0, 255, 255, 255, 255, 0};
    b.size = 0;
    add_start(&b, &s);
    add_chunk(&b, "PLTE", "\0\0\0abcabc", 9);
    add_chunk(&b, "tRNS", "\xff\0\0", 3);
    add_image(&b, &s, indices);
    add_end(&b);
    assert_png(state, &b, &s, of_palette);
    /* grey 3 of 0 to 3, white, is transparent */
    s = (png_shape){1, 6, 2, 0, false};
    static const uint16_t greys[] = {0, 3, 3, 1, 3, 3};
    static const uint8_t of_grey[] = {0, 255, 255, 85, 255, 255};
    b.size = 0;
    add_start(&b, &s);
    add_chunk(&b, "tRNS", "\0\3", 2);
    add_image(&b, &s, greys);
    add_end(&b);
    assert_png(state, &b, &s, of_grey);
}

static bytes small_png(void)
{
    const png_shape s = {2, 3, 8, 0, false};
    static const uint16_t samples[] = {1, 2, 3, 4, 5, 6};
    bytes b = {.size = 0};
    add_start(&b, &s);
    add_image(&b, &s, samples);
    add_end(&b);
    return b;
}

/* Files one behind another, padding between them and at the end. */
static void test_several_png(void **state)
{
    const bytes one = small_png();
    const png_shape wide = {1, 5, 8, 0, false};
    bytes b = one;
    add(&b, "\0\n", 2);
    add_start(&b, &wide);
    add_image(&b, &wide, (const uint16_t[]){9, 8, 7, 6, 5});
    add_end(&b);
    const size_t two = b.size;
    add(&b, one.data, one.size);
    add(&b, "\0\0\0", 3);
    mnist_pictures *pictures = read_well(state, &b, MNIST_PICTURE_PNG);
    assert_int_equal(mnist_pictures_count(pictures), 3);
    assert_int_equal(mnist_pictures_at(pictures, 1).cols, 5);
    assert_memory_equal(mnist_pictures_at(pictures, 1).pixels, "\11\10\7\6\5", 5);
    assert_memory_equal(mnist_pictures_at(pictures, 2).pixels, "\1\2\3\4\5\6", 6);
    mnist_pictures_free(pictures);
    b.size = two + one.size - 1; /* offsets count from the start of all */
    char text[128];
    snprintf(text, sizeof text, "truncated at byte %zu: expected the rest of the PNG", b.size);
    assert_refused(state, &b, text);
    b.size = two;
    add(&b, "rest", 4);
    snprintf(text, sizeof text, "4 bytes too many at byte %zu: expected the end", two);
    assert_refused(state, &b, text);
}

/* An EXIF block of one directory with a note and an orientation; little: byte order. */
static bytes exif_block(bool little, unsigned orientation)
{
    static const uint8_t big_end[] = "MM\0*\0\0\0\12xx\0\2\1\17\0\2\0\0\0\4abc\0"
                                     "\1\22\0\3\0\0\0\1\0\0\0\0\0\0\0\0";
    static const uint8_t little_end[] = "II*\0\12\0\0\0xx\2\0\17\1\2\0\4\0\0\0abc\0"
                                        "\22\1\3\0\1\0\0\0\0\0\0\0\0\0\0\0";
    bytes b = {.size = 0};
    add(&b, little ? little_end : big_end, 40);
    b.data[little ? 32 : 33] = (uint8_t)orientation;
    return b;
}

static bytes turned_png(const void *exif, size_t size, bool behind)
{
    const png_shape s = {2, 3, 8, 0, false};
    bytes b = {.size = 0};
    add_start(&b, &s);
    for (unsigned part = 0; part < 2; part++) {
        if (part == behind) {
            add_chunk(&b, "eXIf", exif, size);
        }
        if (part == 0) {
            add_image(&b, &s, (const uint16_t[]){1, 2, 3, 4, 5, 6});
        }
    }
    add_end(&b);
    return b;
}

static void assert_turned(void **state, const bytes *b, unsigned cols, const char *expected)
{
    mnist_pictures *pictures = read_well(state, b, MNIST_PICTURE_PNG);
    const mnist_picture picture = mnist_pictures_at(pictures, 0);
    assert_int_equal(picture.cols, cols);
    assert_int_equal(picture.rows, 6 / cols);
    assert_memory_equal(picture.pixels, expected, 6);
    mnist_pictures_free(pictures);
}

static const char expected_upright[] = "\1\2\3\4\5\6";

/* 123/456 in the orientations that EXIF knows: by which side of the scene the first row and column
 * are. */
static void test_orientation(void **state)
{
    static const char *const expected[] = {
        "\1\2\3\4\5\6", "\1\2\3\4\5\6", "\3\2\1\6\5\4", "\6\5\4\3\2\1", "\4\5\6\1\2\3",
        "\1\4\2\5\3\6", "\4\1\5\2\6\3", "\6\3\5\2\4\1", "\3\6\2\5\1\4", "\1\2\3\4\5\6"};
    for (unsigned n = 0; n < 20; n++) {
        const unsigned orientation = n / 2;
        const bytes exif = exif_block(n % 2, orientation);
        const bytes b = turned_png(exif.data, exif.size, orientation % 2);
        assert_turned(state, &b, orientation >= 5 && orientation <= 8 ? 2 : 3,
                      expected[orientation]);
    }
}

/* Blocks that are cut, or not sound, leave the picture as it is stored. */
static void test_bad_exif(void **state)
{
    const bytes exif = exif_block(true, 3);
    for (size_t size = 0; size <= exif.size; size++) {
        const bytes b = turned_png(exif.data, size, true);
        assert_turned(state, &b, 3, size < 36 ? expected_upright : "\6\5\4\3\2\1");
    }
    static const struct {
        unsigned at;
        uint8_t byte;
    } wrong[] = {{0, 'J'}, {2, 43}, {4, 200}, {7, 255}, {10, 1},
                 {10, 0},  {24, 2}, {26, 0},  {33, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bytes changed = exif;
        changed.data[wrong[i].at] = wrong[i].byte;
        const bytes b = turned_png(changed.data, changed.size, false);
        assert_turned(state, &b, 3, expected_upright);
    }
}

static void test_bad_png(void **state)
{
    bytes b = small_png();
    mnist_pictures_free(read_well(state, &b, MNIST_PICTURE_PNG));
    for (size_t size = b.size - 1; size >= 4; size--) { /* wherever it is cut */
        bytes cut = b;
        cut.size = size;
        assert_refused(state, &cut, "truncated at byte ");
    }
    for (size_t i = 4; i < b.size;
         i++) { /* a wrong bit anywhere in the chunks is seen by their CRC */
        bytes flipped = b;
        flipped.data[i] ^= 4;
        mnist_pictures *pictures;
        mnist_error err;
        assert_int_equal(load_bytes(state, &flipped, &pictures, &err), MNIST_ERR_FORMAT);
        assert_null(pictures);
        assert_non_null(strstr(err.text, "/picture: "));
    }
    /* sizes that are refused before memory is taken */
    png_shape s = {100000, 100000, 8, 0, false};
    b.size = 0;
    add_start(&b, &s);
    add_chunk(&b, "IDAT", "abc", 3);
    assert_refused(state, &b,
                   "100000 x 100000 pixels at byte 16: expected at most 67108864 pixels");
    s = (png_shape){8000, 8000, 8, 6, false};
    b.size = 0;
    add_start(&b, &s);
    add_chunk(&b, "IDAT", "abc", 3);
    assert_refused(state, &b, "promises 256000000 bytes, but a file of 48 bytes cannot");
    s = (png_shape){0, 3, 8, 0, false};
    b.size = 0;
    add_start(&b, &s);
    add_chunk(&b, "IDAT", "abc", 3);
    assert_refused(state, &b, "not a sound PNG file: ");
    s = (png_shape){2, 2, 8, 3, false}; /* a palette that is not there */
    b.size = 0;
    add_start(&b, &s);
    add_image(&b, &s, (const uint16_t[]){0, 0, 0, 0});
    add_end(&b);
    assert_refused(state, &b, "not a sound PNG file: ");
    s = (png_shape){3, 3, 8, 0, false}; /* fewer rows than said */
    const png_shape less = {2, 3, 8, 0, false};
    b.size = 0;
    add_start(&b, &s);
    add_image(&b, &less, (const uint16_t[]){0, 0, 0, 0, 0, 0});
    add_end(&b);
    assert_refused(state, &b, "not a sound PNG file: ");
}

/* A text chunk that would inflate to 1 MB is not inflated. */
static void test_bomb(void **state)
{
    static uint8_t zeros[1 << 20], packed[4096];
    uLongf size = sizeof packed - 8;
    memcpy(packed, "bomb\0", 6);
    assert_int_equal(compress(packed + 6, &size, zeros, sizeof zeros), Z_OK);
    const png_shape s = {2, 3, 8, 0, false};
    static bytes b;
    b.size = 0;
    add_start(&b, &s);
    for (unsigned i = 0; i < 40; i++) {
        add_chunk(&b, "zTXt", packed, size + 6);
    }
    add_image(&b, &s, (const uint16_t[]){1, 2, 3, 4, 5, 6});
    add_end(&b);
    mnist_pictures_free(read_well(state, &b, MNIST_PICTURE_PNG));
}

#else

static void test_without_png(void **state)
{
    const bytes b = text_bytes("\x89PNG\r\n\x1a\n");
    assert_refused(state, &b, "was built without libpng");
}

#endif

/* --- Other files --- */

static void test_formats(void **state)
{
    bytes b = {.size = 0};
    for (unsigned i = 0; i < 784; i++) {
        add(&b, &(uint8_t){(uint8_t)(i * 3)}, 1);
    }
    mnist_pictures *pictures = read_well(state, &b, MNIST_PICTURE_RAW);
    assert_int_equal(mnist_pictures_count(pictures), 1);
    const mnist_picture raw = mnist_pictures_at(pictures, 0);
    assert_int_equal(raw.rows, 28);
    assert_int_equal(raw.cols, 28);
    assert_memory_equal(raw.pixels, b.data, 784);
    mnist_pictures_free(pictures);
    add(&b, "x", 1);
    assert_refused(state, &b, "785 bytes: expected a picture as PNG, PGM or PPM");
    b.data[0] = b.data[1] = b.data[2] = b.data[3] = 0; /* 0, 0 and no type: no IDX */
    assert_refused(state, &b, "785 bytes: expected a picture as PNG, PGM or PPM");
    for (unsigned i = 785; i < 3 * 784; i++) {
        add(&b, &(uint8_t){(uint8_t)i}, 1);
    }
    pictures = read_well(state, &b, MNIST_PICTURE_RAW);
    assert_int_equal(mnist_pictures_count(pictures), 3);
    assert_int_equal(mnist_pictures_at(pictures, 2).cols, 28);
    assert_memory_equal(mnist_pictures_at(pictures, 2).pixels, b.data + 1568, 784);
    mnist_pictures_free(pictures);
    memcpy(b.data, "PK\3\4", 4); /* of whole images too, what is known is not raw */
    assert_refused(state, &b, "a zip archive");
    memset(b.data, '7', b.size);
    assert_refused(state, &b, "2352 bytes: expected a picture");

    b.size = 0;
    add(&b, "\0\0\x8\3\0\0\0\2\0\0\0\2\0\0\0\3abcdefABCDEF", 28);
    pictures = read_well(state, &b, MNIST_PICTURE_IDX);
    assert_int_equal(mnist_pictures_count(pictures), 2);
    const mnist_picture second = mnist_pictures_at(pictures, 1);
    assert_int_equal(second.rows, 2);
    assert_int_equal(second.cols, 3);
    assert_memory_equal(second.pixels, "ABCDEF", 6);
    mnist_pictures_free(pictures);
    b.size--;
    assert_refused(state, &b, "truncated at byte 27");

    b.size = 0;
    assert_refused(state, &b, "empty, 0 bytes: expected a picture");
    assert_text_refused(state, "\xff\xd8\xff\xe0", "a JPEG picture: convert it to PNG?");
    assert_text_refused(state, "P4 8 1 x", "a PBM bitmap: convert it to PGM?");
    assert_text_refused(state, "<svg>", "an SVG drawing");
    assert_text_refused(state, "\x89", "1 bytes: expected a picture");
    assert_text_refused(state, "P", "1 bytes: expected a picture");
    assert_text_refused(state, "hello, world", "784 bytes for each image of 28 x 28");
}

static void test_places(void **state)
{
    mnist_pictures *pictures;
    mnist_error err;
    const scratch_file none = scratch_name(state, "none"), dir = scratch_name(state, "dir");
    assert_int_equal(mnist_pictures_load(&pictures, none.path, 28, 28, &err), MNIST_ERR_NOT_FOUND);
    assert_int_equal(mkdir(dir.path, 0777), 0);
    assert_int_equal(mnist_pictures_load(&pictures, dir.path, 28, 28, &err), MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "is a directory"));
    const int of_dir = open(dir.path, O_RDONLY);
    assert_int_equal(mnist_pictures_read(&pictures, of_dir, "stdin", 28, 28, &err), MNIST_ERR_IO);
    assert_string_equal(err.text, "stdin: is a directory, expected a file");
    close(of_dir);
    int ends[2]; /* what is left in a pipe */
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "junkP2 1 1 9 9", 14), 14);
    close(ends[1]);
    char junk[4];
    assert_int_equal(read(ends[0], junk, 4), 4);
    assert_int_equal(mnist_pictures_read(&pictures, ends[0], "stdin", 28, 28, &err), MNIST_OK);
    assert_int_equal(mnist_pictures_at(pictures, 0).pixels[0], 255);
    mnist_pictures_free(pictures);
    assert_int_equal(mnist_pictures_read(&pictures, ends[0], "stdin", 28, 28, &err),
                     MNIST_ERR_FORMAT);
    close(ends[0]);
    assert_int_equal(mnist_pictures_read(&pictures, ends[0], "stdin", 28, 28, &err), MNIST_ERR_IO);
    mnist_pictures_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pnm, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_several, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_bad_pnm, scratch_create, scratch_remove),
#ifdef TEST_PNG
        cmocka_unit_test_setup_teardown(test_png, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_opacity, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_several_png, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_orientation, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_bad_exif, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_bad_png, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_bomb, scratch_create, scratch_remove),
#else
        cmocka_unit_test_setup_teardown(test_without_png, scratch_create, scratch_remove),
#endif
        cmocka_unit_test_setup_teardown(test_formats, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_places, scratch_create, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
