/* An earlier evaluation, as mnist-eval --json prints it, to compare another with. It is input like
 * any other: nothing in it is believed that does not agree with the images at hand. */
#ifndef MNIST_CLI_EVAL_BASELINE_H
#define MNIST_CLI_EVAL_BASELINE_H

#include "cli/options/options.h"

#include <mnist/data.h>

/* The most bytes of a file, JSON values in it, and levels of nesting: memory taken is at most the
 * file's size and 60 MB. */
#define MNIST_BASELINE_BYTES  ((size_t)16 << 20)
#define MNIST_BASELINE_VALUES ((size_t)1 << 18)
#define MNIST_BASELINE_DEPTH  16u

/* Reads the file (which may be a pipe), or text that is in memory. *out is to be released with
 * json_decref, and NULL on failure. false: err says what, in the file's name. */
bool mnist_baseline_read(json_t **out, const char *path, mnist_error *err);
bool mnist_baseline_parse(json_t **out, const char *text, size_t size, const char *path,
                          mnist_error *err);

/* right[i] = whether it took image i for what it is, for view.count images. false: it is of other
 * images or labels, or contradicts them or itself. */
bool mnist_baseline_right(const json_t *baseline, const char *path, mnist_view view,
                          const mnist_data_digests *digests, uint8_t *right, size_t *errors,
                          mnist_error *err);

#endif
