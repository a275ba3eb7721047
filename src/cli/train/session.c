#define _POSIX_C_SOURCE 200809L
#include "cli/train/session.h"

#include "cli/shared/sanity.h"
#include "cli/train/initial.h"
#include "cli/train/resume.h"

#include <stdlib.h>
#include <string.h>

/* Takes the images of omitted classes out of the training images. */
static mnist_status omit_classes(mnist_session *s, mnist_error *err)
{
    const mnist_training_settings *settings = &s->settings->training;
    const mnist_class_set omitted = mnist_class_set_less(settings->omitted, s->train.label_base);
    const unsigned count = mnist_class_set_count(&settings->omitted);
    if (count == 0) {
        return MNIST_OK;
    }
    if (mnist_class_set_count_below(&omitted, s->classes) != count) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "--omit-class: the data have labels from %u to %u", s->train.label_base,
                          s->train.label_base + s->classes - 1);
    }
    if (count == s->classes) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "--omit-class leaves no class to train on");
    }
    if (settings->calibrate_bias && mnist_view_count_of(s->validation, omitted) == 0) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "--calibrate-bias: no validation image of %zu is of a class of "
                          "--omit-class",
                          s->validation.count);
    }
    mnist_error why;
    const mnist_status status = mnist_dataset_create_without(&s->kept, s->train, omitted, &why);
    if (status != MNIST_OK) {
        return mnist_fail(err, status, "--omit-class: %s", why.text);
    }
    s->omitted = s->train.count;
    s->train = mnist_dataset_view(s->kept);
    s->omitted -= s->train.count;
    return MNIST_OK;
}

/* Leaves so many training images of each class. */
static mnist_status sample_classes(mnist_session *s, mnist_error *err)
{
    const mnist_training_settings *settings = &s->settings->training;
    mnist_dataset *sample;
    mnist_error why;
    if (settings->per_class == 0) {
        return MNIST_OK;
    }
    const mnist_status status = mnist_dataset_create_sample(&sample, s->train, settings->per_class,
                                                            settings->config.seed, &why);
    if (status != MNIST_OK) {
        return mnist_fail(err, status, "--per-class: %s", why.text);
    }
    mnist_dataset_free(s->kept);
    s->kept = sample;
    s->train = mnist_dataset_view(sample);
    return MNIST_OK;
}

mnist_status mnist_session_load(mnist_session *s, unsigned wanted, mnist_error *err)
{
    const mnist_training_settings *settings = &s->settings->training;
    s->steps = mnist_steps_of_settings(&settings->steps);
    const mnist_status status = mnist_source_load(&s->source, &settings->data, wanted, err);
    if (status == MNIST_OK && settings->steps.max_pixel > 0) {
        s->stored_largest = mnist_look_at(mnist_dataset_view(s->source.train)).largest;
    }
    return status == MNIST_OK ? mnist_source_apply_steps(&s->source, &s->steps, err) : status;
}

/* Where labels come from that no file of names gives. */
static mnist_status inherit_labels(mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    const mnist_initial *initial = settings->initial;
    if (settings->resumed) {
        return mnist_labels_read(
            s->labels, NULL,
            mnist_checkpoint_metadata(settings->resumed->checkpoint, MNIST_KEY_CLASS_NAMES),
            s->classes, settings->resume, err);
    }
    if (initial && initial->model && !settings->training.fresh_last) {
        *s->labels = *mnist_model_labels(initial->model);
    }
    return MNIST_OK;
}

mnist_status mnist_session_take_labels(mnist_session *s, mnist_error *err)
{
    const mnist_view all = mnist_dataset_view(s->source.train);
    s->classes = mnist_view_classes(all);
    s->data->label_base = all.label_base;
    s->labels = calloc(1, sizeof *s->labels);
    if (!s->labels) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the names of classes");
    }
    mnist_status status = mnist_initial_check(s->settings, s->classes, err);
    if (status == MNIST_OK) {
        status = inherit_labels(s, err);
    }
    /* a resumed training keeps its names, whatever has become of the file */
    const bool keeps = s->settings->resumed && s->labels->count > 0;
    if (status == MNIST_OK && !keeps &&
        !mnist_labels_take(s->labels, s->data->class_names, s->classes, err)) {
        status = err->status;
    }
    s->labels->base = all.label_base;
    return status;
}

mnist_status mnist_session_split(mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    mnist_view all = mnist_dataset_view(s->source.train);
    if (settings->training.limit > 0 && settings->training.limit < all.count) {
        all = mnist_view_slice(all, 0, settings->training.limit);
    }
    uint64_t held_out = mnist_share_of(settings->training.val_split, all.count);
    if (held_out >= all.count) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "--val-split would hold out %llu of %zu training images%s and leave none to train "
            "on",
            (unsigned long long)held_out, all.count,
            settings->training.limit > 0 ? " (see --limit)" : "");
    }
    if (held_out == 0 && (settings->training.config.patience > 0 ||
                          settings->training.config.keep == MNIST_KEEP_BEST)) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "--%s goes by the validation loss, but --val-split leaves no image of %zu to "
            "validate on",
            settings->training.config.patience > 0 ? "patience" : "keep best", all.count);
    }
    s->train = mnist_view_slice(all, 0, all.count - (size_t)held_out);
    s->validation = mnist_view_slice(all, s->train.count, (size_t)held_out);
    if (omit_classes(s, err) != MNIST_OK || sample_classes(s, err) != MNIST_OK) {
        return err->status;
    }
    s->normalization = mnist_normalization_fit(settings->training.normalize, s->train);
    const mnist_initial *initial = settings->initial;
    if (initial && initial->keeps_normalization &&
        s->normalization.kind != MNIST_NORMALIZE_UNIT) { /* UNIT has no numbers */
        s->normalization.mean = initial->normalization.mean;
        s->normalization.stddev = initial->normalization.stddev;
    }
    if (!s->source.test) {
        return MNIST_OK;
    }
    s->test = mnist_dataset_view(s->source.test);
    if (s->test.rows != s->train.rows || s->test.cols != s->train.cols) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "training images are %u x %u pixels, but test images are %u x %u",
                          s->train.rows, s->train.cols, s->test.rows, s->test.cols);
    }
    return MNIST_OK;
}

mnist_status mnist_session_net(const mnist_session *s, const mnist_train_settings *settings,
                               uint64_t seed, mnist_mlp **mlp, mnist_error *err)
{
    mnist_mlp_config config = {.inputs = s->train.rows * s->train.cols,
                               .outputs = s->classes,
                               .hidden_count = settings->training.hidden.count,
                               .activation = settings->training.activation};
    memcpy(config.hidden, settings->training.hidden.width, sizeof config.hidden);
    mnist_status status = mnist_initial_check(settings, s->classes, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = mnist_mlp_create_drawn(mlp, &config, settings->training.init, seed, err);
    if (status == MNIST_OK && settings->initial && settings->initial->model) {
        status = mnist_initial_copy(settings, *mlp, err);
        if (status != MNIST_OK) {
            mnist_mlp_free(*mlp);
            *mlp = NULL;
        }
    }
    return status;
}

void mnist_session_close(mnist_session *s)
{
    mnist_pool_free(s->pool);
    mnist_dataset_free(s->kept);
    mnist_source_close(&s->source);
    mnist_teachers_free(&s->teachers);
    mnist_notes_free(&s->notes);
    free(s->labels);
    s->labels = NULL;
    s->pool = NULL;
}

unsigned mnist_session_runs(const mnist_train_settings *settings)
{
    return settings->ensemble > 0 ? settings->ensemble : settings->runs;
}

mnist_status mnist_session_file(const char *pattern, uint64_t seed, char **name, mnist_error *err)
{
    char digits[24];
    *name = NULL;
    if (!pattern) {
        return MNIST_OK;
    }
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    size_t room = strlen(pattern) + 1;
    for (const char *at = pattern; (at = strstr(at, MNIST_SEED_MARK)) != NULL; at++) {
        room += strlen(digits);
    }
    char *text = malloc(room), *end = text;
    if (!text) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a file's name");
    }
    for (const char *rest = pattern; *rest;) {
        if (strncmp(rest, MNIST_SEED_MARK, strlen(MNIST_SEED_MARK)) == 0) {
            end += strlen(strcpy(end, digits));
            rest += strlen(MNIST_SEED_MARK);
        } else {
            *end++ = *rest++;
        }
    }
    *end = '\0';
    *name = text;
    return MNIST_OK;
}
