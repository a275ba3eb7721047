#include "cli/eval/inputs.h"

#include "cli/eval/baseline.h"
#include "cli/eval/files.h"

#include <string.h>

bool mnist_eval_inputs_read_baseline(mnist_eval_inputs *inputs, const mnist_eval_settings *settings,
                                     mnist_error *err)
{
    return !settings->baseline || mnist_baseline_read(&inputs->baseline, settings->baseline, err);
}

bool mnist_eval_inputs_read_course(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                                   mnist_error *err)
{
    const mnist_eval_member *first = &models->members[0];
    mnist_course_plan plan;
    json_t *options;
    if (!models->settings.log) {
        return true;
    }
    bool ok = mnist_eval_member_options(first, &options, err) &&
              mnist_course_plan_read(&plan, options, mnist_model_metadata(first->model, "seed"),
                                     mnist_model_metadata(first->model, "trained_on"), first->path,
                                     err) &&
              mnist_eval_course_read(&inputs->course, models->settings.log, &plan, err) == MNIST_OK;
    json_decref(options);
    return ok;
}

/* Which images are read or made. */
static unsigned wanted(const mnist_eval_models *models)
{
    return mnist_eval_fits_temperature(&models->settings) ? MNIST_IDX_TRAIN | MNIST_IDX_TEST
                                                          : MNIST_IDX_TEST;
}

bool mnist_eval_inputs_locate(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                              const mnist_parsed *parsed, mnist_error *err)
{
    return mnist_eval_files_locate(&inputs->source, &models->settings, wanted(models), parsed,
                                   err) == MNIST_OK;
}

bool mnist_eval_inputs_load(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                            mnist_error *err)
{
    if (mnist_source_load(&inputs->source, &models->settings.data, wanted(models), err) !=
        MNIST_OK) {
        if (err->status == MNIST_ERR_FORMAT && strstr(err->text, ": label ")) {
            mnist_fail(err, err->status, "%.4000s, as the net in %.1000s has %u outputs%s",
                       err->text, models->members[0].path, models->classes,
                       models->settings.data.label_base == 0
                           ? "; --label-base 1 if labels begin at 1"
                           : "");
        }
        return false;
    }
    const mnist_steps told = mnist_steps_of_settings(&models->settings.steps);
    if (mnist_source_apply_steps(&inputs->source, &told, err) != MNIST_OK ||
        mnist_source_apply_steps(&inputs->source, mnist_model_steps(models->members[0].model),
                                 err) != MNIST_OK) {
        return false;
    }
    inputs->test = mnist_dataset_view(inputs->source.test);
    mnist_dataset_digests(inputs->source.test, &inputs->digests);
    return true;
}

/* A part of the training images is known only where they are those of the training. */
static bool check_training_images(const mnist_eval_member *member,
                                  const mnist_data_digests *digests, mnist_error *err)
{
    const char *images = mnist_model_metadata(member->model, "train_images_sha256"),
               *labels = mnist_model_metadata(member->model, "train_labels_sha256");
    if ((images && strcmp(images, digests->images) != 0) ||
        (labels && strcmp(labels, digests->labels) != 0)) {
        return mnist_options_fail(err,
                                  "%s: these are not the training images of this model, so it is "
                                  "not known which of them it was validated on; say --val-split N "
                                  "to fit on the last N of them",
                                  member->path);
    }
    return true;
}

bool mnist_eval_inputs_hold_out(mnist_eval_inputs *inputs, const mnist_eval_models *models,
                                mnist_error *err)
{
    const mnist_share given = models->settings.val_split;
    const bool told = given.count > 0 || given.fraction > 0.0;
    mnist_data_digests digests;
    if (!mnist_eval_fits_temperature(&models->settings)) {
        return true;
    }
    const mnist_view all = mnist_dataset_view(inputs->source.train);
    mnist_dataset_digests(inputs->source.train, &digests);
    for (size_t m = 0; m < models->count; m++) {
        const mnist_eval_member *member = &models->members[m];
        mnist_view own;
        if (!(told || check_training_images(member, &digests, err)) ||
            !mnist_held_out_view(&member->held_out, given,
                                 mnist_model_metadata(member->model, "trained_on"), member->path,
                                 all, &own, err)) {
            return false;
        }
        if (m > 0 &&
            (own.images != inputs->held_out.images || own.count != inputs->held_out.count)) {
            return mnist_options_fail(err,
                                      "%.2500s: was validated on other images than %.2500s; say "
                                      "--val-split N to fit on the last N of all training images",
                                      member->path, models->members[0].path);
        }
        inputs->held_out = own;
    }
    return true;
}

void mnist_eval_inputs_free(mnist_eval_inputs *inputs)
{
    json_decref(inputs->baseline);
    mnist_eval_course_free(&inputs->course);
    mnist_source_close(&inputs->source);
    *inputs = (mnist_eval_inputs){.baseline = NULL};
}
