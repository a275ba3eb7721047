/* The recipes of mnist-train: settings that were found to go well together on validation images, a
 * row of one table each (recipes.c). */
#ifndef MNIST_CLI_TRAIN_RECIPES_H
#define MNIST_CLI_TRAIN_RECIPES_H

#include "cli/options/options.h"

extern const mnist_recipe mnist_train_recipes[]; /* the last one's name is NULL */

/* The name of the index-th recipe; NULL for their number, beyond which index must not go. */
const char *mnist_train_recipe_name(int index);

#endif
