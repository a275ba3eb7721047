/* mnist/image.h: pictures from elsewhere, and how they become images like those a net was trained
 * on.
 *
 * MNIST's authors fitted each digit, its shape kept, into 20 x 20 pixels, and moved that by whole
 * pixels until its centre of mass was in the centre of a field of 28 x 28
 * (http://yann.lecun.com/exdb/mnist/). The steps below do the same to a picture of any size. They
 * are in whole numbers but for step 1, so that another program, like the script of the HTML report,
 * can repeat them to the bit. / rounds down where nothing else is said; no number exceeds 2^53.
 *
 * 0. Grey. A pixel of red, green and blue becomes (77 R + 150 G + 29 B + 128) / 256. A sample s
 *    with more than 8 bits, of which m is the largest possible, first becomes (255 s + m / 2) / m.
 *    Opacity a is from 0 to 255: a pixel becomes (grey a + ground (255 - a) + 127) / 255, where
 *    ground is black or white as follows. Let A be the sum of a, and G the sum of a times grey,
 *    over the n pixels. The opaque parts are called dark if 2 G < 255 A. If 2 A < 255 n they are
 *    taken to be ink, and the ground is 255 if they are dark, else 0; otherwise they are taken to
 *    be paper, and the ground is 0 if they are dark, else 255.
 * 1. Two classes (Otsu 1979). The threshold t is the first one from 0 to 254 for which
 *    (s n - S w)^2 / (w (n - w)), in double, is largest. w is the number of pixels whose grey is at
 *    most t, and s the sum of their greys; n and S are the same of all pixels. Thresholds for which
 *    w is 0 or n are left out. The dark class has greys of at most t, the bright class all others.
 * 2. Ink. It is the class that has fewer pixels on the picture's edge (the first and last row and
 *    column, each pixel counted once); if both have as many there, the one with fewer pixels in
 *    all; if that is equal too, the dark one. MNIST_INVERT_YES says that the dark class is ink,
 *    MNIST_INVERT_NO that the bright one is.
 * 3. Levels. Paper is the median of its class: the least grey for which at least half of the class
 *    have that grey or a lower one. Ink is the grey that a quarter of its class reaches or exceeds
 *    in contrast: going from the class's outer end inwards (up from 0 if ink is dark, down from 255
 *    if it is bright), the first grey at which at least a quarter of the class has been passed,
 *    that grey included. d = |ink - paper|; if it is below MNIST_LEAST_CONTRAST the picture is
 *    blank. A grey g gets the value (255 e + d / 2) / d, at most 255, where e = paper - g if ink is
 *    dark, else g - paper, and at least 0.
 * 4. Strokes. A stroke is a set of ink pixels that touch, at sides or corners. A stroke with less
 *    than 1/32 of the pixels of the largest one is dust.
 * 5. What counts. An ink pixel counts if its stroke belongs to the digit; another pixel counts if
 *    one of its eight neighbours is such an ink pixel (which keeps what antialiasing left). All
 *    else is 0. The box is the smallest that holds every pixel that counts and whose value is not
 *    0. Its size is w x h.
 * 6. Pen. Hairlines, thinner than any stroke of MNIST's, would be lost in step 7. A pixel is faint
 *    if it is not ink, does not count and has a value of at least 40; of a line's digits, only in
 *    the digit's part of the picture, which is the box of its ink and one pixel on all sides. Faint
 *    pixels that a way over faint pixels, from one to one of its eight neighbours, connects to a
 *    pixel that counts and has a value of at least 40 are the digit's too. The box of all these has
 *    the size w x h; m = max(w, h), k = max(2, (m + 13) / 26) and r = (m + 14) / 28. A pixel is
 *    broad if it lies in a square of k x k pixels of the digit whose values are all at least 128.
 *    One of the digit's of at least 40 is thin if it is not broad, and a hair if within 2 k rows
 *    and columns of it there is no broad one either. If m is below 24 or min(w, h) below 2 r, or
 *    if there are fewer than m / 4 hairs (not rounded), this step changes nothing: faint pixels are
 *    none of the digit's then. Otherwise pixels within r rows and columns of a thin one, outside of
 *    the picture too, get the value 255, and so do all of the digit's of at least 128; the box is
 *    that of all values that are not 0.
 * 7. Size. With m = max(w, h) the box is scaled to w' x h', where w' = max(1, (40 w + m) / (2 m))
 *    and h' likewise. Each pixel of the result gets the sum, over the box, of value times the area
 *    that lies in it, in such units that a pixel of the box has the area w' h' and one of the
 *    result w h. If M is the largest of these sums, a pixel becomes (510 sum + M) / (2 M), so that
 *    thin strokes are as bright as thick ones.
 * 8. Position. Let q be the sum of all pixels v, and X the sum of x v, where x counts columns from
 *    0. With MNIST_CENTER_MASS the digit moves to the right by (29 q - 2 X) / (2 q), but at least
 *    by 0 and at most by 28 - w'; with MNIST_CENTER_BOX by (28 - w') / 2. Rows likewise.
 *
 * MNIST_CENTER_NONE is for pictures that are made like MNIST's. They are taken whole. Steps 1 to 8
 * do not apply, save that step 2 says what is ink if that is not given (of a picture of one grey,
 * the bright class); if ink is dark, a grey g becomes 255 - g. A picture of 28 x 28 is done then.
 * Other sizes are scaled as in step 7, but with 56 instead of 40 and (2 sum + w h) / (2 w h) as the
 * pixel, and positioned as with MNIST_CENTER_BOX. */
#ifndef MNIST_IMAGE_H
#define MNIST_IMAGE_H

#include <mnist/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MNIST_SIDE   28u                       /* of the images that are made */
#define MNIST_PIXELS (MNIST_SIDE * MNIST_SIDE) /* row-major, 0 is paper, 255 is ink */

#define MNIST_LEAST_CONTRAST 16u /* between paper and ink, of 255 */

/* The largest picture that is read, in pixels: 64 megapixels, more than an A4 page at 600 dots per
 * inch. */
#define MNIST_MAX_PICTURE 67108864u

/* The most digits of a line. */
#define MNIST_MAX_GLYPHS 1000u

typedef enum mnist_invert {
    MNIST_INVERT_AUTO,
    MNIST_INVERT_YES, /* ink is darker than paper */
    MNIST_INVERT_NO,  /* ink is brighter, as in MNIST */
    MNIST_INVERTS
} mnist_invert;

/* "auto", "yes", "no"; NULL past the end. */
const char *mnist_invert_name(mnist_invert invert);

typedef enum mnist_center {
    MNIST_CENTER_MASS, /* as MNIST's authors did */
    MNIST_CENTER_BOX,  /* by the middle of the box */
    MNIST_CENTER_NONE, /* not at all: the whole picture is taken */
    MNIST_CENTERS
} mnist_center;

/* "mass", "box", "none"; NULL past the end. */
const char *mnist_center_name(mnist_center center);

/* A grey picture, row-major, 0 black and 255 white; the pixels are borrowed. */
typedef struct mnist_picture {
    const uint8_t *pixels; /* (rows, cols) */
    unsigned rows, cols;   /* each at least 1, at most MNIST_MAX_PICTURE in all */
} mnist_picture;

/* A part of a picture, in pixels. */
typedef struct mnist_box {
    unsigned x, y, width, height;
} mnist_box;

/* A digit, as a net takes it. */
typedef struct mnist_glyph {
    uint8_t pixels[MNIST_PIXELS];
    mnist_box box; /* where it was in the picture, by step 5 */
    bool inverted; /* ink was darker than paper */
} mnist_glyph;

/* The picture as one digit: every stroke that is no dust. Takes at most 20 bytes a pixel while it
 * runs. Errors: MNIST_ERR_FORMAT (the picture is blank), MNIST_ERR_MEMORY; the texts name no file.
 */
mnist_status mnist_picture_prepare(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph *out, mnist_error *err);

/* The picture as a line of digits, from left to right; several rows from the top. After step 4,
 * strokes that stand side by side are joined to one row: two are if their rows of pixels overlap by
 * more than a third of the shorter one's, a row having those of all its strokes, and this is
 * repeated until no two are left. In their order, rows of less than half the height of the highest
 * then join the nearest row. Within a row, strokes that stand one above the
 * other are joined to one digit: two are if their columns overlap by more than half of the
 * narrower one's, a digit having the columns of all its strokes, and this is repeated until no two
 * are left. Each digit goes through steps 5 to 8 by itself. Their order is that of the middle
 * columns of their strokes. *glyphs is to be released with free. center is not MNIST_CENTER_NONE.
 * Errors: MNIST_ERR_FORMAT (blank; more than MNIST_MAX_GLYPHS), MNIST_ERR_MEMORY; the texts name no
 * file. */
mnist_status mnist_picture_segment(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph **glyphs, size_t *count,
                                   mnist_error *err);

/* The most pieces that a line is cut into. */
#define MNIST_MAX_PIECES 16000u

/* A part of a picture that may be a digit of a line. Borders 0 to n divide the line: they are the
 * ends of shapes of ink, and where a shape is wide, places to cut it. */
typedef struct mnist_piece {
    mnist_glyph glyph;
    unsigned row;      /* the row of digits in which it stands, from the top, from 0 */
    unsigned height;   /* of the highest shape of that row, in pixels */
    unsigned from, to; /* the borders between which the piece lies */
    unsigned cuts;     /* how many of these two, 0 to 2, cut a shape */
    unsigned crossed;  /* how much ink they cross, in thousandths of the shape's height */
    unsigned joined;   /* how many shapes have been taken together, less 1 */
} mnist_piece;

/* The shapes of ink that mnist_picture_segment takes for digits, and what else may be digits: parts
 * of a shape that is wide, and neighbours taken together that are as narrow as one. A path through
 * pieces from border 0 to the last is one way to read the picture, and whoever knows digits chooses
 * among them; the way of uncut single shapes is always there. In the order of from and to. Borders
 * are where little ink is crossed from top to bottom. Otherwise as mnist_picture_segment. */
mnist_status mnist_picture_pieces(const mnist_picture *picture, mnist_invert invert,
                                  mnist_center center, mnist_piece **pieces, size_t *count,
                                  mnist_error *err);

typedef enum mnist_picture_format {
    MNIST_PICTURE_PNG, /* any that libpng reads; files may follow one another */
    MNIST_PICTURE_PNM, /* PGM and PPM: P2, P3, P5, P6; raw ones may follow one another */
    MNIST_PICTURE_IDX, /* images, raw or gzip: 0 is paper */
    MNIST_PICTURE_RAW, /* the bytes of images: 0 is paper */
    MNIST_PICTURE_FORMATS
} mnist_picture_format;

/* "png", "pnm", "idx", "raw"; NULL past the end. */
const char *mnist_picture_format_name(mnist_picture_format format);

/* All the pictures of a file. */
typedef struct mnist_pictures mnist_pictures;

/* Reads a file, whose format is told by its first bytes; a file that begins like none of the
 * formats and has raw_rows times raw_cols bytes, or a multiple of that and nothing by which it is
 * known as something else, is raw. Trusts nothing: sizes are checked before
 * memory is taken, and no picture has more than MNIST_MAX_PICTURE pixels. Memory taken, besides the
 * file's bytes, is at most 5 bytes a pixel of one picture and 1 byte a pixel of the others. PNM has
 * no more pixels than the file has bytes, PNG at most 8,256 a byte; IDX is as
 * mnist_dataset_load_idx says. Colours are taken as they are stored: gamma and profiles are
 * ignored. A picture whose EXIF block (PNG: eXIf) says how it lies is turned upright. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO (also for a directory), MNIST_ERR_FORMAT,
 * MNIST_ERR_MEMORY; the text names the file, where in it, what was expected and what was found. */
mnist_status mnist_pictures_load(mnist_pictures **out, const char *path, unsigned raw_rows,
                                 unsigned raw_cols, mnist_error *err);
/* The same of what remains to be read of an open file or pipe, at most 1 GiB. name: for messages.
 */
mnist_status mnist_pictures_read(mnist_pictures **out, int fd, const char *name, unsigned raw_rows,
                                 unsigned raw_cols, mnist_error *err);
void mnist_pictures_free(mnist_pictures *pictures);

mnist_picture_format mnist_pictures_format(const mnist_pictures *pictures);
size_t mnist_pictures_count(const mnist_pictures *pictures); /* at least 1 */
/* Valid until mnist_pictures_free. Asserts index < count. */
mnist_picture mnist_pictures_at(const mnist_pictures *pictures, size_t index);

#ifdef __cplusplus
}
#endif

#endif
