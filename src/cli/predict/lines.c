#include "cli/predict/lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What is subtracted from the logarithm of a piece's probability. The net alone is not enough: it
 * was shown no halves of digits and no pairs, and is often sure of them too. Chosen on lines of the
 * last 10,000 training images (src/image/README.md). */
#define CUT     0.5 /* for every border that cuts a shape */
#define CROSS   3.0 /* times the ink that it crosses, in heights */
#define JOIN    0.5 /* for every shape that is taken together with another */
#define WIDE    8.0 /* times the width beyond MOST_WIDTH, in heights of the row */
#define LOW     5.0 /* times the height that lacks to LEAST_HEIGHT */
#define NONE    -1e300
#define TINIEST 1e-9 /* probability */

#define MOST_WIDTH   0.9
#define LEAST_HEIGHT 0.6

static double score(mnist_classifier *classifier, unsigned classes, const mnist_piece *piece)
{
    float probabilities[MNIST_MAX_CLASSES], likely = 0.0f; /* NaN counts as 0 */
    mnist_classifier_run(classifier, piece->glyph.pixels, 1, probabilities);
    for (unsigned c = 0; c < classes; c++) {
        likely = probabilities[c] > likely ? probabilities[c] : likely;
    }
    const double width = (double)piece->glyph.box.width / piece->height;
    const double height = (double)piece->glyph.box.height / piece->height;
    return log((double)likely + TINIEST) - CUT * piece->cuts - CROSS * piece->crossed / 1000.0 -
           JOIN * piece->joined - WIDE * fmax(width - MOST_WIDTH, 0.0) -
           LOW * fmax(LEAST_HEIGHT - height, 0.0);
}

/* The best way to a border. */
typedef struct way {
    double score;
    size_t by; /* the piece that ends there */
} way;

/* The way of the largest sum, found from left to right. ways: (borders). */
static void find_ways(mnist_classifier *classifier, unsigned classes, const mnist_piece *pieces,
                      size_t count, way *ways)
{
    for (size_t i = 0; i < count; i++) {
        const mnist_piece *piece = &pieces[i];
        const double sum = ways[piece->from].score + score(classifier, classes, piece);
        if (sum > ways[piece->to].score) {
            ways[piece->to] = (way){sum, i};
        }
    }
}

mnist_status mnist_lines_choose(mnist_classifier *classifier, unsigned classes, mnist_piece *pieces,
                                size_t *count, mnist_error *err)
{
    unsigned last = 0;
    for (size_t i = 0; i < *count; i++) {
        last = pieces[i].to > last ? pieces[i].to : last;
    }
    way *ways = malloc((last + 1u) * sizeof *ways);
    bool *chosen = calloc(*count, sizeof *chosen);
    if (!ways || !chosen) {
        free(chosen);
        free(ways);
        snprintf(err->text, sizeof err->text, "out of memory for a line of digits");
        return MNIST_ERR_MEMORY;
    }
    for (unsigned border = 0; border <= last; border++) {
        ways[border] = (way){border == 0 ? 0.0 : NONE, 0};
    }
    find_ways(classifier, classes, pieces, *count, ways);
    for (unsigned border = last; border > 0; border = pieces[ways[border].by].from) {
        chosen[ways[border].by] = true;
    }
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (chosen[i]) {
            pieces[kept++] = pieces[i];
        }
    }
    *count = kept;
    free(chosen);
    free(ways);
    return MNIST_OK;
}
