/* From a data set to the batches of an epoch, in the order that belongs to (seed, epoch). A net's
 * first layer reads either the images' bytes where they lie, leaving out their zeros, or floats
 * that the workers gather during the previous step. Distorted images are made during the previous
 * step, as bytes or floats. */
#ifndef MNIST_TRAIN_FEED_H
#define MNIST_TRAIN_FEED_H

#include "base/pool.h"
#include "nn/pass.h"
#include "train/soft_targets.h"

#include <mnist/train.h>

typedef struct mnist_feed mnist_feed;

/* What a feed makes batches of. */
typedef struct mnist_feed_source {
    mnist_view view; /* what it points to must stay valid */
    const mnist_normalization *normalization;
    const mnist_half *half;   /* pixels are rounded to its operands; NULL: fp32 */
    size_t batch_size;        /* the most images of a batch */
    mnist_soft_targets *soft; /* borrowed: batches have soft targets; NULL: not */
} mnist_feed_source;

/* Makes batches of the source as config says: distorted, mixed, with pixels dropped, with noise.
 * MNIST_ZERO_SKIP_AUTO leaves zeros out if so few of the values that the net sees differ from 0
 * that it pays; with noise there are no zeros. pool: its workers will call the feed. Teachers are
 * asked for all images at once if none is distorted or mixed. Errors: MNIST_ERR_MEMORY,
 * MNIST_ERR_ARGUMENT (images too large to be distorted). */
mnist_status mnist_feed_create(mnist_feed **out, const mnist_feed_source *source,
                               const mnist_train_config *config, mnist_pool *pool,
                               mnist_error *err);
void mnist_feed_free(mnist_feed *feed);

/* Are batches bytes with zeros left out, not floats, and without a shift? */
bool mnist_feed_leaves_out(const mnist_feed *feed);

/* Starts an epoch at the batch that begins with image `first` of its order: 0, or where a training
 * was interrupted. Asserts that a batch begins there. */
void mnist_feed_start(mnist_feed *feed, mnist_pool *pool, uint64_t seed, uint32_t epoch,
                      size_t first);

/* The current batch; count is 0 when the epoch is over. The transposed bytes are not in it yet, and
 * its labels and soft targets are complete only after mnist_feed_part. */
mnist_pass_batch mnist_feed_batch(const mnist_feed *feed);

/* What the workers do for the feed at the start of a step on the current batch, each its share.
 * batch is a copy for this worker alone: it is set to the transposed bytes that this worker is to
 * read. */
void mnist_feed_part(mnist_feed *feed, const mnist_kernels *kernels, mnist_worker worker,
                     mnist_pass_batch *batch);

/* Goes on to the next batch; to be called after the step, by one thread. */
void mnist_feed_advance(mnist_feed *feed);

#endif
