/* The recipes of mnist-train: settings that have been found to go well together, each a row of one
 * table (recipes.c). They are chosen on validation images. */
#ifndef MNIST_CLI_TRAIN_RECIPES_H
#define MNIST_CLI_TRAIN_RECIPES_H

#include "cli/options/options.h"

extern const mnist_recipe mnist_train_recipes[]; /* the last one's name is NULL */

/* The name of the recipe of that index, which is at most their number; NULL past the end. */
const char *mnist_train_recipe_name(int index);

#endif
