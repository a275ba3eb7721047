/* What a data set is made of, for the files that make one. */
#ifndef MNIST_DATA_DATASET_H
#define MNIST_DATA_DATASET_H

#include <mnist/data.h>

#include "base/file.h"

struct mnist_dataset {
    mnist_view view;
    mnist_bytes file; /* the raw image file that view.images points into, or empty */
    uint8_t *images;  /* what view.images points to otherwise, or NULL; by malloc */
    uint8_t *labels;  /* what view.labels points to; by malloc */
    /* What mnist_dataset_digests says, where steps have been applied; "": they have not. */
    mnist_data_digests stored;
};

/* Errors: MNIST_ERR_MISMATCH, which names both files. */
mnist_status mnist_dataset_check_counts(size_t images, const char *images_path, size_t labels,
                                        const char *labels_path, mnist_error *err);

/* How many classes there are, if the largest label says it: 2 at least. */
unsigned mnist_classes_of_labels(const uint8_t *labels, size_t count);

#endif
