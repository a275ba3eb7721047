/* The resampling kernel: the oracle compared with known moves, every table with the oracle. */
#include "unit/unit.h"

#include "unit/tables.h"

enum { ONE = MNIST_WARP_ONE, FIELD_ROWS = 64 };

/* A warp of a picture of noise, with room of its own. */
typedef struct picture {
    mnist_warp warp;
    uint8_t *canvas, *out;
    int16_t *field;
    size_t stride, out_stride;
} picture;

static picture make_picture(size_t rows, size_t cols)
{
    picture p = {.stride = mnist_warp_canvas_stride(cols), .out_stride = mnist_warp_lanes(cols)};
    p.canvas = mnist_alloc(rows + 3, p.stride);
    p.out = mnist_alloc(rows, p.out_stride);
    uint32_t *quads = mnist_alloc((rows + 2) * mnist_warp_lanes(cols + 2), sizeof *quads);
    const size_t field_stride = 2 * p.out_stride + 5;
    p.field = mnist_alloc(FIELD_ROWS * field_stride, sizeof *p.field);
    assert_true(p.canvas && p.out && quads && p.field);
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < cols; x++) {
            p.canvas[(y + 1) * p.stride + x + 1] =
                (uint8_t)(127.5f + 127.5f * test_value(3, y * cols + x));
        }
    }
    for (size_t i = 0; i < FIELD_ROWS * field_stride; i++) {
        p.field[i] = (int16_t)(900.0f * test_value(4, i));
    }
    p.warp = (mnist_warp){.canvas = p.canvas,
                          .quads = quads,
                          .out = p.out,
                          .rows = rows,
                          .cols = cols,
                          .x_0 = ONE,
                          .x_per_x = ONE,
                          .y_0 = ONE,
                          .y_per_y = ONE,
                          .field_stride = field_stride,
                          .field_rows = FIELD_ROWS};
    return p;
}

static void free_picture(picture *p)
{
    mnist_free(p->canvas);
    mnist_free(p->out);
    mnist_free(p->field);
    mnist_free(p->warp.quads);
}

/* The picture's pixel, 0 outside. */
static uint8_t pixel(const picture *p, long y, long x)
{
    const bool inside = y >= 0 && x >= 0 && y < (long)p->warp.rows && x < (long)p->warp.cols;
    return inside ? p->canvas[(size_t)(y + 1) * p->stride + (size_t)(x + 1)] : 0;
}

static void test_whole_pixels(void **state)
{
    (void)state;
    static const long shifts[][2] = {{0, 0}, {3, 0}, {0, -2}, {-5, 4}, {28, 0}, {-40, 200}};
    picture p = make_picture(28, 28);
    for (size_t i = 0; i < LENGTH(shifts); i++) {
        p.warp.x_0 = (int32_t)(1 + shifts[i][0]) * ONE;
        p.warp.y_0 = (int32_t)(1 + shifts[i][1]) * ONE;
        ORACLE->warp(&p.warp);
        for (long y = 0; y < 28; y++) {
            for (long x = 0; x < 28; x++) {
                assert_int_equal(p.out[y * 32 + x], pixel(&p, y + shifts[i][1], x + shifts[i][0]));
            }
        }
    }
    free_picture(&p);
}

/* A quarter turn about the middle: out(y, x) is the pixel at (27 - x, y). */
static void test_quarter_turn(void **state)
{
    (void)state;
    picture p = make_picture(28, 28);
    p.warp.x_per_x = 0;
    p.warp.x_per_y = ONE;
    p.warp.x_0 = ONE;
    p.warp.y_per_x = -ONE;
    p.warp.y_per_y = 0;
    p.warp.y_0 = 28 * ONE;
    ORACLE->warp(&p.warp);
    for (long y = 0; y < 28; y++) {
        for (long x = 0; x < 28; x++) {
            assert_int_equal(p.out[y * 32 + x], pixel(&p, 27 - x, y));
        }
    }
    free_picture(&p);
}

/* Bilinear interpolation in double, rounded to nearest, at steps of which 8 bits say all. */
static void test_between_pixels(void **state)
{
    (void)state;
    picture p = make_picture(9, 20);
    for (int step = 1; step < 256; step += 7) {
        const int other = 255 - step / 2;
        p.warp.x_0 = ONE + step * 256;
        p.warp.y_0 = ONE + other * 256;
        ORACLE->warp(&p.warp);
        for (long y = 0; y < 9; y++) {
            for (long x = 0; x < 20; x++) {
                const double f = step / 256.0, g = other / 256.0;
                const double above = (1 - f) * pixel(&p, y, x) + f * pixel(&p, y, x + 1);
                const double below = (1 - f) * pixel(&p, y + 1, x) + f * pixel(&p, y + 1, x + 1);
                const double value = (1 - g) * above + g * below;
                assert_int_equal(p.out[y * 32 + x], (int)floor(value + 0.5));
            }
        }
    }
    free_picture(&p);
}

/* The field moves where pixels are read, in 1/256 of a pixel, and its rows begin again. */
static void test_field(void **state)
{
    (void)state;
    picture p = make_picture(5, 5);
    for (size_t i = 0; i < FIELD_ROWS * p.warp.field_stride; i++) {
        p.field[i] = 0;
    }
    p.warp.field = p.field;
    p.warp.dx_row = FIELD_ROWS - 2;
    p.warp.dx_column = 7;
    p.warp.dy_row = 20;
    p.warp.dy_column = 3;
    p.field[1 * p.warp.field_stride + 7 + 2] = 2 * 256;     /* dx(3, 2) */
    p.field[(20 + 1) * p.warp.field_stride + 3 + 4] = -256; /* dy(1, 4) */
    ORACLE->warp(&p.warp);
    for (long y = 0; y < 5; y++) {
        for (long x = 0; x < 5; x++) {
            const long from_x = y == 3 && x == 2 ? 4 : x, from_y = y == 1 && x == 4 ? 0 : y;
            assert_int_equal(p.out[y * 16 + x], pixel(&p, from_y, from_x));
        }
    }
    free_picture(&p);
}

/* Far off and near by, with and without a field, on sizes that no vector divides. */
static void check_tables(size_t rows, size_t cols, uint32_t stream)
{
    picture p = make_picture(rows, cols);
    uint8_t *expected = mnist_alloc(rows, p.out_stride);
    float draw[16];
    assert_non_null(expected);
    test_fill(draw, LENGTH(draw), stream, 1.0f);
    const float reach = draw[0] > 0.0f ? 0.3f : 2.0f;
    p.warp.x_per_x += (int32_t)(reach * draw[1] * ONE);
    p.warp.x_per_y = (int32_t)(reach * draw[2] * ONE);
    p.warp.x_0 = (int32_t)(10.0f * draw[3] * ONE);
    p.warp.y_per_x = (int32_t)(reach * draw[4] * ONE);
    p.warp.y_per_y += (int32_t)(reach * draw[5] * ONE);
    p.warp.y_0 = (int32_t)(10.0f * draw[6] * ONE);
    p.warp.field = draw[7] > 0.0f ? p.field : NULL;
    p.warp.dx_row = stream % FIELD_ROWS;
    p.warp.dx_column = stream % 5;
    p.warp.dy_row = FIELD_ROWS - 1 - stream % FIELD_ROWS;
    p.warp.dy_column = p.out_stride;
    ORACLE->warp(&p.warp);
    for (size_t y = 0; y < rows; y++) {
        memcpy(expected + y * p.out_stride, p.out + y * p.out_stride, cols);
    }
    for (size_t k = 1; mnist_kernels_list(k); k++) {
        memset(p.out, 7, rows * p.out_stride);
        mnist_kernels_list(k)->warp(&p.warp);
        for (size_t y = 0; y < rows; y++) {
            if (memcmp(p.out + y * p.out_stride, expected + y * p.out_stride, cols) != 0) {
                fail_msg("%s: row %zu of %zu x %zu, stream %u, is not the oracle's",
                         mnist_kernels_list(k)->name, y, rows, cols, stream);
            }
        }
    }
    mnist_free(expected);
    free_picture(&p);
}

static void test_same_bits(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1},   {3, 2},   {28, 28}, {17, 31},  {5, 64},
                                      {64, 13}, {33, 47}, {1, 256}, {256, 256}};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        for (uint32_t stream = 0; stream < 24; stream++) {
            check_tables(sizes[i][0], sizes[i][1], 100 + stream);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_pixels),   cmocka_unit_test(test_quarter_turn),
        cmocka_unit_test(test_between_pixels), cmocka_unit_test(test_field),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests_name("warp", tests, NULL, NULL);
}
