/* The training images that a model was validated on: what a temperature may be fitted on. */
#ifndef MNIST_CLI_EVAL_HELD_OUT_H
#define MNIST_CLI_EVAL_HELD_OUT_H

#include "cli/eval/settings.h"

#include <mnist/data.h>

/* What a model says of its training images. */
typedef struct mnist_held_out {
    bool known; /* it says how many were held out */
    size_t limit;
    mnist_share val_split;
    mnist_class_set omitted; /* labels it was not trained on */
    size_t per_class;        /* images of each other class that it was trained on; 0: all */
    size_t synthetic_train;
} mnist_held_out;

/* options: what mnist-train was told, as the model states it; may be NULL. path: for messages.
 * false: a value that its option would refuse, or more synthetic images than a model may ask for.
 */
bool mnist_held_out_adopt(const json_t *options, const char *path, mnist_held_out *out,
                          mnist_error *err);

/* Its part of all training images. given, if it is not 0, says instead which: the last of all.
 * trained_on: how many images the model says it was trained on; NULL: it does not. false: it says
 * nothing of a split or was trained without, or contradicts itself. */
bool mnist_held_out_view(const mnist_held_out *held_out, mnist_share given, const char *trained_on,
                         const char *path, mnist_view all, mnist_view *out, mnist_error *err);

#endif
