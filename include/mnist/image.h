/* mnist/image.h: pictures from elsewhere, and how they become what a net was trained on.
 *
 * MNIST's authors fitted each digit, its shape kept, into 20 x 20 pixels, and moved that by whole
 * pixels until its centre of mass was that of a field of 28 x 28
 * (http://yann.lecun.com/exdb/mnist/). What follows does the same to a picture of any size. It is
 * whole-number arithmetic but for step 1, so that it can be had again elsewhere, in JavaScript for
 * one, to the bit. / rounds down where nothing else is said; no number exceeds 2^53.
 *
 * 0. Grey. A pixel of red, green and blue becomes (77 R + 150 G + 29 B + 128) / 256; of more than 8
 *    bits a sample s of most m first becomes (255 s + m / 2) / m. Where there is opacity, a, from 0
 *    to 255: let A be the sum of a and G that of a times grey, over n pixels. What is opaque is
 * dark if 2 G < 255 A. If 2 A < 255 n, the opaque is taken for ink, and the ground behind it is 255
 *    where it is dark, else 0; otherwise it is taken for paper, and the ground is 0 where it is
 *    dark, else 255. The pixel then is (grey a + ground (255 - a) + 127) / 255.
 * 1. Two classes (Otsu 1979). Of all t from 0 to 254 the first with the largest
 *    (s n - S w)^2 / (w (n - w)), in double, where w is the number of pixels whose grey is at most
 *    t, s the sum of their greys, n and S the same of all; t for which w is 0 or n are left out.
 * The dark class has greys of at most t.
 * 2. Which of them is ink: that which has fewer of the pixels on the picture's edge (the first and
 *    last row and column, each pixel counted once), and if both have as many, fewer of all, and if
 *    that is equal too, the dark one. MNIST_INVERT_YES and _NO say that the dark, or the bright
 *    class is ink.
 * 3. Levels. Paper is the median of its class: the least grey such that twice as many of the class
 *    as there are up to it are at least all. Ink is where a quarter of its class is as far from
 *    paper, or farther: from the class's outer end inwards (0 upwards where ink is dark, 255
 *    downwards where it is bright) the first grey such that four times as many as have been passed,
 *    it included, are at least all. d = |ink - paper|; below MNIST_LEAST_CONTRAST the picture is
 *    blank. A grey g has the value (255 e + d / 2) / d, at most 255, where e = paper - g if ink is
 *    dark, else g - paper, and at least 0.
 * 4. Strokes: ink pixels that touch, corners counted. What has less than 1/32 of the pixels of the
 *    largest is dust.
 * 5. What counts: of ink pixels those that belong to the digit, of others those of which one of the
 *    eight neighbours does (what is left of antialiasing). All else is 0. The box is the smallest
 *    that holds every pixel that counts and whose value is not 0: w x h.
 * 6. Size. m = max(w, h); w' = max(1, (40 w + m) / (2 m)), h' alike. Pixel (x, y) of w' x h' gets
 *    the sum over the box of values times the areas that lie in it, if pixels of the box are w' x
 * h' units and those of the result w x h. With M the largest of these sums, it becomes (510 sum +
 * M) / (2 M): so that a thin stroke is as bright as others.
 * 7. Place. With q the sum of all pixels v, and X that of x v, x from 0: MNIST_CENTER_MASS moves
 * the digit to the right by (29 q - 2 X) / (2 q), but at least 0 and at most 28 - w'.
 *    MNIST_CENTER_BOX moves it by (28 - w') / 2. Rows alike.
 *
 * MNIST_CENTER_NONE is for pictures made like MNIST's. They are taken whole, and of steps 1 to 7
 * there is but the choice of ink, where it is asked for (where all is of one grey, it is the bright
 * one); then, if ink is dark, 255 - g. What is 28 x 28 is then done. Other sizes are fitted into it
 * as in step 6, with 56 in the place of 40 and the pixel being (2 sum + w h) / (2 w h), and placed
 * as MNIST_CENTER_BOX does.
 */
#ifndef MNIST_IMAGE_H
#define MNIST_IMAGE_H

#include <mnist/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MNIST_SIDE   28u                       /* of what comes out */
#define MNIST_PIXELS (MNIST_SIDE * MNIST_SIDE) /* row-major, 0 is paper, 255 is ink */

#define MNIST_LEAST_CONTRAST 16u /* between paper and ink, of 255 */

/* The largest picture that is read: 64 megapixels, an A4 page at 600 dots per inch and more. */
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
    MNIST_CENTER_BOX,  /* the middle of the box goes to the middle */
    MNIST_CENTER_NONE, /* as it is */
    MNIST_CENTERS
} mnist_center;

/* "mass", "box", "none"; NULL past the end. */
const char *mnist_center_name(mnist_center center);

/* Grey, row-major, 0 black and 255 white; borrowed. */
typedef struct mnist_picture {
    const uint8_t *pixels; /* (rows, cols) */
    unsigned rows, cols;   /* each at least 1, at most MNIST_MAX_PICTURE in all */
} mnist_picture;

/* Part of a picture, in its pixels. */
typedef struct mnist_box {
    unsigned x, y, width, height;
} mnist_box;

/* A digit, as a net wants it. */
typedef struct mnist_glyph {
    uint8_t pixels[MNIST_PIXELS];
    mnist_box box; /* where it was */
    bool inverted; /* ink was darker than paper */
} mnist_glyph;

/* The picture as one digit: every stroke that is no dust. Takes at most 8 bytes a pixel for a
 * while. Errors: MNIST_ERR_FORMAT (the picture is blank), MNIST_ERR_MEMORY; without the name of a
 * file. */
mnist_status mnist_picture_prepare(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph *out, mnist_error *err);

/* The picture as a line of digits, from left to right. After step 4, strokes that stand one above
 * the other are one digit: where the columns of two overlap by more than half of the narrower
 * one's, again and again until there are no such two, a digit having the columns of all its
 * strokes. Each digit goes through steps 5 to 7 by itself; they are in the order of twice their
 * strokes' middle column. *glyphs is to be released with free. center is not MNIST_CENTER_NONE.
 * Errors: MNIST_ERR_FORMAT (blank; more than MNIST_MAX_GLYPHS), MNIST_ERR_MEMORY; without the name
 * of a file. */
mnist_status mnist_picture_segment(const mnist_picture *picture, mnist_invert invert,
                                   mnist_center center, mnist_glyph **glyphs, size_t *count,
                                   mnist_error *err);

typedef enum mnist_picture_format {
    MNIST_PICTURE_PNG, /* any that libpng reads */
    MNIST_PICTURE_PNM, /* PGM and PPM: P2, P3, P5, P6; raw ones may follow one another */
    MNIST_PICTURE_IDX, /* images, raw or gzip: 0 is paper */
    MNIST_PICTURE_RAW, /* the bytes of one image: 0 is paper */
    MNIST_PICTURE_FORMATS
} mnist_picture_format;

/* "png", "pnm", "idx", "raw"; NULL past the end. */
const char *mnist_picture_format_name(mnist_picture_format format);

/* All pictures of a file. */
typedef struct mnist_pictures mnist_pictures;

/* Reads a file, whose format is told by its first bytes; what has no mark and is raw_rows times
 * raw_cols bytes long is raw. Trusts nothing: sizes are checked before memory is taken, and no
 * picture has more than MNIST_MAX_PICTURE pixels. Memory taken beside the file's bytes is at most 5
 * bytes a pixel of one picture, and one of each other; of PNM no more pixels than the file has
 * bytes, of PNG 8,256 a byte; of IDX as mnist_dataset_load_idx says. Colours are taken as they are
 * stored: gamma and profiles are not looked at. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO (a
 * directory), MNIST_ERR_FORMAT, MNIST_ERR_MEMORY; the text names the file, where, expected and
 * found. */
mnist_status mnist_pictures_load(mnist_pictures **out, const char *path, unsigned raw_rows,
                                 unsigned raw_cols, mnist_error *err);
/* The same of what is left in an open file or pipe, at most 1 GiB. name: for messages. */
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
