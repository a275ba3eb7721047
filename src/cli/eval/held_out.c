#include "cli/eval/held_out.h"

#include "cli/shared/adopt.h"

#include <string.h>

#define REMEDY "say --val-split N, which fits on the last N of all training images"

bool mnist_held_out_adopt(const json_t *options, const char *path, mnist_held_out *out,
                          mnist_error *err)
{
    static const char *const names[] = {"val-split", "limit", "synthetic-train", "omit-class",
                                        "per-class"};
    mnist_training_settings told = mnist_training_defaults();
    if (!mnist_adopt_training(options, path, names, sizeof names / sizeof *names, &told, err)) {
        return false;
    }
    if (told.data.synthetic_train > MNIST_ADOPT_IMAGES) {
        return mnist_options_fail(
            err,
            "%s: its metadata ask for %zu synthetic training images, expected "
            "at most %u",
            path, told.data.synthetic_train, MNIST_ADOPT_IMAGES);
    }
    *out = (mnist_held_out){.known = json_object_get(options, names[0]) != NULL,
                            .limit = told.limit,
                            .val_split = told.val_split,
                            .omitted = told.omitted,
                            .per_class = told.per_class,
                            .synthetic_train = told.data.synthetic_train};
    return true;
}

/* How many images it was trained on, of those that were not held out. */
static size_t trained_of(const mnist_held_out *held_out, mnist_view rest)
{
    const mnist_class_set omitted = mnist_class_set_less(held_out->omitted, rest.label_base);
    size_t classes = 0, counts[MNIST_MAX_CLASSES];
    mnist_view_count_each(rest, counts);
    for (unsigned c = 0; c < MNIST_MAX_CLASSES; c++) {
        classes += !mnist_class_set_has(&omitted, c) && counts[c] > 0;
    }
    return held_out->per_class > 0 ? classes * held_out->per_class
                                   : rest.count - mnist_view_count_of(rest, omitted);
}

bool mnist_held_out_view(const mnist_held_out *held_out, mnist_share given, const char *trained_on,
                         const char *path, mnist_view all, mnist_view *out, mnist_error *err)
{
    const bool told = given.count > 0 || given.fraction > 0.0;
    if (!told && !held_out->known) {
        return mnist_options_fail(err, "%s: does not say which images it was validated on; " REMEDY,
                                  path);
    }
    if (!told && held_out->limit > 0 && held_out->limit < all.count) {
        all = mnist_view_slice(all, 0, held_out->limit);
    }
    const uint64_t count = mnist_share_of(told ? given : held_out->val_split, all.count);
    if (count == 0 && !told) {
        return mnist_options_fail(err,
                                  "%s: was trained without validation images (--val-split 0), so "
                                  "there are none to fit a temperature on; train with --val-split, "
                                  "or " REMEDY " whether it was trained on them or not",
                                  path);
    }
    if (count == 0 || count > all.count) {
        return mnist_options_fail(
            err, "%s: a temperature is to be fitted on %llu of %zu training images",
            told ? "--val-split" : path, (unsigned long long)count, all.count);
    }
    char left[24];
    const mnist_view rest = mnist_view_slice(all, 0, all.count - (size_t)count);
    snprintf(left, sizeof left, "%zu", trained_of(held_out, rest));
    if (!told && trained_on && strcmp(trained_on, left) != 0) {
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(trained_on, quoted);
        return mnist_options_fail(err,
                                  "%s: was trained on %s images, but its options leave %s of the "
                                  "training images here; " REMEDY,
                                  path, quoted, left);
    }
    *out = mnist_view_slice(all, all.count - (size_t)count, (size_t)count);
    return true;
}
