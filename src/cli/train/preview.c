#include "cli/train/preview.h"

#include "cli/shared/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST     64u /* rows: more classes are left out */
#define GROUPS   4u  /* images of a digit */
#define VARIANTS 3u  /* of an image, each of another epoch */
#define CELLS    (GROUPS * (1 + VARIANTS))
#define MARGIN   4u  /* pixels between cells */
#define GAP      12u /* more between groups */

enum { FRAME = 160 };

#define NO_IMAGE UINT32_MAX /* fewer images of a digit than places */

typedef struct sheet {
    mnist_view view;
    mnist_sheet paper;
    unsigned zoom; /* each pixel of an image is zoom x zoom of the sheet */
    unsigned rows; /* a class each */
    uint32_t image[MOST][GROUPS];
} sheet;

static mnist_status fail_memory(mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the preview");
}

/* Chooses the first images of each digit in the order of epoch 1. */
static mnist_status choose_images(sheet *s, uint64_t seed, mnist_error *err)
{
    unsigned found[MOST] = {0};
    uint32_t *order = calloc(s->view.count, sizeof *order);
    if (!order) {
        return fail_memory(err);
    }
    mnist_epoch_order(order, s->view.count, seed, 1);
    memset(s->image, 0xff, sizeof s->image);
    for (size_t i = 0; i < s->view.count; i++) {
        const uint8_t label = s->view.labels[order[i]];
        if (label < s->rows && found[label] < GROUPS) {
            s->image[label][found[label]++] = order[i];
        }
    }
    free(order);
    return MNIST_OK;
}

/* Draws an image into its cell; variant 0 is the image undistorted. */
static void draw(sheet *s, unsigned row, unsigned group, unsigned variant, const uint8_t *image)
{
    const size_t high = s->view.rows * s->zoom, wide = s->view.cols * s->zoom;
    const size_t cell = group * (1 + VARIANTS) + variant;
    const size_t top = MARGIN + row * (high + MARGIN),
                 left = MARGIN + cell * (wide + MARGIN) + group * GAP;
    if (variant == 0) {
        mnist_sheet_fill(&s->paper, top - MARGIN / 2, left - MARGIN / 2, high + MARGIN,
                         wide + MARGIN, FRAME);
    }
    mnist_sheet_draw(&s->paper, top, left, (mnist_sheet_image){image, s->view.rows, s->view.cols},
                     s->zoom);
}

static void draw_variant(sheet *s, const mnist_augmenter *augmenter, unsigned variant,
                         uint8_t *scratch)
{
    const size_t pixels = (size_t)s->view.rows * s->view.cols;
    for (unsigned row = 0; row < s->rows; row++) {
        for (unsigned group = 0; group < GROUPS; group++) {
            const uint32_t image = s->image[row][group];
            if (image == NO_IMAGE) {
                continue;
            }
            if (variant == 0) {
                draw(s, row, group, variant, s->view.images + image * pixels);
            } else {
                mnist_augment_image(augmenter, 0, image, s->view.labels[image],
                                    s->view.images + image * pixels, scratch);
                draw(s, row, group, variant, scratch);
            }
        }
    }
}

mnist_status mnist_preview_save(const char *path, mnist_view train,
                                const mnist_augmentation *augmentation, uint64_t seed,
                                mnist_pool *pool, mnist_error *err)
{
    sheet s = {.view = train, .zoom = train.rows <= 64 && train.cols <= 64 ? 2 : 1};
    mnist_augmenter *augmenter;
    mnist_status status =
        mnist_augmenter_create(&augmenter, augmentation, train.rows, train.cols, pool, err);
    if (status != MNIST_OK) {
        return status;
    }
    const unsigned classes = mnist_view_classes(train);
    s.rows = classes < MOST ? classes : MOST;
    uint8_t *scratch = malloc((size_t)train.rows * train.cols);
    const bool paper =
        mnist_sheet_create(&s.paper, MARGIN + s.rows * (train.rows * s.zoom + MARGIN),
                           MARGIN + CELLS * (train.cols * s.zoom + MARGIN) + (GROUPS - 1) * GAP);
    status = paper && scratch ? choose_images(&s, seed, err) : fail_memory(err);
    if (status == MNIST_OK) {
        for (unsigned variant = 0; variant <= VARIANTS; variant++) {
            mnist_augmenter_start(augmenter, pool, seed, variant); /* not used for variant 0 */
            draw_variant(&s, augmenter, variant, scratch);
        }
        status = mnist_sheet_save(&s.paper, path, err);
    }
    free(scratch);
    mnist_sheet_free(&s.paper);
    mnist_augmenter_free(augmenter);
    return status;
}
