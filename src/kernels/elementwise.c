#include "kernels/elementwise.h"

#include "kernels/draw.h"

#include <assert.h>

void ELEMENTWISE(sgd)(float *w, float *v, const float *g, size_t n, const mnist_sgd_update *u)
{
    assert(n % MNIST_LANES == 0);
    const vf decay = vf_set(u->decay), scale = vf_set(u->scale), momentum = vf_set(u->momentum),
             rate = vf_set(-u->lr);
    for (size_t i = 0; i < n; i += SIMD_FLOATS) {
        vf weight = vf_load(w + i);
        vf gradient = vf_fma(decay, weight, vf_load(g + i) * scale);
        vf velocity = vf_fma(momentum, vf_load(v + i), gradient);
        vf direction = u->nesterov ? vf_fma(momentum, velocity, gradient) : velocity;
        vf_store(v + i, velocity);
        vf_store(w + i, vf_fma(rate, direction, weight));
    }
}

double ELEMENTWISE(sum_squares)(const float *g, size_t n)
{
    assert(n % MNIST_LANES == 0);
    double sums[MNIST_LANES] = {0};
    for (size_t i = 0; i < n; i += MNIST_LANES) {
        for (size_t lane = 0; lane < MNIST_LANES; lane++) {
            double value = g[i + lane];
            sums[lane] += value * value;
        }
    }
    double sum = 0.0;
    for (size_t lane = 0; lane < MNIST_LANES; lane++) {
        sum += sums[lane];
    }
    return sum;
}

void ELEMENTWISE(adam)(float *w, float *m, float *v, const float *g, size_t n,
                       const mnist_adam_update *u)
{
    assert(n % MNIST_LANES == 0);
    const vf beta1 = vf_set(u->beta1), gain1 = vf_set(u->gain1), beta2 = vf_set(u->beta2),
             gain2 = vf_set(u->gain2), decay = vf_set(u->decay), scale = vf_set(u->scale),
             rate = vf_set(-u->rate), spread = vf_set(u->spread), epsilon = vf_set(u->epsilon),
             keep = vf_set(u->keep);
    for (size_t i = 0; i < n; i += SIMD_FLOATS) {
        vf weight = vf_load(w + i);
        vf gradient = vf_fma(decay, weight, vf_load(g + i) * scale);
        vf first = vf_fma(beta1, vf_load(m + i), gain1 * gradient);
        vf second = vf_fma(beta2, vf_load(v + i), gain2 * gradient * gradient);
        vf direction = first / vf_fma(spread, vf_sqrt(second), epsilon);
        vf_store(m + i, first);
        vf_store(v + i, second);
        vf_store(w + i, vf_fma(rate, direction, keep * weight));
    }
}

void ELEMENTWISE(average)(float *mean, const float *w, size_t n, float rate)
{
    assert(n % MNIST_LANES == 0);
    const vf share = vf_set(rate);
    for (size_t i = 0; i < n; i += SIMD_FLOATS) {
        vf old = vf_load(mean + i);
        vf_store(mean + i, vf_fma(share, vf_load(w + i) - old, old));
    }
}

void ELEMENTWISE(limit_columns)(float *w, size_t rows, size_t width, float limit)
{
    assert(width % MNIST_LANES == 0);
    for (size_t c = 0; c < width; c += SIMD_FLOATS) {
        vf squares = vf_set(0.0f);
        for (size_t r = 0; r < rows; r++) {
            vf weight = vf_load(w + r * width + c);
            squares = vf_fma(weight, weight, squares);
        }
        const vf one = vf_set(1.0f);
        const vi above = (vi)(squares > vf_set(limit * limit));
        bool any = false;
        for (size_t lane = 0; lane < SIMD_FLOATS; lane++) {
            any |= above[lane] != 0;
        }
        if (!any) {
            continue;
        }
        const vf scale =
            vf_select(above, vf_set(limit) / vf_sqrt(vf_select(above, squares, one)), one);
        for (size_t r = 0; r < rows; r++) {
            vf_store(w + r * width + c, vf_load(w + r * width + c) * scale);
        }
    }
}

void ELEMENTWISE(dropout)(float *values, size_t n, const mnist_dropout *d)
{
    assert(n % MNIST_LANES == 0);
    for (size_t group = 0; group * MNIST_DROPOUT_GROUP < n; group++) {
        uint32_t keep[MNIST_DROPOUT_GROUP];
        float *value = values + group * MNIST_DROPOUT_GROUP;
        const size_t left = n - group * MNIST_DROPOUT_GROUP;
        draw_group(d, d->first / MNIST_DROPOUT_GROUP + group, keep);
        for (size_t u = 0; u < (left < MNIST_DROPOUT_GROUP ? left : MNIST_DROPOUT_GROUP); u++) {
            value[u] = keep[u] ? value[u] * d->scale : 0.0f;
        }
    }
}

void ELEMENTWISE(dropout_bytes)(uint8_t *bytes, size_t n, const mnist_dropout *d)
{
    for (size_t group = 0; group * MNIST_DROPOUT_GROUP < n; group++) {
        uint32_t keep[MNIST_DROPOUT_GROUP];
        uint8_t *byte = bytes + group * MNIST_DROPOUT_GROUP;
        const size_t left = n - group * MNIST_DROPOUT_GROUP;
        draw_group(d, d->first / MNIST_DROPOUT_GROUP + group, keep);
        for (size_t u = 0; u < (left < MNIST_DROPOUT_GROUP ? left : MNIST_DROPOUT_GROUP); u++) {
            byte[u] = (uint8_t)(byte[u] & (0u - keep[u]));
        }
    }
}
