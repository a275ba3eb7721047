/* A picture of what a net is trained on. */
#ifndef MNIST_CLI_TRAIN_PREVIEW_H
#define MNIST_CLI_TRAIN_PREVIEW_H

#include <mnist/data.h>

/* Writes a contact sheet, a PNG file, to path: a row for each digit, with the first images of it in
 * the order of epoch 1; each is shown as it is, in a lighter frame, and then as epochs 1, 2 and 3
 * distort it. */
mnist_status mnist_preview_save(const char *path, mnist_view train,
                                const mnist_augmentation *augmentation, uint64_t seed,
                                mnist_pool *pool, mnist_error *err);

#endif
