#include "eval/sweep.h"

#include <stdlib.h>
#include <string.h>

static int descending(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x < y) - (x > y);
}

/* Floats that are not negative are in the order of their bits. Adding 0 makes -0 what it equals. */
static uint64_t key_of(float probability, bool positive)
{
    uint32_t bits;
    probability += 0.0f;
    memcpy(&bits, &probability, sizeof bits);
    return (uint64_t)bits << 1 | positive;
}

void mnist_sweep_start(mnist_sweep *sweep, const mnist_predictions *predictions,
                       unsigned class_index, uint64_t *keys)
{
    *sweep = (mnist_sweep){.count = predictions->count, .keys = keys};
    for (size_t i = 0; i < predictions->count; i++) {
        bool positive = predictions->labels[i] == class_index;
        sweep->positives += positive;
        keys[i] = key_of(predictions->probabilities[i * MNIST_CLASSES + class_index], positive);
    }
    qsort(keys, predictions->count, sizeof *keys, descending);
}

bool mnist_sweep_next(mnist_sweep *sweep)
{
    if (sweep->next == sweep->count) {
        return false;
    }
    const uint64_t score = sweep->keys[sweep->next] >> 1;
    const uint32_t bits = (uint32_t)score;
    memcpy(&sweep->threshold, &bits, sizeof bits);
    while (sweep->next < sweep->count && sweep->keys[sweep->next] >> 1 == score) {
        sweep->tp += sweep->keys[sweep->next] & 1;
        sweep->next++;
    }
    sweep->fp = sweep->next - sweep->tp;
    return true;
}
