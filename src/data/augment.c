/* Distorted images: the random numbers of each image, and how its pixels are computed from them. */
#include <mnist/data.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/status.h"
#include "data/elastic.h"
#include "kernels/kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A worker's memory. */
typedef struct workspace {
    uint8_t *canvas;    /* mnist_warp: the image in its frame */
    uint8_t *thickened; /* the same with thicker or thinner strokes */
    uint8_t *out;       /* (rows, mnist_warp_lanes(cols)) */
    uint32_t *quads;
} workspace;

struct mnist_augmenter {
    mnist_augmentation spec;
    const mnist_kernels *kernels;
    size_t rows, cols;
    bool moves; /* whether pixels are moved at all */
    mnist_elastic *elastic;
    uint64_t seed;
    uint32_t epoch;
    unsigned workers;
    uint8_t *memory;
    workspace space[MNIST_MAX_THREADS];
};

/* What each random word of an image is for. An entry's words do not depend on which others are
 * set. */
enum {
    DRAW_SHIFT_X,
    DRAW_SHIFT_Y,
    DRAW_ROTATE,
    DRAW_SHEAR,
    DRAW_SCALE_X,
    DRAW_SCALE_Y,
    DRAW_WINDOW_X,
    DRAW_WINDOW_Y,
    DRAW_THICKNESS,
    DRAW_ERASE,
    DRAW_ERASE_AREA,
    DRAW_ERASE_ASPECT,
    DRAW_ERASE_ROW,
    DRAW_ERASE_COLUMN,
    DRAWS = 16
};

static size_t whole_lines(size_t bytes)
{
    return (bytes + MNIST_ALIGN - 1) / MNIST_ALIGN * MNIST_ALIGN;
}

static mnist_status allocate(mnist_augmenter *a, mnist_error *err)
{
    const size_t canvas = whole_lines((a->rows + 3) * mnist_warp_canvas_stride(a->cols)),
                 out = whole_lines(a->rows * mnist_warp_lanes(a->cols)),
                 quads = whole_lines((a->rows + 2) * mnist_warp_lanes(a->cols + 2) * 4),
                 all = 2 * canvas + out + quads;
    a->memory = mnist_alloc(a->workers, all); /* zeroed, and so are the canvases' frames */
    if (!a->memory) {
        return mnist_fail_memory(err, a->workers * all, "distorted images");
    }
    for (unsigned w = 0; w < a->workers; w++) {
        uint8_t *own = a->memory + w * all;
        a->space[w] = (workspace){.canvas = own,
                                  .thickened = own + canvas,
                                  .out = own + 2 * canvas,
                                  .quads = (uint32_t *)(void *)(own + 2 * canvas + out)};
    }
    return MNIST_OK;
}

mnist_status mnist_augmenter_create(mnist_augmenter **out, const mnist_augmentation *augmentation,
                                    unsigned rows, unsigned cols, mnist_pool *pool,
                                    mnist_error *err)
{
    *out = NULL;
    mnist_status status = mnist_augmentation_check(augmentation, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (rows < 1 || cols < 1 || rows > 256 || cols > 256) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "images to be distorted: expected 1 x 1 to 256 x 256 pixels, found %u x "
                          "%u",
                          rows, cols);
    }
    mnist_augmenter *a = mnist_alloc(1, sizeof *a);
    if (!a) {
        return mnist_fail_memory(err, sizeof *a, "distorted images");
    }
    const mnist_augmentation *s = augmentation;
    a->spec = *s;
    a->kernels = mnist_kernels_select();
    a->rows = rows;
    a->cols = cols;
    a->workers = mnist_pool_threads(pool);
    a->moves = s->shift > 0.0f || s->rotate > 0.0f || s->scale > 0.0f || s->shear > 0.0f ||
               s->elastic > 0.0f;
    status = allocate(a, err);
    if (status == MNIST_OK && s->elastic > 0.0f) {
        status =
            mnist_elastic_create(&a->elastic, s->elastic, s->sigma, mnist_warp_lanes(cols), err);
    }
    if (status != MNIST_OK) {
        mnist_augmenter_free(a);
        return status;
    }
    *out = a;
    return MNIST_OK;
}

void mnist_augmenter_free(mnist_augmenter *augmenter)
{
    if (augmenter) {
        mnist_elastic_free(augmenter->elastic);
        mnist_free(augmenter->memory);
        mnist_free(augmenter);
    }
}

void mnist_augmenter_start(mnist_augmenter *augmenter, mnist_pool *pool, uint64_t seed,
                           uint32_t epoch)
{
    augmenter->seed = seed;
    augmenter->epoch = epoch;
    if (augmenter->elastic) {
        mnist_elastic_make(augmenter->elastic, pool, seed, epoch);
    }
}

/* [-limit, limit) */
static double within(uint32_t word, float limit)
{
    return (2.0 * (double)mnist_rng_unit(word) - 1.0) * (double)limit;
}

typedef struct direction {
    double cosine, sine;
} direction;

/* Sine and cosine of an angle in degrees, at most 180 either way, to about 1e-13, in plain
 * arithmetic, as libm's last bit differs between systems: by its series for a quarter of the angle,
 * which is then doubled twice. */
static direction direction_of(double degrees)
{
    const double x = degrees * (0x1.921fb54442d18p+1 / 720.0), x2 = x * x;
    double cosine = 1.0, sine = 1.0;
    cosine = 1.0 - x2 * (1.0 / (13.0 * 14.0)) * cosine;
    sine = 1.0 - x2 * (1.0 / (14.0 * 15.0)) * sine;
    cosine = 1.0 - x2 * (1.0 / (11.0 * 12.0)) * cosine;
    sine = 1.0 - x2 * (1.0 / (12.0 * 13.0)) * sine;
    cosine = 1.0 - x2 * (1.0 / (9.0 * 10.0)) * cosine;
    sine = 1.0 - x2 * (1.0 / (10.0 * 11.0)) * sine;
    cosine = 1.0 - x2 * (1.0 / (7.0 * 8.0)) * cosine;
    sine = 1.0 - x2 * (1.0 / (8.0 * 9.0)) * sine;
    cosine = 1.0 - x2 * (1.0 / (5.0 * 6.0)) * cosine;
    sine = 1.0 - x2 * (1.0 / (6.0 * 7.0)) * sine;
    cosine = 1.0 - x2 * (1.0 / (3.0 * 4.0)) * cosine;
    sine = 1.0 - x2 * (1.0 / (4.0 * 5.0)) * sine;
    cosine = 1.0 - x2 * (1.0 / (1.0 * 2.0)) * cosine;
    sine = x * (1.0 - x2 * (1.0 / (2.0 * 3.0)) * sine);
    for (int doubling = 0; doubling < 2; doubling++) {
        const double twice = 2.0 * sine * cosine;
        cosine = 1.0 - 2.0 * sine * sine;
        sine = twice;
    }
    return (direction){cosine, sine};
}

/* Pixels as a position of mnist_warp, rounded to nearest. */
static int32_t position(double pixels)
{
    return (int32_t)((int64_t)(pixels * MNIST_WARP_ONE + (0x1p40 + 0.5)) - ((int64_t)1 << 40));
}

/* Sets the affine map from an output's pixel to the position where the image is read. */
static void set_matrix(const mnist_augmenter *a, const uint32_t *draw, uint8_t label, mnist_warp *w)
{
    const mnist_augmentation *s = &a->spec;
    const double half = s->half17 && (label == 1 || label == 7) ? 0.5 : 1.0;
    const direction turn = direction_of(half * within(draw[DRAW_ROTATE], s->rotate)),
                    slant = direction_of(half * within(draw[DRAW_SHEAR], s->shear));
    const double tangent = slant.sine / slant.cosine,
                 narrow = 1.0 / (1.0 + within(draw[DRAW_SCALE_X], s->scale)),
                 flat = 1.0 / (1.0 + within(draw[DRAW_SCALE_Y], s->scale));
    /* S^-1 H^-1 R^-1 */
    const double xx = narrow * (turn.cosine + tangent * turn.sine),
                 xy = narrow * (turn.sine - tangent * turn.cosine), yx = flat * -turn.sine,
                 yy = flat * turn.cosine;
    const double middle_x = 0.5 * (double)(a->cols - 1), middle_y = 0.5 * (double)(a->rows - 1);
    const double from_x = middle_x + within(draw[DRAW_SHIFT_X], s->shift),
                 from_y = middle_y + within(draw[DRAW_SHIFT_Y], s->shift);
    w->x_per_x = position(xx);
    w->x_per_y = position(xy);
    w->y_per_x = position(yx);
    w->y_per_y = position(yy);
    /* 1: the canvas' frame */
    w->x_0 = position(middle_x + 1.0 - (xx * from_x + xy * from_y));
    w->y_0 = position(middle_y + 1.0 - (yx * from_x + yy * from_y));
}

static void set_field(const mnist_augmenter *a, const uint32_t *draw, mnist_warp *w)
{
    if (a->elastic) {
        const uint32_t dx = mnist_rng_below(draw[DRAW_WINDOW_X], ELASTIC_SIDE * ELASTIC_SIDE),
                       dy = mnist_rng_below(draw[DRAW_WINDOW_Y], ELASTIC_SIDE * ELASTIC_SIDE);
        w->field = mnist_elastic_field(a->elastic, &w->field_stride);
        w->field_rows = ELASTIC_SIDE;
        w->dx_row = dx / ELASTIC_SIDE;
        w->dx_column = dx % ELASTIC_SIDE;
        w->dy_row = dy / ELASTIC_SIDE;
        w->dy_column = dy % ELASTIC_SIDE;
    }
}

#define CHUNK 16u /* bytes copied at once: to call memcpy for 28 would take longer */

/* Copies an image into the middle of a canvas. What a row's last chunk wrote too far is made 0
 * again. */
static void fill_canvas(const mnist_augmenter *a, const uint8_t *image, uint8_t *canvas)
{
    const size_t stride = mnist_warp_canvas_stride(a->cols), cols = a->cols;
    for (size_t y = 0; y < a->rows; y++) {
        const uint8_t *from = image + y * cols;
        uint8_t *row = canvas + (y + 1) * stride + 1;
        if (y + 1 < a->rows &&
            (a->rows - y - 1) * cols >= CHUNK) { /* all chunks are in the image */
            for (size_t x = 0; x < cols; x += CHUNK) {
                memcpy(row + x, from + x, CHUNK);
            }
            memset(row + cols, 0, CHUNK);
        } else {
            memcpy(row, from, cols);
        }
    }
}

/* Copies rows x cols out of rows that are stride apart. What a row's last chunk writes too far, the
 * next row overwrites. */
static void copy_out(const mnist_augmenter *a, const uint8_t *rows, size_t stride, uint8_t *out)
{
    const size_t cols = a->cols;
    for (size_t y = 0; y < a->rows; y++) {
        const uint8_t *row = rows + y * stride;
        uint8_t *to = out + y * cols;
        if (y + 1 < a->rows && (a->rows - y - 1) * cols >= CHUNK) {
            for (size_t x = 0; x < cols; x += CHUNK) {
                memcpy(to + x, row + x, CHUNK);
            }
        } else {
            memcpy(to, row, cols);
        }
    }
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

static uint8_t lesser(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* part / 256 of difference, rounded; in 16 bits, so that compilers vectorise it. */
static uint8_t part_of(uint8_t difference, uint16_t part)
{
    return (uint8_t)((uint16_t)(difference * part + 128) >> 8);
}

/* Makes strokes thicker (weight > 0) or thinner by about weight / 256 of a pixel: each pixel
 * moves by that fraction towards the largest (or smallest) of itself and its four neighbours,
 * which is grey-level dilation (erosion) by a cross, interpolated. The frame past the image is
 * made 0 again. */
static void thicken(const mnist_augmenter *a, const uint8_t *canvas, uint8_t *out, int weight)
{
    const size_t stride = mnist_warp_canvas_stride(a->cols), end = mnist_warp_lanes(a->cols);
    const uint16_t part = (uint16_t)(weight < 0 ? -weight : weight);
    for (size_t y = 1; y <= a->rows; y++) {
        for (size_t first = 1; first <= end; first += CHUNK) {
            const uint8_t *row = canvas + y * stride + first, *above = row - stride,
                          *below = row + stride, *before = row - 1;
            uint8_t made[CHUNK];
            for (size_t x = 0; x < CHUNK; x++) {
                const uint8_t p = row[x], left = before[x], right = row[x + 1];
                if (weight > 0) {
                    uint8_t most = larger(larger(left, right), larger(above[x], below[x]));
                    made[x] = (uint8_t)(p + part_of((uint8_t)(larger(most, p) - p), part));
                } else {
                    uint8_t least = lesser(lesser(left, right), lesser(above[x], below[x]));
                    made[x] = (uint8_t)(p - part_of((uint8_t)(p - lesser(least, p)), part));
                }
            }
            memcpy(out + y * stride + first, made, CHUNK);
        }
        memset(out + y * stride + 1 + a->cols, 0, CHUNK);
    }
}

/* Length of a side of the rectangle to erase, and where it begins. */
static size_t erased_side(float length, size_t whole, uint32_t word, size_t *first)
{
    size_t side = (size_t)(length + 0.5f);
    side = side < 1 ? 1 : side > whole ? whole : side;
    *first = mnist_rng_below(word, (uint32_t)(whole - side + 1));
    return side;
}

static void erase(const mnist_augmenter *a, const uint32_t *draw, uint8_t *out)
{
    const float area =
        (0.02f + 0.13f * mnist_rng_unit(draw[DRAW_ERASE_AREA])) * (float)(a->rows * a->cols);
    const float aspect = 0.3f + 3.0f * mnist_rng_unit(draw[DRAW_ERASE_ASPECT]);
    size_t y, x;
    const size_t height = erased_side(sqrtf(area * aspect), a->rows, draw[DRAW_ERASE_ROW], &y),
                 width = erased_side(sqrtf(area / aspect), a->cols, draw[DRAW_ERASE_COLUMN], &x);
    for (size_t row = y; row < y + height; row++) {
        memset(out + row * a->cols + x, 0, width);
    }
}

static void draw_words(const mnist_augmenter *a, uint64_t index, uint32_t draw[DRAWS])
{
    const unsigned blocks = a->spec.thickness > 0.0f || a->spec.erase > 0.0f ? 4 : 2;
    for (unsigned b = 0; b < blocks; b++) {
        mnist_rng_block block = mnist_rng(a->seed, MNIST_RNG_AUGMENT, a->epoch, index << 2 | b);
        memcpy(draw + 4 * b, block.word, sizeof block.word);
    }
}

void mnist_augment_image(const mnist_augmenter *a, unsigned worker, uint64_t index, uint8_t label,
                         const uint8_t *image, uint8_t *out)
{
    assert(worker < a->workers && index <= UINT32_MAX);
    const workspace *space = &a->space[worker];
    uint32_t draw[DRAWS] = {0};
    draw_words(a, index, draw);
    const uint8_t *canvas = space->canvas;
    fill_canvas(a, image, space->canvas);
    if (a->spec.thickness > 0.0f) {
        const int weight = (int)(256.0 * within(draw[DRAW_THICKNESS], a->spec.thickness));
        thicken(a, canvas, space->thickened, weight);
        canvas = space->thickened;
    }
    if (a->moves) {
        mnist_warp w = {.canvas = canvas,
                        .quads = space->quads,
                        .out = space->out,
                        .rows = a->rows,
                        .cols = a->cols};
        set_matrix(a, draw, label, &w);
        set_field(a, draw, &w);
        a->kernels->warp(&w);
        copy_out(a, space->out, mnist_warp_lanes(a->cols), out);
    } else {
        const size_t stride = mnist_warp_canvas_stride(a->cols);
        copy_out(a, canvas + stride + 1, stride, out);
    }
    if (mnist_rng_unit(draw[DRAW_ERASE]) < a->spec.erase) {
        erase(a, draw, out);
    }
}

/* What mnist_augment_view gives to each worker. */
typedef struct view_work {
    const mnist_augmenter *augmenter;
    mnist_view view;
    uint8_t *out;
} view_work;

#define NO_LABEL 0 /* a label that half17 does not concern */

static void augment_share(void *argument, mnist_worker worker)
{
    const view_work *work = argument;
    const size_t pixels = (size_t)work->view.rows * work->view.cols;
    size_t image, end;
    mnist_worker_share(worker, work->view.count, &image, &end);
    for (; image < end; image++) {
        mnist_augment_image(work->augmenter, worker.index, image, NO_LABEL,
                            work->view.images + image * pixels, work->out + image * pixels);
    }
}

void mnist_augment_view(const mnist_augmenter *a, mnist_pool *pool, mnist_view view, uint8_t *out)
{
    assert(view.rows == a->rows && view.cols == a->cols);
    assert(mnist_pool_threads(pool) <= a->workers);
    mnist_pool_run(pool, augment_share, &(view_work){a, view, out});
}
