/* Which of many names are the data set that is asked for: of a folder, or of an archive. */
#ifndef MNIST_IMPORT_FIND_H
#define MNIST_IMPORT_FIND_H

#include <mnist/data.h>

/* Names with slashes, relative to the folder or archive. */
typedef struct mnist_listing {
    const char *const *names;
    size_t count;
    const char *path; /* of the folder or archive, for messages */
} mnist_listing;

typedef struct mnist_ask {
    unsigned part;       /* MNIST_IDX_TRAIN, MNIST_IDX_TEST; 0: the only one */
    bool images, labels; /* what of it: both, or one */
} mnist_ask;

#define MNIST_NOT_FOUND SIZE_MAX

typedef struct mnist_found {
    unsigned parts; /* which the names say there are */
    unsigned part;  /* the one that was found; 0: there is one alone */
    size_t images,
        labels; /* which names; MNIST_NOT_FOUND: none; if there are images without labels, they hold both */
    bool pictures; /* instead: pictures in folders, which are all of that part */
} mnist_found;

/* Errors: MNIST_ERR_NOT_FOUND (nothing complete; only the other part), MNIST_ERR_FORMAT (more than one). */
mnist_status mnist_find(mnist_found *out, const mnist_listing *list, mnist_ask ask,
                        mnist_error *err);

#endif
