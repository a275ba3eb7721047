#include "cli/shared/sanity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_AT 1000u /* images */

static size_t stride_of(mnist_view view)
{
    return view.count > LOOKED_AT ? view.count / LOOKED_AT : 1;
}

/* The largest pixel of all images, or the first that is above MNIST_DIM. */
static unsigned search_largest(mnist_view view)
{
    const size_t bytes = view.count * view.rows * view.cols;
    unsigned largest = 0;
    for (size_t i = 0; i < bytes && largest <= MNIST_DIM; i++) {
        largest = view.images[i] > largest ? view.images[i] : largest;
    }
    return largest;
}

mnist_looks mnist_look_at(mnist_view view)
{
    const size_t pixels = (size_t)view.rows * view.cols, stride = stride_of(view);
    uint64_t sum = 0, seen = 0;
    unsigned largest = 0;
    for (size_t i = 0; i < view.count; i += stride, seen += pixels) {
        const uint8_t *image = view.images + i * pixels;
        for (size_t p = 0; p < pixels; p++) {
            sum += image[p];
            largest = image[p] > largest ? image[p] : largest;
        }
    }
    largest = largest > MNIST_DIM ? largest : search_largest(view);
    return (mnist_looks){
        .largest = largest,
        .mean = largest > 0 && seen > 0 ? (double)sum / (double)seen / largest : 0.0,
    };
}

bool mnist_is_chance(mnist_view view, double accuracy)
{
    size_t counts[256] = {0}, most = 0;
    for (size_t i = 0; i < view.count; i++) {
        const size_t count = ++counts[view.labels[i]];
        most = count > most ? count : most;
    }
    const double share = view.count > 0 ? (double)most / (double)view.count : 0.0;
    return accuracy <= share + 0.06 * (1.0 - share);
}

bool mnist_has_exploded(unsigned classes, double largest_loss, double last_accuracy)
{
    return largest_loss > 100.0 * log((double)classes) && last_accuracy <= 0.5;
}

/* Advice. */

/* Images of a view that are evenly spaced; memory of its own. */
typedef struct sample {
    mnist_view view;
    uint8_t *images, *labels, *stepped;
} sample;

static bool take_sample(sample *s, mnist_view view)
{
    const size_t pixels = (size_t)view.rows * view.cols, stride = stride_of(view);
    const size_t count = (view.count + stride - 1) / stride;
    *s = (sample){.images = malloc(count * pixels),
                  .labels = malloc(count),
                  .stepped = malloc(count * pixels)};
    if (!s->images || !s->labels || !s->stepped) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(s->images + i * pixels, view.images + i * stride * pixels, pixels);
        s->labels[i] = view.labels[i * stride];
    }
    s->view = view;
    s->view.images = s->images;
    s->view.labels = s->labels;
    s->view.count = count;
    return true;
}

static void free_sample(sample *s)
{
    free(s->images);
    free(s->labels);
    free(s->stepped);
}

/* The accuracy on the sample after the steps, none of which changes an image's number of pixels; below 0:
 * it could not be told. */
static double try_steps(sample *s, const mnist_steps *steps, mnist_mlp *mlp,
                        const mnist_normalization *normalization, mnist_pool *pool)
{
    mnist_view view = s->view;
    mnist_evaluation evaluation;
    view.images = s->stepped;
    mnist_steps_shape(steps, &view.rows, &view.cols);
    return mnist_steps_apply(steps, s->view, s->stepped, NULL) == MNIST_OK &&
                   mnist_evaluate(mlp, view, normalization, pool, &evaluation, NULL) == MNIST_OK
               ? evaluation.accuracy
               : -1.0;
}

/* The choice-th combination of the steps that are tried; largest: the pixel that becomes 255, or 0. */
static mnist_steps combine(unsigned choice, unsigned largest)
{
    mnist_steps steps = {.count = 0};
    if (choice & 4u) {
        mnist_steps_add(&steps, MNIST_STEP_MAX_PIXEL, (float)largest);
    }
    if (choice & 1u) {
        mnist_steps_add(&steps, MNIST_STEP_INVERT, 0.0f);
    }
    if (choice & 2u) {
        mnist_steps_add(&steps, MNIST_STEP_TRANSPOSE, 0.0f);
    }
    return steps;
}

bool mnist_advice_find(mnist_advice *out, mnist_mlp *mlp, mnist_view view,
                       const mnist_normalization *normalization, mnist_pool *pool)
{
    const unsigned largest = mnist_look_at(view).largest;
    const unsigned choices = largest > 0 && largest <= MNIST_DIM ? 8 : 4;
    sample s;
    *out = (mnist_advice){.improved = -1.0};
    if (take_sample(&s, view)) {
        out->images = s.view.count;
        out->accuracy = try_steps(&s, &out->steps, mlp, normalization, pool);
        for (unsigned choice = 1; choice < choices; choice++) {
            const mnist_steps steps = combine(choice, largest);
            const double accuracy = try_steps(&s, &steps, mlp, normalization, pool);
            if (accuracy > out->improved) {
                out->improved = accuracy;
                out->steps = steps;
            }
        }
    }
    free_sample(&s);
    return out->improved >= MNIST_BAD_ACCURACY && out->improved >= out->accuracy + 0.25;
}

void mnist_advice_flags(const mnist_steps *steps, char text[MNIST_FLAGS_TEXT])
{
    char list[MNIST_STEPS_TEXT];
    mnist_steps_print(steps, list);
    text[0] = '\0';
    for (char *name = list, *comma; *name; name = comma) {
        const size_t used = strlen(text), length = strcspn(name, ",");
        comma = name + length + (name[length] == ',');
        name[length] = '\0';
        char *equals = strchr(name, '=');
        if (equals) {
            *equals = ' ';
        }
        snprintf(text + used, MNIST_FLAGS_TEXT - used, "%s--%s", used ? " " : "", name);
    }
}
