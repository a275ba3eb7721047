/* The steps of a model (mnist/steps.h) in the metadata of a file of either kind (io/model.c,
 * io/packed.c): one key more, which is absent where there are none. */
#ifndef MNIST_IO_MODEL_STEPS_H
#define MNIST_IO_MODEL_STEPS_H

#include <mnist/io.h>

#define MNIST_STEPS_KEY "steps"

/* Room for the metadata with the steps among them. */
typedef struct mnist_steps_metadata {
    mnist_metadata *items; /* NULL: there are no steps */
    char text[MNIST_STEPS_TEXT];
} mnist_steps_metadata;

/* Puts the steps, if there are any, before the other metadata of the parts, which then point into room;
 * release that with free(room->items), whatever is returned. Errors: MNIST_ERR_ARGUMENT (the caller's
 * metadata have the key), MNIST_ERR_MEMORY. path: for messages. */
mnist_status mnist_steps_metadata_add(mnist_model_parts *parts, mnist_steps_metadata *room,
                                      const char *path, mnist_error *err);

/* The steps that a file's metadata state; text NULL: none. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_steps_metadata_read(mnist_steps *out, const char *text, const char *path,
                                       mnist_error *err);

#endif
