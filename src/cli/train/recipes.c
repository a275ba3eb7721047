#include "cli/train/recipes.h"

/* clang-format is off so that each setting has a line. */
/* clang-format off */
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

/* Chosen on the last 10,000 training images (src/train/README.md), but for the net of ciresan,
 * which is guessed, and the number of epochs, which is as large as a recipe may make it. Recipes to
 * be compared with published figures train on all 60,000 images and validate on none. */

static const mnist_recipe_setting plain[] = {
    {"hidden", "800,800"},
    {"epochs", "40"},
    {"lr", "0.1"},
    {"vat", "1.5"},
    {"weight-decay", "1e-5"},
    {"ema", "0.999"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting quick99[] = {
    {"hidden", "512"},
    {"epochs", "24"},
    {"lr", "0.15"},
    {"weight-decay", "1e-5"},
    {"augment", "ciresan"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting simard[] = {
    {"hidden", "800"},
    {"epochs", "200"},
    {"lr", "0.1"},
    {"weight-decay", "1e-5"},
    {"augment", "ciresan"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting augmented[] = {
    {"hidden", "1000,500"},
    {"epochs", "200"},
    {"batch-size", "128"},
    {"lr", "0.1"},
    {"weight-decay", "1e-5"},
    {"augment", "ciresan"},
    {"precision", "bf16"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting ciresan[] = {
    {"hidden", "2000,1500,1000,500"},
    {"epochs", "600"},
    {"batch-size", "128"},
    {"lr", "0.1"},
    {"weight-decay", "1e-5"},
    {"augment", "ciresan"},
    {"precision", "bf16"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting small25k[] = {
    {"hidden", "31"},
    {"epochs", "100"},
    {"lr", "0.1"},
    {"weight-decay", "1e-5"},
    {"augment", "light"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting small100k[] = {
    {"hidden", "125"},
    {"epochs", "80"},
    {"lr", "0.1"},
    {"weight-decay", "1e-5"},
    {"augment", "light"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};

static const mnist_recipe_setting fashion[] = {
    {"dataset", "fashion"},
    {"hidden", "1024"},
    {"epochs", "60"},
    {"batch-size", "128"},
    {"lr", "0.1"},
    {"weight-decay", "2e-4"},
    {"batch-norm", "true"},
    {"dropout", "0.2"},
    {"augment", "shift=0.5,rotate=3,scale=0.05,elastic=8:5"},
    {"precision", "bf16"},
    {"val-split", "0"},
    {"label-smoothing", "0"},
};
/* clang-format on */

#define SETTINGS(table) .settings = table, .count = sizeof(table) / sizeof((table)[0])

const mnist_recipe mnist_train_recipes[] = {
    {.name = "default", .help = "the defaults"},
    {.name = "fast",
     .help = "98 % of MNIST's test images in a fraction of a second",
     SETTINGS(fast)},
    {.name = "plain",
     .help = "virtual adversarial training; pixels could stand in any order",
     SETTINGS(plain)},
    {.name = "quick99",
     .help = "one hidden layer of 512, distorted images: seconds",
     SETTINGS(quick99)},
    {.name = "simard", .help = "one hidden layer of 800, distorted images", SETTINGS(simard)},
    {.name = "augmented",
     .help = "two hidden layers, distorted images: minutes",
     SETTINGS(augmented)},
    {.name = "ciresan", .help = "four hidden layers, distorted images: hours", SETTINGS(ciresan)},
    {.name = "small25k", .help = "a net of under 25,000 parameters", SETTINGS(small25k)},
    {.name = "small100k", .help = "a net of under 100,000 parameters", SETTINGS(small100k)},
    {.name = "fashion", .help = "Fashion-MNIST", SETTINGS(fashion)},
    {.name = NULL},
};

const char *mnist_train_recipe_name(int index)
{
    return mnist_train_recipes[index].name;
}
