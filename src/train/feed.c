#include "train/feed.h"

#include "base/fetch.h"
#include "base/memory.h"
#include "base/status.h"
#include "data/batch.h"
#include "train/inputs.h"

#include <assert.h>
#include <string.h>

/* A batch that has been gathered, or is being gathered. */
typedef struct gathered {
    float *x; /* (batch_size, stride) */
    uint8_t *labels;
} gathered;

/* Of rows of targets: mnist_row of MNIST_MAX_CLASSES. */
#define MOST_STRIDE (MNIST_MAX_CLASSES + MNIST_LANES)

struct mnist_feed {
    mnist_view view;
    float table[256], shift; /* of the normalisation */
    size_t pixels, batch_size;
    size_t target_stride; /* length of a row of the net's logits, with padding */
    uint32_t *order;      /* (view.count) */
    size_t first, count;  /* the current batch, in the epoch's order */
    /* If zeros are left out: the current batch's bytes, transposed, (copies, pixels,
     * transposed_stride), and its labels. */
    uint8_t *transposed, *labels;
    size_t transposed_stride, copies;
    /* If images' bytes change on their way: the changed bytes of the current batch and of the next,
     * which take turns, (batch_size, pixels); with mixup also their targets, (batch_size,
     * target_stride). */
    mnist_augmenter *augmenter; /* NULL: none */
    mnist_inputs inputs;
    uint8_t *changed[2];
    float *targets[2];
    /* With teachers: the soft targets of the current batch and of the next, which take turns,
     * (batch_size, target_stride), and their entropies. */
    mnist_soft_targets *soft; /* NULL: no teachers */
    float *soft_rows[2], *entropies[2];
    const mnist_half *half;
    const mnist_kernels *kernels;
    uint64_t epoch_step; /* of the epoch's first batch */
    /* Otherwise: the current batch and the next, which take turns. */
    gathered buffers[2];
    unsigned current;
    size_t stride;
};

/* Up to this many workers each transpose all of a batch's bytes for themselves, which is cheaper
 * than to fetch from other cores' caches what those have transposed. */
#define MOST_COPIES 4u

/* Whether images' bytes change on their way to the net. */
static bool changes(const mnist_feed *feed)
{
    return feed->augmenter || mnist_inputs_change_bytes(&feed->inputs);
}

/* Do teachers see other images than those of the view? They see them distorted and mixed, as the
 * net does; but not with pixels dropped or noise on them, which are for the net alone: the images
 * that teachers were trained on had none of that, or other. */
static bool teachers_see_changes(const mnist_feed *feed)
{
    return feed->augmenter || feed->inputs.mixup > 0.0f;
}

static mnist_status allocate(mnist_feed *feed, bool skip, unsigned threads, mnist_error *err)
{
    bool ok = true;
    feed->order = mnist_alloc(feed->view.count, sizeof *feed->order);
    if (skip) {
        feed->copies = threads <= MOST_COPIES ? threads : 1;
        feed->transposed_stride = mnist_pad(feed->batch_size);
        feed->transposed = mnist_alloc(feed->copies * feed->pixels, feed->transposed_stride);
        feed->labels = mnist_alloc(feed->batch_size, 1);
        ok = feed->transposed && feed->labels;
    } else {
        feed->stride = mnist_pad(feed->pixels);
        for (size_t i = 0; i < 2; i++) {
            feed->buffers[i].x = mnist_alloc(feed->batch_size, feed->stride * sizeof(float));
            feed->buffers[i].labels = mnist_alloc(feed->batch_size, 1);
            ok = ok && feed->buffers[i].x && feed->buffers[i].labels;
        }
    }
    for (size_t i = 0; changes(feed) && i < 2; i++) {
        feed->changed[i] = mnist_alloc(feed->batch_size, feed->pixels);
        ok = ok && feed->changed[i];
        if (feed->inputs.mixup > 0.0f) {
            feed->targets[i] = mnist_alloc(feed->batch_size, feed->target_stride * sizeof(float));
            ok = ok && feed->targets[i];
        }
    }
    for (size_t i = 0; feed->soft && i < 2; i++) {
        feed->soft_rows[i] = mnist_alloc(feed->batch_size, feed->target_stride * sizeof(float));
        feed->entropies[i] = mnist_alloc(feed->batch_size, sizeof(float));
        ok = ok && feed->soft_rows[i] && feed->entropies[i];
    }
    return ok && feed->order
               ? MNIST_OK
               : mnist_fail(
                     err, MNIST_ERR_MEMORY,
                     "out of memory: batches of %zu images could not be allocated; try a smaller "
                     "batch",
                     feed->batch_size);
}

/* A batch whose images are to be changed on their way. */
typedef struct changing {
    const uint32_t *index; /* (count): which images of the view they are */
    uint64_t step;         /* whose batch it is */
    uint8_t *changed;      /* (count, pixels) */
    float *targets;        /* (count, target_stride); NULL: mixup's are not wanted */
    float *soft;           /* (count, target_stride); NULL: the teachers are not asked */
    float *entropies;      /* (count): of soft */
} changing;

/* Changes images [image, end) of a batch as the net is to see them: distorted, mixed with their
 * neighbours, which teachers then see too, and with pixels dropped. Each one is fetched while the
 * previous one is processed, as the order leads all over memory. image is even. */
static void change_part(mnist_feed *feed, const changing *batch, size_t image, size_t end,
                        unsigned worker)
{
    const size_t pixels = feed->pixels;
    const mnist_inputs *inputs = &feed->inputs;
    const uint8_t *labels = feed->view.labels;
    const uint32_t *index = batch->index;
    uint8_t *changed = batch->changed;
    for (size_t i = image; i < end; i++) {
        const uint8_t *from = feed->view.images + index[i] * pixels;
        uint8_t *to = changed + i * pixels;
        if (i + 1 < end) {
            mnist_fetch_rows(feed->view.images + index[i + 1] * pixels, pixels, 1, pixels);
        }
        if (feed->augmenter) {
            mnist_augment_image(feed->augmenter, worker, index[i], labels[index[i]], from, to);
        } else {
            memcpy(to, from, pixels);
        }
    }
    for (size_t i = image; inputs->mixup > 0.0f && i < end; i += 2) {
        float unwanted[2 * MOST_STRIDE],
            *target = batch->targets ? batch->targets + i * feed->target_stride : unwanted;
        if (i + 1 < end) {
            mnist_inputs_mix(inputs, batch->step, i,
                             &(mnist_neighbours){.a = changed + i * pixels,
                                                 .b = changed + (i + 1) * pixels,
                                                 .pixels = pixels,
                                                 .labels = {labels[index[i]], labels[index[i + 1]]},
                                                 .targets = target,
                                                 .stride = feed->target_stride});
        } else { /* the last of an odd number */
            mnist_inputs_target(labels[index[i]], target, feed->target_stride);
        }
    }
    if (batch->soft) {
        mnist_soft_targets_ask(feed->soft, worker, changed + image * pixels, end - image,
                               batch->soft + image * feed->target_stride, batch->entropies + image);
    }
    for (size_t i = image; inputs->dropout > 0.0f && i < end; i++) {
        mnist_inputs_drop(inputs, feed->kernels, batch->step, i, changed + i * pixels, pixels);
    }
}

/* The density of what the net will see is estimated from at most this many images: an even
 * number. */
#define DENSITY_IMAGES 200u

static mnist_status measure_density(mnist_feed *feed, mnist_pool *pool, double *density,
                                    mnist_error *err)
{
    const mnist_view view = feed->view;
    if (!changes(feed)) {
        *density = mnist_batch_density(view);
        return MNIST_OK;
    }
    const size_t count = view.count < DENSITY_IMAGES ? view.count : DENSITY_IMAGES;
    uint8_t *images = mnist_alloc(count, feed->pixels);
    uint32_t *order = mnist_alloc(count, sizeof *order);
    if (images && order) {
        if (feed->augmenter) {
            mnist_augmenter_start(feed->augmenter, pool, 0, 0);
        }
        for (size_t i = 0; i < count; i++) {
            order[i] = (uint32_t)(view.count * i / count);
        }
        change_part(feed, &(changing){.index = order, .changed = images}, 0, count, 0);
        *density = mnist_batch_density((mnist_view){.images = images,
                                                    .labels = NULL,
                                                    .count = count,
                                                    .rows = view.rows,
                                                    .cols = view.cols});
    }
    bool ok = images && order;
    mnist_free(images);
    mnist_free(order);
    return ok ? MNIST_OK : mnist_fail_memory(err, count * feed->pixels, "changed images");
}

/* Makes what is needed for the way in which the first layer will read images. */
static mnist_status prepare(mnist_feed *feed, const mnist_train_config *config, mnist_pool *pool,
                            mnist_error *err)
{
    mnist_status status = MNIST_OK;
    double density = config->zero_skip == MNIST_ZERO_SKIP_ON ? 0.0 : 1.0;
    if (mnist_augmentation_any(&config->augmentation)) {
        status = mnist_augmenter_create(&feed->augmenter, &config->augmentation, feed->view.rows,
                                        feed->view.cols, pool, err);
    }
    if (status == MNIST_OK && config->zero_skip == MNIST_ZERO_SKIP_AUTO) {
        status = measure_density(feed, pool, &density, err);
    }
    if (config->input_noise > 0.0f) {
        density = 1.0;
    }
    if (status == MNIST_OK) {
        status = allocate(feed, density < MNIST_SPARSE_DENSITY, mnist_pool_threads(pool), err);
    }
    if (status == MNIST_OK && feed->soft && !teachers_see_changes(feed)) {
        status = mnist_soft_targets_keep(feed->soft, feed->view, pool, err);
    }
    return status;
}

mnist_status mnist_feed_create(mnist_feed **out, const mnist_feed_source *source,
                               const mnist_train_config *config, mnist_pool *pool, mnist_error *err)
{
    *out = NULL;
    mnist_feed *feed = mnist_alloc(1, sizeof *feed);
    if (!feed) {
        return mnist_fail_memory(err, sizeof *feed, "the batches");
    }
    feed->view = source->view;
    feed->soft = source->soft;
    feed->inputs = mnist_inputs_of(config, source->normalization);
    feed->shift = mnist_normalization_split(source->normalization, feed->table);
    for (size_t byte = 0; feed->inputs.dropout > 0.0f && byte < 256; byte++) {
        feed->table[byte] *= mnist_inputs_scale(&feed->inputs);
    }
    feed->half = source->half;
    feed->kernels = mnist_kernels_select();
    if (feed->half) {
        feed->half->round(feed->table, feed->table, 256);
    }
    feed->pixels = (size_t)feed->view.rows * feed->view.cols;
    feed->target_stride = mnist_row(mnist_view_classes(feed->view));
    feed->batch_size = source->batch_size;
    mnist_status status = prepare(feed, config, pool, err);
    if (status != MNIST_OK) {
        mnist_feed_free(feed);
        return status;
    }
    *out = feed;
    return MNIST_OK;
}

void mnist_feed_free(mnist_feed *feed)
{
    if (!feed) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        mnist_free(feed->buffers[i].x);
        mnist_free(feed->buffers[i].labels);
        mnist_free(feed->changed[i]);
        mnist_free(feed->targets[i]);
        mnist_free(feed->soft_rows[i]);
        mnist_free(feed->entropies[i]);
    }
    mnist_augmenter_free(feed->augmenter);
    mnist_free(feed->transposed);
    mnist_free(feed->labels);
    mnist_free(feed->order);
    mnist_free(feed);
}

static size_t batch_at(const mnist_feed *feed, size_t first)
{
    size_t left = feed->view.count - first;
    return left < feed->batch_size ? left : feed->batch_size;
}

/* A worker's share of a batch that is made ready ahead: count images from `first` on in the order,
 * changed if they are to be, and as floats unless zeros are left out. */
static void gather_part(mnist_feed *feed, unsigned buffer, size_t first, size_t count,
                        mnist_worker worker)
{
    size_t image, end;
    mnist_pass_images(count, worker, &image, &end); /* whole pairs: mixup */
    if (image == end) {
        return;
    }
    mnist_view view = feed->view;
    const uint32_t *order = feed->order;
    const gathered *to = &feed->buffers[buffer];
    const uint64_t step = feed->epoch_step + first / feed->batch_size;
    if (changes(feed)) {
        const bool asks = feed->soft && teachers_see_changes(feed);
        change_part(feed,
                    &(changing){.index = feed->order + first,
                                .step = step,
                                .changed = feed->changed[buffer],
                                .targets = feed->targets[buffer],
                                .soft = asks ? feed->soft_rows[buffer] : NULL,
                                .entropies = feed->entropies[buffer]},
                    image, end, worker.index);
        for (size_t i = image; to->x && i < end; i++) {
            to->labels[i] = view.labels[order[first + i]];
        }
        view.images = feed->changed[buffer];
        view.count = count;
        order = NULL;
    }
    if (to->x) {
        mnist_batch_gather(&(mnist_gather){.view = view,
                                           .order = order,
                                           .first = order ? first + image : image,
                                           .count = end - image,
                                           .table = feed->table,
                                           .x = to->x + image * feed->stride,
                                           .x_stride = feed->stride,
                                           .labels = order ? to->labels + image : NULL});
    }
    for (size_t i = image; feed->inputs.noise > 0.0f && i < end; i++) {
        float *x = to->x + i * feed->stride;
        mnist_inputs_add_noise(&feed->inputs, step, i, x, feed->pixels);
        if (feed->half) {
            feed->half->round(x, x, feed->stride);
        }
    }
}

bool mnist_feed_leaves_out(const mnist_feed *feed)
{
    return feed->transposed && feed->shift == 0.0f; // NOLINT: set to it
}

/* Whether batches are made ready one step ahead. */
static bool gathers(const mnist_feed *feed)
{
    return !feed->transposed || changes(feed);
}

static void first_batch_task(void *argument, mnist_worker worker)
{
    mnist_feed *feed = argument;
    gather_part(feed, feed->current, feed->first, feed->count, worker);
}

void mnist_feed_start(mnist_feed *feed, mnist_pool *pool, uint64_t seed, uint32_t epoch,
                      size_t first)
{
    assert(first < feed->view.count && first % feed->batch_size == 0);
    mnist_batch_shuffle(feed->order, feed->view.count, seed, epoch);
    feed->first = first;
    feed->count = batch_at(feed, first);
    feed->epoch_step = (uint64_t)(epoch - 1) * (feed->view.count / feed->batch_size + 1);
    if (feed->augmenter) {
        mnist_augmenter_start(feed->augmenter, pool, seed, epoch);
    }
    if (gathers(feed)) {
        mnist_pool_run(pool, first_batch_task, feed);
    }
}

mnist_pass_batch mnist_feed_batch(const mnist_feed *feed)
{
    mnist_pass_batch batch = {.table = feed->table, .shift = feed->shift, .count = feed->count};
    batch.targets = feed->targets[feed->current];
    batch.soft = feed->soft_rows[feed->current];
    batch.soft_entropies = feed->entropies[feed->current];
    if (feed->transposed) {
        batch.transposed_stride = feed->transposed_stride;
        batch.labels = feed->labels;
        if (changes(feed)) {
            batch.bytes = feed->changed[feed->current];
        } else {
            size_t next = feed->first + feed->count;
            batch.bytes = feed->view.images;
            batch.index = feed->order + feed->first;
            batch.next = feed->order + next;
            batch.next_count = batch_at(feed, next);
        }
    } else {
        batch.x = feed->buffers[feed->current].x;
        batch.x_stride = feed->stride;
        batch.labels = feed->buffers[feed->current].labels;
    }
    return batch;
}

/* Copies what teachers say of a worker's share of the current batch, where that is kept. */
static void copy_soft_targets(mnist_feed *feed, mnist_worker worker)
{
    size_t image, end;
    mnist_pass_images(feed->count, worker, &image, &end);
    for (; image < end; image++) {
        feed->entropies[feed->current][image] =
            mnist_soft_targets_copy(feed->soft, feed->order[feed->first + image],
                                    feed->soft_rows[feed->current] + image * feed->target_stride);
    }
}

void mnist_feed_part(mnist_feed *feed, const mnist_kernels *kernels, mnist_worker worker,
                     mnist_pass_batch *batch)
{
    size_t next = feed->first + feed->count;
    if (gathers(feed)) { /* all have left the step that read that buffer */
        gather_part(feed, 1 - feed->current, next, batch_at(feed, next), worker);
    }
    if (feed->soft && mnist_soft_targets_kept(feed->soft)) {
        copy_soft_targets(feed, worker);
    }
    if (!feed->transposed) {
        return;
    }
    const bool own = feed->copies > 1;
    const size_t copy = own ? worker.index * feed->pixels * feed->transposed_stride : 0;
    size_t column = 0, end = feed->pixels, image;
    if (!own) {
        mnist_worker_share(worker, feed->pixels, &column, &end);
    }
    kernels->transpose_bytes(batch->bytes + column, batch->index, feed->pixels,
                             feed->transposed + copy + column * feed->transposed_stride,
                             feed->transposed_stride, feed->count, end - column);
    batch->transposed = feed->transposed + copy;
    mnist_pass_images(feed->count, worker, &image, &end);
    for (; image < end; image++) {
        feed->labels[image] = feed->view.labels[feed->order[feed->first + image]];
    }
}

void mnist_feed_advance(mnist_feed *feed)
{
    feed->first += feed->count;
    feed->count = batch_at(feed, feed->first);
    feed->current = 1 - feed->current;
}
