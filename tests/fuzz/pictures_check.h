/* The promises of mnist/image.h, held against the bytes of a file. */
#ifndef MNIST_TESTS_FUZZ_PICTURES_CHECK_H
#define MNIST_TESTS_FUZZ_PICTURES_CHECK_H

#include "base/file.h"
#include "fuzz.h"
#include "image/pictures.h"

/* Pictures of more pixels are not prepared, which would take a fuzzer's time and find nothing. */
#define MOST_PREPARED 65536u

static inline void check_glyph(const mnist_picture *picture, const mnist_glyph *glyph)
{
    const mnist_box box = glyph->box;
    unsigned most = 0;
    PROMISED(box.width >= 1 && box.x < picture->cols && box.width <= picture->cols - box.x);
    PROMISED(box.height >= 1 && box.y < picture->rows && box.height <= picture->rows - box.y);
    for (unsigned i = 0; i < MNIST_PIXELS; i++) {
        most = glyph->pixels[i] > most ? glyph->pixels[i] : most;
    }
    PROMISED(most == 255);
}

/* Pieces of a line: in order, and with a way through all that is cut nowhere. */
static inline void check_pieces(const mnist_picture *picture, mnist_invert invert,
                                mnist_center center, mnist_status expected)
{
    mnist_piece *pieces;
    mnist_error err;
    size_t count;
    unsigned last = 0, reached = 0;
    PROMISED(mnist_picture_pieces(picture, invert, center, &pieces, &count, &err) == expected);
    PROMISED(expected == MNIST_OK || (!pieces && count == 0));
    PROMISED(count <= MNIST_MAX_PIECES);
    for (size_t i = 0; i < count; i++) {
        const mnist_piece *p = &pieces[i];
        check_glyph(picture, &p->glyph);
        PROMISED(p->from < p->to && p->height >= 1);
        PROMISED(i == 0 || p[-1].from < p->from || (p[-1].from == p->from && p[-1].to < p->to));
        last = p->to > last ? p->to : last;
        reached = p->from == reached && p->cuts == 0 && p->joined == 0 ? p->to : reached;
    }
    PROMISED(reached == last);
    free(pieces);
}

static inline void check_prepared(const mnist_picture *picture, mnist_invert invert,
                                  mnist_center center)
{
    mnist_glyph glyph, *glyphs;
    mnist_error err;
    size_t count;
    const mnist_status status = mnist_picture_prepare(picture, invert, center, &glyph, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
    } else {
        check_glyph(picture, &glyph);
    }
    const mnist_status line = mnist_picture_segment(picture, invert, center, &glyphs, &count, &err);
    check_pieces(picture, invert, center, line);
    if (line != MNIST_OK) {
        check_failure(line, &err);
        PROMISED(!glyphs && count == 0);
        return;
    }
    PROMISED(status == MNIST_OK && count >= 1 && count <= MNIST_MAX_GLYPHS);
    for (size_t i = 0; i < count; i++) {
        check_glyph(picture, &glyphs[i]);
    }
    free(glyphs);
}

static inline void check_picture(const mnist_picture *picture, bool prepare)
{
    unsigned sum = 0;
    PROMISED(picture->rows >= 1 && picture->cols >= 1);
    PROMISED((uint64_t)picture->rows * picture->cols <= MNIST_MAX_PICTURE);
    for (size_t i = 0; i < (size_t)picture->rows * picture->cols; i++) { /* all can be read */
        sum += picture->pixels[i];
    }
    if (prepare && (uint64_t)picture->rows * picture->cols <= MOST_PREPARED) {
        mnist_glyph glyph;
        mnist_error err;
        check_prepared(picture, MNIST_INVERT_AUTO, MNIST_CENTER_MASS);
        check_prepared(picture, sum % 2 ? MNIST_INVERT_YES : MNIST_INVERT_NO, MNIST_CENTER_BOX);
        PROMISED(mnist_picture_prepare(picture, MNIST_INVERT_AUTO, MNIST_CENTER_NONE, &glyph,
                                       &err) == MNIST_OK);
    }
}

/* pixels: the most that there may be in all. */
static inline void check_pictures(mnist_picture_reader *read, mnist_picture_format format,
                                  const uint8_t *data, size_t size, uint64_t pixels)
{
    mnist_pictures *pictures = calloc(1, sizeof *pictures);
    mnist_error err;
    uint64_t all = 0;
    const bool prepare = chosen(data, size, 8); /* takes ten times as long as reading */
    PROMISED(pictures);
    pictures->format = format;
    const mnist_picture_sink sink = mnist_pictures_sink(pictures);
    uint8_t *copy = copy_of(data, size);
    const mnist_status status = read(&sink, copy, size, "picture\x1b\n", &err);
    free(copy); /* nothing points into it */
    if (status != MNIST_OK) {
        check_failure(status, &err);
    } else {
        PROMISED(mnist_pictures_count(pictures) >= 1);
    }
    for (size_t i = 0; i < mnist_pictures_count(pictures); i++) {
        const mnist_picture picture = mnist_pictures_at(pictures, i);
        all += (uint64_t)picture.rows * picture.cols;
        if (i < 4) {
            check_picture(&picture, prepare);
        }
    }
    PROMISED(all <= pixels);
    mnist_pictures_free(pictures);
}

#endif
