#include "train/feed.h"

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
    return ok && feed->order
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_MEMORY,
                            "out of memory: batches of %zu images could not be had; try a smaller "
                            "batch",
                            feed->batch_size);
}

mnist_status mnist_feed_create(mnist_feed **out, mnist_view view,
                               const mnist_normalization *normalization, mnist_zero_skip zero_skip,
                               const mnist_half *half, size_t batch_size, unsigned threads,
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
    bool skip =
        zero_skip == MNIST_ZERO_SKIP_ON ||
        (zero_skip == MNIST_ZERO_SKIP_AUTO && mnist_batch_density(view) < MNIST_SPARSE_DENSITY);
    mnist_status status = allocate(feed, skip, threads, err);
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
    }
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

/* Share of a batch that is to be gathered: count images from `first` in the order. */
static void gather_part(mnist_feed *feed, unsigned buffer, size_t first, size_t count,
                        mnist_worker worker)
{
    size_t image, end;
    mnist_worker_share(worker, count, &image, &end);
    if (image < end) {
        mnist_batch_gather(feed->view, feed->table, feed->order, first + image, end - image,
                           feed->buffers[buffer].x + image * feed->stride, feed->stride,
                           feed->buffers[buffer].labels + image);
    }
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
    if (!feed->turned) {
        mnist_pool_run(pool, first_batch_task, feed);
    }
}

mnist_pass_batch mnist_feed_batch(const mnist_feed *feed)
{
    mnist_pass_batch batch = {.table = feed->table, .shift = feed->shift, .count = feed->count};
    if (feed->turned) {
        size_t next = feed->first + feed->count;
        batch.bytes = feed->view.images;
        batch.index = feed->order + feed->first;
        batch.turned_stride = feed->turned_stride;
        batch.labels = feed->labels;
        batch.next = feed->order + next;
        batch.next_count = batch_at(feed, next);
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
    if (!feed->turned) { /* that buffer was last read in the step before, which all have left */
        gather_part(feed, 1 - feed->current, next, batch_at(feed, next), worker);
        return;
    }
    const uint32_t *index = feed->order + feed->first;
    const bool own = feed->copies > 1;
    const size_t copy = own ? worker.index * feed->pixels * feed->turned_stride : 0;
    size_t column = 0, end = feed->pixels, image;
    if (!own) {
        mnist_worker_share(worker, feed->pixels, &column, &end);
    }
    kernels->transpose_bytes(feed->view.images + column, index, feed->pixels,
                             feed->turned + copy + column * feed->turned_stride,
                             feed->turned_stride, feed->count, end - column);
    batch->turned = feed->turned + copy;
    mnist_pass_images(feed->count, worker, &image, &end);
    for (; image < end; image++) {
        feed->labels[image] = feed->view.labels[index[image]];
    }
}

void mnist_feed_advance(mnist_feed *feed)
{
    feed->first += feed->count;
    feed->count = batch_at(feed, feed->first);
    feed->current = 1 - feed->current;
}
