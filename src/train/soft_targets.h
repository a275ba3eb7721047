/* What a training's teachers say of its images: soft targets (mnist/train.h, mnist_teacher). Where
 * no image changes on its way to the teachers, they are asked once, for all images; else for each
 * batch. Both give the same bits. */
#ifndef MNIST_TRAIN_SOFT_TARGETS_H
#define MNIST_TRAIN_SOFT_TARGETS_H

#include "base/pool.h"

#include <mnist/train.h>

typedef struct mnist_soft_targets mnist_soft_targets;

/* Floats between two soft targets: a row of the net's logits, with padding. */
size_t mnist_soft_targets_stride(const mnist_soft_targets *soft);

/* Of a job that has been checked and has teachers. pool: its workers will ask them. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_soft_targets_create(mnist_soft_targets **out, const mnist_train_job *job,
                                       mnist_pool *pool, mnist_error *err);
void mnist_soft_targets_free(mnist_soft_targets *soft);

/* Asks for all images of the view now. Takes 4 bytes an image, and 4 for
 * each class. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_soft_targets_keep(mnist_soft_targets *soft, mnist_view view, mnist_pool *pool,
                                     mnist_error *err);
bool mnist_soft_targets_kept(const mnist_soft_targets *soft);

/* The soft target of an image of the view, which are kept: writes a row, with padding,
 * and returns its entropy. */
float mnist_soft_targets_copy(const mnist_soft_targets *soft, size_t image, float *target);

/* The soft targets of images, (count, pixels), asked for by one worker alone: (count,
 * stride), aligned to 64 bytes, and their entropies, (count). */
void mnist_soft_targets_ask(mnist_soft_targets *soft, unsigned worker, const uint8_t *images,
                            size_t count, float *targets, float *entropies);

#endif
