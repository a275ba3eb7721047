/* Which pixels of a picture are ink and which are paper. */
#include "image/strokes.h"

#include "base/status.h"

#include <assert.h>
#include <stdlib.h>

const char *mnist_invert_name(mnist_invert invert)
{
    static const char *const names[MNIST_INVERTS] = {"auto", "yes", "no"};
    return (unsigned)invert < MNIST_INVERTS ? names[invert] : NULL;
}

typedef struct histogram {
    uint64_t of[256]; /* pixels of each grey */
    uint64_t count;
} histogram;

static void histogram_add(histogram *h, const uint8_t *pixels, size_t count, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        h->of[pixels[i * stride]]++;
    }
    h->count += count;
}

static histogram histogram_of(const mnist_picture *picture)
{
    histogram h = {0};
    histogram_add(&h, picture->pixels, (size_t)picture->rows * picture->cols, 1);
    return h;
}

/* The histogram of the first and last row and column, each pixel counted once. */
static histogram histogram_of_edge(const mnist_picture *picture)
{
    histogram h = {0};
    const size_t rows = picture->rows, cols = picture->cols;
    const uint8_t *pixels = picture->pixels;
    histogram_add(&h, pixels, cols, 1);
    if (rows > 1) {
        histogram_add(&h, pixels + (rows - 1) * cols, cols, 1);
    }
    if (rows > 2) {
        histogram_add(&h, pixels + cols, rows - 2, cols);
    }
    if (rows > 2 && cols > 1) {
        histogram_add(&h, pixels + 2 * cols - 1, rows - 2, cols);
    }
    return h;
}

static uint64_t up_to(const histogram *h, unsigned grey)
{
    uint64_t sum = 0;
    for (unsigned g = 0; g <= grey; g++) {
        sum += h->of[g];
    }
    return sum;
}

/* The last grey of the dark class; false: the picture has only one grey. */
static bool find_threshold(const histogram *h, unsigned *threshold)
{
    const double count = (double)h->count;
    double total = 0.0, below = 0.0, sum = 0.0, best = -1.0;
    for (unsigned g = 0; g < 256; g++) {
        total += (double)g * (double)h->of[g];
    }
    for (unsigned g = 0; g < 255; g++) {
        below += (double)h->of[g];
        sum += (double)g * (double)h->of[g];
        if (below > 0.0 && below < count) {
            const double difference = sum * count - total * below;
            const double between = difference * difference / (below * (count - below));
            if (between > best) {
                best = between;
                *threshold = g;
            }
        }
    }
    return best >= 0.0;
}

static bool is_dark(const mnist_picture *picture, mnist_invert invert, const histogram *h,
                    unsigned threshold)
{
    if (invert != MNIST_INVERT_AUTO) {
        return invert == MNIST_INVERT_YES;
    }
    const histogram edge = histogram_of_edge(picture);
    const uint64_t on_edge = up_to(&edge, threshold), in_all = up_to(h, threshold);
    if (2 * on_edge != edge.count) {
        return 2 * on_edge < edge.count;
    }
    return 2 * in_all <= h->count;
}

bool mnist_levels_is_dark(const mnist_picture *picture, mnist_invert invert)
{
    const histogram h = histogram_of(picture);
    unsigned threshold;
    return find_threshold(&h, &threshold) ? is_dark(picture, invert, &h, threshold)
                                          : invert == MNIST_INVERT_YES;
}

/* The first grey, going from `first` upwards or downwards, by which at least count / parts pixels
 * have been passed. */
static unsigned quantile(const histogram *h, unsigned first, bool upwards, unsigned parts,
                         uint64_t count)
{
    unsigned grey = first;
    uint64_t met = h->of[grey];
    while (parts * met < count) {
        grey = upwards ? grey + 1 : grey - 1;
        assert(grey < 256);
        met += h->of[grey];
    }
    return grey;
}

mnist_status mnist_levels_find(const mnist_picture *picture, mnist_invert invert, mnist_levels *out,
                               mnist_error *err)
{
    const histogram h = histogram_of(picture);
    *out = (mnist_levels){0};
    if (!find_threshold(&h, &out->threshold)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "blank: all of its %u x %u pixels are of one grey: expected a digit",
                          picture->cols, picture->rows);
    }
    out->dark = is_dark(picture, invert, &h, out->threshold);
    const uint64_t dark = up_to(&h, out->threshold), bright = h.count - dark;
    /* the median is counted upwards, also for the bright class */
    const int paper =
        (int)quantile(&h, out->dark ? out->threshold + 1 : 0, true, 2, out->dark ? bright : dark);
    const int ink =
        (int)(out->dark ? quantile(&h, 0, true, 4, dark) : quantile(&h, 255, false, 4, bright));
    const int contrast = abs(paper - ink);
    if (contrast < (int)MNIST_LEAST_CONTRAST) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "blank: what might be ink has grey %d, and paper %d: expected a digit "
                          "that differs by at least %u",
                          ink, paper, MNIST_LEAST_CONTRAST);
    }
    for (int g = 0; g < 256; g++) {
        const int excess = out->dark ? paper - g : g - paper;
        const int value = excess > 0 ? (255 * excess + contrast / 2) / contrast : 0;
        out->value[g] = (uint8_t)(value > 255 ? 255 : value);
    }
    return MNIST_OK;
}
