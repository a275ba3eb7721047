/* Products with weights most of which are 0 (sparse.h): one source for every instruction set, as
 * tiles.c is. */
#include "kernels/simd.h"

#include <assert.h>

#define LINE (MNIST_LANES / SIMD_FLOATS) /* vectors in MNIST_LANES */

/* A row of outputs: `vectors` sums in registers, one weight after the other by a row of inputs. What
 * limits it is reading those rows from the second-level cache; the outputs' chains of multiply-adds
 * overlap, as they do not depend on each other. Returns lanes of all ones where a sum is not finite.
 */
SIMD_INLINE vi product_row(const mnist_sparse_product *p, size_t r, const size_t vectors)
{
    vf sum[MNIST_SPARSE_IMAGES / SIMD_FLOATS];
    vi bad = {0};
    for (size_t v = 0; v < vectors; v++) {
        sum[v] = vf_set(p->init ? p->init[r] : 0.0f);
    }
    const uint32_t *columns = p->w->columns, *starts = p->w->starts;
    const float *values = p->w->values, *all = p->x;
    for (uint32_t e = starts[r], end = starts[r + 1]; e < end; e++) {
        const vf value = vf_set(values[e]);
        const float *x = all + (size_t)columns[e] * MNIST_SPARSE_IMAGES;
        for (size_t v = 0; v < vectors; v++) {
            sum[v] = vf_fma(value, vf_load(x + v * SIMD_FLOATS), sum[v]);
        }
    }
    for (size_t v = 0; v < vectors; v++) {
        bad |= ((vi)sum[v] & 0x7f800000) == 0x7f800000;
        vf_store(p->out + r * MNIST_SPARSE_IMAGES + v * SIMD_FLOATS, sum[v]);
    }
    return bad;
}

SIMD_INLINE bool product_rows(const mnist_sparse_product *p, const size_t vectors)
{
    const mnist_sparse_matrix w = *p->w; /* no store can change copies: registers */
    mnist_sparse_product local = *p;
    local.w = &w;
    vi bad = {0};
    for (size_t r = p->first; r < p->end; r++) {
        bad |= product_row(&local, r, vectors);
    }
    int32_t any = 0;
    for (size_t lane = 0; lane < SIMD_FLOATS; lane++) {
        any |= bad[lane];
    }
    return any == 0;
}

static bool product(const mnist_sparse_product *p)
{
    assert(p->images % MNIST_LANES == 0 && p->images <= MNIST_SPARSE_IMAGES);
    switch (p->images / MNIST_LANES) {
    case 1:
        return product_rows(p, LINE);
    case 2:
        return product_rows(p, 2 * LINE);
    case 3:
        return product_rows(p, 3 * LINE);
    default:
        return product_rows(p, 4 * LINE);
    }
}

/* Sums of SIMD_FLOATS weights of one output, one in each lane: rows of inputs, a square of them at a
 * time, are transposed in registers, so that each image is a vector. */
SIMD_INLINE vf gradient_group(const mnist_sparse_gradient *g, const uint32_t *columns,
                              const size_t count, const float *d, vf sum)
{
    const float *rows[SIMD_FLOATS];
    for (size_t lane = 0; lane < SIMD_FLOATS; lane++) { /* lanes without a weight repeat the last */
        const size_t e = lane < count ? lane : count - 1;
        rows[lane] = g->x + (size_t)columns[e] * MNIST_SPARSE_IMAGES;
    }
    for (size_t i = 0; i < g->images; i += SIMD_FLOATS) {
        vf a[SIMD_FLOATS], b[SIMD_FLOATS];
        for (size_t k = 0; k < SIMD_FLOATS; k++) {
            a[k] = vf_load(rows[k] + i);
        }
        for (size_t bit = 1; bit < SIMD_FLOATS; bit *= 2) { /* as transpose_square of tiles.c */
            for (size_t k = 0; k < SIMD_FLOATS / 2; k++) {
                b[2 * k] = vf_zip_low(a[k], a[k + SIMD_FLOATS / 2]);
                b[2 * k + 1] = vf_zip_high(a[k], a[k + SIMD_FLOATS / 2]);
            }
            for (size_t k = 0; k < SIMD_FLOATS; k++) {
                a[k] = b[k];
            }
        }
        for (size_t k = 0; k < SIMD_FLOATS; k++) {
            sum = vf_fma(a[k], vf_set(d[i + k]), sum);
        }
    }
    return sum;
}

static void gradient(const mnist_sparse_gradient *g)
{
    assert(g->images % MNIST_LANES == 0 && g->images <= MNIST_SPARSE_IMAGES);
    for (size_t r = g->first; r < g->end; r++) {
        const float *d = g->d + r * MNIST_SPARSE_IMAGES;
        for (uint32_t e = g->w->starts[r], end = g->w->starts[r + 1]; e < end; e += SIMD_FLOATS) {
            const size_t count = end - e < SIMD_FLOATS ? end - e : SIMD_FLOATS;
            const uint32_t *columns = g->w->columns + e;
            vf sum = vf_set(0.0f);
            if (g->more) {
                memcpy(&sum, g->out + e, count * sizeof(float));
            }
            sum = gradient_group(g, columns, count, d, sum);
            memcpy(g->out + e, &sum, count * sizeof(float));
        }
    }
}

/* One multiplication of row k by its weights. Columns of a row differ, so that no sum waits for
 * another. */
SIMD_INLINE void image_row(const mnist_sparse_image *p, size_t k, float x)
{
    const uint32_t *columns = p->w->columns;
    const float *values = p->w->values;
    for (uint32_t e = p->w->starts[k], end = p->w->starts[k + 1]; e < end; e++) {
        p->sums[columns[e]] = __builtin_fmaf(x, values[e], p->sums[columns[e]]);
    }
}

static void image(const mnist_sparse_image *p)
{
    for (size_t k = 0; p->x && k < p->rows; k++) {
        if (p->x[k] != 0.0f) { // NOLINT: a product with exactly 0 is left out
            image_row(p, k, p->x[k]);
        }
    }
    for (size_t k = 0; !p->x && k < p->rows; k += 64) {
        uint64_t left = bytes_used(p->bytes + k, p->rows - k);
        for (; left != 0; left &= left - 1) {
            const size_t at = k + (size_t)__builtin_ctzll(left);
            image_row(p, at, p->table[p->bytes[at]]);
        }
    }
}

/* A third of the rows of pixels are 0 in all of 64 images. */
static void pixels(const uint8_t *x, size_t x_stride, const float *table,
                   const mnist_sparse_matrix *w, float *out, size_t rows, size_t images)
{
    for (size_t k = 0; k < rows; k++) {
        if (w->starts[k] == w->starts[k + 1]) {
            continue;
        }
        const uint8_t *from = x + k * x_stride;
        float *to = out + k * MNIST_SPARSE_IMAGES;
        if (bytes_used(from, images) == 0) {
            for (size_t i = 0; i < images; i += SIMD_FLOATS) {
                vf_store(to + i, vf_set(0.0f));
            }
            continue;
        }
        for (size_t i = 0; i < images; i += MNIST_LANES) {
            for (size_t n = 0; n < MNIST_LANES; n++) {
                to[i + n] = table[from[i + n]];
            }
        }
    }
}

static size_t used(const float *w, size_t w_stride, size_t rows, size_t width, uint64_t *bits)
{
    assert(width % MNIST_LANES == 0 && width <= MNIST_PANEL);
    size_t count = 0;
    for (size_t r = 0; r < rows; r++) {
        uint64_t row = 0;
        for (size_t n = 0; n < width; n += SIMD_FLOATS) {
            row |= floats_used(vf_load(w + r * w_stride + n)) << n;
        }
        bits[r] = row;
        count += (size_t)__builtin_popcountll(row);
    }
    return count;
}

extern const mnist_sparse_kernels SIMD_SPARSE;
const mnist_sparse_kernels SIMD_SPARSE = {
    .product = product, .gradient = gradient, .image = image, .pixels = pixels, .used = used};
