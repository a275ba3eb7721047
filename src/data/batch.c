#include "data/batch.h"

#include <assert.h>

#include "base/rng.h"

void mnist_batch_shuffle(uint32_t *order, size_t count, uint64_t seed, uint32_t epoch)
{
    assert(count <= UINT32_MAX);
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
    }
    uint64_t block = 0;
    for (uint32_t left = (uint32_t)count; left > 1; block++) {
        mnist_rng_block random = mnist_rng(seed, MNIST_RNG_SHUFFLE, epoch, block);
        for (int w = 0; w < 4 && left > 1; w++, left--) {
            uint32_t pick = mnist_rng_below(random.word[w], left);
            uint32_t last = order[left - 1];
            order[left - 1] = order[pick];
            order[pick] = last;
        }
    }
}

void mnist_epoch_order(uint32_t *order, size_t count, uint64_t seed, uint32_t epoch)
{
    mnist_batch_shuffle(order, count, seed, epoch);
}

void mnist_batch_gather(const mnist_gather *gather)
{
    const mnist_view *view = &gather->view;
    const float *table = gather->table;
    const size_t pixels = (size_t)view->rows * view->cols;
    assert(gather->x_stride >= pixels);
    for (size_t i = 0; i < gather->count; i++) {
        const size_t at = gather->first + i, index = gather->order ? gather->order[at] : at;
        assert(index < view->count);
        const uint8_t *restrict image = view->images + index * pixels; /* (pixels) */
        float *restrict row = gather->x + i * gather->x_stride;        /* (pixels) of (x_stride) */
        for (size_t p = 0; p < pixels; p++) {
            row[p] = table[image[p]];
        }
        if (gather->labels) {
            gather->labels[i] = view->labels[index];
        }
    }
}

double mnist_batch_density(mnist_view view)
{
    size_t pixels = (size_t)view.rows * view.cols, images = view.count < 200 ? view.count : 200;
    uint64_t found = 0;
    for (size_t i = 0; i < images; i++) {
        const uint8_t *image = view.images + view.count * i / images * pixels;
        for (size_t p = 0; p < pixels; p++) {
            found += image[p] != 0;
        }
    }
    return images > 0 ? (double)found / ((double)images * (double)pixels) : 1.0;
}
