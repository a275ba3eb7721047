/* The oracle of kernels/sparse.h: what each contract says, a value at a time. */
#include "kernels/kernels.h"

#include <math.h>

static bool product(const mnist_sparse_product *p)
{
    bool finite = true;
    for (size_t r = p->first; r < p->end; r++) {
        for (size_t i = 0; i < p->images; i++) {
            float sum = p->init ? p->init[r] : 0.0f;
            for (uint32_t e = p->w->starts[r]; e < p->w->starts[r + 1]; e++) {
                const float x = p->x[(size_t)p->w->columns[e] * MNIST_SPARSE_IMAGES + i];
                sum = fmaf(p->w->values[e], x, sum);
            }
            p->out[r * MNIST_SPARSE_IMAGES + i] = sum;
            finite = finite && isfinite(sum);
        }
    }
    return finite;
}

static void gradient(const mnist_sparse_gradient *g)
{
    for (size_t r = g->first; r < g->end; r++) {
        for (uint32_t e = g->w->starts[r]; e < g->w->starts[r + 1]; e++) {
            const float *x = g->x + (size_t)g->w->columns[e] * MNIST_SPARSE_IMAGES;
            float sum = g->more ? g->out[e] : 0.0f;
            for (size_t i = 0; i < g->images; i++) {
                sum = fmaf(x[i], g->d[r * MNIST_SPARSE_IMAGES + i], sum);
            }
            g->out[e] = sum;
        }
    }
}

static void image(const mnist_sparse_image *p)
{
    for (size_t k = 0; k < p->rows; k++) {
        const float x = p->x ? p->x[k] : p->table[p->bytes[k]];
        for (uint32_t e = p->w->starts[k]; fpclassify(x) != FP_ZERO && e < p->w->starts[k + 1];
             e++) {
            float *sum = &p->sums[p->w->columns[e]];
            *sum = fmaf(x, p->w->values[e], *sum);
        }
    }
}

static void pixels(const uint8_t *x, size_t x_stride, const float *table,
                   const mnist_sparse_matrix *w, float *out, size_t rows, size_t images)
{
    for (size_t k = 0; k < rows; k++) {
        for (size_t i = 0; w->starts[k] < w->starts[k + 1] && i < images; i++) {
            out[k * MNIST_SPARSE_IMAGES + i] = table[x[k * x_stride + i]];
        }
    }
}

static size_t used(const float *w, size_t w_stride, size_t rows, size_t width, uint64_t *bits)
{
    size_t count = 0;
    for (size_t r = 0; r < rows; r++) {
        bits[r] = 0;
        for (size_t n = 0; n < width; n++) {
            const bool is = fpclassify(w[r * w_stride + n]) != FP_ZERO;
            bits[r] |= (uint64_t)is << n;
            count += is;
        }
    }
    return count;
}

extern const mnist_sparse_kernels mnist_sparse_scalar;
const mnist_sparse_kernels mnist_sparse_scalar = {
    .product = product, .gradient = gradient, .image = image, .pixels = pixels, .used = used};
