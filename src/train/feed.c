#include "train/feed.h"

#include "base/fetch.h"
#include "base/memory.h"
#include "base/status.h"
#include "data/batch.h"

/* A batch gathered, or being gathered. */
typedef struct gathered {
    float *x; /* (batch_size, stride) */
    uint8_t *labels;
} gathered;

struct mnist_feed {
    mnist_view view;
    float table[256], shift; /* of the normalisation */
    size_t pixels, batch_size;
    uint32_t *order;     /* (view.count) */
    size_t first, count; /* the current batch, in the epoch's order */
    /* Zeros left out: the current batch's bytes by columns, (copies, pixels, turned_stride), and
     * its labels. */
    uint8_t *turned, *labels;
    size_t turned_stride, copies;
    /* With augmentation: the current batch and the next, in turns, distorted: (batch_size, pixels).
     */
    mnist_augmenter *augmenter;
    uint8_t *distorted[2];
    /* Else: the current batch and the next, in turns. */
    gathered buffers[2];
    unsigned current;
    size_t stride;
};

/* With so many workers or fewer each turns all of a batch's bytes for itself: cheaper than to fetch
 * from other cores' caches what they have turned. */
#define MOST_COPIES 4u

static mnist_status allocate(mnist_feed *feed, bool skip, unsigned threads, mnist_error *err)
{
    bool ok = true;
    feed->order = mnist_alloc(feed->view.count, sizeof *feed->order);
    if (skip) {
        feed->copies = threads <= MOST_COPIES ? threads : 1;
        feed->turned_stride = mnist_pad(feed->batch_size);
        feed->turned = mnist_alloc(feed->copies * feed->pixels, feed->turned_stride);
        feed->labels = mnist_alloc(feed->batch_size, 1);
        ok = feed->turned && feed->labels;
    } else {
        feed->stride = mnist_pad(feed->pixels);
        for (size_t i = 0; i < 2; i++) {
            feed->buffers[i].x = mnist_alloc(feed->batch_size, feed->stride * sizeof(float));
            feed->buffers[i].labels = mnist_alloc(feed->batch_size, 1);
            ok = ok && feed->buffers[i].x && feed->buffers[i].labels;
        }
    }
    for (size_t i = 0; feed->augmenter && i < 2; i++) {
        feed->distorted[i] = mnist_alloc(feed->batch_size, feed->pixels);
        ok = ok && feed->distorted[i];
    }
    return ok && feed->order
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_MEMORY,
                            "out of memory: batches of %zu images could not be had; try a smaller "
                            "batch",
                            feed->batch_size);
}

/* Of what the net will see, from at most so many images. */
#define DENSITY_IMAGES 200u

static mnist_status measure_density(const mnist_feed *feed, mnist_pool *pool, double *density,
                                    mnist_error *err)
{
    const mnist_view view = feed->view;
    if (!feed->augmenter) {
        *density = mnist_batch_density(view);
        return MNIST_OK;
    }
    const size_t count = view.count < DENSITY_IMAGES ? view.count : DENSITY_IMAGES;
    uint8_t *images = mnist_alloc(count, feed->pixels);
    if (!images) {
        return mnist_fail_memory(err, count * feed->pixels, "distorted images");
    }
    mnist_augmenter_start(feed->augmenter, pool, 0, 0);
    for (size_t i = 0; i < count; i++) {
        const size_t image = view.count * i / count;
        mnist_augment_image(feed->augmenter, 0, image, view.labels[image],
                            view.images + image * feed->pixels, images + i * feed->pixels);
    }
    *density = mnist_batch_density((mnist_view){
        .images = images, .labels = NULL, .count = count, .rows = view.rows, .cols = view.cols});
    mnist_free(images);
    return MNIST_OK;
}

/* What is needed for the way the first layer will read. */
static mnist_status prepare(mnist_feed *feed, const mnist_augmentation *augmentation,
                            mnist_zero_skip zero_skip, mnist_pool *pool, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    double density = zero_skip == MNIST_ZERO_SKIP_ON ? 0.0 : 1.0;
    if (mnist_augmentation_any(augmentation)) {
        status = mnist_augmenter_create(&feed->augmenter, augmentation, feed->view.rows,
                                        feed->view.cols, pool, err);
    }
    if (status == MNIST_OK && zero_skip == MNIST_ZERO_SKIP_AUTO) {
        status = measure_density(feed, pool, &density, err);
    }
    if (status == MNIST_OK) {
        status = allocate(feed, density < MNIST_SPARSE_DENSITY, mnist_pool_threads(pool), err);
    }
    return status;
}

mnist_status mnist_feed_create(mnist_feed **out, mnist_view view,
                               const mnist_normalization *normalization,
                               const mnist_augmentation *augmentation, mnist_zero_skip zero_skip,
                               const mnist_half *half, size_t batch_size, mnist_pool *pool,
                               mnist_error *err)
{
    *out = NULL;
    mnist_feed *feed = mnist_alloc(1, sizeof *feed);
    if (!feed) {
        return mnist_fail_memory(err, sizeof *feed, "the batches");
    }
    feed->view = view;
    feed->shift = mnist_normalization_split(normalization, feed->table);
    if (half) {
        half->round(feed->table, feed->table, 256);
    }
    feed->pixels = (size_t)view.rows * view.cols;
    feed->batch_size = batch_size;
    mnist_status status = prepare(feed, augmentation, zero_skip, pool, err);
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
        mnist_free(feed->distorted[i]);
    }
    mnist_augmenter_free(feed->augmenter);
    mnist_free(feed->turned);
    mnist_free(feed->labels);
    mnist_free(feed->order);
    mnist_free(feed);
}

static size_t batch_at(const mnist_feed *feed, size_t first)
{
    size_t left = feed->view.count - first;
    return left < feed->batch_size ? left : feed->batch_size;
}

/* Distorts images `image` to `end` of the batch from `first` in the order. Each is fetched while
 * the one before is made: the order leads all over memory. */
static void distort_part(mnist_feed *feed, uint8_t *distorted, size_t first, size_t image,
                         size_t end, unsigned worker)
{
    const size_t pixels = feed->pixels;
    const uint32_t *index = feed->order + first;
    for (; image < end; image++) {
        if (image + 1 < end) {
            mnist_fetch_rows(feed->view.images + index[image + 1] * pixels, pixels, 1, pixels);
        }
        mnist_augment_image(feed->augmenter, worker, index[image], feed->view.labels[index[image]],
                            feed->view.images + index[image] * pixels, distorted + image * pixels);
    }
}

/* Share of a batch that is to be made ready ahead: count images from `first` in the order,
 * distorted if they are to be, and as floats unless zeros are left out. */
static void gather_part(mnist_feed *feed, unsigned buffer, size_t first, size_t count,
                        mnist_worker worker)
{
    size_t image, end;
    mnist_worker_share(worker, count, &image, &end);
    if (image == end) {
        return;
    }
    mnist_view view = feed->view;
    const uint32_t *order = feed->order;
    const gathered *to = &feed->buffers[buffer];
    if (feed->augmenter) {
        distort_part(feed, feed->distorted[buffer], first, image, end, worker.index);
        for (size_t i = image; to->x && i < end; i++) {
            to->labels[i] = view.labels[order[first + i]];
        }
        view.images = feed->distorted[buffer];
        view.count = count;
        order = NULL;
    }
    if (to->x) {
        mnist_batch_gather(view, feed->table, order, order ? first + image : image, end - image,
                           to->x + image * feed->stride, feed->stride,
                           order ? to->labels + image : NULL);
    }
}

/* Whether batches are made ready one step ahead. */
static bool gathers(const mnist_feed *feed)
{
    return !feed->turned || feed->augmenter;
}

static void first_batch_task(void *argument, mnist_worker worker)
{
    mnist_feed *feed = argument;
    gather_part(feed, feed->current, 0, feed->count, worker);
}

void mnist_feed_start(mnist_feed *feed, mnist_pool *pool, uint64_t seed, uint32_t epoch)
{
    mnist_batch_shuffle(feed->order, feed->view.count, seed, epoch);
    feed->first = 0;
    feed->count = batch_at(feed, 0);
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
    if (feed->turned) {
        batch.turned_stride = feed->turned_stride;
        batch.labels = feed->labels;
        if (feed->augmenter) {
            batch.bytes = feed->distorted[feed->current];
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

void mnist_feed_part(mnist_feed *feed, const mnist_kernels *kernels, mnist_worker worker,
                     mnist_pass_batch *batch)
{
    size_t next = feed->first + feed->count;
    if (gathers(feed)) { /* that buffer was last read in the step before, which all have left */
        gather_part(feed, 1 - feed->current, next, batch_at(feed, next), worker);
    }
    if (!feed->turned) {
        return;
    }
    const bool own = feed->copies > 1;
    const size_t copy = own ? worker.index * feed->pixels * feed->turned_stride : 0;
    size_t column = 0, end = feed->pixels, image;
    if (!own) {
        mnist_worker_share(worker, feed->pixels, &column, &end);
    }
    kernels->transpose_bytes(batch->bytes + column, batch->index, feed->pixels,
                             feed->turned + copy + column * feed->turned_stride,
                             feed->turned_stride, feed->count, end - column);
    batch->turned = feed->turned + copy;
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
