#include "cli/recipes.h"

static const mnist_recipe_setting fast[] = {
    {"hidden", "128"},
    {"epochs", "3"},
    {"lr", "0.2"},
    {"warmup", "0.3"},
    {"limit", "50000"},
    {"val-split", "0"},
    {"weight-decay", "3e-5"},
    {"label-smoothing", "0.05"},
};

#define SETTINGS(table) .settings = table, .count = sizeof(table) / sizeof((table)[0])

const mnist_recipe mnist_train_recipes[] = {
    {.name = "default", .help = "what holds when nothing is said"},
    {.name = "fast",
     .help = "98 % of MNIST's test images in a fraction of a second",
     SETTINGS(fast)},
    {.name = NULL},
};

const char *mnist_train_recipe_name(int index)
{
    return mnist_train_recipes[index].name;
}
