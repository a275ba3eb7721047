/* --teacher: model files whose nets a training learns from. */
#ifndef MNIST_CLI_SHARED_TEACHERS_H
#define MNIST_CLI_SHARED_TEACHERS_H

#include <mnist/mnist.h>

/* The most that --teacher may name. */
#define MNIST_MOST_TEACHERS 100u

/* Starts as zeros. */
typedef struct mnist_teachers {
    char *names;          /* of all files, one after the other */
    const char **paths;   /* (count) */
    mnist_model **models; /* (count); NULL: not read yet */
    mnist_teacher *list;  /* (count): for mnist_train */
    char *digests; /* SHA-256 of each file, as it was read, commas between; NULL: no teacher */
    size_t count;
} mnist_teachers;

/* Takes the text apart: names with commas between. No file is read. NULL: no teacher. Errors:
 * MNIST_ERR_ARGUMENT (an empty name, too many), MNIST_ERR_MEMORY. */
mnist_status mnist_teachers_name(mnist_teachers *teachers, const char *text, mnist_error *err);

/* Reads the files. Each net must have an input for each pixel of the images and an output for each
 * of their classes, and have been trained on images that had gone through the same steps. Errors: as mnist_model_load; MNIST_ERR_MISMATCH. */
mnist_status mnist_teachers_load(mnist_teachers *teachers, mnist_view images,
                                 const mnist_steps *steps, mnist_error *err);

void mnist_teachers_free(mnist_teachers *teachers);

#endif
