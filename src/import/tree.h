/* The files of a folder and of those within it, by name. */
#ifndef MNIST_IMPORT_TREE_H
#define MNIST_IMPORT_TREE_H

#include <mnist/base.h>

#define MNIST_TREE_FILES (1u << 20) /* at most */
#define MNIST_TREE_DEPTH 5          /* folders within folders that are looked into */

typedef struct mnist_tree {
    char **names; /* (count), relative to the folder, in the order of bytes; owned */
    size_t count;
} mnist_tree;

/* Lists what is there, by following no symbolic link to a folder. Errors: MNIST_ERR_NOT_FOUND (also without
 * permission), MNIST_ERR_IO,
 * MNIST_ERR_FORMAT (too many files), MNIST_ERR_MEMORY. */
mnist_status mnist_tree_list(mnist_tree *out, const char *path, mnist_error *err);
void mnist_tree_free(mnist_tree *tree);

/* folder/name; NULL if memory is short. Release with free. */
char *mnist_tree_join(const char *folder, const char *name);

#endif
