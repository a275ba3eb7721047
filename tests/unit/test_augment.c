/* Augmentation: its text, what it does to images, and that training meets the same images whatever
 * the team, the kernels and the way to the first layer. */
#include "unit/unit.h"

#include "base/memory.h"
#include "base/pool.h"
#include "data/batch.h"
#include "data/elastic.h"
#include "kernels/kernels.h"
#include "nn/mlp.h"
#include "train/feed.h"

#include <math.h>
#include <mnist/mnist.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

#define EVERYTHING "ciresan,shift=2,thickness=0.5,erase=0.3"

static mnist_augmentation parsed(const char *text)
{
    mnist_augmentation a;
    mnist_error err;
    if (mnist_augmentation_parse(&a, text, &err) != MNIST_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return a;
}

static void test_text(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"none", "none"},
        {"shift=0", "none"},
        {"light", "shift=1,rotate=10,scale=0.1"},
        {"simard", "elastic=34:4"},
        {"ciresan", "rotate=15,scale=0.15,shear=15,elastic=36:6,half17"},
        {"ciresan,shift=1,half17=0,elastic=0", "shift=1,rotate=15,scale=0.15,shear=15"},
        {"none,erase=1", "erase=1"},
        {"erase=.25,shift=64,thickness=0.000001", "shift=64,thickness=0.000001,erase=0.25"},
        {"half17=1,rotate=12.345678", "rotate=12.345678,half17"},
        {"elastic=100:16", "elastic=100:16"},
        {"elastic=1:0.5,rotate=180.0,scale=0.5,shear=60,thickness=1.000000",
         "rotate=180,scale=0.5,shear=60,elastic=1:0.5,thickness=1"},
        {"shift=1,shift=2", "shift=2"},
    };
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        char text[MNIST_AUGMENTATION_TEXT], again[MNIST_AUGMENTATION_TEXT];
        mnist_augmentation a = parsed(pairs[i][0]), b;
        mnist_augmentation_print(&a, text);
        assert_string_equal(text, pairs[i][1]);
        b = parsed(text);
        mnist_augmentation_print(&b, again);
        assert_string_equal(again, text);
        assert_int_equal(mnist_augmentation_check(&a, NULL), MNIST_OK);
        assert_int_equal(mnist_augmentation_any(&a), strcmp(text, "none") != 0);
    }
    /* every value that can be written comes back */
    for (unsigned millionths = 1; millionths <= 1000000; millionths += 997) {
        char text[MNIST_AUGMENTATION_TEXT];
        mnist_augmentation a = {.erase = (float)(millionths / 1e6)}, b;
        mnist_augmentation_print(&a, text);
        b = parsed(text);
        assert_true(a.erase == b.erase);
    }
}

static void test_bad_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "unknown entry \"\""},
        {"rotat=3", "\"rotat\"; did you mean rotate?"},
        {"shfit=3", "did you mean shift?"},
        {"thick=0.2", "did you mean thickness?"},
        {"cires", "did you mean ciresan?"},
        {"blur=3", "\"blur\"; expected one of shift, rotate,"},
        {"shift=3,", "unknown entry \"\""},
        {",shift=3", "unknown entry \"\""},
        {"shift = 3", "unknown entry \"shift \""},
        {"shift", "shift: expected 0 to 64 pixels"},
        {"shift=", "shift: expected 0 to 64 pixels"},
        {"shift=64.1", "shift=64.1: expected 0 to 64 pixels"},
        {"shift=-1", "shift=-1: expected 0 to 64 pixels"},
        {"shift=nan", "shift=nan: expected 0 to 64 pixels"},
        {"shift=1e1", "shift=1e1: expected 0 to 64 pixels"},
        {"shift=1.0000001", "shift=1.0000001: expected 0 to 64 pixels"},
        {"shift=0x1", "shift=0x1: expected 0 to 64 pixels"},
        {"shift=.", "shift=.: expected 0 to 64 pixels"},
        {"rotate=180.1", "rotate=180.1: expected 0 to 180 degrees"},
        {"scale=0.51", "scale=0.51: expected 0 to 0.5"},
        {"shear=61", "shear=61: expected 0 to 60 degrees"},
        {"thickness=1.1", "thickness=1.1: expected 0 to 1"},
        {"erase=2", "erase=2: expected 0 to 1"},
        {"elastic=34", "elastic=34: expected ALPHA:SIGMA"},
        {"elastic=34:", "elastic=34:: expected ALPHA:SIGMA"},
        {"elastic=34:0.4", "0.5 to 16 pixels"},
        {"elastic=34:17", "0.5 to 16 pixels"},
        {"elastic=101:4", "0 to 100 pixels"},
        {"elastic=34:4:4", "elastic=34:4:4: expected ALPHA:SIGMA"},
        {"half17=2", "half17: expected no value, 0 or 1"},
        {"shift=1,simard", "preset \"simard\" must come first"},
        {"\x1b[31m=3", "\"?[31m\""},
        {"a-name-that-is-so-long-that-no-message-should-repeat-all-of-it", "should"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_augmentation a;
        mnist_error err = {.text = ""};
        assert_int_equal(mnist_augmentation_parse(&a, cases[i].text, &err), MNIST_ERR_ARGUMENT);
        const bool is_long = strstr(cases[i].expected, "should") != NULL;
        if (!strstr(err.text, cases[i].expected) != is_long) {
            fail_msg("\"%s\" gives: %s", cases[i].text, err.text);
        }
        assert_false(mnist_augmentation_any(&a));
    }
    const mnist_augmentation off[] = {{.shift = -1.0f},
                                      {.rotate = NAN},
                                      {.scale = INFINITY},
                                      {.elastic = 3.0f},
                                      {.elastic = 1.0f, .sigma = 17.0f}};
    for (size_t i = 0; i < LENGTH(off); i++) {
        assert_int_equal(mnist_augmentation_check(&off[i], NULL), MNIST_ERR_ARGUMENT);
    }
}

/* One worker's augmenter, set out on (seed, epoch). */
typedef struct bench {
    mnist_pool *pool;
    mnist_augmenter *augmenter;
} bench;

static bench make_bench(const char *spec, unsigned rows, unsigned cols, uint64_t seed,
                        uint32_t epoch)
{
    bench b;
    mnist_augmentation a = parsed(spec);
    assert_int_equal(mnist_pool_create(&b.pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_augmenter_create(&b.augmenter, &a, rows, cols, b.pool, NULL), MNIST_OK);
    mnist_augmenter_start(b.augmenter, b.pool, seed, epoch);
    return b;
}

static void free_bench(bench *b)
{
    mnist_augmenter_free(b->augmenter);
    mnist_pool_free(b->pool);
}

static uint8_t *noise(size_t pixels, size_t images)
{
    uint8_t *image = mnist_alloc(images, pixels), labels[64];
    assert_non_null(image);
    assert_true(images <= LENGTH(labels));
    test_images(image, labels, images, pixels);
    return image;
}

/* Distortions that do nothing, and that do nearly nothing by way of the resampling; no byte past
 * the image is touched. */
static void test_identity(void **state)
{
    (void)state;
    static const unsigned sizes[][2] = {{1, 1},   {1, 7},   {9, 1},   {3, 5},    {28, 28},
                                        {17, 31}, {16, 16}, {40, 20}, {256, 256}};
    static const char *const specs[] = {"none", "shift=0.000001", "erase=0.000001"};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        const size_t pixels = (size_t)sizes[i][0] * sizes[i][1];
        uint8_t *image = noise(pixels, 2), *out = mnist_alloc(pixels + 64, 1);
        for (size_t s = 0; s < LENGTH(specs); s++) {
            bench b = make_bench(specs[s], sizes[i][0], sizes[i][1], 3, 1);
            memset(out, 9, pixels + 64);
            mnist_augment_image(b.augmenter, 0, 5, 3, image, out);
            assert_memory_equal(out, image, pixels);
            for (size_t p = pixels; p < pixels + 64; p++) {
                assert_int_equal(out[p], 9);
            }
            mnist_augment_image(b.augmenter, 0, 6, 3, image + pixels, out); /* its frame is clean */
            assert_memory_equal(out, image + pixels, pixels);
            free_bench(&b);
        }
        mnist_free(image);
        mnist_free(out);
    }
    mnist_pool *pool;
    mnist_augmenter *augmenter;
    mnist_augmentation none = {.shift = 0.0f}, bad = {.shift = 65.0f};
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_augmenter_create(&augmenter, &none, 257, 3, pool, NULL),
                     MNIST_ERR_ARGUMENT);
    assert_null(augmenter);
    assert_int_equal(mnist_augmenter_create(&augmenter, &bad, 28, 28, pool, NULL),
                     MNIST_ERR_ARGUMENT);
    mnist_augmenter_free(NULL);
    mnist_pool_free(pool);
}

/* Where a blob of 3 x 3 pixels at (x, y) from the middle of 65 x 65 ends up: least and most of many
 * draws. */
typedef struct journey {
    double low_x, high_x, low_y, high_y, mean_x, mean_y;
} journey;

static journey travel(const char *spec, int x, int y, uint8_t label)
{
    enum { WIDE = 65, DRAWS = 600 };
    static uint8_t image[WIDE * WIDE], out[WIDE * WIDE];
    bench b = make_bench(spec, WIDE, WIDE, 17, 4);
    journey j = {1e9, -1e9, 1e9, -1e9, 0, 0};
    memset(image, 0, sizeof image);
    for (int row = -1; row <= 1; row++) {
        memset(image + (32 + y + row) * WIDE + 32 + x - 1, 200, 3);
    }
    for (uint64_t i = 0; i < DRAWS; i++) {
        double sum = 0, sum_x = 0, sum_y = 0;
        mnist_augment_image(b.augmenter, 0, i, label, image, out);
        for (int p = 0; p < WIDE * WIDE; p++) {
            sum += out[p];
            sum_x += out[p] * (p % WIDE - 32.0);
            sum_y += out[p] * (p / WIDE - 32.0);
        }
        assert_true(sum > 0);
        j.low_x = fmin(j.low_x, sum_x / sum);
        j.high_x = fmax(j.high_x, sum_x / sum);
        j.low_y = fmin(j.low_y, sum_y / sum);
        j.high_y = fmax(j.high_y, sum_y / sum);
        j.mean_x += sum_x / sum / DRAWS;
        j.mean_y += sum_y / sum / DRAWS;
    }
    free_bench(&b);
    return j;
}

static void assert_range(double low, double high, double expected_low, double expected_high)
{
    if (!(fabs(low - expected_low) < 0.25 && fabs(high - expected_high) < 0.25)) {
        fail_msg("%g to %g, expected %g to %g", low, high, expected_low, expected_high);
    }
}

static void test_moves(void **state)
{
    (void)state;
    const double degree = acos(-1.0) / 180.0;
    journey j = travel("shift=5", 0, 0, 3);
    assert_range(j.low_x, j.high_x, -5, 5);
    assert_range(j.low_y, j.high_y, -5, 5);
    assert_true(fabs(j.mean_x) < 0.4 && fabs(j.mean_y) < 0.4); /* sd of a mean: 0.12 */
    j = travel("rotate=30", 20, 0, 3);
    assert_range(j.low_y, j.high_y, -20 * sin(30 * degree), 20 * sin(30 * degree));
    assert_range(j.low_x, j.high_x, 20 * cos(30 * degree), 20);
    j = travel("rotate=180", 20, 0, 3);
    assert_range(j.low_y, j.high_y, -20, 20);
    assert_range(j.low_x, j.high_x, -20, 20);
    j = travel("scale=0.4", 20, -15, 3);
    assert_range(j.low_x, j.high_x, 12, 28);
    assert_range(j.low_y, j.high_y, -21, -9);
    j = travel("shear=40", 0, -15, 3);
    assert_range(j.low_x, j.high_x, -15 * tan(40 * degree), 15 * tan(40 * degree));
    assert_range(j.low_y, j.high_y, -15, -15);
    j = travel("shear=40", 20, 0, 3);
    assert_range(j.low_x, j.high_x, 20, 20);
    j = travel("elastic=60:12", 0, 0, 3); /* deviation 0.81 pixels: 3 or more are rare */
    assert_true(j.high_x > 1.2 && j.high_x < 4.2 && j.low_y < -1.2 && j.low_y > -4.2);
}

/* half17: labels 1 and 7 get half the limits of others. */
static void test_half17(void **state)
{
    (void)state;
    uint8_t *image = noise(PIXELS, 1), found[PIXELS], expected[PIXELS];
    bench half = make_bench("rotate=30,shear=20,half17", SIDE, SIDE, 1, 2),
          full = make_bench("rotate=30,shear=20", SIDE, SIDE, 1, 2),
          less = make_bench("rotate=15,shear=10", SIDE, SIDE, 1, 2);
    for (uint8_t label = 0; label < MNIST_CLASSES; label++) {
        const bool halved = label == 1 || label == 7;
        mnist_augment_image(half.augmenter, 0, label, label, image, found);
        mnist_augment_image(halved ? less.augmenter : full.augmenter, 0, label, 3, image, expected);
        assert_memory_equal(found, expected, PIXELS);
        mnist_augment_image(halved ? full.augmenter : less.augmenter, 0, label, 3, image, expected);
        assert_memory_not_equal(found, expected, PIXELS);
    }
    free_bench(&half);
    free_bench(&full);
    free_bench(&less);
    mnist_free(image);
}

/* The field is as Simard's: variance (alpha^2 / 3) (sum of squared taps)^2, correlation
 * exp(-d^2 / (4 sigma^2)) at distance d; it has no seams. */
static void test_elastic_field(void **state)
{
    (void)state;
    enum { LAG = 8, COLUMNS = 32 };
    const double alpha = 34, sigma = 4, taps = 1 / (2 * sqrt(acos(-1.0)) * sigma);
    int16_t *alone = mnist_alloc((size_t)ELASTIC_SIDE * (ELASTIC_SIDE + COLUMNS), sizeof *alone);
    assert_non_null(alone);
    for (unsigned threads = 1; threads <= 3; threads++) {
        mnist_elastic *elastic;
        mnist_pool *pool;
        size_t stride;
        assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
        assert_int_equal(mnist_elastic_create(&elastic, (float)alpha, (float)sigma, COLUMNS, NULL),
                         MNIST_OK);
        const int16_t *field = mnist_elastic_field(elastic, &stride);
        assert_int_equal(stride, ELASTIC_SIDE + COLUMNS);
        mnist_elastic_make(elastic, pool, 5, 6);
        double sum = 0, square = 0, across = 0, down = 0, seam = 0;
        for (size_t y = 0; y < ELASTIC_SIDE; y++) {
            const int16_t *row = field + y * stride,
                          *below = field + (y + LAG) % ELASTIC_SIDE * stride;
            for (size_t x = 0; x < ELASTIC_SIDE; x++) {
                sum += row[x];
                square += (double)row[x] * row[x];
                across += (double)row[x] * row[x + LAG];
                down += (double)row[x] * below[x];
            }
            seam += fabs((double)row[ELASTIC_SIDE] - row[ELASTIC_SIDE - 1]) / ELASTIC_SIDE;
            assert_memory_equal(row, row + ELASTIC_SIDE, COLUMNS * sizeof *row);
        }
        const double count = (double)ELASTIC_SIDE * ELASTIC_SIDE, deviation = sqrt(square / count);
        const double expected = 256 * alpha * sqrt(1 / 3.0) * taps, lagged = exp(-1.0);
        assert_true(fabs(deviation / expected - 1) < 0.08); /* some 1300 values are independent */
        assert_true(fabs(sum / count) < 0.12 * expected);
        assert_true(fabs(across / square - lagged) < 0.1 && fabs(down / square - lagged) < 0.1);
        assert_true(seam < 0.3 * expected); /* neighbours differ by 0.14 deviations at random */
        if (threads == 1) {
            memcpy(alone, field, ELASTIC_SIDE * stride * sizeof *field);
        }
        assert_memory_equal(alone, field, ELASTIC_SIDE * stride * sizeof *field);
        mnist_elastic_make(elastic, pool, 5, 7);
        assert_memory_not_equal(alone, field, ELASTIC_SIDE * stride * sizeof *field);
        mnist_elastic_free(elastic);
        mnist_pool_free(pool);
    }
    mnist_free(alone);
}

static void test_thickness(void **state)
{
    (void)state;
    uint8_t image[PIXELS] = {0}, out[PIXELS];
    for (int y = 0; y < SIDE; y++) {
        memset(image + y * SIDE + 12, 200, 4);
    }
    bench b = make_bench("thickness=0.5", SIDE, SIDE, 1, 1);
    int thicker = 0, thinner = 0;
    double most = 0;
    for (uint64_t i = 0; i < 200; i++) {
        int change = 0;
        mnist_augment_image(b.augmenter, 0, i, 3, image, out);
        for (int x = 0; x < SIDE; x++) { /* of a row in the middle: two edges, each by up to 0.5 */
            change += out[14 * SIDE + x] - image[14 * SIDE + x];
        }
        thicker += change > 0;
        thinner += change < 0;
        most = fmax(most, fabs(change / 200.0));
        assert_int_equal(out[14 * SIDE + 10], 0);
    }
    assert_true(thicker > 70 && thinner > 70);
    assert_true(most > 0.9 && most < 1.02);
    free_bench(&b);
}

static void test_erase(void **state)
{
    (void)state;
    uint8_t image[PIXELS], out[PIXELS];
    memset(image, 255, sizeof image);
    bench b = make_bench("erase=0.25", SIDE, SIDE, 1, 1);
    unsigned erased = 0;
    size_t least = PIXELS, most = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        mnist_augment_image(b.augmenter, 0, i, 3, image, out);
        int low_x = SIDE, high_x = -1, low_y = SIDE, high_y = -1, count = 0;
        for (int p = 0; p < PIXELS; p++) {
            if (out[p] == 0) {
                low_x = p % SIDE < low_x ? p % SIDE : low_x;
                high_x = p % SIDE > high_x ? p % SIDE : high_x;
                low_y = p / SIDE < low_y ? p / SIDE : low_y;
                high_y = p / SIDE > high_y ? p / SIDE : high_y;
                count++;
            } else {
                assert_int_equal(out[p], 255);
            }
        }
        if (count > 0) {
            erased++;
            assert_int_equal(count, (high_x - low_x + 1) * (high_y - low_y + 1));
            least = (size_t)count < least ? (size_t)count : least;
            most = (size_t)count > most ? (size_t)count : most;
        }
    }
    assert_true(erased > 400 && erased < 600);                          /* 500, deviation 19 */
    assert_true(least >= 10 && least < 30 && most > 100 && most < 135); /* 2 to 15 %: 16 to 118 */
    free_bench(&b);
}

/* A function of seed, epoch, index, and of nothing else: not of what was made before, nor by whom.
 */
static void test_determinism(void **state)
{
    (void)state;
    uint8_t *image = noise(PIXELS, 1), first[PIXELS], out[PIXELS];
    bench b = make_bench(EVERYTHING, SIDE, SIDE, 1, 2);
    mnist_augment_image(b.augmenter, 0, 77, 4, image, first);
    assert_memory_not_equal(first, image, PIXELS);
    mnist_augment_image(b.augmenter, 0, 78, 4, image, out);
    assert_memory_not_equal(out, first, PIXELS);
    mnist_augment_image(b.augmenter, 0, 77, 4, image, out);
    assert_memory_equal(out, first, PIXELS);
    mnist_augmenter_start(b.augmenter, b.pool, 1, 3);
    mnist_augment_image(b.augmenter, 0, 77, 4, image, out);
    assert_memory_not_equal(out, first, PIXELS);
    mnist_augmenter_start(b.augmenter, b.pool, UINT64_C(1) << 32 | 1, 2);
    mnist_augment_image(b.augmenter, 0, 77, 4, image, out);
    assert_memory_not_equal(out, first, PIXELS);
    mnist_augmenter_start(b.augmenter, b.pool, 1, 2);
    mnist_augment_image(b.augmenter, 0, 77, 4, image, out);
    assert_memory_equal(out, first, PIXELS);
    free_bench(&b);

    mnist_pool *pool;
    mnist_augmenter *augmenter;
    mnist_augmentation a = parsed(EVERYTHING);
    assert_int_equal(mnist_pool_create(&pool, 3, NULL), MNIST_OK);
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
        assert_int_equal(mnist_augmenter_create(&augmenter, &a, SIDE, SIDE, pool, NULL), MNIST_OK);
        mnist_augmenter_start(augmenter, pool, 1, 2);
        mnist_augment_image(augmenter, (unsigned)k % 3, 77, 4, image, out);
        assert_memory_equal(out, first, PIXELS);
        mnist_augmenter_free(augmenter);
    }
    assert_int_equal(mnist_kernels_use(NULL, NULL), MNIST_OK);
    mnist_pool_free(pool);
    mnist_free(image);
}

/* The images of a view one by one, with any number of workers; and without looking at its labels,
 * by which half17 would otherwise tell 1 and 7. */
static void test_view(void **state)
{
    (void)state;
    enum { VIEW = 23 };
    uint8_t *images = noise(PIXELS, VIEW), *out = noise(PIXELS, VIEW), one[PIXELS], labels[VIEW];
    const mnist_augmentation a = parsed(EVERYTHING ",half17");
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        mnist_pool *pool;
        mnist_augmenter *augmenter;
        assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
        assert_int_equal(mnist_augmenter_create(&augmenter, &a, SIDE, SIDE, pool, NULL), MNIST_OK);
        mnist_augmenter_start(augmenter, pool, 5, 6);
        for (uint8_t label = 0; label < MNIST_CLASSES; label++) {
            memset(labels, label, sizeof labels);
            memset(out, 1, VIEW * PIXELS);
            mnist_augment_view(augmenter, pool,
                               (mnist_view){images, label == 9 ? NULL : labels, VIEW, SIDE, SIDE,
                                            MNIST_CLASSES, 0},
                               out);
            for (size_t i = 0; i < VIEW; i++) {
                mnist_augment_image(augmenter, 0, i, 0, images + i * PIXELS, one);
                assert_memory_equal(out + i * PIXELS, one, PIXELS);
            }
        }
        mnist_augment_image(augmenter, 0, 3, 7, images + 3 * PIXELS, one);
        assert_memory_not_equal(out + 3 * PIXELS, one, PIXELS); /* else half17 is not tested */
        mnist_augmenter_free(augmenter);
        mnist_pool_free(pool);
    }
    mnist_free(images);
    mnist_free(out);
}

/* Training. */

enum { IMAGES = 45, BATCH = 16 };

typedef struct feed_step {
    mnist_feed *feed;
    mnist_pass_batch batch;
    const uint8_t *transposed;
} feed_step;

static void feed_task(void *argument, mnist_worker worker)
{
    feed_step *step = argument;
    mnist_pass_batch batch = step->batch;
    mnist_feed_part(step->feed, mnist_kernels_select(), worker, &batch);
    if (worker.index == 0) {
        step->transposed = batch.transposed;
    }
}

static void check_batch(const feed_step *step, mnist_view view, const uint32_t *order, bench *b)
{
    uint8_t expected[PIXELS];
    const mnist_pass_batch *batch = &step->batch;
    for (size_t i = 0; i < batch->count; i++) {
        const uint32_t index = order[i];
        mnist_augment_image(b->augmenter, 0, index, view.labels[index],
                            view.images + index * PIXELS, expected);
        assert_int_equal(batch->labels[i], view.labels[index]);
        for (size_t p = 0; p < PIXELS; p++) {
            if (batch->x) {
                assert_true(batch->x[i * batch->x_stride + p] == batch->table[expected[p]]);
            } else {
                assert_int_equal(batch->bytes[i * PIXELS + p], expected[p]);
                assert_int_equal(step->transposed[p * batch->transposed_stride + i], expected[p]);
            }
        }
    }
}

/* Every batch of two epochs is the images of the order, each distorted by its own index. */
static void check_feed(mnist_zero_skip skip, unsigned threads)
{
    uint8_t *images = noise(PIXELS, IMAGES), labels[IMAGES];
    test_images(images, labels, IMAGES, PIXELS);
    const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
    const mnist_normalization unit = {.kind = MNIST_NORMALIZE_UNIT, .stddev = 1.0f};
    const mnist_augmentation a = parsed(EVERYTHING);
    mnist_pool *pool;
    feed_step step;
    uint32_t order[IMAGES];
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    const mnist_train_config config = {.augmentation = a, .zero_skip = skip};
    const mnist_feed_source source = {.view = view, .normalization = &unit, .batch_size = BATCH};
    assert_int_equal(mnist_feed_create(&step.feed, &source, &config, pool, NULL), MNIST_OK);
    for (uint32_t epoch = 1; epoch <= 2; epoch++) {
        bench b = make_bench(EVERYTHING, SIDE, SIDE, 9, epoch);
        size_t seen = 0;
        mnist_batch_shuffle(order, IMAGES, 9, epoch);
        mnist_feed_start(step.feed, pool, 9, epoch, 0);
        for (step.batch = mnist_feed_batch(step.feed); step.batch.count > 0;
             step.batch = mnist_feed_batch(step.feed)) {
            mnist_pool_run(pool, feed_task, &step);
            assert_true(skip == MNIST_ZERO_SKIP_AUTO ||
                        (step.batch.x != NULL) == (skip == MNIST_ZERO_SKIP_OFF));
            check_batch(&step, view, order + seen, &b);
            seen += step.batch.count;
            mnist_feed_advance(step.feed);
        }
        assert_int_equal(seen, IMAGES);
        free_bench(&b);
    }
    mnist_feed_free(step.feed);
    mnist_pool_free(pool);
    mnist_free(images);
}

static void test_feed(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 6; threads++) {
        check_feed(MNIST_ZERO_SKIP_ON, threads);
        check_feed(MNIST_ZERO_SKIP_OFF, threads);
        check_feed(MNIST_ZERO_SKIP_AUTO, threads);
    }
}

/* The parameters of a net after two epochs. */
static void trained(const mnist_train_config *config, mnist_normalization_kind kind,
                    unsigned threads, float *parameters, size_t count)
{
    uint8_t *images = noise(PIXELS, IMAGES), labels[IMAGES];
    test_images(images, labels, IMAGES, PIXELS);
    const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
    const mnist_mlp_config shape = {.inputs = PIXELS,
                                    .outputs = MNIST_CLASSES,
                                    .hidden_count = 1,
                                    .hidden = {19},
                                    .activation = MNIST_RELU};
    mnist_normalization normalization = mnist_normalization_fit(kind, view);
    mnist_pool *pool;
    mnist_mlp *mlp;
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_HE, 1);
    const mnist_train_job job = {
        .net = mlp, .config = config, .train = view, .normalization = &normalization, .pool = pool};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    assert_true(mlp->arena_size <= count);
    memset(parameters, 0, count * sizeof *parameters);
    memcpy(parameters, mlp->parameters, mlp->arena_size * sizeof *parameters);
    mnist_mlp_free(mlp);
    mnist_pool_free(pool);
    mnist_free(images);
}

static void test_training(void **state)
{
    (void)state;
    enum { COUNT = 64 * (PIXELS + 100) };
    float *expected = mnist_alloc(COUNT, sizeof *expected),
          *found = mnist_alloc(COUNT, sizeof *found);
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 2;
    config.batch_size = BATCH;
    for (int kind = 0; kind < MNIST_NORMALIZATIONS; kind++) {
        config.augmentation = parsed(EVERYTHING);
        config.zero_skip = MNIST_ZERO_SKIP_AUTO;
        trained(&config, (mnist_normalization_kind)kind, 1, expected, COUNT);
        for (int skip = 0; skip < MNIST_ZERO_SKIPS; skip++) {
            config.zero_skip = (mnist_zero_skip)skip;
            for (unsigned threads = 1; threads <= 3; threads++) {
                trained(&config, (mnist_normalization_kind)kind, threads, found, COUNT);
                assert_memory_equal(found, expected, COUNT * sizeof *found);
            }
        }
        config.augmentation = parsed("none");
        trained(&config, (mnist_normalization_kind)kind, 2, found, COUNT);
        assert_memory_not_equal(found, expected, COUNT * sizeof *found);
    }
    mnist_free(expected);
    mnist_free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_identity),    cmocka_unit_test(test_moves),
        cmocka_unit_test(test_half17),      cmocka_unit_test(test_elastic_field),
        cmocka_unit_test(test_thickness),   cmocka_unit_test(test_erase),
        cmocka_unit_test(test_determinism), cmocka_unit_test(test_view),
        cmocka_unit_test(test_feed),        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
