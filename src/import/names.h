/* What the words of a name say of a file, a member of an archive, or an array. */
#ifndef MNIST_IMPORT_NAMES_H
#define MNIST_IMPORT_NAMES_H

#include <mnist/data.h>

typedef enum mnist_role {
    MNIST_ROLE_ANY, /* not said */
    MNIST_ROLE_IMAGES,
    MNIST_ROLE_LABELS
} mnist_role;

#define MNIST_NAME_KEY 160

typedef struct mnist_name {
    unsigned part; /* MNIST_IDX_TRAIN, MNIST_IDX_TEST; 0: not said */
    bool other;    /* validation, which is neither */
    mnist_role role;
    unsigned packed; /* 0: not, 1: gzip, 2: xz, zstd or bzip2 */
    bool data;       /* it ends as files of data sets do: .npz, -ubyte, .csv.gz */
    bool pair;       /* it ends as files do that can hold train and test both: .npz, .zip, .tar */
    bool picture;    /* .png, .pgm, .ppm, .pnm */
    bool hidden;     /* .DS_Store, __MACOSX/... */
    char key
        [MNIST_NAME_KEY]; /* what is left, in lower case, without those words and endings: of images
                                 and labels of one data set it is the same */
} mnist_name;

/* Of several such words the last counts. name: with folders, or an array's. */
void mnist_name_read(mnist_name *out, const char *name);

/* "train", "test" */
const char *mnist_part_name(unsigned part);

/* Order of file names in which a run of digits counts as its number; of equal ones that of bytes. */
int mnist_name_compare(const char *a, const char *b);

#endif
