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
};

#endif
