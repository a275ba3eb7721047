#include "train/snapshot.h"

#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The numbers of a position: their names in a snapshot, where they are in mnist_position, and the most
 * that each may be. The least is 0, save for losses, which the confidence penalty may make negative. */
typedef struct number {
    const char *name;
    size_t offset;
    mnist_element element;
    uint64_t most;    /* of a whole number */
    double most_real; /* of a real number; INFINITY: any finite one */
    bool any_sign;
} number;

#define WHOLE(field, most)                                                                         \
    {                                                                                              \
#field, offsetof(mnist_position, field), MNIST_U64, most, 0.0, false                       \
    }
#define REAL(field, most)                                                                          \
    {                                                                                              \
#field, offsetof(mnist_position, field), MNIST_F64, 0, most, false                         \
    }
#define LOSS(field)                                                                                \
    {                                                                                              \
#field, offsetof(mnist_position, field), MNIST_F64, 0, INFINITY, true                      \
    }

static const number numbers[] = {
    WHOLE(epoch, UINT32_MAX),
    WHOLE(ended, 1),
    WHOLE(step, UINT64_MAX),
    WHOLE(seen, UINT32_MAX),
    WHOLE(correct_sum, UINT32_MAX),
    LOSS(loss_sum),
    REAL(lr, INFINITY),
    WHOLE(end, MNIST_END_TIME),
    REAL(seconds, 1e12),
    WHOLE(updates, UINT64_MAX),
    REAL(beta1_power, 1.0),
    REAL(beta2_power, 1.0),
    REAL(loss_scale, INFINITY),
    WHOLE(loss_scale_fitting, UINT32_MAX),
    WHOLE(averaged, UINT32_MAX),
    WHOLE(best_epoch, UINT32_MAX),
    WHOLE(since_better, UINT32_MAX),
    LOSS(best_loss),
    LOSS(loss_to_beat),
};

#define NUMBERS (sizeof numbers / sizeof numbers[0])

/* Arrays begin at cache lines, so that any may be used as floats or doubles. */
static size_t aligned(size_t bytes)
{
    return (bytes + MNIST_ALIGN - 1) / MNIST_ALIGN * MNIST_ALIGN;
}

static size_t layer_floats(const mnist_layer *layer)
{
    return layer->rows * layer->outputs;
}

static void name_layer(char name[MNIST_ARRAY_NAME], const mnist_arena *arena, unsigned layer)
{
    int length = snprintf(name, MNIST_ARRAY_NAME, "%s.layers.%u", arena->name, layer);
    assert(length < MNIST_ARRAY_NAME);
    (void)length;
}

/* How many arrays, and their bytes. */
static size_t measure(const mnist_arena *arenas, size_t count, size_t *bytes)
{
    size_t arrays = NUMBERS;
    *bytes = NUMBERS * aligned(8);
    for (size_t i = 0; i < count; i++) {
        for (unsigned l = 0; arenas[i].values && l < arenas[i].layout->layer_count; l++) {
            *bytes += aligned(layer_floats(&arenas[i].layout->layers[l]) * sizeof(float));
            arrays++;
        }
    }
    return arrays;
}

/* Memory for the next array's values, in the block behind the arrays. */
static void *take(uint8_t **room, size_t bytes)
{
    void *values = *room;
    *room += aligned(bytes);
    return values;
}

mnist_status mnist_snapshot_make(mnist_snapshot **out, const mnist_position *position,
                                 const mnist_arena *arenas, size_t count, mnist_error *err)
{
    size_t bytes;
    const size_t arrays = measure(arenas, count, &bytes);
    const size_t head = aligned(sizeof **out), list = aligned(arrays * sizeof(mnist_array));
    *out = NULL;
    uint8_t *block = mnist_alloc(1, head + list + bytes);
    if (!block) {
        return mnist_fail_memory(err, head + list + bytes, "a snapshot of the training");
    }
    mnist_snapshot *snapshot = (mnist_snapshot *)(void *)block;
    uint8_t *room = block + head + list;
    snapshot->arrays = (mnist_array *)(void *)(block + head);
    for (size_t i = 0; i < NUMBERS; i++) {
        mnist_array *array = &snapshot->arrays[snapshot->count++];
        *array = (mnist_array){.element = numbers[i].element, .values = take(&room, 8)};
        snprintf(array->name, sizeof array->name, "%s", numbers[i].name);
        memcpy(array->values, (const char *)position + numbers[i].offset, 8);
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned l = 0; arenas[i].values && l < arenas[i].layout->layer_count; l++) {
            const mnist_layer *layer = &arenas[i].layout->layers[l];
            mnist_array *array = &snapshot->arrays[snapshot->count++];
            *array = (mnist_array){.element = MNIST_F32,
                                   .rank = 2,
                                   .shape = {layer->rows, layer->outputs},
                                   .values = take(&room, layer_floats(layer) * sizeof(float))};
            name_layer(array->name, &arenas[i], l);
            mnist_layer_read_rows(layer, arenas[i].values, array->values);
        }
    }
    assert(snapshot->count == arrays);
    *out = snapshot;
    return MNIST_OK;
}

void mnist_snapshot_free(mnist_snapshot *snapshot)
{
    mnist_free(snapshot);
}

static const mnist_array *find(const mnist_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        if (strcmp(snapshot->arrays[i].name, name) == 0) {
            return &snapshot->arrays[i];
        }
    }
    return NULL;
}

static mnist_status fail_missing(mnist_error *err, const char *name)
{
    return mnist_fail(err, MNIST_ERR_FORMAT, "the snapshot of a training lacks '%s'", name);
}

static mnist_status read_number(const mnist_snapshot *snapshot, const number *n,
                                mnist_position *position, mnist_error *err)
{
    const mnist_array *array = find(snapshot, n->name);
    uint64_t whole;
    double real;
    if (!array) {
        return fail_missing(err, n->name);
    }
    if (array->element != n->element || array->rank != 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "'%s' in the snapshot of a training: expected a single %s", n->name,
                          mnist_element_name(n->element));
    }
    memcpy(&whole, array->values, sizeof whole);
    memcpy(&real, array->values, sizeof real);
    if (n->element == MNIST_U64 && whole > n->most) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "'%s' in the snapshot of a training: expected at most %" PRIu64
                          ", found %" PRIu64,
                          n->name, n->most, whole);
    }
    if (n->element == MNIST_F64 &&
        !(isfinite(real) && real <= n->most_real && (n->any_sign || real >= 0.0))) {
        char most[40] = "";
        if (isfinite(n->most_real)) {
            snprintf(most, sizeof most, " and at most %g", n->most_real);
        }
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "'%s' in the snapshot of a training: expected a finite number%s%s, found "
                          "%g",
                          n->name, n->any_sign ? "" : " of at least 0", most, real);
    }
    memcpy((char *)position + n->offset, array->values, 8);
    return MNIST_OK;
}

mnist_status mnist_snapshot_read_position(const mnist_snapshot *snapshot, mnist_position *out,
                                          mnist_error *err)
{
    mnist_status status = MNIST_OK;
    *out = (mnist_position){0};
    for (size_t i = 0; i < NUMBERS && status == MNIST_OK; i++) {
        status = read_number(snapshot, &numbers[i], out, err);
    }
    return status;
}

mnist_status mnist_snapshot_position(const mnist_snapshot *snapshot, mnist_train_position *out,
                                     mnist_error *err)
{
    mnist_position position;
    mnist_status status = mnist_snapshot_read_position(snapshot, &position, err);
    if (status == MNIST_OK) {
        *out = (mnist_train_position){.epoch = (unsigned)position.epoch,
                                      .epoch_ended = position.ended == 1,
                                      .step = position.step,
                                      .seen = (size_t)position.seen,
                                      .end = (mnist_train_end)position.end,
                                      .best_epoch = (unsigned)position.best_epoch,
                                      .best_loss = position.best_loss,
                                      .seconds = position.seconds};
    }
    return status;
}

static mnist_status restore_layer(const mnist_snapshot *snapshot, const mnist_arena *arena,
                                  unsigned l, mnist_error *err)
{
    const mnist_layer *layer = &arena->layout->layers[l];
    char name[MNIST_ARRAY_NAME];
    name_layer(name, arena, l);
    const mnist_array *array = find(snapshot, name);
    if (!array) {
        return fail_missing(err, name);
    }
    if (array->element != MNIST_F32 || array->rank != 2 || array->shape[0] != layer->rows ||
        array->shape[1] != layer->outputs) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "'%s' in the snapshot of a training: expected F32 of shape (%zu, %zu), as "
            "the net has it",
            name, layer->rows, layer->outputs);
    }
    mnist_layer_write_rows(layer, arena->values, array->values);
    return MNIST_OK;
}

mnist_status mnist_snapshot_restore(const mnist_snapshot *snapshot, const mnist_arena *arenas,
                                    size_t count, mnist_error *err)
{
    size_t bytes;
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < count; i++) {
        for (unsigned l = 0;
             arenas[i].values && l < arenas[i].layout->layer_count && status == MNIST_OK; l++) {
            status = restore_layer(snapshot, &arenas[i], l, err);
        }
    }
    const size_t expected = measure(arenas, count, &bytes);
    if (status == MNIST_OK && snapshot->count != expected) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "the snapshot of a training: expected %zu arrays with these options, "
                          "found %zu",
                          expected, snapshot->count);
    }
    return status;
}
